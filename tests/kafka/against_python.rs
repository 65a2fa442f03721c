//! How fast a worker is beside a Python pipeline of the same parts, both in one go on the same broker, pages and
//! machine. A benchmark: it runs where `NEWSWIRE_BENCH` is set and the evaluation data is beside the checkout.
//! Each goes through the pages unmeasured at first, and the worker, which does so for long, comes first: a broker in use
//! has compiled what it does often, while in its first minute it needs as much processor as the worker does.
//!
//! `cargo build --release && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test --test kafka
//! against_python -- --nocapture`

use crate::real_pages::{pages, usage};
use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::{Draft, unique};
use crate::support::leash::Leashed;
use crate::support::page_server::{Page, PageServer};
use newswire::identity::site_of;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAGES: usize = 600;
/// So that they have 90 kB on average, as a news page has.
const BYTES: Range<usize> = 30_000..190_000;
const LIMIT: Duration = Duration::from_secs(400);
/// How often each goes through the pages, unmeasured and measured; each time as those of other sites.
const WORKER_ROUNDS: (usize, usize) = (24, 16);
const PYTHON_ROUNDS: (usize, usize) = (1, 5);
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
    let broker = Broker::measured();
    let newswire = Deployment::on(broker, "bench").set("FETCH__DELAY", "0ms").set("FETCH__ROBOTS", "false");
    let newswire = newswire.set("FETCH__I_HAVE_PERMISSION", "true");
    // `NEWSWIRE_BENCH_SET="FETCH__CONCURRENCY=50 KAFKA__PROPERTIES__LINGER_MS=20"` tries other settings.
    let tried = std::env::var("NEWSWIRE_BENCH_SET").unwrap_or_default();
    let tried = tried.split_whitespace().filter_map(|pair| pair.split_once('='));
    let newswire = tried.fold(newswire, |newswire, (key, value)| newswire.set(key, value));
    let rounds: Vec<Vec<String>> = (0..WORKER_ROUNDS.0 + WORKER_ROUNDS.1)
        .map(|round| serve_round(&newswire.sites, &pages, round))
        .collect();

    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    let (urls_topic, articles) = (newswire.kafka_topic("urls"), newswire.kafka_topic("articles"));
    let rounds = rounds.split_at(WORKER_ROUNDS.0);
    let figures = timed(broker, (&urls_topic, &articles), rounds, || usage(worker.id()).0);
    println!("newswire: {figures}, peak {} MB", usage(worker.id()).1 / 1024);
    assert_eq!(worker.stop(), 0);
    // `NEWSWIRE_BENCH=worker` leaves the peer out, for a look at settings alone.
    if std::env::var("NEWSWIRE_BENCH").is_ok_and(|which| which != "worker") {
        let python = python(&newswire, (&rounds.0[..PYTHON_ROUNDS.0], &rounds.1[..PYTHON_ROUNDS.1]));
        println!("ratio {:.1}", figures.pages_a_second / python.pages_a_second);
    }
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

/// Serves the pages as those of sites of the round's own, links and all, and gives their URLs.
fn serve_round(sites: &PageServer, pages: &BTreeMap<String, Vec<u8>>, round: usize) -> Vec<String> {
    let renamed = |(url, html): (&String, &Vec<u8>)| {
        let site = site_of(&url::Url::parse(url).expect("a URL"));
        let of_round = |text: &str| text.replace(&site, &site.replacen('.', &format!("-{round}."), 1));
        let url = of_round(url);
        sites.serve(&url, Page::html(of_round(&String::from_utf8_lossy(html))));
        url
    };
    pages.iter().map(renamed).collect()
}

/// From the submission of the pages until their articles are visible, after the rounds that are not measured.
fn timed(
    broker: &Broker,
    (topic, articles): (&str, &str),
    (first, rest): (&[Vec<String>], &[Vec<String>]),
    cpu: impl Fn() -> f64,
) -> Figures {
    let broker_cpu = || usage(broker.process_id()).0;
    let submit = |urls: &[String]| {
        let drafts = urls.iter().map(|url| {
            // With a key, or the client would put a whole batch into one partition.
            let bytes = Some(url.as_bytes());
            Draft { key: bytes, value: bytes, headers: &[] }
        });
        broker.produce_all(topic, drafts);
    };
    let mut reader = broker.follow(articles);
    first.iter().for_each(|urls| submit(urls));
    let warm = reader.read_until(ENOUGH * first.len(), LIMIT);
    let (started, before, broker_before) = (Instant::now(), cpu(), broker_cpu());
    rest.iter().for_each(|urls| submit(urls));
    let pages = (reader.read_until(ENOUGH * (first.len() + rest.len()), LIMIT) - warm) as f64;
    Figures {
        pages_a_second: pages / started.elapsed().as_secs_f64(),
        cpu_ms_a_page: (cpu() - before) * 1000.0 / pages,
        broker_cpu_ms_a_page: (broker_cpu() - broker_before) * 1000.0 / pages,
    }
}

/// Two processes, as many as there are cores.
fn python(newswire: &Deployment, rounds: (&[Vec<String>], &[Vec<String>])) -> Figures {
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
    let figures = timed(broker, (&topic, &articles), rounds, || cpu(&processes));
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
