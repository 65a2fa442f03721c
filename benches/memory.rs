//! The tables of published articles at size: bytes an alias, and entries decoded and inserted a second.
//!
//! `cargo bench --bench memory [-- ALIASES]`. Six tables, as many as there are partitions by default, filled by turns.
//! Memory is what a process of its own for each line has grown by (Linux).

use newswire::identity::{AliasKey, ArticleId, Fingerprint};
use newswire::memory::{SeenEntry, SeenTable};
use std::process::Command;
use std::time::Instant;

/// The allocator that the binary ships with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTITIONS: u64 = 6;

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    if let [tenths, aliases] = numbers[..] {
        return measure(tenths, aliases * 10 / tenths / PARTITIONS);
    }
    let aliases = numbers.first().copied().unwrap_or(5_000_000);
    println!(
        "{:>18} {:>10} {:>10} {:>14} {:>14}",
        "names an article", "articles", "aliases", "bytes/alias", "entries/s"
    );
    // In tenths: 14 is four articles with two names for every six with one.
    for tenths in [10, 14, 20, 30] {
        let own = std::env::current_exe().expect("its own path");
        let arguments = [tenths, aliases].map(|number| number.to_string());
        let status = Command::new(own).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "a line could not be measured");
    }
}

fn measure(tenths: u64, articles_each: u64) {
    // Encoded beforehand in portions, so that neither the making nor the bytes themselves are measured.
    const PORTION: u64 = 20_000;
    let (before, mut spent) = (resident_bytes(), 0.0);
    let mut tables: Vec<SeenTable> =
        (0..PARTITIONS).map(|_| SeenTable::with_room_for(articles_each as usize)).collect();
    let mut at = 0;
    while at < articles_each {
        let upto = (at + PORTION).min(articles_each);
        for (partition, table) in (0..).zip(&mut tables) {
            let number = |n: u64| n * PARTITIONS + partition;
            let records: Vec<([u8; 16], Vec<u8>)> = (at..upto).map(|n| record(number(n), tenths)).collect();
            let started = Instant::now();
            for (key, value) in &records {
                table.apply_record(key, Some(value)).expect("its own encoding");
            }
            spent += started.elapsed().as_secs_f64();
        }
        at = upto;
    }
    tables.iter_mut().for_each(SeenTable::give_back_room);
    let grown = resident_bytes().saturating_sub(before);
    let articles: usize = tables.iter().map(SeenTable::articles).sum();
    let aliases: usize = tables.iter().map(SeenTable::aliases).sum();
    println!(
        "{:>18.1} {articles:>10} {aliases:>10} {:>14.1} {:>14.0}",
        tenths as f64 / 10.0,
        grown as f64 / aliases as f64,
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
