//! The Kafka topics: their names, creation, and whether their partition counts fit.

use super::clients::{self, Inquirer};
use crate::config::KafkaSettings;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use std::time::Duration;

/// A delay tier: how long a record waits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub name: &'static str,
    pub wait: Duration,
}

/// Shortest first.
pub const TIERS: [Tier; 3] = [
    Tier { name: "10s", wait: Duration::from_secs(10) },
    Tier { name: "2m", wait: Duration::from_secs(120) },
    Tier { name: "30m", wait: Duration::from_secs(1800) },
];

/// The tier for a wait: the longest that does not overshoot it, so that a long wait goes round few times.
pub fn tier_for(wait: Duration) -> Tier {
    *TIERS.iter().rev().find(|tier| tier.wait <= wait).unwrap_or(&TIERS[0])
}

/// Names of the Kafka topics as configured.
#[derive(Clone, Debug)]
pub struct KafkaTopicNames {
    pub urls: String,
    pub articles: String,
    pub rejects: String,
    pub fetch: String,
    pub candidates: String,
    pub pages: String,
    pub seen: String,
    pub outcomes: String,
    delay_prefix: String,
}

impl KafkaTopicNames {
    pub fn new(settings: &KafkaSettings) -> KafkaTopicNames {
        let internal = |name: &str| format!("{}{name}", settings.topics.internal_prefix);
        KafkaTopicNames {
            urls: settings.topics.urls.clone(),
            articles: settings.topics.articles.clone(),
            rejects: settings.topics.rejects.clone(),
            fetch: internal("fetch"),
            candidates: internal("candidates"),
            pages: internal("pages"),
            seen: internal("seen"),
            outcomes: internal("outcomes"),
            delay_prefix: internal("delay."),
        }
    }

    pub fn delay(&self, tier: Tier) -> String {
        format!("{}{}", self.delay_prefix, tier.name)
    }

    /// Every one with the settings it is created with. Jobs and candidates are kept a week; the tables for ever,
    /// by key; the public ones as the broker is configured.
    fn all(&self) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
        const WEEK: &str = "604800000";
        let kept = vec![("cleanup.policy", "delete"), ("retention.ms", WEEK)];
        let table = vec![("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.2")];
        let mut all = vec![
            (self.urls.clone(), vec![]),
            (self.articles.clone(), vec![]),
            (self.rejects.clone(), vec![]),
            (self.fetch.clone(), kept.clone()),
            (self.candidates.clone(), kept.clone()),
            (self.pages.clone(), table.clone()),
            (self.seen.clone(), table),
            (self.outcomes.clone(), vec![("cleanup.policy", "compact,delete"), ("retention.ms", WEEK)]),
        ];
        all.extend(TIERS.iter().map(|tier| (self.delay(*tier), kept.clone())));
        all
    }
}

/// Partition counts that the stages need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionCounts {
    /// Of `fetch` and `pages`.
    pub fetch: u32,
    /// Of `candidates` and `seen`.
    pub candidates: u32,
}

/// All that is wrong with the Kafka topics as they are, creating nothing.
pub async fn check(settings: &KafkaSettings) -> Result<PartitionCounts, Vec<String>> {
    let names = KafkaTopicNames::new(settings);
    let passive = KafkaSettings { create_topics: false, ..settings.clone() };
    ensure(&passive, &names).await.map_err(|unfit| match unfit {
        Unfit::Away(why) => vec![why],
        Unfit::Final(problems) => problems,
    })
}

const CALL: Duration = Duration::from_secs(20);
/// Short, because a worker that is told to end waits for it.
const METADATA: Duration = Duration::from_secs(5);

/// `ensure`, waiting for brokers that are away. Wrong counts and topics that may not be created are final.
pub async fn wait_for(
    settings: &KafkaSettings,
    names: &KafkaTopicNames,
) -> Result<PartitionCounts, Vec<String>> {
    let mut pause = Duration::from_millis(500);
    loop {
        match ensure(settings, names).await {
            Err(Unfit::Away(why)) => tracing::warn!(error = why, "waiting for the brokers"),
            Err(Unfit::Final(problems)) => return Err(problems),
            Ok(counts) => return Ok(counts),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(15));
    }
}

/// How often a running worker looks whether its Kafka topics are still what they were.
const WATCH: Duration = Duration::from_secs(10);

/// Waits until a Kafka topic is gone, or has another partition count than at the start, and says which. A consumer
/// whose topic was deleted waits in silence, and a count that grew sends a site's copies to where its memory is not.
/// Brokers that are away say nothing about topics; twice the same answer is one.
pub async fn watch(settings: &KafkaSettings, names: &KafkaTopicNames) -> Vec<String> {
    let mut first: Option<Vec<(String, u32)>> = None;
    let mut suspected = Vec::new();
    loop {
        let settings = settings.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let client: BaseConsumer = clients::plain(&settings).create().ok()?;
            let metadata = client.fetch_metadata(None, METADATA).ok()?;
            let count =
                |t: &rdkafka::metadata::MetadataTopic| (t.name().to_owned(), t.partitions().len() as u32);
            Some(metadata.topics().iter().map(count).collect::<Vec<_>>())
        });
        if let Some(there) = asked.await.ok().flatten() {
            let changed = first.as_ref().map(|first| changes(names, first, &there)).unwrap_or_default();
            if !changed.is_empty() && changed == suspected {
                return changed;
            }
            suspected = changed;
            first.get_or_insert(there);
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// What is wrong with the Kafka topics as they are, against what they were.
fn changes(names: &KafkaTopicNames, first: &[(String, u32)], there: &[(String, u32)]) -> Vec<String> {
    let count = |among: &[(String, u32)], name: &str| among.iter().find(|(t, _)| t == name).map(|(_, n)| *n);
    let is_fixed = |name: &str| ![&names.urls, &names.articles, &names.rejects].contains(&&name.to_owned());
    let mut problems = Vec::new();
    for (name, _) in names.all() {
        match (count(first, &name), count(there, &name)) {
            (Some(_), None) => problems.push(format!("the Kafka topic {name} is gone")),
            (Some(was), Some(is)) if was != is && is_fixed(&name) => {
                problems.push(format!("the Kafka topic {name} had {was} partitions and has {is}: internal ones are fixed for life"));
            }
            _ => {}
        }
    }
    problems
}

/// Why the Kafka topics cannot be used.
enum Unfit {
    /// The brokers do not answer: they may come back.
    Away(String),
    Final(Vec<String>),
}

/// Sees that every Kafka topic is there, creating what is missing if that is allowed, and that pairs have the same
/// count. `Err` lists every problem.
async fn ensure(settings: &KafkaSettings, names: &KafkaTopicNames) -> Result<PartitionCounts, Unfit> {
    let client = clients::inquirer(settings).map_err(|e| Unfit::Final(vec![e.to_string()]))?;
    let counts = |client: &BaseConsumer<Inquirer>| -> Result<Vec<(String, u32)>, Unfit> {
        let metadata = client.fetch_metadata(None, METADATA).map_err(|e| {
            let why = Inquirer::reason(client).unwrap_or_else(|| e.to_string());
            Unfit::Away(format!("cannot reach the brokers at {}: {why}", settings.brokers))
        })?;
        Ok(metadata.topics().iter().map(|t| (t.name().to_owned(), t.partitions().len() as u32)).collect())
    };
    let mut there = tokio::task::block_in_place(|| counts(&client))?;
    let missing: Vec<_> =
        names.all().into_iter().filter(|(name, _)| there.iter().all(|(t, _)| t != name)).collect();
    if !missing.is_empty() {
        if !settings.create_topics {
            let problem = |(name, _): &(String, _)| format!("the Kafka topic {name} does not exist");
            return Err(Unfit::Final(missing.iter().map(problem).collect()));
        }
        create(settings, &missing).await.map_err(Unfit::Final)?;
        there = tokio::task::block_in_place(|| counts(&client))?;
    }
    // A topic just created takes a moment to show in the metadata.
    for _ in 0..50 {
        if names.all().iter().all(|(name, _)| there.iter().any(|(t, n)| t == name && *n > 0)) {
            return check_pairs(names, &there).map_err(Unfit::Final);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        there = tokio::task::block_in_place(|| counts(&client))?;
    }
    Err(Unfit::Final(vec!["the Kafka topics were created but do not show in the brokers' metadata".into()]))
}

fn check_pairs(names: &KafkaTopicNames, there: &[(String, u32)]) -> Result<PartitionCounts, Vec<String>> {
    let count = |name: &str| there.iter().find(|(t, _)| t == name).map_or(0, |(_, n)| *n);
    let pairs = [(&names.fetch, &names.pages), (&names.candidates, &names.seen)];
    let differs = pairs.iter().filter(|(a, b)| count(a) != count(b));
    let problems: Vec<String> = differs
        .map(|(a, b)| format!("{a} has {} partitions but {b} has {}: they must match", count(a), count(b)))
        .collect();
    match problems.is_empty() {
        true => Ok(PartitionCounts { fetch: count(&names.fetch), candidates: count(&names.candidates) }),
        false => Err(problems),
    }
}

async fn create(
    settings: &KafkaSettings,
    missing: &[(String, Vec<(&'static str, &'static str)>)],
) -> Result<(), Vec<String>> {
    let admin = clients::admin(settings).map_err(|e| vec![e.to_string()])?;
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|(name, config)| {
            let topic =
                NewTopic::new(name, settings.partitions, TopicReplication::Fixed(settings.replication));
            config.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        })
        .collect();
    let results = admin
        .create_topics(&topics, &AdminOptions::new().operation_timeout(Some(CALL)))
        .await
        .map_err(|e| vec![format!("cannot create the Kafka topics: {e}")])?;
    // Another worker that starts at the same time may be quicker: that is success.
    let failed = results.into_iter().filter_map(Result::err);
    let problems: Vec<String> = failed
        .filter(|(_, code)| *code != RDKafkaErrorCode::TopicAlreadyExists)
        .map(|(name, code)| format!("cannot create the Kafka topic {name}: {code}"))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_goes_into_the_longest_tier_that_does_not_overshoot() {
        let tier = |seconds| tier_for(Duration::from_secs(seconds)).name;
        assert_eq!((tier(1), tier(10), tier(119), tier(120), tier(9000)), ("10s", "10s", "10s", "2m", "30m"));
    }
}
