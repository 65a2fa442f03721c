//! Publisher rules: what the engine is told about one publisher's template, as data.
//!
//! `config/publishers/*.toml` -> rules -> the one whose URL fits -> blocks taken and left out
//!
//! A rule whose selectors find nothing is not used, and the article says so: the template has changed.

mod read;
mod selector;

use super::dom::{Dom, LocalName};
use jiff::civil::Date;
use selector::Selector;
use std::collections::BTreeSet;
use std::path::Path;
use url::Url;

/// What a rule takes must have this many characters, else the engine chooses as without it (a guess).
const MIN_TAKEN_CHARS: u32 = 150;

/// Every rule, in the order of the files' names.
#[derive(Debug, Default, Clone)]
pub struct Publishers {
    rules: Vec<Rule>,
    /// That the rules' selectors look at.
    attributes: Vec<LocalName>,
}

/// How one publisher's pages are read.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Lower case; subdomains count too.
    hosts: Vec<String>,
    /// `*` stands for any characters; without it every path fits.
    path: Option<String>,
    /// Pages that say they were published later have another template.
    valid_until: Option<Date>,
    /// ISO 3166-1 alpha-2, lower case.
    pub country: Option<String>,
    take: Vec<Selector>,
    remove: Vec<Selector>,
}

/// What a rule says about a page's nodes, as ranges of their numbers.
pub struct Verdict {
    take: Vec<std::ops::Range<usize>>,
    remove: Vec<std::ops::Range<usize>>,
}

impl Publishers {
    fn of(rules: Vec<Rule>) -> Publishers {
        let selectors = rules.iter().flat_map(|rule| rule.take.iter().chain(&rule.remove));
        let attributes: BTreeSet<_> = selectors.flat_map(Selector::attributes).cloned().collect();
        Publishers { attributes: attributes.into_iter().collect(), rules }
    }

    /// Reads every `.toml` file of a folder; a folder that is not there has none.
    ///
    /// # Errors
    /// Everything that is wrong, one line each, with file and line.
    pub fn load(folder: &Path) -> Result<Publishers, Vec<String>> {
        read::folder(folder)
    }

    /// The rules that are part of the binary.
    pub fn bundled() -> Publishers {
        read::bundled()
    }

    /// The attributes that a page is to be parsed with.
    pub fn attributes(&self) -> &[LocalName] {
        &self.attributes
    }

    pub fn len(&self) -> usize {
        self.rules.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule that fits the URL and the day the page says it was published, which is asked only where needed.
    pub fn rule(&self, url: &Url, published: impl FnOnce() -> Option<Date>) -> Option<&Rule> {
        let mut of_url = self.rules.iter().filter(|rule| rule.fits(url)).peekable();
        of_url.peek()?;
        let day = published();
        of_url.find(|rule| rule.valid_until.is_none_or(|until| day.is_none_or(|day| day <= until)))
    }
}

impl Rule {
    fn fits(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let of_host = |own: &String| {
            host == own || host.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.'))
        };
        let of_path = self.path.as_deref().is_none_or(|pattern| fits_pattern(pattern, url.path()));
        of_path && self.hosts.iter().any(of_host)
    }

    /// What the rule takes and removes on this page.
    pub fn verdict(&self, dom: &Dom) -> Verdict {
        let ranges = |selectors: &[Selector]| {
            selectors.iter().flat_map(|s| s.find(dom)).map(|id| dom.subtree(id)).collect::<Vec<_>>()
        };
        Verdict { take: ranges(&self.take), remove: ranges(&self.remove) }
    }
}

impl Verdict {
    /// Whether the template is still the one that the rule is for: what it takes is enough to be a text. `blocks` are nodes with their characters.
    pub fn holds(&self, blocks: impl Iterator<Item = (usize, u32)>) -> bool {
        if self.take.is_empty() {
            return true;
        }
        let taken = blocks.filter(|(node, _)| self.decides(*node) == Some(true));
        taken.map(|(_, chars)| chars).sum::<u32>() >= MIN_TAKEN_CHARS
    }

    /// `Some(true)` where the node is taken, `Some(false)` where it is removed or stands outside of what is taken.
    pub fn decides(&self, node: usize) -> Option<bool> {
        let within = |ranges: &[std::ops::Range<usize>]| ranges.iter().any(|r| r.contains(&node));
        if within(&self.remove) {
            return Some(false);
        }
        (!self.take.is_empty()).then(|| within(&self.take))
    }
}

/// `*` stands for any characters, also none.
fn fits_pattern(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Extractor, Page, PageHeaders};

    fn fits(rule: &str, url: &str, published: Option<&str>) -> bool {
        let rules = read::text("a.toml", rule).unwrap();
        let published = published.map(|day| day.parse().unwrap());
        Publishers::of(rules).rule(&Url::parse(url).unwrap(), || published).is_some()
    }

    #[test]
    fn a_rule_is_for_its_hosts_its_paths_and_its_time() {
        let rule = "[[rule]]\nhosts = ['courier.example']\npath = '/news/*.html'\nvalid_until = 2026-03-01\ntake = ['p']";
        assert!(fits(rule, "https://www.courier.example/news/a/b.html", None));
        assert!(fits(rule, "https://courier.example/news/b.html", Some("2026-03-01")));
        assert!(!fits(rule, "https://courier.example/news/b.html", Some("2026-03-02")));
        assert!(!fits(rule, "https://courier.example/sport/b.html", None));
        assert!(!fits(rule, "https://thecourier.example/news/b.html", None));
    }

    #[test]
    fn a_page_is_read_with_the_attributes_that_a_rule_looks_at() {
        let rule = "[[rule]]\nhosts = ['courier.example']\nremove = ['[data-part=aside]']";
        let rules = Publishers::of(read::text("a.toml", rule).unwrap());
        let told =
            "The bridge over the river was closed on Monday, and nobody knows for how long it will be. "
                .repeat(5);
        let html = format!(
            "<title>Bridge closed</title><article><p>{told}<p data-part=aside>{told} Bank.<p>{told}</article>"
        );
        let url = Url::parse("https://courier.example/a-story").unwrap();
        let page = Page { url: &url, html: &html, headers: &PageHeaders::default(), fetched_at: None };
        let body = |extractor: Extractor| extractor.extract(&page).body().to_owned();
        assert!(body(Extractor::default()).contains("Bank."));
        assert!(!body(Extractor::with(rules)).contains("Bank."));
    }

    #[test]
    fn a_pattern_fits_from_start_to_end() {
        for (pattern, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/*/b", "/x/y/b", true),
            ("*", "/", true),
            ("/a*b*", "/axxb", true),
        ] {
            assert_eq!(fits_pattern(pattern, path), expected, "{pattern} {path}");
        }
    }
}
