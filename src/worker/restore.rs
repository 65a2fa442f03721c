//! Reading a table back from its Kafka topic when a partition is taken over. Blocking: on a thread of its own.

use super::clients::{self, Reader};
use super::{StageError, crash_point, is_refusal};
use crate::config::KafkaSettings;
use crate::memory::{PagesKey, PagesTable, PagesValue, SeenTable};
use crate::telemetry;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const CALL: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// A changelog that ends before what was committed: for a while that is a transaction still open, for longer it is lost.
/// `transaction.timeout.ms` and the broker's scan of open transactions, with room to spare (EXACTLY_ONCE rule 3).
const CHANGELOG_LOST_AFTER: Duration = Duration::from_secs(10 + 20);

/// A partition of the publish stage taken over.
pub struct TakenOver {
    pub table: SeenTable,
    /// Where to go on in `newswire.candidates`; `None`: never committed, from the beginning.
    pub stable_offset: Option<i64>,
    /// The changelog's known end, for the metadata of the next commit.
    pub changelog_end: i64,
}

/// Two clients that ask what was committed and where a changelog ends, for all partitions of the publish stage: a client
/// that was there before knows the brokers already.
pub struct Onlookers {
    /// Of committed transactions only: stable offsets, last stable offsets.
    committed: BaseConsumer<Reader>,
    /// Of everything: high watermarks.
    dirty: BaseConsumer<Reader>,
}

impl Onlookers {
    pub fn new(settings: &KafkaSettings) -> Result<Onlookers, KafkaError> {
        let reader =
            |isolation| clients::offset_reader(settings, "publish", isolation).create_with_context(Reader);
        Ok(Onlookers { committed: reader("read_committed")?, dirty: reader("read_uncommitted")? })
    }
}

/// EXACTLY_ONCE rule 2: stable offset, then the target, then wait for the last stable offset, only then read.
/// `is_current` is asked between the steps: an answer that nobody waits for is not worth its work.
pub fn take_over(
    settings: &KafkaSettings,
    Onlookers { committed, dirty }: &Onlookers,
    (candidates, seen): (&str, &str),
    partition: i32,
    is_current: &dyn Fn() -> bool,
) -> Result<Option<TakenOver>, StageError> {
    let Some((stable_offset, carried)) = stable_offset(committed, candidates, partition, is_current) else {
        return Ok(None);
    };
    crash_point::pass("restore-after-offset");
    let target = match carried {
        Some(carried) => carried.changelog_end,
        None => patiently(is_current, || Ok(dirty.fetch_watermarks(seen, partition, CALL)?.1))?.unwrap_or(0),
    };
    if !await_end((committed, is_current), (seen, partition), target)? {
        return Ok(None);
    }
    crash_point::pass("restore-after-target");
    let mut table = SeenTable::with_room_for(usize::try_from(target).unwrap_or_default());
    let span = Span { at_least: target, isolation: "read_committed" };
    let end = read_to_end(settings, span, ("seen", seen, partition), is_current, &mut |key, value| {
        table.apply_record(key, value)?;
        crash_point::pass("restore-after-record");
        Ok(())
    })?;
    let Some(end) = end else { return Ok(None) };
    table.give_back_room();
    crash_point::pass("restore-done");
    Ok(Some(TakenOver { table, stable_offset, changelog_end: target.max(end) }))
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
    Onlookers { dirty, .. }: &Onlookers,
    candidates: &str,
    is: u32,
    is_current: &dyn Fn() -> bool,
) -> Result<(), StageError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_range(candidates, 0, i32::try_from(is).unwrap_or(i32::MAX) - 1);
    let offsets = patiently(is_current, || dirty.committed_offsets(list.clone(), CALL))?;
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
    is_current: &dyn Fn() -> bool,
) -> Result<Option<PagesTable>, StageError> {
    let mut table = PagesTable::default();
    let span = Span { at_least: 0, isolation: "read_uncommitted" };
    let end = read_to_end(settings, span, ("pages", pages, partition), is_current, &mut |key, value| {
        let value = value.map(PagesValue::decode).transpose()?;
        table.apply(PagesKey::decode(key)?, value);
        Ok(())
    })?;
    Ok(end.map(|_| table))
}

/// The committed offset and the changelog end in its metadata, asked for until both call and partition are without
/// error: an offset is unstable while a dead owner's transaction is open. `None` when nobody waits any more.
fn stable_offset(
    client: &BaseConsumer<Reader>,
    candidates: &str,
    partition: i32,
    is_current: &dyn Fn() -> bool,
) -> Option<(Option<i64>, Option<Carried>)> {
    while is_current() {
        let mut list = TopicPartitionList::new();
        list.add_partition(candidates, partition);
        if let Ok(answer) = client.committed_offsets(list, CALL) {
            let elements = answer.elements();
            if let Some(element) = elements.first().filter(|element| element.error().is_ok()) {
                return Some(match element.offset() {
                    Offset::Offset(offset) => (Some(offset), Carried::of_metadata(element.metadata())),
                    _ => (None, None),
                });
            }
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// Asks again until the brokers answer or nobody waits any more.
fn patiently<T>(
    is_current: &dyn Fn() -> bool,
    ask: impl Fn() -> Result<T, KafkaError>,
) -> Result<Option<T>, StageError> {
    while is_current() {
        match ask() {
            Ok(answer) => return Ok(Some(answer)),
            Err(e) if e.rdkafka_error_code().is_some_and(is_refusal) => return Err(e.into()),
            Err(e) => tracing::debug!(error = %e, "restore_waits_for_broker"),
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
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
    let begin = if offset == 0 { Offset::Beginning } else { Offset::Offset(offset) };
    list.add_partition_offset(topic, partition, begin)?;
    Ok(list)
}

/// Waits until the partition's end for this reader (committed records: its last stable offset) has reached `target`.
/// False when nobody waits any more.
fn await_end(
    (reader, is_current): (&BaseConsumer<Reader>, &dyn Fn() -> bool),
    (topic, partition): (&str, i32),
    target: i64,
) -> Result<bool, StageError> {
    let mut short_since = None;
    while is_current() {
        match reader.fetch_watermarks(topic, partition, CALL).map(|(_, end)| end) {
            Ok(end) if end >= target => return Ok(true),
            Ok(end) if short_since.get_or_insert_with(Instant::now).elapsed() > CHANGELOG_LOST_AFTER => {
                // Published without that memory, articles would come twice: not publishing is the lesser evil.
                let (kafka_topic, behind) = (topic.to_owned(), target - end);
                return Err(StageError::ChangelogLost { kafka_topic, partition, behind });
            }
            Ok(_) => {}
            // Brokers that are away say nothing of the changelog: its time runs only while they answer.
            Err(_) => short_since = None,
        }
        std::thread::sleep(PAUSE);
    }
    Ok(false)
}

type Apply<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), crate::memory::BadChangelog>;

/// What of a partition is read.
#[derive(Clone, Copy)]
struct Span {
    /// An end before this is none: a leader that has just taken over may not know yet how far its records are committed.
    at_least: i64,
    isolation: &'static str,
}

/// Every record of one partition, in order, until the first end of partition (one that comes too early, from a leader
/// that has just taken over, is waited for and read up to once more); gives one past the last offset. `None` when
/// nobody waits any more.
fn read_to_end(
    settings: &KafkaSettings,
    span: Span,
    (table, topic, partition): (&'static str, &str, i32),
    is_current: &dyn Fn() -> bool,
    apply: Apply<'_>,
) -> Result<Option<i64>, StageError> {
    let reader: BaseConsumer<Reader> =
        clients::table_reader(settings, span.isolation).create_with_context(Reader)?;
    reader.assign(&from((topic, partition), 0)?)?;
    let (mut end, mut read_again) = (0, false);
    let mut progress = Progress::of(&reader, table, topic, partition);
    while is_current() {
        match reader.poll(Duration::from_secs(1)) {
            None => {}
            Some(Ok(message)) => {
                let offset = message.offset();
                progress.read(offset);
                apply(message.key().unwrap_or_default(), message.payload()).map_err(|problem| {
                    StageError::BadChangelog { kafka_topic: topic.to_owned(), partition, offset, problem }
                })?;
                end = offset + 1;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                if read_again || stands_at(&reader, (topic, partition)).max(end) >= span.at_least {
                    return Ok(Some(end));
                }
                let is_there = await_end((&reader, is_current), (topic, partition), span.at_least)?;
                if !is_there {
                    return Ok(None);
                }
                reader.assign(&from((topic, partition), end)?)?;
                read_again = true;
            }
            Some(Err(e)) if e.rdkafka_error_code().is_some_and(is_refusal) => return Err(e.into()),
            Some(Err(e)) => {
                tracing::debug!(error = %e, kafka_topic = topic, partition, "restore_waits_for_broker")
            }
        }
    }
    Ok(None)
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
    fn of(reader: &BaseConsumer<Reader>, table: &'static str, topic: &str, partition: i32) -> Progress {
        // Only for show: without an answer the page says how much was read, not of how much.
        let (first, end) =
            reader.fetch_watermarks(topic, partition, Duration::from_secs(1)).unwrap_or((0, 0));
        let progress = Progress { table, partition, offsets: first..end, records: 0 };
        progress.tell(first);
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
