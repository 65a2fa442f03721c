//! `newswire check`: everything that would stop the start, at once: config, taxonomy, publisher rules, brokers, Kafka topics.

use super::args::{CheckArgs, SettingsArgs};
use super::failure::Failure;
use super::{assemble, setup};
use crate::config::{Loaded, check_for_run};
use crate::topics::Tagger;
use crate::worker;
use jiff::{SignedDuration, Timestamp};
use std::io::{Write, stdout};

pub fn run(settings: &SettingsArgs, args: &CheckArgs) -> Result<(), Failure> {
    let loaded = setup::load_config(settings, Vec::new())?;
    let mut problems: Vec<String> =
        loaded.place(check_for_run(&loaded.config)).iter().map(ToString::to_string).collect();
    let mut report = vec![config_line(&loaded)];
    match assemble::tagger(&loaded.config) {
        Ok(tagger) => {
            report.push(format!("taxonomy ok: version {}", tagger.version()));
            report.extend(warnings(&tagger));
        }
        Err(Failure::Usage(more)) => problems.extend(more),
        Err(failure) => return Err(failure),
    }
    match assemble::extractor(&loaded.config) {
        Ok(extractor) => report.push(format!("publisher rules ok: {}", extractor.publishers().len())),
        Err(Failure::Usage(more)) => problems.extend(more),
        Err(failure) => return Err(failure),
    }
    if !args.offline {
        match setup::runtime()?.block_on(worker::check(&loaded.config.kafka)) {
            Ok(counts) => {
                report.push(format!(
                    "kafka ok: {} partitions of jobs, {} of candidates",
                    counts.fetch, counts.candidates
                ));
                match worker::refused_by_brokers(&loaded.config.kafka) {
                    Ok(refused) if refused.is_empty() => {
                        report.push("rights ok: Kafka topics, groups, transactions".into());
                    }
                    Ok(refused) => problems.extend(refused),
                    Err(e) => problems.push(format!("cannot ask the brokers what is allowed: {e}")),
                }
            }
            Err(more) => {
                let (missing, more): (Vec<_>, Vec<_>) =
                    more.into_iter().partition(|problem| is_missing(problem));
                // `run` creates what is missing, where it may.
                let creates = loaded.config.kafka.create_topics;
                (if creates { &mut report } else { &mut problems }).extend(missing);
                problems.extend(more);
            }
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    Ok(writeln!(stdout().lock(), "{}", report.join("\n"))?)
}

/// Leaders and the like are looked at again once a year: a guess, elections are every four or five.
const LOOK_AGAIN_AFTER_DAYS: i64 = 365;

/// So many warnings are shown; a taxonomy that nobody looked at for a year has one for every leader.
const WARNINGS_SHOWN: usize = 20;

fn warnings(tagger: &Tagger) -> Vec<String> {
    let year = SignedDuration::from_hours(24 * LOOK_AGAIN_AFTER_DAYS);
    let Ok(then) = Timestamp::now().checked_sub(year) else { return Vec::new() };
    let then = then.to_string();
    let date = then.get(..10).unwrap_or(&then);
    let old = tagger.not_checked_since(date);
    let shown = old.iter().take(WARNINGS_SHOWN).map(|problem| format!("warning: {problem}"));
    let more = old.len().saturating_sub(WARNINGS_SHOWN);
    let rest = (more > 0).then(|| format!("warning: and {more} more that were last checked before {date}"));
    shown.chain(rest).collect()
}

fn is_missing(problem: &str) -> bool {
    problem.ends_with("does not exist")
}

fn config_line(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(file) => format!("config ok: {}", file.display()),
        None => "config ok: no file, the built-in defaults".to_owned(),
    }
}
