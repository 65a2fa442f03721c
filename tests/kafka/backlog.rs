//! More than a worker has room for.

use crate::support::deployment::Deployment;
use crate::support::wait_for;
use serde_json::Value;
use std::time::Duration;

const URLS: usize = 600;
const LIMIT: Duration = Duration::from_secs(120);

/// A pause costs what was fetched ahead, and half a second until more comes: it is not for every moment in which the
/// stage has no room.
#[test]
fn a_backlog_is_read_without_a_pause() {
    let newswire = Deployment::new("backlog")
        .set("TELEMETRY__LOG_LEVEL", "info,newswire=debug")
        .set("FETCH__CONCURRENCY", "4")
        .set("FETCH__DELAY", "0ms")
        .set("FETCH__ROBOTS", "false")
        .set("FETCH__I_HAVE_PERMISSION", "true");
    // Nothing is known of them: each is a 404.
    let urls: Vec<String> = (0..URLS).map(|number| format!("http://site-{number}.example/gone")).collect();
    newswire.submit(&urls);
    let worker = newswire.start_worker();
    let ended = || worker.outcomes().values().sum::<usize>();
    wait_for("an outcome for each URL", LIMIT, || (ended() == URLS).then_some(()));
    let log = worker.log();
    let of_fetch = |line: &&Value| line["kafka_topic"] == newswire.kafka_topic("fetch");
    let says = |what: &str| log.iter().filter(of_fetch).filter(|line| line["message"] == what).count();
    assert!(says("polled") >= URLS);
    assert_eq!(says("intake_paused"), 0);
}
