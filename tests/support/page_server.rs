//! Web sites on loopback: an HTTP/1.1 forward proxy (`fetch.proxy`) that answers for every host itself.
//!
//! Pages are found by their absolute URL. Every request is logged with its time, so that a test can see how
//! polite the worker was.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What is answered for one URL.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Shared by all answers: a page under load is not copied for each.
    pub body: Bytes,
    /// Waited before the first byte of the answer.
    pub delay: Duration,
    /// The connection breaks after so many bytes of the body.
    pub cut_after: Option<usize>,
}

impl Page {
    pub fn html(body: impl Into<Vec<u8>>) -> Page {
        Page::status(200).header("content-type", "text/html; charset=utf-8").body(body)
    }

    pub fn status(status: u16) -> Page {
        Page { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, cut_after: None }
    }

    pub fn redirect(status: u16, to: &str) -> Page {
        Page::status(status).header("location", to)
    }

    pub fn header(mut self, name: &str, value: &str) -> Page {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Page {
        self.body = Bytes::from(body.into());
        self
    }

    pub fn after(mut self, delay: Duration) -> Page {
        self.delay = delay;
        self
    }

    pub fn cut_after(mut self, bytes: usize) -> Page {
        self.cut_after = Some(bytes);
        self
    }
}

/// Makes the answer for an absolute URL; `None` is 404.
pub type Answers = dyn Fn(&str) -> Option<Page> + Send + Sync;

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    /// When the answer went out; `None` while it is under way.
    pub answered_at: Option<Instant>,
    pub method: String,
    pub host: String,
    pub url: String,
    pub headers: HashMap<String, String>,
}

#[derive(Default)]
struct Sites {
    pages: HashMap<String, Page>,
    /// Asked where `pages` has nothing.
    answers: Option<Arc<Answers>>,
    /// Too many requests to keep each.
    keeps_no_log: bool,
    /// Added to the delay of every page.
    latency: Duration,
    asked: Vec<Asked>,
}

pub struct PageServer {
    address: SocketAddr,
    sites: Arc<Mutex<Sites>>,
    /// Dropping it ends the server's thread.
    _stop: oneshot::Sender<Infallible>,
}

impl PageServer {
    pub fn start() -> PageServer {
        let sites = Arc::new(Mutex::new(Sites::default()));
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        listener.set_nonblocking(true).expect("a listener that tokio takes");
        let address = listener.local_addr().expect("a bound port");
        let router = Router::new().fallback(answer).with_state(sites.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    served = axum::serve(listener, router) => served.expect("a server that goes on"),
                    _ = stopped => {}
                }
            });
        });
        PageServer { address, sites, _stop: stop }
    }

    /// The value for `fetch.proxy`.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers `url` with `page` from now on. What nothing is known about is 404.
    pub fn serve(&self, url: &str, page: Page) {
        self.sites().pages.insert(name_of(url), page);
    }

    /// Pages that are made when they are asked for, in any number; requests are not kept.
    pub fn serve_all(&self, answers: impl Fn(&str) -> Option<Page> + Send + Sync + 'static) {
        let mut sites = self.sites();
        sites.answers = Some(Arc::new(answers));
        sites.keeps_no_log = true;
    }

    /// Makes every answer slower.
    pub fn set_latency(&self, latency: Duration) {
        self.sites().latency = latency;
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.sites().asked.clone()
    }

    /// Requests for pages, without those for robots.txt and other well-known files.
    pub fn asked_for_pages(&self) -> Vec<Asked> {
        let well_known = |url: &str| url.ends_with("/robots.txt") || url.contains("/.well-known/");
        self.asked().into_iter().filter(|asked| !well_known(&asked.url)).collect()
    }

    pub fn times_asked(&self, url: &str) -> usize {
        self.sites().asked.iter().filter(|asked| name_of(&asked.url) == name_of(url)).count()
    }

    fn sites(&self) -> MutexGuard<'_, Sites> {
        locked(&self.sites)
    }
}

async fn answer(State(sites): State<Arc<Mutex<Sites>>>, request: Request) -> Response {
    let (number, page, delay) = {
        let mut sites = locked(&sites);
        let asked = note(&request);
        let page = sites.pages.get(&name_of(&asked.url)).cloned();
        let page = page.or_else(|| sites.answers.clone().and_then(|answers| answers(&asked.url)));
        let page = page.unwrap_or_else(|| Page::status(404).header("content-type", "text/html"));
        if !sites.keeps_no_log {
            sites.asked.push(asked);
        }
        let delay = sites.latency + page.delay;
        (sites.asked.len().checked_sub(1), page, delay)
    };
    let end = End { sites, number };
    tokio::time::sleep(delay).await;
    response(page, end)
}

/// Notes when a request is over: with the last byte of its answer, or when whoever asked has gone away.
struct End {
    sites: Arc<Mutex<Sites>>,
    number: Option<usize>,
}

impl End {
    fn note(&self) {
        if let Some(number) = self.number {
            locked(&self.sites).asked[number].answered_at.get_or_insert_with(Instant::now);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.note();
    }
}

/// In a request to a proxy the target is the whole URL; in one to a server the host stands in a header.
fn note(request: &Request) -> Asked {
    let uri = request.uri();
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: HashMap<String, String> =
        request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let host = uri.authority().map(ToString::to_string).or_else(|| headers.get("host").cloned());
    let host = host.unwrap_or_default();
    let url = format!("{}://{host}{}", uri.scheme_str().unwrap_or("http"), path_of(uri));
    let method = request.method().to_string();
    Asked { at: Instant::now(), answered_at: None, method, host, url, headers }
}

fn path_of(uri: &axum::http::Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

fn response(page: Page, end: End) -> Response {
    let length = page.body.len();
    let mut response = Response::builder().status(page.status);
    for (name, value) in &page.headers {
        response = response.header(name, value);
    }
    let body = match page.cut_after {
        None if page.body.is_empty() => {
            end.note();
            Body::empty()
        }
        None => {
            response = response.header("content-length", length);
            Body::from_stream(futures::stream::once(async move {
                end.note();
                Ok::<_, Infallible>(page.body)
            }))
        }
        Some(bytes) => {
            response = response.header("content-length", length);
            let sent = page.body[..bytes.min(length)].to_vec();
            Body::from_stream(futures::stream::once(async { Ok(sent) }).chain(futures::stream::once(async {
                // Time for the head and the first bytes to leave; a break in the same moment would drop them.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(std::io::Error::other("cut on purpose"))
            })))
        }
    };
    response.body(body).expect("the test's headers are valid")
}

/// A URL without its scheme and fragment: what a request to a forward proxy tells apart.
fn name_of(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    format!("{}/{path}", host.to_ascii_lowercase())
}

/// A handler that panicked must not fail the test that looks at the log afterwards.
fn locked(sites: &Mutex<Sites>) -> MutexGuard<'_, Sites> {
    sites.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
