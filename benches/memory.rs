//! The tables of published articles at size: bytes an alias, and entries decoded and inserted a second.
//!
//! `cargo bench --bench memory [-- ALIASES]`. Six tables, as many as there are partitions by default, filled by turns.
//! Memory is what a process of its own for each line has grown by (Linux).

#[path = "../tests/support/remembered.rs"]
mod remembered;

use newswire::memory::SeenTable;
use remembered::record;
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
            let names = |n: u64| tenths / 10 + u64::from(n % 10 < tenths % 10);
            let records: Vec<([u8; 16], Vec<u8>)> =
                (at..upto).map(|n| record(n * PARTITIONS + partition, names(n))).collect();
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

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}
