//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

#[path = "../support/mod.rs"]
mod support;

mod crash;
mod deduplication;
mod rejects;
mod support_works;
mod whole_way;
