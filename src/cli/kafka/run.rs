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
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// From the signal, or the end of a stage by itself, to the end of the process. The steps of a drain have deadlines of
/// their own, but librdkafka has calls without one. Under the 30 s that Kubernetes gives, with room for a busy machine.
const END_WITHIN: Duration = Duration::from_secs(25);

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
    let runtime = setup::runtime()?;
    let outcome = runtime.block_on(work(loaded.config, stages(&args.stages)));
    // Questions to brokers that do not answer are not waited for.
    runtime.shutdown_background();
    setup::end_now(outcome.map_or_else(Failure::tell, |()| 0))
}

/// Each once, however often it was named; all where none was.
fn stages(named: &[StageArg]) -> Vec<Stage> {
    let named: Vec<Stage> = named.iter().copied().map(Stage::from).collect();
    Stage::ALL.into_iter().filter(|stage| named.is_empty() || named.contains(stage)).collect()
}

/// Ends the process once the drain has had its time. What was committed is committed, and what was not is done again by
/// whoever is next, as after SIGKILL. On a thread of its own, because everything else may hang.
fn end_in_time(told: &CancellationToken, stop: &CancellationToken) -> Result<(), Failure> {
    let (told, stop) = (told.clone(), stop.clone());
    let wait = move || {
        futures::executor::block_on(stop.cancelled());
        std::thread::sleep(END_WITHIN);
        tracing::warn!("drain_cut_off");
        // Whoever asked for the end has it; a stage that ended by itself has said why.
        setup::end_now(u8::from(!told.is_cancelled()))
    };
    let started = std::thread::Builder::new().name("drain-deadline".into()).spawn(wait);
    started.map(drop).map_err(|e| Failure::Failed(format!("cannot start a thread: {e}")))
}

async fn work(config: Config, stages: Vec<Stage>) -> Result<(), Failure> {
    let (pipeline, fetcher) = (assemble::pipeline(&config)?, assemble::fetcher(&config)?);
    let readiness = Readiness::default();
    if !config.telemetry.otlp_endpoint.is_empty() {
        let instance = format!("{}-{}", std::env::var("HOSTNAME").unwrap_or_default(), std::process::id());
        telemetry::export_spans(&config.telemetry.otlp_endpoint, &instance).map_err(Failure::usage)?;
    }
    let told = setup::stop_at_signal()?;
    let stop = told.child_token();
    end_in_time(&told, &stop)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_named_twice_starts_once_and_all_start_where_none_is_named() {
        assert_eq!(
            stages(&[StageArg::Publish, StageArg::Route, StageArg::Publish]),
            [Stage::Route, Stage::Publish]
        );
        assert_eq!(stages(&[]), Stage::ALL);
    }
}
