//! Words beside a date that say what it is the date of.

use super::visible::names_of;
use crate::extract::dom::{Attr, Dom, Tag};
use crate::extract::words::Words;
use std::sync::LazyLock;

/// What is said about a date.
#[derive(Clone, Copy, Default)]
pub struct Marks {
    pub published: bool,
    pub updated: bool,
}

static UPDATED: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "updated",
        "last update",
        "modified",
        "reviewed",
        "edited",
        "revised",
        "aktualisiert",
        "geändert",
        "bearbeitet",
        "stand:",
        "zuletzt",
        "mis à jour",
        "mise à jour",
        "modifié",
        "actualizad",
        "modificad",
        "aggiornat",
        "atualizad",
        "bijgewerkt",
        "gewijzigd",
        "zaktualizowan",
        "aktualizováno",
        "aktualizácia",
        "frissítve",
        "actualizat",
        "uppdaterad",
        "opdateret",
        "oppdatert",
        "päivitetty",
        "güncelle",
        "обновлен",
        "оновлен",
        "ενημέρωση",
        "更新",
    ])
});
static PUBLISHED: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "published",
        "posted",
        "first published",
        "created",
        "veröffentlicht",
        "publiziert",
        "erstellt",
        "erschienen",
        "publié",
        "publicad",
        "pubblicat",
        "gepubliceerd",
        "geplaatst",
        "opublikowan",
        "publikováno",
        "dodano",
        "publikované",
        "objavljeno",
        "megjelent",
        "publicat",
        "publicerad",
        "udgivet",
        "publisert",
        "julkaistu",
        "yayın",
        "опубликован",
        "опубліковано",
        "публикувано",
        "δημοσιεύ",
        "发布",
    ])
});
/// Names of elements that say the same.
static UPDATED_NAMES: LazyLock<Words> =
    LazyLock::new(|| Words::new(&["update", "modif", "changed", "aktualis"]));
static PUBLISHED_NAMES: LazyLock<Words> =
    LazyLock::new(|| Words::new(&["publish", "posted", "created", "pubdate", "entry-date"]));
/// A label stands this close before its date.
const MAX_LABEL_NODES: usize = 5;
const MAX_LABEL_CHARS: usize = 40;

/// What the text itself (lower case), the label before it and the names of the element say.
pub fn around(dom: &Dom, id: usize, text: &str) -> Marks {
    let before_digits = text.find(|c: char| c.is_numeric()).map_or("", |at| &text[..at]);
    let own = by_words(before_digits);
    if own.published || own.updated {
        return own;
    }
    let label = by_words(&label(dom, id));
    let parent = dom.node(id).parent as usize;
    let named = |words: &Words| names_of(dom, id).chain(names_of(dom, parent)).any(|name| words.is_in(name));
    let updated_name = named(&UPDATED_NAMES);
    let published_name = named(&PUBLISHED_NAMES) || dom.node(id).attribute(Attr::Pubdate).is_some();
    let updated = label.updated || (updated_name && !published_name && !label.published);
    Marks { published: !updated && (label.published || published_name), updated }
}

/// The text from the word that says "published" on, where there is one behind one that says "updated".
pub fn behind_published(text: &str) -> Option<&str> {
    let updated = UPDATED.first(text)?;
    let published = PUBLISHED.starts(text).filter(|&at| at > updated).min()?;
    Some(&text[published..])
}

/// The last mark in the text decides: it stands next to the date.
fn by_words(text: &str) -> Marks {
    match (PUBLISHED.last(text), UPDATED.last(text)) {
        (None, None) => Marks::default(),
        (published, updated) => Marks { published: published > updated, updated: updated > published },
    }
}

/// The short text just before the node, lower case.
fn label(dom: &Dom, id: usize) -> String {
    let near = (id.saturating_sub(MAX_LABEL_NODES)..id).rev();
    let mut texts = near.filter(|&at| dom.node(at).tag == Tag::Text).map(|at| dom.node(at).text().trim());
    let label = texts.find(|t| !t.is_empty()).unwrap_or_default();
    let is_short = label.len() <= 4 * MAX_LABEL_CHARS && label.chars().count() <= MAX_LABEL_CHARS;
    // A label that holds a date of its own is about that one.
    if is_short && !label.bytes().any(|b| b.is_ascii_digit()) { label.to_lowercase() } else { String::new() }
}
