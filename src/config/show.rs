//! The effective configuration as TOML, with secrets masked.

use super::layers::{Leaf, Origin};
use super::load::Loaded;
use serde_json::Value;
use std::fmt::Write;
use url::Url;

/// Stands where a secret would.
const MASK: &str = "********";

/// A property is secret if its name has one of these: passwords, keys, OAuth and JAAS settings of librdkafka.
const SECRET_WORDS: [&str; 6] = ["password", "secret", "key.pem", "token", "jaas", "oauthbearer.config"];

impl Loaded {
    /// Every value that holds; with `origins`, each line says where it came from. It can be read back as a file.
    pub fn to_toml(&self, origins: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        // Properties added by a higher layer stand behind all others: sections must stay together.
        let mut sections: Vec<String> = Vec::new();
        for leaf in &self.leaves {
            let name = section_of(leaf);
            if !sections.contains(&name) {
                sections.push(name);
            }
        }
        for name in &sections {
            if *name != section {
                let blank = if section.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{blank}[{name}]");
                section = name;
            }
            for leaf in self.leaves.iter().filter(|leaf| section_of(leaf) == *name) {
                let _ = writeln!(text, "{}", line_of(leaf, origins));
            }
        }
        text
    }
}

fn section_of(leaf: &Leaf) -> String {
    leaf.path[..leaf.path.len().saturating_sub(1)].join(".")
}

fn line_of(leaf: &Leaf, origins: bool) -> String {
    let key = leaf.path.last().map(String::as_str).unwrap_or_default();
    let value = masked(key, &leaf.value);
    let key = if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() };
    // JSON's scalars and lists of scalars are TOML's too.
    let line = format!("{key} = {value}");
    if origins && leaf.origin != Origin::Default { format!("{line:<50} # {}", leaf.origin) } else { line }
}

fn masked(key: &str, value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    if SECRET_WORDS.iter().any(|word| key.contains(word)) {
        return Value::String(MASK.into());
    }
    match Url::parse(text) {
        Ok(mut url) if url.has_host() && (url.password().is_some() || !url.username().is_empty()) => {
            // Cannot fail for a URL with a host.
            let _ = url.set_username("");
            let _ = url.set_password(Some(MASK));
            Value::String(url.into())
        }
        _ => value.clone(),
    }
}
