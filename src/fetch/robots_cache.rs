//! What is known of an origin's robots.txt, and for how long.

use super::origin_cache::{Entry, Kept, Slot};
use super::robots::Robots;
use super::transport::Failure;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// RFC 9309 §2.4: not longer than a day.
pub const KEEP_FOR: Duration = Duration::from_secs(24 * 3600);
/// A robots.txt that cannot be had, though its host is in no pause, is asked for again after this. A guess.
pub const RETRY_AFTER: Duration = Duration::from_secs(60);
/// RFC 9309 §2.3.1.4: one that could not be had for this long may be taken as not there.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is known of one origin's robots.txt.
#[derive(Clone, Debug)]
pub enum Known {
    Rules(Arc<Robots>),
    /// It cannot be had: nothing may be fetched until it is tried again.
    Unreachable(Failure),
}

impl Kept for Known {
    fn size(&self) -> usize {
        match self {
            Known::Rules(rules) => rules.size(),
            Known::Unreachable(_) => 0,
        }
    }
}

impl Slot<Known> {
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
        self.write(entry);
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

pub(super) fn after(now: Timestamp, by: Duration) -> Timestamp {
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
