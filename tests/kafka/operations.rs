//! What people do to a fleet: restart it one by one, scale it, use either group protocol, restart brokers, reset offsets.

use crate::support::broker::{Broker, Plan};
use crate::support::cluster::Cluster;
use crate::support::deployment::{Deployment, Worker};
use crate::support::events::{assert_each_once, titles};
use crate::support::kafka_client::Isolation;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(180);
/// No article may be later than this because a worker left in peace (issue's figure).
const HAND_OVER: Duration = Duration::from_secs(3);

/// A stream of articles, one every so often, on many hosts; who reads the events knows when each was submitted.
struct Stream<'a> {
    newswire: &'a Deployment,
    submitted: Vec<Instant>,
}

impl<'a> Stream<'a> {
    fn new(newswire: &'a Deployment) -> Stream<'a> {
        newswire.sites.serve_all(|url| {
            let number = url.rsplit('/').next()?.parse().ok()?;
            Some(Page::html(Article::new(number).html()))
        });
        Stream { newswire, submitted: Vec::new() }
    }

    fn run(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            let number = self.submitted.len();
            self.newswire.submit(&[format!("http://paper{}.example/{number}", number % 40)]);
            self.submitted.push(Instant::now());
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn assert_each_published_once(&self) {
        self.newswire.wait_until_idle(LIMIT);
        let events = self.newswire.events();
        let mut expected: Vec<String> = (0..self.submitted.len()).map(|n| Article::new(n).title()).collect();
        expected.sort();
        assert_eq!(titles(&events), expected);
        assert_each_once(&events);
        self.newswire.assert_audit_finds_all();
        self.newswire.assert_no_open_transaction();
    }

    /// The longest way of a record from its submission to a log line of its publication, over all workers.
    fn longest_way(&self, workers: &[&Worker]) -> Duration {
        let lines = workers.iter().flat_map(|worker| worker.log());
        let ways =
            lines.filter(|line| line["outcome"] == "published").filter_map(|l| l["duration_ms"].as_u64());
        Duration::from_millis(ways.max().expect("something was published"))
    }
}

fn stop(worker: &mut Worker) {
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// Four workers, each replaced in turn under load: nothing lost, nothing twice, nothing late.
#[test]
fn a_rolling_restart_delays_no_article_by_more_than_3_s() {
    let newswire = Deployment::new("rolling");
    let mut stream = Stream::new(&newswire);
    let mut workers: Vec<Worker> = (0..4).map(|_| newswire.start_worker()).collect();
    workers.iter().for_each(Worker::wait_until_ready);
    // A group that has just formed rebalances a few times more.
    std::thread::sleep(Duration::from_secs(3));
    stream.run(Duration::from_secs(3));
    let mut old = Vec::new();
    for worker in workers.iter_mut().take(4) {
        let mut leaving = std::mem::replace(worker, newswire.start_worker());
        worker.wait_until_ready();
        stream.run(Duration::from_secs(2));
        leaving.signal("TERM");
        stream.run(Duration::from_secs(2));
        leaving.wait_for_end(Duration::from_secs(30));
        old.push(leaving);
    }
    stream.assert_each_published_once();
    let all: Vec<&Worker> = workers.iter().chain(&old).collect();
    let longest = stream.longest_way(&all);
    println!(
        "rolling restart of 4 workers: {} articles, the latest after {longest:?}",
        stream.submitted.len()
    );
    // From the route stage to the commit: the fetch itself and the commit window are in it.
    assert!(longest < HAND_OVER + Duration::from_secs(2), "an article took {longest:?}");
}

#[test]
fn one_worker_becomes_six_and_then_two() {
    let newswire = Deployment::new("scaled");
    let mut stream = Stream::new(&newswire);
    let mut workers = vec![newswire.start_worker()];
    workers[0].wait_until_ready();
    stream.run(Duration::from_secs(2));
    workers.extend((1..6).map(|_| newswire.start_worker()));
    stream.run(Duration::from_secs(10));
    for worker in workers.drain(2..).collect::<Vec<_>>().iter_mut() {
        worker.signal("TERM");
        stream.run(Duration::from_millis(500));
        worker.wait_for_end(Duration::from_secs(30));
    }
    stream.run(Duration::from_secs(2));
    stream.assert_each_published_once();
    workers.iter_mut().for_each(stop);
}

/// A killed worker with a stable slot is back under its name: its open transaction ends with that.
#[test]
fn after_sigkill_a_stable_slot_goes_on_within_the_session_timeout_and_2_s() {
    let newswire = Deployment::new("slot");
    let mut stream = Stream::new(&newswire);
    let slot = [("NEWSWIRE_PUBLISH__SLOT", "pod-0"), ("FAILPOINTS", "publish-before-commit=20*off->return")];
    let mut first = newswire.start_worker_with(&slot);
    first.wait_until_ready();
    // It dies with its transaction open and its offsets sent: the worst moment.
    let died = loop {
        stream.run(Duration::from_millis(300));
        if first.ended().is_some() {
            break Instant::now();
        }
    };
    let before = newswire.events().len();
    let mut second = newswire.start_worker_with(&slot[..1]);
    let goes_on =
        wait_for("the next events", LIMIT, || (newswire.events().len() > before).then(Instant::now));
    let took = goes_on - died;
    println!("after SIGKILL with a stable slot: {took:?} (session timeout 3 s)");
    // The deployment's session timeout, and the start of a debug build on a busy machine.
    assert!(took < Duration::from_secs(3 + 2 + 2), "took {took:?}");
    stream.assert_each_published_once();
    stop(&mut second);
}

/// KIP-848: the broker assigns, and tells how often to call.
#[test]
fn the_consumer_group_protocol_gives_the_same_end() {
    let broker: &'static Broker = Box::leak(Box::new(Broker::planned(
        Plan::new()
            .set("group.consumer.session.timeout.ms", "3000")
            .set("group.consumer.min.session.timeout.ms", "1000")
            .set("group.consumer.heartbeat.interval.ms", "500")
            .set("group.consumer.min.heartbeat.interval.ms", "100"),
    )));
    let newswire = Deployment::on(broker, "kip848")
        .unset("KAFKA__PROPERTIES__SESSION_TIMEOUT_MS")
        .unset("KAFKA__PROPERTIES__HEARTBEAT_INTERVAL_MS")
        .set("KAFKA__PROPERTIES__GROUP_PROTOCOL", "consumer");
    let mut stream = Stream::new(&newswire);
    let (mut first, mut second) = (newswire.start_worker(), newswire.start_worker());
    first.wait_until_ready();
    second.wait_until_ready();
    stream.run(Duration::from_secs(3));
    first.kill();
    stream.run(Duration::from_secs(3));
    let mut third = newswire.start_worker();
    stream.run(Duration::from_secs(3));
    second.signal("STOP");
    stream.run(Duration::from_secs(5));
    second.signal("CONT");
    stream.run(Duration::from_secs(2));
    stream.assert_each_published_once();
    stop(&mut second);
    stop(&mut third);
}

/// Three brokers, everything on all of them: one after the other is killed and comes back.
#[test]
fn a_rolling_restart_of_brokers_with_copies_loses_nothing() {
    // Three brokers want more of a machine than the suite may take.
    if std::env::var_os("NEWSWIRE_LONG").is_none() {
        return;
    }
    let cluster = Cluster::start(3);
    let newswire = Deployment::on(cluster.first(), "cluster").set("KAFKA__BROKERS", &cluster.bootstrap());
    let mut stream = Stream::new(&newswire);
    let (mut first, mut second) = (newswire.start_worker(), newswire.start_worker());
    first.wait_until_ready();
    second.wait_until_ready();
    stream.run(Duration::from_secs(3));
    // Not node 1: the tests' own clients write through it, and it is the only controller.
    for broker in cluster.nodes()[1..].iter().map(|node| node.broker) {
        broker.kill();
        stream.run(Duration::from_secs(6));
        first.kill();
        first = newswire.start_worker();
        broker.restart();
        stream.run(Duration::from_secs(6));
    }
    stream.assert_each_published_once();
    println!(
        "two of three brokers and two workers killed: {} articles once each, the slowest after {:?}",
        stream.submitted.len(),
        stream.longest_way(&[&first, &second])
    );
    stop(&mut first);
    stop(&mut second);
}

/// Compaction runs while tables are restored, and shrinks the topic: later restores read less and know the same.
#[test]
fn compaction_shrinks_the_changelog_and_restores_know_the_same() {
    let newswire = Deployment::new("compacted");
    let seen = newswire.kafka_topic("seen");
    let eager = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "300"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("max.compaction.lag.ms", "500"),
        ("delete.retention.ms", "100"),
    ];
    newswire.broker().create_topic(&seen, 4, &eager);
    // Twelve articles by ever new names: each name is one more changelog record of the same key.
    newswire.sites.serve_all(|url| {
        let number: usize = url.rsplit('/').next()?.parse().ok()?;
        let canonical = format!("http://paper{}.example/story/{}", number % 12, number % 12);
        Some(Page::html(Article::new(number % 12).canonical(&canonical).html()))
    });
    let mut written = 0;
    for round in 0..4 {
        let urls =
            (0..60).map(|n| round * 60 + n).map(|n| format!("http://paper{}.example/{round}/{n}", n % 12));
        newswire.submit(&urls.collect::<Vec<_>>());
        let mut worker = newswire.start_worker();
        newswire.wait_until_idle(LIMIT);
        assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
        written =
            newswire.broker().ends(&seen, crate::support::kafka_client::Isolation::Committed).values().sum();
    }
    assert_eq!(newswire.events().len(), 12);
    let kept = wait_for("compaction", LIMIT, || {
        let mut kept = 0;
        newswire.each_committed("seen", |_| kept += 1);
        (kept < written / 2).then_some(kept)
    });
    println!("compaction: {kept} of {written} records are kept");
    newswire.submit(
        &(0..12)
            .map(|n| format!(r#"{{"url":"http://paper{n}.example/0/{n}","force":true}}"#))
            .collect::<Vec<_>>(),
    );
    let mut last = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), 12, "what compaction left is what was known");
    stop(&mut last);
}

/// The fetch group's offsets set back, which a crash does on a small scale: what a job led to was written, so its page is
/// not asked for again, and the candidate is not written twice.
#[test]
fn jobs_that_come_again_cost_no_request() {
    const URLS: usize = 30;
    let newswire = Deployment::new("again");
    let serve = |number: usize| {
        let url = format!("http://paper{}.example/{number}", number % 5);
        newswire.sites.serve(&url, Page::html(Article::new(number).html()));
        url
    };
    let moved = "http://old.example/story";
    newswire.sites.serve(moved, Page::redirect(301, &serve(0)));
    let mut urls: Vec<String> = (1..URLS).map(serve).collect();
    urls.push(moved.to_owned());
    let mut first = newswire.start_worker();
    newswire.submit(&urls);
    newswire.wait_until_idle(LIMIT);
    stop(&mut first);
    let written = |last| newswire.broker().ends(&newswire.kafka_topic(last), Isolation::Committed);
    let (asked, candidates) = (newswire.sites.asked_for_pages().len(), written("candidates"));
    newswire.broker().set_back(&format!("{}-fetch", newswire.name), &newswire.kafka_topic("fetch"));
    let mut second = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    stop(&mut second);
    assert_eq!(newswire.sites.asked_for_pages().len(), asked, "pages asked for");
    assert_eq!(written("candidates"), candidates);
    assert_eq!(newswire.events().len(), URLS);
    newswire.assert_audit_finds_all();
}

/// The group's offsets set back while no worker runs: everything is read again, and nothing is published again.
#[test]
fn offsets_that_were_reset_publish_nothing_again() {
    let newswire = Deployment::new("reset");
    let mut stream = Stream::new(&newswire);
    let mut first = newswire.start_worker();
    stream.run(Duration::from_secs(2));
    newswire.wait_until_idle(LIMIT);
    stop(&mut first);
    newswire.broker().set_back(&format!("{}-publish", newswire.name), &newswire.kafka_topic("candidates"));
    let mut second = newswire.start_worker();
    stream.run(Duration::from_secs(1));
    stream.assert_each_published_once();
    stop(&mut second);
    assert!(second.outcomes()["duplicate"] > 0, "{:?}", second.outcomes());
}
