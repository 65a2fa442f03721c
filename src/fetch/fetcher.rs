//! One job in, one answer out: guard, robots.txt, the host's turn, the request, redirects within the site.
//!
//! ```text
//! job -> guard -> robots.txt -> turn -> request -> page | unchanged | another site | wait | retry | rejected
//!          ^                                 |
//!          +------- redirect of the site ----+
//! ```

use super::answer::{Asked, rejected};
use super::decode::{Limits, read_body};
use super::guard::Guard;
use super::http::HttpTransport;
use super::origin_cache::OriginCache;
use super::robots_cache::Known;
use super::status::{Meaning, asked_pause, meaning};
use super::tdmrep::Tdmrep;
use super::transport::{Blame, Failure, Response, Transport};
use super::turns::{Lease, Turns};
use super::{Clock, FetchOrder, Fetched, FetchedPage, Settings, Validators, contact, headers};
use crate::extract::PageHeaders;
use crate::identity::{site_of, site_of_host};
use crate::record::{Reason, Redirect};
use crate::schedule::{Ask, End, HostMemory, Parked, Rules, Schedule};
use futures::stream::BoxStream;
use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Hosts handed out by `hosts_in_back_off` at most.
const MAX_BACK_OFF_HOSTS: usize = 10_000;

/// Fetches politely. Shared by all jobs.
pub struct Fetcher {
    pub(super) settings: Settings,
    pub(super) guard: Guard,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) turns: Turns,
    pub(super) robots: OriginCache<Known>,
    pub(super) tdmrep: OriginCache<Arc<Tdmrep>>,
    pub(super) robots_agent: String,
    pub(super) in_hand: Arc<Semaphore>,
    pub(super) clock: Clock,
    chance: RandomState,
    closed: CancellationToken,
}

/// Why a request was not made, or what came of it.
pub(super) enum Stop {
    Parked(Parked),
    Failed(Failure),
}

/// Where the job stands between two hops.
struct Hop {
    url: Url,
    redirects: Vec<Redirect>,
}

enum Step {
    Next(Hop),
    Done(Fetched),
}

impl Fetcher {
    /// With real requests. Settings that cannot work are said in the error.
    pub fn new(settings: Settings) -> Result<Fetcher, String> {
        let transport = Arc::new(HttpTransport::new(&settings)?);
        Fetcher::with(settings, transport, Clock::system())
    }

    pub fn with(settings: Settings, transport: Arc<dyn Transport>, clock: Clock) -> Result<Fetcher, String> {
        let rules = Rules {
            delay: settings.delay,
            park_after: settings.park_after,
            backoff: settings.backoff,
            max_backoff: settings.max_backoff,
            max_hosts_per_site: settings.max_hosts_per_site,
        };
        Ok(Fetcher {
            guard: Guard::new(&settings.allow_networks, &settings.allow_ports)?,
            transport,
            turns: Turns::new(Schedule::new(rules), clock.clone()),
            robots: OriginCache::default(),
            tdmrep: OriginCache::default(),
            robots_agent: contact::robots_agent(&settings),
            in_hand: Semaphore::new(settings.concurrency.clamp(1, Semaphore::MAX_PERMITS)).into(),
            clock,
            chance: RandomState::new(),
            closed: CancellationToken::new(),
            settings,
        })
    }

    /// The clock that the fetcher goes by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn fetch(&self, order: FetchOrder<'_>) -> Fetched {
        let asked = Asked::new(order.job);
        let url = match Url::parse(&order.job.url) {
            Ok(url) => url,
            Err(e) => return asked.rejected(Reason::InvalidUrl, format!("not a URL: {e}")),
        };
        let mut hop = Hop { url, redirects: order.job.redirects.clone() };
        loop {
            match self.hop(hop, &order, &asked).await {
                Step::Next(next) => hop = next,
                Step::Done(fetched) => return fetched,
            }
        }
    }

    async fn hop(&self, hop: Hop, order: &FetchOrder<'_>, asked: &Asked<'_>) -> Step {
        if let Err(why) = self.guard.judge_url(&hop.url) {
            return Step::Done(rejected(Reason::RefusedAddress, why, asked.report(&hop.redirects, 0)));
        }
        let is_first = hop.redirects.len() == order.job.redirects.len();
        let booked = order.job.not_before.filter(|_| is_first);
        let ask = Turn { url: &hop.url, booked, patience: order.patience, owned_since: order.owned_since };
        let robots = match self.robots_of(&ask).await {
            Err(stop) => return Step::Done(self.stopped(stop, hop, order, asked)),
            Ok(robots) => robots,
        };
        if !robots.allows(path_and_query(&hop.url)) {
            let why = "robots.txt disallows the path".to_owned();
            return Step::Done(rejected(Reason::RobotsDenied, why, asked.report(&hop.redirects, 0)));
        }
        match self.tdmrep_of(&ask, &robots).await {
            Err(stop) => return Step::Done(self.stopped(stop, hop, order, asked)),
            Ok(reserved) => asked.reserved_by_file(reserved),
        }
        let lease = match self.turn(&ask).await {
            Ok(lease) => lease,
            Err(parked) => return Step::Done(self.stopped(Stop::Parked(parked), hop, order, asked)),
        };
        let validators = order.validators.filter(|_| is_first);
        self.ask_for_page(lease, hop, validators, order, asked).await
    }

    /// The request itself, and what its status says. The lease ends when the last byte is in.
    async fn ask_for_page(
        &self,
        lease: Lease<'_>,
        hop: Hop,
        validators: Option<&Validators>,
        order: &FetchOrder<'_>,
        asked: &Asked<'_>,
    ) -> Step {
        let in_hand = self.in_hand.clone().acquire_owned().await.expect("nobody closes the semaphore");
        let started = Instant::now();
        let request = self.request(&hop, validators, in_hand, asked);
        let answer = match timeout(self.settings.timeout, request).await {
            Ok(answer) => answer,
            Err(_) => Err((Failure::of_host(Reason::Timeout, "the page took too long"), None)),
        };
        asked.took(started.elapsed());
        match answer {
            Ok(answer) => {
                lease.ended(End::Healthy);
                self.answered(answer, hop, order, asked)
            }
            Err((failure, pause)) => {
                lease.ended(self.end_of(&failure, pause));
                Step::Done(self.stopped(Stop::Failed(failure), hop, order, asked))
            }
        }
    }

    async fn request(
        &self,
        hop: &Hop,
        validators: Option<&Validators>,
        in_hand: OwnedSemaphorePermit,
        asked: &Asked<'_>,
    ) -> Result<Answer, (Failure, Option<Duration>)> {
        let bare = |failure| (failure, None);
        let response = self.transport.send(&hop.url, request_headers(validators)).await.map_err(bare)?;
        let Response { status, headers, body } = response;
        asked.status(status);
        match meaning(status, &headers, &hop.url, validators.is_some()) {
            Meaning::Failed(failure) => Err((failure, asked_pause(status, &headers, self.clock.now()))),
            Meaning::Redirect(to) => Ok(Answer::Redirect(to, status)),
            Meaning::Unchanged => Ok(Answer::Unchanged),
            Meaning::Page => {
                let page = self.page(hop, (status, headers, body), in_hand, asked).await.map_err(bare)?;
                Ok(Answer::Page(Box::new(page)))
            }
        }
    }

    async fn page(
        &self,
        hop: &Hop,
        (status, headers, body): (u16, HeaderMap, BoxStream<'static, Result<bytes::Bytes, Failure>>),
        in_hand: OwnedSemaphorePermit,
        asked: &Asked<'_>,
    ) -> Result<FetchedPage, Failure> {
        let content_type = headers::first(&headers, "content-type");
        let kind = headers::content_kind(content_type.as_deref());
        let wrong = |what: &str| Failure::lasting(Reason::WrongContentType, what.to_owned());
        if kind == headers::ContentKind::Other {
            return Err(wrong(content_type.as_deref().unwrap_or("none")));
        }
        let accept = |first: &[u8]| match kind {
            headers::ContentKind::Unsaid if !headers::starts_as_html(first) => {
                Err(wrong("no content type, and the body does not begin as HTML"))
            }
            _ => Ok(()),
        };
        let announced = headers::first(&headers, "content-length").and_then(|length| length.parse().ok());
        let limits = Limits { announced: announced.unwrap_or(0), ..Limits::of_page(&self.settings) };
        let body = read_body(body, &headers::encodings(&headers), limits, accept).await?;
        let mut report = asked.report(&hop.redirects, status);
        (report.bytes_wire, report.bytes_decoded) = (body.wire_bytes, body.bytes.len() as u64);
        Ok(FetchedPage {
            url: hop.url.clone(),
            body: body.bytes,
            content_type,
            headers: PageHeaders {
                tdm_file: asked.is_reserved_by_file(),
                agent: Some(self.robots_agent.clone()),
                ..headers::of_page(&headers)
            },
            response_headers: headers::telling(&headers),
            report,
            validators: headers::validators(&headers),
            robots_allowed: true,
            in_hand,
        })
    }

    fn answered(&self, answer: Answer, hop: Hop, order: &FetchOrder<'_>, asked: &Asked<'_>) -> Step {
        match answer {
            Answer::Page(mut page) => {
                page.report.duration_ms = asked.duration_ms();
                Step::Done(Fetched::Page(page))
            }
            Answer::Unchanged => Step::Done(Fetched::Unchanged(asked.report(&hop.redirects, 304))),
            Answer::Redirect(to, status) => self.redirected(to, status, hop, order, asked),
        }
    }

    fn redirected(
        &self,
        to: Url,
        status: u16,
        mut hop: Hop,
        order: &FetchOrder<'_>,
        asked: &Asked<'_>,
    ) -> Step {
        let from = hop.url.clone();
        hop.redirects.push(Redirect { url: from.to_string(), status });
        let refuse =
            |reason, why: String| Step::Done(rejected(reason, why, asked.report(&hop.redirects, status)));
        if hop.redirects.iter().any(|been| same_page(&been.url, &to)) {
            return refuse(Reason::RedirectLoop, format!("back at {to}"));
        }
        if hop.redirects.len() > self.settings.max_redirects as usize {
            return refuse(
                Reason::TooManyRedirects,
                format!("over {} redirects", self.settings.max_redirects),
            );
        }
        if let Err(why) = self.guard.judge_url(&to) {
            return refuse(Reason::RefusedAddress, why);
        }
        if site_of(&to) != order.job.site {
            let report = asked.report(&hop.redirects, status);
            return Step::Done(Fetched::Redirected { to, report });
        }
        hop.url = to;
        Step::Next(hop)
    }

    /// What becomes of a job that got no answer it could use.
    fn stopped(&self, stop: Stop, hop: Hop, order: &FetchOrder<'_>, asked: &Asked<'_>) -> Fetched {
        let has_moved = hop.redirects.len() > order.job.redirects.len();
        match stop {
            Stop::Parked(Parked::Unavailable { until }) => {
                let why = format!("the host failed too often; it is left alone until {until}");
                rejected(Reason::HostUnavailable, why, asked.report(&hop.redirects, 0))
            }
            // The hops made are kept: a job of its own goes on from here.
            Stop::Parked(_) if has_moved => {
                let report = asked.report(&hop.redirects, 0);
                Fetched::Redirected { to: hop.url, report }
            }
            Stop::Parked(Parked::Turn { until }) => Fetched::Wait { until, why: super::WAIT_FOR_TURN },
            Stop::Parked(Parked::BackOff { until }) => Fetched::Wait { until, why: "back_off" },
            Stop::Failed(failure) => self.failed(failure, &hop, order, asked),
        }
    }

    fn failed(&self, failure: Failure, hop: &Hop, order: &FetchOrder<'_>, asked: &Asked<'_>) -> Fetched {
        let report = asked.report(&hop.redirects, asked.last_status());
        let is_last = order.job.attempts + 1 >= self.settings.max_attempts;
        if failure.blame == Blame::Lasting || is_last {
            return rejected(failure.reason, failure.message, report);
        }
        let now = self.clock.now();
        let own = self.settings.backoff.saturating_mul(1 << order.job.attempts.min(16));
        let own = own.min(self.settings.max_backoff).mul_f64(0.75 + self.spread() / 2.0);
        let own = now.checked_add(own).unwrap_or(Timestamp::MAX);
        let host = host_of(&hop.url);
        let until = match failure.blame {
            Blame::Host => self.turns.pause_of(&host).unwrap_or(own),
            _ => own,
        };
        Fetched::Retry { until, reason: failure.reason, message: failure.message }
    }

    pub(super) fn end_of(&self, failure: &Failure, retry_after: Option<Duration>) -> End {
        match failure.blame {
            Blame::Host => End::Failed { retry_after, spread: self.spread() },
            // The host answered, and what it said concerns this page alone.
            Blame::Lasting => End::Healthy,
            Blame::Page => End::Unknown,
        }
    }

    /// Chance for jitter, 0 to 1.
    fn spread(&self) -> f64 {
        (self.chance.hash_one(self.clock.now().as_nanosecond()) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) async fn turn(&self, turn: &Turn<'_>) -> Result<Lease<'_>, Parked> {
        let (host, site) = (host_of(turn.url), site_of(turn.url));
        let Turn { booked, patience, owned_since, .. } = *turn;
        let ask = Ask { host: &host, site: &site, booked, patience, owned_since };
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(Parked::Turn { until: self.clock.now() }),
            lease = self.turns.take(ask) => lease,
        }
    }

    /// Begins no further request: who waits for a turn is told to wait elsewhere, what is under way is finished.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// To be called every second or so by who may lose its sites while the process does not run: after a longer silence
    /// no request starts for a while.
    pub fn beat(&self) {
        self.turns.beat(true);
    }

    /// Takes over what was known of a host before a restart or a hand-over.
    pub fn restore_host(&self, memory: HostMemory) {
        let host = memory.host.trim_end_matches('.').to_ascii_lowercase();
        let site = site_of_host(&host);
        self.turns.restore(HostMemory { host, ..memory }, &site);
    }

    /// What to persist of a site's hosts: while they fail, once after they recovered, and where they ask for a delay of
    /// their own.
    pub fn host_memories(&self, site: &str) -> Vec<HostMemory> {
        self.turns.memories_to_keep(site)
    }

    pub fn hosts_in_back_off(&self) -> Vec<HostMemory> {
        self.turns.in_back_off(MAX_BACK_OFF_HOSTS)
    }

    /// Lets go of the sites that another worker owns now.
    pub fn forget_sites(&self, is_gone: impl Fn(&str) -> bool) {
        self.turns.forget_sites(is_gone);
    }
}

/// A URL that wants its host's turn.
pub(super) struct Turn<'a> {
    pub url: &'a Url,
    pub booked: Option<Timestamp>,
    pub patience: Duration,
    pub owned_since: Timestamp,
}

enum Answer {
    Page(Box<FetchedPage>),
    Unchanged,
    Redirect(Url, u16),
}

/// The name politeness is kept by: what `Url` makes of every spelling, without a trailing dot. Ports share a host.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn path_and_query(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

fn same_page(been: &str, to: &Url) -> bool {
    Url::parse(been).is_ok_and(|mut been| {
        been.set_fragment(None);
        been == *to
    })
}

pub(super) fn request_headers(validators: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd, deflate"));
    let mut condition = |name: HeaderName, value: Option<&String>| {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    };
    condition(IF_NONE_MATCH, validators.and_then(|known| known.etag.as_ref()));
    condition(IF_MODIFIED_SINCE, validators.and_then(|known| known.last_modified.as_ref()));
    headers
}
