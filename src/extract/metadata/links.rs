//! By what URLs the page names itself: short links from four places, canonical URLs from three.

use super::evidence::Evidence;
use super::json_ld::url_of;
use crate::extract::dom::{Attr, Dom, Tag};
use crate::record::DeclaredName;

/// Collects absolute URLs, each once per source.
struct Names<'a> {
    evidence: &'a Evidence,
    found: Vec<DeclaredName>,
}

impl Names<'_> {
    fn add(&mut self, href: &str, from: &str) {
        let Some(url) = self.evidence.absolute(href) else { return };
        if !self.found.iter().any(|n| n.url == url && n.from == from) {
            self.found.push(DeclaredName { url, from: from.to_owned() });
        }
    }
}

/// Short links in ladder order, not judged.
pub fn short_links(dom: &Dom, evidence: &Evidence, link_headers: &[String]) -> Vec<DeclaredName> {
    let mut names = Names { evidence, found: Vec::new() };
    for link in evidence.links.iter().filter(|l| has_word(&l.rel, "shortlink")) {
        names.add(&link.href, "link_shortlink");
    }
    for target in link_headers.iter().flat_map(|header| header_targets(header, "shortlink")) {
        names.add(target, "http_link");
    }
    for href in short_link_boxes(dom, evidence) {
        names.add(href, "short_link_box");
    }
    if let Some(own) = own_short_form(evidence) {
        names.add(&own, "own_url");
    }
    names.found
}

/// Canonical URLs in ladder order, not judged.
pub fn canonical_urls(evidence: &Evidence) -> Vec<DeclaredName> {
    let mut names = Names { evidence, found: Vec::new() };
    for link in evidence.links.iter().filter(|l| has_word(&l.rel, "canonical")) {
        names.add(&link.href, "link_canonical");
    }
    for key in ["mainEntityOfPage", "url"] {
        let told = evidence.json_ld.value(key).and_then(url_of);
        if let Some(url) = told.filter(|u| u.contains("://") && evidence.json_ld.is_article()) {
            names.add(&url, "json_ld");
        }
    }
    for url in evidence.all_metas("og:url") {
        names.add(url, "og_url");
    }
    names.found
}

fn has_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|w| w == word)
}

/// The targets of one `Link` header line (RFC 8288) whose `rel` holds the word.
fn header_targets<'a>(header: &'a str, rel: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let open = rest.find('<')?;
        let close = open + rest[open..].find('>')?;
        let target = &rest[open + 1..close];
        let parameters = &rest[close + 1..];
        // Parameters end where the next target begins.
        let end = parameters.find(",").and_then(|_| next_target(parameters)).unwrap_or(parameters.len());
        rest = &parameters[end..];
        Some((target, &parameters[..end]))
    })
    .filter(move |(_, parameters)| {
        parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"').to_ascii_lowercase();
            name.trim().eq_ignore_ascii_case("rel") && has_word(&value, rel)
        })
    })
    .map(|(target, _)| target)
}

fn next_target(parameters: &str) -> Option<usize> {
    parameters.match_indices('<').map(|(at, _)| at).find(|&at| parameters[..at].trim_end().ends_with(','))
}

/// The "Short link" box of WordPress news themes: an input whose value is a link and whose name, or whose parent's, says so.
fn short_link_boxes<'a>(dom: &'a Dom, evidence: &'a Evidence) -> impl Iterator<Item = &'a str> {
    let marked = |id: usize| {
        let node = dom.node(id);
        [Attr::Id, Attr::Class, Attr::Name].into_iter().filter_map(|a| node.attribute(a)).any(says_short_link)
    };
    evidence.inputs.iter().filter_map(move |&id| {
        let node = dom.node(id);
        let value = node.attribute(Attr::Value).map(str::trim)?;
        let is_link = value.starts_with("http://") || value.starts_with("https://");
        let hidden_form_field = node.attribute(Attr::Type).is_some_and(|t| t.eq_ignore_ascii_case("hidden"));
        let says_so =
            marked(id) || dom.ancestors(id).take(2).any(|a| dom.node(a).tag != Tag::Body && marked(a));
        (is_link && says_so && !hidden_form_field).then_some(value)
    })
}

fn says_short_link(name: &str) -> bool {
    let name: String = name.to_ascii_lowercase().chars().filter(|c| !matches!(c, '-' | '_')).collect();
    ["shortlink", "shortposturl", "shorturl", "shortposturl", "posturlshort"].iter().any(|w| name.contains(w))
}

/// `https://site/?p=123`: the page was asked for by its short form.
fn own_short_form(evidence: &Evidence) -> Option<String> {
    let url = &evidence.page_url;
    if url.path() != "/" && url.path() != "/index.php" {
        return None;
    }
    let (name, value) = url.query_pairs().find(|(name, _)| name == "p")?;
    let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let mut short = url.clone();
    short.set_fragment(None);
    short.set_path("/");
    short.set_query(Some(&format!("{name}={value}")));
    is_number.then(|| short.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn check(url: &str, html: &str, headers: &[&str], expected: &[(&str, &str)]) {
        let dom = Dom::parse(html);
        let evidence = Evidence::gather(&dom, &Url::parse(url).unwrap());
        let headers: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
        let found = short_links(&dom, &evidence, &headers);
        let found: Vec<_> = found.iter().map(|n| (n.url.as_str(), n.from.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_short_link_is_found_in_each_of_the_four_places() {
        check(
            "https://a.example/?p=7&utm_source=x",
            "<link rel='shortlink' href='/?p=1'><div class=post-shortlink><input id=short-post-url value='https://a.example/?p=3'></div>
             <input name=q value='https://a.example/no'>",
            &["<https://a.example/wp-json/>; rel=\"https://api.w.org/\", <https://wp.example/2>; rel=shortlink"],
            &[
                ("https://a.example/?p=1", "link_shortlink"),
                ("https://wp.example/2", "http_link"),
                ("https://a.example/?p=3", "short_link_box"),
                ("https://a.example/?p=7", "own_url"),
            ],
        );
        check("https://a.example/x?p=7", "<p>nothing</p>", &["<x>", "<", ";rel=shortlink"], &[]);
    }
}
