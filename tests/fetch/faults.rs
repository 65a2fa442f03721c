//! What servers do wrong, a row each.

use crate::fault_server::{FaultServer, Piece, head, page, redirect, response};
use crate::{fetch_job, job, settings, words};
use futures::future::join_all;
use newswire::fetch::{Fetcher, Settings, Validators};
use std::io::Write;
use std::time::{Duration, Instant};

const HTML: &str = "Content-Type: text/html; charset=utf-8";

/// What is sent for a path.
type Script = dyn Fn(&str) -> Vec<Piece> + Send + Sync;

/// A name, what the server plays, what comes of it.
struct Row {
    name: &'static str,
    play: Box<Script>,
    expected: &'static str,
    change: fn(&mut Settings),
    path: &'static str,
    known: Option<Validators>,
}

fn row(name: &'static str, pieces: Vec<Piece>, expected: &'static str) -> Row {
    Row {
        name,
        play: Box::new(move |_| pieces.clone()),
        expected,
        change: |_| {},
        path: "/page",
        known: None,
    }
}

fn paths(
    name: &'static str,
    play: impl Fn(&str) -> Vec<Piece> + Send + Sync + 'static,
    expected: &'static str,
) -> Row {
    Row { play: Box::new(play), ..row(name, vec![], expected) }
}

/// For the rows in which nothing comes: they are the ones that may be impatient.
fn impatient(mut row: Row) -> Row {
    row.change = |settings| {
        settings.connect_timeout = Duration::from_millis(100);
        settings.read_timeout = Duration::from_millis(300);
        settings.timeout = Duration::from_millis(1500);
    };
    row
}

async fn check(rows: Vec<Row>) {
    let started = Instant::now();
    let wrong: Vec<String> = join_all(rows.into_iter().map(play)).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(started.elapsed() < Duration::from_secs(12), "took {:?}", started.elapsed());
    no_task_is_left().await;
}

/// Fetchers and servers are gone: whatever of them still runs has leaked.
async fn no_task_is_left() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let waited = Instant::now();
    while alive() > 0 && waited.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(alive(), 0, "tasks are left over");
}

async fn play(row: Row) -> Option<String> {
    let Row { name, play, expected, change, path, known } = row;
    let server = FaultServer::start(move |seen| play(&seen.path)).await;
    let mut settings = settings(server.port);
    change(&mut settings);
    let fetcher = Fetcher::new(settings).expect("the settings work");
    let fetched = fetch_job(&fetcher, &job(&server.url(path)), known.as_ref()).await;
    let got = words(&fetched);
    (got != expected).then(|| format!("{name}: {expected:?} expected, got {got:?}\n    {fetched:.600?}"))
}

fn send(bytes: Vec<u8>) -> Piece {
    Piece::Send(bytes)
}

fn open_head(headers: &[&str]) -> Vec<u8> {
    let mut out = head("200 OK", headers);
    out.extend_from_slice(b"\r\n");
    out
}

#[tokio::test]
async fn statuses() {
    let status = |line: &'static str, expected| row(line, response(line, &[HTML], b"<p>text</p>"), expected);
    let mut conditional = row("304 on our validators", vec![send(open_304())], "unchanged");
    conditional.known = Some(Validators { etag: Some("\"a\"".into()), last_modified: None });
    let mut last_try = status("503 Service Unavailable", "rejected http_server_error");
    last_try.change = |settings| settings.max_attempts = 1;
    let mut asked_too_long = row(
        "503 for longer than the ceiling",
        response("503 Later", &["Retry-After: 86400"], b""),
        "retry http_server_error",
    );
    asked_too_long.change = |settings| settings.max_backoff = Duration::from_secs(60);
    check(vec![
        row("a page", page("<p>hello</p>"), "page 12"),
        status("203 Non-Authoritative", "page 11"),
        row("204", vec![send(open_status("204 No Content"))], "rejected unexpected_status"),
        status("201 Created", "rejected unexpected_status"),
        status("202 Accepted", "rejected unexpected_status"),
        row(
            "206 unasked",
            response("206 Partial Content", &[HTML, "Content-Range: bytes 0-3/99"], b"<p>t"),
            "rejected unexpected_status",
        ),
        row("304 without a condition", vec![send(open_304())], "rejected unexpected_status"),
        conditional,
        status("300 Multiple Choices", "rejected unexpected_status"),
        status("305 Use Proxy", "rejected unexpected_status"),
        status("400 Bad Request", "rejected http_client_error"),
        status("401 Unauthorized", "rejected forbidden"),
        status("402 Payment Required", "rejected forbidden"),
        status("403 Forbidden", "rejected forbidden"),
        status("404 Not Found", "rejected not_found"),
        status("405 Method Not Allowed", "rejected http_client_error"),
        status("408 Request Timeout", "retry http_client_error"),
        status("410 Gone", "rejected not_found"),
        status("429 Too Many Requests", "retry host_unavailable"),
        status("451 Unavailable For Legal Reasons", "rejected forbidden"),
        status("500 Internal Server Error", "retry http_server_error"),
        status("502 Bad Gateway", "retry http_server_error"),
        status("503 Service Unavailable", "retry http_server_error"),
        status("504 Gateway Timeout", "retry http_server_error"),
        last_try,
        asked_too_long,
        status("999 Denied", "rejected unexpected_status"),
        row(
            "a challenge",
            response("403 Forbidden", &[HTML, "cf-mitigated: challenge"], b"<p>"),
            "rejected challenge_page",
        ),
        row("101 unasked", vec![send(open_status("101 Switching Protocols"))], "rejected unexpected_status"),
        row(
            "103, then the page",
            vec![
                send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n".to_vec()),
                page("<p>a</p>").remove(0),
            ],
            "page 8",
        ),
    ])
    .await;
}

fn open_status(line: &str) -> Vec<u8> {
    let mut out = head(line, &[]);
    out.extend_from_slice(b"\r\n");
    out
}

fn open_304() -> Vec<u8> {
    open_status("304 Not Modified")
}

#[tokio::test]
async fn responses_that_break_off_or_never_end() {
    let chunked = |body: &[u8]| {
        let mut out = open_head(&[HTML, "Transfer-Encoding: chunked"]);
        out.extend_from_slice(body);
        vec![send(out)]
    };
    let endless = |headers: &[&str], bytes: &[u8]| {
        vec![send(open_head(headers)), Piece::Forever(bytes.to_vec(), Duration::ZERO)]
    };
    let mut endless_headers = vec![send(head("200 OK", &[HTML]))];
    endless_headers
        .push(Piece::Forever(b"X-More: and more and more and more\r\n".repeat(100), Duration::ZERO));
    let mut chunk = b"4000\r\n".to_vec();
    chunk.extend_from_slice(&[b'a'; 0x4000]);
    chunk.extend_from_slice(b"\r\n");
    let mut short = head("200 OK", &[HTML, "Content-Length: 100"]);
    short.extend_from_slice(b"\r\n<p>short</p>");
    let mut half = head("200 OK", &[HTML, "Content-Length: 100"]);
    half.extend_from_slice(b"\r\n<p>half");
    check(vec![
        row("closed without a word", vec![], "retry bad_response"),
        row("reset without a word", vec![Piece::Reset], "retry bad_response"),
        row("not HTTP", vec![send(b"220 smtp.example ready\r\n".to_vec())], "retry bad_response"),
        row("HTTP/0.9", vec![send(b"<html><p>just the page</p></html>".to_vec())], "retry bad_response"),
        row(
            "a header without a colon",
            vec![send(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n<p>".to_vec())],
            "retry bad_response",
        ),
        row(
            "two lengths",
            response("200 OK", &[HTML, "Content-Length: 3"], b"<p>a</p>"),
            "retry bad_response",
        ),
        row("shorter than its length", vec![send(short)], "retry bad_response"),
        row(
            "reset in the body",
            vec![send(half), Piece::Pause(Duration::from_millis(50)), Piece::Reset],
            "retry bad_response",
        ),
        row("a bad chunk size", chunked(b"zz\r\n<p>\r\n0\r\n\r\n"), "retry bad_response"),
        row("chunks that end too early", chunked(b"3\r\n<p>\r\n"), "retry bad_response"),
        row("a chunk longer than it says", chunked(b"3\r\n<p>text</p>\r\n0\r\n\r\n"), "retry bad_response"),
        row("whole chunks", chunked(b"3\r\n<p>\r\n1\r\na\r\n0\r\n\r\n"), "page 4"),
        row(
            "no length, closed at the end",
            vec![send(open_head(&[HTML])), send(b"<p>a</p>".to_vec())],
            "page 8",
        ),
        row("endless headers", endless_headers, "retry bad_response"),
        row("an endless body", endless(&[HTML], &[b'a'; 0x4000]), "rejected too_large"),
        row("endless chunks", endless(&[HTML, "Transfer-Encoding: chunked"], &chunk), "rejected too_large"),
        row(
            "more than the cap on the wire",
            response("200 OK", &[HTML], &vec![b'a'; 300 << 10]),
            "rejected too_large",
        ),
        impatient(row("no answer", vec![Piece::Pause(Duration::from_secs(3))], "retry timeout")),
        impatient(row(
            "silence after the headers",
            vec![send(open_head(&[HTML, "Content-Length: 9"])), Piece::Pause(Duration::from_secs(3))],
            "retry timeout",
        )),
        impatient(row(
            "slow headers",
            vec![Piece::Forever(b"H".to_vec(), Duration::from_millis(50))],
            "retry timeout",
        )),
        impatient(row(
            "headers a line at a time",
            vec![
                send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Piece::Forever(b"A: b\r\n".to_vec(), Duration::from_millis(50)),
            ],
            "retry timeout",
        )),
        impatient(row(
            "a body a byte at a time",
            vec![send(open_head(&[HTML])), Piece::Forever(b"a".to_vec(), Duration::from_millis(50))],
            "retry timeout",
        )),
    ])
    .await;
}

#[tokio::test]
async fn redirects() {
    let to = |location: &'static str| {
        move |path: &str| if path == "/page" { redirect(location) } else { page("<p>there</p>") }
    };
    let mut with_hops =
        paths("one more than allowed", |path| redirect(&format!("{path}x")), "rejected too_many_redirects");
    with_hops.change = |settings| settings.max_redirects = 3;
    check(vec![
        paths("within the site", to("/there"), "page 12"),
        paths("relative", to("there"), "page 12"),
        paths("only a query", to("?a=b"), "page 12"),
        paths("with a fragment", to("/there#part"), "page 12"),
        paths("to another site", to("https://other.example/a"), "redirected https://other.example/a")
            .with_ports(),
        paths("to another port", to("http://127.0.0.1:1/a"), "rejected refused_address"),
        paths("to a private address", to("http://10.0.0.1/"), "rejected refused_address").with_ports(),
        paths("to a private address in hex", to("http://0x0a000001/"), "rejected refused_address")
            .with_ports(),
        paths("to a metadata address", to("http://169.254.169.254/latest/"), "rejected refused_address")
            .with_ports(),
        paths("to localhost", to("http://localhost/"), "rejected refused_address").with_ports(),
        paths("with credentials", to("http://a:b@other.example/"), "rejected refused_address").with_ports(),
        paths("to a file", to("file:///etc/passwd"), "rejected bad_redirect"),
        paths("to a script", to("javascript:alert(1)"), "rejected bad_redirect"),
        paths("to nowhere", to("http://"), "rejected bad_redirect"),
        paths("to a bad port", to("http://a.example:99999/"), "rejected bad_redirect"),
        row("without a Location", response("302 Found", &[], b""), "rejected bad_redirect"),
        row("with an empty Location", response("301 Moved", &["Location: "], b""), "rejected bad_redirect"),
        row("to itself", redirect("/page"), "rejected redirect_loop"),
        row("to itself but for the fragment", redirect("/page#a"), "rejected redirect_loop"),
        paths(
            "in a circle of two",
            |path| redirect(if path == "/page" { "/b" } else { "/page" }),
            "rejected redirect_loop",
        ),
        paths(
            "in a circle beside the start",
            |path| redirect(if path == "/b" { "/c" } else { "/b" }),
            "rejected redirect_loop",
        ),
        with_hops,
    ])
    .await;
}

impl Row {
    /// The ordinary ports are allowed as well, as in a real config.
    fn with_ports(mut self) -> Row {
        self.change = |settings| settings.allow_ports.extend([80, 443]);
        self
    }
}

pub fn packed(encoding: &str, body: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::best();
    match encoding {
        "gzip" => finish(flate2::write::GzEncoder::new(Vec::new(), level), body, |e| e.finish()),
        "zlib" => finish(flate2::write::ZlibEncoder::new(Vec::new(), level), body, |e| e.finish()),
        "raw" => finish(flate2::write::DeflateEncoder::new(Vec::new(), level), body, |e| e.finish()),
        "zstd" => zstd::encode_all(body, 9).unwrap(),
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4096, 9, 22).write_all(body).unwrap();
            out
        }
        other => panic!("{other} is none of ours"),
    }
}

fn finish<E: Write>(mut encoder: E, body: &[u8], end: fn(E) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(body).unwrap();
    end(encoder).unwrap()
}

#[tokio::test]
async fn encodings() {
    let body = b"<html><p>text of the page, some of it twice, some of it twice</p>".as_slice();
    let sent = |name, label: &'static str, bytes: Vec<u8>, expected| {
        row(name, response("200 OK", &[HTML, &format!("Content-Encoding: {label}")], &bytes), expected)
    };
    let cut = |encoding: &str| {
        // Text that does not compress, so that half of the bytes is half of the page.
        let text: String =
            (0..4000u32).map(|n| char::from(b'a' + (n.wrapping_mul(2654435761) >> 28) as u8)).collect();
        let whole = packed(encoding, text.as_bytes());
        whole[..whole.len() / 2].to_vec()
    };
    let bomb = |encoding: &str| packed(encoding, &vec![b'a'; 30 << 20]);
    let mut trailing = packed("gzip", body);
    trailing.extend_from_slice(b"\0\0\0\0padding");
    let mut broken = packed("gzip", body);
    broken[14] ^= 0xff;
    check(vec![
        sent("gzip", "gzip", packed("gzip", body), "page 65"),
        sent("x-gzip", "X-GZIP", packed("gzip", body), "page 65"),
        sent("br", "br", packed("br", body), "page 65"),
        sent("zstd", "zstd", packed("zstd", body), "page 65"),
        sent("deflate with its header", "deflate", packed("zlib", body), "page 65"),
        sent("deflate without", "deflate", packed("raw", body), "page 65"),
        sent("two stacked", "gzip, br", packed("br", &packed("gzip", body)), "page 65"),
        sent("the same twice", "gzip, gzip", packed("gzip", &packed("gzip", body)), "page 65"),
        sent("identity", "identity", body.to_vec(), "page 65"),
        sent("gzip that is none", "gzip", body.to_vec(), "page 65"),
        sent("deflate that is none", "deflate", body.to_vec(), "page 65"),
        row("gzip that is not said", response("200 OK", &[HTML], &packed("gzip", body)), "page 65"),
        sent("gzip labelled identity", "identity", packed("gzip", body), "page 65"),
        sent("gzip labelled br", "br", packed("gzip", body), "retry bad_response"),
        sent("an encoding nobody knows", "lzw-2000", body.to_vec(), "retry bad_response"),
        sent("padding after the end", "gzip", trailing, "page 65"),
        sent("broken inside", "gzip", broken, "retry bad_response"),
        sent("an empty body said to be gzip", "gzip", vec![], "page 0"),
        sent("half a gzip", "gzip", cut("gzip"), "retry bad_response"),
        sent("half a br", "br", cut("br"), "retry bad_response"),
        sent("half a zstd", "zstd", cut("zstd"), "retry bad_response"),
        sent("half a zlib", "deflate", cut("zlib"), "retry bad_response"),
        sent("half a raw deflate", "deflate", cut("raw"), "retry bad_response"),
        sent("a gzip bomb", "gzip", bomb("gzip"), "rejected too_large"),
        sent("a br bomb", "br", bomb("br"), "rejected too_large"),
        sent("a zstd bomb", "zstd", bomb("zstd"), "rejected too_large"),
        sent("a zlib bomb", "deflate", bomb("zlib"), "rejected too_large"),
        sent("a bomb in a bomb", "gzip, gzip", packed("gzip", &bomb("gzip")), "rejected too_large"),
    ])
    .await;
}

#[tokio::test]
async fn content_types() {
    let typed = |header: &'static str, body: &'static str, expected| {
        row(header, response("200 OK", &[header], body.as_bytes()), expected)
    };
    let untyped = |name, body: &'static [u8], expected| row(name, response("200 OK", &[], body), expected);
    let mut endless_video = vec![send(open_head(&["Content-Type: video/mp4"]))];
    endless_video.push(Piece::Forever(vec![0; 0x4000], Duration::from_millis(1)));
    check(vec![
        typed("Content-Type: text/html", "<p>", "page 3"),
        typed("Content-Type: TEXT/HTML; Charset=X", "<p>", "page 3"),
        typed("Content-Type: application/xhtml+xml", "<p>", "page 3"),
        typed("Content-Type: text/html,text/html", "<p>", "page 3"),
        typed("Content-Type: application/pdf", "%PDF", "rejected wrong_content_type"),
        typed("Content-Type: application/json", "{}", "rejected wrong_content_type"),
        typed("Content-Type: text/plain", "<html>", "rejected wrong_content_type"),
        typed("Content-Type: image/jpeg", "", "rejected wrong_content_type"),
        typed("Content-Type: html", "<html>", "page 6"),
        typed("Content-Type: ", "<html>", "page 6"),
        untyped("no type, a doctype", b"  <!DOCTYPE html><p>", "page 20"),
        untyped("no type, XHTML", b"<?xml version='1.0'?><html>", "page 27"),
        untyped("no type, a feed", b"<?xml version='1.0'?><rss>", "rejected wrong_content_type"),
        untyped("no type, a picture", b"\x89PNG\r\n", "rejected wrong_content_type"),
        untyped("no type, nothing", b"", "rejected wrong_content_type"),
        row("a film is not read", endless_video, "rejected wrong_content_type"),
    ])
    .await;
}

#[tokio::test]
async fn addresses_that_nobody_is_asked_at() {
    let server = FaultServer::start(|_| page("<p>never</p>")).await;
    let mut private = settings(server.port);
    private.allow_networks.clear();
    let fetcher = Fetcher::new(private).unwrap();
    let port = server.port;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "a.localhost",
        "0.0.0.0",
    ] {
        let fetched = fetch_job(&fetcher, &job(&format!("http://{host}:{port}/")), None).await;
        assert_eq!(words(&fetched), "rejected refused_address", "{host}");
    }
    assert!(server.paths().is_empty(), "nothing was connected to");
    // Allowed networks do not allow credentials.
    let fetcher = Fetcher::new(settings(port)).unwrap();
    let fetched = fetch_job(&fetcher, &job(&format!("http://me:secret@127.0.0.1:{port}/")), None).await;
    assert_eq!(words(&fetched), "rejected refused_address");
}
