//! The table of published articles at size: bytes an alias, and entries decoded and inserted a second.
//!
//! `cargo bench --bench memory [-- ARTICLES]`. Memory is what the process has grown by (Linux).

use newswire::identity::{AliasKey, ArticleId, Fingerprint};
use newswire::memory::{SeenEntry, SeenTable};
use std::time::Instant;

/// The allocator that the binary ships with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let given = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let aliases_in_all: u64 = given.unwrap_or(5_000_000);
    println!(
        "{:>18} {:>10} {:>10} {:>14} {:>14}",
        "names an article", "articles", "aliases", "bytes/alias", "entries/s"
    );
    // In tenths: 14 is four articles with two names for every six with one.
    for tenths in [10, 14, 20, 30] {
        measure(tenths, aliases_in_all * 10 / tenths);
    }
}

fn measure(tenths: u64, articles: u64) {
    // Encoded beforehand in portions, so that neither the making nor the bytes themselves are measured.
    const PORTION: u64 = 50_000;
    let (mut table, before, mut spent) = (SeenTable::default(), resident_bytes(), 0.0);
    let mut at = 0;
    while at < articles {
        let upto = (at + PORTION).min(articles);
        let records: Vec<([u8; 16], Vec<u8>)> = (at..upto).map(|n| record(n, tenths)).collect();
        let started = Instant::now();
        for (key, value) in &records {
            table.apply_record(key, Some(value)).expect("its own encoding");
        }
        spent += started.elapsed().as_secs_f64();
        at = upto;
    }
    let grown = resident_bytes().saturating_sub(before);
    println!(
        "{:>18.1} {:>10} {:>10} {:>14.1} {:>14.0}",
        tenths as f64 / 10.0,
        table.articles(),
        table.aliases(),
        grown as f64 / table.aliases() as f64,
        articles as f64 / spent
    );
}

fn record(number: u64, tenths: u64) -> ([u8; 16], Vec<u8>) {
    let names = tenths / 10 + u64::from(number % 10 < tenths % 10);
    let entry = SeenEntry {
        version: 1,
        aliases: (0..names).map(|name| AliasKey(spread(number * 8 + name + 1))).collect(),
        fingerprint: Fingerprint { content_hash: number.into(), simhash: number, title_hash: number },
        topics_hash: number,
        candidate_offset: number as i64,
        first_seen: 1_790_000_000_000,
        last_seen: 1_790_000_000_000,
        forgotten: false,
    };
    (ArticleId(spread(u64::MAX - number)).0, entry.encode())
}

/// As even as SHA-256, and cheap.
fn spread(seed: u64) -> [u8; 16] {
    let mix = |seed: u64| {
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let [one, two] = [mix(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)), mix(!seed)];
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&one.to_le_bytes());
    bytes[8..].copy_from_slice(&two.to_le_bytes());
    bytes
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}
