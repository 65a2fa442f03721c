//! The promise, checked: every source record against the outcomes that are kept of it.
//!
//! ```text
//! news.urls --(since)--> source records --(minus newswire.outcomes)--> without one
//!                           without one --(minus what is still in a stage)--> lost
//! ```

use super::clients;
use super::kafka_topics::{KafkaTopicNames, TIERS};
use super::reader::{Span, read_from, read_topic};
use crate::config::KafkaSettings;
use crate::record::{Candidate, Job, Outcome, source_of_outcome};
use jiff::Timestamp;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::time::Duration;

const CALL: Duration = Duration::from_secs(30);
/// A job that moves from one Kafka topic to the next while they are read is in neither: it is looked for again.
const LOOKS: usize = 3;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// A source record without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    pub record: Vec<u8>,
    /// The Kafka topic that it waits in; `None`: nowhere, it is lost.
    pub waits_in: Option<String>,
}

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audit {
    pub source_records: u64,
    /// Source records by their first outcome in the order of `Outcome::ALL`: one that was delivered twice and ended as
    /// published and then as a duplicate of itself is published.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub without: Vec<Without>,
}

/// The source records of one partition, by offset from `begin`: 0, or 1 + the place of its outcome in `Outcome::ALL`.
struct Ended {
    begin: i64,
    outcomes: Vec<u8>,
}

impl Ended {
    fn note(&mut self, offset: i64, outcome: Outcome) {
        let rank = 1 + Outcome::ALL.iter().position(|one| *one == outcome).unwrap_or_default() as u8;
        let at = usize::try_from(offset - self.begin).ok();
        if let Some(known) = at.and_then(|at| self.outcomes.get_mut(at)) {
            *known = if *known == 0 { rank } else { rank.min(*known) };
        }
    }

    fn of(&self, offset: i64) -> Option<Outcome> {
        let at = usize::try_from(offset - self.begin).ok()?;
        let rank = usize::from(*self.outcomes.get(at)?);
        Outcome::ALL.get(rank.checked_sub(1)?).copied()
    }
}

/// Reconciles the source records since `from` (all that are kept, where absent) with their outcomes.
pub fn audit(settings: &KafkaSettings, from: Option<Timestamp>) -> Result<Audit, KafkaError> {
    let names = KafkaTopicNames::new(settings);
    let mut ended = source_records(settings, &names.urls, from)?;
    note_outcomes(settings, &names, &mut ended)?;
    let mut audit = Audit::default();
    let begin = ended.iter().map(|(partition, ended)| (*partition, ended.begin)).collect();
    read_from(settings, &names.urls, &begin, &mut |record| {
        let Some(of_partition) = ended.get(&record.partition) else { return ControlFlow::Continue(()) };
        if record.offset - of_partition.begin >= of_partition.outcomes.len() as i64 {
            // Submitted since the audit began.
            return ControlFlow::Continue(());
        }
        audit.source_records += 1;
        match of_partition.of(record.offset) {
            Some(outcome) => *audit.outcomes.entry(outcome.as_str()).or_default() += 1,
            None => audit.without.push(Without {
                partition: record.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                record: record.payload.unwrap_or_default(),
                waits_in: None,
            }),
        }
        ControlFlow::Continue(())
    })?;
    look_for(settings, &names, &mut audit)?;
    Ok(audit)
}

/// The partitions of the URLs topic, from the first offset since `from` to their present ends.
fn source_records(
    settings: &KafkaSettings,
    urls: &str,
    from: Option<Timestamp>,
) -> Result<BTreeMap<i32, Ended>, KafkaError> {
    let client = clients::table_reader(settings, clients::NO_STAGE, "read_committed")?;
    let metadata = client.fetch_metadata(Some(urls), CALL)?;
    let ids: Vec<i32> = metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id()).collect();
    let mut since = TopicPartitionList::new();
    for id in &ids {
        let at = from.map_or(0, Timestamp::as_millisecond);
        since.add_partition_offset(urls, *id, Offset::Offset(at))?;
    }
    let since = match from {
        Some(_) => Some(client.offsets_for_times(since, CALL)?),
        None => None,
    };
    let mut ended = BTreeMap::new();
    for id in ids {
        let (low, high) = client.fetch_watermarks(urls, id, CALL)?;
        let begin = match since.as_ref().and_then(|list| list.find_partition(urls, id)).map(|e| e.offset()) {
            Some(Offset::Offset(offset)) => offset,
            // Nothing as young as that.
            Some(_) => high,
            None => low,
        };
        let count = usize::try_from(high - begin).unwrap_or_default();
        ended.insert(id, Ended { begin, outcomes: vec![0; count] });
    }
    Ok(ended)
}

fn note_outcomes(
    settings: &KafkaSettings,
    names: &KafkaTopicNames,
    ended: &mut BTreeMap<i32, Ended>,
) -> Result<(), KafkaError> {
    read_topic(settings, &names.outcomes, None, Span::ToTheEnd, &mut |record| {
        let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        let outcome = key.rsplit_once('#').map(|(_, word)| word).unwrap_or_default();
        let outcome = Outcome::ALL.into_iter().find(|one| one.as_str() == outcome);
        if let (Some((partition, offset)), Some(outcome)) = (source_of_outcome(&key, &names.urls), outcome)
            && let Some(of_partition) = ended.get_mut(&partition)
        {
            of_partition.note(offset, outcome);
        }
        ControlFlow::Continue(())
    })
}

/// Says of the records without an outcome where they wait; takes out those that end meanwhile.
fn look_for(settings: &KafkaSettings, names: &KafkaTopicNames, audit: &mut Audit) -> Result<(), KafkaError> {
    for look in 0..LOOKS {
        if audit.without.iter().all(|without| without.waits_in.is_some()) {
            return Ok(());
        }
        if look > 0 {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let places = places(settings, names)?;
        let mut ended = ended_of(&audit.without);
        note_outcomes(settings, names, &mut ended)?;
        let outcome = |without: &Without| ended.get(&without.partition)?.of(without.offset);
        for ended in audit.without.iter().filter_map(outcome) {
            *audit.outcomes.entry(ended.as_str()).or_default() += 1;
        }
        audit.without.retain(|without| outcome(without).is_none());
        for without in &mut audit.without {
            let id = format!("{}-{}-{}", names.urls, without.partition, without.offset);
            let is_routed = places.routed.get(&without.partition).is_some_and(|next| without.offset < *next);
            let place = places.waiting.iter().find(|(_, sources)| sources.contains(&id));
            without.waits_in = match place {
                Some((kafka_topic, _)) => Some(kafka_topic.clone()),
                None => (!is_routed).then(|| names.urls.clone()),
            };
        }
    }
    Ok(())
}

fn ended_of(without: &[Without]) -> BTreeMap<i32, Ended> {
    let mut spans: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
    for one in without {
        let span = spans.entry(one.partition).or_insert((one.offset, one.offset));
        *span = (span.0.min(one.offset), span.1.max(one.offset));
    }
    let ended = |(begin, last): (i64, i64)| Ended { begin, outcomes: vec![0; (last - begin + 1) as usize] };
    spans.into_iter().map(|(partition, span)| (partition, ended(span))).collect()
}

/// Where source records are that have not ended.
struct Places {
    /// What the route stage has done, by partition of the URLs topic.
    routed: BTreeMap<i32, i64>,
    /// Ids of source records by the Kafka topic between the stages in which they wait.
    waiting: Vec<(String, HashSet<String>)>,
}

fn places(settings: &KafkaSettings, names: &KafkaTopicNames) -> Result<Places, KafkaError> {
    let routed = committed(settings, "route", &names.urls)?;
    let delays = TIERS.map(|tier| (format!("delay-{}", tier.name), names.delay(tier)));
    let stages =
        [("fetch".to_owned(), names.fetch.clone()), ("publish".to_owned(), names.candidates.clone())];
    let mut waiting = Vec::new();
    for (stage, kafka_topic) in delays.into_iter().chain(stages) {
        let mut sources = HashSet::new();
        let next = committed(settings, &stage, &kafka_topic)?;
        read_from(settings, &kafka_topic, &next, &mut |record| {
            let payload = record.payload.unwrap_or_default();
            let job = serde_json::from_slice::<Job>(&payload).map(|job| job.source.id());
            let source = job.or_else(|_| {
                serde_json::from_slice::<Candidate>(&payload).map(|candidate| candidate.job.source.id())
            });
            sources.extend(source);
            ControlFlow::Continue(())
        })?;
        waiting.push((kafka_topic, sources));
    }
    Ok(Places { routed, waiting })
}

/// A group's committed offsets; a partition without one begins at 0.
fn committed(settings: &KafkaSettings, stage: &str, topic: &str) -> Result<BTreeMap<i32, i64>, KafkaError> {
    let client = clients::offset_reader(settings, stage, "read_uncommitted")?;
    let metadata = client.fetch_metadata(Some(topic), CALL)?;
    let ids: BTreeSet<i32> = metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id()).collect();
    let mut list = TopicPartitionList::new();
    ids.iter().for_each(|id| {
        list.add_partition(topic, *id);
    });
    let offsets = client.committed_offsets(list, CALL)?;
    let next = |id: &i32| match offsets.find_partition(topic, *id).map(|element| element.offset()) {
        Some(Offset::Offset(offset)) => offset,
        _ => 0,
    };
    Ok(ids.iter().map(|id| (*id, next(id))).collect())
}
