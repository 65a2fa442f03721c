//! A web held in memory: the transport of tests that want many hosts and no sockets.

use super::transport::{Failure, Response, Transport};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// What a URL answers, and after how long.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub after: Duration,
}

impl Page {
    pub fn html(body: &str) -> Page {
        Page {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: Bytes::copy_from_slice(body.as_bytes()),
            after: Duration::ZERO,
        }
    }

    pub fn status(status: u16) -> Page {
        Page { status, headers: Vec::new(), ..Page::html("") }
    }

    pub fn after(self, after: Duration) -> Page {
        Page { after, ..self }
    }
}

/// One request made.
#[derive(Clone, Debug)]
pub struct Visit {
    pub url: Url,
    pub started: Instant,
    pub ended: Instant,
}

type Answer = dyn Fn(&Url, &HeaderMap) -> Result<Page, Failure> + Send + Sync;

pub struct WebInMemory {
    answer: Box<Answer>,
    visits: Mutex<Vec<Visit>>,
}

impl WebInMemory {
    pub fn new(
        answer: impl Fn(&Url, &HeaderMap) -> Result<Page, Failure> + Send + Sync + 'static,
    ) -> WebInMemory {
        WebInMemory { answer: Box::new(answer), visits: Mutex::default() }
    }

    /// The requests that got an answer, in the order of their ends.
    pub fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for WebInMemory {
    fn send<'a>(&'a self, url: &'a Url, headers: HeaderMap) -> BoxFuture<'a, Result<Response, Failure>> {
        async move {
            let started = Instant::now();
            let page = (self.answer)(url, &headers)?;
            tokio::time::sleep(page.after).await;
            let visit = Visit { url: url.clone(), started, ended: Instant::now() };
            self.visits.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
            let header = |(name, value): (&'static str, String)| {
                Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
            };
            let headers = page.headers.into_iter().filter_map(header).collect();
            Ok(Response { status: page.status, headers, body: stream::once(async { Ok(page.body) }).boxed() })
        }
        .boxed()
    }
}
