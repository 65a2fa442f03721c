//! The port for probes, Prometheus and people: `/healthz` (the process answers, and no stage stands still), `/readyz` (it
//! really consumes), `/metrics`, and the status page at `/`.

use super::{board, metrics, process, repeats, status_page};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header::HOST};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{future::Future, io};
use tokio::net::TcpListener;
use tracing::{error, info};

/// The exporter keeps every histogram sample until it is drained; a worker that nobody scrapes must not grow.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What the worker still waits for. Ready is: nothing. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    /// What, and why.
    list: BTreeMap<String, String>,
    /// Stages that only a start anew can help, and why.
    stands_still: BTreeMap<&'static str, String>,
    /// As last logged, and when that changed.
    is_ready: bool,
    since: Instant,
}

impl Default for Waiting {
    fn default() -> Waiting {
        Waiting {
            list: BTreeMap::new(),
            stands_still: BTreeMap::new(),
            is_ready: false,
            since: Instant::now(),
        }
    }
}

impl Readiness {
    /// `what` (`publish`, `broker`, …) is not ready, because of `why`; replaces its earlier reason.
    pub fn waits(&self, what: &str, why: impl Into<String>) {
        let why = why.into();
        let mut waiting = self.waiting();
        if std::mem::replace(&mut waiting.is_ready, false) {
            waiting.since = Instant::now();
            info!(what, why, "worker_is_not_ready");
        }
        waiting.list.insert(what.to_owned(), why);
        metrics::ready(false);
    }

    pub fn ready(&self, what: &str) {
        let mut waiting = self.waiting();
        waiting.list.remove(what);
        let is_ready = waiting.list.is_empty();
        if is_ready && !std::mem::replace(&mut waiting.is_ready, true) {
            info!(after_ms = waiting.since.elapsed().as_millis() as u64, "worker_is_ready");
        }
        metrics::ready(is_ready);
    }

    /// `what: why`, for whatever is waited for.
    pub fn reasons(&self) -> Vec<String> {
        self.waiting().list.iter().map(|(what, why)| format!("{what}: {why}")).collect()
    }

    /// Has had work for too long and does none; `None`: goes on. Whoever watches `/healthz` starts the worker anew.
    pub fn stands_still(&self, stage: &'static str, why: Option<String>) {
        let mut waiting = self.waiting();
        match why {
            Some(why) => {
                if !waiting.stands_still.contains_key(stage) {
                    error!(stage, why, "stage_stands_still");
                }
                waiting.stands_still.insert(stage, why);
            }
            None => drop(waiting.stands_still.remove(stage)),
        }
    }

    fn standing(&self) -> Vec<String> {
        self.waiting().stands_still.iter().map(|(stage, why)| format!("{stage}: {why}")).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The list is whole after every statement that holds the lock, also one that panicked.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The listener of `telemetry.listen`, bound.
pub struct HealthServer {
    listener: TcpListener,
    address: SocketAddr,
}

impl HealthServer {
    pub async fn bind(listen: SocketAddr) -> io::Result<HealthServer> {
        // What is counted before there is a recorder is lost.
        metrics::recorder();
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        info!(listen = %address, port = address.port(), "serving metrics and health");
        Ok(HealthServer { listener, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is done.
    pub async fn serve(
        self,
        readiness: Readiness,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let recorder = metrics::recorder();
        metrics::ready(readiness.reasons().is_empty());
        let upkeep = tokio::spawn(async move {
            let mut tick = tokio::time::interval(UPKEEP_EVERY);
            loop {
                tick.tick().await;
                recorder.run_upkeep();
                repeats::tell();
            }
        });
        let mut router = router(readiness);
        if self.address.ip().is_loopback() {
            router = router.layer(from_fn(only_by_its_own_name));
        }
        let served = axum::serve(self.listener, router).with_graceful_shutdown(stop).await;
        upkeep.abort();
        served
    }
}

/// A header and a body.
type Answer = ([(&'static str, &'static str); 1], String);

fn as_json(value: &Value) -> Answer {
    ([("content-type", "application/json")], value.to_string())
}

fn router(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .route("/", get(status_page::page))
        .route("/status.json", get(status))
        .with_state(readiness)
}

/// A listener on loopback is for this machine. A web site whose name suddenly leads to 127.0.0.1 (DNS rebinding) could
/// otherwise read the status page through a browser here: it is told apart by the name it asks for.
async fn only_by_its_own_name(request: Request, next: Next) -> Response {
    if is_own_name(request.headers()) {
        return next.run(request).await;
    }
    let told = "telemetry.listen is a loopback address: ask for it, or for localhost, in the Host header\n";
    (StatusCode::MISDIRECTED_REQUEST, told).into_response()
}

/// An address, `localhost`, or nothing (HTTP/1.0).
fn is_own_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let host = host.to_str().ok().and_then(|host| url::Url::parse(&format!("http://{host}/")).ok());
    match host.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(_) => true,
        None => false,
    }
}

async fn healthz(State(readiness): State<Readiness>) -> (StatusCode, Answer) {
    match readiness.standing() {
        standing if standing.is_empty() => (StatusCode::OK, as_json(&json!({"alive": true}))),
        standing => {
            let told = json!({"alive": false, "stands_still": standing});
            (StatusCode::SERVICE_UNAVAILABLE, as_json(&told))
        }
    }
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, Answer) {
    let waiting = readiness.reasons();
    let status = if waiting.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, as_json(&json!({"ready": waiting.is_empty(), "waiting": waiting})))
}

async fn status(State(readiness): State<Readiness>) -> Answer {
    as_json(&board::as_json(&readiness.reasons(), Timestamp::now()))
}

async fn render() -> Answer {
    process::measure();
    // https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
    ([("content-type", "text/plain; version=0.0.4; charset=utf-8")], metrics::recorder().render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn another_sites_name_is_not_ours() {
        let asks = |host: &str| is_own_name(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]));
        let own = ["127.0.0.1:9464", "[::1]:9464", "localhost:9464", "LOCALHOST", "10.0.0.7"];
        assert!(own.iter().all(|host| asks(host)) && is_own_name(&HeaderMap::new()));
        let others = ["rebound.example:9464", "localhost.rebound.example", "", "::1", "a b"];
        others.iter().for_each(|host| assert!(!asks(host), "{host:?}"));
    }

    #[tokio::test]
    async fn a_site_that_leads_to_loopback_reads_nothing() {
        let server = HealthServer::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = server.address();
        tokio::spawn(server.serve(Readiness::default(), std::future::pending()));
        let path = "/status.json HTTP/1.1\r\nhost: rebound.example\r\nconnection: close\r\n\r\nGET /";
        let answer = get(address, path).await;
        assert!(answer.starts_with("HTTP/1.1 421 ") && !answer.contains("stages"), "{answer}");
    }

    #[tokio::test]
    async fn ready_only_when_nothing_is_waited_for() {
        let readiness = Readiness::default();
        readiness.waits("publish", "restoring 3 of 6 partitions");
        let server = HealthServer::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = server.address();
        tokio::spawn(server.serve(readiness.clone(), std::future::pending()));

        let waiting = get(address, "/readyz").await;
        assert!(
            waiting.contains(" 503 ") && waiting.contains("publish: restoring 3 of 6 partitions"),
            "{waiting}"
        );
        assert!(get(address, "/healthz").await.contains(" 200 "));
        readiness.stands_still("route", Some("40 records to take, and none taken for 15m".into()));
        let still = get(address, "/healthz").await;
        assert!(still.contains(" 503 ") && still.contains("route: 40 records to take"), "{still}");
        readiness.stands_still("route", None);
        assert!(get(address, "/healthz").await.contains(" 200 "));
        readiness.ready("publish");
        assert!(get(address, "/readyz").await.contains(" 200 "));
        assert!(get(address, "/metrics").await.contains("newswire_build_info{"));
        assert!(get(address, "/nothing").await.contains(" 404 "));
    }
}
