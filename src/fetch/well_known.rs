//! The robots.txt and the tdmrep.json of a URL: from the cache, or fetched by the first who needs them while the others
//! wait. Their requests take the host's turns like any other.

use super::decode::{Limits, read_body};
use super::fetcher::{Fetcher, Stop, Turn, host_of, request_headers};
use super::headers;
use super::origin_cache::{Entry, Kept, Slot};
use super::robots::{MAX_ROBOTS_BYTES, Robots};
use super::robots_cache::{KEEP_FOR, Known, after};
use super::status::asked_pause;
use super::tdmrep::{MAX_TDMREP_BYTES, Tdmrep};
use super::transport::{Blame, Failure, Response};
use crate::identity::site_of;
use crate::record::Reason;
use crate::schedule::{End, Parked};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// RFC 9309 §2.3.1.2: at least five are followed; a file behind more is taken as not there.
const MAX_REDIRECTS: usize = 5;

/// A file that a site keeps at a known place.
struct WellKnown {
    path: &'static str,
    accept: &'static str,
    max_bytes: usize,
    /// What a 429 or 5xx is taken for.
    away: fn(u16) -> Failure,
}

const ROBOTS: WellKnown = WellKnown {
    path: "/robots.txt",
    accept: "text/plain,*/*;q=0.5",
    max_bytes: MAX_ROBOTS_BYTES,
    away: |status| Failure::of_host(Reason::RobotsDenied, format!("status {status}")),
};

/// That this file cannot be had says nothing about the host, unless the host says so.
const TDMREP: WellKnown = WellKnown {
    path: "/.well-known/tdmrep.json",
    accept: "application/json,*/*;q=0.5",
    max_bytes: MAX_TDMREP_BYTES,
    away: |status| match status {
        429 | 503 => Failure::of_host(Reason::HostUnavailable, format!("status {status}")),
        _ => Failure::of_page(Reason::HttpServerError, format!("status {status}")),
    },
};

/// A tdmrep.json that could not be had is asked for again after this. A guess.
const TDMREP_AGAIN_AFTER: Duration = Duration::from_secs(3600);

enum Answer {
    Body(Vec<u8>),
    Absent,
    Moved(Url),
}

impl Fetcher {
    /// The rules for a URL: from the cache, or fetched by the first who needs them while the others wait.
    pub(super) async fn robots_of(&self, turn: &Turn<'_>) -> Result<Arc<Robots>, Stop> {
        if !self.settings.robots {
            return Ok(Arc::new(Robots::allow_all()));
        }
        let slot = self.robots.slot(&turn.url.origin().ascii_serialization());
        if let Some(known) = slot.fresh(self.clock.now()) {
            return self.usable(self.kept(known, turn)?, turn);
        }
        let fetching = self.only_fetcher(&slot, turn).await?;
        if let Some(known) = slot.fresh(self.clock.now()) {
            return self.usable(self.kept(known, turn)?, turn);
        }
        let known = self.fetch_robots(&slot, turn).await?;
        drop(fetching);
        self.usable(known, turn)
    }

    /// Somebody else found robots.txt unreachable: that costs this job no attempt, it is put off.
    fn kept(&self, (known, until): (Known, Timestamp), turn: &Turn<'_>) -> Result<Known, Stop> {
        match known {
            Known::Unreachable(failure) if failure.blame != Blame::Lasting => {
                let parked = match self.turns.book(&host_of(turn.url), &site_of(turn.url)) {
                    Parked::Turn { until: slot } | Parked::BackOff { until: slot } => {
                        Parked::BackOff { until: slot.max(until) }
                    }
                    unavailable => unavailable,
                };
                Err(Stop::Parked(parked))
            }
            known => Ok(known),
        }
    }

    fn usable(&self, known: Known, turn: &Turn<'_>) -> Result<Arc<Robots>, Stop> {
        match known {
            Known::Unreachable(failure) => Err(Stop::Failed(failure)),
            Known::Rules(rules) => {
                let asked_for = rules.crawl_delay.unwrap_or_default().min(self.settings.max_crawl_delay);
                self.turns.set_delay(&host_of(turn.url), asked_for.max(self.settings.delay));
                Ok(rules)
            }
        }
    }

    /// The reservation that the site's tdmrep.json makes for a URL, if any. A job that has to be put off for it is; that
    /// it cannot be had stops no job.
    pub(super) async fn tdmrep_of(&self, turn: &Turn<'_>, robots: &Robots) -> Result<Option<bool>, Stop> {
        if !self.settings.robots || !robots.allows(TDMREP.path) {
            return Ok(None);
        }
        let path = &turn.url[url::Position::BeforePath..url::Position::AfterQuery];
        let slot = self.tdmrep.slot(&turn.url.origin().ascii_serialization());
        if let Some((known, _)) = slot.fresh(self.clock.now()) {
            return Ok(known.reserves(path));
        }
        let fetching = self.only_fetcher(&slot, turn).await?;
        if let Some((known, _)) = slot.fresh(self.clock.now()) {
            return Ok(known.reserves(path));
        }
        let fetched = self.fetch_well_known(&TDMREP, turn).await?;
        let before = slot.read().map(|entry| entry.known);
        let (known, keep_for) = match fetched {
            Ok(body) => (Arc::new(Tdmrep::parse(&body.unwrap_or_default())), KEEP_FOR),
            Err(_) => (before.unwrap_or_default(), TDMREP_AGAIN_AFTER),
        };
        let fresh_until = after(self.clock.now(), keep_for);
        slot.write(Entry { known: known.clone(), fresh_until, unreachable_since: None });
        drop(fetching);
        Ok(known.reserves(path))
    }

    /// The right to fetch an origin's file; who waits for it longer than its patience is parked.
    async fn only_fetcher<'s, K>(
        &self,
        slot: &'s Slot<K>,
        turn: &Turn<'_>,
    ) -> Result<tokio::sync::MutexGuard<'s, ()>, Stop> {
        let patience =
            turn.patience.max(if turn.booked.is_some() { self.settings.park_after } else { Duration::ZERO });
        if let Ok(fetching) = slot.fetching.try_lock() {
            return Ok(fetching);
        }
        // Who fetches it has the host's turn: the next slot comes after that.
        let book = || Stop::Parked(self.turns.book(&host_of(turn.url), &site_of(turn.url)));
        let Some(_place) = Place::among(&slot.waiting) else { return Err(book()) };
        timeout(patience, slot.fetching.lock()).await.map_err(|_| book())
    }

    async fn fetch_robots(&self, slot: &Slot<Known>, turn: &Turn<'_>) -> Result<Known, Stop> {
        let fetched = self.fetch_well_known(&ROBOTS, turn).await?;
        let pause = fetched.as_ref().err().and_then(|_| self.turns.pause_of(&host_of(turn.url)));
        let fetched = match fetched {
            Ok(body) => {
                Ok(body.map_or_else(Robots::allow_all, |body| Robots::parse(&body, &self.robots_agent)))
            }
            Err(failure) => {
                let message = format!("cannot get robots.txt: {}", failure.message);
                Err(Failure { message, ..failure })
            }
        };
        Ok(slot.keep(fetched, pause, self.clock.now()))
    }

    /// The file's bytes; `None` where there is none.
    async fn fetch_well_known(
        &self,
        file: &WellKnown,
        turn: &Turn<'_>,
    ) -> Result<Result<Option<Vec<u8>>, Failure>, Stop> {
        let mut url = turn.url.clone();
        url.set_path(file.path);
        url.set_query(None);
        url.set_fragment(None);
        let mut booked = turn.booked;
        for _ in 0..=MAX_REDIRECTS {
            let lease = self.turn(&Turn { url: &url, booked, ..*turn }).await;
            let lease = lease.map_err(Stop::Parked)?;
            booked = None;
            let answer = timeout(self.settings.timeout, self.well_known_answer(file, &url)).await;
            let answer = answer.unwrap_or_else(|_| {
                Err((Failure::of_host(Reason::Timeout, format!("{} took too long", file.path)), None))
            });
            match answer {
                Ok(answer) => {
                    lease.ended(End::Healthy);
                    match answer {
                        Answer::Body(body) => return Ok(Ok(Some(body))),
                        Answer::Moved(to) if self.guard.judge_url(&to).is_ok() => url = to,
                        Answer::Absent | Answer::Moved(_) => return Ok(Ok(None)),
                    }
                }
                Err((failure, pause)) => {
                    lease.ended(self.end_of(&failure, pause));
                    return Ok(Err(failure));
                }
            }
        }
        Ok(Ok(None))
    }

    async fn well_known_answer(
        &self,
        file: &WellKnown,
        url: &Url,
    ) -> Result<Answer, (Failure, Option<Duration>)> {
        let bare = |failure| (failure, None);
        let _room = self.in_hand.acquire().await;
        let mut headers = request_headers(None);
        headers.insert(ACCEPT, HeaderValue::from_static(file.accept));
        let Response { status, headers, body } = self.transport.send(url, headers).await.map_err(bare)?;
        match status {
            200..=299 => {
                let limits = Limits {
                    wire_bytes: 4 * file.max_bytes as u64,
                    decoded_bytes: file.max_bytes as u64,
                    cut: true,
                    between_bytes: self.settings.read_timeout,
                    announced: 0,
                };
                let body = read_body(body, &headers::encodings(&headers), limits, |_| Ok(())).await;
                Ok(Answer::Body(body.map_err(bare)?.bytes))
            }
            300..=399 => Ok(headers::location(&headers, url).map_or(Answer::Absent, Answer::Moved)),
            429 | 500..=599 => Err(((file.away)(status), asked_pause(status, &headers, self.clock.now()))),
            _ => Ok(Answer::Absent),
        }
    }
}

/// Jobs that wait for one origin's file in memory. A site that hangs with its first file would otherwise take all the
/// room there is for jobs in hand, and hold up the others. A guess: about what a host serves in half a minute.
const MAX_WAITING: usize = 32;

/// One of those who wait; dropped, it no longer does.
struct Place<'a>(&'a AtomicUsize);

impl Place<'_> {
    fn among(waiting: &AtomicUsize) -> Option<Place<'_>> {
        let place = Place(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Kept for Arc<Tdmrep> {
    fn size(&self) -> usize {
        Tdmrep::size(self)
    }
}
