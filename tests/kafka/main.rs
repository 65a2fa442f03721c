//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

#[path = "../support/mod.rs"]
mod support;

mod against_python;
mod broker_away;
mod commands;
mod crash;
mod deduplication;
mod delays;
mod image;
mod orders;
mod politeness;
mod real_pages;
mod rejects;
mod rights;
mod rolling;
mod starts;
mod support_works;
mod watching;
mod whole_way;
