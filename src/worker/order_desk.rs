//! Where an operator's orders come from: what a retag would change, what a retraction concerns, and the records that ask
//! the owners of the sites for it.

use super::commands::{partition_count, seen_table};
use super::kafka_topics::KafkaTopicNames;
use super::outlet::to_json;
use super::reader::{Span, read_topic};
use super::{clients, cloud_event::TOPICS_HEADER, intake::Record};
use crate::config::KafkaSettings;
use crate::identity::{AliasKey, ArticleId, partition_of_site, site_of};
use crate::pipeline::Pipeline;
use crate::publish::topics_hash;
use crate::record::{ArticleEvent, Candidate, Forget, Retag, SiteCommand};
use jiff::Timestamp;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use url::Url;

/// Records on their way at once.
const IN_FLIGHT: usize = 1000;

/// Reads the internal Kafka topics and writes orders on them.
pub struct OrderDesk<'a> {
    settings: &'a KafkaSettings,
    names: KafkaTopicNames,
    producer: FutureProducer,
    under_way: Vec<DeliveryFuture>,
}

/// An article whose topics would change.
pub struct Planned {
    /// Topic ids as last published; `None` where that event is past its retention.
    pub before: Option<Vec<String>>,
    pub order: Retag,
    partition: i32,
}

/// What a plan looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Articles whose candidate was read and tagged.
    pub looked_at: usize,
    /// Articles whose candidate is past its retention: they would have to be fetched again.
    pub out_of_reach: usize,
}

impl OrderDesk<'_> {
    pub fn open(settings: &KafkaSettings) -> Result<OrderDesk<'_>, String> {
        let cannot = |e: KafkaError| format!("cannot reach the brokers at {}: {e}", settings.brokers);
        let mut config = clients::producer(settings);
        // A worker waits for ever, a person does not.
        config.set("message.timeout.ms", "30000");
        let producer = config.create().map_err(cannot)?;
        Ok(OrderDesk { settings, names: KafkaTopicNames::new(settings), producer, under_way: Vec::new() })
    }

    /// Gives every article last published since `since` whose topics differ from the pipeline's. One partition is in
    /// memory at a time.
    pub fn plan_retag(
        &mut self,
        pipeline: &Pipeline,
        since: Option<Timestamp>,
        each: &mut dyn FnMut(&mut Self, Planned) -> Result<(), String>,
    ) -> Result<Scope, String> {
        let published = self.published_topics()?;
        let mut scope = Scope::default();
        for partition in 0..partition_count(self.settings, &self.names.candidates)? as i32 {
            let table = seen_table(self.settings, &self.names.seen, Some(partition))?;
            let articles = table.iter().filter(|(_, entry)| !entry.forgotten);
            let mut by_offset: HashMap<i64, (ArticleId, u64)> =
                articles.map(|(id, entry)| (entry.candidate_offset, (id, entry.topics_hash))).collect();
            let mut failed = None;
            let topic = self.names.candidates.clone();
            let settings = self.settings;
            let read = read_topic(settings, &topic, Some(partition), Span::ToTheEnd, &mut |record| {
                let Some((id, old_hash)) = by_offset.remove(&record.offset) else {
                    return ControlFlow::Continue(());
                };
                let Some(candidate) = candidate_of(&record) else { return ControlFlow::Continue(()) };
                if since.is_some_and(|since| candidate.fetched_at < since) {
                    return ControlFlow::Continue(());
                }
                scope.looked_at += 1;
                let (topics, taxonomy_version) = pipeline.topics_of(&candidate.article);
                if topics_hash(&topics) == old_hash {
                    return ControlFlow::Continue(());
                }
                let order = Retag {
                    v: SiteCommand::VERSION,
                    article_id: id.to_string(),
                    candidate,
                    published_offset: record.offset,
                    topics,
                    taxonomy_version,
                };
                let before = published.of(&id);
                match each(self, Planned { before, order, partition }) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(e) => {
                        failed = Some(e);
                        ControlFlow::Break(())
                    }
                }
            });
            read.map_err(|e| format!("cannot read {topic}: {e}"))?;
            failed.map_or(Ok(()), Err)?;
            scope.out_of_reach += by_offset.len();
        }
        Ok(scope)
    }

    /// Asks the article's owner for the new topics.
    pub fn retag(&mut self, planned: Planned) -> Result<(), String> {
        let site = planned.order.candidate.job.site.clone();
        let topic = self.names.candidates.clone();
        self.send(&topic, planned.partition, &site, &SiteCommand::Retag(Box::new(planned.order)))
    }

    /// What is to be forgotten under a normalized URL, and the article's id where it was published.
    pub fn find_url(&self, url: &Url) -> Result<Forget, String> {
        let site = site_of(url);
        let partition = partition_of_site(&site, partition_count(self.settings, &self.names.seen)?);
        let table = seen_table(self.settings, &self.names.seen, Some(partition))?;
        let id = table.owner(&AliasKey::of(url, &site));
        let mut urls = vec![url.to_string()];
        if let Some(id) = id {
            urls.extend(self.names_of(&id)?.map(|(_, urls)| urls).unwrap_or_default());
        }
        Ok(forget(site, id, urls))
    }

    /// The same by article id. `None`: no event of it is left, so nobody knows whose it is.
    pub fn find_id(&self, id: ArticleId) -> Result<Option<Forget>, String> {
        Ok(self.names_of(&id)?.map(|(site, urls)| forget(site, Some(id), urls)))
    }

    /// Asks for a retraction: the publish stage blocks the article, the fetch stage forgets its pages.
    pub fn forget(&mut self, forget: Forget) -> Result<(), String> {
        let (candidates, fetch) = (self.names.candidates.clone(), self.names.fetch.clone());
        let owner = |site: &str, topic: &str| -> Result<i32, String> {
            Ok(partition_of_site(site, partition_count(self.settings, topic)?))
        };
        let publisher = owner(&forget.site, &candidates)?;
        let mut pages: HashMap<String, Vec<String>> = HashMap::new();
        for url in &forget.urls {
            if let Ok(parsed) = Url::parse(url) {
                pages.entry(site_of(&parsed)).or_default().push(url.clone());
            }
        }
        let fetchers: Vec<(i32, Forget)> = pages
            .into_iter()
            .map(|(site, urls)| Ok((owner(&site, &fetch)?, Forget { site, urls, ..forget.clone() })))
            .collect::<Result<_, String>>()?;
        self.send(&candidates, publisher, &forget.site.clone(), &SiteCommand::Forget(forget))?;
        for (partition, forget) in fetchers {
            self.send(&fetch, partition, &forget.site.clone(), &SiteCommand::Forget(forget))?;
        }
        Ok(())
    }

    /// Waits until the brokers have every order.
    pub fn close(mut self) -> Result<(), String> {
        self.wait()
    }

    fn send(&mut self, topic: &str, partition: i32, site: &str, order: &SiteCommand) -> Result<(), String> {
        let payload = to_json(order);
        let record = FutureRecord::to(topic).partition(partition).key(site.as_bytes()).payload(&payload);
        match self.producer.send_result(record) {
            Ok(delivery) => self.under_way.push(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) => {
                self.wait()?;
                let sent = self.producer.send_result(record);
                self.under_way.push(sent.map_err(|(e, _)| cannot_write(topic, &e))?);
            }
            Err((e, _)) => return Err(cannot_write(topic, &e)),
        }
        if self.under_way.len() >= IN_FLIGHT { self.wait() } else { Ok(()) }
    }

    fn wait(&mut self) -> Result<(), String> {
        for delivery in self.under_way.drain(..) {
            match futures::executor::block_on(delivery) {
                Ok(Ok(_)) => {}
                Ok(Err((e, _))) => return Err(format!("cannot write an order: {e}")),
                Err(_) => return Err("cannot write an order: the producer is gone".to_owned()),
            }
        }
        Ok(())
    }

    /// Site and names of an article, from its events.
    fn names_of(&self, id: &ArticleId) -> Result<Option<(String, Vec<String>)>, String> {
        let key = id.to_string();
        let (mut site, mut urls) = (None, BTreeSet::new());
        self.read_articles(&mut |record| {
            let is_its = record.key.as_deref() == Some(key.as_bytes());
            let event = || serde_json::from_slice::<ArticleEvent>(record.payload.as_deref()?).ok();
            if let Some(event) = is_its.then(event).flatten() {
                site = Some(event.site);
                urls.extend([event.url, event.requested_url].into_iter().chain(event.aliases));
            }
        })?;
        Ok(site.map(|site| (site, urls.into_iter().collect())))
    }

    fn published_topics(&self) -> Result<PublishedTopics, String> {
        let mut published = PublishedTopics::default();
        self.read_articles(&mut |record| published.take(&record))?;
        Ok(published)
    }

    fn read_articles(&self, each: &mut dyn FnMut(Record)) -> Result<(), String> {
        let topic = &self.settings.topics.articles;
        let read = read_topic(self.settings, topic, None, Span::ToTheEnd, &mut |record| {
            each(record);
            ControlFlow::Continue(())
        });
        read.map_err(|e| format!("cannot read {topic}: {e}"))
    }
}

fn cannot_write(topic: &str, e: &KafkaError) -> String {
    format!("cannot write an order to {topic}: {e}")
}

fn forget(site: String, id: Option<ArticleId>, urls: Vec<String>) -> Forget {
    let article_id = id.map(|id| id.to_string());
    Forget { v: SiteCommand::VERSION, site, article_id, urls, asked_at: Timestamp::now() }
}

/// A candidate, or one that an earlier retag carried.
fn candidate_of(record: &Record) -> Option<Candidate> {
    let payload = record.payload.as_deref()?;
    match serde_json::from_slice(payload) {
        Ok(candidate) => Some(candidate),
        Err(_) => match SiteCommand::parse(payload)? {
            SiteCommand::Retag(retag) => Some(retag.candidate),
            SiteCommand::Forget(_) => None,
        },
    }
}

/// Topic ids of every article as last published, from the events' headers. An id's text is kept once.
#[derive(Default)]
struct PublishedTopics {
    ids: Vec<String>,
    places: HashMap<String, u32>,
    articles: HashMap<ArticleId, Box<[u32]>>,
}

impl PublishedTopics {
    fn take(&mut self, record: &Record) {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let header = record.headers.iter().find(|(name, _)| name == TOPICS_HEADER);
        let topics = header.and_then(|(_, value)| text(value.as_deref()?));
        let id = record.key.as_deref().and_then(text).and_then(|key| key.parse().ok());
        let (Some(topics), Some(id)) = (topics, id) else { return };
        let places = topics.split(',').filter(|topic| !topic.is_empty()).map(|topic| self.place(topic));
        let places = places.collect();
        self.articles.insert(id, places);
    }

    fn place(&mut self, topic: &str) -> u32 {
        if let Some(place) = self.places.get(topic) {
            return *place;
        }
        let place = self.ids.len() as u32;
        self.ids.push(topic.to_owned());
        self.places.insert(topic.to_owned(), place);
        place
    }

    fn of(&self, id: &ArticleId) -> Option<Vec<String>> {
        Some(self.articles.get(id)?.iter().map(|place| self.ids[*place as usize].clone()).collect())
    }
}
