//! Authors: JSON-LD, then meta, then what the page shows.

use super::evidence::Evidence;
use super::json_ld::text_in;
use super::{byline, names};
use crate::extract::dom::Dom;
use crate::record::{Author, AuthorKind};
use serde_json::Value;

const MAX_AUTHORS: usize = 20;

pub fn read(dom: &Dom, evidence: &Evidence, publisher: Option<&str>) -> Option<(Vec<Author>, &'static str)> {
    let own = own_names(evidence, publisher);
    let publisher = own.as_slice();
    let usable = |authors: &[Author]| {
        authors.iter().any(|a| a.kind == AuthorKind::Person && !is_publisher(a, publisher))
    };
    // A login or a first name gives way to a full name that a later reader has.
    let full = |authors: &[Author]| usable(authors) && authors.iter().any(|a| names::is_full_name(&a.name));
    let readers: [(&'static str, &dyn Fn() -> Vec<Author>); 3] = [
        ("json_ld", &|| from_json_ld(evidence)),
        ("meta", &|| from_meta(evidence)),
        ("byline", &|| byline::read(dom, evidence)),
    ];
    let mut found: Vec<(&'static str, Vec<Author>)> = Vec::new();
    for (source, read) in readers {
        found.push((source, read()));
        if found.last().is_some_and(|(_, authors)| full(authors)) {
            break;
        }
    }
    let is_full = found.iter().position(|(_, authors)| full(authors));
    let is_usable = || found.iter().position(|(_, authors)| usable(authors));
    let is_there = || found.iter().position(|(_, authors)| !authors.is_empty());
    let (source, mut authors) = found.swap_remove(is_full.or_else(is_usable).or_else(is_there)?);
    if usable(&authors) {
        authors.retain(|a| !is_publisher(a, publisher));
    }
    authors.truncate(MAX_AUTHORS);
    Some((authors, source))
}

/// The site's own name is no person, whatever the page's type says: the publisher's, or one that the host has in it.
fn is_publisher(author: &Author, publisher: &[String]) -> bool {
    let name = squash(&author.name);
    publisher.iter().any(|own| *own == name || (own.chars().count() >= 5 && name.contains(own.as_str())))
}

/// What the site may be called, as letters and digits only.
fn own_names(evidence: &Evidence, publisher: Option<&str>) -> Vec<String> {
    let host = evidence.page_url.host_str().unwrap_or_default().trim_start_matches("www.");
    let label = host.rsplit('.').nth(1).unwrap_or_default();
    publisher.into_iter().chain([host, label]).map(squash).filter(|n| n.len() >= 3).collect()
}

fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn from_json_ld(evidence: &Evidence) -> Vec<Author> {
    let mut authors = Vec::new();
    for key in ["author", "creator"] {
        if let Some(value) = evidence.json_ld.value(key).filter(|_| evidence.json_ld.is_article()) {
            add_json(evidence, value, &mut authors);
        }
        if !authors.is_empty() {
            break;
        }
    }
    authors
}

fn add_json(evidence: &Evidence, value: &Value, authors: &mut Vec<Author>) {
    match value {
        Value::String(text) => add_all(names::split(text), authors),
        Value::Array(items) => items.iter().take(MAX_AUTHORS).for_each(|v| add_json(evidence, v, authors)),
        Value::Object(_) => {
            let map = evidence.json_ld.resolve(value);
            if let Some(list) = map.get("name").filter(|n| n.is_array()) {
                return add_json(evidence, list, authors);
            }
            let Some(name) = map.get("name").and_then(text_in) else { return };
            let is_organization = super::json_ld::types(map).any(|t| t.ends_with("Organization"));
            let mut found = names::split(&name);
            let url = map.get("url").and_then(Value::as_str).and_then(|u| evidence.absolute(u));
            if let [only] = found.as_mut_slice() {
                only.url = url;
            }
            // Many templates call every author an organization: only a name that is no person's stays one.
            for author in &mut found {
                if is_organization && !author.name.contains(' ') {
                    author.kind = AuthorKind::Organization;
                }
            }
            add_all(found, authors);
        }
        _ => {}
    }
}

fn add_all(found: Vec<Author>, authors: &mut Vec<Author>) {
    for author in found {
        if !authors.iter().any(|a| a.name.eq_ignore_ascii_case(&author.name)) {
            authors.push(author);
        }
    }
}

fn from_meta(evidence: &Evidence) -> Vec<Author> {
    const NAMES: [&str; 12] = [
        "author",
        "article:author",
        "dc.creator",
        "dc.creator.author",
        "dcterms.creator",
        "parsely-author",
        "sailthru.author",
        "byl",
        "citation_author",
        "book:author",
        "og:author",
        "twitter:data1",
    ];
    for name in NAMES {
        let mut authors = Vec::new();
        if name == "twitter:data1" && !label_says_author(evidence) {
            continue;
        }
        for content in evidence.all_metas(name).take(MAX_AUTHORS) {
            add_all(names::split(content), &mut authors);
        }
        if !authors.is_empty() {
            return authors;
        }
    }
    Vec::new()
}

fn label_says_author(evidence: &Evidence) -> bool {
    evidence.meta(&["twitter:label1"]).is_some_and(|(_, label)| {
        let label = label.to_lowercase();
        [
            "written by",
            "author",
            "verfasst von",
            "écrit par",
            "escrito por",
            "geschreven",
            "napisane",
            "scritto",
        ]
        .iter()
        .any(|w| label.contains(w))
    })
}
