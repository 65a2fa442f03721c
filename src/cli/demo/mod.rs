//! `newswire demo`: a small bundled news site on loopback, ingested through the whole pipeline.

mod server;
mod site;

pub use server::DemoServer;
pub use site::url_records;

use super::args::{DemoArgs, SettingsArgs};
use super::failure::Failure;
use super::ingest::Run;
use super::output::Progress;
use super::{setup, url_source};
use crate::local::State;
use crate::telemetry;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

/// Between two requests to one host. The site is ours; politeness would only be waiting.
const DELAY: &str = "100ms";

/// No host of the demo asks to be left alone.
const MAX_WAIT: Duration = Duration::from_secs(10);

pub fn run(settings: &SettingsArgs, args: &DemoArgs) -> Result<(), Failure> {
    let runtime = setup::runtime()?;
    runtime.block_on(async {
        let server = match args.listen {
            Some(listen) => DemoServer::start_at(listen).await,
            None => DemoServer::start().await,
        };
        let server =
            server.map_err(|error| Failure::Failed(format!("cannot start the demo's server: {error}")))?;
        if args.serve { serve(&server).await } else { ingest(settings, &server).await }
    })
}

async fn serve(server: &DemoServer) -> Result<(), Failure> {
    let mut out = stdout().lock();
    writeln!(out, "{}", server.proxy())?;
    drop(out);
    setup::stop_at_signal()?.cancelled_owned().await;
    Ok(())
}

async fn ingest(settings: &SettingsArgs, server: &DemoServer) -> Result<(), Failure> {
    let flag = |key: &str, value: &str| ("demo".to_owned(), key.to_owned(), value.to_owned());
    let flags = vec![
        flag("fetch.proxy", &server.proxy()),
        flag("fetch.delay", DELAY),
        // Each name of an article is followed to the article: what is to be seen is that it is known.
        flag("fetch.refetch_after", "0s"),
    ];
    let config = setup::load_config(settings, flags)?.config;
    let records = url_records();
    let progress = Progress::new(Some(records.len() as u64));
    telemetry::start_logs(&config.telemetry, log_level(settings), progress.log_writer());
    let source = url_source::of_lines("demo", records);
    let run = Run { config: &config, source, max_wait: MAX_WAIT, progress, rejects: None };
    let summary = run.finish(&mut State::in_memory()).await?;
    eprintln!("{}", summary.table());
    Ok(())
}

/// On a terminal the articles and the table say it all; who wants the lines asks for them.
fn log_level(settings: &SettingsArgs) -> Option<&str> {
    let quiet = stderr().is_terminal() && std::env::var_os("RUST_LOG").is_none();
    settings.log_level.as_deref().or(quiet.then_some("warn"))
}
