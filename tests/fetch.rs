//! The fetcher against a server that plays every fault: each row has its one outcome, and none hangs.

#[path = "fetch/alone.rs"]
mod alone;
#[path = "fetch/bombs.rs"]
mod bombs;
#[path = "fetch/charsets.rs"]
mod charsets;
#[path = "support/fault_server.rs"]
mod fault_server;
#[path = "fetch/faults.rs"]
mod faults;
#[path = "support/keep_alive_server.rs"]
mod keep_alive_server;
#[path = "fetch/load.rs"]
mod load;
#[path = "fetch/page_kinds.rs"]
mod page_kinds;
#[path = "fetch/politeness.rs"]
mod politeness;
#[path = "fetch/properties.rs"]
mod properties;
#[path = "fetch/rights.rs"]
mod rights;
#[path = "fetch/robots_served.rs"]
mod robots_served;
#[path = "fetch/tables.rs"]
mod tables;
#[path = "fetch/tls.rs"]
mod tls;
#[path = "support/tls_server.rs"]
mod tls_server;

use newswire::fetch::{FetchOrder, Fetched, Fetcher, Settings, Validators};
use newswire::record::Job;
use std::time::Duration;

/// Loopback allowed, robots off, quick; time limits far above what a busy machine needs.
pub fn settings(port: u16) -> Settings {
    Settings {
        user_agent: "newswire-test/1 (+https://contact.example/)".into(),
        robots: false,
        delay: Duration::from_millis(10),
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(8),
        max_wire_bytes: 256 << 10,
        max_decoded_bytes: 1 << 20,
        allow_networks: vec!["127.0.0.0/8".into()],
        allow_ports: vec![port],
        backoff: Duration::from_millis(200),
        ..Settings::default()
    }
}

pub fn job(url: &str) -> Job {
    Job::new(url.into(), url.into(), "127.0.0.1".into())
}

pub async fn fetch_job(fetcher: &Fetcher, job: &Job, known: Option<&Validators>) -> Fetched {
    let (patience, owned_since) = (Duration::from_secs(11), jiff::Timestamp::MIN);
    let order = FetchOrder { job, validators: known, patience, owned_since };
    tokio::time::timeout(Duration::from_secs(12), fetcher.fetch(order)).await.expect("no fetch hangs")
}

/// The outcome in a few words.
pub fn words(fetched: &Fetched) -> String {
    match fetched {
        Fetched::Page(page) => format!("page {}", page.report.bytes_decoded),
        Fetched::Unchanged(_) => "unchanged".into(),
        Fetched::Redirected { to, .. } => format!("redirected {to}"),
        Fetched::Wait { why, .. } => format!("wait {why}"),
        Fetched::Retry { reason, .. } => format!("retry {reason}"),
        Fetched::Rejected { reason, .. } => format!("rejected {reason}"),
    }
}
