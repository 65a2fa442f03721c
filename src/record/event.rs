//! What goes out: the article event, a CloudEvent's data (DESIGN §7), and its JSON Schema.

use super::{
    Author, Block, DateTime, FetchReport, Image, LanguageSource, Outcome, Precision, Publisher, Rights,
    TopicTag, Zone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The type attribute of the CloudEvent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Published,
    Updated,
    Retracted,
}

impl EventType {
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Published => "news.article.published.v1",
            EventType::Updated => "news.article.updated.v1",
            EventType::Retracted => "news.article.retracted.v1",
        }
    }

    /// The outcome of the URL that brought it about.
    pub fn outcome(self) -> Outcome {
        match self {
            EventType::Published => Outcome::Published,
            EventType::Updated | EventType::Retracted => Outcome::Updated,
        }
    }
}

/// One version of one article. Lists are never null; an absent value is null. Readers ignore unknown fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "newswire article event")]
pub struct ArticleEvent {
    /// 32 hex digits: the first 128 bits of SHA-256 of the normalized identity.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub article_id: String,
    /// 1 for the first publication.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// The final URL after redirects.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// What the page declares.
    pub canonical_url: Option<String>,
    pub short_link: Option<String>,
    /// What was asked for.
    pub requested_url: String,
    /// All names of this article.
    pub aliases: Vec<String>,
    /// Registrable domain.
    pub site: String,
    pub host: String,
    pub publisher: Publisher,
    pub title: String,
    pub description: Option<String>,
    pub section: Option<String>,
    pub keywords: Vec<String>,
    /// Block texts joined by a blank line, headings included, captions excluded.
    pub body: String,
    pub paragraphs: Vec<Block>,
    pub word_count: u64,
    pub authors: Vec<Author>,
    /// BCP 47.
    pub language: Option<String>,
    pub language_source: Option<LanguageSource>,
    /// The page's offset is kept; day precision = midnight Z.
    pub published_at: Option<DateTime>,
    pub modified_at: Option<DateTime>,
    pub published_precision: Option<Precision>,
    pub published_zone: Option<Zone>,
    pub images: Vec<Image>,
    pub topics: Vec<TopicTag>,
    pub taxonomy_version: String,
    /// Of the normalized body: 32 hex digits.
    pub content_hash: String,
    /// Of the normalized body: 16 hex digits.
    pub simhash: String,
    pub is_accessible_for_free: Option<bool>,
    pub rights: Rights,
    /// What was left out for the publisher's sake, and why; null: nothing.
    pub withheld: Option<Withheld>,
    /// On an update: the fields that differ.
    pub changed: Vec<String>,
    #[schemars(with = "DateTime")]
    pub fetched_at: jiff::Timestamp,
    #[schemars(with = "DateTime")]
    pub first_seen_at: jiff::Timestamp,
    /// `newswire/` and its version.
    pub published_by: String,
    pub fetch: FetchReport,
    pub extraction: Extraction,
    pub source_record: Option<SourceRecordRef>,
    /// Whatever the URL record carried under `context`.
    pub context: Option<Map<String, Value>>,
}

/// What of an article was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// `excerpt` or `metadata`.
    pub delivered: String,
    /// `tdm_reserved`, `noarchive`, `noindex`, `deliver` (the operator's setting).
    pub because: Vec<String>,
}

/// How sure the extraction is, and where each field came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extraction {
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    pub sources: BTreeMap<String, String>,
    pub warnings: Vec<String>,
}

/// The URL record it began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRecordRef {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<String>,
}

/// The data of `news.article.retracted.v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Retracted {
    pub article_id: String,
    pub version: u32,
    pub url: Option<String>,
    #[schemars(with = "DateTime")]
    pub retracted_at: jiff::Timestamp,
}

/// The JSON Schema (2020-12) of the event. Unknown fields are allowed, because readers ignore them.
pub fn event_schema() -> Value {
    schemars::schema_for!(ArticleEvent).to_value()
}

/// `event_schema` as text, as `newswire schema` prints it.
pub fn event_schema_json() -> String {
    serde_json::to_string_pretty(&event_schema()).expect("a JSON value always serializes")
}
