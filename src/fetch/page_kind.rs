//! Pages with status 200 that are no articles: challenges, consent walls, log-ins, subscription stubs, soft 404s,
//! parked domains.
//! Pure; the rules are data (`page_kinds.toml`).

use super::FetchedPage;
use crate::record::Reason;
use memchr::{memchr, memchr_iter, memmem};
use serde::Deserialize;
use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::LazyLock;
use url::Url;

/// A page with this many visible characters is no stub, whatever it mentions. More than every rule's own bound.
const NO_STUB_FROM: usize = 6001;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    reason: Reason,
    header: Option<String>,
    title: Option<Vec<String>>,
    title_has: Option<Vec<String>>,
    markup: Option<Vec<String>>,
    text: Option<Vec<String>>,
    at_most: Option<usize>,
    paths: Option<Vec<String>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    toml::from_str(include_str!("page_kinds.toml")).expect("the rules in the binary are read by a test")
});

/// Why a page is no article, by its decoded text; `None`: it may well be one.
pub fn judge(page: &FetchedPage, html: &str) -> Option<Reason> {
    judge_text(&page.url, &page.response_headers, html)
}

/// As `judge`, for a page that was not fetched here. `headers` are `name: value` lines.
pub fn judge_text(url: &Url, headers: &[String], html: &str) -> Option<Reason> {
    let seen = Seen::of(url, headers, html);
    RULES.rule.iter().find(|rule| rule.holds(&seen)).map(|rule| rule.reason)
}

/// What of a page the rules look at, in lower case.
struct Seen<'a> {
    path: String,
    headers: Vec<String>,
    title: String,
    /// For the rules about stubs alone.
    markup: LazyCell<String, Box<dyn FnOnce() -> String + 'a>>,
    text: LazyCell<String, Box<dyn FnOnce() -> String + 'a>>,
    length: usize,
}

impl<'a> Seen<'a> {
    fn of(url: &Url, headers: &[String], html: &'a str) -> Seen<'a> {
        let (title, length) = title_and_length(html);
        Seen {
            path: url.path().to_lowercase(),
            headers: headers.iter().map(|line| line.to_lowercase()).collect(),
            title: title.to_lowercase(),
            markup: LazyCell::new(Box::new(|| html.to_lowercase())),
            text: LazyCell::new(Box::new(|| visible_text(html).to_lowercase())),
            length,
        }
    }
}

impl Rule {
    fn holds(&self, seen: &Seen<'_>) -> bool {
        self.at_most.is_none_or(|most| seen.length <= most)
            && self.header.as_ref().is_none_or(|header| has_header(&seen.headers, header))
            && self
                .title
                .as_ref()
                .is_none_or(|titles| titles.iter().any(|title| is_title(&seen.title, title)))
            && any(&self.title_has, || &seen.title)
            && any(&self.paths, || &seen.path)
            && any(&self.markup, || &seen.markup)
            && any(&self.text, || &seen.text)
    }
}

fn any<'a>(phrases: &Option<Vec<String>>, within: impl Fn() -> &'a str) -> bool {
    let found = |phrase: &String| memmem::find(within().as_bytes(), phrase.as_bytes()).is_some();
    phrases.as_ref().is_none_or(|phrases| phrases.iter().any(found))
}

fn has_header(lines: &[String], wanted: &str) -> bool {
    let Some((name, part)) = wanted.split_once(": ") else { return false };
    let of_name = |line: &&String| line.split_once(':').is_some_and(|(key, _)| key.trim() == name);
    lines.iter().filter(of_name).any(|line| line.contains(part))
}

/// `Page not found | The News` is `page not found`, and so is `The News - Page not found`.
fn is_title(title: &str, wanted: &str) -> bool {
    let ends = |rest: &str| rest.trim_start().starts_with(['|', '-', '–', '—', '·', '»', ':']);
    let begins = |rest: &str| rest.trim_end().ends_with(['|', '–', '—', '·', '»']) || rest.ends_with(" - ");
    title == wanted
        || title.strip_prefix(wanted).is_some_and(ends)
        || title.strip_suffix(wanted).is_some_and(begins)
}

/// The title, and how many characters of text are visible: of a long page only so far that it is seen to be long.
fn title_and_length(html: &str) -> (String, usize) {
    let mut counted = Counted::default();
    let title = each_text(html, |text| {
        counted.add(text);
        counted.length() < NO_STUB_FROM
    });
    (title, counted.length())
}

/// All visible text, blanks joined: enough for phrases, without a parse.
fn visible_text(html: &str) -> String {
    let mut out = String::new();
    each_text(html, |text| {
        push_words(&mut out, text);
        true
    });
    out
}

/// Hands over the texts between the markup until one is enough; gives the title.
fn each_text(html: &str, mut take: impl FnMut(&str) -> bool) -> String {
    let (mut title, mut wants_more, mut rest) = (String::new(), true, html);
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        wants_more = wants_more && take(&rest[..at]);
        if !wants_more && !title.is_empty() {
            return title;
        }
        rest = behind_markup(&rest[at..], &mut title);
    }
    if wants_more {
        take(rest);
    }
    title
}

/// What comes after the tag or comment that the text begins with; the title is kept.
fn behind_markup<'a>(html: &'a str, title: &mut String) -> &'a str {
    if let Some(comment) = html.strip_prefix("<!--") {
        return memmem::find(comment.as_bytes(), b"-->").map_or("", |end| &comment[end + 3..]);
    }
    let end = memchr(b'>', html.as_bytes());
    let tag = end.map_or(html, |end| &html[..end]);
    let rest = end.map_or("", |end| &html[end + 1..]);
    let length = tag.bytes().skip(1).take_while(u8::is_ascii_alphanumeric).count();
    let name = &tag[1..1 + length];
    if !name.starts_with(['s', 't', 'S', 'T'])
        || tag.ends_with('/')
        || !RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name))
    {
        return rest;
    }
    let (inside, behind) = rest.split_at(end_of(rest, name));
    if title.is_empty() && name.eq_ignore_ascii_case("title") {
        push_words(title, inside);
    }
    behind
}

/// What is in these is no visible text. Each begins with an s or a t.
const RAW: [&str; 6] = ["script", "style", "title", "template", "svg", "textarea"];

/// Where the end tag of this name stands; the end of the text where there is none.
fn end_of(html: &str, name: &str) -> usize {
    let bytes = html.as_bytes();
    let closes = |at: &usize| {
        let behind = bytes.get(at + 2..at + 2 + name.len());
        bytes.get(at + 1) == Some(&b'/') && behind.is_some_and(|b| b.eq_ignore_ascii_case(name.as_bytes()))
    };
    memchr_iter(b'<', bytes).find(closes).unwrap_or(html.len())
}

/// What `push_words` would make of texts, counted.
#[derive(Default)]
struct Counted {
    words: usize,
    characters: usize,
}

impl Counted {
    fn add(&mut self, text: &str) {
        // Most texts are plain ASCII, and are gone over once.
        let (mut added, mut was_blank) = (Counted::default(), true);
        for byte in text.bytes() {
            if byte == b'&' || !byte.is_ascii() {
                added = Counted::of(&plain(text));
                break;
            }
            added.take(char::from(byte).is_whitespace(), &mut was_blank);
        }
        self.words += added.words;
        self.characters += added.characters;
    }

    fn of(text: &str) -> Counted {
        let (mut counted, mut was_blank) = (Counted::default(), true);
        text.chars().for_each(|c| counted.take(c.is_whitespace(), &mut was_blank));
        counted
    }

    fn take(&mut self, is_blank: bool, was_blank: &mut bool) {
        self.characters += usize::from(!is_blank);
        self.words += usize::from(*was_blank && !is_blank);
        *was_blank = is_blank;
    }

    fn length(&self) -> usize {
        self.characters + self.words.saturating_sub(1)
    }
}

fn push_words(out: &mut String, text: &str) {
    for word in plain(text).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// The entities that occur in the phrases looked for.
fn plain(text: &str) -> Cow<'_, str> {
    let pairs = [
        ("&nbsp;", " "),
        ("&rsquo;", "'"),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
        ("&hellip;", "..."),
    ];
    if memchr(b'&', text.as_bytes()).is_none() {
        return text.into();
    }
    pairs.iter().fold(text.into(), |text, (entity, plain)| text.replace(entity, plain).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headers: &[&str], html: &str) -> Option<Reason> {
        let url = Url::parse("https://news.example/2026/a-story").unwrap();
        let headers: Vec<String> = headers.iter().map(|line| line.to_string()).collect();
        judge_text(&url, &headers, html)
    }

    fn check(html: &str, expected: impl Into<Option<Reason>>) {
        assert_eq!(judged(&[], html), expected.into(), "{html:.200}");
    }

    #[test]
    fn the_rules_read_and_none_is_empty() {
        for rule in &RULES.rule {
            let has_more = [&rule.title, &rule.title_has, &rule.markup, &rule.text, &rule.paths];
            let phrases = has_more.into_iter().flatten().flatten();
            assert!(rule.header.is_some() || phrases.clone().count() > 0);
            for phrase in phrases {
                assert_eq!(*phrase, phrase.to_lowercase(), "phrases are in lower case");
            }
            assert!(rule.at_most.is_none_or(|most| most < NO_STUB_FROM));
        }
    }

    #[test]
    fn challenges() {
        check(
            "<title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/h/b/x.js'></script>",
            Reason::ChallengePage,
        );
        check(
            "<title>x</title><p>Verifying you are human. This may take a few seconds.",
            Reason::ChallengePage,
        );
        check("<title>Access Denied</title><h1>Access Denied</h1>Reference #18.1", Reason::ChallengePage);
        check(
            "<body><iframe src='https://geo.captcha-delivery.com/captcha/'></iframe>",
            Reason::ChallengePage,
        );
        assert_eq!(judged(&["CF-Mitigated: challenge"], "<p>"), Some(Reason::ChallengePage));
    }

    #[test]
    fn consent_and_login() {
        check("<h1>Before you continue to The News</h1><button>Accept all</button>", Reason::ConsentPage);
        check("<title>Sign in | The News</title><input type=\"password\">", Reason::LoginPage);
        check("<title>The News - Log in</title><form>", Reason::LoginPage);
    }

    #[test]
    fn a_headline_and_an_offer_are_a_paywall() {
        let offers = [
            "<p>Subscribe to continue reading</p><a>See our plans</a>",
            "<p>You&rsquo;ve reached your limit of free articles.</p>",
            "<p>Dieser Artikel ist nur für Abonnenten.</p>",
            "<p>Cet article est <!-- -->réservé aux abonnés.</p>",
            "<p>この記事は会員限定です。</p>",
        ];
        for offer in offers {
            check(
                &format!("<title>Mill burns</title><h1>Mill burns</h1><p>It was old.{offer}"),
                Reason::PaywallPage,
            );
        }
        // What stands before the offer is enough to be told.
        let lead = "The mill at the river burned down on Monday night, and nobody was hurt. ".repeat(25);
        check(&format!("<title>Mill burns</title><p>{lead}</p>{}", offers[0]), None);
        check("<title>Mill burns</title><p>It was old. Subscribe to our newsletter.", None);
    }

    #[test]
    fn soft_not_found_and_parked() {
        check("<title>Page not found – The News</title><p>Try our home page.", Reason::SoftNotFound);
        check("<title>The News</title><p>Sorry, this page isn&#39;t available.", Reason::SoftNotFound);
        check("<title>news.example</title><p>This domain is for sale!", Reason::ParkedDomain);
    }

    #[test]
    fn an_article_about_any_of_it_is_an_article() {
        let story = "The council said on Monday that it would look into the matter again. ".repeat(30);
        let told =
            ["this domain is for sale", "verify you are human", "before you continue to", "page not found"];
        for phrase in told {
            check(&format!("<title>A story</title><p>Readers saw {phrase}. {story}"), None);
        }
        check(
            &format!("<title>Login rules for banks to change</title><input type=\"password\"><p>{story}"),
            None,
        );
        check(&format!("<title>Access denied: how a town lost its water</title><p>{story}"), None);
        check("<title>Forbidden City reopens</title><p>The gates opened on Monday.", None);
        check("", None);
    }

    /// Of anything: the length by which a rule holds is that of the text in which it looks.
    #[test]
    fn what_is_counted_is_as_long_as_the_text() {
        let texts = [
            "",
            " ",
            "one",
            " two\n",
            "\tthree  four ",
            "&nbsp;",
            "a&nbsp;b &hellip; é",
            "é\u{3000}가 나\u{a0}",
            "\u{b}x",
        ];
        for first in texts {
            for second in texts {
                let html = format!("{first}<b>{second}</b><script>no</script>{first}<!-- > -->{second}");
                let (_, length) = title_and_length(&html);
                assert_eq!(length, visible_text(&html).chars().count(), "{html:?}");
            }
        }
    }

    #[test]
    fn a_long_page_is_read_to_its_title() {
        let long = "word ".repeat(NO_STUB_FROM);
        let (title, length) =
            title_and_length(&format!("{long}<p>{long}<title>Page not found</title>{long}"));
        assert_eq!(title, "Page not found");
        assert!((NO_STUB_FROM..2 * long.len()).contains(&length), "{length}");
    }

    #[test]
    fn broken_markup_is_read_to_its_end() {
        for html in ["<", "<!--", "<script", "<title>a", "<script>a</scrip", "a<b<c>", "<é>"] {
            check(html, None);
        }
    }
}
