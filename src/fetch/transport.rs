//! One request out, one response in: the seam between what fetching decides and what carries it.

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use reqwest::header::HeaderMap;
use url::Url;

use crate::record::Reason;

/// A response whose body has not been read.
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: BoxStream<'static, Result<Bytes, Failure>>,
}

/// Why there is no (whole) response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    pub message: String,
    pub blame: Blame,
}

/// What a failure says about the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Trying again is in vain.
    Lasting,
    /// This page may work later.
    Page,
    /// The whole host is left alone for a while.
    Host,
}

impl Failure {
    pub fn lasting(reason: Reason, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), blame: Blame::Lasting }
    }

    pub fn of_page(reason: Reason, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), blame: Blame::Page }
    }

    pub fn of_host(reason: Reason, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), blame: Blame::Host }
    }
}

/// Carries one GET. Follows no redirect, decodes nothing, keeps no cookie; the address guard is judged before and,
/// for what a name resolves to, inside.
pub trait Transport: Send + Sync {
    fn send<'a>(&'a self, url: &'a Url, headers: HeaderMap) -> BoxFuture<'a, Result<Response, Failure>>;
}
