//! Dates in marked-up elements and in scripts, and what an element's names and ancestors say about it.

use super::parse::{Reading, first_date};
use crate::extract::dom::{Dom, Tag};
use crate::extract::metadata::Evidence;
use crate::record::{Precision, Published};

/// A date's element is short; longer texts only mention dates.
const MAX_DATE_CHARS: usize = 120;

/// `<time>` and `itemprop` values: the attribute first, then the text.
pub fn value_of(dom: &Dom, id: usize, reading: Reading<'_>) -> Option<Published> {
    let node = dom.node(id);
    let attribute = ["datetime", "content", "data-datetime", "data-time", "title"]
        .iter()
        .filter_map(|a| node.attribute(a))
        .find_map(|v| first_date(v, reading));
    if attribute.is_some_and(|date| date.precision != Precision::Day) {
        return attribute;
    }
    let text = dom.text_of(id);
    let written = (text.chars().count() <= MAX_DATE_CHARS).then(|| first_date(&text, reading))?;
    // An attribute often has the day alone, while the text goes on to the minute.
    let sharper = written.filter(|w| attribute.is_none_or(|a| a.at.civil.date() == w.at.civil.date()));
    sharper.or(attribute)
}

/// Elements with this `itemprop`.
pub fn by_itemprop(dom: &Dom, evidence: &Evidence, name: &str, reading: Reading<'_>) -> Option<Published> {
    evidence
        .itemprops
        .iter()
        .filter(|&&id| {
            dom.node(id).attribute("itemprop").is_some_and(|p| p.split_whitespace().any(|w| w == name))
        })
        .find_map(|&id| value_of(dom, id, reading))
}

/// `"datePublished":"…"` and the like in scripts that hold the page's state.
pub fn in_scripts(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Option<Published> {
    const KEYS: [&str; 10] = [
        "\"datePublished\"",
        "\"publishDate\"",
        "\"publishedAt\"",
        "\"published_at\"",
        "\"publicationDate\"",
        "\"first_published\"",
        "\"firstPublished\"",
        "\"pubDate\"",
        "\"publish_date\"",
        "\"published_date\"",
    ];
    let scripts: Vec<&str> = evidence
        .data_scripts
        .iter()
        .filter_map(|&id| dom.children(id).next())
        .map(|id| dom.node(id).text())
        .collect();
    KEYS.iter().find_map(|key| {
        scripts.iter().find_map(|script| {
            let value = script[script.find(key)? + key.len()..].trim_start().strip_prefix(':')?.trim_start();
            first_date(beginning(value.strip_prefix('"')?), reading)
        })
    })
}

/// Lower-case `class`, `id` and `itemprop`.
pub fn names_of(dom: &Dom, id: usize) -> impl Iterator<Item = String> {
    ["class", "id", "itemprop"]
        .iter()
        .filter_map(move |a| dom.node(id).attribute(a))
        .map(str::to_ascii_lowercase)
}

/// How much speaks for the place's belonging to another article, a comment or the page's frame: 0, 4 or 12 points.
pub fn elsewhere(dom: &Dom, id: usize) -> i32 {
    const OTHER: [&str; 9] = [
        "comment",
        "related",
        "recommend",
        "popular",
        "trending",
        "ticker",
        "weather",
        "copyright",
        "most-read",
    ];
    const FRAME: [&str; 6] = ["footer", "sidebar", "teaser", "latest", "newsletter", "widget"];
    let mut points = 0;
    for a in dom.ancestors(id).chain([id]) {
        let node = dom.node(a);
        points = points.max(match node.tag {
            Tag::Nav | Tag::Script | Tag::Style | Tag::Head | Tag::Select => 12,
            Tag::Footer | Tag::Aside => 4,
            Tag::Body | Tag::Html | Tag::Document | Tag::Text => 0,
            _ if names_of(dom, a).any(|n| OTHER.iter().any(|w| n.contains(w))) => 12,
            _ if names_of(dom, a).any(|n| FRAME.iter().any(|w| n.contains(w))) => 4,
            _ => 0,
        });
    }
    points
}

/// The first characters of a text: enough for a date and a time.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(32).map_or(text, |(at, _)| &text[..at])
}
