//! FETCH on Kafka: jobs in; candidates, delayed jobs, moved jobs and rejects out. At least once, completions in any
//! order behind a contiguous watermark per partition.
//!
//! A `pages` record is written only after what it tells of was acknowledged, and the offset is done only after both.

use super::clients::Aside;
use super::in_hand::InHand;
use super::intake::{Change, Done as Committable, Intake, Member, Record};
use super::one_job::{Done, one_job};
use super::outlet::WriteError;
use super::restore::{open_asker, restore_pages};
use super::route_stage::{COMMIT_AGAIN_EVERY, commit_again, end, fail, take_commits};
use super::watermark::Watermark;
use super::{Shared, StageError, crash_point};
use crate::config::KafkaSettings;
use crate::fetch::HostMemory;
use crate::identity::partition_of_site;
use crate::memory::{PagesKey, PagesTable};
use crate::pipeline::{TurnTerms, host_memory};
use crate::record::{Job, Stage};
use crate::telemetry::{self, BackOff};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use rdkafka::error::KafkaError;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, JoinHandle};

const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// What is too old is looked for so often, and taken out so much at once: a table of millions is scanned in moments.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);
const EXPIRE_AT_ONCE: usize = 10_000;
/// Jobs in hand for each request that may be under way: those over it wait for their host's turn.
const JOBS_PER_REQUEST: usize = 5;

/// A site may hold this part of the room, 10 jobs by default, before its others are parked.
const SITE_SHARE: usize = 100;
/// Not worth a way through a delay topic.
const MOMENTS: Duration = Duration::from_secs(1);

/// One partition in hand.
struct Share {
    serial: u64,
    /// Who had it before may have asked its hosts until then.
    owned_since: Timestamp,
    pages: PagesTable,
    under_way: HashMap<i64, AbortHandle>,
}

/// Partitions that go to another worker.
struct Leaving {
    partitions: Vec<i32>,
    answer: mpsc::Sender<Vec<Committable>>,
    until: tokio::time::Instant,
}

/// What is under way in a revoked partition has this long; the group waits meanwhile. Less than the intake waits.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// A partition that is about to deliver.
struct Restored {
    partition: i32,
    serial: u64,
    owned_since: Timestamp,
    pages: Result<Option<PagesTable>, StageError>,
}

/// What the stage reads with.
pub struct Clients {
    member: Member,
    /// For the first share.
    asker: Aside,
}

impl Clients {
    /// They look for the brokers from now on.
    pub fn open(kafka: &KafkaSettings, topic: &str) -> Result<Clients, KafkaError> {
        Ok(Clients { member: Member::open(kafka, "fetch", topic)?, asker: open_asker(kafka)? })
    }
}

/// The stage between two events.
struct FetchStage {
    shared: Arc<Shared>,
    shares: HashMap<i32, Share>,
    watermarks: HashMap<i32, (u64, Watermark)>,
    in_flight: FuturesUnordered<JoinHandle<Result<Done, WriteError>>>,
    restoring: FuturesUnordered<BoxFuture<'static, Restored>>,
    leaving: Option<Leaving>,
    room: usize,
    in_hand: InHand,
    asker: Option<Arc<Aside>>,
}

/// Runs until told to stop; work under way then has a bounded time, and what finished is committed.
pub async fn run(shared: Arc<Shared>, clients: Clients) -> Result<(), StageError> {
    let concurrency = shared.config.fetch.concurrency;
    let mut intake = Intake::start(clients.member, concurrency)?;
    let mut stage = FetchStage {
        shared: shared.clone(),
        shares: HashMap::new(),
        watermarks: HashMap::new(),
        in_flight: FuturesUnordered::new(),
        restoring: FuturesUnordered::new(),
        leaving: None,
        room: concurrency * JOBS_PER_REQUEST,
        in_hand: InHand::default(),
        asker: Some(Arc::new(clients.asker)),
    };
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    let mut again = tokio::time::interval(COMMIT_AGAIN_EVERY);
    let mut expiry = tokio::time::interval(EXPIRE_EVERY);
    let mut drain_until: Option<Instant> = None;
    loop {
        let leave_at = stage.leaving.as_ref().map(|leaving| leaving.until);
        tokio::select! {
            biased;
            change = intake.changes.recv() => match change {
                Some(Change::Assigned { partitions, serial }) => stage.assigned(&partitions, serial)?,
                Some(Change::Revoked { partitions, answer, is_lost }) => {
                    stage.revoked(partitions, answer, if is_lost { Duration::ZERO } else { LEAVE_WITHIN });
                }
                Some(Change::CommitFailed(partitions)) => commit_again(&mut stage.watermarks, Some(&partitions)),
                None => return end(intake),
            },
            Some(restored) = stage.restoring.next(), if !stage.restoring.is_empty() => {
                if let Some(partition) = stage.restored(restored)? {
                    intake.resume(vec![partition]);
                }
            }
            Some(done) = stage.in_flight.next(), if !stage.in_flight.is_empty() => match done {
                Ok(Ok(done)) => stage.done(done),
                Ok(Err(e)) => return fail(intake, e),
                // Its offset would hold the watermark for ever: better a stop that says so.
                Err(e) if e.is_panic() => return Err(StageError::Thread),
                // Aborted on a revocation: the new owner does it.
                Err(_) => {}
            },
            record = intake.records.recv(), if stage.has_room() && drain_until.is_none() => match record {
                Some(record) => stage.take(record),
                None => return end(intake),
            },
            () = tokio::time::sleep_until(leave_at.unwrap_or_else(tokio::time::Instant::now)), if leave_at.is_some() => {
                stage.leave();
            }
            _ = tick.tick() => {
                stage.shared.fetcher.beat();
                intake.commit(stage.commits());
            }
            _ = again.tick() => commit_again(&mut stage.watermarks, None),
            _ = expiry.tick() => stage.expire(),
            () = shared.stop.cancelled(), if drain_until.is_none() => {
                drain_until = Some(Instant::now() + super::DRAIN);
            },
        }
        stage.leave_if_done();
        if drain_until.is_some_and(|until| stage.in_flight.is_empty() || Instant::now() > until) {
            intake.stop();
        }
    }
}

impl FetchStage {
    fn has_room(&self) -> bool {
        self.in_flight.len() < self.room
    }

    /// A partition delivers once its pages are restored; the others go on meanwhile.
    fn assigned(&mut self, partitions: &[i32], serial: u64) -> Result<(), KafkaError> {
        // An assignment after a revocation that is not answered yet: the intake has given up waiting. What leaves must
        // leave before the same partition comes again, or it takes the new share with it.
        self.leave();
        self.shared.readiness.restoring(Stage::Fetch, partitions);
        let owned_since = self.shared.fetcher.now();
        let at_hand = self.asker.take();
        let asker = at_hand.map_or_else(|| open_asker(&self.shared.config.kafka).map(Arc::new), Ok)?;
        for &partition in partitions {
            self.watermarks.insert(partition, (serial, Watermark::default()));
            let (kafka, topic) = (self.shared.config.kafka.clone(), self.shared.outlet.names.pages.clone());
            let (asker, stop) = (asker.clone(), self.shared.stop.clone());
            let restore = tokio::task::spawn_blocking(move || {
                restore_pages(&kafka, &topic, partition, &asker, &|| !stop.is_cancelled())
            });
            let restored = async move {
                let pages = restore.await.unwrap_or(Err(StageError::Thread));
                Restored { partition, serial, owned_since, pages }
            };
            self.restoring.push(restored.boxed());
        }
        Ok(())
    }

    fn restored(&mut self, restored: Restored) -> Result<Option<i32>, StageError> {
        let Restored { partition, serial, owned_since, pages } = restored;
        let Some(pages) = pages? else { return Ok(None) };
        if self.watermarks.get(&partition).is_none_or(|(current, _)| *current != serial) {
            return Ok(None);
        }
        for host in pages.hosts() {
            self.shared.fetcher.restore_host(host_memory(host));
        }
        telemetry::table_size("pages", partition, pages.len());
        self.shares.insert(partition, Share { serial, owned_since, pages, under_way: HashMap::new() });
        self.shared.readiness.assigned(Stage::Fetch, &[partition]);
        Ok(Some(partition))
    }

    /// What is under way may finish, for a while: what is let go is fetched again by the next owner. Until this is
    /// answered the partitions are this worker's, so no two owners ask one host at the same time.
    fn revoked(&mut self, partitions: Vec<i32>, answer: mpsc::Sender<Vec<Committable>>, within: Duration) {
        // Two at once: the intake has given up waiting for the first.
        self.leave();
        self.leaving = Some(Leaving { partitions, answer, until: tokio::time::Instant::now() + within });
    }

    fn leave_if_done(&mut self) {
        let is_done = |leaving: &Leaving| {
            let shares = leaving.partitions.iter().filter_map(|partition| self.shares.get(partition));
            shares.map(|share| share.under_way.len()).sum::<usize>() == 0
        };
        if self.leaving.as_ref().is_some_and(is_done) {
            self.leave();
        }
    }

    fn leave(&mut self) {
        let Some(Leaving { partitions, answer, .. }) = self.leaving.take() else { return };
        for partition in &partitions {
            let Some(share) = self.shares.remove(partition) else { continue };
            share.under_way.values().for_each(AbortHandle::abort);
            telemetry::table_size("pages", *partition, 0);
        }
        let count = self.shared.outlet.counts.fetch;
        self.shared.fetcher.forget_sites(&|site| partitions.contains(&partition_of_site(site, count)));
        let offsets = take_commits(&mut self.watermarks, &partitions);
        self.watermarks.retain(|partition, _| !partitions.contains(partition));
        self.shared.readiness.revoked(Stage::Fetch, &partitions);
        // The thread may have given up waiting: then nothing is committed, and the work is done again.
        let _ = answer.send(offsets);
    }

    fn take(&mut self, record: Record) {
        if self.leaving.as_ref().is_some_and(|leaving| leaving.partitions.contains(&record.partition)) {
            return;
        }
        let Some(share) = self.shares.get_mut(&record.partition).filter(|s| s.serial == record.serial) else {
            return;
        };
        if let Some((_, watermark)) = self.watermarks.get_mut(&record.partition) {
            watermark.begin(record.offset);
        }
        crash_point::pass("fetch-after-poll");
        telemetry::received(Stage::Fetch);
        let job: Result<Job, _> = serde_json::from_slice(record.payload.as_deref().unwrap_or_default());
        let known = job.as_ref().ok().and_then(|job| share.pages.page(&job.url));
        if let (Ok(job), Some(page)) = (&job, &known)
            && self.shared.pipeline.is_done(job, page, self.shared.fetcher.now())
        {
            telemetry::redelivered(Stage::Fetch);
            if let Some((_, watermark)) = self.watermarks.get_mut(&record.partition) {
                watermark.done(record.offset);
            }
            return;
        }
        let (partition, offset) = (record.partition, record.offset);
        let owned_since = share.owned_since;
        let site = job.as_ref().ok().map(|job| job.site.clone());
        let turn = TurnTerms { patience: self.patience(site.as_deref()), owned_since };
        let held = site.map(|site| self.in_hand.take(&site));
        let task = tokio::spawn(one_job(self.shared.clone(), record, job, known, (turn, held)));
        let Some(share) = self.shares.get_mut(&partition) else { return };
        share.under_way.insert(offset, task.abort_handle());
        self.in_flight.push(task);
    }

    /// How long a job may wait in memory for its host: moments, when its site has its share of the room, and not at all
    /// when most of the room is taken. Then it is parked, so that a slow site never holds up its partition. Jobs on
    /// their way into a delay topic take no room here: they would be a reason to park the next ones.
    fn patience(&self, site: Option<&str>) -> Duration {
        let has_its_share = site.is_some_and(|site| self.in_hand.of(site) >= (self.room / SITE_SHARE).max(1));
        match self.in_hand.all() * 2 < self.room {
            true if has_its_share => MOMENTS,
            true => self.shared.config.fetch.park_after,
            false => Duration::ZERO,
        }
    }

    fn done(&mut self, done: Done) {
        if let Some(share) = self.shares.get_mut(&done.partition).filter(|s| s.serial == done.serial) {
            share.under_way.remove(&done.offset);
            done.remember.into_iter().for_each(|(key, value)| share.pages.apply(key, Some(value)));
            done.forget.into_iter().for_each(|key| share.pages.apply(key, None));
            if let Some((_, watermark)) = self.watermarks.get_mut(&done.partition) {
                watermark.done(done.offset);
            }
        }
    }

    /// Pages and hosts not met for `memory.retention` go, here and, with a tombstone, in the changelog. Should another
    /// worker have written one of them meanwhile, its page is fetched once more and no harm is done.
    fn expire(&mut self) {
        let before = self.shared.expire_before();
        for (&partition, share) in &mut self.shares {
            let expired = share.pages.expired(before, EXPIRE_AT_ONCE);
            expired.iter().for_each(|key| share.pages.apply(key.clone(), None));
            telemetry::table_size("pages", partition, share.pages.len());
            if !expired.is_empty() {
                tokio::spawn(tombstones(self.shared.clone(), partition, expired));
            }
        }
    }

    fn commits(&mut self) -> Vec<Committable> {
        telemetry::in_flight(Stage::Fetch, self.in_flight.len());
        for (partition, share) in &self.shares {
            telemetry::table_size("pages", *partition, share.pages.len());
        }
        let hosts = self.shared.fetcher.hosts_in_back_off().into_iter();
        telemetry::back_offs(
            hosts
                .map(|HostMemory { host, back_off_until: until, failures, .. }| BackOff {
                    host,
                    until,
                    failures,
                })
                .collect(),
        );
        let all: Vec<i32> = self.watermarks.keys().copied().collect();
        take_commits(&mut self.watermarks, &all)
    }
}

/// One that cannot be written leaves its record, which the next owner takes out.
async fn tombstones(shared: Arc<Shared>, partition: i32, keys: Vec<PagesKey>) {
    for key in keys {
        if let Err(e) = shared.outlet.page(partition, &key, None).await {
            tracing::warn!(error = %e, "expiry_failed");
            return;
        }
    }
}
