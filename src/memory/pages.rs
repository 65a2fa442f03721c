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
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::digest(url.as_bytes())[..16]);
    PagesKey::Page(key)
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

    fn at(&self) -> i64 {
        match self {
            PagesValue::Page(page) => page.fetched_at,
            PagesValue::Host(host) => host.at.max(host.back_off_until.unwrap_or(0)),
        }
    }
}

/// The table of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagesTable(HashMap<PagesKey, PagesValue>);

impl PagesTable {
    pub fn page(&self, url: &str) -> Option<&PageRecord> {
        match self.0.get(&page_key(url)) {
            Some(PagesValue::Page(page)) => Some(page),
            _ => None,
        }
    }

    pub fn hosts(&self) -> impl Iterator<Item = &HostRecord> {
        self.0.values().filter_map(|value| match value {
            PagesValue::Host(host) => Some(host),
            PagesValue::Page(_) => None,
        })
    }

    pub fn apply(&mut self, key: PagesKey, value: Option<PagesValue>) {
        match value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Up to `limit` keys not touched since `before_ms`.
    pub fn expired(&self, before_ms: i64, limit: usize) -> Vec<PagesKey> {
        self.0.iter().filter(|(_, v)| v.at() < before_ms).map(|(k, _)| k.clone()).take(limit).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PagesKey, &PagesValue)> {
        self.0.iter()
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
        assert!(PagesKey::decode(b"p123").is_err() && PagesKey::decode(b"").is_err());
        assert!(PagesValue::decode(b"{\"kind\":\"other\"}").is_err());
    }
}
