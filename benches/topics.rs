//! How fast the tagger is, as a library call on one thread: `cargo bench --bench topics`.
//!
//! Reads the Reuters articles of the development data where they are (`NEWSWIRE_SHARED`, or `../shared`), else articles
//! of its own of about their length. The taxonomy is the bundled one, loaded before the clock starts.

use divan::counter::{BytesCount, ItemsCount};
use flate2::read::GzDecoder;
use newswire::topics::Tagger;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

fn main() {
    let (spellings, bytes) = Tagger::bundled().size();
    println!("{spellings} spellings, {bytes} bytes of automaton, {} articles", articles().len());
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn tag(bencher: divan::Bencher) {
    let (tagger, articles) = (Tagger::bundled(), articles());
    let bytes: usize = articles.iter().map(|(title, body)| title.len() + body.len()).sum();
    bencher.counter(ItemsCount::new(articles.len())).counter(BytesCount::new(bytes)).bench(|| {
        let tags = articles
            .iter()
            .map(|(title, body)| tagger.tag(title, body, None, Tagger::DEFAULT_THRESHOLD).len());
        divan::black_box(tags.sum::<usize>())
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
