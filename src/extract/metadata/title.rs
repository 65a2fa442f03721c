//! The article's title as a reader sees it: without the site's name, by agreement of what the page offers.

use super::evidence::Evidence;
use crate::extract::dom::Dom;

const SEPARATORS: [&str; 12] =
    [" | ", " - ", " – ", " — ", " · ", " • ", " » ", " « ", " : ", " :: ", " / ", "｜"];

/// A title that one source offers.
struct Offer {
    text: String,
    source: &'static str,
}

pub fn read(dom: &Dom, evidence: &Evidence) -> Option<(String, &'static str)> {
    let declared = declared(evidence);
    if let Some(heading) = heading(dom, evidence, &declared) {
        return Some((heading, "h1"));
    }
    let site = SiteNames::of(evidence);
    let offer = declared.into_iter().next()?;
    Some((site.strip(&offer.text), offer.source))
}

/// What the page declares outside its text, best first.
fn declared(evidence: &Evidence) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut add = |text: Option<String>, source| {
        offers.extend(text.filter(|t| !t.is_empty()).map(|text| Offer { text, source }));
    };
    if evidence.json_ld.is_article() {
        add(evidence.json_ld.text("headline").or_else(|| evidence.json_ld.text("name")), "json_ld");
    }
    let meta = |names: &[&str]| evidence.meta(names).map(|(_, text)| super::plain(text));
    add(meta(&["og:title"]), "open_graph");
    add(meta(&["dc.title", "dcterms.title", "twitter:title", "title", "parsely-title", "headline"]), "meta");
    add(evidence.title_tag.clone(), "title_tag");
    offers
}

/// The heading that says the same as a declared title, or the only one there is.
fn heading(dom: &Dom, evidence: &Evidence, declared: &[Offer]) -> Option<String> {
    let headings: Vec<String> =
        evidence.h1.iter().take(20).map(|&id| dom.text_of(id)).filter(|t| t.chars().count() >= 2).collect();
    let best = headings
        .iter()
        .map(|h| (declared.iter().map(|o| likeness(h, &o.text)).fold(0.0, f64::max), h))
        .fold(None, |best: Option<(f64, &String)>, next| match best {
            Some(b) if b.0 >= next.0 => Some(b),
            _ => Some(next),
        });
    match best {
        Some((likeness, heading)) if likeness >= 0.5 => Some(heading.clone()),
        Some((_, heading)) if declared.is_empty() => Some(heading.clone()),
        _ => None,
    }
}

/// Share of the words that two texts have in common, by the longer one.
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (words(a), words(b));
    let common = a.iter().filter(|w| b.contains(w)).count();
    common as f64 / a.len().max(b.len()).max(1) as f64
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// What the site may be called at the end or start of a title.
struct SiteNames {
    names: Vec<String>,
}

impl SiteNames {
    fn of(evidence: &Evidence) -> SiteNames {
        let mut names: Vec<String> = Vec::new();
        names.extend(super::fields::publisher(evidence).name);
        names.extend(evidence.meta(&["application-name", "twitter:site"]).map(|(_, t)| t.to_owned()));
        names.extend(evidence.page_url.host_str().map(|h| h.trim_start_matches("www.").to_owned()));
        SiteNames { names: names.iter().map(|n| squash(n)).filter(|n| n.len() >= 2).collect() }
    }

    fn is_site(&self, part: &str) -> bool {
        let part = squash(part);
        !part.is_empty()
            && self.names.iter().any(|n| {
                *n == part
                    || (part.len() >= 4 && n.contains(&part))
                    || (n.len() >= 4 && part.contains(n.as_str()))
            })
    }

    /// Takes the site's name off the end, then off the start.
    fn strip(&self, title: &str) -> String {
        let mut title = title.trim();
        for _ in 0..3 {
            let last = SEPARATORS.iter().filter_map(|s| title.rfind(s).map(|at| (at, s.len()))).max();
            match last {
                Some((at, len)) if self.is_site(&title[at + len..]) && at > 0 => title = title[..at].trim(),
                _ => break,
            }
        }
        let first = SEPARATORS.iter().filter_map(|s| title.find(s).map(|at| (at, s.len()))).min();
        match first {
            Some((at, len)) if self.is_site(&title[..at]) => title[at + len..].trim().to_owned(),
            _ => title.to_owned(),
        }
    }
}

fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
