//! Extraction against its floor and its peers, in one run on one thread: html5ever's parse alone, `dom_smoothie`, the
//! crate `trafilatura`, and newswire with everything it reads. JSON lines `{"id","url","html"}` on standard input.
//!
//! With `--python FILE`, an interpreter that has trafilatura, `trafilatura_python.py` reads them too.
//!
//! With `--alone` only the parse and newswire are measured, for a look at a change or under a profiler.
//!
//! With `--hostile` only newswire reads, the pages that break parsers, and the slowest are told.
//!
//! Times are of the processor, the best of three passes; memory is what the allocator was asked for.

#[path = "../../../src/extract/mod.rs"]
#[allow(dead_code)]
pub mod extract;
#[path = "../../../src/record/mod.rs"]
#[allow(dead_code, unused_imports)]
pub mod record;
mod counted;
#[path = "../../../tests/quality/hostile.rs"]
mod hostile;

use counted::Counted;
use extract::{Extractor, Page, PageHeaders};
use serde_json::Value;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use url::Url;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const PASSES: usize = 3;

struct SavedPage {
    url: Url,
    html: String,
}

/// What one contender needed for all pages.
struct Measured {
    name: &'static str,
    took: Duration,
    bytes_a_page: u64,
    peak: u64,
    slowest_ms_a_mb: f64,
}

/// Time this thread had the processor, which a busy machine does not stretch; the wall clock where the system keeps none.
fn processor_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

fn measure(name: &'static str, pages: &[SavedPage], mut read: impl FnMut(&SavedPage)) -> Measured {
    let start = Instant::now();
    let mut best = Duration::MAX;
    let (mut allocated, mut peak, mut slowest) = (0, 0, 0.0_f64);
    for pass in 0..PASSES {
        let mut took = Duration::ZERO;
        for page in pages {
            counted::begin();
            let before = processor_time(start);
            read(page);
            let page_took = processor_time(start) - before;
            took += page_took;
            let (asked, most) = counted::end();
            if pass == 0 {
                allocated += asked;
                peak = peak.max(most);
            }
            let megabytes = (page.html.len() as f64 / 1e6).max(0.1);
            slowest = slowest.max(page_took.as_secs_f64() * 1e3 / megabytes);
        }
        best = best.min(took);
    }
    Measured { name, took: best, bytes_a_page: allocated / pages.len() as u64, peak, slowest_ms_a_mb: slowest }
}

fn saved_pages() -> Vec<SavedPage> {
    let lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let values = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let page = |v: Value| {
        let url = Url::parse(v["url"].as_str()?).ok()?;
        Some(SavedPage { url, html: v["html"].as_str()?.to_owned() })
    };
    values.filter_map(page).collect()
}

/// Milliseconds a megabyte on the pages that break parsers, slowest first.
fn report_hostile() {
    let url = Url::parse("https://a.example/x").expect("a constant URL");
    let (extractor, headers) = (Extractor::bundled(), PageHeaders::default());
    let start = Instant::now();
    let mut slowest: Vec<(f64, &str)> = Vec::new();
    for (name, html) in hostile::pages() {
        let before = processor_time(start);
        black_box(extractor.extract(&Page { url: &url, html: &html, headers: &headers, fetched_at: None }));
        let took = processor_time(start) - before;
        slowest.push((took.as_secs_f64() * 1e3 / (html.len() as f64 / 1e6).max(1.0), name));
    }
    slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (milliseconds, name) in slowest {
        println!("{milliseconds:6.0} ms a MB  {name}");
    }
}

fn main() {
    if std::env::args().any(|a| a == "--hostile") {
        return report_hostile();
    }
    let pages = saved_pages();
    if pages.is_empty() {
        eprintln!("no pages on standard input");
        return;
    }
    let extractor = Extractor::bundled();
    let headers = PageHeaders::default();
    let mut measured = vec![
        measure("html5ever alone", &pages, |page| {
            black_box(scraper::Html::parse_document(&page.html));
        }),
        measure("newswire", &pages, |page| {
            let page = Page { url: &page.url, html: &page.html, headers: &headers, fetched_at: None };
            black_box(extractor.extract(&page));
        }),
    ];
    if !std::env::args().any(|a| a == "--alone") {
        measured.extend(peers(&pages));
    }
    report(&pages, &measured);
    if let Some(python) = std::env::args().skip_while(|a| a != "--python").nth(1) {
        report_python(&python, &pages);
    }
}

fn peers(pages: &[SavedPage]) -> [Measured; 2] {
    [
        measure("dom_smoothie", pages, |page| {
            let reader = dom_smoothie::Readability::new(page.html.as_str(), Some(page.url.as_str()), None);
            black_box(reader.and_then(|mut r| r.parse()).ok());
        }),
        measure("crate trafilatura", pages, |page| {
            let options = trafilatura::Options::default().with_fallback(true);
            black_box(trafilatura::extract(&page.html, &options).ok());
        }),
    ]
}

/// The script measures itself, in the same way.
fn report_python(python: &str, pages: &[SavedPage]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/trafilatura_python.py");
    let mut process =
        Command::new(python).arg(script).stdin(Stdio::piped()).spawn().expect("the interpreter starts");
    let mut stdin = process.stdin.take().expect("a pipe");
    for page in pages {
        let line = serde_json::json!({ "url": page.url, "html": page.html });
        writeln!(stdin, "{line}").expect("the script reads what it is given");
    }
    drop(stdin);
    assert!(process.wait().expect("the script ends").success(), "the script failed");
}

fn report(pages: &[SavedPage], measured: &[Measured]) {
    let megabytes = pages.iter().map(|p| p.html.len()).sum::<usize>() as f64 / 1e6;
    println!("{} pages, {megabytes:.1} MB", pages.len());
    println!("| | pages/s | MB/s | of parse alone | kB allocated a page | peak MB over the page | slowest ms a MB |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let floor = measured[0].took.as_secs_f64();
    for m in measured {
        let seconds = m.took.as_secs_f64();
        println!(
            "| {} | {:.0} | {:.1} | {:.2} | {} | {:.1} | {:.0} |",
            m.name,
            pages.len() as f64 / seconds,
            megabytes / seconds,
            floor / seconds,
            m.bytes_a_page / 1000,
            m.peak as f64 / 1e6,
            m.slowest_ms_a_mb,
        );
    }
}
