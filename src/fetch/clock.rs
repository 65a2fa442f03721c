//! The time: the wall clock at the start, and from then on what has passed. A wall clock that is set back cannot make
//! the schedule ask too early, and a test that pauses tokio's time pauses this one with it.

use jiff::Timestamp;
use tokio::time::Instant;

#[derive(Clone, Debug)]
pub struct Clock {
    start: Timestamp,
    started: Instant,
}

impl Clock {
    pub fn system() -> Clock {
        Clock::starting_at(Timestamp::now())
    }

    pub fn starting_at(start: Timestamp) -> Clock {
        Clock { start, started: Instant::now() }
    }

    pub fn now(&self) -> Timestamp {
        self.start.checked_add(self.started.elapsed()).unwrap_or(Timestamp::MAX)
    }
}
