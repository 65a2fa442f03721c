//! One article in `newswire.seen`, and its bytes.

use crate::identity::{AliasKey, ArticleId, Fingerprint};
use smallvec::SmallVec;
use std::fmt;

/// The layout that this version writes. A reader stops at one it does not know.
const VERSION: u8 = 1;
/// Version, flags, article version, three times, candidate offset, fingerprints, topics hash, alias count.
const FIXED_BYTES: usize = 1 + 1 + 4 + 8 + 8 + 8 + 16 + 8 + 8 + 8 + 2;
const CHECKSUM_BYTES: usize = 4;
/// Aliases kept for one article: more would be a page that makes up a name at every visit.
pub const MAX_ALIASES: usize = 64;

/// What is remembered of one article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEntry {
    pub version: u32,
    /// The first is the URL that it was published from.
    pub aliases: SmallVec<[AliasKey; 4]>,
    pub fingerprint: Fingerprint,
    /// Of the topics' ids as last published.
    pub topics_hash: u64,
    /// The candidate that last published it.
    pub candidate_offset: i64,
    /// Milliseconds since 1970.
    pub first_seen: i64,
    /// When the page was fetched that last showed it, milliseconds since 1970; expiry counts from here, and a page fetched
    /// before this says nothing new of it.
    pub last_seen: i64,
    /// Retracted by `newswire forget`: never published again.
    pub forgotten: bool,
}

/// A changelog record that cannot be read: the worker stops with its offset rather than forget an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadChangelog {
    Truncated { bytes: usize },
    Checksum,
    UnknownVersion(u8),
    Key { bytes: usize },
    NotJson(String),
}

impl fmt::Display for BadChangelog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadChangelog::Truncated { bytes } => write!(f, "the record is cut off at {bytes} bytes"),
            BadChangelog::Checksum => f.write_str("the record's checksum does not fit"),
            BadChangelog::UnknownVersion(v) => {
                write!(f, "the record is of version {v}, this newswire reads {VERSION}")
            }
            BadChangelog::Key { bytes } => write!(f, "the key has {bytes} bytes"),
            BadChangelog::NotJson(problem) => write!(f, "the record does not parse: {problem}"),
        }
    }
}

impl SeenEntry {
    /// The changelog value; the key is the article id.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_BYTES + 16 * self.aliases.len() + CHECKSUM_BYTES);
        out.push(VERSION);
        out.push(u8::from(self.forgotten));
        out.extend(self.version.to_le_bytes());
        out.extend(self.first_seen.to_le_bytes());
        out.extend(self.last_seen.to_le_bytes());
        out.extend(self.candidate_offset.to_le_bytes());
        out.extend(self.fingerprint.content_hash.to_le_bytes());
        out.extend(self.fingerprint.simhash.to_le_bytes());
        out.extend(self.fingerprint.title_hash.to_le_bytes());
        out.extend(self.topics_hash.to_le_bytes());
        out.extend((self.aliases.len() as u16).to_le_bytes());
        self.aliases.iter().for_each(|alias| out.extend(alias.0));
        let checksum = crc32fast::hash(&out);
        out.extend(checksum.to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<SeenEntry, BadChangelog> {
        let truncated = BadChangelog::Truncated { bytes: bytes.len() };
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&newer) => return Err(BadChangelog::UnknownVersion(newer)),
            None => return Err(truncated),
        }
        if bytes.len() < FIXED_BYTES + CHECKSUM_BYTES {
            return Err(truncated);
        }
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if crc32fast::hash(content).to_le_bytes() != checksum {
            return Err(BadChangelog::Checksum);
        }
        let mut reader = Reader(&content[1..]);
        let forgotten = reader.take::<1>()[0] & 1 == 1;
        let version = u32::from_le_bytes(reader.take());
        let first_seen = i64::from_le_bytes(reader.take());
        let last_seen = i64::from_le_bytes(reader.take());
        let candidate_offset = i64::from_le_bytes(reader.take());
        let fingerprint = Fingerprint {
            content_hash: u128::from_le_bytes(reader.take()),
            simhash: u64::from_le_bytes(reader.take()),
            title_hash: u64::from_le_bytes(reader.take()),
        };
        let topics_hash = u64::from_le_bytes(reader.take());
        let count = usize::from(u16::from_le_bytes(reader.take()));
        if reader.0.len() != 16 * count {
            return Err(truncated);
        }
        let aliases = (0..count).map(|_| AliasKey(reader.take())).collect();
        Ok(SeenEntry {
            version,
            aliases,
            fingerprint,
            topics_hash,
            candidate_offset,
            first_seen,
            last_seen,
            forgotten,
        })
    }

    /// The article id of a changelog key.
    pub fn decode_key(key: &[u8]) -> Result<ArticleId, BadChangelog> {
        key.try_into().map(ArticleId).map_err(|_| BadChangelog::Key { bytes: key.len() })
    }
}

/// Takes fixed pieces off the front; the length was checked before.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut piece = [0; N];
        let n = N.min(self.0.len());
        piece[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        piece
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn entry(aliases: &[u8]) -> SeenEntry {
        SeenEntry {
            version: 1,
            aliases: aliases.iter().map(|n| AliasKey([*n; 16])).collect(),
            fingerprint: Fingerprint { content_hash: 5, simhash: 6, title_hash: 7 },
            topics_hash: 8,
            candidate_offset: 9,
            first_seen: 10,
            last_seen: 11,
            forgotten: false,
        }
    }

    #[test]
    fn an_entry_reads_back_and_damage_is_noticed() {
        let one = SeenEntry { forgotten: true, ..entry(&[1, 2, 3]) };
        let bytes = one.encode();
        assert_eq!(SeenEntry::decode(&bytes), Ok(one));
        for cut in 0..bytes.len() {
            assert!(SeenEntry::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(SeenEntry::decode(&damaged).is_err(), "damaged at {at}");
        }
        assert_eq!(SeenEntry::decode(&[9, 0, 0]), Err(BadChangelog::UnknownVersion(9)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = SeenEntry::decode(&bytes);
            let _ = SeenEntry::decode_key(&bytes);
        }
    }
}
