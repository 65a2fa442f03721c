//! The final line of a URL: its outcome, once, in the log and in the counter.

use super::{board, mask::masked_url, metrics, trace::Parent};
use crate::record::{Ending, Outcome, Reason};
use std::time::Duration;
use tracing::info;

/// Logs the one line of a URL with the key `outcome`, and counts. Lines and counter add up by construction.
/// The message of a reject stays out: it may quote the record.
pub fn report(ending: &Ending) {
    let now = jiff::Timestamp::now();
    metrics::outcome(ending.outcome, ending.reason);
    board::outcome(ending.outcome, ending.reason, now);
    if let Some(ms) = ending.duration_ms.and_then(|ms| u64::try_from(ms).ok()) {
        metrics::end_to_end(Duration::from_millis(ms));
    }
    if matches!(ending.outcome, Outcome::Published | Outcome::Updated) {
        metrics::published(now);
    }
    let parent = ending.traceparent.as_deref().and_then(Parent::parse);
    let host = url::Url::parse(&ending.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    info!(
        outcome = ending.outcome.as_str(),
        reason = ending.reason.map(Reason::as_str),
        url = masked_url(&ending.url),
        article_id = ending.article_id,
        version = ending.version,
        duplicate_through = ending.duplicate_through,
        site = Some(ending.site.as_str()).filter(|site| !site.is_empty()),
        host,
        duration_ms = ending.duration_ms,
        trace_id = parent.as_ref().map(|parent| parent.trace_id),
        // The submitter's span: what a trace is looked up by is the trace id.
        span_id = parent.as_ref().map(|parent| parent.span_id),
        source = ending.source,
        "{}",
        sentence(ending.outcome),
    );
}

/// For a person; machines read the fields.
fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Published => "published an article",
        Outcome::Updated => "published an article's new version",
        Outcome::Duplicate => "known by another name",
        Outcome::Unchanged => "unchanged since it was fetched",
        Outcome::Recent => "fetched lately, not asked again",
        Outcome::Rejected => "ended without an article",
    }
}
