//! `[rights]` of the config: how much of an article is delivered. The defaults err towards the publisher.

use serde::{Deserialize, Serialize};

/// What is delivered in general, and where a page reserves something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most that any event carries.
    pub deliver: Deliver,
    /// The publisher reserved text and data mining (TDMRep).
    pub when_reserved: Treatment,
    /// The page says `noindex` (meta robots or `X-Robots-Tag`).
    pub noindex: Treatment,
    /// The page says `noarchive`.
    pub noarchive: Treatment,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            deliver: Deliver::Full,
            when_reserved: Treatment::Metadata,
            noindex: Treatment::Reject,
            noarchive: Treatment::Metadata,
        }
    }
}

/// How much of an article an event carries, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deliver {
    /// Title, dates, topics and the like, no body.
    Metadata,
    /// Metadata and the beginning of the body.
    Excerpt,
    Full,
}

/// What is done with an article whose publisher reserved something, from strictest to mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// No event: a reject that says why.
    Reject,
    Metadata,
    Excerpt,
    Full,
}

impl Treatment {
    /// How much is delivered; `None` for a reject.
    pub fn deliver(self) -> Option<Deliver> {
        match self {
            Treatment::Reject => None,
            Treatment::Metadata => Some(Deliver::Metadata),
            Treatment::Excerpt => Some(Deliver::Excerpt),
            Treatment::Full => Some(Deliver::Full),
        }
    }
}
