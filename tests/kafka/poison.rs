//! What fails for ever, or is too large for any broker, costs itself alone: a reject, never a partition.

use crate::support::deployment::Deployment;
use crate::support::events::titles;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

fn serve_story(newswire: &Deployment) -> &'static str {
    newswire.sites.serve("http://paper.example/story", Page::html(Article::new(1).html()));
    "http://paper.example/story"
}

/// Larger than a client may send by default (1 MB), as the record itself, as its job and as its reject.
#[test]
fn a_record_too_large_for_its_own_reject_is_rejected_without_its_bytes() {
    let newswire = Deployment::new("huge");
    let story = serve_story(&newswire);
    let junk = vec![b'x'; 900_000];
    let context = format!(r#"{{"url":"{story}","context":{{"note":"{}"}}}}"#, "y".repeat(760_000));
    newswire.submit_records(&[junk, context.into_bytes()]);
    newswire.submit(&[story]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()]);
    let reasons = newswire.reject_reasons();
    assert_eq!(reasons.get("record_too_large"), Some(&1), "{reasons:?}");
    assert_eq!(reasons.values().sum::<usize>(), 2, "{reasons:?}");
    for reject in newswire.rejects() {
        assert!(reject["record_left_out_bytes"].as_u64() > Some(600_000), "{}", reject["reason"]);
    }
    newswire.assert_audit_finds_all();
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// The client takes the event and the broker does not: the transaction fails as a whole, once.
#[test]
fn an_event_over_the_brokers_own_bound_becomes_a_reject() {
    let newswire = Deployment::new("bounded");
    let articles = newswire.kafka_topic("articles");
    newswire.broker().create_topic(&articles, 4, &[("max.message.bytes", "20000")]);
    let small = serve_story(&newswire);
    let text: String = (0..9000).map(|n| format!("word{} ", n * 7919 % 100_003)).collect();
    let large = Article::new(2).html().replace("</article>", &format!("<p>{text}</p></article>"));
    newswire.sites.serve("http://paper.example/large", Page::html(large));
    newswire.submit(&["http://paper.example/large", small]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()]);
    assert_eq!(
        newswire.reject_reasons().get("record_too_large"),
        Some(&1),
        "{:?}",
        newswire.reject_reasons()
    );
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// A fault of newswire that a candidate brings out, where it is read and where it is judged: here made by a test, since
/// none is known.
#[test]
fn a_candidate_that_panics_is_a_reject_and_the_next_is_published() {
    let newswire = Deployment::new("panic");
    let story = serve_story(&newswire);
    let bad = ["http://paper.example/bad", "http://paper.example/worse"];
    bad.iter().zip(2..).for_each(|(url, n)| newswire.sites.serve(url, Page::html(Article::new(n).html())));
    newswire.submit(&bad);
    let told = "publish-identify=1*panic->off;publish-judge=1*panic->off";
    let mut worker = newswire.start_worker_with(&[("FAILPOINTS", told)]);
    newswire.wait_until_idle(LIMIT);
    newswire.submit(&[story]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.reject_reasons().get("internal_error"), Some(&2));
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()]);
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// Internal records of a version that this newswire does not know.
#[test]
fn a_job_or_candidate_of_an_unknown_version_is_a_reject() {
    let newswire = Deployment::new("newer");
    let story = serve_story(&newswire);
    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    for topic in ["fetch", "candidates"] {
        newswire.broker().produce(&newswire.kafka_topic(topic), None, Some(br#"{"v":99}"#), &[]);
        newswire.broker().produce(&newswire.kafka_topic(topic), None, Some(b"\x00\xff"), &[]);
    }
    newswire.submit(&[story]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.reject_reasons().get("unknown_version"), Some(&4), "{:?}", newswire.reject_reasons());
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()]);
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// A consumer whose topic is deleted waits in silence: the worker says so and ends.
#[test]
fn a_deleted_kafka_topic_ends_the_worker_with_its_name() {
    let newswire = Deployment::new("deleted");
    let story = serve_story(&newswire);
    newswire.submit(&[story]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let candidates = newswire.kafka_topic("candidates");
    newswire.broker().delete_topic(&candidates);
    let status = crate::support::wait_for("the worker to end", LIMIT, || worker.ended());
    assert_eq!(status.code(), Some(1), "{}", worker.end_of_log());
    assert!(
        worker.end_of_log().contains(&format!("the Kafka topic {candidates} is gone")),
        "{}",
        worker.end_of_log()
    );
}

/// Both topics of a pair grown together match each other, and still a site's memory is elsewhere.
#[test]
fn partitions_that_were_added_stop_the_worker_and_the_next_start() {
    let newswire = Deployment::new("grown");
    let story = serve_story(&newswire);
    newswire.submit(&[story]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    for topic in ["candidates", "seen"] {
        newswire.broker().grow_topic(&newswire.kafka_topic(topic), 6);
    }
    let status = crate::support::wait_for("the worker to end", LIMIT, || worker.ended());
    assert_eq!(status.code(), Some(1), "{}", worker.end_of_log());
    let mut next = newswire.start_worker();
    assert_eq!(next.ends_with(), 1);
    assert!(next.end_of_log().contains("had 4 partitions"), "{}", next.end_of_log());
}

/// Damaged, cut off, or written by a newer newswire: a stop that names topic, partition and offset.
#[test]
fn a_changelog_record_that_cannot_be_read_is_a_stop_with_its_offset() {
    for (name, value, says) in [
        ("cut-off", &b"\x01\x00\x01"[..], "cut off at 3 bytes"),
        ("of-a-newer-version", &b"\x63whatever"[..], "version 99"),
        ("damaged", &[1; 100][..], "checksum"),
    ] {
        let newswire = Deployment::new(name);
        let seen = newswire.kafka_topic("seen");
        newswire.broker().create_topic(&seen, 4, &[("cleanup.policy", "compact")]);
        newswire.broker().produce(&seen, Some(&[7; 16]), Some(value), &[]);
        let mut worker = newswire.start_worker();
        let status = crate::support::wait_for("the worker to end", LIMIT, || worker.ended());
        let said = worker.end_of_log();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains("at offset 0") && said.contains(&seen), "{said}");
    }
}
