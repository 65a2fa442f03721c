//! A broker that is away is waited for, before the start and in the middle of the work; nothing is lost or doubled.

use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::events::{assert_each_once, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const ARTICLES: usize = 150;
/// The worker cuts its drain off after 25 s. The rest is for a busy machine, and less than the 30 s of Kubernetes.
const CUT_OFF: Duration = Duration::from_secs(28);

#[test]
fn a_broker_that_is_away_is_waited_for() {
    // A broker of its own, because the other tests need theirs. It ends with the test binary.
    let broker: &'static Broker = Box::leak(Box::new(Broker::start(&[])));
    let newswire = Deployment::on(broker, "away");
    newswire.sites.set_latency(Duration::from_millis(100));
    let url = |number: usize| format!("http://paper{}.example/{number}", number % 5);
    for number in 0..ARTICLES {
        newswire.sites.serve(&url(number), Page::html(Article::new(number).html()));
    }
    newswire.submit(&(0..ARTICLES).map(url).collect::<Vec<_>>());
    broker.kill();

    let mut worker = newswire.start_worker();
    let readiness = worker.readiness();
    assert!(readiness.contains(" 503 ") && readiness.contains("broker"), "{readiness}");
    std::thread::sleep(Duration::from_secs(3));
    broker.restart();
    wait_for("the first events", LIMIT, || (worker.published() >= 10).then_some(()));

    assert!(worker.published() < ARTICLES, "killed in the middle of the work, not after it");
    broker.kill();
    std::thread::sleep(Duration::from_secs(3));
    broker.restart();
    newswire.wait_until_idle(LIMIT);
    let events = newswire.events();
    let mut expected: Vec<String> = (0..ARTICLES).map(|number| Article::new(number).title()).collect();
    expected.sort();
    assert_eq!(titles(&events), expected, "{}", worker.end_of_log());
    assert_each_once(&events);
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// Frozen, it answers nobody and breaks no connection: the drain has a deadline all the same.
#[test]
fn a_worker_ends_though_the_broker_does_not_answer() {
    let broker: &'static Broker = Box::leak(Box::new(Broker::start(&[])));
    let newswire = Deployment::on(broker, "mute");
    newswire.sites.set_latency(Duration::from_millis(100));
    let url = |number: usize| format!("http://paper{}.example/{number}", number % 5);
    for number in 0..ARTICLES {
        newswire.sites.serve(&url(number), Page::html(Article::new(number).html()));
    }
    newswire.submit(&(0..ARTICLES).map(url).collect::<Vec<_>>());
    let mut worker = newswire.start_worker();
    wait_for("the first events", LIMIT, || (worker.published() >= 10).then_some(()));
    broker.freeze();
    let asked = std::time::Instant::now();
    let code = worker.stop();
    let took = asked.elapsed();
    println!("SIGTERM with a frozen broker: ended after {took:?}");
    broker.resume();
    assert!(took < CUT_OFF, "{took:?}:\n{}", worker.end_of_log());
    assert_eq!(code, 0, "{}", worker.end_of_log());
    let mut next = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), ARTICLES);
    assert_each_once(&newswire.events());
    newswire.assert_audit_finds_all();
    assert_eq!(next.stop(), 0, "{}", next.end_of_log());
}

/// A broker that was frozen past its session is fenced when it wakes up, and leads no group for a moment: who asks it
/// for a group's offsets then is refused. librdkafka's answer to that was SIGSEGV.
#[test]
fn a_broker_that_leads_nothing_for_a_moment_ends_no_worker() {
    let broker: &'static Broker = Box::leak(Box::new(Broker::start(&[])));
    let newswire = Deployment::on(broker, "fenced");
    let url = |number: usize| format!("http://paper{}.example/{number}", number % 5);
    for number in 0..ARTICLES {
        newswire.sites.serve(&url(number), Page::html(Article::new(number).html()));
    }
    let rounds = if std::env::var_os("NEWSWIRE_LONG").is_some() { 10 } else { 2 };
    let mut workers: Vec<_> = (0..3).map(|_| newswire.start_worker()).collect();
    workers.iter().for_each(|worker| worker.wait_until_ready());
    for round in 0..rounds {
        let numbers = round * ARTICLES / rounds..(round + 1) * ARTICLES / rounds;
        newswire.submit(&numbers.map(url).collect::<Vec<_>>());
        broker.freeze();
        // Past its session of 3 s, and past the workers' questions after their lag, one every 5 s.
        std::thread::sleep(Duration::from_secs(6));
        broker.resume();
        std::thread::sleep(Duration::from_secs(4));
        for worker in &mut workers {
            assert_eq!(worker.ended(), None, "round {round}:\n{}", worker.end_of_log());
        }
    }
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), ARTICLES);
    assert_each_once(&newswire.events());
    for worker in &mut workers {
        assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
    }
}
