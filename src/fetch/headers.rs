//! What response headers say: content type, encodings, Retry-After, Location. Pure, and forgiving of bytes that are
//! no ASCII.

use crate::extract::PageHeaders;
use crate::fetch::Validators;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName};
use std::time::Duration;
use url::Url;

/// What a body is, before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    Html,
    /// No type, or one that says nothing: the first bytes decide.
    Unsaid,
    Other,
}

/// A header's text. Bytes beyond ASCII are UTF-8 where they can be, Latin-1 otherwise.
pub fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => value.iter().map(|byte| char::from(*byte)).collect::<String>().trim().to_owned(),
    }
}

pub fn first(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| text(value.as_bytes())).filter(|text| !text.is_empty())
}

pub fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    let Ok(name) = name.parse::<HeaderName>() else { return Vec::new() };
    headers.get_all(name).iter().map(|value| text(value.as_bytes())).collect()
}

/// By the media type alone; parameters are the charset's business.
pub fn content_kind(content_type: Option<&str>) -> ContentKind {
    let essence = content_type.unwrap_or_default().split([';', ',']).next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => ContentKind::Html,
        // What WHATWG's MIME sniffing takes for no type at all.
        "" | "unknown/unknown" | "application/unknown" | "*/*" => ContentKind::Unsaid,
        other if !other.contains('/') => ContentKind::Unsaid,
        _ => ContentKind::Other,
    }
}

/// Whether the first bytes of a body without a type are HTML. UTF-16 is recognized by its mark alone.
pub fn starts_as_html(first: &[u8]) -> bool {
    const TAGS: &[&str] = &[
        "!doctype html",
        "html",
        "head",
        "body",
        "title",
        "meta",
        "link",
        "script",
        "style",
        "!--",
        "div",
        "p",
        "h1",
        "article",
        "table",
        "a",
        "br",
        "font",
        "iframe",
        "b",
    ];
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
        return true;
    }
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let first = String::from_utf8_lossy(&first[..first.len().min(512)]).to_ascii_lowercase();
    let after_prolog = match first.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest.trim_start()),
        None => first.as_str(),
    };
    let Some(tag) = after_prolog.strip_prefix('<') else { return false };
    TAGS.iter().any(|name| {
        tag.strip_prefix(name).is_some_and(|rest| {
            *name == "!--" || rest.starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace())
        })
    })
}

/// The encodings in the order they were applied.
pub fn encodings(headers: &HeaderMap) -> Vec<String> {
    let lines = all(headers, "content-encoding");
    let names = lines.iter().flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}

/// `Retry-After` in both forms (RFC 9110 §10.2.3). A date that is past is no wait.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = first(headers, "retry-after")?;
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let seconds = value.split_once('.').filter(|(whole, part)| {
        !whole.is_empty() && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
    });
    if let Some((whole, _)) = seconds {
        return Some(Duration::from_secs(whole.parse::<u64>().ok()?.saturating_add(1)));
    }
    let date = jiff::fmt::rfc2822::parse(&value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// Where a redirect leads: http or https, without a fragment.
pub fn location(headers: &HeaderMap, from: &Url) -> Result<Url, String> {
    let value = first(headers, "location").ok_or("a redirect without a Location")?;
    let mut url = from.join(&value).map_err(|e| format!("the Location {value:.200?} is no URL: {e}"))?;
    url.set_fragment(None);
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) if !host.is_empty() => Ok(url),
        _ => Err(format!("the Location {value:.200?} is not http or https")),
    }
}

/// The headers by which bot protection and others say what a page is.
pub fn telling(headers: &HeaderMap) -> Vec<String> {
    let line = |name: &&str| first(headers, name).map(|value| format!("{name}: {value}"));
    ["cf-mitigated", "x-amzn-waf-action", "server"].iter().filter_map(line).collect()
}

pub fn validators(headers: &HeaderMap) -> Validators {
    Validators { etag: first(headers, "etag"), last_modified: first(headers, "last-modified") }
}

pub fn of_page(headers: &HeaderMap) -> PageHeaders {
    PageHeaders {
        link: all(headers, "link"),
        x_robots_tag: all(headers, "x-robots-tag"),
        tdm_reservation: first(headers, "tdm-reservation"),
        tdm_file: None,
        agent: None,
        content_language: first(headers, "content-language"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    fn with(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        headers
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now: Timestamp = "2026-11-06T08:49:37Z".parse().unwrap();
        let check = |value: &str, expected: Option<u64>| {
            let waited = retry_after(&with("retry-after", value.as_bytes()), now);
            assert_eq!(waited, expected.map(Duration::from_secs), "{value:?}");
        };
        check("120", Some(120));
        check(" 120 ", Some(120));
        check("0", Some(0));
        check("1.5", Some(2));
        check("99999999999999999999999", Some(u64::from(u32::MAX)));
        check("Fri, 06 Nov 2026 08:50:07 GMT", Some(30));
        check("Fri, 06 Nov 2026 08:49:07 GMT", Some(0));
        check("Fri, 06 Nov 2026 09:50:07 +0100", Some(30));
        for unreadable in ["", "soon", "-5", "1e3", "1.x", ".5", "12 s", "Fri, 99 Nov 2026"] {
            check(unreadable, None);
        }
    }

    #[test]
    fn locations() {
        let from = Url::parse("https://news.example/a/b?c").unwrap();
        let check = |value: &[u8], expected: Option<&str>| {
            let to = location(&with("location", value), &from).ok();
            assert_eq!(to.as_ref().map(Url::as_str), expected, "{}", text(value));
        };
        check(b"/x", Some("https://news.example/x"));
        check(b"x#y", Some("https://news.example/a/x"));
        check(b"//other.example/x", Some("https://other.example/x"));
        check(b"?d", Some("https://news.example/a/b?d"));
        check(b"http://OTHER.example:80/./x/../y", Some("http://other.example/y"));
        check("/ü".as_bytes(), Some("https://news.example/%C3%BC"));
        check(b"/\xfc", Some("https://news.example/%C3%BC"));
        check(b"/a b", Some("https://news.example/a%20b"));
        check(b"mailto:a@b.example", None);
        check(b"https://", None);
        check(b"http://[::", None);
        check(b"", None);
    }

    #[test]
    fn encodings_over_several_lines() {
        let mut headers = with("content-encoding", b"GZIP , br");
        headers.append("content-encoding", HeaderValue::from_static("zstd,"));
        assert_eq!(encodings(&headers), ["gzip", "br", "zstd"]);
        assert!(encodings(&HeaderMap::new()).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(
                std::env::var("NEWSWIRE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2000),
            )
        })]

        #[test]
        fn no_header_makes_a_panic(value in proptest::collection::vec(prop_oneof![32..=126u8, 128..=255u8], 0..40), first in any::<[u8; 6]>()) {
            let from = Url::parse("https://news.example/a").unwrap();
            let now = Timestamp::UNIX_EPOCH;
            retry_after(&with("retry-after", &value), now);
            let _ = location(&with("location", &value), &from);
            encodings(&with("content-encoding", &value));
            content_kind(Some(&text(&value)));
            starts_as_html(&first);
        }
    }
}
