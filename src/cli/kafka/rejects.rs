//! `newswire rejects list` and `replay`: what ended without an article, and once more.

use super::{IN_FLIGHT, failed};
use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Progress;
use crate::cli::setup;
use crate::record::Reject;
use crate::telemetry::masked_url;
use crate::worker::{Submitter, rejects};
use clap::{Args, Subcommand};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};

#[derive(Debug, Subcommand)]
pub enum RejectsCommand {
    /// Prints rejects: a line each for a person, JSON lines in a pipe
    List(Chosen),
    /// Puts the original records back on the URLs topic, to be fetched again whatever was fetched lately
    Replay(ReplayArgs),
}

/// Which rejects. Several filters must all fit.
#[derive(Debug, Args)]
pub struct Chosen {
    /// Only with this reason; may be repeated: --reason timeout --reason host_unavailable
    #[arg(long)]
    reason: Vec<String>,
    /// Only since this moment (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only where the URL contains this
    #[arg(long, value_name = "TEXT")]
    url: Option<String>,
    /// Only this one; may be repeated
    #[arg(long, value_name = "REJECT_ID")]
    id: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Replays everything, where no filter is given
    #[arg(long)]
    all: bool,
    /// Says what would be put back, and does nothing
    #[arg(long)]
    dry_run: bool,
}

impl Chosen {
    fn is_everything(&self) -> bool {
        self.reason.is_empty() && self.since.is_none() && self.url.is_none() && self.id.is_empty()
    }

    fn has(&self, reject: &Reject) -> bool {
        let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
        among(&self.reason, reject.reason.as_str())
            && among(&self.id, &reject.reject_id)
            && self.since.is_none_or(|since| reject.failed_at >= since)
            && self.url.as_ref().is_none_or(|text| reject.url.as_ref().is_some_and(|url| url.contains(text)))
    }
}

pub fn run(settings: &SettingsArgs, command: &RejectsCommand) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let chosen = match command {
        RejectsCommand::List(chosen) => chosen,
        RejectsCommand::Replay(args) if args.chosen.is_everything() && !args.all => {
            return Err(Failure::usage("name what to replay (--reason, --since, --url, --id), or --all"));
        }
        RejectsCommand::Replay(args) => &args.chosen,
    };
    let mut found = rejects(&config.kafka).map_err(|e| failed("cannot read the rejects")(&e))?;
    found.retain(|reject| chosen.has(reject));
    match command {
        RejectsCommand::List(_) => list(&found),
        RejectsCommand::Replay(args) if args.dry_run => {
            eprintln!("{} would be replayed", found.len());
            list(&found)
        }
        RejectsCommand::Replay(_) => {
            let submitter =
                Submitter::new(&config.kafka).map_err(|e| failed("cannot reach the brokers")(&e))?;
            let progress = Progress::new(Some(found.len() as u64));
            let put_back = setup::runtime()?.block_on(replay(&submitter, &found, &progress));
            progress.finish();
            eprintln!("{} replayed", put_back?);
            Ok(())
        }
    }
}

fn list(found: &[Reject]) -> Result<(), Failure> {
    let mut out = stdout().lock();
    if !out.is_terminal() {
        for reject in found {
            writeln!(out, "{}", serde_json::to_string(reject).map_err(|e| Failure::Failed(e.to_string()))?)?;
        }
        return Ok(());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reject in found {
        *counts.entry(reject.reason.as_str()).or_default() += 1;
        let url = reject.url.as_deref().map(masked_url).unwrap_or_default();
        writeln!(
            out,
            "{:.19}  {:<20} {url}\n    {}",
            reject.failed_at.to_string(),
            reject.reason,
            reject.message
        )?;
    }
    for (reason, count) in counts {
        writeln!(out, "{count:>8}  {reason}")?;
    }
    Ok(())
}

async fn replay(submitter: &Submitter, found: &[Reject], progress: &Progress) -> Result<usize, Failure> {
    let mut put_back = 0;
    let put = |reject| async move { (reject, submitter.replay(reject).await) };
    let mut putting = stream::iter(found).map(put).buffered(IN_FLIGHT);
    while let Some((reject, outcome)) = putting.next().await {
        match outcome {
            Ok(true) => put_back += 1,
            Ok(false) => progress.around(|| {
                eprintln!("newswire: reject {} does not carry its record whole and stays", reject.reject_id)
            }),
            Err(e) => return Err(Failure::Failed(format!("cannot replay after {put_back} records: {e}"))),
        }
        progress.one_done();
    }
    Ok(put_back)
}
