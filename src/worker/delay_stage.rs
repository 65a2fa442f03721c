//! DELAY: one tier's records wait out their time and go back to the fetch stage, or round again. At least once.

use super::intake::{Change, Intake, Member, Record};
use super::kafka_topics::Tier;
use super::outlet::WriteError;
use super::route_stage::{COMMIT_AGAIN_EVERY, commit_again, end, fail, take_commits};
use super::watermark::Watermark;
use super::{Shared, StageError, crash_point, one_job::or_reject};
use crate::record::Job;
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

const ROOM: usize = 1000;
const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// Records of one partition held at once; the rest stay in Kafka, nearly in the order in which they leave.
const HELD: usize = 500;

/// A record with the moment at which it leaves the tier.
struct Waiting {
    record: Record,
    job: Option<Job>,
    leaves_at: Timestamp,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> std::cmp::Ordering {
        (self.leaves_at, self.record.offset).cmp(&(other.leaves_at, other.record.offset))
    }
}

pub async fn run(shared: Arc<Shared>, tier: Tier) -> Result<(), StageError> {
    let topic = shared.outlet.names.delay(tier);
    let stage = format!("delay-{}", tier.name);
    let mut intake = Intake::start(Member::open(&shared.config.kafka, &stage, &topic)?, ROOM)?;
    let mut waiting: HashMap<i32, BinaryHeap<Reverse<Waiting>>> = HashMap::new();
    let mut watermarks: HashMap<i32, (u64, Watermark)> = HashMap::new();
    let mut in_flight = FuturesUnordered::new();
    let mut again = tokio::time::interval(COMMIT_AGAIN_EVERY);
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    loop {
        let next = waiting.values().filter_map(BinaryHeap::peek).map(|head| head.0.leaves_at).min();
        tokio::select! {
            biased;
            change = intake.changes.recv() => match change {
                Some(Change::Assigned { partitions, serial }) => {
                    watermarks.extend(partitions.iter().map(|p| (*p, (serial, Watermark::default()))));
                    shared.readiness.delay(tier.name, &partitions, true);
                    intake.resume(partitions);
                }
                Some(Change::Revoked { partitions, answer, .. }) => {
                    let offsets = take_commits(&mut watermarks, &partitions);
                    watermarks.retain(|partition, _| !partitions.contains(partition));
                    waiting.retain(|partition, _| !partitions.contains(partition));
                    shared.readiness.delay(tier.name, &partitions, false);
                    let _ = answer.send(offsets);
                }
                Some(Change::CommitFailed(partitions)) => commit_again(&mut watermarks, Some(&partitions)),
                None => return end(intake),
            },
            Some(done) = in_flight.next(), if !in_flight.is_empty() => {
                let (partition, serial, offset): (i32, u64, i64) = match done { Ok(done) => done, Err(e) => return fail(intake, e) };
                if let Some((_, watermark)) = watermarks.get_mut(&partition).filter(|(s, _)| *s == serial) {
                    watermark.done(offset);
                }
            },
            Some(record) = intake.records.recv() => {
                let Some((_, watermark)) = watermarks.get_mut(&record.partition).filter(|(s, _)| *s == record.serial) else { continue };
                watermark.begin(record.offset);
                let queue = waiting.entry(record.partition).or_default();
                let partition = record.partition;
                queue.push(Reverse(waiting_since(record, tier, shared.fetcher.now())));
                if queue.len() == HELD {
                    intake.pause(vec![partition]);
                }
            },
            () = sleep_until(next, shared.fetcher.now()), if next.is_some() => {
                let now = shared.fetcher.now();
                for (partition, queue) in &mut waiting {
                    let was_full = queue.len() >= HELD;
                    while queue.peek().is_some_and(|head| head.0.leaves_at <= now) {
                        if let Some(Reverse(head)) = queue.pop() {
                            in_flight.push(leave(shared.clone(), head).boxed());
                        }
                    }
                    if was_full && queue.len() < HELD {
                        intake.resume(vec![*partition]);
                    }
                }
                waiting.retain(|_, queue| !queue.is_empty());
            },
            _ = again.tick() => commit_again(&mut watermarks, None),
            _ = tick.tick() => {
                let all: Vec<i32> = watermarks.keys().copied().collect();
                intake.commit(take_commits(&mut watermarks, &all));
            },
            () = shared.stop.cancelled() => return stopped(intake, watermarks).await,
        }
    }
}

/// Nothing that waits is lost: it is not committed, and the next owner reads it again.
async fn stopped(
    mut intake: Intake,
    mut watermarks: HashMap<i32, (u64, Watermark)>,
) -> Result<(), StageError> {
    intake.stop();
    while let Some(change) = intake.changes.recv().await {
        if let Change::Revoked { partitions, answer, .. } = change {
            let _ = answer.send(take_commits(&mut watermarks, &partitions));
        }
    }
    end(intake)
}

/// A record leaves when its tier's time is over or its own time has come, whichever is first.
fn waiting_since(record: Record, tier: Tier, now: Timestamp) -> Waiting {
    let job: Option<Job> = serde_json::from_slice(record.payload.as_deref().unwrap_or_default()).ok();
    let entered = record.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(now);
    let tier_ends = entered.checked_add(tier.wait).unwrap_or(now);
    let own_time = job.as_ref().and_then(|job| job.not_before);
    Waiting { record, leaves_at: own_time.map_or(tier_ends, |own| own.min(tier_ends)), job }
}

async fn sleep_until(at: Option<Timestamp>, now: Timestamp) {
    let wait = at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
    tokio::time::sleep(wait.unwrap_or_default()).await;
}

/// Back to the fetch stage, or round again while its time has not come. What cannot be read goes on as it is: the
/// fetch stage gives it its reject.
async fn leave(shared: Arc<Shared>, waiting: Waiting) -> Result<(i32, u64, i64), WriteError> {
    let Waiting { record, job, .. } = waiting;
    let done = (record.partition, record.serial, record.offset);
    let Some(job) = job else {
        let payload = record.payload.unwrap_or_default();
        shared.outlet.raw_job(record.partition, &payload).await?;
        return Ok(done);
    };
    let wait = job.not_before.map(|at| at.duration_since(shared.fetcher.now()));
    let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default();
    let written = match wait.is_zero() {
        true => shared.outlet.job(&job).await,
        false => shared.outlet.delayed(&job, wait).await,
    };
    or_reject(&shared, &job, written).await?;
    crash_point::pass("delay-after-produce");
    Ok(done)
}
