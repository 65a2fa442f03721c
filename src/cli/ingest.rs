//! `newswire ingest`: one machine, no Kafka; URLs in, events on standard output.

use super::args::{IngestArgs, SettingsArgs};
use super::failure::Failure;
use super::output::{EventPrinter, Progress, Summary};
use super::url_source::{self, UrlSource};
use super::{assemble, setup};
use crate::config::Config;
use crate::local::{Delivery, Ingest, State};
use crate::record::Reject;
use crate::telemetry;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write, stderr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub fn run(settings: &SettingsArgs, args: &IngestArgs) -> Result<(), Failure> {
    let config = setup::load_config(settings, args.fetch.named())?.config;
    let source = url_source::open(&args.urls, args.input.as_deref())?;
    let progress = Progress::new(source.total);
    telemetry::start_logs(&config.telemetry, settings.log_level.as_deref(), progress.log_writer());
    let mut state = match &args.state {
        Some(folder) => State::open(folder).map_err(|error| Failure::Failed(error.to_string()))?,
        None => State::in_memory(),
    };
    let rejects = args.rejects.as_deref().map(RejectFile::create).transpose()?;
    let run = Run { config: &config, source, max_wait: args.max_wait, progress, rejects };
    let runtime = setup::runtime()?;
    let summary = runtime.block_on(run.finish(&mut state));
    // A read of standard input may still be blocked.
    runtime.shutdown_background();
    let summary = summary?;
    match stderr().is_terminal() {
        true => eprintln!("{}", summary.table()),
        false => tracing::info!(urls = summary.total(), ended = summary.words(), "done"),
    }
    Ok(())
}

/// One run of the local pipeline, with what is shown of it.
pub struct Run<'a> {
    pub config: &'a Config,
    pub source: UrlSource,
    pub max_wait: Duration,
    pub progress: Progress,
    pub rejects: Option<RejectFile>,
}

impl Run<'_> {
    /// Every URL to its outcome. Ctrl-C ends it in good order, with what was under way delivered; URLs left without an
    /// outcome are a failure.
    pub async fn finish(self, state: &mut State) -> Result<Summary, Failure> {
        let Run { config, source, max_wait, progress, mut rejects } = self;
        let pipeline = assemble::pipeline(config)?.into();
        let ingest = Ingest { pipeline, fetcher: Arc::new(assemble::fetcher(config)?), max_wait };
        let printer = EventPrinter::new();
        let mut summary = Summary::default();
        let sink = |delivery: Delivery| {
            telemetry::report(&delivery.ending);
            summary.add(&delivery.ending);
            progress.one_done();
            if let (Some(file), Some(reject)) = (&mut rejects, &delivery.reject) {
                file.write(reject)?;
            }
            match &delivery.event {
                Some(event) => progress.around(|| printer.print(event)),
                None => Ok(()),
            }
        };
        let stop = setup::stop_at_signal()?;
        let stopped = stop.clone();
        let ended = ingest.run(source.records, state, sink, stop).await;
        progress.finish();
        if let Some(file) = &mut rejects {
            file.0.flush()?;
        }
        ended?;
        if stopped.is_cancelled() {
            let message = format!("stopped after {} URLs; the rest has no outcome", summary.total());
            return Err(Failure::Failed(message));
        }
        Ok(summary)
    }
}

/// `--rejects FILE`: one JSON object a line, as on the Kafka topic of rejects.
pub struct RejectFile(BufWriter<File>);

impl RejectFile {
    fn create(path: &Path) -> Result<RejectFile, Failure> {
        let file = File::create(path);
        let file =
            file.map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
        Ok(RejectFile(BufWriter::new(file)))
    }

    fn write(&mut self, reject: &Reject) -> std::io::Result<()> {
        writeln!(self.0, "{}", serde_json::to_string(reject)?)
    }
}
