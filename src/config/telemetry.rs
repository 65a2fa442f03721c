//! `[telemetry]` of the config: logs, and the port for metrics and health.

use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The status page, `/metrics`, `/healthz` and `/readyz`. Port 0 takes a free one and logs it.
    pub listen: SocketAddr,
    pub log_format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or by module: `info,newswire::fetch=debug`. `RUST_LOG` wins.
    pub log_level: String,
    /// `http://host:4318` of an OTLP collector that is sent a span for each stage of a URL; empty: none is.
    pub otlp_endpoint: String,
    /// A stage that has had records to take for so long and took none, while the brokers answer, makes `/healthz` fail, so that
    /// what watches the worker starts it anew. `0s`: never.
    #[serde(with = "humantime_serde")]
    pub stands_still_after: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            // 9464 is where OpenTelemetry's Prometheus exporters listen.
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            log_format: LogFormat::Auto,
            log_level: "info".into(),
            otlp_endpoint: String::new(),
            stands_still_after: Duration::from_secs(15 * 60),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    Json,
    Text,
}
