//! `newswire audit`: the promise, checked by whoever relies on it.

use super::failed;
use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::worker::{Audit, Without, audit};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::io::{IsTerminal, Write, stdout};

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only source records since this moment (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
}

/// Names every source record that has no outcome. Those that still wait in a stage are told; any other one makes the
/// command fail.
pub fn run(settings: &SettingsArgs, args: &AuditArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let found = audit(&config.kafka, args.from).map_err(|e| failed("cannot audit")(&e))?;
    let mut out = stdout().lock();
    if out.is_terminal() {
        for_a_person(&found, &mut out)?
    } else {
        as_lines(&found, &mut out)?
    }
    match found.without.iter().filter(|without| without.waits_in.is_none()).count() {
        0 => Ok(()),
        lost => Err(Failure::Failed(format!(
            "{lost} of {} source records have no outcome and wait nowhere",
            found.source_records
        ))),
    }
}

fn for_a_person(found: &Audit, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "{:>9}  source records", found.source_records)?;
    for (outcome, count) in &found.outcomes {
        writeln!(out, "{count:>9}  {outcome}")?;
    }
    for without in &found.without {
        let place =
            without.waits_in.as_ref().map_or("no outcome, nowhere".to_owned(), |t| format!("waits in {t}"));
        writeln!(
            out,
            "partition {} offset {}: {place}: {}",
            without.partition,
            without.offset,
            text(without)
        )?;
    }
    Ok(())
}

fn as_lines(found: &Audit, out: &mut impl Write) -> Result<(), Failure> {
    for without in &found.without {
        let at =
            without.timestamp.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string());
        let line = json!({
            "partition": without.partition, "offset": without.offset, "at": at,
            "waits_in": without.waits_in, "record": text(without),
        });
        writeln!(out, "{line}")?;
    }
    let line = json!({
        "source_records": found.source_records, "outcomes": found.outcomes, "without": found.without.len(),
    });
    Ok(writeln!(out, "{line}")?)
}

/// The record as far as it is text and short.
fn text(without: &Without) -> String {
    String::from_utf8_lossy(&without.record).chars().take(500).collect()
}
