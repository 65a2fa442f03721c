//! Rules out of TOML files, and every mistake in them with its file and line.

use super::selector::Selector;
use super::{Publishers, Rule};
use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

static BUNDLED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/config/publishers");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    hosts: Vec<Spanned<String>>,
    path: Option<Spanned<String>>,
    valid_until: Option<Spanned<toml::value::Datetime>>,
    country: Option<Spanned<String>>,
    #[serde(default)]
    take: Vec<Spanned<String>>,
    #[serde(default)]
    remove: Vec<Spanned<String>>,
    /// What the rule gains, on which kind of page: for people, not read.
    #[serde(default, rename = "gain")]
    _gain: Option<String>,
}

pub fn folder(folder: &Path) -> Result<Publishers, Vec<String>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Publishers::default()) };
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let read = files.iter().map(|path| {
        let name = path.display().to_string();
        let content = std::fs::read_to_string(path).map_err(|e| vec![format!("cannot read {name}: {e}")])?;
        text(&name, &content)
    });
    collected(read)
}

pub fn bundled() -> Publishers {
    let files = BUNDLED.files().filter(|f| f.path().extension().is_some_and(|e| e == "toml"));
    let read = files.map(|f| text(&f.path().display().to_string(), f.contents_utf8().unwrap_or_default()));
    // A test reads the same files and fails where one is broken.
    collected(read).unwrap_or_default()
}

fn collected(read: impl Iterator<Item = Result<Vec<Rule>, Vec<String>>>) -> Result<Publishers, Vec<String>> {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for file in read {
        match file {
            Ok(more) => rules.extend(more),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(Publishers::of(rules)) } else { Err(problems) }
}

/// The rules of one file.
pub fn text(name: &str, content: &str) -> Result<Vec<Rule>, Vec<String>> {
    let file: File = toml::from_str(content).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(content, span.start));
        vec![format!("{name}:{line}: {}", error.message())]
    })?;
    let mut reader = Reader { name, content, problems: Vec::new() };
    let rules = file.rule.into_iter().map(|raw| reader.rule(raw)).collect();
    if reader.problems.is_empty() { Ok(rules) } else { Err(reader.problems) }
}

struct Reader<'a> {
    name: &'a str,
    content: &'a str,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, what: &str) {
        self.problems.push(format!("{}:{}: {what}", self.name, line_of(self.content, at)));
    }

    fn rule(&mut self, raw: Spanned<RawRule>) -> Rule {
        let start = raw.span().start;
        let raw = raw.into_inner();
        if raw.hosts.is_empty() {
            self.problem(start, "a rule needs at least one host");
        }
        if raw.take.is_empty() && raw.remove.is_empty() && raw.country.is_none() {
            self.problem(start, "a rule that takes nothing and removes nothing does nothing");
        }
        Rule {
            hosts: raw.hosts.into_iter().map(|host| self.host(host)).collect(),
            path: raw.path.map(|path| self.path(path)),
            valid_until: raw.valid_until.and_then(|date| self.date(date)),
            country: raw.country.map(|country| self.country(country)),
            take: self.selectors(raw.take),
            remove: self.selectors(raw.remove),
        }
    }

    fn host(&mut self, host: Spanned<String>) -> String {
        let (at, host) = (host.span().start, host.into_inner());
        let is_host = host.contains('.')
            && host.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase() || matches!(c, '.' | '-'));
        if !is_host {
            self.problem(at, &format!("{host:?} is no host in lower case"));
        }
        host
    }

    fn path(&mut self, path: Spanned<String>) -> String {
        let (at, path) = (path.span().start, path.into_inner());
        if !path.starts_with(['/', '*']) {
            self.problem(at, &format!("the path {path:?} begins with neither `/` nor `*`"));
        }
        path
    }

    fn date(&mut self, date: Spanned<toml::value::Datetime>) -> Option<Date> {
        let at = date.span().start;
        let told = date.into_inner();
        let day = told.date.and_then(|d| {
            Date::new(i16::try_from(d.year).ok()?, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?)
                .ok()
        });
        if day.is_none() {
            self.problem(at, "valid_until is no day");
        }
        day
    }

    fn country(&mut self, country: Spanned<String>) -> String {
        let (at, country) = (country.span().start, country.into_inner());
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_lowercase()) {
            self.problem(at, &format!("{country:?} is no country code of two lower-case letters"));
        }
        country
    }

    fn selectors(&mut self, texts: Vec<Spanned<String>>) -> Vec<Selector> {
        let mut selectors = Vec::new();
        for text in texts {
            match Selector::parse(text.get_ref()) {
                Ok(selector) => selectors.push(selector),
                Err(what) => self.problem(text.span().start, &what),
            }
        }
        selectors
    }
}

fn line_of(content: &str, at: usize) -> usize {
    content.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let content = "[[rule]]\nhosts = ['Courier']\ntake = ['p',\n  'p:hover']\n[[rule]]\nhosts = []\n";
        let problems = text("x.toml", content).unwrap_err();
        let places: Vec<&str> = problems.iter().map(|p| p.split(": ").next().unwrap()).collect();
        assert_eq!(places, ["x.toml:2", "x.toml:4", "x.toml:5", "x.toml:5"], "{problems:?}");
        let unknown = text("x.toml", "[[rule]]\nhosts = ['a.example']\ntakes = ['p']\n").unwrap_err();
        assert!(unknown[0].starts_with("x.toml:3: unknown field"), "{unknown:?}");
    }

    #[test]
    fn the_rules_in_the_binary_are_sound() {
        let files: Vec<_> = BUNDLED.files().collect();
        assert!(!files.is_empty());
        for file in files.iter().filter(|f| f.path().extension().is_some_and(|e| e == "toml")) {
            let read = text(&file.path().display().to_string(), file.contents_utf8().unwrap());
            assert!(read.is_ok(), "{read:?}");
        }
    }
}
