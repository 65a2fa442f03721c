//! Authors as the page shows them: `rel=author`, `itemprop=author`, elements named like a byline.

use super::evidence::Evidence;
use super::names;
use crate::extract::dom::{Attr, Dom, Tag};
use crate::extract::words::Words;
use crate::record::Author;
use std::sync::LazyLock;

/// A byline is short: longer texts are biographies (a guess that holds on the development pages).
const MAX_BYLINE_CHARS: usize = 120;
/// Its element is small too; reading larger ones for each text in them would be quadratic.
const MAX_BYLINE_NODES: usize = 60;

pub fn read(dom: &Dom, evidence: &Evidence) -> Vec<Author> {
    let mut by_itemprop = evidence.itemprops.iter().copied().filter(|&id| {
        dom.node(id).attribute(Attr::Itemprop).is_some_and(|p| p.split_whitespace().any(|w| w == "author"))
    });
    let mut by_rel = evidence.hinted.iter().copied().filter(|&id| {
        dom.node(id)
            .attribute(Attr::Rel)
            .is_some_and(|r| r.split_whitespace().any(|w| w.eq_ignore_ascii_case("author")))
    });
    let mut by_name = evidence.hinted.iter().copied().filter(|&id| names_a_byline(dom, id));
    let by_link = (0..dom.nodes.len()).filter(|&id| links_to_an_author(dom, id));
    let groups: [&mut dyn Iterator<Item = usize>; 4] =
        [&mut by_itemprop, &mut by_rel, &mut by_name, &mut by_link.take(10)];
    let mut found: Vec<Vec<Author>> = Vec::new();
    for ids in groups {
        let authors = authors_in(dom, ids);
        if authors.iter().any(|a| names::is_full_name(&a.name)) {
            return authors;
        }
        found.push(authors);
    }
    let said = by_word(dom, evidence);
    if !said.is_empty() {
        return said;
    }
    found.into_iter().find(|a| !a.is_empty()).unwrap_or_default()
}

/// `/author/jane-doe`, `/autor/…`: the link's text is the name.
fn links_to_an_author(dom: &Dom, id: usize) -> bool {
    let node = dom.node(id);
    node.tag == Tag::A && node.attribute(Attr::Href).is_some_and(|href| AUTHOR_PAGES.is_in(href))
}

static AUTHOR_PAGES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
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
    ])
});

/// A short text that begins with "By", "Von", … and goes on with a name, from the headline on.
fn by_word(dom: &Dom, evidence: &Evidence) -> Vec<Author> {
    const MAX_WORD_CHARS: usize = 20;
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
        let text = node.text().trim();
        let Some(first) = text.chars().flat_map(char::to_lowercase).next() else { continue };
        if !WORDS.iter().any(|w| w.starts_with(first)) {
            continue;
        }
        let lower: String = text.chars().take(MAX_WORD_CHARS).flat_map(char::to_lowercase).collect();
        if !WORDS.iter().any(|w| lower.starts_with(w) || lower == w.trim_end()) {
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

static BYLINES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&["byline", "author", "autor", "auteur", "writer", "reporter", "journalist", "byl"])
});
static NO_BYLINES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&["comment", "bio", "related", "avatar", "image", "photo", "social", "follow", "box"])
});
static NOT_THE_ARTICLES: LazyLock<Words> = LazyLock::new(|| Words::new(&["comment", "related"]));

fn names_a_byline(dom: &Dom, id: usize) -> bool {
    dom.node(id).attributes().any(|(name, value)| {
        matches!(name, Attr::Class | Attr::Id | Attr::DataTestid | Attr::DataQa)
            && BYLINES.is_in(value)
            && !NO_BYLINES.is_in(value)
    })
}

fn authors_in(dom: &Dom, ids: &mut dyn Iterator<Item = usize>) -> Vec<Author> {
    for id in ids.take(30) {
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
    let named = dom.subtree(id).skip(1).find(|&c| dom.node(c).attribute(Attr::Itemprop) == Some("name"));
    if let Some(named) = named {
        let node = dom.node(named);
        return node.attribute(Attr::Content).map_or_else(|| dom.text_of(named), str::to_owned);
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
        // An article's own footer often has the byline; the page's has not.
        let frame = match node.tag {
            Tag::Nav => true,
            Tag::Aside | Tag::Footer => !dom.ancestors(a).any(|b| dom.node(b).tag == Tag::Article),
            _ => false,
        };
        let named = || {
            let mut names = node.attributes().filter(|(name, _)| matches!(name, Attr::Class | Attr::Id));
            names.any(|(_, value)| NOT_THE_ARTICLES.is_in(value))
        };
        frame || (!matches!(node.tag, Tag::Body | Tag::Html) && named())
    })
}
