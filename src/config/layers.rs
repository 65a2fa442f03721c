//! The layers of the configuration as flat lists: which key is set to what, and where it says so.

use super::load::Problem;
use super::tree::{Known, Path, Tree, is_properties, path_of};
use serde_json::{Number, Value};
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Environment variables of newswire begin with this and have `__` between section and key.
const ENVIRONMENT_PREFIX: &str = "NEWSWIRE_";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { name: String, line: usize },
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name}:{line}"),
            Origin::Environment(name) | Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// One key that is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub path: Path,
    pub value: Value,
    pub origin: Origin,
}

/// The values that are set, and what is wrong with the rest.
pub type Layer = (Vec<Leaf>, Vec<Problem>);

/// Reads a TOML file. Its syntax errors are problems like any other; what can be read is read.
pub fn of_file(name: &str, text: &str, origin_of: &dyn Fn(usize) -> Origin, tree: &Tree) -> Layer {
    let (table, errors) = DeTable::parse_recoverable(text);
    let line_at =
        |offset: usize| 1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count();
    let mut reader =
        FileReader { tree, origin_at: &|offset| origin_of(line_at(offset)), layer: Layer::default() };
    for error in errors {
        let line = line_at(error.span().map_or(0, |span| span.start));
        let origin = Origin::File { name: name.into(), line };
        reader.layer.1.push(Problem { origin, message: format!("not TOML: {}", error.message()) });
    }
    reader.read(&Path::new(), table.get_ref());
    reader.layer
}

struct FileReader<'a> {
    tree: &'a Tree,
    /// From an offset in the text.
    origin_at: &'a dyn Fn(usize) -> Origin,
    layer: Layer,
}

impl FileReader<'_> {
    fn read(&mut self, section: &Path, table: &DeTable<'_>) {
        // The map is sorted by key; a person reads problems in the order of the file.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            if is_properties(section) {
                self.read_property(section, key.get_ref().to_string(), value);
            } else {
                self.read_key(section, key, value);
            }
        }
    }

    fn read_key(
        &mut self,
        section: &Path,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let path: Path = section.iter().cloned().chain([key.get_ref().to_string()]).collect();
        let origin = (self.origin_at)(key.span().start);
        match (self.tree.find(&path), value.get_ref()) {
            (Known::Nothing, _) => self.problem(origin, unknown_key(&path, self.tree)),
            (Known::Section(_), DeValue::Table(below)) => self.read(&path, below),
            (Known::Section(_), _) => {
                self.problem(origin, format!("{} is a section, not a value", path.join(".")));
            }
            (_, value) => self.layer.0.push(Leaf { path, value: json_of(value), origin }),
        }
    }

    /// `security.protocol = "SSL"` without quotes is a table in a table; both spellings mean the same.
    fn read_property(&mut self, section: &Path, name: String, value: &Spanned<DeValue<'_>>) {
        if let DeValue::Table(below) = value.get_ref() {
            for (key, value) in below.iter() {
                self.read_property(section, format!("{name}.{}", key.get_ref()), value);
            }
            return;
        }
        let origin = (self.origin_at)(value.span().start);
        let path = section.iter().cloned().chain([name]).collect();
        self.layer.0.push(Leaf { path, value: as_property(json_of(value.get_ref())), origin });
    }

    fn problem(&mut self, origin: Origin, message: String) {
        self.layer.1.push(Problem { origin, message });
    }
}

/// librdkafka takes every property as text: `true` and `16384` may be written without quotes.
fn as_property(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        other => other,
    }
}

/// Reads `NEWSWIRE_SECTION__KEY`. Names without `__` are not ours to judge (service links of Kubernetes look so).
pub fn of_environment(variables: &[(String, String)], tree: &Tree) -> Layer {
    let mut layer = Layer::default();
    for (name, text) in variables {
        let Some(dotted) = name.strip_prefix(ENVIRONMENT_PREFIX).filter(|rest| rest.contains("__")) else {
            continue;
        };
        let dotted = dotted.to_lowercase().replace("__", ".");
        let path = match dotted.strip_prefix("kafka.properties.") {
            // An environment name cannot have the dots of a property.
            Some(property) => path_of(&format!("kafka.properties.{}", property.replace('_', "."))),
            None => path_of(&dotted),
        };
        add_text(path, text, Origin::Environment(name.clone()), tree, &mut layer);
    }
    layer
}

/// Reads flags: (how it was written, dotted key, value).
pub fn of_flags(flags: &[(String, String, String)], tree: &Tree) -> Layer {
    let mut layer = Layer::default();
    for (flag, key, text) in flags {
        add_text(path_of(key), text, Origin::Flag(flag.clone()), tree, &mut layer);
    }
    layer
}

fn add_text(path: Path, text: &str, origin: Origin, tree: &Tree, (leaves, problems): &mut Layer) {
    match tree.find(&path) {
        Known::Nothing => problems.push(Problem { origin, message: unknown_key(&path, tree) }),
        Known::Section(_) => {
            problems
                .push(Problem { origin, message: format!("{} is a section, not a value", path.join(".")) });
        }
        Known::Property => leaves.push(Leaf { path, value: Value::String(text.into()), origin }),
        Known::Value(default) => leaves.push(Leaf { path, value: value_of_text(text, &default), origin }),
    }
}

/// Text to the kind of value that the default is. What does not parse stays text, and is refused with its type.
fn value_of_text(text: &str, default: &Value) -> Value {
    match default {
        Value::Bool(_) | Value::Number(_) => scalar_of_text(text),
        Value::Array(_) => {
            let items = text.trim().trim_start_matches('[').trim_end_matches(']').split(',');
            let items = items.map(|item| item.trim().trim_matches('"')).filter(|item| !item.is_empty());
            Value::Array(items.map(scalar_of_text).collect())
        }
        _ => Value::String(text.into()),
    }
}

fn scalar_of_text(text: &str) -> Value {
    let text = text.trim();
    let plain = serde_json::from_str::<Value>(text).ok().filter(|v| v.is_number() || v.is_boolean());
    plain.unwrap_or_else(|| Value::String(text.into()))
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::String(integer.to_string()), Value::from),
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            number.map_or_else(|| Value::String(float.as_str().into()), Value::Number)
        }
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(at) => Value::String(at.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json_of(item.get_ref())).collect()),
        DeValue::Table(table) => {
            let entries =
                table.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())));
            Value::Object(entries.collect())
        }
    }
}

fn unknown_key(path: &Path, tree: &Tree) -> String {
    let (key, section) = path.split_last().map_or(("", &[][..]), |(key, section)| (key.as_str(), section));
    match tree.find(section) {
        Known::Section(keys) if section.is_empty() => {
            format!("unknown section \"{key}\" (there are: {})", keys.join(", "))
        }
        Known::Section(keys) => {
            format!("unknown key \"{key}\" in [{}] (there are: {})", section.join("."), keys.join(", "))
        }
        _ => format!("unknown key \"{}\"", path.join(".")),
    }
}
