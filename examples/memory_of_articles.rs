//! How much memory a million remembered articles and pages take: for the sizing in `docs/operations.md`.
//!
//! `cargo run --example memory_of_articles`

use newswire::identity::{AliasKey, ArticleId, Fingerprint};
use newswire::memory::{PageRecord, PagesTable, PagesValue, SeenEntry, SeenTable, page_key};

/// The worker's allocator, because the allocator is a part of the answer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENTRIES: u64 = 1_000_000;
/// Page, canonical URL and short link, of which two are usually one: what the development pages have on average.
const ALIASES: u64 = 2;

fn main() {
    let before = resident_bytes();
    let mut seen = SeenTable::default();
    (0..ENTRIES).for_each(|number| seen.apply((ArticleId(key(number, 0)), Some(article(number)))));
    let with_articles = resident_bytes();
    println!(
        "{} articles with {} aliases: {} MB",
        seen.articles(),
        seen.aliases(),
        (with_articles - before) >> 20
    );
    let mut pages = PagesTable::default();
    for number in 0..ENTRIES {
        let record = PageRecord {
            fetched_at: 1_760_000_000_000,
            source: format!("news.urls-3-{number}"),
            etag: (number & 1 == 0).then(|| format!("\"{number:x}-5f3759df\"")),
            last_modified: (number & 1 == 1).then(|| "Tue, 18 Nov 2025 07:42:10 GMT".into()),
            outcome: "candidate".into(),
        };
        pages.apply(page_key(&format!("https://news.example/{number}")), Some(PagesValue::Page(record)));
    }
    println!("{} pages: {} MB", pages.len(), (resident_bytes() - with_articles) >> 20);
}

fn key(number: u64, name: u64) -> [u8; 16] {
    // Spread as a hash is.
    let spread = |n: u64| n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&spread(number).to_le_bytes());
    key[8..].copy_from_slice(&spread(number ^ (name << 40)).to_le_bytes());
    key
}

fn article(number: u64) -> SeenEntry {
    SeenEntry {
        version: 1,
        aliases: (0..ALIASES).map(|name| AliasKey(key(number, name + 1))).collect(),
        fingerprint: Fingerprint { content_hash: u128::from(number), simhash: number, title_hash: number },
        topics_hash: number,
        candidate_offset: number as i64,
        first_seen: 1_760_000_000_000,
        last_seen: 1_760_000_000_000,
        forgotten: false,
    }
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux with /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the memory in RAM");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}
