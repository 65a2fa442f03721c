//! A source record that ends without an article, with its original bytes.

use super::{Reason, SourceRecord, Stage};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The dead letter. `newswire rejects replay` puts the original record back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reject {
    /// The same for the same source record and reason, so that readers can drop copies.
    pub reject_id: String,
    pub reason: Reason,
    pub stage: Stage,
    /// What was attempted and what went wrong, for a person.
    pub message: String,
    pub attempts: u32,
    pub url: Option<String>,
    pub failed_at: Timestamp,
    pub source: RejectSource,
    pub record_base64: String,
    /// Where the record was too large to be carried here: its bytes. It still stands at its place in the Kafka topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_left_out_bytes: Option<u64>,
}

/// Of a text that is too long to be carried, this many characters are.
const TEXT_OF_A_LARGE_REJECT: usize = 1000;

/// `SourceRecord` without its bytes, which stand beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectSource {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_base64: Option<String>,
    pub headers: Vec<super::Header>,
}

impl Reject {
    pub fn new(
        source: &SourceRecord,
        (stage, reason, message): (Stage, Reason, String),
        url: Option<String>,
        attempts: u32,
        failed_at: Timestamp,
    ) -> Reject {
        let digest = Sha256::digest(format!("{}\n{}", source.id(), reason.as_str()));
        Reject {
            reject_id: digest[..16].iter().map(|b| format!("{b:02x}")).collect(),
            reason,
            stage,
            message,
            attempts,
            url,
            failed_at,
            source: RejectSource {
                topic: source.topic.clone(),
                partition: source.partition,
                offset: source.offset,
                timestamp: source.timestamp,
                key_base64: source.key_base64.clone(),
                headers: source.headers.clone(),
            },
            record_base64: source.record_base64.clone(),
            record_left_out_bytes: None,
        }
    }

    /// Small enough for every broker: without the record's bytes, key and headers, and with its texts cut.
    pub fn without_record(mut self) -> Reject {
        let bytes = BASE64_STANDARD.decode(&self.record_base64).map_or(0, |record| record.len());
        let cut = |text: String| text.chars().take(TEXT_OF_A_LARGE_REJECT).collect();
        self.message = cut(self.message);
        self.url = self.url.map(cut);
        self.record_base64 = String::new();
        (self.source.key_base64, self.source.headers) = (None, Vec::new());
        self.record_left_out_bytes = Some(bytes as u64);
        self
    }
}
