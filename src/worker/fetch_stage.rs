//! FETCH on Kafka: jobs in; candidates, delayed jobs, moved jobs and rejects out. At least once, completions in any
//! order behind a contiguous watermark per partition.
//!
//! A `pages` record is written only after what it tells of was acknowledged, and the offset is done only after both.

use super::intake::{Change, Intake, Record};
use super::outlet::WriteError;
use super::restore::restore_pages;
use super::route_stage::{end, fail, take_commits};
use super::source::source_record;
use super::watermark::Watermark;
use super::{Shared, StageError};
use crate::memory::{HostRecord, PageRecord, PagesKey, PagesTable, PagesValue, page_key};
use crate::pipeline::AfterFetch;
use crate::record::{Ending, Job, Reason, Reject, Stage};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// Jobs in hand for each request that may be under way: those over it wait for their host's turn.
const JOBS_PER_REQUEST: usize = 5;

/// What a job leaves behind when it is done.
struct Done {
    partition: i32,
    serial: u64,
    offset: i64,
    remember: Vec<(PagesKey, PagesValue)>,
}

/// One partition in hand.
struct Share {
    serial: u64,
    pages: PagesTable,
    under_way: HashMap<i64, AbortHandle>,
}

pub async fn run(shared: Arc<Shared>) -> Result<(), StageError> {
    let settings = &shared.config.fetch;
    let room = settings.concurrency * JOBS_PER_REQUEST;
    let mut intake = Intake::start(&shared.config.kafka, "fetch", &shared.outlet.names.fetch, settings.concurrency)?;
    let mut shares: HashMap<i32, Share> = HashMap::new();
    let mut watermarks: HashMap<i32, (u64, Watermark)> = HashMap::new();
    let mut in_flight = FuturesUnordered::new();
    let mut restoring = FuturesUnordered::new();
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    let mut drain_until: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            change = intake.changes.recv() => match change {
                Some(Change::Assigned { partitions, serial }) => {
                    shared.readiness.restoring(Stage::Fetch, &partitions);
                    for partition in partitions {
                        watermarks.insert(partition, (serial, Watermark::default()));
                        let (kafka, topic) = (shared.config.kafka.clone(), shared.outlet.names.pages.clone());
                        let restored = tokio::task::spawn_blocking(move || restore_pages(&kafka, &topic, partition));
                        restoring.push(restored.map(move |pages| (partition, serial, pages)).boxed());
                    }
                }
                Some(Change::Revoked { partitions, answer, .. }) => {
                    for share in partitions.iter().filter_map(|partition| shares.remove(partition)) {
                        share.under_way.values().for_each(AbortHandle::abort);
                    }
                    let offsets = take_commits(&mut watermarks, &partitions);
                    watermarks.retain(|partition, _| !partitions.contains(partition));
                    shared.readiness.revoked(Stage::Fetch, &partitions);
                    let _ = answer.send(offsets);
                }
                None => return end(intake),
            },
            Some((partition, serial, restored)) = restoring.next(), if !restoring.is_empty() => {
                let is_current = watermarks.get(&partition).is_some_and(|(current, _)| *current == serial);
                let pages = match restored { Ok(Ok(pages)) => pages, Ok(Err(e)) => return Err(e), Err(_) => return Err(StageError::Thread) };
                if is_current {
                    restore_back_off(&shared, &pages);
                    crate::telemetry::table_size("pages", partition, pages.len());
                    shares.insert(partition, Share { serial, pages, under_way: HashMap::new() });
                    shared.readiness.assigned(Stage::Fetch, &[partition]);
                    intake.resume(vec![partition]);
                }
            },
            Some(done) = in_flight.next(), if !in_flight.is_empty() => match done {
                Ok(Ok(done)) => finish(done, &mut shares, &mut watermarks),
                Ok(Err(e)) => return fail(intake, e),
                // Aborted on a revocation; the new owner does it.
                Err(_) => {}
            },
            record = intake.records.recv(), if in_flight.len() < room && drain_until.is_none() => {
                let Some(record) = record else { return end(intake) };
                let Some(share) = shares.get_mut(&record.partition).filter(|s| s.serial == record.serial) else { continue };
                if let Some((_, watermark)) = watermarks.get_mut(&record.partition) {
                    watermark.begin(record.offset);
                }
                let patience = patience(&shared, in_flight.len(), room);
                let task = tokio::spawn(one_job(shared.clone(), record, known_pages(share), patience));
                share.under_way.insert(task_offset(&task, share), task.abort_handle());
                in_flight.push(task);
            },
            _ = tick.tick() => {
                let all: Vec<i32> = watermarks.keys().copied().collect();
                intake.commit(take_commits(&mut watermarks, &all));
                crate::telemetry::in_flight(Stage::Fetch, in_flight.len());
            },
            () = shared.stop.cancelled(), if drain_until.is_none() => {
                drain_until = Some(Instant::now() + shared.drain);
            },
        }
        if drain_until.is_some_and(|until| in_flight.is_empty() || Instant::now() > until) {
            intake.stop();
        }
    }
}
