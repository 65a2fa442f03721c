//! The body off the wire: content decoding with limits on bytes received, bytes decoded, their ratio and the pauses.
//!
//! ```text
//! wire -> counted, capped -> decoder (as many as `Content-Encoding` names) -> counted, capped -> body
//! ```
//!
//! Memory is bounded by the cap on decoded bytes and the decoders' windows, whatever the body unpacks to.

use super::Settings;
use super::transport::Failure;
use crate::record::Reason;
use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::timeout;
use tokio_util::io::StreamReader;

/// A page that unpacks to more than this times its wire size is no page. A guess, not measured.
const MAX_RATIO: u64 = 200;
/// Small bodies may have any ratio: they cost nothing.
const RATIO_FROM: u64 = 1 << 20;
/// RFC 9659: zstd in HTTP needs no window over 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Nobody stacks more than two on purpose.
const MAX_ENCODINGS: usize = 4;
/// Who announces more has to send it first.
const ROOM_AT_MOST: usize = 256 << 10;
/// Other tasks get their turn after this many bytes decoded without a wait.
const YIELD_EVERY: usize = 256 << 10;

/// How much of a body is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub wire_bytes: u64,
    pub decoded_bytes: u64,
    /// Over the limit the body is cut rather than refused (robots.txt).
    pub cut: bool,
    pub between_bytes: std::time::Duration,
    /// Bytes that are said to come: there is room for them at once, up to `ROOM_AT_MOST`.
    pub announced: usize,
}

impl Limits {
    pub fn of_page(settings: &Settings) -> Limits {
        Limits {
            wire_bytes: settings.max_wire_bytes,
            decoded_bytes: settings.max_decoded_bytes,
            cut: false,
            between_bytes: settings.read_timeout,
            announced: 0,
        }
    }
}

/// A body, decoded, and what it was on the wire.
#[derive(Debug, Default)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub wire_bytes: u64,
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

/// Reads and decodes a body. `accept` judges its first bytes before more is read.
pub async fn read_body(
    wire: BoxStream<'static, Result<Bytes, Failure>>,
    encodings: &[String],
    limits: Limits,
    accept: impl FnOnce(&[u8]) -> Result<(), Failure>,
) -> Result<Body, Failure> {
    let (wire, tally) = counted(wire, limits);
    let paused = || Failure::of_host(Reason::Timeout, "the body paused for too long");
    let opening = open(Box::pin(StreamReader::new(wire)), encodings);
    let mut reader =
        timeout(limits.between_bytes, opening).await.map_err(|_| paused())?.map_err(|e| tally.explain(e))?;
    let first = timeout(limits.between_bytes, reader.fill_buf()).await.map_err(|_| paused())?;
    accept(first.map_err(|e| tally.explain(e))?)?;
    let room = limits.announced.min(limits.decoded_bytes as usize).min(ROOM_AT_MOST);
    let mut body = Body { bytes: Vec::with_capacity(room), wire_bytes: 0 };
    let mut since_yield = 0;
    loop {
        let piece = timeout(limits.between_bytes, reader.fill_buf()).await.map_err(|_| paused())?;
        let piece = piece.map_err(|e| tally.explain(e))?;
        if piece.is_empty() {
            break;
        }
        let taken = piece.len();
        let room = (limits.decoded_bytes as usize).saturating_sub(body.bytes.len());
        body.bytes.extend_from_slice(&piece[..taken.min(room)]);
        reader.as_mut().consume(taken);
        if taken > room && limits.cut {
            break;
        }
        if taken > room {
            return Err(too_large(format!("over {} bytes decoded", limits.decoded_bytes)));
        }
        check_ratio(body.bytes.len() as u64, tally.wire())?;
        since_yield += taken;
        if since_yield >= YIELD_EVERY {
            since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
    body.wire_bytes = tally.wire();
    Ok(body)
}

fn too_large(message: String) -> Failure {
    Failure::lasting(Reason::TooLarge, message)
}

fn check_ratio(decoded: u64, wire: u64) -> Result<(), Failure> {
    if decoded > RATIO_FROM && decoded / wire.max(1) > MAX_RATIO {
        return Err(too_large(format!("{wire} bytes unpack to over {decoded}")));
    }
    Ok(())
}

/// Wire bytes so far, and the failure that a decoder would otherwise hide in an `io::Error`.
#[derive(Clone, Default)]
struct Tally {
    wire: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl Tally {
    fn wire(&self) -> u64 {
        self.wire.load(Ordering::Relaxed)
    }

    fn explain(&self, error: io::Error) -> Failure {
        let kept = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| {
            Failure::of_page(Reason::BadResponse, format!("cannot decode the body: {error}"))
        })
    }
}

fn counted(
    wire: BoxStream<'static, Result<Bytes, Failure>>,
    limits: Limits,
) -> (impl Stream<Item = io::Result<Bytes>> + Send, Tally) {
    let tally = Tally::default();
    let ours = tally.clone();
    let most = limits.wire_bytes;
    let pieces = wire.map(move |piece| {
        let piece = piece.and_then(|bytes| {
            let wire = ours.wire.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
            if wire > most { Err(too_large(format!("over {most} bytes on the wire"))) } else { Ok(bytes) }
        });
        piece.map_err(|failure| {
            *ours.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            io::Error::other("see the failure kept")
        })
    });
    (pieces, tally)
}

/// Stacks the decoders, the encoding applied last first. What its first bytes say wins over a label that lies.
async fn open(wire: Reader, encodings: &[String]) -> io::Result<Reader> {
    let named = encodings.iter().rev().filter(|name| !matches!(name.as_str(), "identity" | "" | "none"));
    let mut reader = wire;
    for name in named.take(MAX_ENCODINGS) {
        reader = decoder(reader, name).await?;
    }
    // Packed by a proxy or a script that did not say so.
    if peek(&mut reader).await?.starts_with(&GZIP) {
        reader = unpack(GzipDecoder::new(reader));
    }
    Ok(reader)
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

async fn decoder(mut reader: Reader, name: &str) -> io::Result<Reader> {
    let first = peek(&mut reader).await?;
    Ok(match name {
        _ if first.is_empty() => reader,
        "gzip" | "x-gzip" if first.starts_with(&GZIP) => unpack(GzipDecoder::new(reader)),
        "gzip" | "x-gzip" | "zstd" | "deflate" if looks_like_markup(&first) => reader,
        "br" => unpack(BrotliDecoder::new(reader)),
        "zstd" => unpack(ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW_LOG)])),
        "deflate" if is_zlib(&first) => unpack(ZlibDecoder::new(reader)),
        "deflate" => unpack(DeflateDecoder::new(reader)),
        "gzip" | "x-gzip" => return Err(io::Error::other("labelled gzip, which it is not")),
        other => return Err(io::Error::other(format!("unknown content encoding {other:?}"))),
    })
}

fn unpack(reader: impl AsyncRead + Send + 'static) -> Reader {
    Box::pin(BufReader::with_capacity(16 << 10, reader))
}

/// A few first bytes, left in place. A first piece of one byte is joined with the next.
async fn peek(reader: &mut Reader) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(8);
    let have = reader.fill_buf().await?;
    first.extend_from_slice(&have[..have.len().min(8)]);
    if first.len() >= 8 || first.is_empty() {
        return Ok(first);
    }
    let taken = first.len();
    reader.as_mut().consume(taken);
    let more = reader.fill_buf().await?;
    let more = more[..more.len().min(8)].to_vec();
    let front = first.clone();
    first.extend_from_slice(&more);
    let rest = std::mem::replace(reader, Box::pin(tokio::io::empty()));
    *reader = Box::pin(BufReader::new(io::Cursor::new(front).chain(rest)));
    Ok(first)
}

/// RFC 1950: method 8 and a header that is a multiple of 31. "deflate" should be this; many servers send it raw.
fn is_zlib(first: &[u8]) -> bool {
    match first {
        [cmf, flags, ..] => {
            cmf & 0x0f == 8 && cmf >> 4 <= 7 && (u16::from(*cmf) << 8 | u16::from(*flags)) % 31 == 0
        }
        _ => false,
    }
}

fn looks_like_markup(first: &[u8]) -> bool {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    matches!(text, [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..])
}
