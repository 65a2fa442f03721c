//! `newswire topics`: what is in the taxonomy, and what it finds in a text.

use super::args::{SettingsArgs, TopicsTestArgs};
use super::failure::Failure;
use super::paint::{Paint, plain};
use super::{assemble, setup};
use crate::record::TopicTag;
use crate::topics::{Case, Tagger};
use std::ffi::OsStr;
use std::io::{BufWriter, IsTerminal, Write, stdout};

/// Places of a topic that are shown to a person; the JSON has all.
const MENTIONS_SHOWN: usize = 6;

/// Id and name with a tab between them, a topic a line.
pub fn list(settings: &SettingsArgs) -> Result<(), Failure> {
    let tagger = assemble::tagger(&setup::start(settings)?.config)?;
    let mut out = BufWriter::new(stdout().lock());
    for (id, name) in tagger.topics() {
        writeln!(out, "{id}\t{name}")?;
    }
    Ok(out.flush()?)
}

/// Cases (by the name of their file), or one text.
pub fn test(settings: &SettingsArgs, args: &TopicsTestArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let tagger = assemble::tagger(&config)?;
    let bytes = setup::read_input(&args.file)?;
    let text = String::from_utf8_lossy(&bytes);
    let holds_cases = |extension: &OsStr| ["toml", "jsonl", "ndjson"].iter().any(|known| extension == *known);
    match args.file.extension().is_some_and(holds_cases) {
        true => check_cases(&tagger, config.topics.threshold, &args.file.to_string_lossy(), &text),
        false => show_text(&tagger, config.topics.threshold, &text, args.language.as_deref()),
    }
}

/// Each case that fails on a line of its own, then the count; exit code 1 where one fails.
fn check_cases(tagger: &Tagger, threshold: f64, file: &str, text: &str) -> Result<(), Failure> {
    let cases = Case::read(file, text).map_err(Failure::all)?;
    if cases.is_empty() {
        return Err(Failure::usage(format!("{file}: no cases")));
    }
    let failures: Vec<_> = cases.iter().filter_map(|case| case.check(tagger, threshold)).collect();
    let mut out = stdout().lock();
    for failure in &failures {
        writeln!(out, "{failure}")?;
    }
    writeln!(out, "{} of {} cases pass", cases.len() - failures.len(), cases.len())?;
    match failures.len() {
        0 => Ok(()),
        count => Err(Failure::Failed(format!("{file}: {count} of {} cases fail", cases.len()))),
    }
}

/// A person gets a list, a program one JSON object a line.
fn show_text(tagger: &Tagger, threshold: f64, text: &str, language: Option<&str>) -> Result<(), Failure> {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let topics = tagger.tag(title.trim(), body.trim(), language, 0.0);
    let for_a_person = stdout().is_terminal();
    let paint = Paint::for_stdout();
    let mut out = stdout().lock();
    for topic in &topics {
        match for_a_person {
            true => writeln!(out, "{}", line(topic, threshold, &paint))?,
            false => writeln!(out, "{}", serde_json::json!(topic))?,
        }
    }
    Ok(())
}

/// Topics under the threshold are shown too, dimmed: they are what one tests a taxonomy for.
fn line(topic: &TopicTag, threshold: f64, paint: &Paint) -> String {
    let places = topic.mentions.iter().take(MENTIONS_SHOWN);
    let places = places.map(|m| format!("{} ({:?} {})", plain(&m.term), m.field, m.start).to_lowercase());
    let more = topic.mentions.len().saturating_sub(MENTIONS_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let head = format!("{:.2}  {:<32}", topic.score, topic.id);
    let head = if topic.score >= threshold { paint.topic(&head) } else { paint.dim(&head) };
    format!("{head} {}{more}", places.collect::<Vec<_>>().join(", "))
}
