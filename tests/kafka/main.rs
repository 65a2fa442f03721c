//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

#[path = "../support/mod.rs"]
mod support;

mod against_python;
mod crash;
mod deduplication;
mod real_pages;
mod rejects;
mod support_works;
mod whole_way;
