//! How fast a worker is beside a Python pipeline of the same parts, both in one go on the same broker, pages and
//! machine. A benchmark: it runs where `NEWSWIRE_BENCH` is set and the evaluation data is beside the checkout:
//!
//! `cargo build --release && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test --test kafka
//! against_python -- --nocapture`

use crate::real_pages::{pages, usage};
use crate::support::broker::broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::unique;
use crate::support::leash::Leashed;
use crate::support::page_server::Page;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAGES: usize = 600;
/// So that they have 90 kB on average, as a news page has.
const BYTES: Range<usize> = 30_000..190_000;
const LIMIT: Duration = Duration::from_secs(400);
/// Of the pages, some are no articles to either.
const ENOUGH: usize = PAGES * 9 / 10;

#[test]
fn a_worker_against_a_python_pipeline() {
    if std::env::var_os("NEWSWIRE_BENCH").is_none() {
        return;
    }
    let pages = pages(PAGES, BYTES).expect("the evaluation data beside the checkout");
    let bytes: usize = pages.values().map(Vec::len).sum();
    println!("{PAGES} pages of {} kB", bytes / PAGES / 1000);
    let newswire = Deployment::new("bench").set("FETCH__DELAY", "0ms").set("FETCH__ROBOTS", "false");
    let newswire = newswire.set("FETCH__I_HAVE_PERMISSION", "true");
    for (url, html) in &pages {
        newswire.sites.serve(url, Page::html(html.clone()));
    }
    let urls: Vec<&String> = pages.keys().collect();

    let python = python_rate(&newswire, &urls);
    newswire.submit(&urls);
    let started = Instant::now();
    let worker = newswire.start_worker();
    worker.health_port();
    // The worker's start is not its throughput: the clock runs from its first event.
    broker().read_at_least(&newswire.kafka_topic("articles"), 1, LIMIT);
    let (first, after_start) = (Instant::now(), usage(worker.id()).0);
    broker().read_at_least(&newswire.kafka_topic("articles"), ENOUGH, LIMIT);
    let rate = ENOUGH as f64 / first.elapsed().as_secs_f64();
    let (cpu, peak) = usage(worker.id());
    println!(
        "newswire: {rate:.0} pages/s, {:.2} ms CPU a page, peak {} MB ({:.1?} from start to end)",
        (cpu - after_start) * 1000.0 / ENOUGH as f64,
        peak / 1024,
        started.elapsed()
    );
    println!("python:   {python:.0} pages/s; ratio {:.1}", rate / python);
}

/// Two processes, as many as there are cores; the clock runs from the first event as well.
fn python_rate(newswire: &Deployment, urls: &[&String]) -> f64 {
    let python = environment();
    let (topic, articles) = (unique("py-urls"), unique("py-articles"));
    broker().create_topic(&topic, 2, &[]);
    broker().create_topic(&articles, 2, &[]);
    broker().submit(&topic, urls);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/python_pipeline.py");
    let mut processes: Vec<Leashed> = (0..2)
        .map(|_| {
            let mut command = Command::new(&python);
            command.arg(&script).args([
                &broker().bootstrap(),
                &topic,
                &topic,
                &articles,
                &newswire.sites.proxy(),
                "20",
            ]);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            Leashed::start(&mut command, None).expect("python starts")
        })
        .collect();
    broker().read_at_least(&articles, 1, LIMIT);
    let (first, before) = (Instant::now(), cpu(&processes));
    broker().read_at_least(&articles, ENOUGH, LIMIT);
    let rate = ENOUGH as f64 / first.elapsed().as_secs_f64();
    let peaks: Vec<u64> = processes.iter().map(|p| usage(p.id()).1 / 1024).collect();
    println!(
        "python:   {:.1} ms CPU a page, peak {peaks:?} MB",
        (cpu(&processes) - before) * 1000.0 / ENOUGH as f64
    );
    processes.iter_mut().for_each(Leashed::kill);
    rate
}

fn cpu(processes: &[Leashed]) -> f64 {
    processes.iter().map(|process| usage(process.id()).0).sum()
}

/// A scratch environment with the peers from PyPI, made once.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    }
    // justext, which trafilatura uses, no longer finds the cleaner within lxml.
    let peers = ["confluent-kafka", "httpx", "trafilatura", "lxml_html_clean"];
    run(Command::new(&python).args(["-m", "pip", "install", "-q"]).args(peers));
    run(Command::new(&python).args(["-c", "import confluent_kafka, httpx, trafilatura"]));
    python
}

fn run(command: &mut Command) {
    assert!(command.status().expect("the command starts").success(), "{command:?}");
}
