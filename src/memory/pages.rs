//! What is remembered of pages and hosts, so that nothing is fetched twice in vain and back-off outlives a restart.

use super::BadChangelog;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A page that was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRecord {
    /// Milliseconds since 1970.
    pub fetched_at: i64,
    /// The source record it was fetched for: a redelivery of that one is never `recent`.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// `candidate`, `redirected`, or the reason of the reject.
    pub outcome: String,
}

/// A host in back-off, or with a delay of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    pub host: String,
    /// Milliseconds since 1970.
    pub back_off_until: Option<i64>,
    pub failures: u32,
    /// Between two requests, in milliseconds; none where it is the worker's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// For expiry, milliseconds since 1970.
    pub at: i64,
}

/// Both kinds share one topic, told apart by the first byte of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PagesKey {
    Page([u8; 16]),
    Host(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PagesValue {
    Page(PageRecord),
    Host(HostRecord),
}

/// The key of a normalized URL.
pub fn page_key(url: &str) -> PagesKey {
    PagesKey::Page(hash(url))
}

fn hash(url: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(url.as_bytes())[..16]);
    hash
}

impl PagesKey {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            PagesKey::Page(hash) => [&b"p"[..], hash].concat(),
            PagesKey::Host(host) => [b"h", host.as_bytes()].concat(),
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<PagesKey, BadChangelog> {
        let bad = BadChangelog::Key { bytes: bytes.len() };
        match bytes.split_first() {
            Some((b'p', hash)) => hash.try_into().map(PagesKey::Page).map_err(|_| bad),
            Some((b'h', host)) => String::from_utf8(host.to_vec()).map(PagesKey::Host).map_err(|_| bad),
            _ => Err(bad),
        }
    }
}

impl PagesValue {
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data always serializes")
    }

    pub fn decode(bytes: &[u8]) -> Result<PagesValue, BadChangelog> {
        serde_json::from_slice(bytes).map_err(|e| BadChangelog::NotJson(e.to_string()))
    }
}

impl HostRecord {
    /// Of use until then.
    fn at(&self) -> i64 {
        self.at.max(self.back_off_until.unwrap_or(0))
    }
}

/// A page as it lies in memory: its texts behind one another in one piece, because there are millions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Packed {
    fetched_at: i64,
    /// Source, etag, last modified, outcome: each with its length in two bytes before it.
    texts: Box<[u8]>,
}

/// In place of a length: there is none. A text that long is no validator that a server could want back.
const NONE: u16 = u16::MAX;

impl Packed {
    fn new(page: &PageRecord) -> Packed {
        let texts =
            [Some(&page.source), page.etag.as_ref(), page.last_modified.as_ref(), Some(&page.outcome)];
        let mut packed = Vec::with_capacity(texts.iter().flatten().map(|text| text.len()).sum::<usize>() + 8);
        for text in texts {
            let text = text.filter(|text| text.len() < usize::from(NONE));
            packed.extend(text.map_or(NONE, |text| text.len() as u16).to_le_bytes());
            packed.extend(text.map(String::as_bytes).unwrap_or_default());
        }
        Packed { fetched_at: page.fetched_at, texts: packed.into() }
    }

    fn page(&self) -> PageRecord {
        let mut rest = &self.texts[..];
        let mut text = || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            rest = after;
            let length = Some(u16::from_le_bytes(*length)).filter(|length| *length != NONE)?;
            let (text, after) = rest.split_at_checked(length.into())?;
            rest = after;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let (source, etag, last_modified, outcome) = (text(), text(), text(), text());
        PageRecord {
            fetched_at: self.fetched_at,
            source: source.unwrap_or_default(),
            etag,
            last_modified,
            outcome: outcome.unwrap_or_default(),
        }
    }
}

/// The table of one partition. A page takes about 190 bytes (`examples/memory_of_articles.rs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagesTable {
    pages: HashMap<[u8; 16], Packed>,
    hosts: HashMap<String, HostRecord>,
}

impl PagesTable {
    pub fn page(&self, url: &str) -> Option<PageRecord> {
        self.pages.get(&hash(url)).map(Packed::page)
    }

    pub fn hosts(&self) -> impl Iterator<Item = &HostRecord> {
        self.hosts.values()
    }

    pub fn apply(&mut self, key: PagesKey, value: Option<PagesValue>) {
        // A record of one kind under a key of the other is none of ours, and the key says what is asked for later.
        match (key, value) {
            (PagesKey::Page(key), Some(PagesValue::Page(page))) => {
                drop(self.pages.insert(key, Packed::new(&page)))
            }
            (PagesKey::Host(key), Some(PagesValue::Host(host))) => drop(self.hosts.insert(key, host)),
            (PagesKey::Page(key), _) => drop(self.pages.remove(&key)),
            (PagesKey::Host(key), _) => drop(self.hosts.remove(&key)),
        };
    }

    pub fn len(&self) -> usize {
        self.pages.len() + self.hosts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `limit` keys not touched since `before_ms`.
    pub fn expired(&self, before_ms: i64, limit: usize) -> Vec<PagesKey> {
        let pages = self.pages.iter().filter(|(_, page)| page.fetched_at < before_ms);
        let hosts = self.hosts.iter().filter(|(_, host)| host.at() < before_ms);
        let pages = pages.map(|(key, _)| PagesKey::Page(*key));
        pages.chain(hosts.map(|(key, _)| PagesKey::Host(key.clone()))).take(limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_hosts_read_back() {
        let page =
            PagesValue::Page(PageRecord { fetched_at: 5, source: "t-0-1".into(), ..Default::default() });
        let host = PagesValue::Host(HostRecord {
            host: "a.example".into(),
            back_off_until: Some(9),
            failures: 2,
            delay_ms: Some(5000),
            at: 1,
        });
        let mut table = PagesTable::default();
        for (key, value) in
            [(page_key("https://a.example/"), page), (PagesKey::Host("a.example".into()), host)]
        {
            let read =
                (PagesKey::decode(&key.encode()).unwrap(), PagesValue::decode(&value.encode()).unwrap());
            assert_eq!(read, (key.clone(), value));
            table.apply(read.0, Some(read.1));
        }
        assert_eq!(table.page("https://a.example/").unwrap().fetched_at, 5);
        assert_eq!(table.hosts().count(), 1);
        assert_eq!(table.expired(9, 10).len(), 1);
        for texts in [
            ("t-0-1", None, None, "timeout"),
            ("", Some(""), Some("Mon, 1 Jun"), "é"),
            ("a", Some("\"x\""), None, ""),
        ] {
            let (source, etag, last_modified, outcome) = texts;
            let page = PageRecord {
                fetched_at: -7,
                source: source.into(),
                etag: etag.map(str::to_owned),
                last_modified: last_modified.map(str::to_owned),
                outcome: outcome.into(),
            };
            assert_eq!(Packed::new(&page).page(), page);
        }
        let endless = PageRecord { etag: Some("x".repeat(70_000)), ..PageRecord::default() };
        assert_eq!(Packed::new(&endless).page(), PageRecord::default());
        assert!(PagesKey::decode(b"p123").is_err() && PagesKey::decode(b"").is_err());
        assert!(PagesValue::decode(b"{\"kind\":\"other\"}").is_err());
    }
}
