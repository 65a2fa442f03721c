//! One Kafka transaction of the publish stage: its producer, and how it is finished or given up.
//!
//! EXACTLY_ONCE rules 6 to 9. A call that may be retried is the same call again until the deadline; what requires an
//! abort is aborted; a fatal or unknown outcome starts the stage anew.

use super::clients;
use super::group_metadata::{SendOffsets, send_offsets};
use crate::config::KafkaSettings;
use rdkafka::TopicPartitionList;
use rdkafka::bindings::rd_kafka_t;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext, PurgeConfig};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// For one commit or abort, callback included: under half of `max.poll.interval.ms`.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a transaction came to.
#[derive(Debug)]
pub enum Finish {
    Committed,
    /// Nothing of it is visible; every partition has to be taken over anew.
    Aborted(String),
    /// Fatal or unknown: the stage starts anew.
    Restart(String),
}

/// Delivery reports: the end of each changelog partition, and failures.
#[derive(Default)]
pub struct Reports {
    seen_ends: Mutex<HashMap<i32, i64>>,
    failures: AtomicU64,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// 0, or one more than the partition of `newswire.seen` written to.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, seen: usize) {
        match result {
            Ok(message) if seen > 0 => {
                let mut ends = self.seen_ends.lock().expect("nobody panics while holding the ends");
                let end = ends.entry(seen as i32 - 1).or_default();
                *end = (*end).max(message.offset() + 1);
            }
            Ok(_) => {}
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A transactional producer.
pub struct Transactions {
    producer: BaseProducer<Reports>,
}

impl Transactions {
    /// Takes over the transactional id; a transaction that its last owner left open is aborted by that.
    pub fn start(
        settings: &KafkaSettings,
        slot: &str,
        timeout: Duration,
    ) -> Result<Transactions, KafkaError> {
        let producer: BaseProducer<Reports> =
            clients::transactional(settings, slot).create_with_context(Reports::default())?;
        producer.init_transactions(timeout)?;
        Ok(Transactions { producer })
    }

    pub fn begin(&self) -> Result<(), KafkaError> {
        self.producer.context().failures.store(0, Ordering::Relaxed);
        self.producer.begin_transaction()
    }

    /// Into the open transaction. `seen` names the partition where the record is one of `newswire.seen`.
    /// A full queue is waited for; a record over the size that brokers take is `MessageSizeTooLarge`.
    pub fn send(
        &self,
        topic: &str,
        key: &[u8],
        payload: Option<&[u8]>,
        headers: Option<OwnedHeaders>,
        seen: Option<i32>,
    ) -> Result<(), KafkaError> {
        let opaque = seen.map_or(0, |partition| partition as usize + 1);
        let mut record = BaseRecord::with_opaque_to(topic, opaque).key(key);
        record.payload = payload;
        record.partition = seen;
        record.headers = headers;
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((e, back)) => {
                    let is_full = matches!(e.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
                    if !is_full || Instant::now() > deadline {
                        return Err(e);
                    }
                    record = back;
                    self.producer.poll(Duration::from_millis(5));
                }
            }
        }
    }

    /// Serves delivery reports without waiting; to be called often, so that `drain` has little to do.
    pub fn serve(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// The known end of a changelog partition, from delivery reports.
    pub fn seen_end(&self, partition: i32) -> Option<i64> {
        let ends = self.producer.context().seen_ends.lock().expect("nobody panics while holding the ends");
        ends.get(&partition).copied()
    }

    /// Every record of the open transaction delivered. False at the deadline or where one failed.
    pub fn drain(&self) -> bool {
        self.drain_until(Instant::now() + DEADLINE)
            && self.producer.context().failures.load(Ordering::Relaxed) == 0
    }

    /// rdkafka's own flush would wait 100 ms a round; this ends with the last report.
    fn drain_until(&self, deadline: Instant) -> bool {
        while self.producer.in_flight_count() > 0 {
            if Instant::now() > deadline {
                return false;
            }
            self.producer.poll(Duration::ZERO);
            std::thread::sleep(Duration::from_micros(200));
        }
        true
    }

    /// Sends the offsets and commits. `consumer` must be the living consumer whose thread this is.
    pub fn commit(&self, consumer: *mut rd_kafka_t, offsets: &TopicPartitionList) -> Finish {
        let deadline = Instant::now() + DEADLINE;
        let producer = self.producer.client().native_ptr();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match send_offsets(producer, consumer, offsets, left.max(Duration::from_millis(1))) {
                SendOffsets::Sent => break,
                SendOffsets::Retriable(_) if !left.is_zero() => {}
                SendOffsets::NotAMember(why) | SendOffsets::RequiresAbort(why) => return self.abort(why),
                SendOffsets::Retriable(why) | SendOffsets::Fatal(why) => return Finish::Restart(why),
            }
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.producer.commit_transaction(left.max(Duration::from_millis(1))) {
                Ok(()) => return Finish::Committed,
                Err(e) => match class_of(&e) {
                    Class::Retriable if !left.is_zero() => {}
                    Class::RequiresAbort => return self.abort(e.to_string()),
                    Class::Retriable | Class::Fatal => return Finish::Restart(e.to_string()),
                },
            }
        }
    }

    /// Gives the open transaction up. Reports have to be served, or the abort waits for them in vain.
    pub fn abort(&self, why: String) -> Finish {
        let deadline = Instant::now() + DEADLINE;
        self.producer.purge(PurgeConfig::default().queue());
        loop {
            self.producer.poll(Duration::ZERO);
            match self.producer.abort_transaction(Duration::from_millis(100)) {
                Ok(()) => break,
                Err(e) => match class_of(&e) {
                    Class::Fatal => return Finish::Restart(e.to_string()),
                    _ if Instant::now() > deadline => return Finish::Restart(e.to_string()),
                    _ => {}
                },
            }
        }
        self.drain_until(deadline);
        Finish::Aborted(why)
    }
}

enum Class {
    Fatal,
    RequiresAbort,
    Retriable,
}

/// What carries none of the flags has an unknown outcome, which is as good as fatal.
fn class_of(error: &KafkaError) -> Class {
    match error {
        KafkaError::Transaction(e) if e.is_fatal() => Class::Fatal,
        KafkaError::Transaction(e) if e.txn_requires_abort() => Class::RequiresAbort,
        KafkaError::Transaction(e) if e.is_retriable() => Class::Retriable,
        KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut) => Class::Retriable,
        _ => Class::Fatal,
    }
}
