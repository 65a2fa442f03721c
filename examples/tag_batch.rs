//! Tags JSON lines on standard input: `{"id","title","body","language"?}` -> `{"id","topics":[…],"tags":[…]}`.
//!
//! `--all-mentions` keeps every topic mentioned; `--taxonomy DIR` reads another taxonomy than the bundled one;
//! `--no-dateline` removes a leading dateline; `--explain` prints every mention instead. The figures of
//! docs/topics.md are made with it.

use newswire::topics::{Judged, Tagger};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let folder = arguments.iter().position(|a| a == "--taxonomy").and_then(|at| arguments.get(at + 1));
    let started = std::time::Instant::now();
    let tagger = match folder {
        Some(folder) => Tagger::load(folder.as_ref())
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?,
        None => Tagger::bundled(),
    };
    let (patterns, bytes) = tagger.size();
    eprintln!("{patterns} spellings, {bytes} bytes, compiled in {:?}", started.elapsed());
    let threshold = if has("--all-mentions") { 0.0 } else { Tagger::DEFAULT_THRESHOLD };
    let (mut count, mut busy) = (0u32, std::time::Duration::ZERO);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let document: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| document[key].as_str().unwrap_or_default();
        let body = if has("--no-dateline") { without_dateline(text("body")) } else { text("body") };
        let language = document["language"].as_str();
        if has("--explain") {
            let explanation = tagger.explain(text("title"), body, language);
            let mentions: Vec<Value> = explanation.mentions.iter().map(judged).collect();
            let topics = serde_json::to_value(&explanation.topics)?;
            writeln!(out, "{}", json!({"id": document["id"], "topics": topics, "mentions": mentions}))?;
            continue;
        }
        let started = std::time::Instant::now();
        let tags = tagger.tag(text("title"), body, language, threshold);
        busy += started.elapsed();
        count += 1;
        let tags: Vec<Value> = tags.iter().map(|tag| json!({"id": tag.id, "score": tag.score})).collect();
        writeln!(out, "{}", json!({"id": document["id"], "topics": tags, "tags": tags}))?;
    }
    eprintln!("{count} documents in {busy:?}: {:.0} a second", f64::from(count) / busy.as_secs_f64());
    Ok(())
}

fn judged(judged: &Judged) -> Value {
    let rule = judged.rule.map(|rule| rule.as_str());
    json!({"topic": judged.topic, "term": judged.mention.term, "field": judged.mention.field,
           "start": judged.mention.start, "end": judged.mention.end, "zone": judged.zone, "kind": judged.kind,
           "weight": judged.weight, "kept": judged.is_kept, "rule": rule})
}

/// Everything behind the first " - " of the first 120 characters.
fn without_dateline(body: &str) -> &str {
    match body.find(" - ") {
        Some(at) if at < 120 => &body[at + 3..],
        _ => body,
    }
}
