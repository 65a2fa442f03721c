//! The loops around the pipeline on Kafka: intake, watermark, transaction, delay, restore, rebalance, drain.
//!
//! ```text
//! news.urls -> route_stage -> newswire.fetch -> fetch_stage -> newswire.candidates -> publish_stage -> news.articles
//!                                  ^                |
//!                             delay_stage <- newswire.delay.*
//! ```
//! Route, fetch and delay are at least once and run on the async runtime, each with an `intake` thread; publish is
//! exactly once and is one thread of its own (see `docs/delivery.md`).

mod acl;
mod audit;
mod clients;
mod cloud_event;
mod commands;
mod crash_point;
mod delay_stage;
mod fetch_stage;
mod group_metadata;
mod in_hand;
mod intake;
mod kafka_topics;
mod lag;
mod offsets;
mod one_job;
mod order_desk;
mod orders;
mod outlet;
mod partitions;
mod publish_core;
mod publish_stage;
mod read_ahead;
mod reader;
mod restore;
mod route_stage;
mod source;
mod transaction;
mod watermark;

pub use acl::refused as refused_by_brokers;
pub use audit::{Audit, Without, audit};
pub use commands::{Found, Submitter, follow, look_up_id, look_up_url, rejects};
pub use crash_point::read_environment as read_crash_points;
pub use kafka_topics::{KafkaTopicNames, PartitionCounts, TIERS, check};
pub use order_desk::{OrderDesk, Planned, Scope};

use crate::config::{Config, KafkaSettings};
use crate::memory::BadChangelog;
use crate::pipeline::{Fetch, Pipeline};
use crate::record::{Ending, Stage};
use crate::telemetry::{self, Readiness};
use intake::Member;
use outlet::{Outlet, WriteError};
use partitions::Partitions;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What work under way is given on SIGTERM before it is left to the next owner. Under the 30 s that Kubernetes gives.
const DRAIN: Duration = Duration::from_secs(15);

/// What the stages share.
pub struct Shared {
    pub config: Config,
    pub pipeline: Arc<Pipeline>,
    pub fetcher: Arc<dyn Fetch>,
    outlet: Outlet,
    readiness: Partitions,
    stop: CancellationToken,
    /// Names this worker among those that publish: one living owner of a transactional id.
    slot: String,
}

/// Why a stage ended.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Write(#[from] WriteError),
    #[error("the transaction cannot go on: {0}")]
    Transaction(String),
    #[error("cannot start: {0}")]
    Start(String),
    #[error("a thread of the stage panicked")]
    Thread,
    #[error("the brokers refuse {what}: {why}")]
    Refused { what: String, why: String },
    #[error("{}", .0.join("; "))]
    KafkaTopics(Vec<String>),
    #[error(
        "{kafka_topic} had {was} partitions when offsets were last committed and has {is}: a site's memory is not \
         where its articles go now (docs/delivery.md tells how to move)"
    )]
    PartitionsChanged { kafka_topic: String, was: u32, is: u32 },
    #[error(
        "the changelog {kafka_topic} [{partition}] lacks {behind} records that were committed: nothing is published, \
         because articles would come twice"
    )]
    ChangelogLost { kafka_topic: String, partition: i32, behind: i64 },
    #[error("the changelog {kafka_topic} [{partition}] cannot be read at offset {offset}: {problem}")]
    BadChangelog { kafka_topic: String, partition: i32, offset: i64, problem: BadChangelog },
}

impl StageError {
    /// No restart mends it.
    fn is_final(&self) -> bool {
        match self {
            StageError::Kafka(e) => {
                let is_setting = matches!(e, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_));
                is_setting || e.rdkafka_error_code().is_some_and(is_refusal)
            }
            StageError::ChangelogLost { .. }
            | StageError::BadChangelog { .. }
            | StageError::PartitionsChanged { .. }
            | StageError::KafkaTopics(_)
            | StageError::Refused { .. } => true,
            _ => false,
        }
    }
}

/// The brokers know who asks and do not allow it: waiting does not help.
fn is_refusal(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
    )
}

/// The worker: some or all of the stages.
pub struct Worker {
    pub config: Config,
    pub pipeline: Arc<Pipeline>,
    pub fetcher: Arc<dyn Fetch>,
    pub readiness: Readiness,
    pub stages: Vec<Stage>,
}

impl Worker {
    /// Runs until `stop`; then drains. `Err` lists what stopped the start, or why a stage ended by itself.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Vec<String>> {
        let names = KafkaTopicNames::new(&self.config.kafka);
        self.readiness.waits("broker", "looking for the Kafka topics");
        let slot = slot(&self.config.publish.slot);
        let open = |stage: &Stage| Opened::open(*stage, &self.config.kafka, &names, &slot);
        let opened: Result<Vec<Opened>, StageError> = self.stages.iter().map(open).collect();
        let opened = opened.map_err(|e| vec![e.to_string()])?;
        let counts = tokio::select! {
            counts = kafka_topics::wait_for(&self.config.kafka, &names) => counts?,
            () = stop.cancelled() => return Ok(()),
        };
        let shared = Arc::new(Shared {
            outlet: Outlet::new(&self.config.kafka, names, counts).map_err(|e| vec![e.to_string()])?,
            readiness: Partitions::new(self.readiness.clone(), &self.stages),
            config: self.config,
            pipeline: self.pipeline,
            fetcher: self.fetcher,
            stop: stop.clone(),
            slot,
        });
        // Only now, when each stage is waited for: in between nothing would be.
        self.readiness.ready("broker");
        let mut running = start(&shared, opened);
        running.spawn(watch(shared.clone()));
        // Only looks on: it ends with the runtime, and nothing waits for it.
        tokio::spawn(lag::watch(shared.clone(), self.stages.clone()));
        let mut problems = Vec::new();
        while let Some(ended) = running.join_next().await {
            let ended = ended.map_err(|e| StageError::Start(e.to_string())).and_then(|outcome| outcome);
            if let Err(e) = ended {
                tracing::error!(error = %e, "a stage ended, the worker stops");
                problems.push(e.to_string());
            }
            // One stage less would be a worker that looks alive and does half its work.
            stop.cancel();
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// Ends the worker whose Kafka topics are no longer what they were when it started.
async fn watch(shared: Arc<Shared>) -> Result<(), StageError> {
    tokio::select! {
        changed = kafka_topics::watch(&shared.config.kafka, &shared.outlet.names) => Err(StageError::KafkaTopics(changed)),
        () = shared.stop.cancelled() => Ok(()),
    }
}

/// A stage's clients: they look for the brokers and their coordinators side by side, while the Kafka topics are looked at.
enum Opened {
    Route(Member),
    Fetch(fetch_stage::Clients),
    Publish(publish_stage::Clients),
}

impl Opened {
    fn open(
        stage: Stage,
        kafka: &KafkaSettings,
        names: &KafkaTopicNames,
        slot: &str,
    ) -> Result<Opened, StageError> {
        Ok(match stage {
            Stage::Route => Opened::Route(Member::open(kafka, "route", &names.urls)?),
            Stage::Fetch => Opened::Fetch(fetch_stage::Clients::open(kafka, &names.fetch)?),
            Stage::Publish => Opened::Publish(publish_stage::Clients::open(kafka, slot)?),
        })
    }
}

fn start(shared: &Arc<Shared>, opened: Vec<Opened>) -> JoinSet<Result<(), StageError>> {
    let mut running = JoinSet::new();
    for stage in opened {
        let shared = shared.clone();
        match stage {
            Opened::Route(member) => drop(running.spawn(route_stage::run(shared, member))),
            Opened::Publish(clients) => {
                running.spawn_blocking(move || publish_stage::run(&shared, clients));
            }
            Opened::Fetch(clients) => {
                for tier in TIERS {
                    running.spawn(delay_stage::run(shared.clone(), tier));
                }
                running.spawn(fetch_stage::run(shared, clients));
            }
        }
    }
    running
}

/// As configured; else the host's name, which is the pod's name in a cluster, and the process id for several workers
/// on one host.
fn slot(configured: &str) -> String {
    if !configured.is_empty() {
        return configured.to_owned();
    }
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    format!("{}-{}", host.as_deref().map_or("worker", str::trim), std::process::id())
}

impl Shared {
    /// Where no transaction carries it: kept in `newswire.outcomes` before it is told.
    async fn end(&self, ending: &Ending) -> Result<(), WriteError> {
        self.outlet.outcome(ending, self.fetcher.now()).await?;
        telemetry::report(ending);
        Ok(())
    }

    /// Articles last met before this are forgotten, milliseconds since 1970.
    fn expire_before(&self) -> i64 {
        let retention = i64::try_from(self.config.memory.retention.as_millis()).unwrap_or(i64::MAX);
        self.fetcher.now().as_millisecond().saturating_sub(retention)
    }
}
