//! Authors as the page shows them: `rel=author`, `itemprop=author`, elements named like a byline.

use super::evidence::Evidence;
use super::names;
use crate::extract::dom::{Dom, Tag};
use crate::record::Author;

/// A byline is short: longer texts are biographies (a guess that holds on the development pages).
const MAX_BYLINE_CHARS: usize = 120;
/// Its element is small too; reading larger ones for each text in them would be quadratic.
const MAX_BYLINE_NODES: usize = 60;

pub fn read(dom: &Dom, evidence: &Evidence) -> Vec<Author> {
    let by_itemprop = evidence.itemprops.iter().copied().filter(|&id| {
        dom.node(id).attribute("itemprop").is_some_and(|p| p.split_whitespace().any(|w| w == "author"))
    });
    let by_rel = evidence.hinted.iter().copied().filter(|&id| {
        dom.node(id)
            .attribute("rel")
            .is_some_and(|r| r.split_whitespace().any(|w| w.eq_ignore_ascii_case("author")))
    });
    let by_name = evidence.hinted.iter().copied().filter(|&id| names_a_byline(dom, id));
    let by_link = (0..dom.nodes.len()).filter(|&id| links_to_an_author(dom, id));
    let groups: [Vec<usize>; 4] =
        [by_itemprop.collect(), by_rel.collect(), by_name.collect(), by_link.take(10).collect()];
    let found: Vec<Vec<Author>> = groups.iter().map(|ids| authors_in(dom, ids)).collect();
    let full = found.iter().find(|authors| authors.iter().any(|a| names::is_full_name(&a.name)));
    if let Some(authors) = full {
        return authors.clone();
    }
    let said = by_word(dom, evidence);
    if !said.is_empty() {
        return said;
    }
    found.into_iter().find(|a| !a.is_empty()).unwrap_or_default()
}

/// `/author/jane-doe`, `/autor/…`: the link's text is the name.
fn links_to_an_author(dom: &Dom, id: usize) -> bool {
    const SEGMENTS: [&str; 10] = [
        "/author/",
        "/authors/",
        "/autor/",
        "/autoren/",
        "/auteur/",
        "/autori/",
        "/autore/",
        "/writers/",
        "/journalist/",
        "/contributors/",
    ];
    let node = dom.node(id);
    node.tag == Tag::A && node.attribute("href").is_some_and(|href| SEGMENTS.iter().any(|s| href.contains(s)))
}

/// A short text that begins with "By", "Von", … and goes on with a name, from the headline on.
fn by_word(dom: &Dom, evidence: &Evidence) -> Vec<Author> {
    const WORDS: [&str; 21] = [
        "by ",
        "von ",
        "par ",
        "por ",
        "written by",
        "words by",
        "posted by",
        "author:",
        "autor:",
        "autorin:",
        "text:",
        "texte :",
        "di ",
        "door ",
        "af ",
        "av ",
        "автор",
        "verfasst von",
        "geschrieben von",
        "przez ",
        "author ",
    ];
    let start = evidence.h1.first().copied().unwrap_or(evidence.body).saturating_sub(40);
    let mut single = Vec::new();
    for id in start.max(evidence.body)..dom.nodes.len() {
        let node = dom.node(id);
        let around = dom.subtree(node.parent as usize);
        if node.tag != Tag::Text
            || node.text().len() > 2 * MAX_BYLINE_CHARS
            || around.len() > MAX_BYLINE_NODES
        {
            continue;
        }
        let lower = node.text().trim_start().to_lowercase();
        if !WORDS.iter().any(|w| lower.starts_with(w) || lower.trim_end() == w.trim_end()) {
            continue;
        }
        if in_chrome(dom, id) {
            continue;
        }
        let text = dom.text_of(node.parent as usize);
        let authors = if text.chars().count() <= MAX_BYLINE_CHARS { names::split(&text) } else { Vec::new() };
        let named = authors.first().is_some_and(|a| names::is_full_name(&a.name));
        if named {
            return authors.into_iter().filter(|a| names::is_full_name(&a.name)).collect();
        }
        // A first name or a login counts where the line is a byline by its date.
        let dated = text.bytes().filter(u8::is_ascii_digit).count() >= 4;
        if single.is_empty() && dated && authors.len() == 1 && !authors[0].name.contains(' ') {
            single = authors;
        }
    }
    single
}

fn names_a_byline(dom: &Dom, id: usize) -> bool {
    const WORDS: [&str; 8] =
        ["byline", "author", "autor", "auteur", "writer", "reporter", "journalist", "byl"];
    const NOT: [&str; 9] =
        ["comment", "bio", "related", "avatar", "image", "photo", "social", "follow", "box"];
    let node = dom.node(id);
    ["class", "id", "data-testid", "data-qa"].iter().filter_map(|a| node.attribute(a)).any(|value| {
        let value = value.to_ascii_lowercase();
        WORDS.iter().any(|w| value.contains(w)) && !NOT.iter().any(|w| value.contains(w))
    })
}

fn authors_in(dom: &Dom, ids: &[usize]) -> Vec<Author> {
    for &id in ids.iter().take(30) {
        if in_chrome(dom, id) || dom.node(id).tag.is_never_read() {
            continue;
        }
        let text = visible_name(dom, id);
        if (2..=MAX_BYLINE_CHARS).contains(&text.chars().count()) {
            let authors = names::split(&text);
            if !authors.is_empty() {
                return authors;
            }
        }
    }
    Vec::new()
}

/// The links' texts where the byline has links, else all of it.
fn visible_name(dom: &Dom, id: usize) -> String {
    let named = dom.subtree(id).skip(1).find(|&c| dom.node(c).attribute("itemprop") == Some("name"));
    if let Some(named) = named {
        let node = dom.node(named);
        return node.attribute("content").map_or_else(|| dom.text_of(named), str::to_owned);
    }
    let links: Vec<String> = dom
        .subtree(id)
        .filter(|&c| dom.node(c).tag == Tag::A)
        .map(|c| dom.text_of(c))
        .filter(|t| !t.is_empty())
        .collect();
    if links.is_empty() { dom.text_of(id) } else { links.join(", ") }
}

fn in_chrome(dom: &Dom, id: usize) -> bool {
    dom.ancestors(id).any(|a| {
        let node = dom.node(a);
        let named = |word: &str| {
            ["class", "id"]
                .iter()
                .filter_map(|k| node.attribute(k))
                .any(|v| v.to_ascii_lowercase().contains(word))
        };
        // An article's own footer often has the byline; the page's has not.
        let frame = match node.tag {
            Tag::Nav => true,
            Tag::Aside | Tag::Footer => !dom.ancestors(a).any(|b| dom.node(b).tag == Tag::Article),
            _ => false,
        };
        frame || (!matches!(node.tag, Tag::Body | Tag::Html) && (named("comment") || named("related")))
    })
}
