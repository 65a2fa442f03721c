//! What cannot work stops the start, with every problem named.

use crate::support::broker::broker;
use crate::support::deployment::{Deployment, Worker};

fn says(worker: &Worker, parts: &[&str]) {
    let said = worker.end_of_log();
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn kafka_topics_that_may_not_be_created_are_all_named() {
    let newswire = Deployment::new("absent").set("KAFKA__CREATE_TOPICS", "false");
    let mut worker = newswire.start_worker();
    assert_ne!(worker.ends_with(), 0);
    let names = ["articles", "rejects", "fetch", "candidates", "pages", "seen", "delay.10s", "delay.30m"];
    says(&worker, &names.map(|name| newswire.kafka_topic(name)).each_ref().map(String::as_str));
}

/// Two tables would be split differently from what they go with, and copies would be missed.
#[test]
fn partition_counts_that_do_not_match_are_named() {
    let newswire = Deployment::new("uneven");
    for (name, partitions) in [("fetch", 3), ("pages", 2), ("candidates", 1), ("seen", 2)] {
        broker().create_topic(&newswire.kafka_topic(name), partitions, &[]);
    }
    let mut worker = newswire.start_worker();
    assert_ne!(worker.ends_with(), 0);
    let (fetch, seen) = (newswire.kafka_topic("fetch"), newswire.kafka_topic("seen"));
    says(&worker, &[&fetch, &seen, "3 partitions", "has 2"]);
}

#[test]
fn a_worker_that_does_not_say_who_asks_does_not_start() {
    let newswire = Deployment::new("anonymous").set("FETCH__USER_AGENT", "");
    let mut worker = newswire.start_worker();
    assert_eq!(worker.ends_with(), 2);
    says(&worker, &["fetch.user_agent", "contact"]);
    assert!(newswire.sites.asked().is_empty());
}
