//! What a response's status and headers mean for the job. Pure.

use super::headers;
use super::transport::{Blame, Failure};
use crate::record::Reason;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use std::time::Duration;
use url::Url;

/// What to do with a response before its body is read.
#[derive(Debug, PartialEq)]
pub enum Meaning {
    Page,
    Unchanged,
    Redirect(Url),
    Failed(Failure),
}

/// Judges status and headers. `is_conditional`: the request carried validators.
pub fn meaning(status: u16, headers: &HeaderMap, url: &Url, is_conditional: bool) -> Meaning {
    match status {
        200 | 203 => Meaning::Page,
        301 | 302 | 303 | 307 | 308 => match headers::location(headers, url) {
            Ok(to) => Meaning::Redirect(to),
            Err(why) => Meaning::Failed(Failure::lasting(Reason::BadRedirect, why)),
        },
        304 if is_conditional => Meaning::Unchanged,
        _ => Meaning::Failed(failure(status, headers)),
    }
}

fn failure(status: u16, headers: &HeaderMap) -> Failure {
    let (reason, blame) = match status {
        _ if is_challenge(headers) => (Reason::ChallengePage, Blame::Lasting),
        404 | 410 => (Reason::NotFound, Blame::Lasting),
        401 | 402 | 403 | 451 => (Reason::Forbidden, Blame::Lasting),
        429 => (Reason::HostUnavailable, Blame::Host),
        408 | 425 => (Reason::HttpClientError, Blame::Page),
        400..=499 => (Reason::HttpClientError, Blame::Lasting),
        // The gateways' words for a server that is away; 500 is mostly one broken page.
        502..=504 | 520..=530 => (Reason::HttpServerError, Blame::Host),
        500..=599 => (Reason::HttpServerError, Blame::Page),
        _ => (Reason::UnexpectedStatus, Blame::Lasting),
    };
    Failure { reason, blame, message: format!("status {status}") }
}

/// Headers by which bot protection says that this is a test and not the page.
fn is_challenge(headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        headers::first(headers, name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    };
    says("cf-mitigated", "challenge")
        || says("x-amzn-waf-action", "challenge")
        || says("x-amzn-waf-action", "captcha")
}

/// How long the host itself asks to be left alone: with 429 and 503 alone, elsewhere it means something else.
pub fn asked_pause(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    matches!(status, 429 | 503).then(|| headers::retry_after(headers, now)).flatten()
}
