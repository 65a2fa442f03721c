//! ROUTE on Kafka: URL records in, jobs out, keyed by site. At least once.

use super::intake::{Change, Done, Intake, Member, Record};
use super::outlet::WriteError;
use super::source::source_record;
use super::watermark::Watermark;
use super::{Shared, StageError, crash_point};
use crate::record::{Ending, Job, Reason, Reject, Stage};
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records on their way to the broker at once.
const IN_FLIGHT: usize = 2000;
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// Every offset is said again this often: a refused commit is told by a callback, and one that got lost by nothing.
pub const COMMIT_AGAIN_EVERY: Duration = Duration::from_secs(15);

/// Runs until told to stop; what was taken is written and committed before it ends.
pub async fn run(shared: Arc<Shared>, member: Member) -> Result<(), StageError> {
    let mut intake = Intake::start(member, IN_FLIGHT)?;
    let mut watermarks: HashMap<i32, (u64, Watermark)> = HashMap::new();
    let mut in_flight = FuturesOrdered::new();
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    let mut again = tokio::time::interval(COMMIT_AGAIN_EVERY);
    let mut drain_until: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            change = intake.changes.recv() => match change {
                Some(Change::Assigned { partitions, serial }) => {
                    watermarks.extend(partitions.iter().map(|p| (*p, (serial, Watermark::default()))));
                    shared.readiness.assigned(Stage::Route, &partitions);
                    intake.resume(partitions);
                }
                Some(Change::Revoked { partitions, answer, .. }) => {
                    let offsets = take_commits(&mut watermarks, &partitions);
                    watermarks.retain(|partition, _| !partitions.contains(partition));
                    shared.readiness.revoked(Stage::Route, &partitions);
                    let _ = answer.send(offsets);
                }
                Some(Change::CommitFailed(partitions)) => commit_again(&mut watermarks, Some(&partitions)),
                None => return end(intake),
            },
            Some(done) = in_flight.next(), if !in_flight.is_empty() => {
                let (partition, serial, offset): (i32, u64, i64) = match done { Ok(done) => done, Err(e) => return fail(intake, e) };
                if let Some((_, watermark)) = watermarks.get_mut(&partition).filter(|(current, _)| *current == serial) {
                    watermark.done(offset);
                }
            },
            record = intake.records.recv(), if in_flight.len() < IN_FLIGHT && drain_until.is_none() => {
                let Some(record) = record else { return end(intake) };
                if let Some((_, watermark)) = watermarks.get_mut(&record.partition).filter(|(s, _)| *s == record.serial) {
                    watermark.begin(record.offset);
                    in_flight.push_back(route(shared.clone(), record).boxed());
                }
            },
            _ = again.tick() => commit_again(&mut watermarks, None),
            _ = tick.tick() => {
                let all: Vec<i32> = watermarks.keys().copied().collect();
                intake.commit(take_commits(&mut watermarks, &all));
            },
            () = shared.stop.cancelled(), if drain_until.is_none() => {
                drain_until = Some(Instant::now() + super::DRAIN);
            }
        }
        if drain_until.is_some_and(|until| in_flight.is_empty() || Instant::now() > until) {
            intake.stop();
        }
    }
}

/// One record to where it goes; its offset is done when the brokers have it.
async fn route(shared: Arc<Shared>, record: Record) -> Result<(i32, u64, i64), WriteError> {
    let (now, at) = (shared.fetcher.now(), (record.partition, record.serial, record.offset));
    let started = std::time::Instant::now();
    crate::telemetry::received(Stage::Route);
    let source = source_record(&record);
    crash_point::pass("route-after-poll");
    let routed = match shared.pipeline.route(source.clone(), now) {
        Ok(job) => match shared.outlet.job(&job).await {
            Err(WriteError::TooLarge(size)) => Err(Box::new(too_large(&job, size, (Stage::Route, now)))),
            Err(e) => return Err(e),
            Ok(()) => {
                crate::telemetry::stage_duration(Stage::Route, started.elapsed());
                crate::telemetry::latency(Stage::Route, source.timestamp, shared.fetcher.now());
                crate::telemetry::span(Stage::Route, &source, started.elapsed(), &job.url, &[]);
                Ok(())
            }
        },
        Err(reject) => Err(reject),
    };
    if let Err(reject) = routed {
        shared.outlet.reject(&reject).await?;
        shared.end(&Ending::of_reject(&reject, &source, None, now)).await?;
    }
    crash_point::pass("route-after-produce");
    Ok(at)
}

/// A job that carries a record (and what came with it) over the size that brokers take.
pub fn too_large(job: &Job, size: usize, (stage, now): (Stage, Timestamp)) -> Reject {
    let message = format!("the job of {size} bytes is larger than the brokers take");
    let why = (stage, Reason::RecordTooLarge, message);
    Reject::new(&job.source, why, Some(job.url.clone()), job.attempts, now)
}

/// What may be committed of these partitions.
pub fn take_commits(watermarks: &mut HashMap<i32, (u64, Watermark)>, partitions: &[i32]) -> Vec<Done> {
    let commit = |partition: &i32| {
        let (serial, watermark) = watermarks.get_mut(partition)?;
        Some(Done { partition: *partition, serial: *serial, offset: watermark.take_commit()? })
    };
    partitions.iter().filter_map(commit).collect()
}

/// For commits that did not arrive, of these partitions or of all: the next tick makes them again.
pub fn commit_again(watermarks: &mut HashMap<i32, (u64, Watermark)>, partitions: Option<&[i32]>) {
    for (partition, (_, watermark)) in watermarks {
        if partitions.is_none_or(|partitions| partitions.contains(partition)) {
            watermark.commit_failed();
        }
    }
}

/// The intake's thread has ended: with its error, or because it was told to.
pub fn end(intake: Intake) -> Result<(), StageError> {
    match intake.thread.join() {
        Ok(outcome) => outcome.map_err(StageError::Kafka),
        Err(_) => Err(StageError::Thread),
    }
}

/// Stops the thread and gives the error; nothing more is committed.
pub fn fail(intake: Intake, error: WriteError) -> Result<(), StageError> {
    intake.stop();
    Err(StageError::Write(error))
}
