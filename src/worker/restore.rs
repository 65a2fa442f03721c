//! Reading a table back from its Kafka topic when a partition is taken over. Blocking: on a thread of its own.

use super::clients::{self, Aside, Reader};
use super::{StageError, crash_point, is_refusal};
use crate::config::KafkaSettings;
use crate::memory::{PagesKey, PagesTable, PagesValue, SeenTable};
use crate::telemetry;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const CALL: Duration = Duration::from_secs(5);
/// How long the first question has; each later one has twice as long, up to `CALL`.
const FIRST_CALL: Duration = Duration::from_millis(25);
const PAUSE: Duration = Duration::from_millis(50);
/// Before fresh clients ask the same, and twice as long before the next ones, up to the most: a partition may have no
/// leader for hours.
const BREATH: Duration = Duration::from_millis(250);
const MOST_BREATH: Duration = Duration::from_secs(15);
/// A changelog that ends before what was committed: for a while that is a transaction still open, for longer it is lost.
/// `transaction.timeout.ms` and the broker's scan of open transactions, with room to spare (EXACTLY_ONCE rule 3).
const CHANGELOG_LOST_AFTER: Duration = Duration::from_secs(10 + 20);

/// Brokers that have not answered a client for so long may have answered another: it is given up for a fresh one. Longer
/// than an open transaction hides an offset.
const NO_ANSWER_AFTER: Duration = Duration::from_secs(40);

/// Why a restore stopped before its end.
enum Halt {
    /// Nobody waits for it any more.
    NotWanted,
    /// Its clients get no answer to this, and fresh ones may.
    NoAnswer(&'static str),
    Failed(StageError),
}

impl<E: Into<StageError>> From<E> for Halt {
    fn from(e: E) -> Halt {
        Halt::Failed(e.into())
    }
}

/// Asked between the steps: an answer that nobody waits for is not worth its work, and one that does not come is not
/// waited for for ever.
struct Waiting<'a> {
    is_wanted: &'a dyn Fn() -> bool,
    answered_at: Instant,
    patience: Duration,
}

impl<'a> Waiting<'a> {
    fn new(is_wanted: &'a dyn Fn() -> bool) -> Waiting<'a> {
        Waiting { is_wanted, answered_at: Instant::now(), patience: FIRST_CALL }
    }

    /// How long the next question has. A client of librdkafka 2.12 that is not connected yet when it is asked waits in the
    /// call for half a second and more after it is (`rd_kafka_topic_partition_list_query_leaders`, `rd_kafka_committed`):
    /// asked again it answers at once.
    fn patience(&mut self) -> Duration {
        let patience = self.patience;
        self.patience = (2 * patience).min(CALL);
        patience
    }

    fn goes_on(&self, asked: &'static str) -> Result<(), Halt> {
        match (self.is_wanted)() {
            false => Err(Halt::NotWanted),
            true if self.answered_at.elapsed() > NO_ANSWER_AFTER => Err(Halt::NoAnswer(asked)),
            true => Ok(()),
        }
    }

    fn answered(&mut self) {
        self.answered_at = Instant::now();
    }
}

/// Runs a restore with the clients that it is given, then with fresh ones each time that the last got no answer; `None` when
/// nobody waits any more.
fn until_answered<A, T>(
    (kafka_topic, partition): (&str, i32),
    is_wanted: &dyn Fn() -> bool,
    (askers, fresh): (&A, &dyn Fn() -> Result<A, KafkaError>),
    mut restore: impl FnMut(&A, &mut Waiting<'_>) -> Result<T, Halt>,
) -> Result<Option<T>, StageError> {
    let (mut breath, mut own) = (BREATH, None);
    loop {
        match restore(own.as_ref().unwrap_or(askers), &mut Waiting::new(is_wanted)) {
            Ok(restored) => return Ok(Some(restored)),
            Err(Halt::NotWanted) => return Ok(None),
            Err(Halt::Failed(e)) => return Err(e),
            Err(Halt::NoAnswer(asked)) => {
                tracing::warn!(kafka_topic, partition, asked, "restore_starts_over");
                let begun = Instant::now();
                while begun.elapsed() < breath && is_wanted() {
                    std::thread::sleep(PAUSE);
                }
                breath = (2 * breath).min(MOST_BREATH);
                own = Some(fresh()?);
            }
        }
    }
}

/// Answer what is asked before a table is read. Partitions that are taken over together share them: a client takes longer
/// to find the brokers than they take to answer, and a stage begins with as many partitions as there are.
pub struct Askers {
    /// Offsets and ends as far as nothing is open any more.
    stable: Aside,
    /// Whatever has been written.
    dirty: Aside,
}

impl Askers {
    /// They look for the brokers from now on.
    pub fn open(settings: &KafkaSettings, stage: &str) -> Result<Askers, KafkaError> {
        let asker = |isolation| clients::offset_reader(settings, stage, isolation).map(Aside::from);
        Ok(Askers { stable: asker("read_committed")?, dirty: asker("read_uncommitted")? })
    }
}

/// For tables that are not written in transactions.
pub fn open_asker(settings: &KafkaSettings) -> Result<Aside, KafkaError> {
    clients::offset_reader(settings, clients::NO_STAGE, "read_uncommitted").map(Aside::from)
}

/// A partition of the publish stage taken over.
pub struct TakenOver {
    pub table: SeenTable,
    /// Where to go on in `newswire.candidates`; `None`: never committed, from the beginning.
    pub stable_offset: Option<i64>,
    /// The changelog's known end, for the metadata of the next commit.
    pub changelog_end: i64,
}

/// EXACTLY_ONCE rule 2: stable offset, then the target, then wait for the last stable offset, only then read.
pub fn take_over(
    settings: &KafkaSettings,
    (candidates, seen): (&str, &str),
    partition: i32,
    askers: &Askers,
    is_current: &dyn Fn() -> bool,
) -> Result<Option<TakenOver>, StageError> {
    let fresh = || Askers::open(settings, "publish");
    until_answered((seen, partition), is_current, (askers, &fresh), |Askers { stable, dirty }, waiting| {
        let (stable_offset, carried) = stable_offset(stable, candidates, partition, waiting)?;
        crash_point::pass("restore-after-offset");
        let target = match carried {
            Some(carried) => carried.changelog_end,
            None => {
                patiently(waiting, "the end", |call| Ok(dirty.fetch_watermarks(seen, partition, call)?.1))?
            }
        };
        await_end(stable, (seen, partition), target, waiting)?;
        crash_point::pass("restore-after-target");
        let mut table = SeenTable::with_room_for(usize::try_from(target).unwrap_or_default());
        let open = || clients::table_reader(settings, "publish", "read_committed");
        let from = ("seen", seen, partition);
        let end = read_to_end((stable, &open), target, from, waiting, &mut |key, value| {
            table.apply_record(key, value)?;
            crash_point::pass("restore-after-record");
            Ok(())
        })?;
        table.give_back_room();
        crash_point::pass("restore-done");
        Ok(TakenOver { table, stable_offset, changelog_end: target.max(end) })
    })
}

/// What goes with every committed offset of `newswire.candidates` (EXACTLY_ONCE rule 3), and how many partitions there
/// were: a count that changed has moved sites away from their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    pub changelog_end: i64,
    /// Missing in what newswire 0.1.0 committed at first.
    pub partitions: Option<u32>,
}

impl Carried {
    pub fn to_metadata(self) -> String {
        match self.partitions {
            Some(partitions) => format!("{};{partitions}", self.changelog_end),
            None => self.changelog_end.to_string(),
        }
    }

    /// `None` for what somebody else committed.
    pub fn of_metadata(text: &str) -> Option<Carried> {
        let (end, partitions) = text.split_once(';').unwrap_or((text, ""));
        Some(Carried { changelog_end: end.parse().ok()?, partitions: partitions.parse().ok() })
    }
}

/// Says so where `newswire.candidates` had another partition count when its offsets were committed. Waits for brokers
/// that are away; an offset that an open transaction hides was committed under the same count as the one before it.
pub fn check_partition_count(
    settings: &KafkaSettings,
    candidates: &str,
    is: u32,
    askers: &Askers,
    is_current: &dyn Fn() -> bool,
) -> Result<(), StageError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_range(candidates, 0, i32::try_from(is).unwrap_or(i32::MAX) - 1);
    let fresh = || Askers::open(settings, "publish");
    let offsets =
        until_answered((candidates, 0), is_current, (askers, &fresh), |Askers { dirty, .. }, waiting| {
            patiently(waiting, "the committed offsets", |call| dirty.committed_offsets(list.clone(), call))
        })?;
    let elements = offsets.as_ref().map(TopicPartitionList::elements).unwrap_or_default();
    let counts = elements.iter().filter_map(|element| Carried::of_metadata(element.metadata())?.partitions);
    match counts.into_iter().find(|was| *was != is) {
        Some(was) => Err(StageError::PartitionsChanged { kafka_topic: candidates.to_owned(), was, is }),
        None => Ok(()),
    }
}

/// The pages of one partition. Not transactional: up to the end as it is now. `None` when nobody waits any more.
pub fn restore_pages(
    settings: &KafkaSettings,
    pages: &str,
    partition: i32,
    asker: &Aside,
    is_current: &dyn Fn() -> bool,
) -> Result<Option<PagesTable>, StageError> {
    until_answered((pages, partition), is_current, (asker, &|| open_asker(settings)), |asker, waiting| {
        let mut table = PagesTable::default();
        let open = || clients::table_reader(settings, clients::NO_STAGE, "read_uncommitted");
        read_to_end((asker, &open), 0, ("pages", pages, partition), waiting, &mut |key, value| {
            let value = value.map(PagesValue::decode).transpose()?;
            table.apply(PagesKey::decode(key)?, value);
            Ok(())
        })?;
        Ok(table)
    })
}

/// The committed offset and the changelog end in its metadata, asked for until both call and partition are without
/// error: an offset is unstable while a dead owner's transaction is open.
fn stable_offset(
    client: &BaseConsumer<Reader>,
    candidates: &str,
    partition: i32,
    waiting: &mut Waiting<'_>,
) -> Result<(Option<i64>, Option<Carried>), Halt> {
    let mut list = TopicPartitionList::new();
    list.add_partition(candidates, partition);
    patiently(waiting, "the stable offset", |call| {
        let answer = client.committed_offsets(list.clone(), call)?;
        let missing = KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition);
        let element = answer.find_partition(candidates, partition).ok_or(missing)?;
        element.error()?;
        Ok(match element.offset() {
            Offset::Offset(offset) => (Some(offset), Carried::of_metadata(element.metadata())),
            _ => (None, None),
        })
    })
}

/// Asks again until the brokers answer.
fn patiently<T>(
    waiting: &mut Waiting<'_>,
    asked: &'static str,
    ask: impl Fn(Duration) -> Result<T, KafkaError>,
) -> Result<T, Halt> {
    loop {
        waiting.goes_on(asked)?;
        let begun = Instant::now();
        match ask(waiting.patience()) {
            Ok(answer) => {
                waiting.answered();
                return Ok(answer);
            }
            Err(e) if e.rdkafka_error_code().is_some_and(is_refusal) => return Err(e.into()),
            Err(e) if knows_no_partition(&e) => return Err(Halt::NoAnswer(asked)),
            Err(e) => tracing::debug!(error = %e, "restore_waits_for_broker"),
        }
        std::thread::sleep(PAUSE.saturating_sub(begun.elapsed()));
    }
}

/// Partitions of a broker that is fenced have no leader. A client of librdkafka 2.12 that has heard so calls them unknown
/// from memory, without asking anybody, until its metadata is refreshed, after 5 minutes (seen 30 s long, while a fresh
/// client had its answer at once).
fn knows_no_partition(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition)
}

/// Where the reader stands in its one partition, past control records and what was aborted.
fn stands_at(reader: &BaseConsumer<Reader>, (topic, partition): (&str, i32)) -> i64 {
    let position = reader.position().ok();
    let element = position.as_ref().and_then(|list| list.find_partition(topic, partition));
    match element.map(|element| element.offset()) {
        Some(Offset::Offset(offset)) => offset,
        _ => 0,
    }
}

fn from((topic, partition): (&str, i32), offset: i64) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    Ok(list)
}

/// Waits until the partition's end for this reader (committed records: its last stable offset) has reached `target`.
fn await_end(
    reader: &BaseConsumer<Reader>,
    (topic, partition): (&str, i32),
    target: i64,
    waiting: &mut Waiting<'_>,
) -> Result<(), Halt> {
    let mut short_since = None;
    loop {
        waiting.goes_on("the end")?;
        match reader.fetch_watermarks(topic, partition, waiting.patience()).map(|(_, end)| end) {
            Ok(end) if end >= target => {
                waiting.answered();
                return Ok(());
            }
            Ok(end) if short_since.get_or_insert_with(Instant::now).elapsed() > CHANGELOG_LOST_AFTER => {
                // Published without that memory, articles would come twice: not publishing is the lesser evil.
                let (kafka_topic, behind) = (topic.to_owned(), target - end);
                return Err(StageError::ChangelogLost { kafka_topic, partition, behind }.into());
            }
            Ok(_) => waiting.answered(),
            Err(e) if knows_no_partition(&e) => return Err(Halt::NoAnswer("the end")),
            // Brokers that are away say nothing of the changelog: its time runs only while they answer.
            Err(_) => short_since = None,
        }
        std::thread::sleep(PAUSE);
    }
}

/// Who is asked for the ends, and what makes the reader where there is something to read.
type Reading<'a> = (&'a BaseConsumer<Reader>, &'a dyn Fn() -> Result<BaseConsumer<Reader>, KafkaError>);
type Apply<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), crate::memory::BadChangelog>;

/// Every record of one partition, in order, until the first end of partition (one that comes too early, from a leader
/// that has just taken over, is waited for and read up to once more); gives one past the last offset, 0 where there is
/// nothing to read. An end before `at_least` is none: a leader that has just taken over may not know yet how far its
/// records are committed.
fn read_to_end(
    (asker, open): Reading<'_>,
    at_least: i64,
    (table, topic, partition): (&'static str, &str, i32),
    waiting: &mut Waiting<'_>,
    apply: Apply<'_>,
) -> Result<i64, Halt> {
    let (first, last) =
        patiently(waiting, "the ends", |call| asker.fetch_watermarks(topic, partition, call))?;
    let mut progress = Progress::of(table, partition, first..last);
    if first == last && last >= at_least {
        return Ok(0);
    }
    let reader = Aside::from(open()?);
    // Asked before it is assigned: a reader that does not know the partition's leader looks again after 500 ms.
    patiently(waiting, "the ends", |call| reader.fetch_watermarks(topic, partition, call))?;
    reader.assign(&from((topic, partition), first)?)?;
    let (mut end, mut read_again) = (0, false);
    loop {
        waiting.goes_on("the records")?;
        match reader.poll(Duration::from_secs(1)) {
            None => {}
            Some(Ok(message)) => {
                waiting.answered();
                let offset = message.offset();
                progress.read(offset);
                apply(message.key().unwrap_or_default(), message.payload()).map_err(|problem| {
                    StageError::BadChangelog { kafka_topic: topic.to_owned(), partition, offset, problem }
                })?;
                end = offset + 1;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                waiting.answered();
                if read_again || stands_at(&reader, (topic, partition)).max(end) >= at_least {
                    return Ok(end);
                }
                await_end(&reader, (topic, partition), at_least, waiting)?;
                reader.assign(&from((topic, partition), end)?)?;
                read_again = true;
            }
            Some(Err(e)) if e.rdkafka_error_code().is_some_and(is_refusal) => return Err(e.into()),
            Some(Err(e)) => {
                tracing::debug!(error = %e, kafka_topic = topic, partition, "restore_waits_for_broker")
            }
        }
    }
}

/// What the status page is told of a restore; that it is over, too, however it ends.
struct Progress {
    table: &'static str,
    partition: i32,
    /// The first offset and the end, as the brokers said when it began.
    offsets: std::ops::Range<i64>,
    records: u64,
}

/// Between two reports: a table of millions must not be slowed down by telling of it.
const REPORT_EVERY: u64 = 1000;

impl Progress {
    fn of(table: &'static str, partition: i32, offsets: std::ops::Range<i64>) -> Progress {
        let progress = Progress { table, partition, offsets, records: 0 };
        progress.tell(progress.offsets.start);
        progress
    }

    fn read(&mut self, offset: i64) {
        self.records += 1;
        if self.records.is_multiple_of(REPORT_EVERY) {
            self.tell(offset + 1);
        }
    }

    fn tell(&self, next: i64) {
        let since_first = |offset: i64| u64::try_from(offset - self.offsets.start).unwrap_or_default();
        telemetry::restoring(self.table, self.partition, since_first(next), since_first(self.offsets.end));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        telemetry::restored(self.table, self.partition, self.records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_no_answer_is_begun_again_and_what_nobody_waits_for_is_not() {
        let mut begun = 0;
        let fresh = || Ok("fresh");
        let restored = until_answered(("seen", 1), &|| true, (&"shared", &fresh), |asked, waiting| {
            begun += 1;
            assert_eq!(*asked, if begun == 1 { "shared" } else { "fresh" });
            if begun < 3 {
                waiting.answered_at =
                    Instant::now().checked_sub(2 * NO_ANSWER_AFTER).expect("a clock that ran");
            }
            waiting.goes_on("the end")?;
            Ok(begun)
        });
        assert!(matches!(restored, Ok(Some(3))));
        let clients = (&"shared", &fresh as &dyn Fn() -> _);
        let goes_on = |_: &&str, waiting: &mut Waiting<'_>| waiting.goes_on("the end");
        let unwanted = until_answered(("seen", 1), &|| false, clients, goes_on);
        assert!(matches!(unwanted, Ok(None)));
        let failed: Result<Option<()>, _> =
            until_answered(("seen", 1), &|| true, clients, |_, _| Err(Halt::Failed(StageError::Thread)));
        assert!(matches!(failed, Err(StageError::Thread)));
    }

    #[test]
    fn each_question_has_twice_as_long_as_the_one_before_it_and_no_longer_than_a_call() {
        let mut waiting = Waiting::new(&|| true);
        let asked: Vec<Duration> = (0..10).map(|_| waiting.patience()).collect();
        assert_eq!(asked[..3], [FIRST_CALL, 2 * FIRST_CALL, 4 * FIRST_CALL]);
        assert_eq!(asked[9], CALL);
        // An answer does not make a slow broker quick.
        waiting.answered();
        assert_eq!(waiting.patience(), CALL);
    }

    #[test]
    fn a_client_that_knows_no_partition_is_not_asked_again_and_any_other_is() {
        let asked = |answers: &[Option<RDKafkaErrorCode>]| {
            let mut rest = answers.iter();
            let answer = std::cell::RefCell::new(|| match rest.next() {
                Some(Some(code)) => Err(KafkaError::MetadataFetch(*code)),
                _ => Ok(7),
            });
            let mut waiting = Waiting::new(&|| true);
            patiently(&mut waiting, "the end", |_| answer.borrow_mut()())
        };
        use RDKafkaErrorCode as Code;
        assert!(matches!(asked(&[Some(Code::OperationTimedOut), None]), Ok(7)));
        assert!(matches!(asked(&[Some(Code::UnknownPartition), None]), Err(Halt::NoAnswer("the end"))));
        assert!(matches!(asked(&[Some(Code::GroupAuthorizationFailed), None]), Err(Halt::Failed(_))));
    }
}
