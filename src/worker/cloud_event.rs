//! The event as a CloudEvent 1.0 in Kafka's binary binding.

use crate::record::{ArticleEvent, EventType, Job, Retracted};
use rdkafka::message::{Header, OwnedHeaders};
use sha2::{Digest, Sha256};

/// Header that lists topic ids, so that consumers filter without parsing.
pub const TOPICS_HEADER: &str = "newswire-topics";

/// `ce_*` attributes, content type, trace context and topics.
pub fn headers(kind: EventType, event: &ArticleEvent, job: &Job) -> OwnedHeaders {
    let topics: Vec<&str> = event.topics.iter().map(|topic| topic.id.as_str()).collect();
    let headers = attributes([
        ("ce_specversion", "1.0".to_owned()),
        ("ce_type", kind.as_str().to_owned()),
        ("ce_source", format!("https://{}/", event.host)),
        ("ce_id", event_id(kind, event)),
        ("ce_subject", event.article_id.clone()),
        ("ce_time", event.fetched_at.to_string()),
        ("content-type", "application/json".to_owned()),
        (TOPICS_HEADER, topics.join(",")),
    ]);
    match job.source.traceparent() {
        Some(parent) => headers.insert(Header { key: "traceparent", value: Some(&parent) }),
        None => headers,
    }
}

/// Of a retraction: it has no topics, and no page was asked for.
pub fn retraction_headers(retracted: &Retracted, site: &str) -> OwnedHeaders {
    let kind = EventType::Retracted.as_str();
    attributes([
        ("ce_specversion", "1.0".to_owned()),
        ("ce_type", kind.to_owned()),
        ("ce_source", format!("https://{site}/")),
        ("ce_id", digest(&format!("{kind}\n{}\n{}", retracted.article_id, retracted.version))),
        ("ce_subject", retracted.article_id.clone()),
        ("ce_time", retracted.retracted_at.to_string()),
        ("content-type", "application/json".to_owned()),
    ])
}

fn attributes<const N: usize>(attributes: [(&str, String); N]) -> OwnedHeaders {
    attributes
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The same for the same content: a consumer that drops repeated ids drops repeated events.
pub fn event_id(kind: EventType, event: &ArticleEvent) -> String {
    let content =
        format!("{}\n{}\n{}\n{}", kind.as_str(), event.article_id, event.version, event.content_hash);
    digest(&content)
}

fn digest(content: &str) -> String {
    Sha256::digest(content.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
