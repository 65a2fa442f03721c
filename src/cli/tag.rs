//! `newswire tag --batch`: texts in, their topics out.

use super::args::{SettingsArgs, TagArgs};
use super::failure::Failure;
use super::{assemble, batch, setup};
use crate::topics::Tagger;
use serde_json::{Map, Value, json};

pub fn run(settings: &SettingsArgs, args: &TagArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let tagger = assemble::tagger(&config)?;
    let threshold = if args.all_mentions { 0.0 } else { config.topics.threshold };
    batch::run(move |line| tag(&tagger, threshold, line))
}

fn tag(tagger: &Tagger, threshold: f64, line: &Map<String, Value>) -> batch::Answer {
    // A text may lack its title or its body, but not both.
    let part = |name| match line.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(_) => batch::text(line, name),
    };
    if !line.contains_key("title") && !line.contains_key("body") {
        return Err("\"title\" and \"body\" are missing".into());
    }
    let language = Some(part("language")?).filter(|language| !language.is_empty());
    let topics = tagger.tag(part("title")?, part("body")?, language, threshold);
    Ok(Map::from_iter([("topics".to_owned(), json!(topics))]))
}
