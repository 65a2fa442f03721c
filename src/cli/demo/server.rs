//! The demo's web server: a forward proxy on loopback, so that its hosts need no DNS.
//!
//! It is asked `GET http://www.daily.example/… HTTP/1.1`, as every HTTP proxy is, and answers for all hosts itself.

use super::site::{self, Answer};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Running until it is dropped.
pub struct DemoServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    serving: JoinHandle<io::Result<()>>,
}

struct Web {
    answers: HashMap<String, Answer>,
    asked: Arc<AtomicUsize>,
}

impl DemoServer {
    /// Starts on a free port of 127.0.0.1, within the running tokio runtime.
    pub async fn start() -> io::Result<DemoServer> {
        DemoServer::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts on this address; port 0 takes a free one.
    pub async fn start_at(listen: SocketAddr) -> io::Result<DemoServer> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let asked = Arc::new(AtomicUsize::new(0));
        let answers = site::answers().map_err(io::Error::other)?;
        let web = Arc::new(Web { answers, asked: asked.clone() });
        let router = Router::new().fallback(answer).with_state(web);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(DemoServer { address, asked, serving })
    }

    /// For `fetch.proxy`.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(web): State<Arc<Web>>, request: Request<Body>) -> Response<Body> {
    web.asked.fetch_add(1, Ordering::Relaxed);
    let url = asked_url(request.uri(), request.headers());
    match web.answers.get(&url) {
        Some(answer) => response(answer),
        // Also every robots.txt that is not listed: such a site allows all.
        None => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

/// The absolute form that a proxy is sent, or the host's own form with the Host header.
fn asked_url(uri: &Uri, headers: &HeaderMap) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let named = uri.authority().map(|authority| authority.as_str());
    let host = named.or_else(|| headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
    format!("http://{}{path}", host.strip_suffix(":80").unwrap_or(host).to_ascii_lowercase())
}

fn response(answer: &Answer) -> Response<Body> {
    let mut response = Response::builder();
    match &answer.redirect {
        Some(target) => response = response.status(StatusCode::FOUND).header(header::LOCATION, target),
        None => response = response.status(answer.status).header(header::CONTENT_TYPE, &answer.content_type),
    }
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    // Fails only on a header in site.toml that is none.
    let broken = |_| plain(StatusCode::INTERNAL_SERVER_ERROR, "a bad header in demo/site.toml");
    response.body(Body::from(answer.body.clone())).unwrap_or_else(broken)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn ask(server: &DemoServer, request_line: &str, host: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {request_line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn it_answers_for_every_host_as_a_proxy_does() {
        let server = DemoServer::start().await.unwrap();
        let by_proxy = ask(&server, "http://www.harbor.example/tide-tables", "www.harbor.example").await;
        let by_host = ask(&server, "/tide-tables", "www.harbor.example:80").await;
        assert!(by_proxy.starts_with("HTTP/1.1 200") && by_proxy.contains("Tide tables"), "{by_proxy}");
        assert!(by_host.starts_with("HTTP/1.1 200"), "{by_host}");
        let moved = ask(&server, "http://dly.example/k4101", "dly.example").await;
        assert!(
            moved.starts_with("HTTP/1.1 302") && moved.contains("location: http://www.daily.example/2025"),
            "{moved}"
        );
        let missing = ask(&server, "http://nowhere.example/", "nowhere.example").await;
        assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
        assert_eq!(server.requests(), 4);
    }
}
