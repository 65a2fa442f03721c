//! What tests stand on: a real Kafka broker, a page server, the worker as a process, and a leash on all of them.
#![allow(dead_code)] // Each test binary compiles its own copy and uses a part of it.

pub mod broker;
pub mod cluster;
pub mod deployment;
pub mod events;
pub mod kafka_client;
pub mod kafka_jars;
pub mod leash;
pub mod log_table;
pub mod page_server;
pub mod pages;
pub mod proxy;
pub mod remembered;

use std::time::{Duration, Instant};

/// Asks again every 100 ms until there is an answer; panics with `what` when the time is over.
pub fn wait_for<T>(what: &str, limit: Duration, mut answer: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
