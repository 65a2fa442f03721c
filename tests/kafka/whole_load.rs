//! The whole worker with its default 200 requests under way, on hosts that take half a second. A benchmark: it runs where
//! `NEWSWIRE_BENCH` is set.
//!
//! `cargo build --release && NEWSWIRE_BENCH=1 NEWSWIRE_BINARY=target/release/newswire cargo test --test kafka whole_load
//! -- --nocapture`

use crate::keep_alive_server::KeepAliveServer;
use crate::real_pages::usage;
use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::pages::Article;
use std::time::{Duration, Instant};

const HOSTS: usize = 2000;
const UNDER_WAY: usize = 200;
const LATENCY: Duration = Duration::from_millis(500);
/// Before anything is measured: the broker compiles meanwhile.
const WARM_UP: usize = 6_000;
const URLS: usize = 20_000;
const LIMIT: Duration = Duration::from_secs(300);

#[test]
fn nearly_all_that_the_latency_allows_is_published() {
    if std::env::var_os("NEWSWIRE_BENCH").is_none() {
        return;
    }
    let page = |path: &str| Article::new(path.parse().unwrap_or_default()).html();
    let server = KeepAliveServer::serving(|_| LATENCY, page);
    let broker = Broker::measured();
    let newswire = Deployment::on(broker, "whole-load")
        .unset("FETCH__PROXY")
        .set("FETCH__ALLOW_NETWORKS", "[\"127.0.0.0/8\"]")
        .set("FETCH__ALLOW_PORTS", &server.port.to_string())
        .set("FETCH__DELAY", "100ms")
        .set("FETCH__CONCURRENCY", &UNDER_WAY.to_string())
        .set("FETCH__ROBOTS", "false")
        .set("FETCH__I_HAVE_PERMISSION", "true");
    let urls = |numbers: std::ops::Range<usize>| -> Vec<String> {
        numbers.map(|number| server.url((number % HOSTS) as u16, number)).collect()
    };
    let worker = newswire.start_worker();
    worker.wait_until_ready();
    newswire.submit(&urls(0..WARM_UP));
    let mut reader = broker.follow(&newswire.kafka_topic("articles"));
    reader.read_until(WARM_UP, LIMIT);

    let (before, broker_before) = (usage(worker.id()).0, usage(broker.process_id()).0);
    let started = Instant::now();
    newswire.submit(&urls(WARM_UP..WARM_UP + URLS));
    reader.read_until(WARM_UP + URLS, LIMIT);
    let took = started.elapsed();
    let allowed = LATENCY.as_secs_f64() * URLS as f64 / UNDER_WAY as f64;
    let reached = allowed / took.as_secs_f64();
    let each = |seconds: f64| seconds * 1e3 / URLS as f64;
    println!(
        "{URLS} URLs, {UNDER_WAY} under way: published in {took:.1?}, {:.1} % of what the latency allows; \
         {:.2} ms CPU each, the broker {:.2} ms; peak {} MB",
        reached * 100.0,
        each(usage(worker.id()).0 - before),
        each(usage(broker.process_id()).0 - broker_before),
        usage(worker.id()).1 / 1024,
    );
    assert!(reached > 0.9, "{reached}");
}
