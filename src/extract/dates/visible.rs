//! Dates that the page shows: marked-up times, elements named like a date, text near the headline.

use super::parse::{Reading, first_date};
use crate::extract::dom::{Dom, Tag};
use crate::extract::metadata::Evidence;
use crate::record::Published;

/// A date's element is short; longer texts only mention dates.
const MAX_DATE_CHARS: usize = 120;
/// A date may stand a little above the headline (a guess).
const NODES_BEFORE_HEADLINE: usize = 60;

/// `<time>` and `itemprop` values: the attribute first, then the text.
pub fn value_of(dom: &Dom, id: usize, reading: Reading<'_>) -> Option<Published> {
    let node = dom.node(id);
    let attribute = ["datetime", "content", "data-datetime", "data-time", "title"]
        .iter()
        .filter_map(|a| node.attribute(a))
        .find_map(|v| first_date(v, reading));
    attribute.or_else(|| {
        let text = dom.text_of(id);
        (text.chars().count() <= MAX_DATE_CHARS).then(|| first_date(&text, reading))?
    })
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

/// How much of the page is searched: without its frame, or all but other articles and comments.
#[derive(Clone, Copy, PartialEq)]
pub enum Search {
    Article,
    Page,
}

/// `<time>` elements outside of teasers and comments, those marked as publication first.
pub fn by_time(dom: &Dom, evidence: &Evidence, search: Search, reading: Reading<'_>) -> Option<Published> {
    let usable: Vec<usize> =
        evidence.times.iter().copied().take(100).filter(|&id| !elsewhere(dom, id, search)).collect();
    let says =
        |id: usize, words: &[&str]| names_around(dom, id).iter().any(|n| words.iter().any(|w| n.contains(w)));
    let published = usable.iter().copied().find(|&id| {
        dom.node(id).attribute("pubdate").is_some()
            || says(id, &["publish", "posted", "created", "entry-date"])
    });
    let unmarked = usable.iter().copied().find(|&id| !says(id, &["update", "modif"]));
    [published, unmarked, usable.first().copied()]
        .into_iter()
        .flatten()
        .find_map(|id| value_of(dom, id, reading))
}

/// Elements whose class or id reads like a date.
pub fn by_name(dom: &Dom, evidence: &Evidence, search: Search, reading: Reading<'_>) -> Option<Published> {
    const WORDS: [&str; 10] =
        ["date", "datum", "fecha", "publish", "time", "posted", "created", "meta", "byline", "info"];
    let named = |id: usize, word: &str| names_of(dom, id).any(|v| v.contains(word));
    WORDS.iter().find_map(|word| {
        let ids = evidence.hinted.iter().copied().filter(|&id| named(id, word) && !named(id, "update"));
        ids.take(60).filter(|&id| !elsewhere(dom, id, search)).find_map(|id| {
            let text = dom.text_of(id);
            (text.chars().count() <= MAX_DATE_CHARS).then(|| first_date(&text, reading))?
        })
    })
}

/// Texts that are little more than a date, from the headline on; then texts that begin with one; then any short text.
pub fn near_headline(
    dom: &Dom,
    evidence: &Evidence,
    search: Search,
    reading: Reading<'_>,
) -> Option<Published> {
    let headline = evidence.h1.first().copied().unwrap_or(evidence.body);
    let start = headline.saturating_sub(NODES_BEFORE_HEADLINE).max(evidence.body);
    let whole = start..dom.nodes.len().min(start + 20_000);
    let near = start..dom.nodes.len().min(headline + 400);
    let texts = |range: std::ops::Range<usize>, max_chars: usize, begins: bool| {
        range
            .filter(|&id| {
                dom.node(id).tag == Tag::Text && dom.node(id).text().bytes().any(|b| !b.is_ascii_whitespace())
            })
            .filter_map(|id| {
                let text = dom.node(id).text().trim();
                let head = if begins { beginning(text) } else { text };
                (head.len() <= 4 * max_chars && head.chars().count() <= max_chars)
                    .then(|| first_date(head, reading).map(|d| (id, d)))?
            })
            .find(|(id, _)| !elsewhere(dom, *id, search))
            .map(|(_, date)| date)
    };
    texts(near.clone(), 45, false)
        .or_else(|| texts(near.clone(), 45, true))
        .or_else(|| texts(whole, 60, false))
        .or_else(|| texts(near, MAX_DATE_CHARS, false))
}

/// The first characters of a text: enough for a place, a date and a time.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(32).map_or(text, |(at, _)| &text[..at])
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

/// The same moment told with its offset, where the first found telling gave it in UTC: the local one says more.
pub fn local_telling(
    dom: &Dom,
    evidence: &Evidence,
    told: Published,
    reading: Reading<'_>,
) -> Option<Published> {
    let moment = told.at.timestamp()?.as_second();
    let metas = evidence.metas.iter().map(|m| m.content.as_str()).filter(|c| c.len() < 40 && c.contains(':'));
    let times = evidence.times.iter().take(100).filter_map(|&id| dom.node(id).attribute("datetime"));
    metas.chain(times).filter_map(|text| first_date(text, reading)).find(|other| {
        let same = other.at.timestamp().is_some_and(|t| (t.as_second() - moment).abs() < 60);
        same && other.zone == crate::record::Zone::Declared && other.at.offset != told.at.offset
    })
}

fn names_of(dom: &Dom, id: usize) -> impl Iterator<Item = String> {
    ["class", "id", "itemprop"]
        .iter()
        .filter_map(move |a| dom.node(id).attribute(a))
        .map(str::to_ascii_lowercase)
}

fn names_around(dom: &Dom, id: usize) -> Vec<String> {
    let parent = dom.node(id).parent as usize;
    names_of(dom, id).chain(names_of(dom, parent)).collect()
}

/// Whether the place belongs to another article, a comment or the page's frame.
fn elsewhere(dom: &Dom, id: usize, search: Search) -> bool {
    const OTHER: [&str; 8] =
        ["comment", "related", "recommend", "popular", "trending", "ticker", "weather", "copyright"];
    const FRAME: [&str; 5] = ["footer", "sidebar", "teaser", "latest", "newsletter"];
    let strict = search == Search::Article;
    dom.ancestors(id).chain([id]).any(|a| {
        let node = dom.node(a);
        match node.tag {
            Tag::Nav | Tag::Script | Tag::Style | Tag::Head | Tag::Select => true,
            Tag::Footer | Tag::Aside if strict => true,
            Tag::Body | Tag::Html | Tag::Document | Tag::Text => false,
            _ => names_of(dom, a).any(|n| {
                OTHER.iter().any(|w| n.contains(w)) || (strict && FRAME.iter().any(|w| n.contains(w)))
            }),
        }
    })
}
