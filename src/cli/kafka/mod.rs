//! The commands that need a broker.

pub mod audit;
pub mod forget;
pub mod lookup;
pub mod rejects;
pub mod retag;
pub mod run;
pub mod submit;
pub mod tail;

use super::failure::Failure;
use std::fmt::Display;

/// Records on their way to the brokers at once: one after the other, each would wait for its own round trip.
const IN_FLIGHT: usize = 1000;

/// Of a call to the brokers.
fn failed(what: &str) -> impl Fn(&dyn Display) -> Failure + '_ {
    move |e| Failure::Failed(format!("{what}: {e}"))
}
