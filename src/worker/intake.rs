//! The consumer of an at-least-once stage on a thread of its own: records out, commits in.
//!
//! rdkafka's rebalance callback runs inside `poll` and its drop polls without a deadline, so neither may happen on the
//! async runtime. The thread never blocks on the stage: records that the stage does not take are held, and where they
//! become many the partitions are paused, so that rebalances are still answered.

use super::{clients, crash_point, is_refusal};
use crate::config::KafkaSettings;
use rdkafka::bindings::rd_kafka_resp_err_t as RespErr;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, mpsc as std_mpsc};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// One record as it was read.
#[derive(Clone, Debug)]
pub struct Record {
    /// Of the assignment under which it was read: a record of an earlier one must not move the watermark.
    pub serial: u64,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    fn bytes(&self) -> usize {
        let key_and_payload = [&self.key, &self.payload].into_iter().flatten().map(Vec::len).sum::<usize>();
        let header =
            |(name, value): &(String, Option<Vec<u8>>)| name.len() + value.as_ref().map_or(0, Vec::len);
        key_and_payload + self.headers.iter().map(header).sum::<usize>()
    }
}

/// What happens to the stage's share of the topic.
pub enum Change {
    /// These partitions are this stage's now, under this serial; they deliver after `resume`.
    Assigned { partitions: Vec<i32>, serial: u64 },
    /// They are not any more. The answer gives what may be committed of them; it is waited for only so long.
    /// `is_lost`: another may own them already, so nothing of them is to be begun or committed any more.
    Revoked { partitions: Vec<i32>, answer: std_mpsc::Sender<Vec<Done>>, is_lost: bool },
    /// A commit of these did not reach the group, as happens while it rebalances: it is to be made again.
    CommitFailed(Vec<i32>),
}

/// What may be committed of a partition, under the assignment with this serial: offsets are last + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    pub partition: i32,
    pub serial: u64,
    pub offset: i64,
}

enum Command {
    Commit(Vec<Done>),
    Resume(Vec<i32>),
    Pause(Vec<i32>),
    Stop,
}

/// The stage's end of the thread.
pub struct Intake {
    pub records: mpsc::Receiver<Record>,
    pub changes: mpsc::UnboundedReceiver<Change>,
    commands: std_mpsc::Sender<Command>,
    pub thread: std::thread::JoinHandle<Result<(), KafkaError>>,
}

/// Records that are held before the partitions are paused, and their bytes; once both are down to half they are resumed.
/// A pause costs what librdkafka has fetched ahead, and it may be half a second before it fetches again: the stage lives from the
/// other half meanwhile.
const HELD_AT_MOST: usize = 4000;
const HELD_BYTES_AT_MOST: usize = 8 << 20;

/// A stage has this long to answer a revocation.
const ANSWER: Duration = Duration::from_secs(5);
/// Leaving the group takes librdkafka 5 s where the broker does not answer.
const CLOSE: Duration = Duration::from_secs(7);

/// The consumer before it joins its group: it looks for the brokers and for the group's coordinator meanwhile.
pub struct Member {
    stage: String,
    consumer: BaseConsumer<Callbacks>,
    changes: mpsc::UnboundedReceiver<Change>,
}

impl Member {
    /// Of the group of `stage`, which reads `topic`.
    pub fn open(settings: &KafkaSettings, stage: &str, topic: &str) -> Result<Member, KafkaError> {
        let (sender, changes) = mpsc::unbounded_channel();
        let (topic, changes_to) = (topic.to_owned(), Mutex::new(Some(sender)));
        let context = Callbacks { topic, changes: changes_to, state: Mutex::default() };
        let consumer = clients::member(settings, stage).create_with_context(context)?;
        Ok(Member { stage: stage.to_owned(), consumer, changes })
    }
}

impl Intake {
    /// Joins the group. `room` records may wait for the stage.
    pub fn start(member: Member, room: usize) -> Result<Intake, KafkaError> {
        let Member { stage, consumer, changes } = member;
        let (record_sender, records) = mpsc::channel(room);
        let (commands, command_receiver) = std_mpsc::channel();
        consumer.subscribe(&[&consumer.context().topic])?;
        let name = format!("intake-{stage}");
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || {
                Thread { consumer, records: record_sender, held: Held::default(), is_paused: false }
                    .run(&command_receiver)
            })
            .map_err(|e| KafkaError::ClientCreation(format!("cannot start a thread: {e}")))?;
        Ok(Intake { records, changes, commands, thread })
    }

    pub fn commit(&self, offsets: Vec<Done>) {
        // A thread that has ended has closed its consumer: nothing is left to commit to.
        let _ = self.commands.send(Command::Commit(offsets));
    }

    pub fn resume(&self, partitions: Vec<i32>) {
        let _ = self.commands.send(Command::Resume(partitions));
    }

    pub fn pause(&self, partitions: Vec<i32>) {
        let _ = self.commands.send(Command::Pause(partitions));
    }

    /// Leaves the group. The last `Revoked` comes through `changes` and has to be answered.
    pub fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }
}

/// Partitions by state; `wanted` are those that the stage has resumed.
#[derive(Default)]
struct Shares {
    /// With the serial of their assignment.
    owned: HashMap<i32, u64>,
    serial: u64,
    wanted: HashSet<i32>,
}

struct Callbacks {
    topic: String,
    /// Gone once the thread ends, so that the stage notices even where the consumer cannot be dropped.
    changes: Mutex<Option<mpsc::UnboundedSender<Change>>>,
    state: Mutex<Shares>,
}

impl Callbacks {
    /// False where the stage has ended.
    fn tell(&self, change: Change) -> bool {
        let changes = self.changes.lock().expect("nobody panics while holding the sender");
        changes.as_ref().is_some_and(|changes| changes.send(change).is_ok())
    }

    fn hang_up(&self) {
        *self.changes.lock().expect("nobody panics while holding the sender") = None;
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, Shares> {
        self.state.lock().expect("nobody panics while holding the shares")
    }

    fn list(&self, partitions: impl IntoIterator<Item = i32>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        partitions.into_iter().for_each(|partition| {
            list.add_partition(&self.topic, partition);
        });
        list
    }

    fn assigned(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> Result<(), KafkaError> {
        consumer.incremental_assign(list)?;
        consumer.pause(list)?;
        let partitions: Vec<i32> = list.elements().iter().map(|e| e.partition()).collect();
        let serial = {
            let mut shares = self.shares();
            shares.serial += 1;
            let serial = shares.serial;
            shares.owned.extend(partitions.iter().map(|partition| (*partition, serial)));
            serial
        };
        tracing::debug!(kafka_topic = self.topic, ?partitions, serial, "assigned");
        self.tell(Change::Assigned { partitions, serial });
        Ok(())
    }

    fn revoked(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> Result<(), KafkaError> {
        let partitions: Vec<i32> = list.elements().iter().map(|e| e.partition()).collect();
        {
            let mut shares = self.shares();
            shares.owned.retain(|p, _| !partitions.contains(p));
            shares.wanted.retain(|p| !partitions.contains(p));
        }
        let (answer, answered) = std_mpsc::channel();
        let is_lost = consumer.assignment_lost();
        let told = self.tell(Change::Revoked { partitions, answer, is_lost });
        let offsets = told.then(|| answered.recv_timeout(ANSWER).ok()).flatten().unwrap_or_default();
        tracing::debug!(kafka_topic = self.topic, ?offsets, is_lost, "revoked");
        crash_point::pass("intake-on-revoke");
        if !is_lost {
            commit(consumer, &self.topic, &offsets, CommitMode::Sync);
        }
        consumer.incremental_unassign(list)
    }
}

impl ClientContext for Callbacks {}

impl ConsumerContext for Callbacks {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RespErr, list: &mut TopicPartitionList) {
        let done = match err {
            RespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assigned(consumer, list),
            _ => self.revoked(consumer, list),
        };
        if let Err(e) = done {
            tracing::warn!(kafka_topic = self.topic, error = %e, "rebalance_failed");
        }
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, offsets: &TopicPartitionList) {
        let elements = offsets.elements();
        let failed = elements.iter().filter(|element| result.is_err() || element.error().is_err());
        let partitions: Vec<i32> = failed.map(|element| element.partition()).collect();
        if !partitions.is_empty() {
            let error = result.err().map(|e| e.to_string());
            tracing::debug!(kafka_topic = self.topic, ?partitions, error, "commit_failed");
            self.tell(Change::CommitFailed(partitions));
        } else {
            let offsets: Vec<_> = elements.iter().map(|e| (e.partition(), e.offset().to_raw())).collect();
            tracing::debug!(kafka_topic = self.topic, ?offsets, "committed");
        }
    }
}

fn commit(consumer: &BaseConsumer<Callbacks>, topic: &str, offsets: &[Done], mode: CommitMode) {
    if offsets.is_empty() {
        return;
    }
    let mut list = TopicPartitionList::new();
    for done in offsets {
        // The list is fresh and the offset not negative: adding cannot fail.
        let _ = list.add_partition_offset(topic, done.partition, Offset::Offset(done.offset));
    }
    if let Err(e) = consumer.commit(&list, mode) {
        // Not fatal: the work is done, it will at worst be done again.
        tracing::warn!(kafka_topic = topic, error = %e, "commit_failed");
    }
}

/// What the stage has not taken yet, the oldest first.
#[derive(Default)]
struct Held {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Held {
    fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.records.push_back(record);
    }

    fn pop(&mut self) -> Option<Record> {
        let record = self.records.pop_front()?;
        self.bytes -= record.bytes();
        Some(record)
    }

    /// Whether it is more than this part of what may be held.
    fn exceeds(&self, part: usize) -> bool {
        self.records.len() > HELD_AT_MOST / part || self.bytes > HELD_BYTES_AT_MOST / part
    }
}

struct Thread {
    consumer: BaseConsumer<Callbacks>,
    records: mpsc::Sender<Record>,
    held: Held,
    is_paused: bool,
}

impl Thread {
    fn run(mut self, commands: &std_mpsc::Receiver<Command>) -> Result<(), KafkaError> {
        let outcome = loop {
            match self.obey(commands) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(e) => break Err(e),
            }
            self.release();
            let wait = Duration::from_millis(if self.held.records.is_empty() { 20 } else { 2 });
            match self.consumer.poll(wait).map(|polled| polled.map(|message| to_record(&message))) {
                None => {}
                Some(Ok(record)) => self.hand_over(record),
                Some(Err(e)) if is_fatal(&self.consumer, &e) => break Err(e),
                Some(Err(e)) if e.rdkafka_error_code().is_some_and(is_refusal) => {
                    tracing::error!(kafka_topic = self.topic(), error = %e, "the brokers refuse the group or the topic");
                    break Err(e);
                }
                Some(Err(e)) => {
                    tracing::warn!(kafka_topic = self.topic(), error = %e, "consume_failed");
                }
            }
        };
        self.close();
        outcome
    }

    fn topic(&self) -> &str {
        &self.consumer.context().topic
    }

    /// False when told to stop.
    fn obey(&mut self, commands: &std_mpsc::Receiver<Command>) -> Result<bool, KafkaError> {
        loop {
            match commands.try_recv() {
                Ok(Command::Commit(offsets)) => {
                    let owned = self.consumer.context().shares().owned.clone();
                    // What an earlier assignment had done may be less than what others did since.
                    let is_current = |done: &Done| owned.get(&done.partition) == Some(&done.serial);
                    let offsets: Vec<Done> = offsets.into_iter().filter(is_current).collect();
                    crash_point::pass("intake-before-commit");
                    commit(&self.consumer, self.topic(), &offsets, CommitMode::Async);
                }
                Ok(Command::Resume(partitions)) => {
                    let partitions = self.want(partitions, true);
                    if !self.is_paused {
                        self.consumer.resume(&self.consumer.context().list(partitions))?;
                    }
                }
                Ok(Command::Pause(partitions)) => {
                    let partitions = self.want(partitions, false);
                    self.consumer.pause(&self.consumer.context().list(partitions))?;
                }
                Ok(Command::Stop) | Err(std_mpsc::TryRecvError::Disconnected) => return Ok(false),
                Err(std_mpsc::TryRecvError::Empty) => return Ok(true),
            }
        }
    }

    fn want(&self, partitions: Vec<i32>, wanted: bool) -> Vec<i32> {
        let mut shares = self.consumer.context().shares();
        let owned: Vec<i32> = partitions.into_iter().filter(|p| shares.owned.contains_key(p)).collect();
        for partition in &owned {
            match wanted {
                true => shares.wanted.insert(*partition),
                false => shares.wanted.remove(partition),
            };
        }
        owned
    }

    fn hand_over(&mut self, mut record: Record) {
        record.serial = self.consumer.context().shares().owned.get(&record.partition).copied().unwrap_or(0);
        let (partition, offset, serial) = (record.partition, record.offset, record.serial);
        tracing::debug!(kafka_topic = self.topic(), partition, offset, serial, "polled");
        self.held.push(record);
        self.release();
        if !self.is_paused && self.held.exceeds(1) {
            self.is_paused = true;
            tracing::debug!(kafka_topic = self.topic(), held = self.held.records.len(), "intake_paused");
            if let Err(e) = self.consumer.pause(&self.wanted()) {
                tracing::warn!(kafka_topic = self.topic(), error = %e, "pause_failed");
            }
        }
    }

    /// Gives the stage what it has room for; what belongs to a lost partition goes.
    fn release(&mut self) {
        while self.records.capacity() > 0
            && let Some(record) = self.held.pop()
        {
            let owner = self.consumer.context().shares().owned.get(&record.partition).copied();
            if owner == Some(record.serial) {
                // There is room, and a stage that has ended is noticed when it is told of a change.
                let _ = self.records.try_send(record);
            }
        }
        if self.is_paused && !self.held.exceeds(2) {
            self.is_paused = false;
            if let Err(e) = self.consumer.resume(&self.wanted()) {
                tracing::warn!(kafka_topic = self.topic(), error = %e, "resume_failed");
            }
        }
    }

    /// The partitions that the stage wants to hear of.
    fn wanted(&self) -> TopicPartitionList {
        let wanted: Vec<i32> = self.consumer.context().shares().wanted.iter().copied().collect();
        self.consumer.context().list(wanted)
    }

    /// Leaves the group within a deadline; dropping alone would poll for ever.
    fn close(self) {
        let deadline = Instant::now() + CLOSE;
        if self.consumer.close_queue().is_ok() {
            while !self.consumer.closed() && Instant::now() < deadline {
                let _ = self.consumer.poll(Duration::from_millis(50));
            }
        }
        if !self.consumer.closed() {
            self.consumer.context().hang_up();
            // The broker is away: the process' end closes what the drop would wait for.
            std::mem::forget(self.consumer);
        }
    }
}

fn is_fatal(consumer: &BaseConsumer<Callbacks>, error: &KafkaError) -> bool {
    consumer.client().fatal_error().is_some()
        || matches!(error.rdkafka_error_code(), Some(rdkafka::types::RDKafkaErrorCode::Fatal))
}

pub fn to_record(message: &impl Message) -> Record {
    let headers = message.headers().map(|headers| {
        let each = headers.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)));
        each.collect()
    });
    Record {
        serial: 0,
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Record {
        let (topic, payload, headers) = ("urls".into(), Some(vec![b'x'; bytes]), vec![("h".into(), None)]);
        Record { serial: 1, topic, partition: 0, offset: 0, timestamp: None, key: None, payload, headers }
    }

    /// Pushed until too much is held, then popped until half of it is: how many were held at both moments.
    fn bounds(bytes: usize) -> (usize, usize) {
        let mut held = Held::default();
        while !held.exceeds(1) {
            held.push(record(bytes));
        }
        let most = held.records.len();
        while held.exceeds(2) {
            held.pop();
        }
        let half = held.records.len();
        while held.pop().is_some() {}
        assert_eq!(held.bytes, 0);
        (most, half)
    }

    #[test]
    fn what_is_held_is_bounded_by_number_and_by_bytes() {
        assert_eq!(bounds(100), (HELD_AT_MOST + 1, HELD_AT_MOST / 2));
        // A header's name is a byte of its own.
        assert_eq!(bounds((1 << 20) - 1), (9, 4));
    }
}
