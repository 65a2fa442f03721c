//! The keys that exist, read off the defaults: what is a section, what is a value and of which kind.

use super::Config;
use serde_json::{Map, Value};

/// `["kafka", "brokers"]`; the name of a librdkafka property is one element, dots and all.
pub type Path = Vec<String>;

/// What a path names.
#[derive(Debug, PartialEq)]
pub enum Known {
    /// A table of keys, with the names that it has.
    Section(Vec<String>),
    /// A value; the default tells its kind.
    Value(Value),
    /// A librdkafka property: any name, always text.
    Property,
    Nothing,
}

/// The defaults as a tree.
pub struct Tree(Value);

impl Tree {
    pub fn of_defaults() -> Tree {
        Tree(
            serde_json::to_value(Config::default())
                .expect("settings are plain data, which always serializes"),
        )
    }

    pub fn find(&self, path: &[String]) -> Known {
        if path.len() == 3 && is_properties(&path[..2]) {
            return Known::Property;
        }
        let mut at = &self.0;
        for key in path {
            match at.get(key) {
                Some(below) => at = below,
                None => return Known::Nothing,
            }
        }
        match at {
            Value::Object(keys) => Known::Section(keys.keys().cloned().collect()),
            value => Known::Value(value.clone()),
        }
    }
}

/// Is this `[kafka.properties]`, whose keys are not ours?
pub fn is_properties(path: &[String]) -> bool {
    path == ["kafka", "properties"]
}

/// `kafka.properties.sasl.password` to its path.
pub fn path_of(dotted: &str) -> Path {
    match dotted.strip_prefix("kafka.properties.") {
        Some(name) => vec!["kafka".into(), "properties".into(), name.into()],
        None => dotted.split('.').map(str::to_owned).collect(),
    }
}

/// Puts a value at its path into a tree of objects.
pub fn insert(tree: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => drop(tree.insert(key.clone(), value)),
        [key, rest @ ..] => {
            let below = tree.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                insert(below, rest, value);
            }
        }
    }
}
