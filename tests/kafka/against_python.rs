//! How fast a worker is beside a Python pipeline of the same parts, both in one go on the same broker, pages and
//! machine. A benchmark: it runs where `NEWSWIRE_BENCH` is set and the evaluation data is beside the checkout.
//! Each goes through the pages unmeasured at first, the worker for long: a broker in use has compiled what it does often,
//! while in its first minute it needs as much processor as the worker does. Then they take turns, as a machine that
//! others use as well has better and worse minutes.
//!
//! `cargo build --release && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test --test kafka
//! against_python -- --nocapture`

use crate::real_pages::{pages, usage};
use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::{Draft, Following, unique};
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
/// How often each goes through the pages, each time as those of other sites: unmeasured, and in each of its turns. A turn
/// takes both about as long.
const WORKER_ROUNDS: (usize, usize) = (36, 24);
const PYTHON_ROUNDS: (usize, usize) = (1, 2);
const TURNS: usize = 3;
/// Of the pages, some are no articles to either.
const ENOUGH: usize = PAGES * 9 / 10;
/// So long nothing comes when all is read: a turn begins and ends with it.
const QUIET: Duration = Duration::from_secs(2);

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
    let rounds: Vec<Vec<String>> = (0..WORKER_ROUNDS.0 + TURNS * WORKER_ROUNDS.1)
        .map(|round| serve_round(&newswire.sites, &pages, round))
        .collect();

    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    let topics = (newswire.kafka_topic("urls"), newswire.kafka_topic("articles"));
    let mut of_newswire = Contender::new(broker, topics, || usage(worker.id()).0);
    let (first, worker_turns) = rounds.split_at(WORKER_ROUNDS.0);
    of_newswire.go_through(first);
    // `NEWSWIRE_BENCH=worker` leaves the peer out, for a look at settings alone.
    let with_peer = std::env::var("NEWSWIRE_BENCH").is_ok_and(|which| which != "worker");
    let peer = with_peer.then(|| Python::start(&newswire));
    let mut of_python = peer.as_ref().map(|peer| Contender::new(broker, peer.topics.clone(), || peer.cpu()));
    let (first, python_turns) = rounds.split_at(PYTHON_ROUNDS.0);
    if let Some(python) = &mut of_python {
        python.go_through(first);
    }
    let (mut mine, mut theirs) = (Figures::default(), Figures::default());
    for (worker_turn, python_turn) in
        worker_turns.chunks(WORKER_ROUNDS.1).zip(python_turns.chunks(PYTHON_ROUNDS.1))
    {
        mine.add(of_newswire.go_through(worker_turn));
        of_python.iter_mut().for_each(|python| theirs.add(python.go_through(python_turn)));
    }
    println!("newswire: {mine}, peak {} MB", usage(worker.id()).1 / 1024);
    if let Some(mut peer) = peer {
        println!("python:   {theirs}, peak {:?} MB", peer.peaks());
        println!("ratio {:.1}", mine.pages_a_second() / theirs.pages_a_second());
        peer.processes.iter_mut().for_each(Leashed::kill);
    }
    assert_eq!(worker.stop(), 0);
}

/// Of the turns that were added.
#[derive(Default)]
struct Figures {
    pages: f64,
    seconds: f64,
    cpu: f64,
    broker_cpu: f64,
}

impl Figures {
    fn add(&mut self, turn: Figures) {
        self.pages += turn.pages;
        self.seconds += turn.seconds;
        self.cpu += turn.cpu;
        self.broker_cpu += turn.broker_cpu;
    }

    fn pages_a_second(&self) -> f64 {
        self.pages / self.seconds
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [cpu, broker] = [self.cpu, self.broker_cpu].map(|seconds| seconds * 1000.0 / self.pages);
        write!(f, "{:.0} pages/s, {cpu:.2} ms CPU a page (the broker: {broker:.2} ms)", self.pages_a_second())
    }
}

/// Takes URLs from one Kafka topic, and its articles come on another.
struct Contender<'a, C> {
    broker: &'a Broker,
    urls: String,
    reader: Following,
    /// Its processor seconds so far.
    cpu: C,
}

impl<'a, C: Fn() -> f64> Contender<'a, C> {
    fn new(broker: &'a Broker, (urls, articles): (String, String), cpu: C) -> Contender<'a, C> {
        Contender { broker, urls, reader: broker.follow(&articles), cpu }
    }

    /// From the submission of the pages until enough of their articles are visible.
    fn go_through(&mut self, rounds: &[Vec<String>]) -> Figures {
        let broker_cpu = || usage(self.broker.process_id()).0;
        let before = self.reader.read_out(QUIET);
        let (started, cpu, of_broker) = (Instant::now(), (self.cpu)(), broker_cpu());
        // All of them by one producer: by one a round a worker waited for the next round's.
        let drafts = rounds.iter().flatten().map(|url| {
            // With a key, or the client would put a whole batch into one partition.
            let bytes = Some(url.as_bytes());
            Draft { key: bytes, value: bytes, headers: &[] }
        });
        self.broker.produce_all(&self.urls, drafts);
        let read = self.reader.read_until(before + ENOUGH * rounds.len(), LIMIT);
        let figures = Figures {
            pages: (read - before) as f64,
            seconds: started.elapsed().as_secs_f64(),
            cpu: (self.cpu)() - cpu,
            broker_cpu: broker_cpu() - of_broker,
        };
        self.reader.read_out(QUIET);
        figures
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

struct Python {
    processes: Vec<Leashed>,
    topics: (String, String),
}

impl Python {
    /// Two processes, as many as there are cores.
    fn start(newswire: &Deployment) -> Python {
        let python = environment();
        let (urls, articles) = (unique("py-urls"), unique("py-articles"));
        let broker = newswire.broker();
        broker.create_topic(&urls, 2, &[]);
        broker.create_topic(&articles, 2, &[]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/python_pipeline.py");
        let start = |_| {
            let mut command = Command::new(&python);
            let (brokers, proxy) = (broker.bootstrap(), newswire.sites.proxy());
            command.arg(&script).args([&brokers, &urls, &urls, &articles, &proxy, "60"]);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            Leashed::start(&mut command, None).expect("python starts")
        };
        Python { processes: (0..2).map(start).collect(), topics: (urls, articles) }
    }

    fn cpu(&self) -> f64 {
        self.processes.iter().map(|process| usage(process.id()).0).sum()
    }

    /// Megabytes.
    fn peaks(&self) -> Vec<u64> {
        let peaks: Vec<u64> = self.processes.iter().map(|p| usage(p.id()).1 / 1024).collect();
        assert!(!peaks.contains(&0), "one of the two processes has ended");
        peaks
    }
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
