//! An operator's order to the owner of a site: it travels among the site's jobs or candidates, so that the owner stays
//! the only writer of the site's memory.

use super::{Candidate, TopicTag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What `newswire retag` and `newswire forget` put on the internal Kafka topics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum SiteCommand {
    /// On `newswire.candidates`: the article gets these topics, with a new version.
    Retag(Box<Retag>),
    /// On `newswire.candidates`: the article is retracted and never published again. On `newswire.fetch`: what is
    /// remembered of its pages goes.
    Forget(Forget),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retag {
    pub v: u8,
    pub article_id: String,
    /// The candidate that published the article last, as it was read.
    pub candidate: Candidate,
    /// Where it was read. An article that another candidate published since is left as it is.
    pub published_offset: i64,
    pub topics: Vec<TopicTag>,
    pub taxonomy_version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forget {
    pub v: u8,
    pub site: String,
    /// 32 hex digits, where the article is known by its id.
    pub article_id: Option<String>,
    /// Normalized. The first names the article where no id is given.
    pub urls: Vec<String>,
    pub asked_at: Timestamp,
}

impl SiteCommand {
    pub const VERSION: u8 = 1;

    /// `None`: not a command, or one of a version that is not known here.
    pub fn parse(payload: &[u8]) -> Option<SiteCommand> {
        let command: SiteCommand = serde_json::from_slice(payload).ok()?;
        let version = match &command {
            SiteCommand::Retag(retag) => retag.v,
            SiteCommand::Forget(forget) => forget.v,
        };
        (version == SiteCommand::VERSION).then_some(command)
    }
}
