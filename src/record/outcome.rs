//! Where one URL ends, and why.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The step at which something happened; also the metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Route,
    Fetch,
    Publish,
}

impl Stage {
    /// In the order of the arrow.
    pub const ALL: [Stage; 3] = [Stage::Route, Stage::Fetch, Stage::Publish];

    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Route => "route",
            Stage::Fetch => "fetch",
            Stage::Publish => "publish",
        }
    }
}

/// Every source record has exactly one (DESIGN §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Published,
    Updated,
    Duplicate,
    /// 304, or the same content again.
    Unchanged,
    /// Fetched within `fetch.refetch_after`: no request was made.
    Recent,
    Rejected,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Published,
        Outcome::Updated,
        Outcome::Duplicate,
        Outcome::Unchanged,
        Outcome::Recent,
        Outcome::Rejected,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Published => "published",
            Outcome::Updated => "updated",
            Outcome::Duplicate => "duplicate",
            Outcome::Unchanged => "unchanged",
            Outcome::Recent => "recent",
            Outcome::Rejected => "rejected",
        }
    }
}

/// Why a record was rejected: short fixed words, because they are metric labels.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $word)] $name,)* }
        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];
            pub fn as_str(self) -> &'static str { match self { $(Reason::$name => $word,)* } }
        }
    };
}

reasons! {
    /// Not UTF-8, empty, not the JSON that a URL record is.
    BadRecord = "bad_record",
    /// Not an absolute http(s) URL.
    InvalidUrl = "invalid_url",
    /// The address guard refused it: private networks, literals, ports, credentials.
    RefusedAddress = "refused_address",
    RobotsDenied = "robots_denied",
    /// The name does not resolve.
    DnsFailed = "dns_failed",
    ConnectFailed = "connect_failed",
    /// Certificate expired, wrong host or unknown issuer.
    TlsFailed = "tls_failed",
    Timeout = "timeout",
    /// 404 and 410.
    NotFound = "not_found",
    /// 401, 402, 403, 451.
    Forbidden = "forbidden",
    /// Another 4xx.
    HttpClientError = "http_client_error",
    /// 5xx after the last attempt.
    HttpServerError = "http_server_error",
    /// 429 or 503 for longer than the ceiling, or a wait over `--max-wait`.
    HostUnavailable = "host_unavailable",
    TooManyRedirects = "too_many_redirects",
    RedirectLoop = "redirect_loop",
    /// A `Location` that is none.
    BadRedirect = "bad_redirect",
    WrongContentType = "wrong_content_type",
    /// More bytes, on the wire or decoded, than the caps allow.
    TooLarge = "too_large",
    /// Malformed HTTP, truncated or undecodable body.
    BadResponse = "bad_response",
    /// A status that is no page: 204, 206 unasked, 1xx, 304 without a condition.
    UnexpectedStatus = "unexpected_status",
    ChallengePage = "challenge_page",
    ConsentPage = "consent_page",
    LoginPage = "login_page",
    /// Nothing but the offer of a subscription, with a headline and at most a sentence. A longer lead is an article.
    PaywallPage = "paywall_page",
    SoftNotFound = "soft_not_found",
    ParkedDomain = "parked_domain",
    /// Home, section or search page; no title or no body found.
    NotAnArticle = "not_an_article",
    /// The page forbids it (`noindex`).
    Noindex = "noindex",
    /// Retracted by `newswire forget`.
    Forgotten = "forgotten",
    /// A candidate that no broker takes at its size.
    RecordTooLarge = "record_too_large",
    /// An internal record of an unknown version.
    UnknownVersion = "unknown_version",
    /// A fault of newswire that only this record brings out; the worker goes on.
    InternalError = "internal_error",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
