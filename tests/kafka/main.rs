//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

#[path = "../support/mod.rs"]
mod support;

mod support_works;
