//! Bodies that unpack to gigabytes: they cost no more than the cap, whatever packed them.

use crate::alone::{core_time, is_alone, memory};
use crate::fault_server::{FaultServer, Piece, head};
use crate::faults::packed;
use crate::{fetch_job, job, settings, words};
use flate2::{Compress, Compression, FlushCompress};
use newswire::fetch::{Fetched, Fetcher, Settings};
use std::io::Write;
use std::time::Duration;

const MIB: usize = 1 << 20;
/// The defaults of the config.
const MAX_WIRE: u64 = 10 << 20;
const MAX_DECODED: u64 = 20 << 20;

/// The front of a stream, and a piece that may follow any number of times: each unpacks to zeros.
struct Bomb {
    encoding: &'static str,
    front: Vec<u8>,
    piece: Vec<u8>,
    piece_unpacks_to: usize,
}

/// Flushed whole, a block of deflate ends on a byte and refers to nothing before it.
fn deflate_block() -> Vec<u8> {
    let mut packer = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(64 << 10);
    packer.compress_vec(&vec![0; MIB], &mut out, FlushCompress::Full).unwrap();
    assert_eq!(packer.total_in() as usize, MIB);
    out
}

/// RFC 8878: a frame with a window of 2 MiB and no size, and a block that repeats a byte 128 KiB times.
fn zstd_bomb() -> Bomb {
    let front = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    let header = (128 << 10 << 3 | 1 << 1) as u32;
    let block = [&header.to_le_bytes()[..3], &[0]].concat();
    Bomb { encoding: "zstd", front, piece: block.repeat(64), piece_unpacks_to: 64 * (128 << 10) }
}

fn brotli_bomb() -> Bomb {
    let mut packer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    let mut pieces = [0; 2].map(|_| {
        packer.write_all(&vec![0; MIB]).unwrap();
        packer.flush().unwrap();
        std::mem::take(packer.get_mut())
    });
    let piece = std::mem::take(&mut pieces[1]);
    Bomb { encoding: "br", front: std::mem::take(&mut pieces[0]), piece, piece_unpacks_to: MIB }
}

fn bombs() -> Vec<Bomb> {
    let block = deflate_block();
    let deflate = |encoding, front: &[u8]| Bomb {
        encoding,
        front: front.to_vec(),
        piece: block.clone(),
        piece_unpacks_to: MIB,
    };
    vec![
        deflate("gzip", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]),
        deflate("deflate", &[0x78, 0x9c]),
        deflate("deflate", &[]),
        brotli_bomb(),
        zstd_bomb(),
    ]
}

fn caps(port: u16) -> Settings {
    Settings { max_wire_bytes: MAX_WIRE, max_decoded_bytes: MAX_DECODED, ..settings(port) }
}

#[tokio::test]
async fn a_bomb_of_five_gigabytes_costs_no_more_than_the_cap() {
    if !is_alone("bombs::a_bomb_of_five_gigabytes_costs_no_more_than_the_cap") {
        return;
    }
    for bomb in bombs() {
        let times = (5usize << 30).div_ceil(bomb.piece_unpacks_to);
        let encoding = bomb.encoding;
        let server = FaultServer::start_on_a_thread(move |_| {
            let mut first =
                head("200 OK", &["Content-Type: text/html", &format!("Content-Encoding: {encoding}")]);
            first.extend_from_slice(b"\r\n");
            first.extend_from_slice(&bomb.front);
            vec![Piece::Send(first), Piece::Times(bomb.piece.clone(), times)]
        });
        let fetcher = Fetcher::new(caps(server.port)).unwrap();
        let (memory_before, time_before) = (memory("VmRSS"), core_time());
        let fetched = fetch_job(&fetcher, &job(&server.url("/bomb")), None).await;
        let (grown, time) = (memory("VmHWM").saturating_sub(memory_before), core_time() - time_before);
        println!("{encoding}: at most {} KiB more, {time:?} on a core", grown >> 10);
        assert_eq!(words(&fetched), "rejected too_large", "{encoding}");
        assert!(grown < MAX_DECODED + (16 << 20), "{encoding}: {grown} bytes");
        assert!(time < Duration::from_millis(200), "{encoding}: {time:?}");
    }
}

/// Text that packs well, but not so well that the ratio ends it: a page as large as the cap allows.
fn long_page() -> Vec<u8> {
    let words =
        ["parliament", "voted", "on", "Tuesday", "after", "a", "long", "debate", "about", "the", "budget"];
    let (mut text, mut state) = (String::with_capacity(20 << 20), 12345u64);
    while text.len() < 19 << 20 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        text.push_str(words[(state >> 33) as usize % words.len()]);
        text.push_str(if state >> 60 == 0 { ".</p>\n<p>" } else { " " });
    }
    text.into_bytes()
}

#[tokio::test]
async fn ten_megabytes_decoded_take_under_a_tenth_of_a_second_of_a_core() {
    if !is_alone("bombs::ten_megabytes_decoded_take_under_a_tenth_of_a_second_of_a_core") {
        return;
    }
    let page = long_page();
    for (label, encoding) in
        [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw"), ("br", "br"), ("zstd", "zstd")]
    {
        let body = packed(encoding, &page);
        let sent = body.len();
        let server = FaultServer::start_on_a_thread(move |_| {
            crate::fault_server::response(
                "200 OK",
                &["Content-Type: text/html", &format!("Content-Encoding: {label}")],
                &body,
            )
        });
        let fetcher = Fetcher::new(caps(server.port)).unwrap();
        let before = core_time();
        let fetched = fetch_job(&fetcher, &job(&server.url("/long")), None).await;
        let time = core_time() - before;
        let Fetched::Page(fetched) = fetched else { panic!("{encoding}: {fetched:?}") };
        assert!(fetched.body == page, "{encoding} unpacks to something else");
        let per_ten = time.mul_f64((10 << 20) as f64 / page.len() as f64);
        println!("{encoding}: {sent} bytes to {}, {per_ten:?} of a core for 10 MiB", page.len());
        assert!(per_ten < Duration::from_millis(100), "{encoding}: {per_ten:?}");
    }
}
