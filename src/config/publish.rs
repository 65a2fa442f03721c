//! `[publish]`, `[memory]` and `[dedup]` of the config: how often events are committed, how long articles are
//! remembered, and what a changed article means.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `[publish]`: a transaction is committed when either bound is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishSettings {
    /// The longest that an event waits for its commit. Lower: sooner visible; higher: fewer, cheaper transactions.
    #[serde(with = "humantime_serde")]
    pub commit_every: Duration,
    /// Candidates in one transaction at most.
    pub commit_count: usize,
    /// Names this worker among those that publish, the same after a restart and never that of two living workers: a
    /// StatefulSet's pod name. A killed worker's open transaction then ends when it is back, not when it times out.
    /// Empty: host name and process id.
    pub slot: String,
}

impl Default for PublishSettings {
    fn default() -> PublishSettings {
        PublishSettings { commit_every: Duration::from_millis(250), commit_count: 1000, slot: String::new() }
    }
}

/// `[memory]`: the two tables, `newswire.pages` and `newswire.seen`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemorySettings {
    /// An article not met again for this long is forgotten; the same article would then be published anew.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
}

impl Default for MemorySettings {
    fn default() -> MemorySettings {
        MemorySettings { retention: Duration::from_secs(90 * 24 * 3600) }
    }
}

/// `[dedup]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DedupSettings {
    pub updates: Updates,
}

/// What a known article with another text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Updates {
    /// A duplicate: one event an article, ever.
    #[default]
    Ignore,
    /// A new version, published as `news.article.updated.v1`.
    Publish,
}
