//! Kafka's record and newswire's, into each other.

use super::intake::Record;
use crate::record::{Header, Reject, SourceRecord};
use base64::{Engine, prelude::BASE64_STANDARD};
use rdkafka::message::{Header as KafkaHeader, OwnedHeaders};

/// The record as it is carried along, whole.
pub fn source_record(record: &Record) -> SourceRecord {
    let headers = record.headers.iter().map(|(name, value)| Header {
        name: name.clone(),
        value_base64: value.as_ref().map(|value| BASE64_STANDARD.encode(value)),
    });
    SourceRecord {
        topic: record.topic.clone(),
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        key_base64: record.key.as_ref().map(|key| BASE64_STANDARD.encode(key)),
        headers: headers.collect(),
        record_base64: BASE64_STANDARD.encode(record.payload.as_deref().unwrap_or_default()),
    }
}

/// A record as `rejects replay` puts it back: key, value and headers bit by bit.
pub struct Original {
    pub key: Option<Vec<u8>>,
    pub payload: Vec<u8>,
    pub headers: OwnedHeaders,
}

/// The original record of a reject; `None` where its base64 is damaged, or was too large to be carried.
pub fn original(reject: &Reject) -> Option<Original> {
    if reject.record_left_out_bytes.is_some() {
        return None;
    }
    let decode = |text: &String| BASE64_STANDARD.decode(text).ok();
    let mut headers = OwnedHeaders::new();
    for header in &reject.source.headers {
        let value = header.value_base64.as_ref().and_then(decode);
        headers = headers.insert(KafkaHeader { key: &header.name, value: value.as_ref() });
    }
    Some(Original {
        key: reject.source.key_base64.as_ref().and_then(decode),
        payload: decode(&reject.record_base64)?,
        headers,
    })
}
