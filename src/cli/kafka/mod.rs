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

/// Of a call to the brokers.
fn failed(what: &str) -> impl Fn(&dyn Display) -> Failure + '_ {
    move |e| Failure::Failed(format!("{what}: {e}"))
}
