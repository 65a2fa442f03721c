//! Description, section, keywords, publisher and whether the article is free to read.

use super::evidence::Evidence;
use super::json_ld::text_in;
use crate::extract::dom::{Attr, Dom, Tag};
use crate::record::Publisher;
use serde_json::Value;

const MAX_KEYWORDS: usize = 50;

type Found<T> = Option<(T, &'static str)>;

pub fn description(evidence: &Evidence) -> Found<String> {
    let from_meta = evidence
        .meta(&["og:description", "description", "twitter:description", "dc.description", "dcterms.abstract"])
        .map(|(name, text)| (super::plain(text), if name.starts_with("og") { "open_graph" } else { "meta" }));
    let from_json = || evidence.json_ld.text("description").map(|text| (text, "json_ld"));
    from_meta.filter(|(text, _)| !text.is_empty()).or_else(from_json)
}

pub fn section(dom: &Dom, evidence: &Evidence) -> Found<String> {
    let meta = evidence
        .meta(&[
            "article:section",
            "og:section",
            "section",
            "dc.subject.section",
            "sailthru.section",
            "category",
        ])
        .map(|(_, text)| (super::plain(text), "meta"));
    meta.filter(|(text, _)| is_section(text))
        .or_else(|| Some((evidence.json_ld.text("articleSection").filter(|t| is_section(t))?, "json_ld")))
        .or_else(|| Some((json_breadcrumb(evidence)?, "json_ld")))
        .or_else(|| Some((visible_breadcrumb(dom, evidence)?, "breadcrumb")))
}

fn is_section(text: &str) -> bool {
    (2..=60).contains(&text.chars().count()) && !text.contains("://")
}

/// The last step of a `BreadcrumbList` before the article itself.
fn json_breadcrumb(evidence: &Evidence) -> Option<String> {
    let list = evidence.json_ld.of_type("BreadcrumbList")?.get("itemListElement")?.as_array()?;
    let names: Vec<String> = list
        .iter()
        .filter_map(|step| step.get("name").or_else(|| step.get("item")?.get("name")).and_then(text_in))
        .collect();
    // The first is the home page; the last is mostly the article, whose name is long.
    let inner = names.get(1..)?;
    inner.iter().rev().find(|name| name.chars().count() <= 30 && is_section(name)).cloned()
}

fn visible_breadcrumb(dom: &Dom, evidence: &Evidence) -> Option<String> {
    let trail = evidence.hinted.iter().find(|&&id| {
        let node = dom.node(id);
        let named =
            |a: Attr| node.attribute(a).is_some_and(|v| v.to_ascii_lowercase().contains("breadcrumb"));
        named(Attr::Class) || named(Attr::Id)
    })?;
    let links: Vec<String> =
        dom.subtree(*trail).filter(|&id| dom.node(id).tag == Tag::A).map(|id| dom.text_of(id)).collect();
    links.get(1..)?.iter().rev().find(|t| is_section(t) && t.chars().count() <= 40).cloned()
}

pub fn keywords(evidence: &Evidence) -> Found<Vec<String>> {
    let split = |text: &str| -> Vec<String> {
        text.split([',', ';', '،', '、']).map(super::plain).filter(|k| !k.is_empty()).collect()
    };
    let from_json = match evidence.json_ld.value("keywords") {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(items)) => items.iter().filter_map(text_in).collect(),
        _ => Vec::new(),
    };
    let tags: Vec<String> = evidence.all_metas("article:tag").flat_map(split).collect();
    let metas =
        || evidence.meta(&["news_keywords", "keywords", "dc.subject", "parsely-tags"]).map(|(_, t)| split(t));
    let (mut found, source) = if !from_json.is_empty() {
        (from_json, "json_ld")
    } else if !tags.is_empty() {
        (tags, "open_graph")
    } else {
        (metas()?, "meta")
    };
    let mut seen = std::collections::HashSet::new();
    found.retain(|k| k.chars().count() <= 80 && seen.insert(k.to_lowercase()));
    found.truncate(MAX_KEYWORDS);
    (!found.is_empty()).then_some((found, source))
}

pub fn publisher(evidence: &Evidence) -> Publisher {
    let from_json = || {
        let value = evidence.json_ld.value("publisher")?;
        let object = evidence.json_ld.resolve(value);
        object.get("name").and_then(text_in).or_else(|| value.as_str().map(super::plain))
    };
    let name = evidence
        .meta(&["og:site_name"])
        .map(|(_, text)| super::plain(text))
        .or_else(from_json)
        .or_else(|| {
            evidence.meta(&["application-name", "publisher", "dc.publisher"]).map(|(_, t)| super::plain(t))
        })
        .filter(|n| !n.is_empty() && n.chars().count() <= 100);
    Publisher { name, country: None }
}

pub fn is_accessible_for_free(evidence: &Evidence) -> Option<bool> {
    match evidence.json_ld.value("isAccessibleForFree") {
        Some(Value::Bool(free)) => return Some(*free),
        Some(Value::String(text)) => {
            return match text.trim().to_ascii_lowercase().rsplit('/').next() {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            };
        }
        _ => {}
    }
    match evidence.meta(&["article:content_tier"])?.1 {
        "free" => Some(true),
        "locked" | "metered" => Some(false),
        _ => None,
    }
}
