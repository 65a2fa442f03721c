//! The robots.txt of every origin, kept with a bound; one fetch for all who wait.

use super::robots::Robots;
use super::transport::Failure;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// RFC 9309 §2.4: not longer than a day.
pub const KEEP_FOR: Duration = Duration::from_secs(24 * 3600);
/// A robots.txt that cannot be had, though its host is in no pause, is asked for again after this. A guess.
pub const RETRY_AFTER: Duration = Duration::from_secs(60);
/// RFC 9309 §2.3.1.4: one that could not be had for this long may be taken as not there.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);
/// About 30 MB at 3 kB an origin.
const MAX_ORIGINS: usize = 10_000;
const MAX_BYTES: usize = 32 << 20;

/// What is known of one origin's robots.txt.
#[derive(Clone, Debug)]
pub enum Known {
    Rules(Arc<Robots>),
    /// It cannot be had: nothing may be fetched until it is tried again.
    Unreachable(Failure),
}

#[derive(Clone, Debug)]
struct Entry {
    known: Known,
    fresh_until: Timestamp,
    unreachable_since: Option<Timestamp>,
}

/// One origin's entry. The lock is held by whoever fetches; the others wait for it and find the answer.
#[derive(Default)]
pub struct Slot {
    entry: Mutex<Option<Entry>>,
    pub fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub struct RobotsCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

impl RobotsCache {
    pub fn slot(&self, origin: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(origin) {
            return slot.clone();
        }
        if slots.len() >= MAX_ORIGINS {
            make_room(&mut slots);
        }
        slots.entry(origin.to_owned()).or_default().clone()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Half of the origins go, those that expire first; one that is being fetched stays.
fn make_room(slots: &mut HashMap<String, Arc<Slot>>) {
    let expiry = |slot: &Slot| slot.read().map(|entry| entry.fresh_until);
    let mut ages: Vec<Timestamp> = slots.values().filter_map(|slot| expiry(slot)).collect();
    ages.sort_unstable();
    let middle = ages.get(ages.len() / 2).copied();
    slots.retain(|_, slot| Arc::strong_count(slot) > 1 || expiry(slot) > middle);
    let mut held = 0;
    slots.retain(|_, slot| {
        held += slot.size();
        held < MAX_BYTES || Arc::strong_count(slot) > 1
    });
}

impl Slot {
    fn read(&self) -> Option<Entry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn size(&self) -> usize {
        match self.read().map(|entry| entry.known) {
            Some(Known::Rules(rules)) => rules.size(),
            _ => 0,
        }
    }

    /// What is known, and until when it holds.
    pub fn fresh(&self, now: Timestamp) -> Option<(Known, Timestamp)> {
        self.read().filter(|entry| entry.fresh_until > now).map(|entry| (entry.known, entry.fresh_until))
    }

    /// Keeps what a fetch brought. Rules that were known go on being obeyed while their refresh fails; the next try
    /// is when the host's pause is over.
    pub fn keep(&self, fetched: Result<Robots, Failure>, pause: Option<Timestamp>, now: Timestamp) -> Known {
        let before = self.read();
        let since = before.as_ref().and_then(|entry| entry.unreachable_since).unwrap_or(now);
        let entry = match fetched {
            Ok(rules) => Entry {
                known: Known::Rules(Arc::new(rules)),
                fresh_until: after(now, KEEP_FOR),
                unreachable_since: None,
            },
            Err(failure) => Entry {
                known: without_answer(failure, before.map(|entry| entry.known), since, now),
                fresh_until: pause.unwrap_or(after(now, RETRY_AFTER)),
                unreachable_since: Some(since),
            },
        };
        let known = entry.known.clone();
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        known
    }
}

fn without_answer(failure: Failure, before: Option<Known>, since: Timestamp, now: Timestamp) -> Known {
    let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    match before {
        _ if waited >= GIVE_UP_AFTER => Known::Rules(Arc::new(Robots::allow_all())),
        Some(rules @ Known::Rules(_)) => rules,
        _ => Known::Unreachable(failure),
    }
}

fn after(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Reason;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn away() -> Result<Robots, Failure> {
        Err(Failure::of_host(Reason::Timeout, "away"))
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = RobotsCache::default();
        for n in 0..3 * MAX_ORIGINS as i64 {
            let slot = cache.slot(&format!("https://host{n}.example"));
            slot.keep(Ok(Robots::parse(b"User-agent: *\nDisallow: /x", "newswire")), None, at(n));
        }
        assert!(cache.len() <= MAX_ORIGINS);
        let newest = cache.slot(&format!("https://host{}.example", 3 * MAX_ORIGINS - 1));
        assert!(newest.fresh(at(3 * MAX_ORIGINS as i64)).is_some());
    }

    #[test]
    fn rules_once_known_are_obeyed_while_their_refresh_fails() {
        let slot = Slot::default();
        slot.keep(Ok(Robots::parse(b"User-agent: *\nDisallow: /x", "newswire")), None, at(0));
        assert!(slot.fresh(at(24 * 3600)).is_none());
        let Known::Rules(rules) = slot.keep(away(), None, at(24 * 3600)) else { panic!("rules were known") };
        assert!(!rules.allows("/x") && rules.allows("/y"));
    }

    #[test]
    fn what_was_away_for_thirty_days_allows_all() {
        let slot = Slot::default();
        assert!(matches!(slot.keep(away(), None, at(0)), Known::Unreachable(_)));
        assert!(matches!(slot.keep(away(), None, at(29 * 86_400)), Known::Unreachable(_)));
        assert!(matches!(slot.keep(away(), None, at(31 * 86_400)), Known::Rules(_)));
    }
}
