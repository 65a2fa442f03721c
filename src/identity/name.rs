//! What stands for a name in memory and in the event: hashes of identity keys.

use super::site_of;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use url::Url;

/// The identity key of a normalized URL: without scheme and `www.`, which differ in the URL but not in the identity.
fn identity_key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = url.path();
    // `/a` and `/a/` are one page on every news site met; a home page keeps its slash.
    let path = path.strip_suffix('/').unwrap_or(path);
    format!("{host}{port}{path}{query}")
}

/// What identifies `url` at `site`: a name on a foreign host (`wp.me`, `nyti.ms`) counts only together with the
/// site that declares it, or a page could claim to be an article of somebody else's.
fn identity(url: &Url, site: &str) -> String {
    let key = identity_key(url);
    if site_of(url) == site { key } else { format!("{site} {key}") }
}

fn first_128_bits(text: &str) -> [u8; 16] {
    let digest = Sha256::digest(text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    first
}

/// The first 128 bits of SHA-256 of the normalized identity; 32 hex digits in the event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArticleId(pub [u8; 16]);

impl ArticleId {
    /// `url` must be normalized.
    pub fn of(url: &Url, site: &str) -> ArticleId {
        ArticleId(first_128_bits(&identity(url, site)))
    }
}

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ArticleId {
    type Err = String;

    fn from_str(text: &str) -> Result<ArticleId, String> {
        let bad = || format!("not an article id of 32 hex digits: {text:?}");
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        u128::from_str_radix(text, 16).map(|id| ArticleId(id.to_be_bytes())).map_err(|_| bad())
    }
}

/// A name of an article within its site: what the alias index is keyed by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AliasKey(pub [u8; 16]);

impl AliasKey {
    /// `url` must be normalized. The site is part of the key, so one table can hold many sites.
    pub fn of(url: &Url, site: &str) -> AliasKey {
        AliasKey(first_128_bits(&format!("{site} {}", identity_key(url))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(url: &str, site: &str) -> ArticleId {
        ArticleId::of(&Url::parse(url).unwrap(), site)
    }

    #[test]
    fn scheme_www_and_a_final_slash_do_not_differ_in_identity() {
        let one = id("https://www.news.example/a/b", "news.example");
        assert_eq!(one, id("http://news.example/a/b/", "news.example"));
        assert_ne!(one, id("http://news.example/a/B", "news.example"));
        assert_ne!(one, id("http://m.news.example/a/b", "news.example"));
    }

    #[test]
    fn a_foreign_short_link_belongs_to_the_site_that_declares_it() {
        assert_ne!(id("https://wp.me/p1-2", "news.example"), id("https://wp.me/p1-2", "other.example"));
    }

    #[test]
    fn an_id_reads_back() {
        let one = id("https://news.example/?p=1", "news.example");
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!("xyz".parse::<ArticleId>().is_err());
    }
}
