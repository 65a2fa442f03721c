//! How one URL ended: what its final log line, the counters and the summary are made of.

use super::{Job, Outcome, Reason, Reject, SourceRecord};
use jiff::Timestamp;

/// The end of one source record.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    /// For a person, on a reject.
    pub message: Option<String>,
    pub url: String,
    pub site: String,
    pub article_id: Option<String>,
    /// On a duplicate, the rung of the ladder through which it was known.
    pub duplicate_through: Option<&'static str>,
    pub version: Option<u32>,
    /// From the route stage to the end, milliseconds.
    pub duration_ms: Option<i64>,
    /// `kafka-topic-partition-offset`.
    pub source: String,
    pub traceparent: Option<String>,
}

impl Ending {
    /// Of a job that ended with `outcome`; the rest is filled in by who knows it.
    pub fn of_job(job: &Job, outcome: Outcome, now: Timestamp) -> Ending {
        Ending {
            outcome,
            reason: None,
            message: None,
            url: job.url.clone(),
            site: job.site.clone(),
            article_id: None,
            duplicate_through: None,
            version: None,
            duration_ms: Some(now.as_millisecond() - job.routed_at.as_millisecond()),
            source: job.source.id(),
            traceparent: job.source.traceparent(),
        }
    }

    /// Of a reject; `job` is missing where there never was one.
    pub fn of_reject(reject: &Reject, source: &SourceRecord, job: Option<&Job>, now: Timestamp) -> Ending {
        let empty = Ending {
            outcome: Outcome::Rejected,
            reason: None,
            message: None,
            url: reject.url.clone().unwrap_or_default(),
            site: String::new(),
            article_id: None,
            duplicate_through: None,
            version: None,
            duration_ms: None,
            source: source.id(),
            traceparent: source.traceparent(),
        };
        let ending = job.map_or(empty, |job| Ending::of_job(job, Outcome::Rejected, now));
        Ending { reason: Some(reject.reason), message: Some(reject.message.clone()), ..ending }
    }
}
