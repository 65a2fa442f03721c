//! Reading a Kafka topic from a command: to its present end, or for ever.

use super::clients;
use super::intake::{Record, to_record};
use crate::config::KafkaSettings;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

const CALL: Duration = Duration::from_secs(10);

/// Where to begin and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Everything there is, then stop.
    ToTheEnd,
    /// What comes from now on, until the caller breaks off.
    Follow,
}

/// Gives every committed record of a Kafka topic to `each`, which may break off. One partition, or all of them.
pub fn read_topic(
    settings: &KafkaSettings,
    topic: &str,
    partition: Option<i32>,
    span: Span,
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<(), KafkaError> {
    let begin = if span == Span::Follow { Offset::End } else { Offset::Beginning };
    let begins = |id: i32| partition.is_none_or(|wanted| wanted == id).then_some(begin);
    read(settings, topic, &begins, span, each)
}

/// Gives every committed record from these offsets on to the present ends; a partition not named is left out.
pub fn read_from(
    settings: &KafkaSettings,
    topic: &str,
    begin: &BTreeMap<i32, i64>,
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<(), KafkaError> {
    let begins = |id: i32| begin.get(&id).map(|offset| Offset::Offset(*offset));
    read(settings, topic, &begins, Span::ToTheEnd, each)
}

fn read(
    settings: &KafkaSettings,
    topic: &str,
    begins: &dyn Fn(i32) -> Option<Offset>,
    span: Span,
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<(), KafkaError> {
    let reader = clients::table_reader(settings, clients::NO_STAGE, "read_committed")?;
    let metadata = reader.fetch_metadata(Some(topic), CALL)?;
    let partitions = metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id());
    let mut open: BTreeMap<i32, i64> = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for (id, begin) in partitions.filter_map(|id| Some((id, begins(id)?))) {
        let (low, end) = reader.fetch_watermarks(topic, id, CALL)?;
        let is_over = matches!(begin, Offset::Offset(offset) if offset >= end);
        if span == Span::Follow || (low < end && !is_over) {
            open.insert(id, end);
            list.add_partition_offset(topic, id, begin)?;
        }
    }
    reader.assign(&list)?;
    while !open.is_empty() {
        match reader.poll(Duration::from_millis(200)) {
            None => {}
            Some(Ok(message)) if each(to_record(&message)).is_break() => return Ok(()),
            Some(Ok(_)) => {}
            // The stable end, past aborted and control records as well.
            Some(Err(KafkaError::PartitionEOF(id))) if span == Span::ToTheEnd => drop(open.remove(&id)),
            Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(e)) if reader.client().fatal_error().is_some() => return Err(e),
            Some(Err(e)) => tracing::warn!(error = %e, kafka_topic = topic, "read_failed"),
        }
    }
    Ok(())
}
