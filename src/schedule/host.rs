//! One host's line: who waits, whether a request is under way, and when the next may start.

use super::{BackOff, Ticket, later, max_time};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A job that waits in memory for its turn.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    /// The job itself may not start before.
    pub not_before: Option<Timestamp>,
    /// Waiting longer than this is not worth the memory.
    pub deadline: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Host {
    pub site: String,
    /// Since when a request is under way.
    pub running_since: Option<Timestamp>,
    /// The end of the last request and the delay after it.
    pub free_at: Timestamp,
    /// The first slot that nobody has booked.
    pub tail: Timestamp,
    pub delay: Duration,
    /// How long a request to this host takes, smoothed: slots are that much further apart than the delay.
    pub usual_duration: Duration,
    pub back_off: BackOff,
    /// The moment from which on only we ask this host.
    pub owned_since: Timestamp,
    /// By due time, then by arrival.
    pub line: BTreeMap<(Timestamp, Ticket), Waiter>,
}

impl Host {
    pub fn new(site: &str, delay: Duration, usual_duration: Duration, now: Timestamp) -> Host {
        Host {
            site: site.to_owned(),
            running_since: None,
            free_at: Timestamp::MIN,
            tail: now,
            delay,
            usual_duration,
            back_off: BackOff::default(),
            owned_since: Timestamp::MIN,
            line: BTreeMap::new(),
        }
    }

    /// The owner before us may have asked the host until `since`.
    pub fn taken_over(&mut self, since: Timestamp) {
        if since > self.owned_since {
            self.owned_since = since;
            self.free_at = max_time(self.free_at, later(since, self.delay));
            self.tail = max_time(self.tail, self.free_at);
        }
    }

    pub fn spacing(&self) -> Duration {
        self.delay + self.usual_duration
    }

    /// When the next request may start, as far as can be told: exact while none is under way.
    pub fn ready_at(&self, now: Timestamp) -> Timestamp {
        let free = match self.running_since {
            Some(since) => max_time(later(since, self.spacing()), later(now, self.delay)),
            None => self.free_at,
        };
        max_time(max_time(free, now), self.back_off.until.unwrap_or(now))
    }

    /// When a job due at `due` would start: those before it in the line go first.
    pub fn turn_of(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let ahead = self.line.range(..=(due, Ticket(u64::MAX))).count() as u32;
        later(self.ready_at(now), self.spacing().saturating_mul(ahead))
    }

    /// Takes the next free slot out of the books.
    pub fn book(&mut self, now: Timestamp) -> Timestamp {
        let slot = max_time(self.tail, self.ready_at(now));
        self.tail = later(slot, self.spacing());
        slot
    }

    pub fn start(&mut self, now: Timestamp) {
        self.running_since = Some(now);
    }

    /// Answers how long the request took.
    pub fn end(&mut self, now: Timestamp) -> Option<Duration> {
        let took = self.running_since.take().map(|since| super::wait(since, now));
        if let Some(took) = took {
            self.usual_duration = (self.usual_duration * 7 + took) / 8;
        }
        self.free_at = later(now, self.delay);
        self.tail = max_time(self.tail, self.free_at);
        took
    }

    /// Nothing would be lost if this host were forgotten.
    pub fn is_idle(&self, now: Timestamp, keep_failures_for: Duration) -> bool {
        let is_remembered_failure = match self.back_off.until {
            Some(until) => self.back_off.failures > 0 && later(until, keep_failures_for) > now,
            None => false,
        };
        self.running_since.is_none()
            && self.line.is_empty()
            && self.free_at <= now
            && self.tail <= now
            && !is_remembered_failure
    }
}
