//! The measures of the development sets: shingle F1 of the body, snippets wanted and unwanted, exact title, author, date.

use newswire::record::Article;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Sums over the pages of one set.
#[derive(Default)]
pub struct Score {
    precision: Mean,
    recall: Mean,
    snippets: (f64, f64, f64),
    title: Mean,
    author: Mean,
    date: Mean,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn value(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.sum / self.count }
    }
}

impl Score {
    pub fn get(&self, measure: &str) -> f64 {
        let f1 = |p: f64, r: f64| if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) };
        match measure {
            "body_f1" => f1(self.precision.value(), self.recall.value()),
            "snippets_f1" => {
                let (hits, missed, unwanted) = self.snippets;
                2.0 * hits / (2.0 * hits + missed + unwanted).max(1.0)
            }
            "title" => self.title.value(),
            "author" => self.author.value(),
            "date" => self.date.value(),
            other => panic!("unknown measure {other:?}"),
        }
    }
}

pub fn score<'a>(pages: impl Iterator<Item = (&'a Value, Article)>) -> Score {
    let mut score = Score::default();
    for (gold, article) in pages {
        let body = article.body();
        if let Some(wanted) = gold["body"].as_str().filter(|b| !b.is_empty()) {
            let (wanted, found) = (shingles(wanted), shingles(&body));
            let common: u32 = wanted.iter().map(|(s, n)| (*n).min(found.get(s).copied().unwrap_or(0))).sum();
            let total = |s: &HashMap<Vec<String>, u32>| f64::from(s.values().sum::<u32>());
            if total(&found) > 0.0 {
                score.precision.add(f64::from(common) / total(&found));
            }
            score.recall.add(f64::from(common) / total(&wanted).max(1.0));
        }
        let flat = collapsed(&body);
        let named = |key: &str| gold[key].as_array().cloned().unwrap_or_default();
        let present = |v: &Value| flat.contains(&collapsed(v.as_str().unwrap_or_default()));
        let hits = named("with").iter().filter(|v| present(v)).count() as f64;
        score.snippets.0 += hits;
        score.snippets.1 += named("with").len() as f64 - hits;
        score.snippets.2 += named("without").iter().filter(|v| present(v)).count() as f64;
        if let Some(title) = gold["title"].as_str().filter(|t| !t.is_empty()) {
            score.title.add(flag(tokens(title) == tokens(article.title.as_deref().unwrap_or_default())));
        }
        let authors: BTreeSet<Vec<String>> = match &gold["author"] {
            Value::Array(names) => names.iter().filter_map(Value::as_str).flat_map(names_in).collect(),
            Value::String(text) => names_in(text),
            _ => BTreeSet::new(),
        };
        if !authors.is_empty() {
            let found: BTreeSet<_> = article.authors.iter().flat_map(|a| names_in(&a.name)).collect();
            score.author.add(flag(found == authors));
        }
        if let Some(date) = gold["date"].as_str().filter(|d| !d.is_empty()) {
            let found = article.published.map(|p| p.at.to_string()).unwrap_or_default();
            score.date.add(flag(found.get(..10) == date.get(..10)));
        }
    }
    score
}

fn flag(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

fn names_in(text: &str) -> BTreeSet<Vec<String>> {
    let mut text = text.replace([';', '|', '&', '/', '•', '·', '\n'], ",");
    for word in [" and ", " und ", " y ", " et ", " og ", " och "] {
        text = text.replace(word, ",");
    }
    text.split(',').map(tokens).filter(|name| !name.is_empty()).collect()
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower-cased words; a CJK or Thai character is one.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let alone = matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
        if alone {
            tokens.push(c.to_string());
            in_word = false;
        } else if c.is_alphanumeric() || c == '_' {
            match tokens.last_mut() {
                Some(word) if in_word => word.extend(c.to_lowercase()),
                _ => tokens.push(c.to_lowercase().collect()),
            }
            in_word = true;
        } else {
            in_word = false;
        }
    }
    tokens
}

fn shingles(text: &str) -> HashMap<Vec<String>, u32> {
    let tokens = tokens(text);
    let mut counts = HashMap::new();
    for shingle in tokens.windows(4.min(tokens.len().max(1))) {
        *counts.entry(shingle.to_vec()).or_default() += 1;
    }
    counts
}
