//! Reads the events as they are committed: which article was published in which version, and how often.

use crate::support::broker::Broker;
use crate::support::events::event;
use crate::support::kafka_client::{Isolation, Record};
use crate::support::wait_for;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Every so many events one is held against the schema: all of them would cost more than the workers have.
const CHECKED_EVERY: usize = 10;

#[derive(Default)]
struct Read {
    published: BTreeMap<(String, u64), usize>,
    ids: HashSet<String>,
    next: BTreeMap<i32, i64>,
    events: usize,
    problem: Option<String>,
}

pub struct Follower {
    broker: &'static Broker,
    kafka_topic: String,
    read: Arc<Mutex<Read>>,
}

impl Follower {
    pub fn start(broker: &'static Broker, kafka_topic: String) -> Follower {
        let read: Arc<Mutex<Read>> = Arc::default();
        let follower = Follower { broker, kafka_topic: kafka_topic.clone(), read: read.clone() };
        std::thread::spawn(move || follow(broker, &kafka_topic, &read));
        follower
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Title and version of the events so far, and how often.
    pub fn published(&self) -> BTreeMap<(String, u64), usize> {
        self.read().published.clone()
    }

    /// Until every partition was read to its end; what was wrong with an event is told here.
    pub fn read_to_the_end(&self, limit: Duration) {
        let ends = self.broker.ends(&self.kafka_topic, Isolation::Committed);
        wait_for("the follower to read all events", limit, || {
            let read = self.read();
            let has_read =
                |(partition, end): (&i32, &i64)| *end == 0 || read.next.get(partition) >= Some(end);
            (read.problem.is_some() || ends.iter().all(has_read)).then_some(())
        });
        assert_eq!(self.read().problem, None);
    }
}

fn follow(broker: &Broker, kafka_topic: &str, read: &Mutex<Read>) {
    let config = broker.client(&[
        ("group.id", "follower-that-never-commits"),
        ("isolation.level", "read_committed"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "earliest"),
    ]);
    let consumer: BaseConsumer = config.create().expect("a consumer");
    // The Kafka topic is there once the first worker has started.
    wait_for("the events' Kafka topic", Duration::from_secs(120), || {
        (broker.partitions(kafka_topic) > 0).then_some(())
    });
    broker.assign_all(&consumer, kafka_topic);
    loop {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                let mut read = read.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                read.events += 1;
                if read.events.is_multiple_of(CHECKED_EVERY) {
                    event(&Record::from(&message));
                }
                note(&mut read, &Record::from(&message));
                read.next.insert(message.partition(), message.offset() + 1);
            }
            // Where it stands past control records is only told by its position.
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                let position = consumer.position().ok();
                let element = position.as_ref().and_then(|list| list.find_partition(kafka_topic, partition));
                if let Some(Offset::Offset(offset)) = element.map(|element| element.offset()) {
                    read.lock().unwrap_or_else(|p| p.into_inner()).next.insert(partition, offset);
                }
            }
            _ => {}
        }
    }
}

fn note(read: &mut Read, record: &Record) {
    let event = record.json();
    let (title, version) = (event["title"].as_str(), event["version"].as_u64());
    let key = (title.unwrap_or_default().to_owned(), version.unwrap_or_default());
    *read.published.entry(key).or_default() += 1;
    let id = record.header("ce_id").unwrap_or_default().to_owned();
    if !read.ids.insert(id.clone()) {
        read.problem = Some(format!("two events have the id {id}"));
    }
}
