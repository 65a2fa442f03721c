//! What the publish step costs without Kafka, one thread: `cargo bench --bench publish`.
//!
//! `read` is what the worker does ahead (parse, names, fingerprint), `judge` what follows with memory (known or new,
//! topics, event), `write` the event as JSON. Candidates of some 6 kB, each a new article. Instructions a candidate:
//! `valgrind --tool=callgrind --toggle-collect='*read_all*' target/release/deps/publish-HASH --bench --sample-count 1 read`.

#[path = "../tests/support/pages.rs"]
mod pages;

use divan::counter::ItemsCount;
use jiff::Timestamp;
use newswire::config::Config;
use newswire::extract::{Extractor, Page, PageHeaders};
use newswire::memory::{Claims, SeenTable};
use newswire::pipeline::{Identified, Pipeline, Settings, Verdict};
use newswire::record::{ArticleEvent, Candidate, FetchReport, Job};
use newswire::topics::Tagger;
use pages::Article;
use url::Url;

/// The allocator that the binary ships with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CANDIDATES: usize = 500;

fn main() {
    let bytes: usize = records(&Extractor::bundled()).iter().map(Vec::len).sum();
    println!("{CANDIDATES} candidates of {} bytes", bytes / CANDIDATES);
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn read(bencher: divan::Bencher) {
    let (pipeline, records) = made();
    bencher.counter(ItemsCount::new(CANDIDATES)).bench(|| read_all(&pipeline, &records));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn judge(bencher: divan::Bencher) {
    let (pipeline, records) = made();
    let bencher = bencher.counter(ItemsCount::new(CANDIDATES));
    bencher.with_inputs(|| read_all(&pipeline, &records)).bench_values(|read| judge_all(&pipeline, read));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn write(bencher: divan::Bencher) {
    let (pipeline, records) = made();
    let events = judge_all(&pipeline, read_all(&pipeline, &records));
    assert_eq!(events.len(), CANDIDATES, "each is a new article");
    bencher.counter(ItemsCount::new(CANDIDATES)).bench(|| write_all(&events));
}

/// Not inlined, as the next two, so that a profiler finds it.
#[inline(never)]
fn read_all(pipeline: &Pipeline, records: &[Vec<u8>]) -> Vec<Identified> {
    let parsed = |record: &Vec<u8>| serde_json::from_slice::<Candidate>(record).expect("a candidate");
    records.iter().map(|record| pipeline.identify(parsed(record))).collect()
}

#[inline(never)]
fn judge_all(pipeline: &Pipeline, read: Vec<Identified>) -> Vec<ArticleEvent> {
    let (mut claims, table) = (Claims::default(), SeenTable::default());
    let verdicts = read
        .into_iter()
        .map(|identified| pipeline.publish(identified, 0, &mut claims, &table, Timestamp::UNIX_EPOCH));
    verdicts
        .filter_map(|verdict| match verdict {
            Verdict::Event(_, event) => Some(*event),
            _ => None,
        })
        .collect()
}

#[inline(never)]
fn write_all(events: &[ArticleEvent]) -> usize {
    events.iter().map(|event| serde_json::to_vec(event).expect("an event is JSON").len()).sum()
}

fn made() -> (Pipeline, Vec<Vec<u8>>) {
    let extractor = Extractor::bundled();
    let records = records(&extractor);
    (Pipeline::new(extractor, Tagger::bundled(), Settings::from(&Config::default())), records)
}

/// What the fetch stage writes.
fn records(extractor: &Extractor) -> Vec<Vec<u8>> {
    (0..CANDIDATES).map(|number| serde_json::to_vec(&candidate(extractor, number)).expect("JSON")).collect()
}

fn candidate(extractor: &Extractor, number: usize) -> Candidate {
    let site = format!("paper{}.example", number % 50);
    let url = format!("http://{site}/story/{number}");
    let (page_url, headers) = (Url::parse(&url).expect("a URL"), PageHeaders::default());
    let read = |number: usize| {
        let short_link = format!("http://{site}/?p={number}");
        let html = Article::new(number).canonical(&url).short_link(&short_link).html();
        extractor.extract(&Page { url: &page_url, html: &html, headers: &headers, fetched_at: None })
    };
    let mut article = read(number);
    article.blocks.extend(read(number + 1_000_000).blocks);
    let job = Job::new(url.clone(), url.clone(), site);
    let (fetched_at, fetch) = (Timestamp::UNIX_EPOCH, FetchReport { status: 200, ..FetchReport::default() });
    Candidate { v: Candidate::VERSION, job, url, article, fetched_at, fetch }
}
