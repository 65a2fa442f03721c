//! What a test asks of a broker: create a Kafka topic, write to it, read all of it, and where its ends and a
//! group's offsets are.

use super::broker::Broker;
use super::wait_for;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// One question: asked of a broker that leads nothing yet it is not answered later either, but asked again it is.
const CALL: Duration = Duration::from_secs(5);

/// One record as it stands in a Kafka topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_deref().unwrap_or_default()).expect("the record is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).expect("the record is JSON")
    }

    pub fn key_text(&self) -> &str {
        std::str::from_utf8(self.key.as_deref().unwrap_or_default()).expect("the key is UTF-8")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value).ok()
    }
}

/// A record to be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a str)],
}

/// Reads a Kafka topic along, for measurements: `Broker::read_at_least` reads all of it at each look.
pub struct Following {
    consumer: BaseConsumer,
    read: usize,
}

impl Following {
    pub fn next(&mut self, wait: Duration) -> Option<Record> {
        let record = self.consumer.poll(wait)?.ok().map(|message| Record::from(&message));
        self.read += usize::from(record.is_some());
        record
    }

    /// Until `count` were read in all; gives how many it has read.
    pub fn read_until(&mut self, count: usize, limit: Duration) -> usize {
        let started = Instant::now();
        while self.read < count {
            assert!(started.elapsed() < limit, "{} of {count} records after {limit:?}", self.read);
            self.next(Duration::from_millis(100));
        }
        self.read
    }

    /// Until nothing comes for so long; gives how many it has read in all.
    pub fn read_out(&mut self, quiet: Duration) -> usize {
        while self.next(quiet).is_some() {}
        self.read
    }
}

/// A prefix that no other test of this binary has: tests share a broker, not their Kafka topics.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Broker {
    pub fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let admin: AdminClient<_> = self.client(&[]).create().expect("an admin client");
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(-1));
        topic.config = config.to_vec();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let made = futures::executor::block_on(admin.create_topics([&topic], &options));
        let results = made.expect("the broker takes the request");
        assert!(results.iter().all(Result::is_ok), "cannot create the Kafka topic {name}: {results:?}");
        // The controller has answered; the broker's own metadata follows a moment later.
        wait_for("the created Kafka topic", PATIENCE, || (self.partitions(name) == partitions).then_some(()));
    }

    pub fn delete_topic(&self, name: &str) {
        let admin: AdminClient<_> = self.client(&[]).create().expect("an admin client");
        let deleted = futures::executor::block_on(admin.delete_topics(&[name], &AdminOptions::new()));
        let results = deleted.expect("the broker takes the request");
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    pub fn grow_topic(&self, name: &str, partitions: usize) {
        let admin: AdminClient<_> = self.client(&[]).create().expect("an admin client");
        let grown = NewPartitions::new(name, partitions);
        let grown = futures::executor::block_on(admin.create_partitions([&grown], &AdminOptions::new()));
        let results = grown.expect("the broker takes the request");
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    pub fn partitions(&self, topic: &str) -> i32 {
        let consumer: BaseConsumer = self.client(&[]).create().expect("a consumer");
        // A broker that has just started may answer before it leads its partitions; so below.
        let metadata = || consumer.fetch_metadata(Some(topic), PATIENCE).ok();
        let metadata = wait_for("the broker's metadata", PATIENCE, metadata);
        metadata.topics().first().map_or(0, |t| t.partitions().len() as i32)
    }

    pub fn produce(&self, topic: &str, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, &str)]) {
        self.produce_all(topic, [Draft { key, value, headers }]);
    }

    /// Bare URLs as records without a key.
    pub fn submit<U: AsRef<str>>(&self, topic: &str, urls: &[U]) {
        let draft = |url| Draft { value: Some(AsRef::<str>::as_ref(url).as_bytes()), ..Draft::default() };
        self.produce_all(topic, urls.iter().map(draft));
    }

    /// As `submit`, in a transaction of its own, which is taken back or committed.
    pub fn submit_in_a_transaction(&self, topic: &str, urls: &[String], is_committed: bool) {
        let config = self.client(&[("transactional.id", &unique("submits"))]);
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().expect("a producer");
        producer.init_transactions(PATIENCE).expect("a transactional producer");
        producer.begin_transaction().expect("a transaction");
        for url in urls {
            let record = BaseRecord::<[u8], str>::to(topic).payload(url.as_str());
            producer.send(record).map_err(|(error, _)| error).expect("the producer takes the record");
        }
        producer.flush(PATIENCE).expect("the broker takes the records");
        let ended = if is_committed {
            producer.commit_transaction(PATIENCE)
        } else {
            producer.abort_transaction(PATIENCE)
        };
        ended.expect("the transaction ends");
    }

    /// Writes all of them; returns when the broker has them. The default partitioner places them by key.
    pub fn produce_all<'a>(&self, topic: &str, drafts: impl IntoIterator<Item = Draft<'a>>) {
        let config = self.client(&[("enable.idempotence", "true")]);
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().expect("a producer");
        for Draft { key, value, headers } in drafts {
            let record = BaseRecord::<[u8], [u8]> { key, payload: value, ..BaseRecord::to(topic) };
            let mut sent = producer.send(record.headers(owned(headers)));
            while let Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) = sent {
                std::thread::sleep(Duration::from_millis(5));
                sent = producer.send(record);
            }
            sent.map_err(|(error, _)| error).expect("the producer takes the record");
        }
        producer.flush(PATIENCE).expect("the broker takes the records");
    }

    /// Everything that a consumer sees now, by partition and offset. Read committed, it ends at the first open
    /// transaction of each partition.
    pub fn read_all(&self, topic: &str, isolation: Isolation) -> Vec<Record> {
        let mut records = Vec::new();
        self.read_each(topic, isolation, |record| records.push(record));
        records.sort_by_key(|r| (r.partition, r.offset));
        records
    }

    /// The same without keeping them; the order holds within each partition.
    pub fn read_each(&self, topic: &str, isolation: Isolation, mut each: impl FnMut(Record)) {
        let consumer = self.reader(isolation);
        let mut ended = vec![false; self.assign_all(&consumer, topic)];
        while ended.contains(&false) {
            match consumer.poll(PATIENCE).expect("the broker answers within half a minute") {
                Ok(message) => each(Record::from(&message)),
                Err(KafkaError::PartitionEOF(partition)) => ended[partition as usize] = true,
                // The client goes on by itself after all but these; what never comes is met by the poll above.
                Err(error) if is_final(&error) => panic!("cannot read {topic}: {error}"),
                Err(_) => {}
            }
        }
    }

    /// Reads committed records until there are at least `count`.
    pub fn read_at_least(&self, topic: &str, count: usize, limit: Duration) -> Vec<Record> {
        wait_for(&format!("{count} records in {topic}"), limit, || {
            let records = self.read_all(topic, Isolation::Committed);
            (records.len() >= count).then_some(records)
        })
    }

    /// Has the consumer read every partition from its beginning; gives how many there are.
    pub fn assign_all(&self, consumer: &BaseConsumer, topic: &str) -> usize {
        let mut all = TopicPartitionList::new();
        for partition in 0..self.partitions(topic) {
            all.add_partition_offset(topic, partition, Offset::Beginning).expect("a valid offset");
        }
        consumer.assign(&all).expect("an assignment");
        all.count()
    }

    /// Committed records as they become visible, each once.
    pub fn follow(&self, topic: &str) -> Following {
        let config = self.client(&[("group.id", "follower"), ("isolation.level", "read_committed")]);
        let consumer: BaseConsumer = config.create().expect("a consumer");
        self.assign_all(&consumer, topic);
        Following { consumer, read: 0 }
    }

    /// The end of each partition: under read committed that of the last finished transaction.
    pub fn ends(&self, topic: &str, isolation: Isolation) -> BTreeMap<i32, i64> {
        let consumer = self.reader(isolation);
        let end = |partition| match consumer.fetch_watermarks(topic, partition, CALL) {
            Ok((_, end)) => end,
            // A client that heard of no leader, as of a fenced broker, calls the partition unknown for 5 minutes: fresh
            // ones ask.
            Err(_) => {
                let marks = || self.reader(isolation).fetch_watermarks(topic, partition, CALL).ok();
                wait_for("the end of a partition", PATIENCE, marks).1
            }
        };
        (0..self.partitions(topic)).map(|partition| (partition, end(partition))).collect()
    }

    /// What the group has committed, by partition; a partition without an offset is missing.
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        let consumer: BaseConsumer = self.client(&[("group.id", group)]).create().expect("a consumer");
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(topic, 0, self.partitions(topic) - 1);
        // A broker that has just started answers NotCoordinator while it loads its groups.
        let offsets = wait_for("the group's coordinator", PATIENCE, || {
            consumer.committed_offsets(asked.clone(), CALL).ok().filter(all_without_error)
        });
        let known = |e: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match e.offset() {
            Offset::Offset(offset) => Some((e.partition(), offset)),
            _ => None,
        };
        offsets.elements().iter().filter_map(known).collect()
    }

    /// Sets a group without members back to the beginning, as an operator does.
    pub fn set_back(&self, group: &str, topic: &str) {
        let consumer: BaseConsumer = self.client(&[("group.id", group)]).create().expect("a consumer");
        let mut offsets = TopicPartitionList::new();
        for partition in 0..self.partitions(topic) {
            offsets.add_partition_offset(topic, partition, Offset::Offset(0)).expect("a valid offset");
        }
        // Refused while the last member's session is not over.
        wait_for("the offsets to be set back", PATIENCE, || consumer.commit(&offsets, CommitMode::Sync).ok());
    }

    /// A client's settings, for tests that need a client of their own.
    pub fn client(&self, more: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        // Says nothing about connections that break: tests kill brokers.
        config.set("log_level", "0");
        for (key, value) in more {
            config.set(*key, *value);
        }
        config
    }

    fn reader(&self, isolation: Isolation) -> BaseConsumer {
        let config = self.client(&[
            ("group.id", "reader-that-never-commits"),
            ("isolation.level", isolation.level()),
            ("enable.partition.eof", "true"),
            ("enable.auto.commit", "false"),
            ("fetch.wait.max.ms", "50"),
        ]);
        config.create().expect("a consumer")
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Isolation {
    Committed,
    Uncommitted,
}

impl Isolation {
    fn level(self) -> &'static str {
        match self {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        }
    }
}

impl From<&BorrowedMessage<'_>> for Record {
    fn from(message: &BorrowedMessage<'_>) -> Record {
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        Record {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect(),
        }
    }
}

fn is_final(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{Fatal, UnknownPartition, UnknownTopicOrPartition};
    matches!(error.rdkafka_error_code(), Some(Fatal | UnknownPartition | UnknownTopicOrPartition))
}

fn all_without_error(offsets: &TopicPartitionList) -> bool {
    offsets.elements().iter().all(|element| element.error().is_ok())
}

fn owned(headers: &[(&str, &str)]) -> OwnedHeaders {
    headers
        .iter()
        .fold(OwnedHeaders::new(), |all, &(key, value)| all.insert(Header { key, value: Some(value) }))
}
