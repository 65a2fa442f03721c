//! The publish step without its transport: is this candidate news, and if so, what does the event say. Pure.
//!
//! Candidate -> ladder -> judgement against memory -> topics -> event and what to remember.

mod compose;
mod judge;
mod rights;
mod word_count;

pub use compose::{compose, topics_hash};
pub use judge::{Judgement, judge};
pub use rights::{Deliver, RightsSettings, WhenNoindex, withhold};
