//! Waiting for a host's turn: the schedule behind a lock, and who sleeps until when.

use super::Clock;
use crate::schedule::{Answer, Ask, End, HostMemory, Parked, Schedule, Ticket, Turn};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

pub(super) struct Turns {
    state: Mutex<State>,
    clock: Clock,
}

struct State {
    schedule: Schedule,
    sleepers: HashMap<Ticket, Arc<Notify>>,
}

/// The right to make one request. Dropped without an end (the job was let go), it says nothing about the host.
pub(super) struct Lease<'a> {
    turns: &'a Turns,
    host: String,
    end: End,
}

impl Turns {
    pub fn new(schedule: Schedule, clock: Clock) -> Turns {
        Turns { state: Mutex::new(State { schedule, sleepers: HashMap::new() }), clock }
    }

    /// Waits in line, or says until when not to.
    pub async fn take(&self, ask: Ask<'_>) -> Result<Lease<'_>, Parked> {
        let ticket = match self.state().schedule.ask(ask, self.clock.now()) {
            Answer::Parked(parked) => return Err(parked),
            Answer::InLine(ticket) => ticket,
        };
        let place = Place { turns: self, host: ask.host, ticket, woken: Arc::new(Notify::new()) };
        self.state().sleepers.insert(ticket, place.woken.clone());
        loop {
            let turn = self.state().schedule.poll(ticket, self.clock.now());
            match turn {
                Turn::Start => break,
                Turn::Parked(parked) => return Err(parked),
                Turn::Blocked => place.woken.notified().await,
                Turn::At(time) => {
                    let nap = tokio::time::sleep(self.until(time));
                    tokio::select! { () = nap => {}, () = place.woken.notified() => {} }
                }
            }
        }
        Ok(Lease { turns: self, host: ask.host.to_owned(), end: End::Unknown })
    }

    /// Rounded up to the millisecond that tokio's timer works in, so that a sleeper never wakes too early to start.
    fn until(&self, time: Timestamp) -> Duration {
        let wait = Duration::try_from(time.duration_since(self.clock.now())).unwrap_or_default();
        wait + Duration::from_millis(1)
    }

    /// Books the host's next free slot without getting in line.
    pub fn book(&self, host: &str, site: &str) -> Parked {
        self.state().schedule.book(host, site, self.clock.now())
    }

    pub fn set_delay(&self, host: &str, delay: Duration) {
        self.state().schedule.set_delay(host, delay);
    }

    pub fn restore(&self, memory: HostMemory, site: &str) {
        self.state().schedule.restore(memory, site, self.clock.now());
    }

    pub fn memory_to_keep(&self, host: &str) -> Option<HostMemory> {
        self.state().schedule.memory_to_keep(host)
    }

    pub fn in_back_off(&self, most: usize) -> Vec<HostMemory> {
        self.state().schedule.in_back_off(self.clock.now(), most)
    }

    pub fn forget_sites(&self, is_gone: impl Fn(&str) -> bool) {
        self.state().schedule.forget_sites(is_gone);
    }

    /// When the host's pause ends, if it is in one.
    pub fn pause_of(&self, host: &str) -> Option<Timestamp> {
        self.state().schedule.pause_of(host, self.clock.now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The schedule holds no invariant over a panic that its next call would not find again.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&self, tickets: impl IntoIterator<Item = Ticket>) {
        for ticket in tickets {
            if let Some(sleeper) = self.sleepers.get(&ticket) {
                sleeper.notify_one();
            }
        }
    }
}

impl Lease<'_> {
    pub fn ended(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        let woken = state.schedule.finish(&self.host, self.end, self.turns.clock.now());
        state.wake(woken);
    }
}

/// A ticket that leaves the line when its job is let go.
struct Place<'a> {
    turns: &'a Turns,
    host: &'a str,
    ticket: Ticket,
    woken: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.sleepers.remove(&self.ticket);
        state.schedule.leave(self.ticket);
        let head = state.schedule.head(self.host);
        state.wake(head);
    }
}
