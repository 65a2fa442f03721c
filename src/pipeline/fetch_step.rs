//! The fetch step, inside: recent or not, reading the page, moving to another site, trying again.

use super::{AfterFetch, Pipeline, names_of};
use crate::extract::{Extractor, Page, charset};
use crate::fetch::{FetchOrder, Fetched, FetchedPage, Fetcher, HostMemory, Validators, page_kind};
use crate::identity::{is_listing, normalize, site_of};
use crate::memory::{HostRecord, PageRecord};
use crate::record::{Article, Candidate, Job, Reason, Redirect, Reject, Stage};
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::time::Duration;

/// What is remembered of a page that led to another.
pub const REDIRECTED: &str = "redirected";

/// Whatever fetches: `fetch::Fetcher`, or pages held in memory by a test.
pub trait Fetch: Send + Sync {
    fn fetch<'a>(&'a self, order: FetchOrder<'a>) -> BoxFuture<'a, Fetched>;

    /// The clock that the fetcher goes by.
    fn now(&self) -> Timestamp;

    /// Begins no further request; those under way are finished.
    fn close(&self) {}

    /// Told every second that the process runs.
    fn beat(&self) {}

    /// Takes up a host's back-off and delay where an earlier owner left them.
    fn restore_host(&self, _memory: HostMemory) {}

    /// What is new and to be remembered of a site's hosts.
    fn host_memories(&self, _site: &str) -> Vec<HostMemory> {
        Vec::new()
    }

    /// These sites are another worker's now: what is known of their hosts grows old.
    fn forget_sites(&self, _is_gone: &dyn Fn(&str) -> bool) {}

    /// For the gauge and the status page.
    fn hosts_in_back_off(&self) -> Vec<HostMemory> {
        Vec::new()
    }
}

impl Fetch for Fetcher {
    fn fetch<'a>(&'a self, order: FetchOrder<'a>) -> BoxFuture<'a, Fetched> {
        Box::pin(Fetcher::fetch(self, order))
    }

    fn now(&self) -> Timestamp {
        Fetcher::now(self)
    }

    fn beat(&self) {
        Fetcher::beat(self);
    }

    fn close(&self) {
        Fetcher::close(self);
    }

    fn restore_host(&self, memory: HostMemory) {
        Fetcher::restore_host(self, memory);
    }

    fn host_memories(&self, site: &str) -> Vec<HostMemory> {
        Fetcher::host_memories(self, site)
    }

    fn forget_sites(&self, is_gone: &dyn Fn(&str) -> bool) {
        Fetcher::forget_sites(self, is_gone);
    }

    fn hosts_in_back_off(&self) -> Vec<HostMemory> {
        Fetcher::hosts_in_back_off(self)
    }
}

impl Pipeline {
    /// A URL fetched lately costs no request; but a redelivery of the very record it was fetched for must go on.
    pub(super) fn is_recent(&self, job: &Job, known: Option<&PageRecord>, now: Timestamp) -> bool {
        let Some(page) = known.filter(|page| !job.force && page.source != job.source.id()) else {
            return false;
        };
        self.is_fresh(page, now) && page.outcome != REDIRECTED
    }

    /// Whether all that this very record leads to was written lately: what is remembered of a page is written last. A
    /// job that comes again after a crash, or that was parked twice, then has nothing left to do. A redirect that leads
    /// back to its page is no such job, nor is a record that came after the fetch: its Kafka topic was created anew, and
    /// its offsets begin again.
    pub fn is_done(&self, job: &Job, page: &PageRecord, now: Timestamp) -> bool {
        page.source == job.source.id()
            && job.source.timestamp.is_none_or(|submitted| submitted <= page.fetched_at)
            && self.is_fresh(page, now)
            && (page.outcome != REDIRECTED || job.redirects.is_empty())
    }

    fn is_fresh(&self, page: &PageRecord, now: Timestamp) -> bool {
        let age_ms = now.as_millisecond().saturating_sub(page.fetched_at);
        (age_ms as u128) < self.settings.refetch_after.as_millis()
    }

    /// Page -> text -> article -> candidate; or a page that is no article.
    pub(super) async fn read(&self, job: Job, page: FetchedPage, now: Timestamp) -> AfterFetch {
        let extractor = self.extractor.clone();
        let reading = self.readers.run(move || (read_page(&extractor, &page, now), page));
        let (read, page) = match reading.await {
            Ok(read) => read,
            // The reader has no panic that input can cause; should it have one, it costs this page, not the worker.
            Err(e) => return reject(&job, (Reason::BadResponse, format!("cannot read the page: {e}")), now),
        };
        match read {
            Ok(_) if is_listing(&page.url) => {
                reject(&job, (Reason::NotAnArticle, "a home or section page".into()), now)
            }
            Ok((article, charset)) => self.candidate(job, page, article, charset, now),
            Err(why) => reject(&job, why, now),
        }
    }

    fn candidate(
        &self,
        job: Job,
        page: FetchedPage,
        mut article: Article,
        charset: &str,
        now: Timestamp,
    ) -> AfterFetch {
        article.rights.robots_allowed = page.robots_allowed;
        let (mut fetch, validators) = (page.report, page.validators);
        fetch.charset = charset.to_owned();
        let normalized = normalize(page.url.as_str(), &self.settings.tracking);
        let url = normalized.map_or(page.url.to_string(), String::from);
        let candidate = Candidate { v: Candidate::VERSION, job, url, article, fetched_at: now, fetch };
        match names_of(&candidate, &self.settings.tracking).foreign_canonical {
            Some(owner) => {
                let Candidate { job, url, fetch, .. } = candidate;
                let mut hops = fetch.redirects;
                hops.push(Redirect { url, status: fetch.status });
                self.moved(job, owner, hops, now)
            }
            None => AfterFetch::Candidate(Box::new(candidate), validators),
        }
    }

    pub(super) fn moved(
        &self,
        job: Job,
        to: url::Url,
        redirects: Vec<Redirect>,
        now: Timestamp,
    ) -> AfterFetch {
        if redirects.len() > self.settings.max_redirects as usize {
            return reject(
                &job,
                (Reason::TooManyRedirects, format!("over {} redirects", self.settings.max_redirects)),
                now,
            );
        }
        match normalize(to.as_str(), &self.settings.tracking) {
            Err(why) => reject(&job, (Reason::BadRedirect, why.0), now),
            Ok(url) => {
                let site = site_of(&url);
                AfterFetch::Moved(Box::new(Job {
                    url: url.into(),
                    site,
                    redirects,
                    attempts: 0,
                    not_before: None,
                    ..job
                }))
            }
        }
    }

    pub(super) fn retry(
        &self,
        mut job: Job,
        until: Timestamp,
        why: (Reason, String),
        now: Timestamp,
    ) -> AfterFetch {
        job.attempts += 1;
        if job.attempts >= self.settings.max_attempts {
            return reject(&job, why, now);
        }
        job.not_before = Some(until);
        AfterFetch::Wait(Box::new(job), why.0.as_str())
    }
}

pub(super) fn reject(job: &Job, (reason, message): (Reason, String), now: Timestamp) -> AfterFetch {
    let why = (Stage::Fetch, reason, message);
    AfterFetch::Reject(Box::new(Reject::new(&job.source, why, Some(job.url.clone()), job.attempts, now)))
}

/// Bytes -> text -> article, or why it is none.
fn read_page(
    extractor: &Extractor,
    page: &FetchedPage,
    now: Timestamp,
) -> Result<(Article, &'static str), (Reason, String)> {
    let text = charset::decode(&page.body, page.content_type.as_deref());
    if let Some(reason) = page_kind::judge(page, &text.text) {
        return Err((reason, "the page is told by its text to be none".into()));
    }
    let (html, headers) = (&*text.text, &page.headers);
    let mut article = extractor.extract(&Page { url: &page.url, html, headers, fetched_at: Some(now) });
    if text.replaced > 0 {
        article.warnings.push(format!("replaced_characters:{}", text.replaced));
    }
    match (article.title.is_some(), article.body().trim().is_empty()) {
        (false, _) => Err((Reason::NotAnArticle, "no title found".into())),
        (_, true) => Err((Reason::NotAnArticle, "no body found".into())),
        _ => Ok((article, text.charset)),
    }
}

/// What the schedule wants kept of a host, as the table keeps it. `at` in milliseconds since 1970.
pub fn host_record(memory: HostMemory, at: i64) -> HostRecord {
    HostRecord {
        host: memory.host,
        back_off_until: memory.back_off_until.map(|until| until.as_millisecond()),
        failures: memory.failures,
        delay_ms: memory.delay.map(|delay| delay.as_millis() as u64),
        at,
    }
}

/// The way back.
pub fn host_memory(record: &HostRecord) -> HostMemory {
    HostMemory {
        host: record.host.clone(),
        back_off_until: record.back_off_until.and_then(|at| Timestamp::from_millisecond(at).ok()),
        failures: record.failures,
        delay: record.delay_ms.map(Duration::from_millis),
    }
}

pub(super) fn validators_of(page: &PageRecord) -> Validators {
    Validators { etag: page.etag.clone(), last_modified: page.last_modified.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::record::SourceRecord;
    use crate::topics::Tagger;
    use base64::{Engine, prelude::BASE64_STANDARD};

    /// A loop of pages that lead to each other must come to its reject, and a record must not be taken for another one.
    #[test]
    fn only_a_job_whose_own_record_was_done_lately_is_done() {
        let pipeline = Pipeline::new(Extractor::bundled(), Tagger::bundled(), (&Config::default()).into());
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
        let source = SourceRecord {
            topic: "urls".into(),
            offset: 7,
            timestamp: Some(1000),
            record_base64: BASE64_STANDARD.encode("http://paper.example/1"),
            ..SourceRecord::default()
        };
        let job = pipeline.route(source, at(1000)).unwrap();
        let page = PageRecord {
            fetched_at: 2000,
            source: job.source.id(),
            outcome: "candidate".into(),
            ..PageRecord::default()
        };
        let is_done = |job: &Job, page: &PageRecord| pipeline.is_done(job, page, at(3000));
        let with_hop = |job: &Job| Job {
            redirects: vec![Redirect { url: "http://old.example/1".into(), status: 301 }],
            ..job.clone()
        };
        let led_on = PageRecord { outcome: REDIRECTED.into(), ..page.clone() };
        assert!(is_done(&job, &page) && is_done(&with_hop(&job), &page) && is_done(&job, &led_on));
        assert!(!is_done(&with_hop(&job), &led_on), "the way leads back here");
        assert!(!is_done(&job, &PageRecord { source: "urls-0-8".into(), ..page.clone() }));
        assert!(!pipeline.is_done(&job, &page, at(2000 + 24 * 3_600_000)), "long ago");
        let mut recreated = job.clone();
        recreated.source.timestamp = Some(2500);
        assert!(!is_done(&recreated, &page), "a Kafka topic that was created anew");
    }
}
