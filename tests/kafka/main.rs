//! The worker on a real Kafka broker: URLs in, events out, whatever happens in between.

// The fetch tests count its connections as well.
#[allow(dead_code)]
#[path = "../support/keep_alive_server.rs"]
mod keep_alive_server;
#[path = "../support/mod.rs"]
mod support;

mod against_python;
mod backlog;
mod broker_away;
mod commands;
mod crash;
mod crash_points;
mod deduplication;
mod delays;
mod image;
mod operations;
mod orders;
mod poison;
mod politeness;
mod publish_alone;
mod real_pages;
mod rejects;
mod rights;
mod rolling;
mod secured;
mod starts;
mod storm;
mod support_works;
mod watching;
mod whole_load;
mod whole_way;
