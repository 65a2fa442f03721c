//! How far each stage of this worker is behind: the end of its partitions less what its group has committed.
//!
//! Each worker tells of its own partitions only, so that the sum over all workers is the lag of the whole. The brokers
//! are asked, not the stages: a stage that hangs must not be the one that says so.

use super::clients::{self, Reader};
use super::offsets::{self, Offsets};
use super::{Shared, TIERS};
use crate::config::KafkaSettings;
use crate::record::Stage;
use crate::telemetry;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Prometheus asks every 15 s to 60 s, the status page every 2 s. Three small requests a group.
const ASK_EVERY: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(5);
/// What librdkafka has to say between two questions, at most: its log lines wait until they are polled for.
const SAID_BETWEEN: usize = 1000;

/// A Kafka topic and one of its partitions.
type Partition = (String, i32);
/// A stage and how many records it is behind.
type Behind = (Stage, u64);

/// Tells the lag until the worker stops.
pub async fn watch(shared: Arc<Shared>, stages: Vec<Stage>) {
    let stages = Arc::new(stages);
    let (mut client, mut stood, mut still) = (None, Stood::default(), StandStill::default());
    let mut tick = tokio::time::interval(ASK_EVERY);
    loop {
        tokio::select! { _ = tick.tick() => {}, () = shared.stop.cancelled() => return }
        let (asking, stages, last, mut known) =
            (shared.clone(), stages.clone(), client.take(), std::mem::take(&mut stood));
        let asked =
            tokio::task::spawn_blocking(move || (ask_with(last, &mut known, &asking, &stages), known)).await;
        let Ok((answer, known)) = asked else { continue };
        stood = known;
        match answer {
            Ok((kept, lags)) => {
                client = Some(kept);
                lags.into_iter().for_each(|(stage, lag)| still.judge(&shared, stage, lag));
            }
            Err(e) => tracing::warn!(error = e, "lag_unknown"),
        }
    }
}

/// Asks with the client of the last time and gives it back. One that had no answer is not used again: librdkafka may
/// wait for ever for a coordinator that it remembers and that has left the cluster (confluentinc/librdkafka#5511).
fn ask_with(
    last: Option<BaseConsumer<Reader>>,
    stood: &mut Stood,
    shared: &Shared,
    stages: &[Stage],
) -> Result<(BaseConsumer<Reader>, Vec<Behind>), String> {
    let client = match last {
        Some(client) => client,
        None => clients::onlooker(&shared.config.kafka).map_err(|e| e.to_string())?,
    };
    ask(shared, &client, stood, stages).map(|lags| (client, lags))
}

/// One group with the partitions of its Kafka topic that are this worker's.
struct Share {
    group: String,
    partitions: Vec<Partition>,
}

impl Share {
    fn new(shared: &Shared, group: &str, kafka_topic: &str, partitions: Vec<i32>) -> Share {
        Share {
            group: format!("{}{group}", shared.config.kafka.group_prefix),
            partitions: partitions.into_iter().map(|partition| (kafka_topic.to_owned(), partition)).collect(),
        }
    }
}

fn ask(
    shared: &Shared,
    client: &BaseConsumer<Reader>,
    stood: &mut Stood,
    stages: &[Stage],
) -> Result<Vec<Behind>, String> {
    hear(client);
    let mut behind = |share: &Share| -> Result<u64, String> {
        let gaps = gaps(client, share)?;
        Ok(gaps.into_iter().map(|(partition, gap)| stood.records(&shared.config.kafka, partition, gap)).sum())
    };
    let names = &shared.outlet.names;
    let mut lags = Vec::new();
    for stage in stages {
        let kafka_topic = match stage {
            Stage::Route => &names.urls,
            Stage::Fetch => &names.fetch,
            Stage::Publish => &names.candidates,
        };
        let share = Share::new(shared, stage.as_str(), kafka_topic, shared.readiness.of(*stage));
        lags.push((*stage, behind(&share)?));
    }
    let mut waiting = Vec::new();
    if stages.contains(&Stage::Fetch) {
        for tier in TIERS {
            let group = format!("delay-{}", tier.name);
            let share = Share::new(shared, &group, &names.delay(tier), shared.readiness.of_delay(tier.name));
            waiting.push((tier.name, behind(&share)?));
        }
    }
    telemetry::lag(&lags, &waiting, shared.fetcher.now());
    Ok(lags)
}

/// It reads nothing, so what comes are log lines and errors, for its context.
fn hear(client: &BaseConsumer<Reader>) {
    for _ in 0..SAID_BETWEEN {
        let _ = client.poll(Duration::ZERO);
    }
}

/// From the offset that is committed (nothing committed: from the first record that is still there) to the end.
type Gap = (i64, i64);

fn gaps(client: &BaseConsumer<Reader>, share: &Share) -> Result<Vec<(Partition, Gap)>, String> {
    if share.partitions.is_empty() {
        return Ok(Vec::new());
    }
    // The group first: what it commits between the two questions would else look like less than nothing.
    let committed = offsets::committed(client, &share.group, CALL)?;
    let ends = offsets::ends(client, &share.partitions, Offset::End, CALL)?;
    let fresh = share.partitions.iter().filter(|partition| !committed.contains_key(*partition));
    let fresh: Vec<_> = fresh.cloned().collect();
    let first = match fresh.is_empty() {
        true => Offsets::new(),
        false => offsets::ends(client, &fresh, Offset::Beginning, CALL)?,
    };
    Ok(between(&share.partitions, &ends, &committed, &first))
}

fn between(
    partitions: &[Partition],
    ends: &Offsets,
    committed: &Offsets,
    first: &Offsets,
) -> Vec<(Partition, Gap)> {
    let of = |partition: &Partition| {
        let first = first.get(partition).copied().unwrap_or(0);
        let next = committed.get(partition).copied().unwrap_or(first);
        // Without an end it has no leader now, and counts when it has one.
        Some((partition.clone(), (next, *ends.get(partition)?)))
    };
    partitions.iter().filter_map(of).collect()
}

/// Gaps that did not change between two questions, and whether there is a record in them. Whoever submits in transactions
/// leaves offsets behind that no consumer is given, and a consumer commits past none of them.
#[derive(Default)]
struct Stood(HashMap<Partition, (Gap, Option<bool>)>);

impl Stood {
    /// How many records the gap stands for.
    fn records(&mut self, settings: &KafkaSettings, partition: Partition, gap: Gap) -> u64 {
        let (next, end) = gap;
        let offsets = u64::try_from(end - next).unwrap_or_default();
        match self.0.get_mut(&partition) {
            Some((last, has_record)) if *last == gap && offsets > 0 => {
                if has_record.is_none() {
                    *has_record = has_committed_record(settings, &partition, next);
                }
                if *has_record == Some(false) { 0 } else { offsets }
            }
            _ => {
                self.0.insert(partition, (gap, None));
                offsets
            }
        }
    }
}

/// Stages that have records to take and take none: what they had received, and how many answers in a row have found them
/// so. Brokers that are away do not answer, and a process that was frozen has not asked: neither counts.
#[derive(Default)]
struct StandStill(HashMap<Stage, (u64, u32)>);

impl StandStill {
    fn judge(&mut self, shared: &Shared, stage: Stage, lag: u64) {
        let (received, in_hand) = telemetry::taken(stage);
        // What it has in hand is not committed, and may wait for its site.
        let to_take = lag.saturating_sub(in_hand);
        let stood = self.stood(stage, to_take > 0 && shared.readiness.all_deliver(stage), received);
        let limit = shared.config.telemetry.stands_still_after;
        let is_still = !limit.is_zero() && stood >= limit;
        let why = is_still.then(|| format!("{to_take} records to take, and none taken for {stood:?}"));
        shared.readiness.stands_still(stage, why);
    }

    fn stood(&mut self, stage: Stage, has_work: bool, received: u64) -> Duration {
        let (last, answers) = self.0.entry(stage).or_default();
        *answers = if has_work && *last == received { *answers + 1 } else { 0 };
        *last = received;
        ASK_EVERY * *answers
    }
}

/// Read to see: the first record from this offset on, or the end. `None`: no answer in time.
fn has_committed_record(settings: &KafkaSettings, (topic, partition): &Partition, next: i64) -> Option<bool> {
    let reader = clients::Aside::from(clients::table_reader(settings, "lag", "read_committed").ok()?);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, *partition, Offset::Offset(next)).ok()?;
    reader.assign(&list).ok()?;
    let begun = Instant::now();
    while begun.elapsed() < CALL {
        match reader.poll(CALL.saturating_sub(begun.elapsed())) {
            Some(Ok(_)) => return Some(true),
            Some(Err(KafkaError::PartitionEOF(_))) => return Some(false),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_never_committed_counts_from_its_first_record() {
        let key = |partition| ("fetch".to_owned(), partition);
        let (ends, committed) =
            (Offsets::from([(key(0), 10), (key(1), 50), (key(2), 7)]), Offsets::from([(key(0), 4)]));
        let first = Offsets::from([(key(1), 45)]);
        // Partition 3 has no end known.
        let gaps = between(&[key(0), key(1), key(2), key(3)], &ends, &committed, &first);
        assert_eq!(gaps, [(key(0), (4, 10)), (key(1), (45, 50)), (key(2), (0, 7))]);
    }

    #[test]
    fn a_stage_stands_still_while_it_has_work_and_takes_none() {
        let (mut still, stage) = (StandStill::default(), Stage::Fetch);
        assert_eq!(still.stood(stage, true, 5), Duration::ZERO, "it has taken five");
        assert_eq!(still.stood(stage, true, 5), ASK_EVERY);
        assert_eq!(still.stood(stage, true, 5), 2 * ASK_EVERY);
        assert_eq!(still.stood(Stage::Route, true, 0), ASK_EVERY, "each by itself");
        assert_eq!(still.stood(stage, true, 6), Duration::ZERO, "it has taken one");
        still.stood(stage, true, 6);
        assert_eq!(still.stood(stage, false, 6), Duration::ZERO, "it has nothing to do");
    }

    #[test]
    fn a_gap_is_looked_into_once_it_has_stood_still() {
        let settings = KafkaSettings::default();
        let (mut stood, partition) = (Stood::default(), ("urls".to_owned(), 0));
        assert_eq!(stood.records(&settings, partition.clone(), (4, 6)), 2);
        stood.0.insert(partition.clone(), ((4, 6), Some(false)));
        assert_eq!(stood.records(&settings, partition.clone(), (4, 6)), 0);
        assert_eq!(stood.records(&settings, partition.clone(), (4, 7)), 3, "something has come");
        stood.0.insert(partition.clone(), ((4, 7), Some(true)));
        assert_eq!(stood.records(&settings, partition.clone(), (4, 7)), 3);
        assert_eq!(stood.records(&settings, partition, (7, 7)), 0);
    }
}
