//! What the commands do on Kafka beside the worker: submit URLs, read and replay rejects, follow events, look up.

use super::kafka_topics::KafkaTopicNames;
use super::reader::{Span, read_topic};
use super::source::original;
use super::{clients, restore};
use crate::config::KafkaSettings;
use crate::identity::{AliasKey, ArticleId, partition_of_site, site_of};
use crate::memory::{PageRecord, SeenEntry, SeenTable};
use crate::record::{ArticleEvent, OutcomeRecord, Reject, UrlRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use serde_json::json;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;
use url::Url;

/// A command gives the brokers this long; a worker would wait for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts records on the URLs topic. Cheap to clone.
#[derive(Clone)]
pub struct Submitter {
    producer: FutureProducer,
    topic: String,
}

impl Submitter {
    pub fn new(settings: &KafkaSettings) -> Result<Submitter, KafkaError> {
        let mut config = clients::producer(settings);
        config.set("message.timeout.ms", PATIENCE.as_millis().to_string());
        Ok(Submitter { producer: config.create()?, topic: settings.topics.urls.clone() })
    }

    /// Returns when the brokers have the record.
    pub async fn submit(&self, record: &[u8]) -> Result<(), KafkaError> {
        let record = FutureRecord::<(), [u8]>::to(&self.topic).payload(record);
        self.producer.send(record, Timeout::After(PATIENCE)).await.map(|_| ()).map_err(|(e, _)| e)
    }

    /// Puts a reject's original record back, key and headers too. `force` is set where the record can carry it, so that
    /// a page fetched lately is fetched again. False where the reject's bytes are damaged.
    pub async fn replay(&self, reject: &Reject) -> Result<bool, KafkaError> {
        let Some(original) = original(reject) else { return Ok(false) };
        let payload = with_force(&original.payload).unwrap_or(original.payload);
        let mut record = FutureRecord::to(&self.topic).payload(&payload).headers(original.headers);
        if let Some(key) = &original.key {
            record = record.key(key);
        }
        self.producer.send(record, Timeout::After(PATIENCE)).await.map(|_| true).map_err(|(e, _)| e)
    }
}

/// The record as an object with `force`; `None` where it is no URL record and goes back as it is.
fn with_force(payload: &[u8]) -> Option<Vec<u8>> {
    let record = UrlRecord::parse(payload).ok()?;
    let mut object = json!({"url": record.url, "force": true});
    if let Some(context) = record.context {
        object["context"] = context.into();
    }
    serde_json::to_vec(&object).ok()
}

/// Every reject once, in the order of its partition. Rejects are at least once; copies have the same id.
pub fn rejects(settings: &KafkaSettings) -> Result<Vec<Reject>, KafkaError> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    read_topic(settings, &settings.topics.rejects, None, Span::ToTheEnd, &mut |record| {
        match serde_json::from_slice::<Reject>(record.payload.as_deref().unwrap_or_default()) {
            Ok(reject) if seen.insert(reject.reject_id.clone()) => found.push(reject),
            Ok(_) => {}
            Err(e) => {
                tracing::warn!(offset = record.offset, partition = record.partition, error = %e, "not a reject")
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Gives events as they come, with their bytes.
pub fn follow(
    settings: &KafkaSettings,
    each: &mut dyn FnMut(&ArticleEvent, &[u8]) -> ControlFlow<()>,
) -> Result<(), KafkaError> {
    read_topic(settings, &settings.topics.articles, None, Span::Follow, &mut |record| {
        let payload = record.payload.unwrap_or_default();
        match serde_json::from_slice::<ArticleEvent>(&payload) {
            Ok(event) => each(&event, &payload),
            // A retraction has fewer fields: it is no article.
            Err(_) => ControlFlow::Continue(()),
        }
    })
}

/// What the tables know of a URL or an article.
#[derive(Debug, Default)]
pub struct Found {
    pub article: Option<(ArticleId, SeenEntry)>,
    pub page: Option<PageRecord>,
    pub rejects: Vec<Reject>,
    /// How source records with this URL or article ended, oldest first, with `kafka-topic-partition-offset`.
    pub outcomes: Vec<(String, OutcomeRecord)>,
}

/// Looks a normalized URL up at its site's owner.
pub fn look_up_url(settings: &KafkaSettings, url: &Url) -> Result<Found, String> {
    let names = KafkaTopicNames::new(settings);
    let site = site_of(url);
    let partition =
        |topic: &str| Ok::<_, String>(partition_of_site(&site, partition_count(settings, topic)?));
    let table = seen_table(settings, &names.seen, Some(partition(&names.seen)?))?;
    let id = table.owner(&AliasKey::of(url, &site));
    let asker = restore::open_asker(settings).map_err(|e| e.to_string())?;
    let pages = restore::restore_pages(settings, &names.pages, partition(&names.pages)?, &asker, &|| true)
        .map_err(|e| e.to_string())?
        .unwrap_or_default();
    let mut rejects = rejects(settings).map_err(|e| e.to_string())?;
    rejects.retain(|reject| reject.url.as_deref().is_some_and(|rejected| rejected == url.as_str()));
    Ok(Found {
        article: id.and_then(|id| Some((id, table.get(&id)?))),
        page: pages.page(url.as_str()),
        rejects,
        outcomes: outcomes(settings, &|outcome| outcome.url == url.as_str())?,
    })
}

/// Looks an article id up wherever it is.
pub fn look_up_id(settings: &KafkaSettings, id: ArticleId) -> Result<Found, String> {
    let table = seen_table(settings, &KafkaTopicNames::new(settings).seen, None)?;
    let text = id.to_string();
    let outcomes = outcomes(settings, &|outcome| outcome.article_id.as_deref() == Some(&text))?;
    Ok(Found { article: table.get(&id).map(|entry| (id, entry)), outcomes, ..Found::default() })
}

/// The outcomes that are kept and chosen, oldest first.
fn outcomes(
    settings: &KafkaSettings,
    is_chosen: &dyn Fn(&OutcomeRecord) -> bool,
) -> Result<Vec<(String, OutcomeRecord)>, String> {
    let (topic, mut found) = (KafkaTopicNames::new(settings).outcomes, Vec::new());
    let read = read_topic(settings, &topic, None, Span::ToTheEnd, &mut |record| {
        let outcome = serde_json::from_slice::<OutcomeRecord>(record.payload.as_deref().unwrap_or_default());
        if let Some(outcome) = outcome.ok().filter(is_chosen) {
            let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
            found.push((key.split('#').next().unwrap_or_default().to_owned(), outcome));
        }
        ControlFlow::Continue(())
    });
    read.map_err(|e| format!("cannot read {topic}: {e}"))?;
    found.sort_by_key(|(_, outcome)| outcome.at);
    Ok(found)
}

pub(super) fn seen_table(
    settings: &KafkaSettings,
    topic: &str,
    partition: Option<i32>,
) -> Result<SeenTable, String> {
    let mut table = SeenTable::default();
    let mut problem = None;
    let read = read_topic(settings, topic, partition, Span::ToTheEnd, &mut |record| {
        let entry = record.payload.as_deref().map(SeenEntry::decode).transpose();
        match (SeenEntry::decode_key(record.key.as_deref().unwrap_or_default()), entry) {
            (Ok(id), Ok(entry)) => {
                table.apply((id, entry));
                ControlFlow::Continue(())
            }
            (Err(e), _) | (_, Err(e)) => {
                problem = Some(format!("{topic} cannot be read at offset {}: {e}", record.offset));
                ControlFlow::Break(())
            }
        }
    });
    read.map_err(|e| format!("cannot read {topic}: {e}"))?;
    problem.map_or(Ok(table), Err)
}

pub(super) fn partition_count(settings: &KafkaSettings, topic: &str) -> Result<u32, String> {
    let cannot = |e: KafkaError| format!("cannot ask the brokers at {} for {topic}: {e}", settings.brokers);
    let client: BaseConsumer = clients::plain(settings).create().map_err(cannot)?;
    let metadata = client.fetch_metadata(Some(topic), PATIENCE).map_err(cannot)?;
    let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    if count == 0 { Err(format!("the Kafka topic {topic} does not exist")) } else { Ok(count as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replayed_record_is_forced_and_keeps_its_context() {
        let forced =
            |payload: &str| with_force(payload.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(forced("https://a.example/").unwrap(), r#"{"url":"https://a.example/","force":true}"#);
        let object = forced(r#"{"url":"https://a.example/","context":{"k":1}}"#).unwrap();
        assert_eq!(object, r#"{"url":"https://a.example/","force":true,"context":{"k":1}}"#);
        assert_eq!(forced("{broken"), None);
    }
}
