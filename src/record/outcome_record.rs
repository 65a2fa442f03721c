//! How one source record ended, as `newswire.outcomes` keeps it: what `audit` and `lookup` read.

use super::{Ending, Outcome, Reason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longer URLs are cut: they are told, not followed.
const URL_CHARACTERS: usize = 2000;

/// The value of one record; its key is `outcome_key`. The version of its JSON form is `v`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    pub v: u8,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Of the page; in a reject of something that is no URL, empty.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// On a duplicate, the rung of the ladder through which it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    pub at: Timestamp,
}

impl OutcomeRecord {
    pub const VERSION: u8 = 1;

    pub fn of(ending: &Ending, at: Timestamp) -> OutcomeRecord {
        OutcomeRecord {
            v: OutcomeRecord::VERSION,
            outcome: ending.outcome,
            reason: ending.reason,
            url: ending.url.chars().take(URL_CHARACTERS).collect(),
            article_id: ending.article_id.clone(),
            version: ending.version,
            through: ending.duplicate_through.map(str::to_owned),
            at,
        }
    }
}

/// `kafka-topic-partition-offset#outcome`. A record that is delivered twice may end in two ways (published, then a
/// duplicate of itself): both are kept, so that compaction does not forget the first.
pub fn outcome_key(source: &str, outcome: Outcome) -> String {
    format!("{source}#{}", outcome.as_str())
}

/// The source record's partition and offset, if the key is of a record of `topic`.
pub fn source_of_outcome(key: &str, topic: &str) -> Option<(i32, i64)> {
    let (source, _) = key.rsplit_once('#')?;
    let (source, offset) = source.rsplit_once('-')?;
    let (of, partition) = source.rsplit_once('-')?;
    Some((partition.parse().ok()?, offset.parse().ok()?)).filter(|_| of == topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_whatever_the_kafka_topic_is_called() {
        let key = outcome_key("my-news.urls-3-17", Outcome::Recent);
        assert_eq!(source_of_outcome(&key, "my-news.urls"), Some((3, 17)));
        assert_eq!(source_of_outcome(&key, "news.urls"), None);
        assert_eq!(source_of_outcome("nonsense", "news.urls"), None);
    }
}
