//! The tests' own ground: the broker helper, the leash and the page server do what the other tests rely on.

use crate::support::broker::{Broker, broker};
use crate::support::kafka_client::{Draft, Isolation, unique};
use crate::support::leash::Leashed;
use crate::support::page_server::{Page, PageServer};
use crate::support::pages::Article;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

const SECONDS: Duration = Duration::from_secs(10);

#[test]
fn a_record_comes_back_with_its_key_and_headers() {
    let topic = unique("round");
    broker().create_topic(&topic, 3, &[("cleanup.policy", "compact")]);
    broker().produce(&topic, Some(b"k"), Some(b"v"), &[("ce_id", "1")]);
    broker().produce_all(&topic, [Draft { key: Some(b"k"), ..Draft::default() }]);
    let records = broker().read_all(&topic, Isolation::Committed);
    assert_eq!((records[0].key_text(), records[0].text(), records[0].header("ce_id")), ("k", "v", Some("1")));
    assert_eq!((records[1].value.as_deref(), records[1].offset), (None, 1), "a tombstone after it");
    assert_eq!(broker().ends(&topic, Isolation::Committed).values().sum::<i64>(), 2);
}

/// The reason for a real broker: its mock shows aborted records.
#[test]
fn only_committed_transactions_are_read() {
    let topic = unique("transactions");
    broker().create_topic(&topic, 1, &[]);
    let config = broker().client(&[("transactional.id", &topic)]);
    let producer: BaseProducer = config.create().expect("a producer");
    producer.init_transactions(SECONDS).expect("transactions");
    for (value, commits) in [("aborted", false), ("committed", true)] {
        producer.begin_transaction().expect("a transaction");
        producer.send(BaseRecord::<(), str>::to(&topic).payload(value)).map_err(|(e, _)| e).expect("queued");
        producer.flush(SECONDS).expect("delivered");
        let finish =
            if commits { producer.commit_transaction(SECONDS) } else { producer.abort_transaction(SECONDS) };
        finish.expect("an end of the transaction");
    }
    producer.begin_transaction().expect("a transaction");
    producer.send(BaseRecord::<(), str>::to(&topic).payload("open")).map_err(|(e, _)| e).expect("queued");
    producer.flush(SECONDS).expect("delivered");

    let texts = |isolation| -> Vec<String> {
        broker().read_all(&topic, isolation).iter().map(|r| r.text().to_owned()).collect()
    };
    assert_eq!(texts(Isolation::Committed), ["committed"]);
    assert_eq!(texts(Isolation::Uncommitted), ["aborted", "committed", "open"]);
    producer.abort_transaction(SECONDS).expect("an end of the transaction");
}

#[test]
fn the_offsets_of_a_group_are_seen() {
    use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
    let topic = unique("offsets");
    broker().create_topic(&topic, 2, &[]);
    assert_eq!(broker().committed(&topic, &topic), BTreeMap::new());
    let consumer: BaseConsumer = broker().client(&[("group.id", &topic)]).create().expect("a consumer");
    let mut offsets = rdkafka::TopicPartitionList::new();
    offsets.add_partition_offset(&topic, 1, rdkafka::Offset::Offset(7)).expect("an offset");
    consumer.commit(&offsets, CommitMode::Sync).expect("committed");
    assert_eq!(broker().committed(&topic, &topic), BTreeMap::from([(1, 7)]));
}

#[test]
fn a_broker_killed_and_started_again_has_its_records() {
    let own = Broker::start(&[]);
    own.create_topic("kept", 1, &[]);
    own.produce("kept", None, Some(b"before"), &[]);
    let before = own.bootstrap();
    own.kill();
    own.restart();
    own.produce("kept", None, Some(b"after"), &[]);
    let records = own.read_all("kept", Isolation::Committed);
    assert_eq!(records.iter().map(|r| r.text()).collect::<Vec<_>>(), ["before", "after"]);
    assert_eq!(own.bootstrap(), before);
}

#[test]
fn a_dropped_leash_kills_and_says_so_by_the_signal() {
    let mut sleeping = Leashed::start(&mut sleep(), None).expect("sleep starts");
    assert!(sleeping.ended().is_none());
    sleeping.signal("TERM");
    let status = sleeping.wait(SECONDS).expect("sleep ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    let id = Leashed::start(&mut sleep(), None).expect("sleep starts").id();
    assert!(!runs(id), "dropped in the same statement, so it must be gone");
}

fn sleep() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600");
    command
}

fn runs(process: u32) -> bool {
    let asked = Command::new("kill").args(["-0", &process.to_string()]).stderr(Stdio::null()).status();
    asked.expect("kill runs").success()
}

#[tokio::test]
async fn the_page_server_answers_for_every_host_and_logs_it() {
    let server = PageServer::start();
    server
        .serve("http://a.example/x?y=1", Page::html(Article::new(3).html()).after(Duration::from_millis(50)));
    server.serve("http://b.example/", Page::redirect(301, "http://a.example/x?y=1"));
    server.serve("http://b.example/cut", Page::html("0123456789").cut_after(4));
    // Refused where another test has installed one, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let proxy = reqwest::Proxy::http(server.proxy()).expect("a proxy");
    let no_redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().proxy(proxy).redirect(no_redirects).build().expect("a client");

    let page = client.get("http://A.example/x?y=1#f").send().await.expect("an answer");
    assert!(page.text().await.expect("a body").contains(&Article::new(3).title()));
    let moved = client.get("http://b.example/").send().await.expect("an answer");
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["location"]),
        (301, &"http://a.example/x?y=1".parse().unwrap())
    );
    assert_eq!(client.get("http://c.example/robots.txt").send().await.expect("an answer").status(), 404);
    let cut = client.get("http://b.example/cut").send().await.expect("the head of an answer");
    assert!(cut.bytes().await.is_err(), "the connection broke");

    let hosts: Vec<String> = server.asked().into_iter().map(|asked| asked.host).collect();
    assert_eq!(hosts, ["a.example", "b.example", "c.example", "b.example"]);
    let first = &server.asked()[0];
    assert!(first.answered_at.expect("answered") - first.at >= Duration::from_millis(50));
    assert_eq!((server.asked_for_pages().len(), server.times_asked("http://c.example/robots.txt")), (3, 1));
}
