//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

#[path = "../support/mod.rs"]
mod support;

mod against_python;
mod broker_away;
mod crash;
mod deduplication;
mod delays;
mod politeness;
mod real_pages;
mod rejects;
mod starts;
mod support_works;
mod whole_way;
