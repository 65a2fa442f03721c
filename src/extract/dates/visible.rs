//! Dates that the page shows: marked-up times, elements named like a date, text near the headline.

use super::parse::{Reading, first_date};
use crate::extract::dom::{Dom, Tag};
use crate::extract::metadata::Evidence;
use crate::record::Published;

/// A date's element is short; longer texts only mention dates.
const MAX_DATE_CHARS: usize = 120;

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

/// `<time>` elements outside of teasers and comments, those marked as publication first.
pub fn by_time(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Option<Published> {
    let usable: Vec<usize> =
        evidence.times.iter().copied().take(100).filter(|&id| !elsewhere(dom, id)).collect();
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
pub fn by_name(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Option<Published> {
    const WORDS: [&str; 10] =
        ["date", "datum", "fecha", "publish", "time", "posted", "created", "meta", "byline", "info"];
    let named = |id: usize, word: &str| names_of(dom, id).any(|v| v.contains(word));
    WORDS.iter().find_map(|word| {
        let ids = evidence.hinted.iter().copied().filter(|&id| named(id, word) && !named(id, "update"));
        ids.take(60).filter(|&id| !elsewhere(dom, id)).find_map(|id| {
            let text = dom.text_of(id);
            (text.chars().count() <= MAX_DATE_CHARS).then(|| first_date(&text, reading))?
        })
    })
}

/// Short texts around the headline, then anywhere before the article's end.
pub fn near_headline(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Option<Published> {
    let start = evidence.h1.first().copied().unwrap_or(evidence.body);
    let short_texts = |range: std::ops::Range<usize>| {
        range
            .filter(|&id| dom.node(id).tag == Tag::Text && dom.node(id).text().len() <= 3 * MAX_DATE_CHARS)
            .filter(|&id| !elsewhere(dom, id))
            .find_map(|id| first_date(dom.node(id).text(), reading))
    };
    let end = dom.nodes.len();
    short_texts(start..(start + 400).min(end))
        .or_else(|| short_texts(evidence.body..end.min(evidence.body + 20_000)))
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
fn elsewhere(dom: &Dom, id: usize) -> bool {
    const WORDS: [&str; 14] = [
        "comment",
        "related",
        "footer",
        "sidebar",
        "widget",
        "teaser",
        "recommend",
        "popular",
        "latest",
        "trending",
        "ticker",
        "weather",
        "copyright",
        "newsletter",
    ];
    dom.ancestors(id).chain([id]).any(|a| {
        let node = dom.node(a);
        match node.tag {
            Tag::Footer | Tag::Aside | Tag::Nav | Tag::Script | Tag::Style | Tag::Head | Tag::Select => true,
            Tag::Body | Tag::Html | Tag::Document | Tag::Text => false,
            _ => names_of(dom, a).any(|n| WORDS.iter().any(|w| n.contains(w))),
        }
    })
}
