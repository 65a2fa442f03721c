//! Entries of `newswire.seen` as they lie in memory: fixed fields and aliases side by side, without a pointer each.
//!
//! A pool holds all entries with one number of aliases, in chunks that are never moved.

use super::SeenEntry;
use crate::identity::{AliasKey, ArticleId, Fingerprint};

/// Flags, article id, version, first seen, last seen, candidate offset, content hash, simhash, title and topics hash.
const FIXED: usize = 1 + 16 + 4 + 6 + 6 + 6 + 16 + 8 + 8 + 8;
const LAST_SEEN: usize = 1 + 16 + 4 + 6;
/// Big enough that few chunks are allocated, small enough for a pool of one entry.
const CHUNK_BYTES: usize = 64 << 10;
const FORGOTTEN: u8 = 1;
const FREE: u8 = 2;

/// Where an entry lies: in the pool of its number of aliases. Five bytes, because there is one of these an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub aliases: u8,
    index: [u8; 4],
}

impl Place {
    fn new(aliases: u8, index: u32) -> Place {
        Place { aliases, index: index.to_le_bytes() }
    }

    fn index(self) -> usize {
        u32::from_le_bytes(self.index) as usize
    }
}

#[derive(Clone, Debug, Default)]
struct Pool {
    chunks: Vec<Box<[u8]>>,
    used: u32,
    free: Vec<u32>,
}

/// All entries of one partition.
#[derive(Clone, Debug, Default)]
pub struct Pools {
    /// By the number of aliases.
    pools: Vec<Pool>,
    /// Where the search for expired entries goes on: number of aliases and index.
    searched: (usize, u32),
}

fn width(aliases: usize) -> usize {
    FIXED + 16 * aliases
}

fn per_chunk(aliases: usize) -> usize {
    (CHUNK_BYTES / width(aliases)).max(1)
}

impl Pools {
    fn bytes(&self, place: Place) -> &[u8] {
        let aliases = usize::from(place.aliases);
        let (chunk, at) = (place.index() / per_chunk(aliases), place.index() % per_chunk(aliases));
        &self.pools[aliases].chunks[chunk][at * width(aliases)..][..width(aliases)]
    }

    fn bytes_mut(&mut self, place: Place) -> &mut [u8] {
        let aliases = usize::from(place.aliases);
        let (chunk, at) = (place.index() / per_chunk(aliases), place.index() % per_chunk(aliases));
        &mut self.pools[aliases].chunks[chunk][at * width(aliases)..][..width(aliases)]
    }

    /// Of the aliases the first 255 are kept; newswire gives an article 64 at most.
    pub fn put(&mut self, id: &ArticleId, entry: &SeenEntry) -> Place {
        let aliases = entry.aliases.len().min(255);
        if self.pools.len() <= aliases {
            self.pools.resize_with(aliases + 1, Pool::default);
        }
        let pool = &mut self.pools[aliases];
        let index = pool.free.pop().unwrap_or(pool.used);
        if index == pool.used {
            pool.used += 1;
            if index as usize / per_chunk(aliases) == pool.chunks.len() {
                pool.chunks.push(vec![0; per_chunk(aliases) * width(aliases)].into_boxed_slice());
            }
        }
        let place = Place::new(aliases as u8, index);
        write(self.bytes_mut(place), id, entry);
        place
    }

    pub fn take_out(&mut self, place: Place) {
        self.bytes_mut(place)[0] = FREE;
        self.pools[usize::from(place.aliases)].free.push(u32::from_le_bytes(place.index));
    }

    pub fn id(&self, place: Place) -> ArticleId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.bytes(place)[1..17]);
        ArticleId(id)
    }

    pub fn has_id(&self, place: Place, id: &ArticleId) -> bool {
        self.bytes(place)[1..17] == id.0
    }

    pub fn alias(&self, place: Place, number: u8) -> AliasKey {
        let at = FIXED + 16 * usize::from(number);
        let mut alias = [0; 16];
        alias.copy_from_slice(&self.bytes(place)[at..at + 16]);
        AliasKey(alias)
    }

    pub fn entry(&self, place: Place) -> SeenEntry {
        read(self.bytes(place))
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let of_pool = |(aliases, pool): (usize, &Pool)| {
            let used = pool.used;
            (0..used).map(move |index| Place::new(aliases as u8, index))
        };
        self.pools.iter().enumerate().flat_map(of_pool).filter(|place| self.bytes(*place)[0] & FREE == 0)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ArticleId, SeenEntry)> {
        self.places().map(|place| (self.id(place), self.entry(place)))
    }

    /// Ids last seen before `before_ms` and not forgotten, up to `limit`, among the next `looked_at` places. The next
    /// call goes on where this one ended: a large table is never gone through in one go.
    pub fn expired(&mut self, before_ms: i64, limit: usize, looked_at: usize) -> Vec<ArticleId> {
        let mut found = Vec::new();
        let all: usize = self.pools.iter().map(|pool| pool.used as usize).sum();
        for _ in 0..looked_at.min(all) {
            let Some(place) = self.next_to_search() else { break };
            let bytes = self.bytes(place);
            if bytes[0] == 0 && read_i48(&bytes[LAST_SEEN..]) < before_ms {
                found.push(self.id(place));
                if found.len() == limit {
                    break;
                }
            }
        }
        found
    }

    fn next_to_search(&mut self) -> Option<Place> {
        // Once through all pools, and into the first one again.
        for _ in 0..=self.pools.len() {
            let (aliases, index) = self.searched;
            if self.pools.get(aliases).is_some_and(|pool| index < pool.used) {
                self.searched = (aliases, index + 1);
                return Some(Place::new(aliases as u8, index));
            }
            self.searched = (if aliases + 1 < self.pools.len() { aliases + 1 } else { 0 }, 0);
        }
        None
    }
}

fn write(to: &mut [u8], id: &ArticleId, entry: &SeenEntry) {
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        to[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&[if entry.forgotten { FORGOTTEN } else { 0 }]);
    put(&id.0);
    put(&entry.version.to_le_bytes());
    put(&i48(entry.first_seen));
    put(&i48(entry.last_seen));
    put(&i48(entry.candidate_offset));
    put(&entry.fingerprint.content_hash.to_le_bytes());
    put(&entry.fingerprint.simhash.to_le_bytes());
    put(&entry.fingerprint.title_hash.to_le_bytes());
    put(&entry.topics_hash.to_le_bytes());
    entry.aliases.iter().take(255).for_each(|alias| put(&alias.0));
}

fn read(bytes: &[u8]) -> SeenEntry {
    let mut rest = bytes;
    let mut take = |count: usize| {
        let (piece, after) = rest.split_at(count);
        rest = after;
        piece
    };
    let forgotten = take(1)[0] & FORGOTTEN != 0;
    take(16);
    let version = take(4).iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte));
    let (first_seen, last_seen, candidate_offset) = (read_i48(take(6)), read_i48(take(6)), read_i48(take(6)));
    let content_hash = take(16).iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte));
    let mut u64_of = || take(8).iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let fingerprint = Fingerprint { content_hash, simhash: u64_of(), title_hash: u64_of() };
    let topics_hash = u64_of();
    let aliases = rest.chunks_exact(16).map(|chunk| {
        let mut alias = [0; 16];
        alias.copy_from_slice(chunk);
        AliasKey(alias)
    });
    SeenEntry {
        version,
        aliases: aliases.collect(),
        fingerprint,
        topics_hash,
        candidate_offset,
        first_seen,
        last_seen,
        forgotten,
    }
}

/// Milliseconds since 1970 until the year 6429, and any offset that Kafka will reach; beyond, the nearest that fits.
fn i48(value: i64) -> [u8; 6] {
    const MOST: i64 = (1 << 47) - 1;
    let [a, b, c, d, e, f, ..] = value.clamp(-MOST - 1, MOST).to_le_bytes();
    [a, b, c, d, e, f]
}

fn read_i48(bytes: &[u8]) -> i64 {
    let unsigned = bytes[..6].iter().rev().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
    // The sign is in bit 47.
    ((unsigned << 16) as i64) >> 16
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::entry;
    use super::*;

    #[test]
    fn an_entry_lies_in_memory_as_it_is_and_its_place_is_used_again() {
        let mut pools = Pools::default();
        let (one, two) = (entry(&[1, 2, 3]), SeenEntry { forgotten: true, last_seen: -5, ..entry(&[]) });
        let (first, second) = (pools.put(&ArticleId([1; 16]), &one), pools.put(&ArticleId([2; 16]), &two));
        assert_eq!((pools.entry(first), pools.entry(second)), (one.clone(), two));
        assert_eq!((pools.id(first), pools.alias(first, 2)), (ArticleId([1; 16]), AliasKey([3; 16])));
        pools.take_out(first);
        assert_eq!(pools.iter().count(), 1);
        assert_eq!(pools.put(&ArticleId([3; 16]), &one), first);
    }

    #[test]
    fn the_search_for_expired_entries_goes_round_in_pieces() {
        let mut pools = Pools::default();
        for n in 0..50 {
            pools.put(&ArticleId([n; 16]), &entry(&vec![n; usize::from(n % 4)]));
        }
        let mut found = std::collections::BTreeSet::new();
        for _ in 0..5 {
            found.extend(pools.expired(i64::MAX, 100, 10));
        }
        assert_eq!(found.len(), 50);
        assert!(pools.expired(0, 100, 1000).is_empty());
        assert_eq!(pools.expired(i64::MAX, 7, 1000).len(), 7);
    }

    #[test]
    fn times_and_offsets_keep_their_value() {
        for value in [0, 1, -1, 1_790_000_000_000, (1 << 47) - 1, -(1 << 47)] {
            assert_eq!(read_i48(&i48(value)), value);
        }
        assert_eq!(read_i48(&i48(i64::MAX)), (1 << 47) - 1);
    }
}
