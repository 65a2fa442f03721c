//! The robots.txt of a URL: from the cache, or fetched by the first who needs it while the others wait. Its requests
//! take the host's turns like any other.

use super::decode::{Limits, read_body};
use super::fetcher::{Fetcher, Stop, Turn, host_of, request_headers};
use super::headers;
use super::robots::{MAX_ROBOTS_BYTES, Robots};
use super::robots_cache::{Known, Slot};
use super::status::asked_pause;
use super::transport::{Blame, Failure, Response};
use crate::identity::site_of;
use crate::record::Reason;
use crate::schedule::{End, Parked};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// RFC 9309 §2.3.1.2: at least five are followed; a robots.txt behind more is taken as not there.
const MAX_ROBOTS_REDIRECTS: usize = 5;

enum RobotsAnswer {
    Rules(Robots),
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
        let patience =
            turn.patience.max(if turn.booked.is_some() { self.settings.park_after } else { Duration::ZERO });
        let fetching = match slot.fetching.try_lock() {
            Ok(fetching) => fetching,
            Err(_) => match timeout(patience, slot.fetching.lock()).await {
                Ok(fetching) => fetching,
                // Who fetches it has the host's turn: the next slot comes after that.
                Err(_) => {
                    return Err(Stop::Parked(self.turns.book(&host_of(turn.url), &site_of(turn.url))));
                }
            },
        };
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

    async fn fetch_robots(&self, slot: &Slot, turn: &Turn<'_>) -> Result<Known, Stop> {
        let mut url = turn.url.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        url.set_fragment(None);
        let mut booked = turn.booked;
        for _ in 0..=MAX_ROBOTS_REDIRECTS {
            let lease = self.turn(&Turn { url: &url, booked, patience: turn.patience }).await;
            let lease = lease.map_err(Stop::Parked)?;
            booked = None;
            let answer = timeout(self.settings.timeout, self.robots_answer(&url)).await;
            let answer = answer.unwrap_or_else(|_| {
                Err((Failure::of_host(Reason::Timeout, "robots.txt took too long"), None))
            });
            match answer {
                Ok(RobotsAnswer::Moved(to)) => {
                    lease.ended(End::Healthy);
                    if self.guard.judge_url(&to).is_err() {
                        break;
                    }
                    url = to;
                }
                Ok(RobotsAnswer::Rules(rules)) => {
                    lease.ended(End::Healthy);
                    return Ok(slot.keep(Ok(rules), None, self.clock.now()));
                }
                Err((failure, pause)) => {
                    lease.ended(self.end_of(&failure, pause));
                    let message = format!("cannot get robots.txt: {}", failure.message);
                    let pause = self.turns.pause_of(&host_of(turn.url));
                    return Ok(slot.keep(Err(Failure { message, ..failure }), pause, self.clock.now()));
                }
            }
        }
        Ok(slot.keep(Ok(Robots::allow_all()), None, self.clock.now()))
    }

    async fn robots_answer(&self, url: &Url) -> Result<RobotsAnswer, (Failure, Option<Duration>)> {
        let bare = |failure| (failure, None);
        let _room = self.under_way.acquire().await;
        let Response { status, headers, body } =
            self.transport.send(url, robots_headers()).await.map_err(bare)?;
        let away = |status: u16| Failure::of_host(Reason::RobotsDenied, format!("status {status}"));
        match status {
            200..=299 => {
                let limits = Limits {
                    wire_bytes: 4 * MAX_ROBOTS_BYTES as u64,
                    decoded_bytes: MAX_ROBOTS_BYTES as u64,
                    cut: true,
                    between_bytes: self.settings.read_timeout,
                };
                let body =
                    read_body(body, &headers::encodings(&headers), limits, |_| Ok(())).await.map_err(bare)?;
                Ok(RobotsAnswer::Rules(Robots::parse(&body.bytes, &self.robots_agent)))
            }
            300..=399 => match headers::location(&headers, url) {
                Ok(to) => Ok(RobotsAnswer::Moved(to)),
                Err(_) => Ok(RobotsAnswer::Rules(Robots::allow_all())),
            },
            429 | 500..=599 => Err((away(status), asked_pause(status, &headers, self.clock.now()))),
            _ => Ok(RobotsAnswer::Rules(Robots::allow_all())),
        }
    }
}

fn robots_headers() -> HeaderMap {
    let mut headers = request_headers(None);
    headers.insert(ACCEPT, HeaderValue::from_static("text/plain,*/*;q=0.5"));
    headers
}
