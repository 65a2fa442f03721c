//! A URL on its way to be fetched.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Redirect;

/// The record it all began with, whole, so that a reject can put it back bit by bit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The Kafka topic, or the input file's name, or `argument`.
    pub topic: String,
    pub partition: i32,
    /// The Kafka offset, or the line number from 0.
    pub offset: i64,
    /// Milliseconds since 1970, as Kafka has them.
    pub timestamp: Option<i64>,
    pub key_base64: Option<String>,
    pub headers: Vec<Header>,
    pub record_base64: String,
}

impl SourceRecord {
    /// `topic-partition-offset`: names the source record in logs and in `reject_id`.
    pub fn id(&self) -> String {
        format!("{}-{}-{}", self.topic, self.partition, self.offset)
    }

    /// The record's bytes. A base64 that does not decode (none that newswire writes) is empty.
    pub fn record(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.record_base64).unwrap_or_default()
    }

    /// The key as text, where it is text.
    pub fn key(&self) -> Option<String> {
        String::from_utf8(BASE64_STANDARD.decode(self.key_base64.as_ref()?).ok()?).ok()
    }

    /// The `traceparent` header (W3C Trace Context), where the record had one.
    pub fn traceparent(&self) -> Option<String> {
        let header = self.headers.iter().find(|h| h.name.eq_ignore_ascii_case("traceparent"))?;
        String::from_utf8(BASE64_STANDARD.decode(header.value_base64.as_ref()?).ok()?).ok()
    }
}

/// A Kafka header, its value in base64 because it may be any bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    pub name: String,
    pub value_base64: Option<String>,
}

/// A normalized URL, keyed by its site, to be fetched. The version of its JSON form is `v`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub v: u8,
    /// Normalized.
    pub url: String,
    /// The URL as the record gave it.
    pub requested_url: String,
    /// Registrable domain of `url`: the key of the job.
    pub site: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
    #[serde(default)]
    pub force: bool,
    /// Redirects so far, over all sites; `fetch.max_redirects` bounds them.
    #[serde(default)]
    pub redirects: Vec<Redirect>,
    /// Failed tries so far.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be fetched before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When the route stage took it.
    pub routed_at: Timestamp,
    pub source: SourceRecord,
}

impl Job {
    pub const VERSION: u8 = 1;

    /// A job that nothing was done for, of no record yet: `routed_at` is 1970.
    pub fn new(requested_url: String, url: String, site: String) -> Job {
        Job {
            v: Job::VERSION,
            url,
            requested_url,
            site,
            context: None,
            force: false,
            redirects: Vec::new(),
            attempts: 0,
            not_before: None,
            routed_at: Timestamp::UNIX_EPOCH,
            source: SourceRecord::default(),
        }
    }
}
