//! How far each stage of this worker is behind: the end of its partitions less what its group has committed.
//!
//! Each worker tells of its own partitions only, so that the sum over all workers is the lag of the whole. The brokers
//! are asked, not the stages: a stage that hangs must not be the one that says so.

use super::clients::{self, Reader};
use super::offsets::{self, Offsets};
use super::{Shared, TIERS};
use crate::record::Stage;
use crate::telemetry;
use rdkafka::Offset;
use rdkafka::consumer::BaseConsumer;
use std::sync::Arc;
use std::time::Duration;

/// Prometheus asks every 15 s to 60 s, the status page every 2 s. Three small requests a group.
const ASK_EVERY: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(5);
/// What librdkafka has to say between two questions, at most: its log lines wait until they are polled for.
const SAID_BETWEEN: usize = 1000;

/// Tells the lag until the worker stops.
pub async fn watch(shared: Arc<Shared>, stages: Vec<Stage>) {
    let stages = Arc::new(stages);
    let mut client = None;
    let mut tick = tokio::time::interval(ASK_EVERY);
    loop {
        tokio::select! { _ = tick.tick() => {}, () = shared.stop.cancelled() => return }
        let (shared, stages, last) = (shared.clone(), stages.clone(), client.take());
        let asked = tokio::task::spawn_blocking(move || ask_with(last, &shared, &stages)).await;
        match asked {
            Ok(Ok(kept)) => client = Some(kept),
            Ok(Err(e)) => tracing::warn!(error = e, "lag_unknown"),
            Err(_) => {}
        }
    }
}

/// Asks with the client of the last time and gives it back. One that had no answer is not used again: librdkafka may
/// wait for ever for a coordinator that it remembers and that has left the cluster (confluentinc/librdkafka#5511).
fn ask_with(
    last: Option<BaseConsumer<Reader>>,
    shared: &Shared,
    stages: &[Stage],
) -> Result<BaseConsumer<Reader>, String> {
    let client = match last {
        Some(client) => client,
        None => clients::onlooker(&shared.config.kafka).map_err(|e| e.to_string())?,
    };
    ask(shared, &client, stages).map(|()| client)
}

/// One group with the partitions of its Kafka topic that are this worker's.
struct Share {
    group: String,
    partitions: Vec<(String, i32)>,
}

impl Share {
    fn new(shared: &Shared, group: &str, kafka_topic: &str, partitions: Vec<i32>) -> Share {
        Share {
            group: format!("{}{group}", shared.config.kafka.group_prefix),
            partitions: partitions.into_iter().map(|partition| (kafka_topic.to_owned(), partition)).collect(),
        }
    }
}

fn ask(shared: &Shared, client: &BaseConsumer<Reader>, stages: &[Stage]) -> Result<(), String> {
    hear(client);
    let names = &shared.outlet.names;
    let mut lags = Vec::new();
    for stage in stages {
        let kafka_topic = match stage {
            Stage::Route => &names.urls,
            Stage::Fetch => &names.fetch,
            Stage::Publish => &names.candidates,
        };
        let share = Share::new(shared, stage.as_str(), kafka_topic, shared.readiness.of(*stage));
        lags.push((*stage, behind(client, &share)?));
    }
    let mut waiting = Vec::new();
    if stages.contains(&Stage::Fetch) {
        for tier in TIERS {
            let group = format!("delay-{}", tier.name);
            let share = Share::new(shared, &group, &names.delay(tier), shared.readiness.of_delay(tier.name));
            waiting.push((tier.name, behind(client, &share)?));
        }
    }
    telemetry::lag(&lags, &waiting, shared.fetcher.now());
    Ok(())
}

/// It reads nothing, so what comes are log lines and errors, for its context.
fn hear(client: &BaseConsumer<Reader>) {
    for _ in 0..SAID_BETWEEN {
        let _ = client.poll(Duration::ZERO);
    }
}

fn behind(client: &BaseConsumer<Reader>, share: &Share) -> Result<u64, String> {
    if share.partitions.is_empty() {
        return Ok(0);
    }
    // The group first: what it commits between the two questions would else look like less than nothing.
    let committed = offsets::committed(client, &share.group, CALL)?;
    let ends = offsets::ends(client, &share.partitions, Offset::End, CALL)?;
    let fresh = share.partitions.iter().filter(|partition| !committed.contains_key(*partition));
    let fresh: Vec<_> = fresh.cloned().collect();
    // Nothing committed: it goes on from the first record that is still there.
    let first = match fresh.is_empty() {
        true => Offsets::new(),
        false => offsets::ends(client, &fresh, Offset::Beginning, CALL)?,
    };
    Ok(lag(&share.partitions, &ends, &committed, &first))
}

fn lag(partitions: &[(String, i32)], ends: &Offsets, committed: &Offsets, first: &Offsets) -> u64 {
    let of = |partition: &(String, i32)| {
        let end = ends.get(partition)?;
        let first = first.get(partition).copied().unwrap_or(0);
        let next = committed.get(partition).copied().unwrap_or(first);
        u64::try_from(end - next).ok()
    };
    partitions.iter().filter_map(of).sum()
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
        // Partition 3 has no end known: it counts when it has one.
        assert_eq!(lag(&[key(0), key(1), key(2), key(3)], &ends, &committed, &first), 6 + 5 + 7);
    }
}
