//! What must hold of every event that is ever published.

use super::kafka_client::Record;
use newswire::record::event_schema;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&event_schema()).expect("the event's schema is a schema")
});

/// The event of a record, after the schema, the CloudEvents attributes and the key were checked.
pub fn event(record: &Record) -> Value {
    let event = record.json();
    let faults: Vec<String> =
        SCHEMA.iter_errors(&event).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "an event that its schema refuses: {faults:#?}\n{event:#}");
    assert_eq!(Some(record.key_text()), event["article_id"].as_str(), "the key is the article's id");
    for (name, value) in [("ce_specversion", "1.0"), ("content-type", "application/json")] {
        assert_eq!(record.header(name), Some(value), "{:?}", record.headers);
    }
    for name in ["ce_id", "ce_source", "ce_type", "newswire-topics"] {
        assert!(record.header(name).is_some(), "no {name} in {:?}", record.headers);
    }
    event
}

/// Titles of the events, sorted, each as often as it was published.
pub fn titles(records: &[Record]) -> Vec<String> {
    let title = |record| event(record)["title"].as_str().expect("a title").to_owned();
    let mut titles: Vec<String> = records.iter().map(title).collect();
    titles.sort();
    titles
}

/// No article and no CloudEvent twice.
pub fn assert_each_once(records: &[Record]) {
    let ids: BTreeSet<&str> = records.iter().map(Record::key_text).collect();
    assert_eq!(ids.len(), records.len(), "an article was published more than once");
    let ce_ids: BTreeSet<_> = records.iter().map(|record| record.header("ce_id")).collect();
    assert_eq!(ce_ids.len(), records.len(), "two events have one id");
}
