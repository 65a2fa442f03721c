//! One job in, one page out: robots.txt, politeness, the address guard, redirects, limits, decoding of the transfer.

mod answer;
mod clock;
mod connections;
mod contact;
mod decode;
mod dns;
mod fetcher;
pub mod guard;
mod headers;
mod http;
pub mod memory;
mod origin_cache;
pub mod page_kind;
pub mod robots;
mod robots_cache;
mod settings;
mod status;
mod tdmrep;
mod tls;
pub mod transport;
mod turns;
mod well_known;

pub use clock::Clock;
pub use fetcher::Fetcher;
pub use http::HttpTransport;
pub use settings::Settings;

pub use crate::schedule::HostMemory;

use crate::extract::PageHeaders;
use crate::record::{FetchReport, Job, Reason};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

/// What became of a job at the fetcher.
#[derive(Debug)]
pub enum Fetched {
    /// A 200 with an HTML body.
    Page(Box<FetchedPage>),
    /// 304 on the validators that were given.
    Unchanged(FetchReport),
    /// A redirect that leaves the site: a new job for the owner of `to`. `report.redirects` has all hops so far.
    Redirected { to: Url, report: FetchReport },
    /// No request may be made before `until`, and that is further away than the patience given.
    /// Costs no attempt.
    Wait { until: Timestamp, why: &'static str },
    /// This attempt failed for a passing reason; the host is backed off until then.
    Retry { until: Timestamp, reason: Reason, message: String },
    /// The URL ends here.
    Rejected { reason: Reason, message: String, report: FetchReport },
}

/// A page as it came, the transfer decoded, the text not yet.
#[derive(Debug)]
pub struct FetchedPage {
    /// Final URL, after redirects within the site.
    pub url: Url,
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub headers: PageHeaders,
    /// `name: value` lines of the headers that `page_kind` looks at.
    pub response_headers: Vec<String>,
    /// `charset` is left empty: the body is decoded by `extract`.
    pub report: FetchReport,
    pub validators: Validators,
    pub robots_allowed: bool,
    /// One of `fetch.concurrency`, given back with the page: bodies that wait to be read are bounded as well.
    pub in_hand: OwnedSemaphorePermit,
}

/// For a conditional GET.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// One job and how it may be fetched.
pub struct FetchOrder<'a> {
    pub job: &'a Job,
    pub validators: Option<&'a Validators>,
    /// The longest that `fetch` may wait for the host's turn before it answers `Wait`.
    pub patience: Duration,
    /// Since when the job's site is this worker's: until then another may have asked its hosts, so their delay counts
    /// from there. `Timestamp::MIN` where there is no other worker.
    pub owned_since: Timestamp,
}

/// `Fetched::Wait::why` where a job only waits for its booked place in its host's queue.
pub const WAIT_FOR_TURN: &str = "turn";
