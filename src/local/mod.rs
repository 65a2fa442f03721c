//! The same pipeline on files and standard streams, without Kafka.
//!
//! Source records -> route -> fetch (many at once) -> publish (one at a time, in order of completion) -> the sink.

mod state;
#[cfg(test)]
mod whole_worker_test;

pub use state::{OpenState, State};

use crate::memory::{Claims, PageRecord, PagesKey, PagesTable, PagesValue, SeenTable, page_key};
use crate::pipeline::{AfterFetch, Fetch, Pipeline, TurnTerms, Verdict, host_memory, host_record};
use crate::record::{ArticleEvent, Candidate, Ending, Job, Outcome, Reason, Reject, SourceRecord, Stage};
use futures::stream::{FusedStream, FuturesUnordered, Stream, StreamExt};
use jiff::Timestamp;
use std::{sync::Arc, sync::Mutex, time::Duration};
use tokio_util::sync::CancellationToken;

/// URLs held at once. Most of them wait for their host's turn; the fetcher bounds the requests under way.
const IN_FLIGHT: usize = 10_000;
/// Work under way at a stop has this long, as at the worker's: a guess, below the grace that service managers give.
const DRAIN: Duration = Duration::from_secs(15);

/// One machine's worker.
pub struct Ingest {
    pub pipeline: Arc<Pipeline>,
    pub fetcher: Arc<dyn Fetch>,
    /// A host that asks to be left alone for longer makes its URLs `host_unavailable`.
    pub max_wait: Duration,
}

/// What a sink is given, once for every source record.
pub struct Delivery {
    pub ending: Ending,
    pub event: Option<Box<ArticleEvent>>,
    pub reject: Option<Box<Reject>>,
}

/// The end of the fetch step, with the pages to be remembered.
enum Fetched {
    Candidate(Box<Candidate>, Vec<(String, PageRecord)>),
    Ended(Box<Job>, Outcome),
    Rejected(Box<Job>, Box<Reject>),
    /// The run was stopped before the page was asked for: no outcome, and nothing is remembered.
    LetGo,
}

impl Fetched {
    fn job(&self) -> Option<&Job> {
        match self {
            Fetched::Candidate(candidate, _) => Some(&candidate.job),
            Fetched::Ended(job, _) | Fetched::Rejected(job, _) => Some(job),
            Fetched::LetGo => None,
        }
    }
}

impl Ingest {
    /// Takes every record to its outcome. When `stop` is cancelled, no further request begins; what is under way has
    /// a bounded time and is delivered, the rest is let go. Fails only where the sink or the state does. Records are a
    /// stream, because one that comes through a pipe may be long in coming, and those before it must not wait for it.
    pub async fn run(
        &self,
        records: impl Stream<Item = SourceRecord>,
        state: &mut State,
        mut sink: impl FnMut(Delivery) -> std::io::Result<()>,
        stop: CancellationToken,
    ) -> std::io::Result<()> {
        state.pages.hosts().for_each(|host| self.fetcher.restore_host(host_memory(host)));
        let pages = Arc::new(Mutex::new(std::mem::take(&mut state.pages)));
        let mut records = std::pin::pin!(records.fuse());
        let mut in_flight = FuturesUnordered::new();
        let mut drained = std::pin::pin!(async {
            stop.cancelled().await;
            self.fetcher.close();
            tokio::time::sleep(DRAIN).await;
        });
        loop {
            let takes_more = in_flight.len() < IN_FLIGHT && !records.is_terminated() && !stop.is_cancelled();
            if !takes_more && in_flight.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = &mut drained => break,
                Some(fetched) = in_flight.next() => {
                    if let Some(job) = Fetched::job(&fetched) {
                        self.keep_hosts(&job.site, state, &pages);
                    }
                    if let Some(delivery) = self.publish(fetched, state, &pages) {
                        sink(delivery)?;
                        state.keep()?;
                    }
                }
                record = records.next(), if takes_more => {
                    let Some(source) = record else { continue };
                    match self.pipeline.route(source.clone(), self.fetcher.now()) {
                        Ok(job) => in_flight.push(self.fetch(job, pages.clone(), &stop)),
                        Err(reject) => sink(rejected(&source, None, reject, self.fetcher.now()))?,
                    }
                }
            }
        }
        drop(in_flight);
        state.pages = std::mem::take(&mut *lock(&pages));
        Ok(())
    }

    /// One job from site to site and wait to wait until it ends.
    async fn fetch(&self, mut job: Job, pages: Arc<Mutex<PagesTable>>, stop: &CancellationToken) -> Fetched {
        let mut passed: Vec<(String, PageRecord)> = Vec::new();
        let terms = TurnTerms::alone(self.max_wait);
        loop {
            let known = lock(&pages).page(&job.url);
            let asked = job.clone();
            match self.pipeline.fetch(job, known.as_ref(), self.fetcher.as_ref(), terms).await {
                AfterFetch::Candidate(candidate, validators) => {
                    let page = PageRecord {
                        fetched_at: candidate.fetched_at.as_millisecond(),
                        source: asked.source.id(),
                        etag: validators.etag,
                        last_modified: validators.last_modified,
                        outcome: "candidate".into(),
                    };
                    passed.push((asked.url, page.clone()));
                    passed.push((candidate.url.clone(), page));
                    return Fetched::Candidate(candidate, passed);
                }
                AfterFetch::Moved(_) | AfterFetch::Wait(..) if stop.is_cancelled() => return Fetched::LetGo,
                AfterFetch::Moved(next) => job = *next,
                AfterFetch::Wait(later, why) => tokio::select! {
                    () = stop.cancelled() => return Fetched::LetGo,
                    waited = self.wait(*later, why) => match waited {
                        Ok(again) => job = again,
                        Err(given_up) => return Fetched::Rejected(Box::new(asked), given_up),
                    },
                },
                AfterFetch::Done(outcome) => return Fetched::Ended(Box::new(asked), outcome),
                AfterFetch::Reject(reject) => return Fetched::Rejected(Box::new(asked), reject),
            }
        }
    }

    /// A place in a host's queue is waited for, however long; a host in back-off only up to `max_wait`.
    async fn wait(&self, job: Job, why: &'static str) -> Result<Job, Box<Reject>> {
        let now = self.fetcher.now();
        let until = job.not_before.unwrap_or(now);
        let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        if wait > self.max_wait && why != crate::fetch::WAIT_FOR_TURN {
            let message = format!("the host asks for a pause until {until} ({why})");
            let why = (Stage::Fetch, Reason::HostUnavailable, message);
            return Err(Box::new(Reject::new(&job.source, why, Some(job.url.clone()), job.attempts, now)));
        }
        tokio::time::sleep(wait).await;
        Ok(job)
    }

    /// Back-off outlives the process: another one would otherwise ask a host that has just asked for a pause.
    fn keep_hosts(&self, site: &str, state: &mut State, pages: &Mutex<PagesTable>) {
        let now = self.fetcher.now().as_millisecond();
        for memory in self.fetcher.host_memories(site) {
            let (key, value) = (PagesKey::Host(memory.host.clone()), host_record(memory, now));
            state.remember_host(&key, &value);
            lock(pages).apply(key, Some(PagesValue::Host(value)));
        }
    }

    fn publish(&self, fetched: Fetched, state: &mut State, pages: &Mutex<PagesTable>) -> Option<Delivery> {
        let now = self.fetcher.now();
        let (candidate, passed) = match fetched {
            Fetched::Candidate(candidate, passed) => (candidate, passed),
            Fetched::Ended(job, outcome) => {
                return Some(Delivery {
                    ending: Ending::of_job(&job, outcome, now),
                    event: None,
                    reject: None,
                });
            }
            Fetched::Rejected(job, reject) => return Some(rejected(&job.source, Some(&job), reject, now)),
            Fetched::LetGo => return None,
        };
        let job = candidate.job.clone();
        let mut claims = Claims::default();
        let verdict =
            self.pipeline.publish(self.pipeline.identify(*candidate), 0, &mut claims, &state.seen, now);
        state.remember(claims, passed.iter().cloned());
        for (url, page) in passed {
            lock(pages).apply(page_key(&url), Some(PagesValue::Page(page)));
        }
        Some(delivery(&job, verdict, now))
    }
}

/// What the publish step found, as the sink is given it.
fn delivery(job: &Job, verdict: Verdict, now: Timestamp) -> Delivery {
    let ending = verdict.ending(job, now);
    match verdict {
        Verdict::Event(_, event) => Delivery { ending, event: Some(event), reject: None },
        Verdict::Duplicate { .. } => Delivery { ending, event: None, reject: None },
        Verdict::Reject(reject) => Delivery { ending, event: None, reject: Some(reject) },
    }
}

fn rejected(source: &SourceRecord, job: Option<&Job>, reject: Box<Reject>, now: Timestamp) -> Delivery {
    Delivery { ending: Ending::of_reject(&reject, source, job, now), event: None, reject: Some(reject) }
}

fn lock(pages: &Mutex<PagesTable>) -> std::sync::MutexGuard<'_, PagesTable> {
    pages.lock().expect("nobody panics while holding the pages")
}

/// The memory of a run that keeps nothing on disk.
impl State {
    pub fn in_memory() -> State {
        State::new(SeenTable::default(), PagesTable::default(), None)
    }
}
