//! Reading a table back from its Kafka topic when a partition is taken over. Blocking: on a thread of its own.

use super::StageError;
use super::clients::{self, Reader};
use crate::config::KafkaSettings;
use crate::memory::{PagesKey, PagesTable, PagesValue, SeenEntry, SeenTable};
use crate::telemetry;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const CALL: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
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

/// EXACTLY_ONCE rule 2: stable offset, then the target, then wait for the last stable offset, only then read.
/// `is_current` is asked between the steps: an answer that nobody waits for is not worth its work.
pub fn take_over(
    settings: &KafkaSettings,
    (candidates, seen): (&str, &str),
    partition: i32,
    is_current: &dyn Fn() -> bool,
) -> Result<Option<TakenOver>, StageError> {
    let committed: BaseConsumer<Reader> =
        clients::offset_reader(settings, "publish", "read_committed").create_with_context(Reader)?;
    let dirty: BaseConsumer<Reader> =
        clients::offset_reader(settings, "publish", "read_uncommitted").create_with_context(Reader)?;
    let Some((stable_offset, in_metadata)) = stable_offset(&committed, candidates, partition, is_current)
    else {
        return Ok(None);
    };
    let target = match in_metadata {
        Some(target) => target,
        None => patiently(is_current, || Ok(dirty.fetch_watermarks(seen, partition, CALL)?.1))?.unwrap_or(0),
    };
    let started = Instant::now();
    loop {
        let stable_end = patiently(is_current, || Ok(committed.fetch_watermarks(seen, partition, CALL)?.1))?;
        match stable_end {
            None => return Ok(None),
            Some(end) if end >= target => break,
            Some(end) if started.elapsed() > CHANGELOG_LOST_AFTER => {
                // Published without that memory, articles would come twice: not publishing is the lesser evil.
                let (seen, behind) = (seen.to_owned(), target - end);
                return Err(StageError::ChangelogLost { kafka_topic: seen, partition, behind });
            }
            Some(_) => std::thread::sleep(PAUSE),
        }
    }
    let mut table = SeenTable::default();
    let end =
        read_to_end(settings, "read_committed", ("seen", seen, partition), is_current, &mut |key, value| {
            let entry = value.map(SeenEntry::decode).transpose()?;
            table.apply((SeenEntry::decode_key(key)?, entry));
            Ok(())
        })?;
    let Some(end) = end else { return Ok(None) };
    Ok(Some(TakenOver { table, stable_offset, changelog_end: target.max(end) }))
}

/// The pages of one partition. Not transactional: up to the end as it is now.
pub fn restore_pages(
    settings: &KafkaSettings,
    pages: &str,
    partition: i32,
) -> Result<PagesTable, StageError> {
    let mut table = PagesTable::default();
    read_to_end(settings, "read_uncommitted", ("pages", pages, partition), &|| true, &mut |key, value| {
        let value = value.map(PagesValue::decode).transpose()?;
        table.apply(PagesKey::decode(key)?, value);
        Ok(())
    })?;
    Ok(table)
}

/// The committed offset and the changelog end in its metadata, asked for until both call and partition are without
/// error: an offset is unstable while a dead owner's transaction is open. `None` when nobody waits any more.
fn stable_offset(
    client: &BaseConsumer<Reader>,
    candidates: &str,
    partition: i32,
    is_current: &dyn Fn() -> bool,
) -> Option<(Option<i64>, Option<i64>)> {
    while is_current() {
        let mut list = TopicPartitionList::new();
        list.add_partition(candidates, partition);
        if let Ok(answer) = client.committed_offsets(list, CALL) {
            let elements = answer.elements();
            if let Some(element) = elements.first().filter(|element| element.error().is_ok()) {
                return Some(match element.offset() {
                    Offset::Offset(offset) => (Some(offset), element.metadata().parse().ok()),
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
            Err(e) => tracing::debug!(error = %e, "restore_waits_for_broker"),
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
}

type Apply<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), crate::memory::BadChangelog>;

/// Every record of one partition, in order, until the first end of partition; gives one past the last offset. `None` when
/// nobody waits any more.
fn read_to_end(
    settings: &KafkaSettings,
    isolation: &str,
    (table, topic, partition): (&'static str, &str, i32),
    is_current: &dyn Fn() -> bool,
    apply: Apply<'_>,
) -> Result<Option<i64>, StageError> {
    let reader: BaseConsumer<Reader> =
        clients::table_reader(settings, isolation).create_with_context(Reader)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning)?;
    reader.assign(&list)?;
    let mut end = 0;
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
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Some(end)),
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
        if self.records % REPORT_EVERY == 0 {
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
