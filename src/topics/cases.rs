//! An editor's test cases: a text, the topics it must have and those it must not have.

use super::{Problem, Tagger};
use serde::Deserialize;
use std::fmt;

/// One case of a case file (`[[case]]` in TOML, or one JSON object a line).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(default)]
    pub title: String,
    pub text: String,
    pub language: Option<String>,
    #[serde(default)]
    pub must: Vec<String>,
    #[serde(default)]
    pub must_not: Vec<String>,
    /// No country but those of `must`.
    #[serde(default)]
    pub exact: bool,
}

/// What a case wanted and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub title: String,
    pub missing: Vec<String>,
    pub unwanted: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: missing {:?}, unwanted {:?}", self.title, self.missing, self.unwanted)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default)]
    case: Vec<Case>,
}

impl Case {
    /// Reads a case file, TOML or JSON lines by its name.
    pub fn read(file: &str, text: &str) -> Result<Vec<Case>, Vec<Problem>> {
        let problem =
            |line: usize, message: String| Problem { file: file.to_owned(), line, column: 0, message };
        if file.ends_with(".toml") {
            return toml::from_str::<CaseFile>(text).map(|file| file.case).map_err(|error| {
                let upto = error.span().map_or(0, |span| span.start).min(text.len());
                let line = 1 + text.as_bytes()[..upto].iter().filter(|b| **b == b'\n').count();
                vec![problem(line, error.message().to_owned())]
            });
        }
        let (mut cases, mut problems) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(case) => cases.push(case),
                Err(error) => problems.push(problem(index + 1, error.to_string())),
            }
        }
        if problems.is_empty() { Ok(cases) } else { Err(problems) }
    }

    /// `None` where the tagger does what the case asks.
    pub fn check(&self, tagger: &Tagger, threshold: f64) -> Option<Failure> {
        let tags = tagger.tag(&self.title, &self.text, self.language.as_deref(), threshold);
        let has = |id: &String| tags.iter().any(|tag| tag.id == *id);
        let missing: Vec<String> = self.must.iter().filter(|id| !has(id)).cloned().collect();
        let is_unwanted = |id: &&str| {
            self.must_not.iter().any(|not| not == id)
                || (self.exact && id.starts_with("country:") && !self.must.iter().any(|must| must == id))
        };
        let unwanted: Vec<String> =
            tags.iter().map(|tag| tag.id.as_str()).filter(is_unwanted).map(str::to_owned).collect();
        let is_right = missing.is_empty() && unwanted.is_empty();
        (!is_right).then(|| Failure { title: self.title.clone(), missing, unwanted })
    }
}
