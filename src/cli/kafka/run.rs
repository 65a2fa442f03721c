//! `newswire run`: the worker.

use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::{assemble, reload, setup};
use crate::config::{Config, check_for_run};
use crate::record::Stage;
use crate::telemetry::{self, HealthServer, Readiness};
use crate::worker::{Worker, read_crash_points};
use clap::{Args, ValueEnum};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Only some of the stages, to scale each alone: route,fetch,publish
    #[arg(long, value_delimiter = ',', value_enum)]
    stages: Vec<StageArg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StageArg {
    Route,
    Fetch,
    Publish,
}

impl From<StageArg> for Stage {
    fn from(stage: StageArg) -> Stage {
        match stage {
            StageArg::Route => Stage::Route,
            StageArg::Fetch => Stage::Fetch,
            StageArg::Publish => Stage::Publish,
        }
    }
}

pub fn run(settings: &SettingsArgs, args: &RunArgs) -> Result<(), Failure> {
    read_crash_points();
    let loaded = setup::start(settings)?;
    let problems = loaded.place(check_for_run(&loaded.config));
    if !problems.is_empty() {
        return Err(Failure::all(problems));
    }
    let mut stages: Vec<Stage> = args.stages.iter().copied().map(Stage::from).collect();
    if stages.is_empty() {
        stages = vec![Stage::Route, Stage::Fetch, Stage::Publish];
    }
    stages.dedup();
    setup::runtime()?.block_on(work(loaded.config, stages))
}

async fn work(config: Config, stages: Vec<Stage>) -> Result<(), Failure> {
    let (pipeline, fetcher) = (assemble::pipeline(&config)?, assemble::fetcher(&config)?);
    let readiness = Readiness::default();
    if !config.telemetry.otlp_endpoint.is_empty() {
        let instance = format!("{}-{}", std::env::var("HOSTNAME").unwrap_or_default(), std::process::id());
        telemetry::export_spans(&config.telemetry.otlp_endpoint, &instance).map_err(Failure::usage)?;
    }
    let stop = setup::stop_at_signal()?;
    let listen = config.telemetry.listen;
    let server = HealthServer::bind(listen)
        .await
        .map_err(|e| Failure::Failed(format!("cannot listen on {listen} (telemetry.listen): {e}")))?;
    // Probes are answered while the worker drains.
    let drained = CancellationToken::new();
    let serving = tokio::spawn(server.serve(readiness.clone(), drained.clone().cancelled_owned()));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), stages = ?stages, brokers = config.kafka.brokers, "worker_starts");
    let pipeline = Arc::new(pipeline);
    telemetry::taxonomy(pipeline.tagger.load().version());
    tokio::spawn(reload::watch(assemble::reloadables(&config, &pipeline), stop.clone()));
    let worker = Worker { config, pipeline, fetcher: Arc::new(fetcher), readiness, stages };
    let outcome = worker.run(stop).await;
    drained.cancel();
    // Nobody waits for the answer of a server that ends with the process.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), serving).await;
    tracing::info!("worker_ends");
    outcome.map_err(|problems| Failure::Failed(problems.join("\nnewswire: ")))
}
