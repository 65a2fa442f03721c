//! Thousands of hosts on one port of loopback: every address of 127.0.0.0/8 leads here. Each request is answered after
//! a while, connections are kept, and how many are open is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

const PAGE: &str = "<p>a</p>";

#[derive(Default)]
pub struct Open {
    now: AtomicUsize,
    peak: AtomicUsize,
    pub requests: AtomicUsize,
}

impl Open {
    pub fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    pub fn now(&self) -> usize {
        self.now.load(Relaxed)
    }
}

/// Runs on a thread of its own: what the fetcher costs is not mixed with what the server costs.
pub struct KeepAliveServer {
    pub port: u16,
    pub open: Arc<Open>,
    _stop: oneshot::Sender<()>,
}

impl KeepAliveServer {
    /// `latency` by the last two bytes of the address; the same tiny page everywhere.
    pub fn start(latency: impl Fn(u16) -> Duration + Send + Sync + 'static) -> KeepAliveServer {
        KeepAliveServer::serving(latency, |_| PAGE.to_owned())
    }

    /// `page` by the path, without its slash.
    pub fn serving(
        latency: impl Fn(u16) -> Duration + Send + Sync + 'static,
        page: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> KeepAliveServer {
        let (stop, stopped) = oneshot::channel::<()>();
        let (told, port) = std::sync::mpsc::channel();
        let open: Arc<Open> = Arc::default();
        let counted = open.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let socket = TcpSocket::new_v4().expect("a socket");
                socket.bind("0.0.0.0:0".parse().expect("an address")).expect("a free port");
                let listener = socket.listen(4096).expect("a listener");
                let _ = told.send(listener.local_addr().expect("an address").port());
                let site = Arc::new((latency, page));
                let accepting = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, site.clone(), counted.clone()));
                    }
                };
                tokio::select! { () = accepting => {}, _ = stopped => {} }
            });
        });
        KeepAliveServer { port: port.recv().expect("the server's port"), open, _stop: stop }
    }

    pub fn url(&self, host: u16, path: usize) -> String {
        let [high, low] = host.to_be_bytes();
        format!("http://127.1.{high}.{low}:{}/{path}", self.port)
    }
}

async fn serve(
    mut stream: TcpStream,
    site: Arc<(impl Fn(u16) -> Duration, impl Fn(&str) -> String)>,
    open: Arc<Open>,
) -> Option<()> {
    let now = open.now.fetch_add(1, Relaxed) + 1;
    open.peak.fetch_max(now, Relaxed);
    let _closed = Closed(open.clone());
    let std::net::SocketAddr::V4(ours) = stream.local_addr().ok()? else { return None };
    let [_, _, high, low] = ours.ip().octets();
    let (latency, page) = &*site;
    let wait = latency(u16::from_be_bytes([high, low]));
    let (mut head, mut piece) = (Vec::new(), [0; 2048]);
    loop {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&piece[..read]);
        if head.ends_with(b"\r\n\r\n") {
            let path = std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.trim_start_matches('/');
            let page = page(path);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
            head.clear();
            open.requests.fetch_add(1, Relaxed);
            tokio::time::sleep(wait).await;
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

struct Closed(Arc<Open>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}
