//! Traces: one span for each stage of a URL, sent to a collector as OTLP over HTTP (JSON), where
//! `telemetry.otlp_endpoint` is set.
//!
//! ```text
//! submitter's span (traceparent) -> route -> fetch (each try)
//!                                        \-> publish
//! ```
//! The ids are made from the source record, so that every stage knows them without asking another. A trace that the
//! submitter did not sample is not sent. The queue is bounded: a collector that is away costs spans, never news.

use super::{masked_url, metrics, trace::Parent};
use crate::record::{SourceRecord, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::mpsc;

/// Spans that wait for the collector.
const QUEUE: usize = 8192;
/// The OpenTelemetry specification's defaults for a batch processor are 512 spans and 5 s; people at a screen wait less.
const BATCH: usize = 512;
const SEND_EVERY: Duration = Duration::from_secs(2);
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// `SPAN_KIND_CONSUMER` in the OTLP protocol.
const KIND_CONSUMER: u8 = 5;

static QUEUED: OnceLock<mpsc::Sender<Value>> = OnceLock::new();

/// One stage was at work on a URL for `took`, until now. `attributes` are short fixed words; `url` is masked here.
pub fn span(
    stage: Stage,
    source: &SourceRecord,
    took: Duration,
    url: &str,
    attributes: &[(&'static str, &str)],
) {
    let Some(queue) = QUEUED.get() else { return };
    let Some(span) = to_otlp(stage, source, (Timestamp::now(), took), url, attributes) else { return };
    if queue.try_send(span).is_err() {
        metrics::spans_dropped(1);
    }
}

fn to_otlp(
    stage: Stage,
    source: &SourceRecord,
    (ended, took): (Timestamp, Duration),
    url: &str,
    attributes: &[(&'static str, &str)],
) -> Option<Value> {
    let header = source.traceparent();
    let parent = header.as_deref().and_then(Parent::parse);
    if parent.as_ref().is_some_and(|parent| !parent.is_sampled) {
        return None;
    }
    let nanos = |at: Timestamp| at.as_nanosecond().to_string();
    let started = ended.checked_sub(took).unwrap_or(ended);
    let route = id(source, "route", 8);
    let (span_id, parent_id) = match stage {
        Stage::Route => (route, parent.as_ref().map(|parent| parent.span_id.to_owned())),
        _ => (id(source, &format!("{}-{}", stage.as_str(), nanos(ended)), 8), Some(route)),
    };
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut all = vec![
        text("messaging.system", "kafka"),
        text("newswire.source", &source.id()),
        text("url.full", &masked_url(url)),
    ];
    all.extend(attributes.iter().map(|(key, value)| text(key, value)));
    let mut span = json!({
        "traceId": parent.map_or_else(|| id(source, "trace", 16), |parent| parent.trace_id.to_owned()),
        "spanId": span_id,
        "name": stage.as_str(),
        "kind": KIND_CONSUMER,
        "startTimeUnixNano": nanos(started),
        "endTimeUnixNano": nanos(ended),
        "attributes": all,
    });
    if let Some(parent_id) = parent_id {
        span["parentSpanId"] = parent_id.into();
    }
    Some(span)
}

/// `bytes` bytes in hex that are the same in every process for the same record and name.
fn id(source: &SourceRecord, name: &str, bytes: usize) -> String {
    let hash = Sha256::digest(format!("{}\n{name}", source.id()));
    hash[..bytes].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends spans to `endpoint`/v1/traces from now on, as long as the runtime lives. An error says what cannot work.
#[cfg(feature = "otlp")]
pub fn export(endpoint: &str, service_instance: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(SEND_WITHIN).no_proxy().build();
    let client = client.map_err(|e| format!("telemetry.otlp_endpoint: {e}"))?;
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let (sender, receiver) = mpsc::channel(QUEUE);
    if QUEUED.set(sender).is_ok() {
        tokio::spawn(send_all(client, url, receiver, service_instance.to_owned()));
    }
    Ok(())
}

#[cfg(not(feature = "otlp"))]
pub fn export(_: &str, _: &str) -> Result<(), String> {
    Err("telemetry.otlp_endpoint: this newswire was built without the feature `otlp`".into())
}

#[cfg(feature = "otlp")]
async fn send_all(
    client: reqwest::Client,
    url: String,
    mut spans: mpsc::Receiver<Value>,
    service_instance: String,
) {
    loop {
        let mut batch = Vec::new();
        if spans.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        if batch.len() < BATCH {
            tokio::time::sleep(SEND_EVERY).await;
            while batch.len() < BATCH
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
            }
        }
        let (count, body) = (batch.len(), request(batch, &service_instance).to_string());
        let request = client.post(&url).header("content-type", "application/json").body(body);
        let sent = request.send().await.and_then(reqwest::Response::error_for_status);
        if let Err(e) = sent {
            metrics::spans_dropped(count as u64);
            tracing::warn!(error = %e.without_url(), spans = count, "traces_not_sent");
        }
    }
}

/// `ExportTraceServiceRequest` in OTLP's JSON encoding.
#[cfg(feature = "otlp")]
fn request(spans: Vec<Value>, service_instance: &str) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let resource = [
        text("service.name", "newswire"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", service_instance),
    ];
    let scope = json!({"name": "newswire", "version": env!("CARGO_PKG_VERSION")});
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Header;
    use base64::{Engine, prelude::BASE64_STANDARD};

    fn source(traceparent: Option<&str>) -> SourceRecord {
        let header = traceparent.map(|text| Header {
            name: "traceparent".into(),
            value_base64: Some(BASE64_STANDARD.encode(text)),
        });
        SourceRecord {
            topic: "news.urls".into(),
            headers: header.into_iter().collect(),
            ..SourceRecord::default()
        }
    }

    fn spans(source: &SourceRecord) -> Vec<Option<Value>> {
        let when = (Timestamp::from_second(1_760_000_000).unwrap(), Duration::from_millis(250));
        let span = |stage| {
            to_otlp(stage, source, when, "https://a.example/?token=x", &[("newswire.outcome", "published")])
        };
        Stage::ALL.into_iter().map(span).collect()
    }

    #[test]
    fn the_stages_hang_below_the_submitters_span() {
        let source = source(Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        let spans: Vec<Value> = spans(&source).into_iter().flatten().collect();
        assert!(spans.iter().all(|span| span["traceId"] == "0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(spans[0]["parentSpanId"], "b7ad6b7169203331");
        assert_eq!(spans[1]["parentSpanId"], spans[0]["spanId"]);
        assert_eq!(spans[2]["parentSpanId"], spans[0]["spanId"]);
        assert_ne!(spans[1]["spanId"], spans[2]["spanId"]);
        assert_eq!(spans[0]["startTimeUnixNano"], "1759999999750000000");
        assert!(!spans[0].to_string().contains("token=x"));
    }

    #[test]
    fn without_a_parent_all_stages_agree_and_what_is_not_sampled_is_not_sent() {
        let spans_of = spans(&source(None));
        let ids: std::collections::BTreeSet<_> =
            spans_of.iter().flatten().map(|span| span["traceId"].as_str().unwrap().to_owned()).collect();
        assert!(ids.len() == 1 && ids.iter().all(|id| id.len() == 32));
        let not_sampled = source(Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
        assert!(spans(&not_sampled).iter().all(Option::is_none));
    }
}
