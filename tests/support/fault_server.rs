//! A server of raw bytes on loopback: it plays whatever a script says, and keeps a log of who asked for what, when.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What is done with a connection, in order. After the last piece it is closed.
#[derive(Clone, Debug)]
pub enum Piece {
    Send(Vec<u8>),
    Pause(Duration),
    /// The same bytes for as long as somebody reads them, with a pause between.
    Forever(Vec<u8>, Duration),
    /// The same bytes so many times, or until nobody reads them.
    Times(Vec<u8>, usize),
    /// Closed without a goodbye.
    Reset,
}

/// One request as the server saw it; `ended` is when the last byte was handed to the kernel.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub path: String,
    pub started: Instant,
    pub ended: Option<Instant>,
}

pub struct FaultServer {
    pub port: u16,
    log: Arc<Mutex<Vec<Seen>>>,
    _accepting: tokio::task::JoinHandle<()>,
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self._accepting.abort();
    }
}

impl FaultServer {
    /// `play` gets the request's head and says what is sent.
    pub async fn start(play: impl Fn(&Seen) -> Vec<Piece> + Send + Sync + 'static) -> FaultServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let log: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (play, kept) = (Arc::new(play), log.clone());
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, play.clone(), kept.clone()));
            }
        });
        FaultServer { port, log, _accepting: accepting }
    }

    /// On a thread of its own, so that what the server costs is not mixed with what the fetcher costs.
    pub fn start_on_a_thread(play: impl Fn(&Seen) -> Vec<Piece> + Send + Sync + 'static) -> FaultServer {
        let (told, server) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let _ = told.send(FaultServer::start(play).await);
                std::future::pending::<()>().await
            })
        });
        server.recv().expect("the server starts")
    }

    /// The same bytes to whoever connects, whatever it says first.
    pub async fn of_bytes(pieces: Vec<Piece>) -> FaultServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 512]).await;
                for piece in &pieces {
                    if let Piece::Send(bytes) = piece {
                        let _ = stream.write_all(bytes).await;
                    }
                }
                let _ = stream.shutdown().await;
            }
        });
        FaultServer { port, log: Arc::default(), _accepting: accepting }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    play: Arc<impl Fn(&Seen) -> Vec<Piece>>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Option<()> {
    let head = read_head(&mut stream).await?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let seen = Seen { head, path, started: Instant::now(), ended: None };
    let at = {
        let mut log = log.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    let mut is_reset = false;
    for piece in play(&seen) {
        match piece {
            Piece::Send(bytes) => stream.write_all(&bytes).await.ok()?,
            Piece::Pause(time) => tokio::time::sleep(time).await,
            Piece::Forever(bytes, pause) => {
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
            }
            Piece::Times(bytes, times) => {
                for _ in 0..times {
                    stream.write_all(&bytes).await.ok()?;
                }
            }
            Piece::Reset => is_reset = true,
        }
    }
    log.lock().unwrap()[at].ended = Some(Instant::now());
    if is_reset {
        let _ = stream.set_zero_linger();
    } else {
        let _ = stream.shutdown().await;
    }
    Some(())
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A whole response; every connection is used once.
pub fn response(status: &str, headers: &[&str], body: &[u8]) -> Vec<Piece> {
    let mut out = head(status, headers);
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    vec![Piece::Send(out)]
}

/// Status line and headers, still open.
pub fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\nConnection: close\r\n").into_bytes();
    for header in headers {
        out.extend_from_slice(format!("{header}\r\n").as_bytes());
    }
    out
}

pub fn page(body: &str) -> Vec<Piece> {
    response("200 OK", &["Content-Type: text/html"], body.as_bytes())
}

pub fn redirect(to: &str) -> Vec<Piece> {
    response("302 Found", &[&format!("Location: {to}")], b"")
}

pub fn not_found() -> Vec<Piece> {
    response("404 Not Found", &["Content-Type: text/html"], b"<p>gone</p>")
}
