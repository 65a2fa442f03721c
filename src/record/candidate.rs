//! An extracted article on its way to the publish stage.

use super::{Article, Job};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the fetch stage gives: the article, how it was fetched, and the job it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub v: u8,
    pub job: Job,
    /// Final URL, normalized.
    pub url: String,
    pub article: Article,
    pub fetched_at: Timestamp,
    pub fetch: FetchReport,
}

impl Candidate {
    pub const VERSION: u8 = 1;
}

/// How the page was fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FetchReport {
    pub status: u16,
    /// Bytes of the body as received.
    pub bytes_wire: u64,
    /// Bytes of the body after content decoding.
    pub bytes_decoded: u64,
    /// WHATWG name of the encoding the text was decoded with.
    pub charset: String,
    pub redirects: Vec<Redirect>,
    pub duration_ms: u64,
    pub attempts: u32,
}

/// One redirect: the URL that answered, and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redirect {
    pub url: String,
    pub status: u16,
}
