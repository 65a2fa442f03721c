//! The publish stage alone, and the restore of its memory from a broker on the same machine. Benchmarks: they run where
//! `NEWSWIRE_BENCH` is set.
//!
//! `cargo build --release --features failpoints && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test
//! --test kafka publish_alone -- --nocapture --test-threads 1`

use crate::real_pages::usage;
use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::{Draft, Isolation};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::remembered::record;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(300);
/// Published before anything is measured: the broker compiles meanwhile.
const WARM_UP: usize = 20_000;
const CANDIDATES: usize = 40_000;
/// Half of the 4,000 a second that are asked for.
const HALF: usize = 2_000;
const SECONDS_AT_HALF: usize = 15;
const REMEMBERED: u64 = 1_000_000;

fn is_wanted() -> bool {
    std::env::var_os("NEWSWIRE_BENCH").is_some()
}

fn deployment(name: &str) -> (Deployment, &'static Broker) {
    let broker = Broker::measured();
    (Deployment::on(broker, name), broker)
}

#[test]
fn how_many_candidates_a_second() {
    if !is_wanted() {
        return;
    }
    let (newswire, broker) = deployment("alone");
    let template = candidate_of_a_real_run(&newswire);
    let (topic, articles) = (newswire.kafka_topic("candidates"), newswire.kafka_topic("articles"));
    let make = |numbers: std::ops::Range<usize>| -> Vec<(String, Vec<u8>)> {
        numbers.map(|number| candidate(&template, number)).collect()
    };
    write(broker, &topic, &make(1..WARM_UP));
    let mut worker = newswire.start_stage("publish");
    worker.wait_until_ready();
    let mut reader = broker.follow(&articles);
    // The template's own event is the first.
    reader.read_until(WARM_UP, LIMIT);

    let made = make(WARM_UP..WARM_UP + CANDIDATES);
    let bytes = made.iter().map(|(_, value)| value.len()).sum::<usize>() / CANDIDATES;
    let (before, broker_before) = (usage(worker.id()).0, usage(broker.process_id()).0);
    let started = Instant::now();
    write(broker, &topic, &made);
    reader.read_until(WARM_UP + CANDIDATES, LIMIT);
    let took = started.elapsed();
    let each = |seconds: f64| seconds * 1e6 / CANDIDATES as f64;
    println!(
        "{CANDIDATES} candidates of {bytes} bytes: {:.0} a second, writing them included; {:.0} µs CPU each, \
         the broker {:.0} µs; peak {} MB",
        CANDIDATES as f64 / took.as_secs_f64(),
        each(usage(worker.id()).0 - before),
        each(usage(broker.process_id()).0 - broker_before),
        usage(worker.id()).1 / 1024,
    );

    latency_at_half_of_it(&template, (&newswire, broker));
    assert_eq!(worker.stop(), 0);
    backlog_worked_off(&template, (&newswire, broker));
}

/// All is written before the stage starts: neither the writing nor the start is in the figure.
fn backlog_worked_off(template: &Value, (newswire, broker): (&Deployment, &'static Broker)) {
    const BEGUN: usize = 2_000;
    let first = WARM_UP + CANDIDATES + HALF * SECONDS_AT_HALF;
    let made: Vec<_> = (first..first + CANDIDATES).map(|number| candidate(template, number)).collect();
    write(broker, &newswire.kafka_topic("candidates"), &made);
    let mut reader = broker.follow(&newswire.kafka_topic("articles"));
    reader.read_until(first, LIMIT);
    let worker = newswire.start_stage("publish");
    reader.read_until(first + BEGUN, LIMIT);
    let (started, before, broker_before) =
        (Instant::now(), usage(worker.id()).0, usage(broker.process_id()).0);
    let counted = first + CANDIDATES - reader.read_until(first + BEGUN, LIMIT);
    reader.read_until(first + CANDIDATES, LIMIT);
    let each = |seconds: f64| seconds * 1e6 / counted as f64;
    println!(
        "a backlog of {CANDIDATES}: {:.0} a second; {:.0} µs CPU each, the broker {:.0} µs",
        counted as f64 / started.elapsed().as_secs_f64(),
        each(usage(worker.id()).0 - before),
        each(usage(broker.process_id()).0 - broker_before),
    );
}

/// From the moment that a candidate is given to the producer until its event was read.
fn latency_at_half_of_it(template: &Value, (newswire, broker): (&Deployment, &'static Broker)) {
    const PORTIONS: usize = 50;
    let first = WARM_UP + CANDIDATES;
    let (topic, articles) = (newswire.kafka_topic("candidates"), newswire.kafka_topic("articles"));
    let made: Vec<(String, Vec<u8>)> =
        (first..first + HALF * SECONDS_AT_HALF).map(|number| candidate(template, number)).collect();
    let mut reader = broker.follow(&articles);
    reader.read_until(first, LIMIT);
    let started = Instant::now();
    let due = |portion: usize| Duration::from_secs(1) * portion as u32 / PORTIONS as u32;
    let writer = std::thread::spawn(move || {
        let config = broker.client(&[("linger.ms", "5")]);
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().expect("a producer");
        for (portion, records) in made.chunks(HALF / PORTIONS).enumerate() {
            std::thread::sleep(due(portion).saturating_sub(started.elapsed()));
            for (site, value) in records {
                let record = BaseRecord::to(&topic).key(site.as_str()).payload(value);
                producer.send(record).map_err(|(error, _)| error).expect("the producer takes the record");
            }
        }
        producer.flush(LIMIT).expect("the broker takes the records");
    });
    let mut waited: Vec<Duration> = Vec::new();
    while waited.len() < HALF * SECONDS_AT_HALF && started.elapsed() < LIMIT {
        let Some(event) = reader.next(Duration::from_millis(100)) else { continue };
        let url = event.json()["url"].as_str().unwrap_or_default().to_owned();
        let number: usize = url.rsplit('/').next().and_then(|number| number.parse().ok()).expect("a number");
        waited.push(started.elapsed().saturating_sub(due((number - first) / (HALF / PORTIONS))));
    }
    writer.join().expect("the writer ends");
    assert_eq!(waited.len(), HALF * SECONDS_AT_HALF, "events");
    waited.sort();
    let at = |part: f64| waited[((waited.len() - 1) as f64 * part) as usize];
    println!("at {HALF} a second: median {:.2?}, p99 {:.2?}, worst {:.2?}", at(0.5), at(0.99), at(1.0));
}

/// The same stage idempotent and at least once beside it, in turns on one broker: what the transactions cost. It needs a
/// binary with the feature `failpoints`.
#[test]
fn what_exactly_once_costs() {
    const ROUNDS: usize = 5;
    const EACH: usize = 10_000;
    if !is_wanted() {
        return;
    }
    let (once, broker) = deployment("once");
    let least = Deployment::on(broker, "least");
    let forms = [(&once, ""), (&least, "publish-at-least-once=return")];
    let template = candidate_of_a_real_run(&once);
    // The other deployment has its Kafka topics from a real run as well.
    candidate_of_a_real_run(&least);
    let mut running: Vec<_> = forms
        .iter()
        .map(|(newswire, told)| {
            let worker = newswire.start_stage_with("publish", &[("FAILPOINTS", told)]);
            worker.wait_until_ready();
            (worker, broker.follow(&newswire.kafka_topic("articles")), newswire.kafka_topic("candidates"))
        })
        .collect();
    let mut ratios: Vec<(f64, f64)> = Vec::new();
    for round in 0..=ROUNDS {
        let first = 1 + round * EACH;
        let made: Vec<_> = (first..first + EACH).map(|number| candidate(&template, number)).collect();
        let mut rates = Vec::new();
        for (worker, reader, topic) in &mut running {
            let processor = || usage(worker.id()).0 + usage(broker.process_id()).0;
            let (before, started) = (processor(), Instant::now());
            write(broker, topic, &made);
            reader.read_until(first + EACH, LIMIT);
            rates.push((
                EACH as f64 / started.elapsed().as_secs_f64(),
                (processor() - before) * 1e6 / EACH as f64,
            ));
        }
        let [once, least] = rates[..] else { unreachable!("two forms") };
        println!(
            "exactly once {:.0} a second, {:.0} µs CPU each with the broker; at least once {:.0}, {:.0} µs",
            once.0, once.1, least.0, least.1
        );
        // In the first one the broker compiles.
        if round > 0 {
            ratios.push((once.0 / least.0, once.1 / least.1));
        }
    }
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut all: Vec<f64> = ratios.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (rate, processor) = (median(&|ratio| ratio.0), median(&|ratio| ratio.1));
    println!("exactly once against at least once: {rate:.2} of the rate, {processor:.2} of the processor");
    // A commit leaves a marker in each partition that it wrote to: the two forms are what they are called.
    let markers = |newswire: &Deployment| {
        let ends = broker.ends(&newswire.kafka_topic("articles"), Isolation::Committed);
        ends.values().sum::<i64>() - (1 + (ROUNDS + 1) * EACH) as i64
    };
    assert!(markers(&least) < 10 && markers(&once) > 50, "{} {}", markers(&least), markers(&once));
    assert!(rate >= 0.75, "{ratios:?}");
}

#[test]
fn how_long_a_restore_takes() {
    if !is_wanted() {
        return;
    }
    let (newswire, broker) = deployment("restore");
    let start = || {
        let mut worker = newswire.start_stage("publish");
        worker.wait_until_ready();
        let (took, peak) = (worker.logged_between("worker_starts", "worker_is_ready"), usage(worker.id()).1);
        assert_eq!(worker.stop(), 0);
        (took, peak)
    };
    // The first start creates the Kafka topics.
    start();
    let (without, _) = start();
    let records: Vec<([u8; 16], Vec<u8>)> =
        (0..REMEMBERED).map(|number| record(number, 1 + number % 2)).collect();
    let seen = newswire.kafka_topic("seen");
    let drafts =
        records.iter().map(|(key, value)| Draft { key: Some(key), value: Some(value), headers: &[] });
    broker.produce_all(&seen, drafts);
    let written: i64 = broker.ends(&seen, Isolation::Committed).values().sum();
    for _ in 0..3 {
        let (took, peak) = start();
        println!(
            "{written} records restored: ready after {took:.1?}, {:.0} a second; without any after {without:.1?}, {:.0} \
             a second of the rest; peak {} MB",
            written as f64 / took.as_secs_f64(),
            written as f64 / took.saturating_sub(without).as_secs_f64(),
            peak / 1024,
        );
    }
}

/// What the fetch stage writes for one article.
fn candidate_of_a_real_run(newswire: &Deployment) -> Value {
    let url = "http://paper.example/story/0";
    newswire.sites.serve(url, Page::html(Article::new(0).html()));
    newswire.submit(&[url]);
    let mut worker = newswire.start_worker();
    newswire.broker().read_at_least(&newswire.kafka_topic("articles"), 1, LIMIT);
    assert_eq!(worker.stop(), 0);
    let candidates = newswire.broker().read_all(&newswire.kafka_topic("candidates"), Isolation::Committed);
    candidates.first().expect("a candidate").json()
}

fn write(broker: &Broker, topic: &str, made: &[(String, Vec<u8>)]) {
    let drafts = made.iter().map(|(site, value)| Draft {
        key: Some(site.as_bytes()),
        value: Some(value),
        headers: &[],
    });
    broker.produce_all(topic, drafts);
}

/// The candidate of another article, of some 6 kB, and its site.
fn candidate(template: &Value, number: usize) -> (String, Vec<u8>) {
    let (article, more) = (Article::new(number), Article::new(number + 1_000_000_000));
    let site = format!("paper{}.example", number % 500);
    let url = format!("http://{site}/story/{number}");
    let mut candidate = template.clone();
    candidate["url"] = json!(url);
    let job = &mut candidate["job"];
    job["url"] = json!(url);
    job["requested_url"] = json!(url);
    job["site"] = json!(site);
    job["source"]["offset"] = json!(number);
    candidate["article"]["title"] = json!(article.title());
    let paragraphs = article.paragraphs().into_iter().chain(more.paragraphs());
    candidate["article"]["blocks"] =
        paragraphs.map(|text| json!({"kind": "paragraph", "text": text})).collect::<Vec<_>>().into();
    (site, candidate.to_string().into_bytes())
}
