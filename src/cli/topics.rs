//! `newswire topics`: what is in the taxonomy, and what it finds in a text.

use super::args::{SettingsArgs, TopicsTestArgs};
use super::failure::Failure;
use super::paint::{Paint, plain};
use super::{assemble, setup};
use crate::record::TopicTag;
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

/// A person gets a list, a program one JSON object a line.
pub fn test(settings: &SettingsArgs, args: &TopicsTestArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let tagger = assemble::tagger(&config)?;
    let bytes = setup::read_input(&args.file)?;
    let text = String::from_utf8_lossy(&bytes);
    let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
    let topics = tagger.tag(title.trim(), body.trim(), args.language.as_deref(), 0.0);
    let for_a_person = stdout().is_terminal();
    let paint = Paint::for_stdout();
    let mut out = stdout().lock();
    for topic in &topics {
        match for_a_person {
            true => writeln!(out, "{}", line(topic, config.topics.threshold, &paint))?,
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
