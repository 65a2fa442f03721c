//! One job at the fetch stage, from its record to everything written that it leads to.

use super::in_hand::Held;
use super::intake::Record;
use super::outlet::WriteError;
use super::route_stage::too_large;
use super::source::source_record;
use super::{Shared, crash_point};
use crate::memory::{PageRecord, PagesKey, PagesValue, page_key};
use crate::pipeline::{AfterFetch, REDIRECTED, TurnTerms, host_record};
use crate::record::{Candidate, Ending, Forget, Job, Reason, Reject, SiteCommand, Stage};
use std::sync::Arc;
use std::time::Duration;

/// What a job leaves behind when it is done.
pub struct Done {
    pub partition: i32,
    pub serial: u64,
    pub offset: i64,
    pub remember: Vec<(PagesKey, PagesValue)>,
    pub forget: Vec<PagesKey>,
}

/// Fetches, writes where it leads, remembers; only then is the offset done. `held` until the fetch is over.
pub async fn one_job(
    shared: Arc<Shared>,
    record: Record,
    job: Result<Job, serde_json::Error>,
    known: Option<PageRecord>,
    (turn, held): (TurnTerms, Option<Held>),
) -> Result<Done, WriteError> {
    let mut done = Done {
        partition: record.partition,
        serial: record.serial,
        offset: record.offset,
        remember: Vec::new(),
        forget: Vec::new(),
    };
    let job = match job {
        Ok(job) if job.v == Job::VERSION => job,
        unreadable => {
            let payload = record.payload.as_deref().unwrap_or_default();
            match SiteCommand::parse(payload) {
                Some(SiteCommand::Forget(forget)) => done.forget = purge(&shared, &record, &forget).await?,
                _ => unknown(&shared, &record, unreadable.err()).await?,
            }
            return Ok(done);
        }
    };
    let wait = wait_for(&job, &shared);
    if wait > turn.patience.max(Duration::from_secs(1)) {
        drop(held);
        // A job that goes round in a delay tier and came out too early.
        let parked = shared.outlet.delayed(&job, wait).await;
        or_reject(&shared, &job, parked).await?;
        return Ok(done);
    }
    let asked = job.clone();
    let started = std::time::Instant::now();
    let after = shared.pipeline.fetch(job, known.as_ref(), shared.fetcher.as_ref(), turn).await;
    drop(held);
    crate::telemetry::stage_duration(Stage::Fetch, started.elapsed());
    let what = after.as_str();
    let led_to = carry_on(&shared, &asked, after).await;
    done.remember = or_reject(&shared, &asked, led_to).await?;
    crash_point::pass("fetch-after-produce");
    let attributes = [("newswire.site", asked.site.as_str()), ("newswire.became", what)];
    crate::telemetry::span(Stage::Fetch, &asked.source, started.elapsed(), &asked.url, &attributes);
    done.remember.extend(host_memories(&shared, &asked));
    for (key, value) in &done.remember {
        match shared.outlet.page(record.partition, key, Some(value)).await {
            // A page that says too much of itself is not remembered: at worst it is fetched once more.
            Err(WriteError::TooLarge(_)) => {}
            written => written?,
        }
    }
    crash_point::pass("fetch-after-pages");
    Ok(done)
}

/// What no broker takes at its size ends in a reject instead, and is nothing to remember.
pub async fn or_reject<T: Default>(
    shared: &Shared,
    job: &Job,
    written: Result<T, WriteError>,
) -> Result<T, WriteError> {
    let Err(WriteError::TooLarge(size)) = written else { return written };
    let now = shared.fetcher.now();
    let reject = too_large(job, size, (Stage::Fetch, now));
    shared.outlet.reject(&reject).await?;
    shared.end(&Ending::of_reject(&reject, &job.source, Some(job), now)).await?;
    Ok(T::default())
}

fn wait_for(job: &Job, shared: &Shared) -> Duration {
    let wait = job.not_before.map(|at| at.duration_since(shared.fetcher.now()));
    wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default()
}

/// Writes what the fetch step gave and says what is to be remembered of the page.
async fn carry_on(
    shared: &Shared,
    asked: &Job,
    after: AfterFetch,
) -> Result<Vec<(PagesKey, PagesValue)>, WriteError> {
    let now = shared.fetcher.now();
    let page = |outcome: &str| PageRecord {
        fetched_at: now.as_millisecond(),
        source: asked.source.id(),
        outcome: outcome.to_owned(),
        ..PageRecord::default()
    };
    Ok(match after {
        AfterFetch::Candidate(candidate, validators) => {
            if !written(shared, &candidate).await? {
                return Ok(vec![]);
            }
            crate::telemetry::latency(Stage::Fetch, asked.source.timestamp, shared.fetcher.now());
            let page = PageRecord {
                etag: validators.etag,
                last_modified: validators.last_modified,
                ..page("candidate")
            };
            let mut both = vec![(page_key(&asked.url), PagesValue::Page(page.clone()))];
            if candidate.url != asked.url {
                both.push((page_key(&candidate.url), PagesValue::Page(page)));
            }
            both
        }
        AfterFetch::Moved(job) => {
            shared.outlet.job(&job).await?;
            vec![(page_key(&asked.url), PagesValue::Page(page(REDIRECTED)))]
        }
        AfterFetch::Wait(job, why) => {
            tracing::debug!(why, url = crate::telemetry::masked_url(&job.url), "parked");
            crate::telemetry::parked();
            shared.outlet.delayed(&job, wait_for(&job, shared)).await?;
            vec![]
        }
        AfterFetch::Done(outcome) => {
            shared.end(&Ending::of_job(asked, outcome, now)).await?;
            vec![]
        }
        AfterFetch::Reject(reject) => {
            shared.outlet.reject(&reject).await?;
            shared.end(&Ending::of_reject(&reject, &asked.source, Some(asked), now)).await?;
            vec![(page_key(&asked.url), PagesValue::Page(page(reject.reason.as_str())))]
        }
    })
}

/// False where no broker takes the candidate at its size: that is its reject.
async fn written(shared: &Shared, candidate: &Candidate) -> Result<bool, WriteError> {
    let size = match shared.outlet.candidate(candidate).await {
        Ok(()) => return Ok(true),
        Err(WriteError::TooLarge(size)) => size,
        Err(e) => return Err(e),
    };
    let now = shared.fetcher.now();
    let message = format!("the extracted article of {size} bytes is larger than the brokers take");
    let why = (Stage::Fetch, Reason::RecordTooLarge, message);
    let job = &candidate.job;
    let reject = Reject::new(&job.source, why, Some(candidate.url.clone()), job.attempts, now);
    shared.outlet.reject(&reject).await?;
    shared.end(&Ending::of_reject(&reject, &job.source, Some(job), now)).await?;
    Ok(false)
}

/// Back-off and delays of the site's hosts, so that they outlive a restart and a hand-over; also when they are over.
fn host_memories(shared: &Shared, job: &Job) -> Vec<(PagesKey, PagesValue)> {
    let now = shared.fetcher.now().as_millisecond();
    let memories = shared.fetcher.host_memories(&job.site).into_iter();
    memories
        .map(|memory| (PagesKey::Host(memory.host.clone()), PagesValue::Host(host_record(memory, now))))
        .collect()
}

/// What is remembered of the pages goes: a tombstone for each.
async fn purge(shared: &Shared, record: &Record, forget: &Forget) -> Result<Vec<PagesKey>, WriteError> {
    let keys: Vec<PagesKey> = forget.urls.iter().map(|url| page_key(url)).collect();
    for key in &keys {
        shared.outlet.page(record.partition, key, None).await?;
    }
    Ok(keys)
}

/// A job that this version cannot read: a named reject with the record's bytes, never a blocked partition.
async fn unknown(shared: &Shared, record: &Record, e: Option<serde_json::Error>) -> Result<(), WriteError> {
    let message = e.map_or_else(
        || "a job of an unknown version".to_owned(),
        |e| format!("a job that does not parse: {e}"),
    );
    let source = source_record(record);
    let now = shared.fetcher.now();
    let reject = Reject::new(&source, (Stage::Fetch, Reason::UnknownVersion, message), None, 0, now);
    shared.outlet.reject(&reject).await?;
    shared.end(&Ending::of_reject(&reject, &source, None, now)).await?;
    Ok(())
}
