//! The transport of real requests: reqwest on rustls, straight or through the forward proxy.

use super::connections::Connections;
use super::dns::{DnsError, GuardedResolver};
use super::guard::Guard;
use super::transport::{Blame, Failure, Response, Transport};
use super::{Settings, contact, tls};
use crate::record::Reason;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use reqwest::header::HeaderMap;
use reqwest::{Client, Proxy};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// hyper's own limit is about 400 kB of HTTP/1 headers; HTTP/2 has none by default.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// More than any honest site sends; the standard library of servers limit requests alike.
const MAX_HEADERS: usize = 200;
/// An idle connection is kept a little longer than the delay between two requests, at most this.
const MAX_IDLE: Duration = Duration::from_secs(10);

pub struct HttpTransport {
    connections: Connections,
    /// Headers are awaited this long, a new connection included.
    first_byte: Duration,
}

impl HttpTransport {
    /// A proxy that is none, or TLS that cannot be set up, is said in the error.
    pub fn new(settings: &Settings) -> Result<HttpTransport, String> {
        let tls = tls::client_config(settings.ca_bundle.as_deref())?;
        let proxy = settings.proxy.as_deref().map(proxy_url).transpose()?;
        let resolver = match &proxy {
            None => GuardedResolver::new(Guard::new(&settings.allow_networks, &settings.allow_ports)?),
            Some(proxy) => GuardedResolver::only_for(proxy.host_str().unwrap_or_default()),
        };
        let (settings, resolver) = (settings.clone(), Arc::new(resolver));
        let first_byte = settings.connect_timeout + settings.read_timeout;
        let build = move || client(&settings, &tls, proxy.as_ref(), resolver.clone());
        Ok(HttpTransport { connections: Connections::new(build)?, first_byte })
    }
}

/// No redirects, no retries, no cookies, no referrer, no proxy but the configured one.
fn client(
    settings: &Settings,
    tls: &rustls::ClientConfig,
    proxy: Option<&Url>,
    resolver: Arc<GuardedResolver>,
) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(contact::user_agent(settings))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout((settings.delay + Duration::from_secs(2)).min(MAX_IDLE))
        .tcp_nodelay(true)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(resolver);
    if let Some(proxy) = proxy {
        builder = builder.proxy(Proxy::all(proxy.clone()).map_err(|e| format!("fetch.proxy {proxy}: {e}"))?);
    }
    builder.build().map_err(|e| format!("cannot set up the HTTP client: {}", chain(&e)))
}

fn proxy_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("fetch.proxy {text:?} is no URL: {e}"))?;
    match (url.scheme(), url.host_str()) {
        ("http", Some(_)) => Ok(url),
        _ => Err(format!("fetch.proxy {text:?} is not http://host:port")),
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, url: &'a Url, headers: HeaderMap) -> BoxFuture<'a, Result<Response, Failure>> {
        async move {
            let request = self.connections.client_for(url).get(url.clone()).headers(headers).send();
            let response = match tokio::time::timeout(self.first_byte, request).await {
                Err(_) => return Err(Failure::of_host(Reason::Timeout, "no response headers in time")),
                Ok(answer) => answer.map_err(|e| classified(&e.without_url()))?,
            };
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.bytes_stream().map_err(|e| broken_body(&e.without_url())).boxed();
            Ok(Response { status, headers, body })
        }
        .boxed()
    }
}

fn broken_body(error: &reqwest::Error) -> Failure {
    Failure::of_page(Reason::BadResponse, format!("the body broke off: {}", chain(error)))
}

/// What went wrong before there was a response.
fn classified(error: &reqwest::Error) -> Failure {
    if let Some(dns) = find::<DnsError>(error) {
        return of_dns(dns);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Failure::lasting(Reason::TlsFailed, tls::failure_message(tls));
    }
    let message = chain(error);
    match () {
        () if error.is_timeout() => Failure::of_host(Reason::Timeout, format!("cannot connect: {message}")),
        () if error.is_connect() => Failure::of_host(Reason::ConnectFailed, message),
        () if error.is_builder() => Failure::lasting(Reason::InvalidUrl, message),
        () if find::<std::io::Error>(error).is_some() => {
            Failure { reason: Reason::BadResponse, message, blame: Blame::Host }
        }
        () => Failure::of_page(Reason::BadResponse, message),
    }
}

fn of_dns(error: &DnsError) -> Failure {
    match error {
        DnsError::Refused(why) => Failure::lasting(Reason::RefusedAddress, why),
        DnsError::Unresolved { is_passing: true, .. } => {
            Failure::of_host(Reason::DnsFailed, error.to_string())
        }
        DnsError::Unresolved { .. } => Failure::lasting(Reason::DnsFailed, error.to_string()),
    }
}

/// The first error of this type in the chain. An `io::Error` hides what it wraps from `source`, so it is opened.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if let Some(found) = wrapped.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error with its causes, and without the URL, which the log line has already.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source().or(Some(error));
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.contains(&text) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}
