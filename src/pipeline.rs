//! THE WAY OF ONE URL: route, fetch, publish; each a function from what it takes to what it gives, or to where it stops.
//!
//! ```text
//! URL record -> route -> Job -> fetch -> Candidate -> publish -> ArticleEvent
//!                  |              |  \-> Job of another site, or later      |
//!                  v              v                                        v
//!                Reject       Reject, recent, unchanged           Reject, duplicate
//! ```
//!
//! Nothing here knows Kafka or a file: `worker` and `local` carry what travels.

mod command_step;
mod fetch_step;
mod publish_step;
mod readers;

pub use command_step::Obeyed;
pub use fetch_step::{Fetch, REDIRECTED, host_memory, host_record};

use crate::config::{Config, Updates};
use crate::extract::Extractor;
use crate::fetch::{FetchOrder, Fetched, Validators};
use crate::identity::{
    Declared, Fingerprint, Ladder, TrackingParameters, fingerprint, ladder, normalize, site_of,
};
use crate::memory::{Claims, PageRecord, SeenTable};
use crate::publish::{Judgement, RightsSettings, judge};
use crate::record::{
    ArticleEvent, Candidate, Ending, EventType, Job, Outcome, Reason, Reject, SourceRecord, Stage, UrlRecord,
};
use crate::topics::Tagger;
use arc_swap::ArcSwap;
use fetch_step::{reject, validators_of};
use jiff::Timestamp;
use publish_step::{Again, changes, keys, without};
use readers::Readers;
use std::{sync::Arc, time::Duration};

/// What the three steps need beside what they are given.
pub struct Pipeline {
    pub extractor: Arc<Extractor>,
    /// Swapped whole when the taxonomy changes.
    pub tagger: ArcSwap<Tagger>,
    pub settings: Settings,
    readers: Readers,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub tracking: TrackingParameters,
    pub refetch_after: Duration,
    pub max_attempts: u32,
    pub max_redirects: u32,
    pub topic_threshold: f64,
    pub publish_updates: bool,
    pub rights: RightsSettings,
}

/// On what terms a job waits for its host's turn; the fields mean what they mean in `FetchOrder`.
#[derive(Clone, Copy, Debug)]
pub struct TurnTerms {
    pub patience: Duration,
    pub owned_since: Timestamp,
}

impl TurnTerms {
    /// For who has the sites to itself.
    pub fn alone(patience: Duration) -> TurnTerms {
        TurnTerms { patience, owned_since: Timestamp::MIN }
    }
}

/// Where a job goes after the fetch step.
#[derive(Debug)]
pub enum AfterFetch {
    /// With the validators for the next conditional GET.
    Candidate(Box<Candidate>, Validators),
    /// Off to the owner of another site.
    Moved(Box<Job>),
    /// To be taken up again at `job.not_before`.
    Wait(Box<Job>, &'static str),
    Done(Outcome),
    Reject(Box<Reject>),
}

impl AfterFetch {
    /// For traces.
    pub fn as_str(&self) -> &'static str {
        match self {
            AfterFetch::Candidate(..) => "candidate",
            AfterFetch::Moved(_) => "moved",
            AfterFetch::Wait(..) => "waiting",
            AfterFetch::Done(outcome) => outcome.as_str(),
            AfterFetch::Reject(reject) => reject.reason.as_str(),
        }
    }
}

/// A candidate, and what memory is asked with.
pub struct Identified {
    pub candidate: Candidate,
    pub names: Ladder,
    pub text: Fingerprint,
}

/// What the publish step found.
#[derive(Debug)]
pub enum Verdict {
    Event(EventType, Box<ArticleEvent>),
    /// Of the article with this id, known through this rung.
    Duplicate {
        article_id: String,
        through: &'static str,
    },
    Reject(Box<Reject>),
}

impl Verdict {
    /// How the URL behind it ended.
    pub fn ending(&self, job: &Job, now: Timestamp) -> Ending {
        match self {
            Verdict::Event(kind, event) => Ending {
                article_id: Some(event.article_id.clone()),
                version: Some(event.version),
                ..Ending::of_job(job, kind.outcome(), now)
            },
            Verdict::Duplicate { article_id, through } => Ending {
                article_id: Some(article_id.clone()),
                duplicate_through: Some(through),
                ..Ending::of_job(job, Outcome::Duplicate, now)
            },
            Verdict::Reject(reject) => Ending::of_reject(reject, &job.source, Some(job), now),
        }
    }
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Settings {
        Settings {
            tracking: config.identity.tracking(),
            refetch_after: config.fetch.refetch_after,
            max_attempts: config.fetch.max_attempts,
            max_redirects: config.fetch.max_redirects,
            topic_threshold: config.topics.threshold,
            publish_updates: config.dedup.updates == Updates::Publish,
            rights: config.rights.clone(),
        }
    }
}

impl Pipeline {
    pub fn new(extractor: Extractor, tagger: Tagger, settings: Settings) -> Pipeline {
        Pipeline {
            extractor: Arc::new(extractor),
            tagger: ArcSwap::from_pointee(tagger),
            settings,
            readers: Readers::start(),
        }
    }

    /// ROUTE: a URL record becomes a job, keyed by its site.
    pub fn route(&self, source: SourceRecord, now: Timestamp) -> Result<Job, Box<Reject>> {
        let refuse = |source: &SourceRecord, why: (Reason, String), url: Option<String>| {
            Box::new(Reject::new(source, (Stage::Route, why.0, why.1), url, 0, now))
        };
        let record = UrlRecord::parse(&source.record()).map_err(|why| refuse(&source, why, None))?;
        let url = normalize(&record.url, &self.settings.tracking)
            .map_err(|why| refuse(&source, (Reason::InvalidUrl, why.0), Some(record.url.clone())))?;
        let job = Job::new(record.url, url.to_string(), site_of(&url));
        Ok(Job { context: record.context, force: record.force, routed_at: now, source, ..job })
    }

    /// FETCH: a job becomes a candidate, another job, or ends. `known` is what memory has of the job's URL.
    pub async fn fetch(
        &self,
        job: Job,
        known: Option<&PageRecord>,
        fetcher: &dyn Fetch,
        turn: TurnTerms,
    ) -> AfterFetch {
        if self.is_recent(&job, known, fetcher.now()) {
            return AfterFetch::Done(Outcome::Recent);
        }
        let validators = known.filter(|_| !job.force).map(validators_of);
        let TurnTerms { patience, owned_since } = turn;
        let order = FetchOrder { job: &job, validators: validators.as_ref(), patience, owned_since };
        match fetcher.fetch(order).await {
            Fetched::Page(page) => self.read(job, *page, fetcher.now()).await,
            Fetched::Unchanged(_) => AfterFetch::Done(Outcome::Unchanged),
            Fetched::Redirected { to, report } => self.moved(job, to, report.redirects, fetcher.now()),
            Fetched::Wait { until, why } => {
                AfterFetch::Wait(Box::new(Job { not_before: Some(until), ..job }), why)
            }
            Fetched::Retry { until, reason, message } => {
                self.retry(job, until, (reason, message), fetcher.now())
            }
            Fetched::Rejected { reason, message, .. } => reject(&job, (reason, message), fetcher.now()),
        }
    }

    /// The first half of PUBLISH, for which no memory is needed.
    pub fn identify(&self, candidate: Candidate) -> Identified {
        let names = names_of(&candidate, &self.settings.tracking);
        let title = candidate.article.title.as_deref().unwrap_or_default();
        let text = fingerprint(title, &candidate.article.body());
        Identified { candidate, names, text }
    }

    /// PUBLISH: a candidate becomes an event, or is known already. What is to be remembered goes into `claims`.
    pub fn publish(
        &self,
        Identified { candidate, names, text }: Identified,
        offset: i64,
        claims: &mut Claims,
        table: &SeenTable,
        now: Timestamp,
    ) -> Verdict {
        let fetched_ms = candidate.fetched_at.as_millisecond();
        match judge(&names, &text, claims, table) {
            Judgement::Known { entry, .. } if entry.forgotten => {
                let why =
                    (Stage::Publish, Reason::Forgotten, "the article was retracted on request".to_owned());
                Verdict::Reject(Box::new(Reject::new(
                    &candidate.job.source,
                    why,
                    Some(candidate.url),
                    0,
                    now,
                )))
            }
            Judgement::Known { id, through, entry } => {
                let through = through.kind.as_str();
                claims.met_again(table, id, &keys(&names), fetched_ms);
                let is_same_page = entry.aliases.first() == Some(&names.page);
                let changed = changes(&entry.fingerprint, &text);
                // A worker that was frozen with a page in hand brings it late: the older text is no news.
                let is_newer = fetched_ms >= entry.last_seen;
                if !(self.settings.publish_updates && is_same_page && is_newer && !changed.is_empty()) {
                    return Verdict::Duplicate { article_id: id.to_string(), through };
                }
                let first_seen = Timestamp::from_millisecond(entry.first_seen).unwrap_or(now);
                let again = Again { version: entry.version + 1, first_seen, changed };
                self.event(id, (candidate, offset), &names, &text, (claims, table), Some(again), now)
            }
            Judgement::New { id, conflicts, .. } => {
                let lying: Vec<_> = conflicts.iter().map(|rung| (rung.key, rung.kind)).collect();
                let (names, candidate) = without(names, candidate, &lying);
                self.event(id, (candidate, offset), &names, &text, (claims, table), None, now)
            }
        }
    }
}

fn names_of(candidate: &Candidate, tracking: &TrackingParameters) -> Ladder {
    let hops: Vec<String> = candidate.fetch.redirects.iter().map(|hop| hop.url.clone()).collect();
    // A candidate's URL was normalized when it was made; one that does not parse is no record of ours.
    let page = normalize(&candidate.url, tracking).unwrap_or_else(|_| nowhere());
    ladder(&Declared {
        page: &page,
        requested_url: &candidate.job.requested_url,
        hops: &hops,
        short_links: &candidate.article.short_links,
        canonical_urls: &candidate.article.canonical_urls,
        tracking,
    })
}

fn nowhere() -> url::Url {
    url::Url::parse("http://invalid/").expect("a constant URL parses")
}
