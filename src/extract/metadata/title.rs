//! The article's title as a reader sees it: without the site's name, by agreement of what the page offers.

use super::evidence::Evidence;
use crate::extract::dom::{Attr, Dom, Tag};

const SEPARATORS: [&str; 12] =
    [" | ", " - ", " – ", " — ", " · ", " • ", " » ", " « ", " : ", " :: ", " / ", "｜"];

/// A heading with this share of a declared title's words is the title (tuned on the development sets).
const SAME: f64 = 0.4;
/// Pages with more headings of one kind list other articles.
const MAX_HEADINGS: usize = 20;

/// A title that one source offers.
struct Offer {
    text: String,
    source: &'static str,
}

pub fn read(dom: &Dom, evidence: &Evidence) -> Option<(String, &'static str)> {
    let site = SiteNames::of(evidence);
    let mut declared = declared(evidence);
    for offer in &mut declared {
        offer.text = site.strip(&offer.text);
    }
    if let Some(heading) = heading(dom, evidence, &declared, &site) {
        // What a heading shows behind a bar belongs to it, unless the page also says the title without.
        let short = without_tail(&heading);
        let is_declared = declared.iter().any(|o| squash(&o.text) == squash(&short));
        return Some((if is_declared { short } else { heading }, "h1"));
    }
    if let Some(heading) = other_heading(dom, evidence, &declared) {
        return Some((without_tail(&heading), "heading"));
    }
    let offer = declared.into_iter().next()?;
    let text = if offer.source == "title_tag" { first_part(&offer.text, &site) } else { offer.text };
    Some((without_tail(&text), offer.source))
}

/// The heading that shows the title: the one with the same text, else the first `h1`.
pub fn headline(dom: &Dom, evidence: &Evidence, title: Option<&str>) -> Option<usize> {
    let wanted = squash(title.unwrap_or_default());
    let is_heading = |id: &usize| matches!(dom.node(*id).tag, Tag::H2 | Tag::H3);
    let others = (0..dom.nodes.len()).filter(is_heading).take(MAX_HEADINGS);
    let headings = evidence.h1.iter().copied().take(MAX_HEADINGS).chain(others);
    let shows = |id: &usize| !wanted.is_empty() && squash(&dom.text_of(*id)) == wanted;
    headings.into_iter().find(shows).or(evidence.h1.first().copied())
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

/// The `h1` that says the same as a declared title, or the only one that could be a title.
fn heading(dom: &Dom, evidence: &Evidence, declared: &[Offer], site: &SiteNames) -> Option<String> {
    let headings: Vec<(usize, String)> = evidence
        .h1
        .iter()
        .take(MAX_HEADINGS)
        .map(|&id| (id, dom.text_of(id)))
        .filter(|(_, text)| text.chars().count() >= 2 && !site.is_site(text))
        .collect();
    let like = |text: &str| declared.iter().map(|o| likeness(text, &o.text)).fold(0.0, f64::max);
    let mut best: Option<(f64, usize, &String)> = None;
    for (id, text) in &headings {
        let likeness = like(text);
        if best.is_none_or(|(b, _, _)| likeness > b) {
            best = Some((likeness, *id, text));
        }
    }
    let (likeness, id, text) = best?;
    let alone = headings.len() == 1 && words(text).len() >= 4;
    let is_title = likeness >= SAME || alone || declared.is_empty();
    is_title.then(|| site.strip(&without_kicker(dom, id, text, declared)))
}

/// An `h1` often holds a kicker or a subtitle beside the title: the piece that is a declared title, or what is left
/// without the pieces that their names call kickers.
fn without_kicker(dom: &Dom, h1: usize, whole: &str, declared: &[Offer]) -> String {
    let pieces: Vec<usize> = dom
        .subtree(h1)
        .skip(1)
        .filter(|&id| match dom.node(id).tag {
            Tag::Text => dom.node(id).parent as usize == h1,
            tag => !tag.is_never_read(),
        })
        .take(MAX_HEADINGS)
        .collect();
    let text_of = |id: usize| match dom.node(id).tag {
        Tag::Text => super::plain(dom.node(id).text()),
        _ => dom.text_of(id),
    };
    let is_declared = |text: &str| declared.iter().any(|o| squash(&o.text) == squash(text));
    if !is_declared(whole)
        && let Some(piece) = pieces.iter().map(|&id| text_of(id)).find(|text| is_declared(text))
    {
        return piece;
    }
    let kicker = pieces.iter().find(|&&id| names_a_kicker(dom, id)).map(|&id| text_of(id));
    match kicker {
        Some(kicker) if kicker.len() * 2 < whole.len() => {
            let rest = whole.strip_prefix(kicker.as_str()).or_else(|| whole.strip_suffix(kicker.as_str()));
            let rest = rest
                .unwrap_or(whole)
                .trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '|' | '–' | '-'));
            if words(rest).len() >= 2 { rest.to_owned() } else { whole.to_owned() }
        }
        _ => whole.to_owned(),
    }
}

fn names_a_kicker(dom: &Dom, id: usize) -> bool {
    const WORDS: [&str; 16] = [
        "kicker",
        "overline",
        "topline",
        "dachzeile",
        "eyebrow",
        "supertitle",
        "suptitle",
        "pretitle",
        "pre-title",
        "rubric",
        "category",
        "flytitle",
        "sr-only",
        "visually-hidden",
        "date",
        "hidden",
    ];
    dom.node(id).attribute(Attr::Class).is_some_and(|class| {
        let class = class.to_ascii_lowercase();
        WORDS.iter().any(|w| class.contains(w))
    })
}

/// Where no `h1` is the title: another heading, or an element named title, that a declared title or a part of one equals.
fn other_heading(dom: &Dom, evidence: &Evidence, declared: &[Offer]) -> Option<String> {
    let wanted: Vec<String> = declared
        .iter()
        .flat_map(|o| parts(&o.text).into_iter().chain([o.text.as_str()]))
        .filter(|part| words(part).len() >= 2)
        .map(squash)
        .collect();
    let is_heading = |id: &usize| matches!(dom.node(*id).tag, Tag::H2 | Tag::H3 | Tag::H4);
    let headings = (0..dom.nodes.len()).filter(is_heading).take(60);
    let titled = evidence.hinted.iter().copied().filter(|&id| {
        dom.node(id).attribute(Attr::Class).is_some_and(|c| c.contains("title") || c.contains("headline"))
    });
    headings.chain(titled.take(60)).map(|id| dom.text_of(id)).find(|text| wanted.contains(&squash(text)))
}

/// The first part between separators that is not the site's name: templates put the article first, and where they
/// do not, the strip of the site's name has taken what stood before.
fn first_part(title: &str, site: &SiteNames) -> String {
    let parts = parts(title);
    let named = parts.iter().find(|part| !site.is_site(part) && !part.trim().is_empty());
    named.map_or(title, |part| part).trim().to_owned()
}

/// What stands behind a bar is the site, the section or a slogan, where enough stands before it.
fn without_tail(title: &str) -> String {
    let Some((head, _)) = title.split_once(" | ") else { return title.to_owned() };
    let says_enough = words(head).len() >= 3 || head.chars().count() >= 12;
    if says_enough { head.trim().to_owned() } else { title.to_owned() }
}

fn parts(title: &str) -> Vec<&str> {
    let mut parts = vec![title];
    for separator in [" | ", " » ", " · ", " :: ", " - ", " – ", " — ", "｜", " / ", "_"] {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn check(html: &str, expected: &str) {
        let dom = Dom::parse(html);
        let evidence = Evidence::gather(&dom, &Url::parse("https://www.daily-courier.example/x").unwrap());
        let found = read(&dom, &evidence).map(|(title, source)| format!("{title} [{source}]"));
        assert_eq!(found.unwrap_or_default(), expected, "{html}");
    }

    #[test]
    fn the_heading_wins_in_the_case_that_the_page_shows() {
        check(
            "<title>Ferry Line Opens | Daily Courier</title><h1>Ferry line opens</h1>",
            "Ferry line opens [h1]",
        );
        check(
            "<title>Ferry line opens - Courier</title><h1>Daily Courier</h1><h2>Ferry line opens</h2>",
            "Ferry line opens [heading]",
        );
    }

    #[test]
    fn site_names_and_kickers_are_no_part_of_the_title() {
        check(
            "<meta property=og:title content='Ferry line opens – Daily Courier'>",
            "Ferry line opens [open_graph]",
        );
        check(
            "<title>Ferry line opens on May Day | News from the coast</title>",
            "Ferry line opens on May Day [title_tag]",
        );
        check("<h1><span class=kicker>Harbour:</span> Ferry line opens</h1>", "Ferry line opens [h1]");
        check(
            "<meta property=og:title content='Ferry line opens'><h1><span>Harbour</span> <span>Ferry line opens</span></h1>",
            "Ferry line opens [h1]",
        );
    }

    #[test]
    fn a_page_without_a_title_has_none() {
        check("<p>text</p>", "");
    }
}
