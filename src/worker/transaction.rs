//! One Kafka transaction of the publish stage: its producer, and how it is finished or given up.
//!
//! EXACTLY_ONCE rules 6 to 9. A call that may be retried is the same call again until the deadline; what requires an
//! abort is aborted; a fatal or unknown outcome starts the stage anew.

use super::group_metadata::{SendOffsets, commit_offsets, send_offsets};
use super::{clients, crash_point};
use crate::config::KafkaSettings;
use rdkafka::TopicPartitionList;
use rdkafka::bindings::{rd_kafka_flush, rd_kafka_t};
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext, PurgeConfig};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// For one commit with all that comes before it, callback included: under half of `max.poll.interval.ms`.
const DEADLINE: Duration = Duration::from_secs(10);
/// For an abort. With a commit before it and the close of the consumer after it, within the 30 s that a process is
/// given to end.
const ABORT: Duration = Duration::from_secs(5);
/// Between two calls of what may be retried, so that a broker that refuses at once does not burn the processor.
const RETRY: Duration = Duration::from_millis(10);
/// A flush waits for reports that only a poll serves, so it is short, milliseconds.
const FLUSH_MS: i32 = 1;

/// What a transaction came to.
#[derive(Debug)]
pub enum Finish {
    Committed,
    /// Nothing of it is visible; every partition has to be taken over anew.
    Aborted(String),
    /// Fatal or unknown: the stage starts anew.
    Restart(String),
}

/// What a record of the transaction is, for its delivery report.
pub struct Written {
    /// The partition of `newswire.seen` that it is written to.
    seen: Option<i32>,
    /// Partition and offset of the candidate that it comes of.
    candidate: (i32, i64),
}

/// A record of the open transaction that the brokers did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub kafka_topic: String,
    pub code: RDKafkaErrorCode,
    /// Partition and offset of the candidate that it comes of.
    pub candidate: (i32, i64),
}

/// Delivery reports: the end of each changelog partition, and what was not delivered since the transaction began.
#[derive(Default)]
pub struct Reports {
    seen_ends: Mutex<HashMap<i32, i64>>,
    undelivered: Mutex<Vec<Undelivered>>,
}

impl Reports {
    fn undelivered(&self) -> MutexGuard<'_, Vec<Undelivered>> {
        self.undelivered.lock().expect("nobody panics while holding the list")
    }
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Written>;

    fn delivery(&self, result: &DeliveryResult<'_>, written: Box<Written>) {
        match (result, written.seen) {
            (Ok(message), Some(partition)) => {
                let mut ends = self.seen_ends.lock().expect("nobody panics while holding the ends");
                let end = ends.entry(partition).or_default();
                *end = (*end).max(message.offset() + 1);
            }
            (Ok(_), None) => {}
            (Err((e, message)), _) => self.undelivered().push(Undelivered {
                kafka_topic: message.topic().to_owned(),
                code: e.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                candidate: written.candidate,
            }),
        }
    }
}

/// librdkafka looks for the coordinator when it is called, and where no broker is connected yet, again after 500 ms: it is
/// called again sooner. While an answer is awaited that changes nothing.
fn initialize(producer: &BaseProducer<Reports>, timeout: Duration) -> Result<(), KafkaError> {
    let deadline = Instant::now() + timeout;
    let mut patience = Duration::from_millis(20);
    loop {
        match producer.init_transactions(patience) {
            Err(KafkaError::Transaction(e)) if e.is_retriable() && Instant::now() < deadline => {
                patience = (2 * patience).min(Duration::from_secs(1));
            }
            initialized => return initialized,
        }
    }
}

/// A transactional producer.
pub struct Transactions {
    /// Shared with a call that does not come back.
    producer: Arc<BaseProducer<Reports>>,
    /// The candidate whose records are being written.
    candidate: Cell<(i32, i64)>,
    /// Idempotent and at least once instead, for whoever measures what exactly once costs. Never in a shipped binary.
    is_at_least_once: bool,
}

impl Transactions {
    /// Takes over the transactional id; a transaction that its last owner left open is aborted by that.
    pub fn start(
        settings: &KafkaSettings,
        slot: &str,
        timeout: Duration,
    ) -> Result<Transactions, KafkaError> {
        let is_at_least_once = crash_point::is_set("publish-at-least-once");
        let mut config = clients::transactional(settings, slot);
        if is_at_least_once {
            config.remove("transactional.id").remove("transaction.timeout.ms");
        }
        let producer: BaseProducer<Reports> = config.create_with_context(Reports::default())?;
        if !is_at_least_once {
            initialize(&producer, timeout)?;
        }
        Ok(Transactions { producer: Arc::new(producer), candidate: Cell::default(), is_at_least_once })
    }

    pub fn begin(&self) -> Result<(), KafkaError> {
        self.producer.context().undelivered().clear();
        if self.is_at_least_once { Ok(()) } else { self.producer.begin_transaction() }
    }

    /// What is sent from now on comes of this candidate.
    pub fn on_behalf_of(&self, partition: i32, offset: i64) {
        self.candidate.set((partition, offset));
    }

    /// What of the last transaction the brokers did not take.
    pub fn undelivered(&self) -> Vec<Undelivered> {
        self.producer.context().undelivered().clone()
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
        let written = Box::new(Written { seen, candidate: self.candidate.get() });
        let mut record = BaseRecord::with_opaque_to(topic, written).key(key);
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

    /// The moment at which a commit that begins now is given up.
    pub fn deadline(&self) -> Instant {
        Instant::now() + DEADLINE
    }

    /// Every record of the open transaction delivered. False at the deadline or where one failed.
    pub fn drain(&self, deadline: Instant) -> bool {
        self.drain_until(deadline) && self.producer.context().undelivered().is_empty()
    }

    /// Nothing lingers any more. rdkafka's own flush waits for no answer, and brokers' threads that wake after it send
    /// nothing sooner.
    fn drain_until(&self, deadline: Instant) -> bool {
        while self.producer.in_flight_count() > 0 {
            if Instant::now() > deadline {
                return false;
            }
            // SAFETY: the producer lives. What is left when the time is over is flushed in the next round.
            unsafe { rd_kafka_flush(self.producer.client().native_ptr(), FLUSH_MS) };
            self.producer.poll(Duration::ZERO);
        }
        true
    }

    /// Sends the offsets and commits. `consumer` must be the living consumer whose thread this is.
    pub fn commit(
        &self,
        consumer: *mut rd_kafka_t,
        offsets: &TopicPartitionList,
        deadline: Instant,
    ) -> Finish {
        crash_point::pass("publish-before-offsets");
        if self.is_at_least_once {
            return commit_offsets(consumer, offsets).map_or_else(Finish::Restart, |()| Finish::Committed);
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match send_offsets(&self.producer, consumer, offsets, left.max(Duration::from_millis(1))) {
                SendOffsets::Sent => break,
                SendOffsets::Retriable(_) if !left.is_zero() => std::thread::sleep(RETRY),
                SendOffsets::NotAMember(why) | SendOffsets::RequiresAbort(why) => return self.abort(why),
                SendOffsets::Retriable(why) | SendOffsets::Fatal(why) => return Finish::Restart(why),
            }
        }
        crash_point::pass("publish-before-commit");
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.producer.commit_transaction(left.max(Duration::from_millis(1))) {
                Ok(()) => return Finish::Committed,
                Err(e) => match class_of(&e) {
                    Class::Retriable if !left.is_zero() => std::thread::sleep(RETRY),
                    Class::RequiresAbort => return self.abort(e.to_string()),
                    Class::Retriable | Class::Fatal => return Finish::Restart(e.to_string()),
                },
            }
        }
    }

    /// Gives the open transaction up. Reports have to be served, or the abort waits for them in vain.
    pub fn abort(&self, why: String) -> Finish {
        if self.is_at_least_once {
            return Finish::Restart(why);
        }
        let deadline = Instant::now() + ABORT;
        self.producer.purge(PurgeConfig::default().queue());
        loop {
            self.producer.poll(Duration::ZERO);
            match self.producer.abort_transaction(Duration::from_millis(100)) {
                Ok(()) => break,
                Err(e) => match class_of(&e) {
                    Class::Fatal => return Finish::Restart(e.to_string()),
                    _ if Instant::now() > deadline => return Finish::Restart(e.to_string()),
                    _ => std::thread::sleep(RETRY),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::clients::Reader;
    use rdkafka::Offset;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::{MockCluster, MockCoordinator};

    const GROUP: &str = "newswire-publish";

    fn member_of_the_group(settings: &KafkaSettings) -> BaseConsumer<Reader> {
        let consumer: BaseConsumer<Reader> =
            clients::member(settings, "publish").create_with_context(Reader).expect("a consumer");
        consumer.subscribe(&["candidates"]).expect("a subscription");
        let until = Instant::now() + Duration::from_secs(30);
        while consumer.assignment().expect("an assignment").count() == 0 {
            assert!(Instant::now() < until, "no partition was assigned");
            let _ = consumer.poll(Duration::from_millis(50));
        }
        consumer
    }

    /// The group's coordinator is gone for good, which a real broker does only when a cluster is taken apart; librdkafka's
    /// own stand-in for brokers does it at once. The call that hung is librdkafka's.
    #[test]
    fn a_commit_whose_coordinator_is_gone_ends_by_its_deadline() {
        let cluster = MockCluster::new(2).expect("a stand-in for brokers");
        cluster.create_topic("candidates", 1, 1).expect("a topic");
        cluster.partition_leader("candidates", 0, Some(1)).expect("a leader");
        cluster.coordinator(MockCoordinator::Transaction("newswire-publish-gone".into()), 1).expect("set");
        cluster.coordinator(MockCoordinator::Group(GROUP.into()), 2).expect("set");
        let settings = KafkaSettings { brokers: cluster.bootstrap_servers(), ..KafkaSettings::default() };
        let consumer = member_of_the_group(&settings);
        let transactions =
            Transactions::start(&settings, "gone", Duration::from_secs(20)).expect("a producer");
        transactions.begin().expect("begins");
        transactions.send("candidates", b"key", Some(b"value"), None, None).expect("is sent");
        assert!(transactions.drain(transactions.deadline()));
        cluster.broker_down(2).expect("goes down");
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset("candidates", 0, Offset::Offset(1)).expect("an offset");
        let started = Instant::now();
        let deadline = started + Duration::from_secs(2);
        let finish = transactions.commit(consumer.client().native_ptr(), &offsets, deadline);
        assert!(started.elapsed() < Duration::from_secs(6), "{finish:?} after {:?}", started.elapsed());
        assert!(matches!(finish, Finish::Restart(_) | Finish::Aborted(_)), "{finish:?}");
        // Its drop would wait for the coordinator.
        std::mem::forget(consumer);
    }
}
