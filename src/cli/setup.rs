//! What commands share before their work: the configuration, logs, a runtime, the input.

use super::args::SettingsArgs;
use super::failure::Failure;
use crate::config::{Config, Loaded, Sources, load};
use crate::telemetry::start_logs;
use std::io::{self, Read, Write};
use std::path::Path;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Reads the configuration; `named` are flags of one command that stand for keys.
pub fn load_config(args: &SettingsArgs, named: Vec<(String, String, String)>) -> Result<Loaded, Failure> {
    let mut flags = named;
    for text in &args.set {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--set {text}: write it as KEY=VALUE")));
        };
        flags.push((format!("--set {key}"), key.trim().to_owned(), value.to_owned()));
    }
    for (name, value) in [("log_level", &args.log_level), ("log_format", &args.log_format)] {
        if let Some(value) = value {
            let flag = format!("--{}", name.replace('_', "-"));
            flags.push((flag, format!("telemetry.{name}"), value.clone()));
        }
    }
    // Names and values that are not UTF-8 are none of ours.
    let environment =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let sources = Sources { file: args.config.clone(), environment: environment.collect(), flags };
    load(&sources).map_err(Failure::all)
}

/// Reads the configuration and starts the logs that it asks for.
pub fn start(args: &SettingsArgs) -> Result<Loaded, Failure> {
    let loaded = load_config(args, Vec::new())?;
    start_logs(&loaded.config.telemetry, args.log_level.as_deref(), BoxMakeWriter::new(io::stderr));
    Ok(loaded)
}

/// For commands that tell a person on standard output what others log.
pub fn start_logs_at(config: &Config, level: &str) {
    start_logs(&config.telemetry, Some(level), BoxMakeWriter::new(io::stderr));
}

pub fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::Failed(format!("cannot start the runtime: {error}")))
}

/// Ends the process as it stands. A Kafka client whose broker is away cannot be closed, and its threads go on: handlers
/// of the process's exit (OpenSSL has some) would take away what they use.
pub fn end_now(code: u8) -> ! {
    // Whoever read our output has gone where this fails.
    let _ = io::stdout().flush();
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(code.into()) }
}

/// The whole of a file, or of standard input for `-`.
pub fn read_input(file: &Path) -> Result<Vec<u8>, Failure> {
    if file.as_os_str() != "-" {
        return std::fs::read(file)
            .map_err(|error| Failure::Failed(format!("cannot read {}: {error}", file.display())));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Failure::Failed(format!("cannot read standard input: {error}")))?;
    Ok(bytes)
}

/// SIGTERM and Ctrl-C end the work in good order; a second one ends the process at once.
pub fn stop_at_signal() -> Result<CancellationToken, Failure> {
    let cannot = |error: io::Error| Failure::Failed(format!("cannot listen for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        let mut is_second = false;
        loop {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            if is_second {
                // Exit code of a process ended by SIGINT, as shells have it.
                std::process::exit(130);
            }
            tracing::info!("draining: work under way is finished; a second signal stops at once");
            told.cancel();
            is_second = true;
        }
    });
    Ok(stop)
}
