//! What the well-known files of every origin say, kept with a bound; one fetch for all who wait.

use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// About 30 MB at 3 kB an origin.
const MAX_ORIGINS: usize = 10_000;
const MAX_BYTES: usize = 32 << 20;

/// What is kept of one origin.
pub trait Kept: Clone {
    /// Bytes held, for the cache's bound.
    fn size(&self) -> usize;
}

/// What is kept, and until when it need not be asked for again.
#[derive(Clone, Debug)]
pub struct Entry<K> {
    pub known: K,
    pub fresh_until: Timestamp,
    pub unreachable_since: Option<Timestamp>,
}

/// One origin's entry. The lock is held by whoever fetches; the others wait for it and find the answer.
pub struct Slot<K> {
    entry: Mutex<Option<Entry<K>>>,
    pub fetching: tokio::sync::Mutex<()>,
    /// Who waits for the lock at this moment.
    pub waiting: AtomicUsize,
}

impl<K> Default for Slot<K> {
    fn default() -> Slot<K> {
        Slot { entry: Mutex::new(None), fetching: tokio::sync::Mutex::new(()), waiting: AtomicUsize::new(0) }
    }
}

pub struct OriginCache<K> {
    slots: Mutex<HashMap<String, Arc<Slot<K>>>>,
}

impl<K> Default for OriginCache<K> {
    fn default() -> OriginCache<K> {
        OriginCache { slots: Mutex::new(HashMap::new()) }
    }
}

impl<K: Kept> OriginCache<K> {
    pub fn slot(&self, origin: &str) -> Arc<Slot<K>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(origin) {
            return slot.clone();
        }
        if slots.len() >= MAX_ORIGINS {
            make_room(&mut slots);
        }
        slots.entry(origin.to_owned()).or_default().clone()
    }
}

/// Half of the origins go, those that expire first; one that is being fetched stays.
fn make_room<K: Kept>(slots: &mut HashMap<String, Arc<Slot<K>>>) {
    let expiry = |slot: &Slot<K>| slot.read().map(|entry| entry.fresh_until);
    let mut ages: Vec<Timestamp> = slots.values().filter_map(|slot| expiry(slot)).collect();
    ages.sort_unstable();
    let middle = ages.get(ages.len() / 2).copied();
    slots.retain(|_, slot| Arc::strong_count(slot) > 1 || expiry(slot) > middle);
    let mut held = 0;
    slots.retain(|_, slot| {
        held += slot.read().map_or(0, |entry| entry.known.size());
        held < MAX_BYTES || Arc::strong_count(slot) > 1
    });
}

impl<K: Kept> Slot<K> {
    pub fn read(&self) -> Option<Entry<K>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn write(&self, entry: Entry<K>) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }

    /// What is known, and until when it holds.
    pub fn fresh(&self, now: Timestamp) -> Option<(K, Timestamp)> {
        self.read().filter(|entry| entry.fresh_until > now).map(|entry| (entry.known, entry.fresh_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Kept for Vec<u8> {
        fn size(&self) -> usize {
            self.len()
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn filled(origins: usize, bytes: usize) -> OriginCache<Vec<u8>> {
        let cache = OriginCache::default();
        for n in 0..origins {
            let fresh_until = at(n as i64 + 1);
            let entry = Entry { known: vec![0; bytes], fresh_until, unreachable_since: None };
            cache.slot(&format!("https://host{n}.example")).write(entry);
        }
        cache
    }

    fn held(cache: &OriginCache<Vec<u8>>) -> (usize, usize) {
        let slots = cache.slots.lock().unwrap();
        (slots.len(), slots.values().filter_map(|slot| slot.read()).map(|entry| entry.known.len()).sum())
    }

    #[test]
    fn the_cache_is_bounded_and_what_expires_last_stays() {
        let cache = filled(3 * MAX_ORIGINS, 10);
        assert!(held(&cache).0 <= MAX_ORIGINS);
        let newest = cache.slot(&format!("https://host{}.example", 3 * MAX_ORIGINS - 1));
        assert!(newest.fresh(at(1)).is_some());
    }

    #[test]
    fn large_files_are_bounded_by_their_bytes() {
        let (_, bytes) = held(&filled(MAX_ORIGINS + 1, 20_000));
        assert!(bytes <= MAX_BYTES + 20_000, "{bytes}");
    }
}
