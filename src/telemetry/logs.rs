//! Logs on standard error: one JSON object a line, or text for a person at a terminal.

use super::repeats::Repeats;
use crate::config::{LogFormat, TelemetrySettings};
use std::io::{IsTerminal, stderr};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer};

/// Starts logging for the whole process; a second call changes nothing.
/// `level` wins over `RUST_LOG`, which wins over the config. `writer` writes to standard error, around a progress bar
/// where there is one.
pub fn start_logs(settings: &TelemetrySettings, level: Option<&str>, writer: BoxMakeWriter) {
    let on_terminal = stderr().is_terminal();
    let as_json = match settings.log_format {
        LogFormat::Auto => !on_terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    // https://no-color.org: set and not empty means no colour.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = if as_json {
        // Flat, so that `jq .outcome` is all it takes.
        lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        lines.with_ansi(on_terminal && !no_color).with_target(false).boxed()
    };
    let lines = lines.with_filter(Repeats).with_filter(filter(settings, level));
    // A test that starts two workers in one process logs through the first subscriber.
    drop(tracing_subscriber::registry().with(lines).try_init());
}

fn filter(settings: &TelemetrySettings, level: Option<&str>) -> EnvFilter {
    let from_environment = std::env::var("RUST_LOG").ok().filter(|directives| !directives.is_empty());
    let directives =
        level.map(str::to_owned).or(from_environment).unwrap_or_else(|| settings.log_level.clone());
    // The config's level was checked when it was read; a bad RUST_LOG keeps what of it can be read.
    EnvFilter::builder().parse_lossy(directives)
}
