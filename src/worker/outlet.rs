//! What the at-least-once stages write: each call returns when the brokers have the record.

use super::clients;
use super::kafka_topics::{KafkaTopicNames, PartitionCounts, tier_for};
use crate::config::KafkaSettings;
use crate::identity::{partition_of_site, site_of};
use crate::memory::{PagesKey, PagesValue};
use crate::record::{Candidate, Ending, Job, OutcomeRecord, Reject, outcome_key};
use jiff::Timestamp;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Jobs on their way into the delay topics at once, some 500 a second with the default `linger.ms`. A worker that is
/// behind must not move its backlog through the delay topics faster than it works it off: what goes round costs as much
/// as what is done.
const PARKING: usize = 50;

/// Cheap to clone.
#[derive(Clone)]
pub struct Outlet {
    producer: FutureProducer,
    /// Turns of jobs to be parked.
    parking: Arc<Semaphore>,
    pub names: Arc<KafkaTopicNames>,
    pub counts: PartitionCounts,
}

/// A record that no broker takes at its size; everything else is waited for.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("the record of {0} bytes is larger than the brokers take")]
    TooLarge(usize),
    #[error("cannot write to the Kafka topic {0}: {1}")]
    Kafka(String, KafkaError),
}

impl Outlet {
    pub fn new(
        settings: &KafkaSettings,
        names: KafkaTopicNames,
        counts: PartitionCounts,
    ) -> Result<Outlet, KafkaError> {
        let producer = clients::producer(settings).create()?;
        Ok(Outlet { producer, parking: Arc::new(Semaphore::new(PARKING)), names: names.into(), counts })
    }

    /// To the owner of the job's site.
    pub async fn job(&self, job: &Job) -> Result<(), WriteError> {
        let partition = partition_of_site(&job.site, self.counts.fetch);
        self.send(&self.names.fetch, Some(partition), job.site.as_bytes(), &to_json(job), trace(job)).await
    }

    /// A job that could not be read, for the fetch stage to reject.
    pub async fn raw_job(&self, partition: i32, payload: &[u8]) -> Result<(), WriteError> {
        self.send(&self.names.fetch, Some(partition), b"", payload, OwnedHeaders::new()).await
    }

    pub async fn candidate(&self, candidate: &Candidate) -> Result<(), WriteError> {
        let site =
            url::Url::parse(&candidate.url).map_or_else(|_| candidate.job.site.clone(), |url| site_of(&url));
        let partition = partition_of_site(&site, self.counts.candidates);
        let headers = trace(&candidate.job);
        self.send(&self.names.candidates, Some(partition), site.as_bytes(), &to_json(candidate), headers)
            .await
    }

    /// Into the delay tier that fits; the job says itself until when.
    pub async fn delayed(&self, job: &Job, wait: Duration) -> Result<(), WriteError> {
        let _turn = self.parking.acquire().await;
        let partition = partition_of_site(&job.site, self.counts.fetch);
        let topic = self.names.delay(tier_for(wait));
        self.send(&topic, Some(partition), job.site.as_bytes(), &to_json(job), trace(job)).await
    }

    /// Without its record's bytes where it would be too large with them: a record of any size has its reject.
    pub async fn reject(&self, reject: &Reject) -> Result<(), WriteError> {
        let (rejects, key) = (&self.names.rejects, reject.reject_id.as_bytes());
        match self.send(rejects, None, key, &to_json(reject), OwnedHeaders::new()).await {
            Err(WriteError::TooLarge(_)) => {
                let small = to_json(&reject.clone().without_record());
                self.send(rejects, None, key, &small, OwnedHeaders::new()).await
            }
            written => written,
        }
    }

    /// How a source record ended.
    pub async fn outcome(&self, ending: &Ending, at: Timestamp) -> Result<(), WriteError> {
        let (key, value) = outcome_record(ending, at);
        self.send(&self.names.outcomes, None, key.as_bytes(), &value, OwnedHeaders::new()).await
    }

    pub async fn page(
        &self,
        partition: i32,
        key: &PagesKey,
        value: Option<&PagesValue>,
    ) -> Result<(), WriteError> {
        let value = value.map(PagesValue::encode).unwrap_or_default();
        self.send(&self.names.pages, Some(partition), &key.encode(), &value, OwnedHeaders::new()).await
    }

    async fn send(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: &[u8],
        payload: &[u8],
        headers: OwnedHeaders,
    ) -> Result<(), WriteError> {
        let mut record = FutureRecord::to(topic).key(key).headers(headers);
        if !payload.is_empty() {
            record = record.payload(payload);
        }
        if let Some(partition) = partition {
            record = record.partition(partition);
        }
        match self.producer.send(record, Timeout::Never).await {
            Ok(_) => Ok(()),
            Err((e, _)) if is_too_large(&e) => Err(WriteError::TooLarge(payload.len())),
            Err((e, _)) => Err(WriteError::Kafka(topic.to_owned(), e)),
        }
    }
}

/// Key and value for `newswire.outcomes`.
pub fn outcome_record(ending: &Ending, at: Timestamp) -> (String, Vec<u8>) {
    (outcome_key(&ending.source, ending.outcome), to_json(&OutcomeRecord::of(ending, at)))
}

pub fn is_too_large(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge))
}

/// W3C trace context goes along from topic to topic.
fn trace(job: &Job) -> OwnedHeaders {
    match job.source.traceparent() {
        Some(parent) => OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(&parent) }),
        None => OwnedHeaders::new(),
    }
}

pub fn to_json<T: serde::Serialize>(record: &T) -> Vec<u8> {
    serde_json::to_vec(record).expect("records are plain data with string keys")
}
