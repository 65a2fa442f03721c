//! The final line of a URL: its outcome, once, in the log and in the counter.

use super::{mask::masked_url, metrics};
use crate::record::{Outcome, Reason};
use std::time::Duration;
use tracing::info;

/// Where one URL ended. Whoever ends a URL makes one of these and calls `report` once.
#[derive(Clone, Debug)]
pub struct UrlOutcome<'a> {
    pub outcome: Outcome,
    /// For `rejected`.
    pub reason: Option<Reason>,
    /// As asked for or as fetched; masked here.
    pub url: &'a str,
    pub article_id: Option<&'a str>,
    pub site: Option<&'a str>,
    pub host: Option<&'a str>,
    /// From intake to the end.
    pub duration: Option<Duration>,
    pub trace_id: Option<&'a str>,
    /// `SourceRecord::id`.
    pub source: &'a str,
}

impl UrlOutcome<'_> {
    /// Logs the one line with the key `outcome`, and counts. The counter and the lines add up by construction.
    pub fn report(&self) {
        metrics::outcome(self.outcome, self.reason);
        info!(
            outcome = self.outcome.as_str(),
            reason = self.reason.map(Reason::as_str),
            url = masked_url(self.url),
            article_id = self.article_id,
            site = self.site,
            host = self.host,
            duration_ms = self.duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            trace_id = self.trace_id,
            source = self.source,
            "url done"
        );
    }
}
