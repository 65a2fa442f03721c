//! Two hundred real pages, submitted twice to two workers: an event for each distinct article, an outcome for each of
//! the 400 records. Needs the evaluation data beside the checkout; without it there is nothing to serve.

use crate::support::deployment::{Deployment, Worker};
use crate::support::events::{assert_each_once, event};
use crate::support::page_server::Page;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PAGES: usize = 200;
const LIMIT: Duration = Duration::from_secs(240);

#[test]
fn two_hundred_real_pages_twice_are_four_hundred_outcomes() {
    let Some(pages) = pages(PAGES, 0..usize::MAX) else {
        println!("no evaluation data beside the checkout: no real pages to serve");
        return;
    };
    let newswire = Deployment::new("real");
    for (url, html) in &pages {
        newswire.sites.serve(url, Page::html(html.clone()));
    }
    let mut workers = [newswire.start_worker(), newswire.start_worker()];
    workers.iter().for_each(Worker::wait_until_ready);

    let started = Instant::now();
    let urls: Vec<&String> = pages.keys().collect();
    newswire.submit(&urls);
    newswire.submit(&urls);
    newswire.wait_until_idle(LIMIT);
    report(&workers, started.elapsed());

    let outcomes = added(workers.iter().map(Worker::outcomes));
    println!("outcomes: {outcomes:?}; rejects: {:?}", newswire.reject_reasons());
    assert_eq!(outcomes.values().sum::<usize>(), 2 * PAGES, "{outcomes:?}");
    let events = newswire.events();
    assert_each_once(&events);
    assert_eq!(outcomes["published"], events.len());
    // Every page that was read is an article, unless it is another one's under its own name.
    let distinct: BTreeSet<String> = events.iter().map(|record| event(record)["url"].to_string()).collect();
    assert_eq!(distinct.len(), events.len());
    assert!(events.len() >= PAGES * 9 / 10, "{} events", events.len());
    for worker in &mut workers {
        assert_eq!(worker.stop(), 0);
    }
}

/// URL over http -> page of a size in this range, its own links rewritten to http as well: the proxy in the test speaks no
/// TLS.
pub fn pages(count: usize, bytes: Range<usize>) -> Option<BTreeMap<String, Vec<u8>>> {
    let data = std::env::var_os("NEWSWIRE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let folder = data.join("data/extract/trafilatura");
    let gold: Value = serde_json::from_slice(&std::fs::read(folder.join("gold.json")).ok()?).ok()?;
    let mut pages = BTreeMap::new();
    for (id, page) in gold.as_object()? {
        let url = page["url"].as_str().unwrap_or_default();
        let url = url.trim().replacen("https://", "http://", 1);
        let is_plain = url.starts_with("http://") && !url.contains(['#', '?']) && url.len() > 30;
        if is_plain && pages.len() < count {
            let html = read(&folder.join(format!("pages/{id}.html.gz")))?;
            if bytes.contains(&html.len()) {
                pages.insert(url, html.replace("https://", "http://").into_bytes());
            }
        }
    }
    assert_eq!(pages.len(), count, "the evaluation data has fewer pages than the test wants");
    Some(pages)
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).ok()?).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn added(counts: impl Iterator<Item = BTreeMap<String, usize>>) -> BTreeMap<String, usize> {
    let mut sum = BTreeMap::new();
    counts.flatten().for_each(|(outcome, count)| *sum.entry(outcome).or_default() += count);
    sum
}

/// The figures for the docs: seen with `cargo test --test kafka real_pages -- --nocapture`.
fn report(workers: &[Worker], took: Duration) {
    let usage: Vec<(f64, u64)> = workers.iter().map(|worker| usage(worker.id())).collect();
    let cpu: f64 = usage.iter().map(|(seconds, _)| seconds).sum();
    println!(
        "{} records in {took:.1?}: {:.0} a second, {:.1} ms CPU a page of both workers (start included), peak {:?} MB",
        2 * PAGES,
        2.0 * PAGES as f64 / took.as_secs_f64(),
        cpu * 1000.0 / PAGES as f64,
        usage.iter().map(|(_, peak)| peak / 1024).collect::<Vec<_>>(),
    );
}

/// CPU seconds so far and peak resident kilobytes, from `/proc`.
pub fn usage(process: u32) -> (f64, u64) {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let stat = file("stat");
    let after_name: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = after_name.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    let peak = file("status")
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
    // Linux counts in hundredths of a second on every common build.
    (ticks / 100.0, peak.unwrap_or(0))
}
