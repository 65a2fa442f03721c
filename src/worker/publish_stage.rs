//! PUBLISH on Kafka: candidates in; events, seen records, rejects and offsets out in one transaction. Exactly once.
//!
//! One thread polls, judges, commits and answers rebalances: `init_transactions` … `commit_transaction` block, and the
//! rules need them on the thread that polls. What needs no memory is done ahead of it on another (`read_ahead`).

use super::intake::{Record, to_record};
use super::publish_core::{Core, Restored};
use super::read_ahead::{Portion, ReadAhead};
use super::restore::{Askers, check_partition_count};
use super::transaction::Transactions;
use super::{Shared, StageError, clients, is_refusal};
use crate::config::KafkaSettings;
use crate::record::Stage;
use rdkafka::bindings::rd_kafka_resp_err_t as RespErr;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);
/// Commit, abort and close together stay within the 30 s that a process is given to end.
const CLOSE: Duration = Duration::from_secs(7);
const INIT: Duration = Duration::from_secs(10);
const SEEK: Duration = Duration::from_millis(500);
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// Between two starts after a fatal error, so that a lasting one does not burn the processor.
const START_AGAIN: Duration = Duration::from_secs(1);

/// The consumer's callbacks reach the core through this; it is never locked across a poll. There from before the consumer
/// subscribes.
#[derive(Default)]
struct Callbacks(OnceLock<Mutex<Core>>);

impl Callbacks {
    fn core(&self) -> MutexGuard<'_, Core> {
        let core = self.0.get().expect("without a subscription nothing comes");
        core.lock().expect("nobody panics while holding the core")
    }
}

impl ClientContext for Callbacks {}

impl ConsumerContext for Callbacks {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RespErr, list: &mut TopicPartitionList) {
        match err {
            RespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.core().assigned(consumer, list),
            _ => self.core().revoked(consumer, list),
        }
    }
}

/// What the stage talks to the brokers with. Each of them looks for the brokers and for its coordinator from the start,
/// side by side, and while the Kafka topics are looked at.
pub struct Clients {
    consumer: BaseConsumer<Callbacks>,
    transactions: JoinHandle<Result<Transactions, KafkaError>>,
    askers: Askers,
}

impl Clients {
    pub fn open(kafka: &KafkaSettings, slot: &str) -> Result<Clients, StageError> {
        let consumer = clients::member(kafka, "publish").create_with_context(Callbacks::default())?;
        let askers = Askers::open(kafka, "publish")?;
        let (kafka, slot) = (kafka.clone(), slot.to_owned());
        let transactions = std::thread::Builder::new()
            .name("publish-init".into())
            .spawn(move || Transactions::start(&kafka, &slot, INIT))
            .map_err(|e| StageError::Start(e.to_string()))?;
        Ok(Clients { consumer, transactions, askers })
    }
}

/// Runs until told to stop. What is fatal to a producer or consumer starts both anew; what a restart cannot mend
/// (a changelog lost or unreadable) ends the stage.
pub fn run(shared: &Arc<Shared>, clients: Clients) -> Result<(), StageError> {
    let (mut slot, mut opened) = (shared.slot.clone(), Ok(clients));
    while !shared.stop.is_cancelled() {
        match opened.and_then(|clients| run_once(shared, &slot, clients)) {
            Ok(()) => return Ok(()),
            Err(e) if e.is_final() => return Err(e),
            Err(e) => {
                tracing::error!(error = %e, "publish_stage_restarts");
                shared.readiness.restarting(Stage::Publish);
                // Whoever fenced this one may be alive: under a name of its own it fences nobody in turn.
                slot = format!("{}-{:x}", shared.slot, RandomState::new().hash_one(Instant::now()));
                std::thread::sleep(START_AGAIN);
            }
        }
        opened = Clients::open(&shared.config.kafka, &slot);
    }
    Ok(())
}

fn run_once(shared: &Arc<Shared>, slot: &str, clients: Clients) -> Result<(), StageError> {
    let Clients { consumer, transactions, askers } = clients;
    let outcome = begin(shared, slot, transactions, &askers)
        .and_then(|transactions| consume(shared, &consumer, (transactions, askers)));
    close(consumer);
    outcome
}

/// The partition count is asked for while the producer is still starting.
fn begin(
    shared: &Shared,
    slot: &str,
    starting: JoinHandle<Result<Transactions, KafkaError>>,
    askers: &Askers,
) -> Result<Transactions, StageError> {
    let (kafka, names, counts) = (&shared.config.kafka, &shared.outlet.names, &shared.outlet.counts);
    check_partition_count(kafka, &names.candidates, counts.candidates, askers, &|| {
        !shared.stop.is_cancelled()
    })?;
    match starting.join().map_err(|_| StageError::Thread)? {
        Ok(transactions) => Ok(transactions),
        // It may have begun long before the brokers were there.
        Err(_) if !shared.stop.is_cancelled() => Ok(Transactions::start(kafka, slot, INIT)?),
        Err(e) => Err(e.into()),
    }
}

fn consume(
    shared: &Arc<Shared>,
    consumer: &BaseConsumer<Callbacks>,
    (transactions, askers): (Transactions, Askers),
) -> Result<(), StageError> {
    let (sender, restored) = mpsc::channel();
    consumer.context().0.get_or_init(|| Mutex::new(Core::new(shared.clone(), transactions, askers, sender)));
    consumer.subscribe(&[&shared.outlet.names.candidates])?;
    let outcome = poll(shared, consumer, &restored);
    if outcome.is_ok() {
        consumer.context().core().commit(consumer);
    }
    consumer.context().core().close();
    outcome
}

fn poll(
    shared: &Arc<Shared>,
    consumer: &BaseConsumer<Callbacks>,
    restored: &mpsc::Receiver<Restored>,
) -> Result<(), StageError> {
    let mut ahead = ReadAhead::start(shared)?;
    let mut to_seek: Vec<(i32, u64, Offset)> = Vec::new();
    let mut expired_at = Instant::now();
    while !shared.stop.is_cancelled() {
        let patience = match ahead.is_idle() {
            true => consumer.context().core().due_in().unwrap_or(POLL).min(POLL),
            false => Duration::ZERO,
        };
        for read in ahead.exchange(portion(shared, consumer, patience)?)? {
            let mut core = consumer.context().core();
            if let Err(e) = core.candidate(read) {
                core.failed(consumer, e);
            }
            core.commit_if_due(consumer)?;
        }
        let mut core = consumer.context().core();
        core.commit_if_due(consumer)?;
        for (partition, serial, taken) in restored.try_iter() {
            if let Some(offset) = core.restored((partition, serial, taken))? {
                to_seek.push((partition, serial, offset));
            }
        }
        to_seek.retain(|(partition, serial, offset)| {
            if !core.is_current(*partition, *serial) {
                return false;
            }
            let gone_on = go_on(shared, consumer, *partition, *offset);
            if gone_on {
                core.delivers(*partition);
            }
            !gone_on
        });
        if expired_at.elapsed() > EXPIRE_EVERY {
            expired_at = Instant::now();
            core.expire(shared.expire_before())?;
        }
    }
    Ok(())
}

/// What the consumer has, waiting for the first record only.
fn portion(
    shared: &Shared,
    consumer: &BaseConsumer<Callbacks>,
    patience: Duration,
) -> Result<Portion, StageError> {
    let mut portion = Portion::default();
    let mut patience = patience;
    while !portion.is_full() {
        match consumer.poll(std::mem::take(&mut patience)) {
            None => break,
            Some(Ok(message)) => {
                let record = to_record(&message);
                if let Some(serial) = consumer.context().core().delivering(record.partition) {
                    portion.push(Record { serial, ..record });
                }
            }
            Some(Err(e)) if consumer.client().fatal_error().is_some() => return Err(e.into()),
            Some(Err(e)) if e.rdkafka_error_code().is_some_and(is_refusal) => {
                let what = format!(
                    "the publish stage its group or the Kafka topic {}",
                    shared.outlet.names.candidates
                );
                return Err(StageError::Refused { what, why: e.to_string() });
            }
            Some(Err(e)) => {
                tracing::warn!(error = %e, kafka_topic = shared.outlet.names.candidates, "consume_failed")
            }
        }
    }
    Ok(portion)
}

/// Rule 4: after the restore, to the stable offset, and on. False where the partition has not started yet: again.
fn go_on(shared: &Shared, consumer: &BaseConsumer<Callbacks>, partition: i32, offset: Offset) -> bool {
    let topic = &shared.outlet.names.candidates;
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let gone_on = consumer.seek(topic, partition, offset, SEEK).and_then(|()| consumer.resume(&list));
    if gone_on.is_ok() {
        shared.readiness.assigned(Stage::Publish, &[partition]);
    }
    gone_on.is_ok()
}

/// Leaves the group within a deadline. rdkafka's drop waits for ever, so a consumer that does not close in time is
/// dropped on a thread that nobody joins.
fn close(consumer: BaseConsumer<Callbacks>) {
    let deadline = Instant::now() + CLOSE;
    if consumer.close_queue().is_ok() {
        while !consumer.closed() && Instant::now() < deadline {
            let _: Option<Result<_, KafkaError>> = consumer.poll(Duration::from_millis(20));
        }
    }
    if !consumer.closed() {
        let _ = std::thread::Builder::new().name("publish-close".into()).spawn(move || drop(consumer));
    }
}
