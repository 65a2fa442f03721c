//! From the layers to a `Config`, or to all that is wrong with them.

use super::layers::{self, Layer, Leaf, Origin};
use super::tree::{Tree, insert, path_of};
use super::{Config, DEFAULT_FILE, check};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// Where a file is looked for when none is named.
const USUAL_FILES: [&str; 2] = ["config/newswire.toml", "/etc/newswire/newswire.toml"];

/// What the configuration is read from, lowest first; the built-in defaults lie below all.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`. Not given: the first of the usual files that is there.
    pub file: Option<PathBuf>,
    /// The process's environment; names that are not newswire's are passed over.
    pub environment: Vec<(String, String)>,
    /// (the flag as it was written, dotted key, value).
    pub flags: Vec<(String, String, String)>,
}

/// One thing that is wrong, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub origin: Origin,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

/// A configuration that holds, and where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Every value that is set, in the order of `config/newswire.toml`.
    pub(super) leaves: Vec<Leaf>,
}

impl Loaded {
    /// Where the value of a dotted key comes from.
    pub fn origin_of(&self, key: &str) -> Origin {
        let path = path_of(key);
        self.leaves.iter().find(|leaf| leaf.path == path).map_or(Origin::Default, |leaf| leaf.origin.clone())
    }

    /// Problems by key to problems by place.
    pub fn place(&self, problems: Vec<(String, String)>) -> Vec<Problem> {
        let place = |(key, message): (String, String)| Problem {
            origin: self.origin_of(&key),
            message: format!("{key}: {message}"),
        };
        problems.into_iter().map(place).collect()
    }
}

/// Reads all layers. Every problem of every layer is reported, not the first.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Problem>> {
    let tree = Tree::of_defaults();
    let (file, of_file) = read_file(sources.file.as_deref(), &tree);
    let defaults = layers::of_file("default", DEFAULT_FILE, &|_| Origin::Default, &tree);
    let of_environment = layers::of_environment(&sources.environment, &tree);
    let of_flags = layers::of_flags(&sources.flags, &tree);

    let mut leaves: Vec<Leaf> = Vec::new();
    let mut problems = Vec::new();
    for (layer_leaves, layer_problems) in [defaults, of_file, of_environment, of_flags] {
        problems.extend(layer_problems);
        for leaf in layer_leaves {
            match try_alone(&leaf) {
                Ok(()) => set(&mut leaves, leaf),
                Err(message) => problems.push(Problem { origin: leaf.origin, message }),
            }
        }
    }
    let loaded = Loaded { config: merge(&leaves), file, leaves };
    problems.extend(loaded.place(check::check(&loaded.config)));
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

fn read_file(named: Option<&Path>, tree: &Tree) -> (Option<PathBuf>, Layer) {
    let usual = || USUAL_FILES.iter().map(Path::new).find(|path| path.is_file());
    let Some(path) = named.or_else(usual) else { return (None, Layer::default()) };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => {
            let origin_of = |line| Origin::File { name: name.clone(), line };
            (Some(path.to_owned()), layers::of_file(&name, &text, &origin_of, tree))
        }
        Err(error) => {
            let message = format!("cannot read the config file: {error}");
            (None, (Vec::new(), vec![Problem { origin: Origin::Flag(name), message }]))
        }
    }
}

/// Does this value alone, over the defaults, make a config? So that each bad value is found, at its own place.
fn try_alone(leaf: &Leaf) -> Result<(), String> {
    let mut tree = Map::new();
    insert(&mut tree, &leaf.path, leaf.value.clone());
    let alone: Result<Config, _> = serde_json::from_value(Value::Object(tree));
    alone.map(drop).map_err(|error| format!("{}: {error}", leaf.path.join(".")))
}

/// A higher layer replaces the value in place, so that the order of the file remains.
fn set(leaves: &mut Vec<Leaf>, leaf: Leaf) {
    match leaves.iter_mut().find(|known| known.path == leaf.path) {
        Some(known) => *known = leaf,
        None => leaves.push(leaf),
    }
}

fn merge(leaves: &[Leaf]) -> Config {
    let mut tree = Map::new();
    for leaf in leaves {
        insert(&mut tree, &leaf.path, leaf.value.clone());
    }
    serde_json::from_value(Value::Object(tree))
        .expect("each value was tried alone, and values are independent")
}
