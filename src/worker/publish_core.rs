//! The publish stage between two polls: its partitions, the open transaction, what happens on a rebalance.
//!
//! Everything here runs on the one thread that polls the consumer. Nothing is remembered before the commit.

mod end_of_transaction;

use super::orders::obey;
use super::outlet::{is_too_large, outcome_record, to_json};
use super::read_ahead::{Content, Read};
use super::restore::{Askers, TakenOver, take_over};
use super::source::source_record;
use super::transaction::Transactions;
use super::{Shared, StageError, cloud_event, crash_point};
use crate::memory::{Claims, SeenTable};
use crate::pipeline::{Identified, Verdict};
use crate::record::{ArticleEvent, Ending, Job, Reason, Reject, Stage};
use crate::telemetry::{self, Headline};
use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

/// Articles of one partition forgotten at once at most, so that expiry never holds up news. With one search a second
/// that is more than one partition publishes, or memory would grow for ever.
const EXPIRE_AT_ONCE: usize = 2000;

/// Serial numbers of the partitions held, for the restoring threads to ask whether they still matter.
type Serials = Arc<Mutex<HashMap<i32, u64>>>;

pub type Restored = (i32, u64, Result<Option<TakenOver>, StageError>);

/// A partition with its memory.
struct Ready {
    table: SeenTable,
    /// Of the taking over that filled the table.
    serial: u64,
    changelog_end: i64,
    /// The offset that goes on; `None`: nothing was ever committed.
    next: Option<i64>,
    /// The consumer stands at `next` and goes on. What it read before was read elsewhere.
    delivers: bool,
}

/// The transaction under way.
struct Open {
    since: Instant,
    next: BTreeMap<i32, i64>,
    claims: BTreeMap<i32, Claims>,
    endings: Vec<Ending>,
    /// What the status page and the histograms are told after the commit.
    announced: Vec<(Option<i64>, Option<Headline>)>,
    candidates: usize,
}

pub struct Core {
    shared: Arc<Shared>,
    transactions: Transactions,
    ready: HashMap<i32, Ready>,
    open: Option<Open>,
    serials: Serials,
    last_serial: u64,
    /// For the first share; a later one has fresh ones.
    askers: Option<Arc<Askers>>,
    restored: mpsc::Sender<Restored>,
    /// Candidates of which the brokers refused a record for its size, and how often: they are rejects.
    too_large: HashMap<(i32, i64), u32>,
    /// Why the stage has to start anew.
    pub broken: Option<StageError>,
}

impl Core {
    pub fn new(
        shared: Arc<Shared>,
        transactions: Transactions,
        askers: Askers,
        restored: mpsc::Sender<Restored>,
    ) -> Core {
        Core {
            shared,
            transactions,
            ready: HashMap::new(),
            open: None,
            serials: Serials::default(),
            last_serial: 0,
            askers: Some(Arc::new(askers)),
            restored,
            too_large: HashMap::new(),
            broken: None,
        }
    }

    // --- partitions come and go ---

    /// Rule 4: explicit offset, incremental assign, pause, new serial; no waiting.
    pub fn assigned<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        list: &mut TopicPartitionList,
    ) {
        let assigned = list
            .set_all_offsets(Offset::Beginning)
            .and_then(|()| consumer.incremental_assign(list))
            .and_then(|()| consumer.pause(list));
        match assigned {
            Ok(()) => self.take(list.elements().iter().map(|element| element.partition()).collect()),
            Err(e) => self.broken = Some(e.into()),
        }
    }

    /// Rule 5: finish the open transaction, then let go. Lost: abort only.
    pub fn revoked<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, list: &TopicPartitionList) {
        let gone: Vec<i32> = list.elements().iter().map(|element| element.partition()).collect();
        crash_point::pass("publish-on-revoke");
        let finish = match consumer.assignment_lost() {
            true => self.give_up("the assignment is lost"),
            false => self.finish(consumer),
        };
        self.tell_tables(&gone);
        for partition in &gone {
            self.ready.remove(partition);
            self.serials().remove(partition);
            telemetry::table_size("seen", *partition, 0);
        }
        self.shared.readiness.revoked(Stage::Publish, &gone);
        crash_point::pass("publish-before-unassign");
        if let Err(e) = consumer.incremental_unassign(list) {
            self.broken = Some(e.into());
        }
        self.after(consumer, finish);
    }

    /// Starts the restore of partitions, each on a thread of its own.
    fn take(&mut self, partitions: Vec<i32>) {
        self.shared.readiness.restoring(Stage::Publish, &partitions);
        let at_hand = self
            .askers
            .take()
            .map_or_else(|| Askers::open(&self.shared.config.kafka, "publish").map(Arc::new), Ok);
        let askers = match at_hand {
            Ok(askers) => askers,
            Err(e) => return self.broken = Some(e.into()),
        };
        for partition in partitions {
            self.last_serial += 1;
            let serial = self.last_serial;
            self.ready.remove(&partition);
            self.serials().insert(partition, serial);
            let (shared, serials) = (self.shared.clone(), self.serials.clone());
            let (askers, restored) = (askers.clone(), self.restored.clone());
            let restore = move || {
                let is_current = || serials.lock().is_ok_and(|held| held.get(&partition) == Some(&serial));
                let names = &shared.outlet.names;
                let topics = (names.candidates.as_str(), names.seen.as_str());
                let taken = take_over(&shared.config.kafka, topics, partition, &askers, &is_current);
                // Nobody listens when the stage has ended meanwhile.
                let _ = restored.send((partition, serial, taken));
            };
            if let Err(e) = std::thread::Builder::new().name(format!("restore-{partition}")).spawn(restore) {
                self.broken = Some(StageError::Start(e.to_string()));
            }
        }
    }

    /// Keeps a restored table if it is still wanted; gives where the partition goes on.
    pub fn restored(&mut self, (partition, serial, taken): Restored) -> Result<Option<Offset>, StageError> {
        if !self.is_current(partition, serial) {
            return Ok(None);
        }
        let Some(taken) = taken? else { return Ok(None) };
        telemetry::table_size("seen", partition, taken.table.articles());
        tracing::info!(
            partition,
            articles = taken.table.articles(),
            aliases = taken.table.aliases(),
            stable_offset = taken.stable_offset,
            "partition_restored"
        );
        let TakenOver { table, stable_offset, changelog_end } = taken;
        self.ready
            .insert(partition, Ready { table, serial, changelog_end, next: stable_offset, delivers: false });
        Ok(Some(stable_offset.map_or(Offset::Beginning, Offset::Offset)))
    }

    /// The consumer has moved to where the partition goes on.
    pub fn delivers(&mut self, partition: i32) {
        if let Some(ready) = self.ready.get_mut(&partition) {
            ready.delivers = true;
        }
    }

    fn serials(&self) -> std::sync::MutexGuard<'_, HashMap<i32, u64>> {
        self.serials.lock().expect("nobody panics while holding the serials")
    }

    pub fn is_current(&self, partition: i32, serial: u64) -> bool {
        self.serials().get(&partition) == Some(&serial)
    }

    // --- a candidate ---

    /// Under which serial the partition delivers; `None`: what was read of it is read again, here or elsewhere.
    pub fn delivering(&self, partition: i32) -> Option<u64> {
        self.ready.get(&partition).filter(|ready| ready.delivers).map(|ready| ready.serial)
    }

    /// Judges one candidate and writes what follows into the open transaction.
    pub fn candidate(&mut self, read: Read) -> Result<(), KafkaError> {
        let Read { record, content, took } = read;
        let (partition, offset) = (record.partition, record.offset);
        if self.delivering(partition) != Some(record.serial) {
            return Ok(());
        }
        crash_point::pass("publish-after-poll");
        self.begin()?;
        self.transactions.on_behalf_of(partition, offset);
        telemetry::received(Stage::Publish);
        let refused = self.too_large.get(&(partition, offset)).copied();
        let (now, started) = (self.shared.fetcher.now(), Instant::now());
        let (Some(ready), Some(open)) = (self.ready.get_mut(&partition), self.open.as_mut()) else {
            return Ok(());
        };
        if ready.next.is_some_and(|next| offset < next) {
            // The Kafka topic has lost its end, or somebody reset the group: read again it is known, not published again.
            tracing::warn!(partition, offset, next = ready.next, "candidates_start_over");
        }
        let claims = open.claims.entry(partition).or_default();
        claims.mark();
        let to = (self.shared.as_ref(), &self.transactions);
        let ending = match content {
            Content::Candidate { job, url, identified } => {
                let verdict = match (refused, identified) {
                    (Some(times), _) => Verdict::Reject(Box::new(too_large(&job, url, times, now))),
                    (None, Some(identified)) => {
                        judge(&self.shared, (&job, url), (*identified, offset), claims, &ready.table)
                    }
                    (None, None) => Verdict::Reject(Box::new(fault(&job, url, now))),
                };
                crash_point::pass("publish-after-claim");
                let verdict = deliver(to, verdict, claims, &job)?;
                let headline = match &verdict {
                    Verdict::Event(_, event) => Some(Headline::of(event)),
                    _ => None,
                };
                open.announced.push((job.source.timestamp, headline));
                let ending = verdict.ending(&job, now);
                let attributes =
                    [("newswire.site", job.site.as_str()), ("newswire.outcome", ending.outcome.as_str())];
                telemetry::span(Stage::Publish, &job.source, took + started.elapsed(), &job.url, &attributes);
                Some(ending)
            }
            Content::Command(command) => {
                obey(to, *command, offset, (claims, &ready.table))?;
                None
            }
            Content::Unknown(why) => {
                let source = source_record(&record);
                let reject =
                    Reject::new(&source, (Stage::Publish, Reason::UnknownVersion, why), None, 0, now);
                write_reject(to, &reject)?;
                Some(Ending::of_reject(&reject, &source, None, now))
            }
        };
        if let Some(ending) = &ending {
            let (key, value) = outcome_record(ending, now);
            let outcomes = &self.shared.outlet.names.outcomes;
            self.transactions.send(outcomes, key.as_bytes(), Some(&value), None, None)?;
        }
        crash_point::pass("publish-after-produce");
        open.endings.extend(ending);
        open.next.insert(partition, offset + 1);
        open.candidates += 1;
        ready.next = Some(offset + 1);
        self.transactions.serve();
        telemetry::stage_duration(Stage::Publish, took + started.elapsed());
        Ok(())
    }

    fn begin(&mut self) -> Result<(), KafkaError> {
        if self.open.is_none() {
            self.transactions.begin()?;
            self.open = Some(Open {
                since: Instant::now(),
                next: BTreeMap::new(),
                claims: BTreeMap::new(),
                endings: Vec::new(),
                announced: Vec::new(),
                candidates: 0,
            });
        }
        Ok(())
    }

    /// Tombstones for articles not met for `before_ms`. They go with their partition's offset, unchanged if need be.
    pub fn expire(&mut self, before_ms: i64) -> Result<(), KafkaError> {
        let due: Vec<(i32, i64, Vec<_>)> = self
            .ready
            .iter_mut()
            .filter_map(|(partition, ready)| {
                let expired = ready.table.expired(before_ms, EXPIRE_AT_ONCE);
                Some((*partition, ready.next?, expired)).filter(|(_, _, expired)| !expired.is_empty())
            })
            .collect();
        for (partition, next, expired) in due {
            self.begin()?;
            let Some(open) = self.open.as_mut() else { continue };
            open.next.entry(partition).or_insert(next);
            let claims = open.claims.entry(partition).or_default();
            // What this batch has just met again is not forgotten.
            let due: Vec<_> = expired.into_iter().filter(|id| !claims.is_claimed(id)).collect();
            due.into_iter().for_each(|id| claims.remove(id));
        }
        Ok(())
    }

    /// What each table was when it was let go, for whoever compares it with a rebuild from its Kafka topic.
    fn tell_tables(&self, partitions: &[i32]) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        for (partition, ready) in self.ready.iter().filter(|(partition, _)| partitions.contains(partition)) {
            let digest = format!("{:016x}", ready.table.digest());
            tracing::debug!(partition, articles = ready.table.articles(), digest, "partition_let_go");
        }
    }
}

/// Writes a verdict into the open transaction. An event over the size that brokers take becomes a reject, and what was
/// claimed for it is taken back.
fn deliver(
    (shared, transactions): (&Shared, &Transactions),
    verdict: Verdict,
    claims: &mut Claims,
    job: &Job,
) -> Result<Verdict, KafkaError> {
    let (kind, event) = match verdict {
        Verdict::Event(kind, event) => (kind, event),
        Verdict::Duplicate { .. } => return Ok(verdict),
        Verdict::Reject(reject) => {
            write_reject((shared, transactions), &reject)?;
            return Ok(Verdict::Reject(reject));
        }
    };
    let (payload, headers) = (to_json(&event), cloud_event::headers(kind, &event, job));
    let articles = &shared.outlet.names.articles;
    match transactions.send(articles, event.article_id.as_bytes(), Some(&payload), Some(headers), None) {
        Ok(()) => {
            tell_conflicts(&event);
            Ok(Verdict::Event(kind, event))
        }
        Err(e) if is_too_large(&e) => {
            claims.take_back();
            let message = format!("the event of {} bytes is larger than the brokers take", payload.len());
            let why = (Stage::Publish, Reason::RecordTooLarge, message);
            let reject = Reject::new(&job.source, why, Some(event.url), 0, shared.fetcher.now());
            write_reject((shared, transactions), &reject)?;
            Ok(Verdict::Reject(Box::new(reject)))
        }
        Err(e) => Err(e),
    }
}

/// A template that prints one name on every page is the publisher's mistake, and somebody should tell them.
fn tell_conflicts(event: &ArticleEvent) {
    let conflicts = event.extraction.warnings.iter().filter_map(|w| w.strip_prefix("identity_conflict:"));
    for name in conflicts {
        telemetry::identity_conflict();
        tracing::warn!(name, article_id = event.article_id, site = event.site, "identity_conflict");
    }
}

/// The reject of a candidate of which the brokers refused a record for its size; the second time it was the reject's own.
fn too_large(job: &Job, url: String, times: u32, now: Timestamp) -> Reject {
    let message = "a record of it is larger than the brokers take".to_owned();
    let why = (Stage::Publish, Reason::RecordTooLarge, message);
    let reject = Reject::new(&job.source, why, Some(url), 0, now);
    if times > 1 { reject.without_record() } else { reject }
}

/// The pipeline's verdict. A panic there would come again with the candidate, for ever and in every worker: it costs
/// this candidate, not the partition.
fn judge(
    shared: &Shared,
    (job, url): (&Job, String),
    (identified, offset): (Identified, i64),
    claims: &mut Claims,
    table: &SeenTable,
) -> Verdict {
    let now = shared.fetcher.now();
    let judged = catch_unwind(AssertUnwindSafe(|| {
        crash_point::pass("publish-judge");
        shared.pipeline.publish(identified, offset, claims, table, now)
    }));
    judged.unwrap_or_else(|_| {
        // What it had claimed when it broke off is nobody's.
        claims.take_back();
        Verdict::Reject(Box::new(fault(job, url, now)))
    })
}

fn fault(job: &Job, url: String, now: Timestamp) -> Reject {
    let message = "judging it failed, which is a fault of newswire".to_owned();
    Reject::new(&job.source, (Stage::Publish, Reason::InternalError, message), Some(url), 0, now)
}

/// A reject without its record's bytes where it would be too large with them.
fn write_reject((shared, transactions): (&Shared, &Transactions), reject: &Reject) -> Result<(), KafkaError> {
    let send = |reject: &Reject| {
        let (rejects, key) = (&shared.outlet.names.rejects, reject.reject_id.as_bytes());
        transactions.send(rejects, key, Some(&to_json(reject)), None, None)
    };
    match send(reject) {
        Err(e) if is_too_large(&e) => send(&reject.clone().without_record()),
        sent => sent,
    }
}
