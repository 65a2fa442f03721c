//! How fast the tagger is, as a library call on one thread: `cargo bench --bench topics`.
//!
//! Reads the Reuters articles of the development data where they are (`NEWSWIRE_SHARED`, or `../shared`), else articles
//! of its own of about their length. The taxonomy is the bundled one, loaded before the clock starts. Instructions an
//! article, which no other process disturbs:
//! `valgrind --tool=callgrind --toggle-collect='*tag_all*' target/release/deps/topics-HASH --bench tag --sample-count 1`,
//! divided by the articles.

use aho_corasick::{AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use divan::counter::{BytesCount, ItemsCount};
use flate2::read::GzDecoder;
use newswire::topics::Tagger;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// The allocator that the binary ships with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let (spellings, bytes) = Tagger::bundled().size();
    println!("{spellings} spellings, {bytes} bytes of automaton, {} articles", articles().len());
    println!("{:.1} MB a compiled taxonomy", compiled_bytes() / 1e6);
    divan::main();
}

/// What the process grows by with each taxonomy it holds (Linux), after the first, whose parsing left its own traces.
fn compiled_bytes() -> f64 {
    const TAXONOMIES: usize = 5;
    let first = Tagger::bundled();
    let before = resident_bytes();
    let more: Vec<Tagger> = (0..TAXONOMIES).map(|_| Tagger::bundled()).collect();
    let grown = resident_bytes().saturating_sub(before);
    divan::black_box((first, more));
    grown as f64 / TAXONOMIES as f64
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0u64) * 1024
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn tag(bencher: divan::Bencher) {
    let (tagger, articles) = (Tagger::bundled(), articles());
    let bytes: usize = articles.iter().map(|(title, body)| title.len() + body.len()).sum();
    let counters = (ItemsCount::new(articles.len()), BytesCount::new(bytes));
    bencher.counter(counters.0).counter(counters.1).bench(|| tag_all(&tagger, &articles));
}

/// Not inlined, so that a profiler finds it.
#[inline(never)]
fn tag_all(tagger: &Tagger, articles: &[(String, String)]) -> usize {
    let tags =
        articles.iter().map(|(title, body)| tagger.tag(title, body, None, Tagger::DEFAULT_THRESHOLD).len());
    divan::black_box(tags.sum())
}

/// For scale, in the same run on the same machine: a plain Aho-Corasick automaton that looks for the topics' names.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn yardstick(bencher: divan::Bencher) {
    let (tagger, articles) = (Tagger::bundled(), articles());
    let names = tagger.topics().map(|(_, name)| name);
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(names)
        .expect("names are short and few");
    bencher.counter(ItemsCount::new(articles.len())).bench(|| {
        let found = articles
            .iter()
            .map(|(title, body)| automaton.find_iter(title).count() + automaton.find_iter(body).count());
        divan::black_box(found.sum::<usize>())
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn compile() -> Tagger {
    Tagger::bundled()
}

/// Title and body of each article.
fn articles() -> Vec<(String, String)> {
    let root = std::env::var_os("NEWSWIRE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let file = File::open(root.join("data/topics/reuters21578.dev.jsonl.gz"));
    file.map_or_else(
        |_| own_articles(),
        |file| {
            BufReader::new(GzDecoder::new(file))
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| article(&line))
                .collect()
        },
    )
}

fn article(line: &str) -> Option<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    Some((text("title")?, text("body")?))
}

/// A thousand articles of 900 bytes, each about other countries.
fn own_articles() -> Vec<(String, String)> {
    let places =
        ["France", "Japan", "Brazil", "Kenya", "Canada", "Turkey", "Norway", "Peru", "Egypt", "India"];
    let article = |index: usize| {
        let (one, other) = (places[index % 10], places[index / 10 % 10]);
        let sentence = format!(
            "Exports of wheat and machinery from {one} to {other} rose by {} pct in the quarter, the ministry said, \
             while the central bank left interest rates where they were and traders waited for figures. ",
            index % 17
        );
        (format!("{one} sells more to {other}"), format!("CITY, March 3 - {}", sentence.repeat(4)))
    };
    (0..1000).map(article).collect()
}
