//! A topic of an article, with its evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an article is about, as the taxonomy names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicTag {
    /// `country:kp`, `org:apec`, `person:kim-jong-un`, `theme:nuclear-weapons`.
    pub id: String,
    pub name: String,
    /// 0 to 1.
    pub score: f64,
    /// Wikidata QID.
    pub wikidata: Option<String>,
    /// IPTC Media Topic, `medtop:` and eight digits.
    pub iptc: Option<String>,
    pub mentions: Vec<Mention>,
}

/// Where a topic is named. Offsets count Unicode code points in the delivered field; `end` is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    pub term: String,
    pub field: Field,
    pub start: u32,
    pub end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Title,
    Body,
}
