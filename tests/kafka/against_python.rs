//! How fast a worker is beside a Python pipeline of the same parts, both in one go on the same broker, pages and
//! machine. A benchmark: it runs where `NEWSWIRE_BENCH` is set and the evaluation data is beside the checkout:
//!
//! `cargo build --release && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test --test kafka
//! against_python -- --nocapture`

use crate::real_pages::{pages, usage};
use crate::support::broker::{Broker, Plan};
use crate::support::deployment::Deployment;
use crate::support::kafka_client::{Draft, unique};
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
const WARM_UP: usize = 50;

#[test]
fn a_worker_against_a_python_pipeline() {
    if std::env::var_os("NEWSWIRE_BENCH").is_none() {
        return;
    }
    let pages = pages(PAGES, BYTES).expect("the evaluation data beside the checkout");
    let bytes: usize = pages.values().map(Vec::len).sum();
    println!("{PAGES} pages of {} kB", bytes / PAGES / 1000);
    let broker: &Broker = Box::leak(Box::new(Broker::planned(Plan { is_measured: true, ..Plan::new() })));
    let newswire = Deployment::on(broker, "bench").set("FETCH__DELAY", "0ms").set("FETCH__ROBOTS", "false");
    let newswire = newswire.set("FETCH__I_HAVE_PERMISSION", "true");
    // `NEWSWIRE_BENCH_SET="FETCH__CONCURRENCY=50 KAFKA__PROPERTIES__LINGER_MS=20"` tries other settings.
    let tried = std::env::var("NEWSWIRE_BENCH_SET").unwrap_or_default();
    let tried = tried.split_whitespace().filter_map(|pair| pair.split_once('='));
    let newswire = tried.fold(newswire, |newswire, (key, value)| newswire.set(key, value));
    for (url, html) in &pages {
        newswire.sites.serve(url, Page::html(html.clone()));
    }
    let urls: Vec<&String> = pages.keys().collect();

    let python = python(&newswire, &urls);
    let worker = newswire.start_worker();
    worker.wait_until_ready();
    let (urls_topic, articles) = (newswire.kafka_topic("urls"), newswire.kafka_topic("articles"));
    let figures = timed(broker, (&urls_topic, &articles), &urls, || usage(worker.id()).0);
    println!("newswire: {figures}, peak {} MB", usage(worker.id()).1 / 1024);
    println!("ratio {:.1}", figures.pages_a_second / python.pages_a_second);
}

struct Figures {
    pages_a_second: f64,
    cpu_ms_a_page: f64,
    broker_cpu_ms_a_page: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} pages/s, {:.2} ms CPU a page", self.pages_a_second, self.cpu_ms_a_page)?;
        write!(f, " (the broker: {:.2} ms)", self.broker_cpu_ms_a_page)
    }
}

/// From the submission of the pages until their articles are visible. A few pages before that see to it that the start
/// and the first connections are not measured.
fn timed(
    broker: &Broker,
    (topic, articles): (&str, &str),
    urls: &[&String],
    cpu: impl Fn() -> f64,
) -> Figures {
    let broker_cpu = || usage(broker.process_id()).0;
    let submit = |urls: &[&String]| {
        // With a key, or the client would put a whole batch into one partition.
        let draft =
            |url| Draft { key: Some(str::as_bytes(url)), value: Some(str::as_bytes(url)), headers: &[] };
        broker.produce_all(topic, urls.iter().map(|url| draft(url.as_str())));
    };
    let (first, rest) = urls.split_at(WARM_UP);
    submit(first);
    let warm = broker.read_at_least(articles, WARM_UP * 9 / 10, LIMIT).len();
    let (started, before, broker_before) = (Instant::now(), cpu(), broker_cpu());
    submit(rest);
    broker.read_at_least(articles, ENOUGH, LIMIT);
    let pages = (ENOUGH - warm) as f64;
    Figures {
        pages_a_second: pages / started.elapsed().as_secs_f64(),
        cpu_ms_a_page: (cpu() - before) * 1000.0 / pages,
        broker_cpu_ms_a_page: (broker_cpu() - broker_before) * 1000.0 / pages,
    }
}

/// Two processes, as many as there are cores.
fn python(newswire: &Deployment, urls: &[&String]) -> Figures {
    let python = environment();
    let (topic, articles) = (unique("py-urls"), unique("py-articles"));
    let broker = newswire.broker();
    broker.create_topic(&topic, 2, &[]);
    broker.create_topic(&articles, 2, &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/python_pipeline.py");
    let mut processes: Vec<Leashed> = (0..2)
        .map(|_| {
            let mut command = Command::new(&python);
            let (brokers, proxy) = (broker.bootstrap(), newswire.sites.proxy());
            command.arg(&script).args([&brokers, &topic, &topic, &articles, &proxy, "60"]);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            Leashed::start(&mut command, None).expect("python starts")
        })
        .collect();
    let figures = timed(broker, (&topic, &articles), urls, || cpu(&processes));
    let peaks: Vec<u64> = processes.iter().map(|p| usage(p.id()).1 / 1024).collect();
    println!("python:   {figures}, peak {peaks:?} MB");
    assert!(!peaks.contains(&0), "one of the two processes has ended");
    processes.iter_mut().for_each(Leashed::kill);
    figures
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
