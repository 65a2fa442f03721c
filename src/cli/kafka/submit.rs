//! `newswire submit`: URLs onto the Kafka topic.

use super::{IN_FLIGHT, failed};
use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Progress;
use crate::cli::setup;
use crate::identity::{TrackingParameters, normalize};
use crate::record::UrlRecord;
use crate::worker::Submitter;
use clap::Args;
use futures::{StreamExt, stream};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// URLs; none and no --input: standard input
    urls: Vec<String>,
    /// A file with a URL, or {"url", "context"?, "force"?}, on each line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

pub fn run(settings: &SettingsArgs, args: &SubmitArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let (records, bad) = records(args)?;
    for problem in &bad {
        eprintln!("newswire: {problem}");
    }
    let submitter = Submitter::new(&config.kafka).map_err(|e| failed("cannot reach the brokers")(&e))?;
    let progress = Progress::new(Some(records.len() as u64));
    let sent = setup::runtime()?.block_on(submit_all(&submitter, &records, &progress));
    progress.finish();
    let sent = sent?;
    eprintln!("{sent} submitted to {}, {} refused", config.kafka.topics.urls, bad.len());
    if bad.is_empty() { Ok(()) } else { Err(Failure::Failed("some lines are no URL records".into())) }
}

async fn submit_all(
    submitter: &Submitter,
    records: &[String],
    progress: &Progress,
) -> Result<usize, Failure> {
    let mut sent = 0;
    let mut sending =
        stream::iter(records).map(|record| submitter.submit(record.as_bytes())).buffer_unordered(IN_FLIGHT);
    while let Some(outcome) = sending.next().await {
        outcome.map_err(|e| Failure::Failed(format!("cannot submit after {sent} records: {e}")))?;
        sent += 1;
        progress.one_done();
    }
    Ok(sent)
}

/// The lines that are URL records, and what is wrong with the others.
fn records(args: &SubmitArgs) -> Result<(Vec<String>, Vec<String>), Failure> {
    let mut lines: Vec<(String, String)> = args.urls.iter().map(|url| (url.clone(), url.clone())).collect();
    let input = match &args.input {
        Some(file) => Some(file.as_path()),
        None if lines.is_empty() && std::io::stdin().is_terminal() => {
            return Err(Failure::usage("no URLs: give some, or --input FILE, or pipe them in"));
        }
        None => lines.is_empty().then(|| Path::new("-")),
    };
    if let Some(file) = input {
        let text = String::from_utf8_lossy(&setup::read_input(file)?).into_owned();
        let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.extend(numbered.map(|(n, line)| (format!("{}:{}", file.display(), n + 1), line.to_owned())));
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (place, line) in lines {
        match judge(&line) {
            Ok(()) => good.push(line),
            Err(why) => bad.push(format!("{place}: {why}")),
        }
    }
    Ok((good, bad))
}

/// A slip is told where it was made, instead of as a reject later.
fn judge(line: &str) -> Result<(), String> {
    let record = UrlRecord::parse(line.as_bytes()).map_err(|(_, message)| message)?;
    normalize(&record.url, &TrackingParameters::default()).map(|_| ()).map_err(|e| e.to_string())
}
