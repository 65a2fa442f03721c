//! `[kafka]` of the config: where the broker is and what the Kafka topics are called.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Properties on which exactly-once rests: newswire sets them itself (DESIGN §3).
pub const REFUSED_PROPERTIES: [&str; 4] =
    ["isolation.level", "transactional.id", "auto.offset.reset", "partition.assignment.strategy"];

/// Every property whose name begins with this is refused as well.
pub const REFUSED_PROPERTY_PREFIX: &str = "enable.auto.";

/// The broker, its Kafka topics, and whatever librdkafka is to be told besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `host:port`, several with commas between them.
    pub brokers: String,
    /// Create missing Kafka topics at the start. `false`: their absence stops the start.
    pub create_topics: bool,
    /// Of each Kafka topic that is created. Fixed for life for the internal ones.
    pub partitions: i32,
    /// Copies of each Kafka topic that is created; -1 leaves it to the broker's default.
    pub replication: i32,
    /// Consumer groups are called this and the stage: `newswire-route`, `newswire-fetch`, `newswire-publish`.
    pub group_prefix: String,
    pub topics: KafkaTopics,
    /// Any librdkafka property, as it is: TLS, SASL, compression. Secrets are masked when shown.
    pub properties: BTreeMap<String, String>,
}

/// Names of the Kafka topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaTopics {
    /// URL records come in here.
    pub urls: String,
    /// Article events go out here.
    pub articles: String,
    /// Records that ended without an article, with their reason and original bytes.
    pub rejects: String,
    /// The Kafka topics between the stages, the delays and the two tables begin with this.
    pub internal_prefix: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            brokers: "localhost:9092".into(),
            create_topics: true,
            partitions: 6,
            replication: -1,
            group_prefix: "newswire-".into(),
            topics: KafkaTopics::default(),
            properties: BTreeMap::new(),
        }
    }
}

impl Default for KafkaTopics {
    fn default() -> KafkaTopics {
        KafkaTopics {
            urls: "news.urls".into(),
            articles: "news.articles".into(),
            rejects: "news.rejects".into(),
            internal_prefix: "newswire.".into(),
        }
    }
}
