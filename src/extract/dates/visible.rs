//! Dates in marked-up elements and in scripts, and what an element's names and ancestors say about it.

use super::parse::{Reading, Told, first_date, first_told};
use crate::extract::dom::{Attr, Dom, Tag};
use crate::extract::metadata::Evidence;
use crate::extract::words::Words;
use crate::record::{Precision, Published};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A date's element is short; longer texts only mention dates.
const MAX_DATE_CHARS: usize = 120;

/// `<time>` and `itemprop` values: the attribute first, then the text.
pub fn value_of(dom: &Dom, id: usize, reading: Reading<'_>) -> Option<Told> {
    let node = dom.node(id);
    let attribute = [Attr::Datetime, Attr::Content, Attr::DataDatetime, Attr::DataTime, Attr::Title]
        .into_iter()
        .filter_map(|a| node.attribute(a))
        .find_map(|v| first_told(v, reading));
    if attribute.is_some_and(|(date, _)| date.precision != Precision::Day) {
        return attribute;
    }
    let text = dom.text_of(id);
    let written = (text.chars().count() <= MAX_DATE_CHARS).then(|| first_told(&text, reading))?;
    // An attribute often has the day alone, while the text goes on to the minute.
    let sharper =
        written.filter(|(w, _)| attribute.is_none_or(|(a, _)| a.at.civil.date() == w.at.civil.date()));
    sharper.or(attribute)
}

/// Elements with this `itemprop`.
pub fn by_itemprop(dom: &Dom, evidence: &Evidence, name: &str, reading: Reading<'_>) -> Option<Published> {
    evidence
        .itemprops
        .iter()
        .filter(|&&id| {
            dom.node(id).attribute(Attr::Itemprop).is_some_and(|p| p.split_whitespace().any(|w| w == name))
        })
        .find_map(|&id| Some(value_of(dom, id, reading)?.0))
}

/// Keys of the publication in the state that a page keeps in its scripts.
pub const PUBLISHED_KEYS: [&str; 10] = [
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
/// Less sure ones: users and comments are created too.
pub const CREATED_KEYS: [&str; 3] = ["\"dateCreated\"", "\"created_at\"", "\"createdAt\""];

/// `"datePublished":"…"` and the like in scripts that hold the page's state.
pub fn in_scripts(dom: &Dom, evidence: &Evidence, keys: &[&str], reading: Reading<'_>) -> Option<Published> {
    let scripts: Vec<&str> = evidence
        .data_scripts
        .iter()
        .filter_map(|&id| dom.children(id).next())
        .map(|id| dom.node(id).text())
        .collect();
    keys.iter().find_map(|key| {
        scripts.iter().find_map(|script| {
            let value = script[script.find(key)? + key.len()..].trim_start().strip_prefix(':')?.trim_start();
            first_date(beginning(value.strip_prefix('"')?), reading)
        })
    })
}

/// `class`, `id` and `itemprop`.
pub fn names_of(dom: &Dom, id: usize) -> impl Iterator<Item = &str> {
    dom.node(id)
        .attributes()
        .filter(|(name, _)| matches!(name, Attr::Class | Attr::Id | Attr::Itemprop))
        .map(|(_, v)| v)
}

static OTHER: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "comment",
        "related",
        "recommend",
        "popular",
        "trending",
        "ticker",
        "weather",
        "copyright",
        "most-read",
        // The day of the visit, in the page's head.
        "todays-date",
        "current-date",
        "current_date",
        "currentdate",
    ])
});
static FRAME: LazyLock<Words> =
    LazyLock::new(|| Words::new(&["footer", "sidebar", "teaser", "latest", "newsletter", "widget"]));

/// A widespread page builder calls every part of a page a widget, the article's head too.
const PAGE_BUILDER: &str = "elementor";

/// How much speaks for a place's belonging to another article, a comment or the page's frame: 0, 4 or 12 points.
/// What is found out about an element is kept: dates of one page share most of their ancestors.
pub struct Elsewhere<'a> {
    dom: &'a Dom,
    /// Nodes of the article: what they stand in is not elsewhere, whatever it is called (a theme puts the article's
    /// own categories and tags into its class: `category-popular`).
    own: [Option<usize>; 2],
    known: HashMap<usize, i32>,
}

impl<'a> Elsewhere<'a> {
    pub fn of(dom: &'a Dom, own: [Option<usize>; 2]) -> Elsewhere<'a> {
        Elsewhere { dom, own, known: HashMap::new() }
    }

    /// The most that the element or one around it has.
    pub fn points(&mut self, id: usize) -> i32 {
        let around = std::iter::once(id).chain(self.dom.ancestors(id));
        let unknown: Vec<usize> = around.take_while(|at| !self.known.contains_key(at)).collect();
        let last = unknown.last().map_or(id, |&at| self.dom.node(at).parent as usize);
        let mut points = self.known.get(&last).copied().unwrap_or(0);
        for at in unknown.into_iter().rev() {
            points = points.max(self.own_points(at));
            self.known.insert(at, points);
        }
        points
    }

    fn own_points(&self, id: usize) -> i32 {
        let around = self.dom.subtree(id);
        if self.own.iter().flatten().any(|at| around.contains(at)) {
            return 0;
        }
        let of_builder = |word: &str| word.starts_with(PAGE_BUILDER);
        let said = |name: &str, words: &Words| {
            words.is_in(name) && name.split_whitespace().any(|word| !of_builder(word) && words.is_in(word))
        };
        let named = |words: &Words| names_of(self.dom, id).any(|name| said(name, words));
        match self.dom.node(id).tag {
            Tag::Nav | Tag::Script | Tag::Style | Tag::Head | Tag::Select => 12,
            // A quote, or a post of somebody else that is embedded.
            Tag::Blockquote => 12,
            Tag::Footer | Tag::Aside => 4,
            Tag::Body | Tag::Html | Tag::Document | Tag::Text => 0,
            _ if named(&OTHER) => 12,
            _ if named(&FRAME) => 4,
            _ => 0,
        }
    }
}

/// The first characters of a text: enough for a date and a time.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(32).map_or(text, |(at, _)| &text[..at])
}
