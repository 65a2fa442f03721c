//! The storm: workers and broker killed, frozen, cut off and replaced at random while a stream of URLs that a model
//! knows goes through them. At the end every article was published exactly once, and every record has its outcome.
//!
//! Three minutes in the suite, and as long as `NEWSWIRE_STORM=30m` says (docs/delivery.md has the long ones' figures).
//! `NEWSWIRE_STORM_SEED` repeats the faults and the stream of another run (not its timing). One broker in the suite;
//! `NEWSWIRE_STORM_BROKERS=3` has everything on three, of which one at a time is cut off or frozen, and one or two are killed and away.

mod faults;
mod follower;
mod model;

use crate::support::cluster::Cluster;
use crate::support::deployment::{Deployment, Worker};
use crate::support::events::titles;
use faults::Faults;
use follower::Follower;
use model::{Model, Random};
use newswire::memory::SeenTable;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// After the last fault: takeovers, delays of 10 s, and what was left.
const SETTLE: Duration = Duration::from_secs(300);
/// Workers that the storm begins and ends with.
const WORKERS: usize = 4;
/// Between two portions of the stream.
const PORTION_EVERY: Duration = Duration::from_millis(250);

/// A storm of this length is one in which the stream is as many times as dense.
const LONG: (Duration, u64) = (Duration::from_secs(600), 4);

/// How long the faults go on, and the seed of the storm.
fn storm() -> (Duration, u64) {
    let text = std::env::var("NEWSWIRE_STORM").unwrap_or_else(|_| "3m".to_owned());
    let parse = |unit: char| text.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    let seconds = parse('s').or(parse('m').map(|minutes| 60 * minutes));
    let long = Duration::from_secs(
        seconds.expect("NEWSWIRE_STORM is a number of minutes or seconds, as 30m or 90s"),
    );
    let seed = std::env::var("NEWSWIRE_STORM_SEED").ok().map(|text| text.parse().expect("a number"));
    (long, seed.unwrap_or_else(any_seed))
}

fn any_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a clock after 1970").as_millis() as u64 % 1_000_000
}

/// One, or three or more: of two none may be away.
fn brokers() -> u32 {
    let brokers = std::env::var("NEWSWIRE_STORM_BROKERS").unwrap_or_else(|_| "1".to_owned());
    brokers
        .parse()
        .ok()
        .filter(|brokers| ![0, 2].contains(brokers))
        .expect("NEWSWIRE_STORM_BROKERS is 1, 3 or more")
}

#[test]
fn whatever_fails_every_article_is_published_exactly_once() {
    let (long, seed) = storm();
    let cluster = Cluster::start(brokers());
    println!("storm: NEWSWIRE_STORM_SEED={seed}, {long:?}, brokers {}", cluster.nodes().len());
    let newswire = Deployment::on(cluster.first(), "storm")
        .set("KAFKA__BROKERS", &cluster.bootstrap())
        .set("DEDUP__UPDATES", "publish")
        .set("FETCH__PARK_AFTER", "5s")
        .set(
            "TELEMETRY__LOG_LEVEL",
            "info,newswire::worker::publish_core=debug,newswire::worker::intake=debug,\
             newswire::worker::restore=debug,newswire::worker::clients=debug",
        );
    let model = Model::new();
    newswire.sites.serve_all(model.answers());
    let follower = Follower::start(cluster.first(), newswire.kafka_topic("articles"));
    let mut faults = Faults::new(&newswire, &cluster, Random::new(seed), WORKERS);
    let mut stream = Random::new(seed + 1);
    let times = if long < LONG.0 { 1 } else { LONG.1 };
    let started = Instant::now();
    while started.elapsed() < long {
        let portion_at = Instant::now();
        newswire.submit_records(&model.portion(&mut stream, &follower.published(), times));
        faults.now_and_then();
        std::thread::sleep(PORTION_EVERY.saturating_sub(portion_at.elapsed()));
    }
    let mut workers = faults.calm_down(WORKERS);
    println!("storm: {} records, faults {:?}", model.records(), faults.made());
    newswire.wait_until_idle(SETTLE);
    follower.read_to_the_end(SETTLE);
    check(&newswire, &model, &follower, &mut workers);
    println!("storm: {} articles, {} updates, in {:?}", model.articles(), model.updates(), started.elapsed());
}

fn check(newswire: &Deployment, model: &Model, follower: &Follower, workers: &mut [Worker]) {
    let (missing, surplus) = difference(&model.expected_events(), &follower.published());
    if !missing.is_empty() {
        let shown = &missing[..missing.len().min(10)];
        panic!("{} lost: {shown:?}\n{}", missing.len(), whereabouts(newswire, model, shown));
    }
    assert!(
        surplus.is_empty(),
        "{} said twice or wrong: {:?}",
        surplus.len(),
        &surplus[..surplus.len().min(10)]
    );
    let found = newswire.assert_audit_finds_all();
    assert_eq!(found["source_records"].as_u64(), Some(model.records()), "{found}");
    let reasons = newswire.reject_reasons();
    assert_eq!(reasons, model.expected_rejects(), "distinct rejects by reason");
    newswire.assert_no_open_transaction();
    for worker in workers.iter_mut() {
        assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
    }
    let (rebuilt, told) = (rebuilt_tables(newswire), last_digests(workers));
    assert_eq!(told.len(), rebuilt.len(), "each partition was let go by somebody");
    for (partition, digest) in told {
        assert_eq!(
            digest, rebuilt[&partition],
            "the table of partition {partition} is not what its topic says"
        );
    }
}

/// All that can be known of articles that are missing: whether somebody who reads anew sees them, what became of their
/// URLs, and what the audit says.
fn whereabouts(newswire: &Deployment, model: &Model, missing: &[(String, u64)]) -> String {
    let events = titles(&newswire.events());
    let told = missing.iter().map(|(title, version)| {
        let urls = model.urls(title);
        let ways = urls.iter().map(|url| {
            let (_, said, problem) = newswire.command(&["lookup", url]);
            format!("  {url}: {said}{problem}")
        });
        let read = events.iter().filter(|read| *read == title).count();
        format!("{title} version {version}: read anew {read} times\n{}", ways.collect::<Vec<_>>().join("\n"))
    });
    let urls: Vec<String> = missing.iter().flat_map(|(title, _)| model.urls(title)).collect();
    let (_, audit, _) = newswire.command(&["audit"]);
    format!(
        "{}\n{} records were submitted, audit: {audit}\n{}",
        told.collect::<Vec<_>>().join("\n"),
        model.records(),
        traces(newswire, &urls).join("\n")
    )
}

/// Where each of these URLs stands in the Kafka topics on its way.
fn traces(newswire: &Deployment, urls: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for last in ["urls", "fetch", "delay.10s", "delay.2m", "delay.30m", "candidates", "rejects", "outcomes"] {
        newswire.each_committed(last, |record| {
            let text = String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
            // Not the article whose number only begins so.
            let is_told = |url: &&String| {
                let mut ends = text.match_indices(url.as_str()).map(|(at, url)| &text[at + url.len()..]);
                ends.any(|behind| !behind.starts_with(|c: char| c.is_ascii_digit()))
            };
            for url in urls.iter().filter(is_told) {
                found.push(format!("{last} [{}] {}: {url}", record.partition, record.offset));
            }
        });
    }
    found
}

/// What each table was when it was let go for the last time, by whichever worker: one that had a partition long ago, and
/// got it again too late to restore it, tells of it no more.
fn last_digests(workers: &[Worker]) -> BTreeMap<i64, u64> {
    let mut lines: Vec<_> = workers.iter().flat_map(Worker::log).collect();
    lines.retain(|line| line["message"] == "partition_let_go");
    lines.sort_by_key(|line| line["timestamp"].as_str().expect("a timestamp").to_owned());
    let told = lines.iter().map(|line| {
        let digest = u64::from_str_radix(line["digest"].as_str().expect("a digest"), 16).expect("hex");
        (line["partition"].as_i64().expect("a partition"), digest)
    });
    told.collect()
}

/// What each table is after a restore.
fn rebuilt_tables(newswire: &Deployment) -> BTreeMap<i64, u64> {
    let mut tables: BTreeMap<i64, SeenTable> = BTreeMap::new();
    for partition in 0..crate::support::deployment::PARTITIONS {
        tables.insert(partition.into(), SeenTable::default());
    }
    newswire.each_committed("seen", |record| {
        let table = tables.get_mut(&record.partition.into()).expect("a partition");
        table
            .apply_record(record.key.as_deref().unwrap_or_default(), record.value.as_deref())
            .expect("reads");
    });
    tables.into_iter().map(|(partition, table)| (partition, table.digest())).collect()
}

type Published = Vec<(String, u64)>;

/// What is expected and was not published, and what was published and not expected, each as often as it is too much.
fn difference(
    expected: &BTreeMap<(String, u64), usize>,
    found: &BTreeMap<(String, u64), usize>,
) -> (Published, Published) {
    let less = |a: &BTreeMap<(String, u64), usize>, b: &BTreeMap<(String, u64), usize>| {
        let lacks = |(key, count): (&(String, u64), &usize)| {
            (b.get(key).copied().unwrap_or_default() < *count).then(|| key.clone())
        };
        a.iter().filter_map(lacks).collect::<Vec<_>>()
    };
    (less(expected, found), less(found, expected))
}
