//! Waiting for a host's turn: the schedule behind a lock, and who sleeps until when.

use super::Clock;
use crate::schedule::{Answer, Ask, End, HostMemory, Parked, Schedule, Ticket, Turn};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) struct Turns {
    state: Mutex<State>,
    clock: Clock,
}

struct State {
    schedule: Schedule,
    sleepers: HashMap<Ticket, Arc<Notify>>,
    /// When the process was last seen running, where somebody tells it regularly.
    last_beat: Option<Instant>,
    held_until: Option<Instant>,
}

/// A process that was away for longer than this may have lost its sites to another worker and not know it yet. Less
/// than any session timeout in use, more than a busy machine takes.
const FROZEN_AFTER: Duration = Duration::from_millis(2500);
/// By then the group has told it: heartbeats go out within 3 s, and the answer is acted upon at once.
const FROZEN_HOLD: Duration = Duration::from_secs(5);

/// The right to make one request. Dropped without an end (the job was let go), it says nothing about the host.
pub(super) struct Lease<'a> {
    turns: &'a Turns,
    host: String,
    end: End,
}

impl Turns {
    pub fn new(schedule: Schedule, clock: Clock) -> Turns {
        Turns { state: Mutex::new(State::new(schedule)), clock }
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
            if let Some(until) = self.beat(false) {
                tokio::time::sleep_until(until).await;
                continue;
            }
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

    /// Notes that the process runs; answers until when no request may start, because it did not run for a while. Only
    /// where it is told regularly (`is_regular`) does a long silence mean that it was frozen.
    pub fn beat(&self, is_regular: bool) -> Option<Instant> {
        let (mut state, now) = (self.state(), Instant::now());
        if let Some(last) = state.last_beat {
            if now.duration_since(last) > FROZEN_AFTER {
                state.held_until = Some(now + FROZEN_HOLD);
            }
            state.last_beat = Some(now);
        } else if is_regular {
            state.last_beat = Some(now);
        }
        state.held_until.filter(|until| *until > now)
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

    pub fn memories_to_keep(&self, site: &str) -> Vec<HostMemory> {
        self.state().schedule.memories_to_keep(site)
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
    fn new(schedule: Schedule) -> State {
        State { schedule, sleepers: HashMap::new(), last_beat: None, held_until: None }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Rules;

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_frozen_asks_nobody_until_it_knows_what_it_still_owns() {
        let turns = Arc::new(Turns::new(Schedule::new(Rules::default()), Clock::system()));
        let owned_since = Timestamp::MIN;
        let ask =
            |host| Ask { host, site: host, booked: None, patience: Duration::from_secs(60), owned_since };
        let waited = async |host| {
            let asked = Instant::now();
            drop(turns.take(ask(host)).await.expect("a free host"));
            asked.elapsed()
        };
        // Nobody tells it that it runs: a silence means nothing.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(waited("a.example").await < Duration::from_secs(1));
        let beating = turns.clone();
        tokio::spawn(async move {
            loop {
                beating.beat(true);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert!(waited("b.example").await < Duration::from_secs(1));
        tokio::time::advance(FROZEN_AFTER + Duration::from_millis(1)).await;
        assert!(waited("c.example").await >= FROZEN_HOLD);
        assert!(waited("d.example").await < Duration::from_secs(1));
    }
}
