//! `[fetch]` of the config.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// How pages are fetched. Defaults are polite and safe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Sent with every request; must name a contact (a URL or a mail address). Empty: only `demo` and `ingest` start.
    pub user_agent: String,
    /// `http://host:port` of a forward proxy; nothing but the proxy is connected to.
    pub proxy: Option<String>,
    /// A PEM file with certificates of issuers that are believed beside the system's and Mozilla's.
    pub ca_bundle: Option<PathBuf>,
    /// Between the end of one request to a host and the start of the next.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// Requests under way at once, over all hosts.
    pub concurrency: usize,
    /// Obey robots.txt. `false` starts only with `i_have_permission = true`.
    pub robots: bool,
    pub i_have_permission: bool,
    /// A `Crawl-delay` above this is taken as this.
    #[serde(with = "humantime_serde")]
    pub max_crawl_delay: Duration,
    /// A URL fetched within this is `recent` and costs no request.
    #[serde(with = "humantime_serde")]
    pub refetch_after: Duration,
    /// To a connection, DNS and TLS included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// To the response headers, and between two pieces of the body.
    #[serde(with = "humantime_serde")]
    pub read_timeout: Duration,
    /// For the whole page, from request to last byte.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub max_redirects: u32,
    /// Of a body as received.
    pub max_wire_bytes: u64,
    /// Of a body after content decoding.
    pub max_decoded_bytes: u64,
    /// Tries of one URL before it is rejected.
    pub max_attempts: u32,
    /// CIDR ranges that the address guard lets through although they are private or special.
    pub allow_networks: Vec<String>,
    pub allow_ports: Vec<u16>,
    /// A wait longer than this parks the job instead of holding it in memory.
    #[serde(with = "humantime_serde")]
    pub park_after: Duration,
    /// First back-off of a host after 429, 503 or a timeout; doubles with every failure.
    #[serde(with = "humantime_serde")]
    pub backoff: Duration,
    /// Ceiling of the back-off.
    #[serde(with = "humantime_serde")]
    pub max_backoff: Duration,
    /// Hosts of one site asked at once.
    pub max_hosts_per_site: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            user_agent: String::new(),
            proxy: None,
            ca_bundle: None,
            delay: Duration::from_secs(1),
            concurrency: 200,
            robots: true,
            i_have_permission: false,
            max_crawl_delay: Duration::from_secs(60),
            refetch_after: Duration::from_secs(24 * 3600),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            timeout: Duration::from_secs(60),
            max_redirects: 10,
            max_wire_bytes: 10 << 20,
            max_decoded_bytes: 20 << 20,
            max_attempts: 4,
            allow_networks: Vec::new(),
            allow_ports: vec![80, 443],
            park_after: Duration::from_secs(30),
            backoff: Duration::from_secs(10),
            max_backoff: Duration::from_secs(3600),
            max_hosts_per_site: 16,
        }
    }
}
