//! What no input may do to what reads headers, charsets and URLs: panic, or take more than linear time.
//!
//! 2,000 cases each, or as many as NEWSWIRE_CASES says.

use crate::tables::cases;
use newswire::extract::charset::decode;
use newswire::extract::{Extractor, Page, PageHeaders};
use newswire::identity::{TrackingParameters, normalize};
use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use url::Url;

static EXTRACTOR: LazyLock<Extractor> = LazyLock::new(Extractor::bundled);

/// Bytes of markup that is about encodings, among others.
fn markup() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![
        Just(b"<meta ".to_vec()),
        Just(b"charset=".to_vec()),
        Just(b"http-equiv=content-type ".to_vec()),
        Just(b"content=\"text/html; charset=".to_vec()),
        Just(b"euc-kr\">".to_vec()),
        Just(b"utf-16".to_vec()),
        Just(b"<!-- ".to_vec()),
        Just(b"-->".to_vec()),
        Just(b"<script>".to_vec()),
        Just(b"<?xml encoding='".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"\x1b$B".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(words, 0..16).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_bytes_and_no_content_type_make_a_panic(bytes in markup(), content_type in proptest::option::of("\\PC{0,30}")) {
        let decoded = decode(&bytes, content_type.as_deref());
        prop_assert!(decoded.replaced <= decoded.text.chars().count());
    }

    #[test]
    fn utf_8_is_read_as_it_is(text in "[a-zäöüßéñ한국어ждё ]{0,60}", meta in any::<bool>()) {
        let page = format!("{}<p>ждё한국</p>{text}", if meta { "<meta charset=utf-8>" } else { "" });
        let decoded = decode(page.as_bytes(), None);
        prop_assert_eq!((&*decoded.text, decoded.replaced), (&*page, 0));
    }

    #[test]
    fn no_link_header_makes_a_panic(link in "[<>;,=\" a-z/:.é]{0,60}", robots in "[a-z:, -]{0,40}") {
        let url = Url::parse("https://news.example/a").unwrap();
        let headers = PageHeaders {
            link: vec![link.clone(), format!("<{link}>; rel=shortlink")],
            x_robots_tag: vec![robots],
            ..PageHeaders::default()
        };
        EXTRACTOR.extract(&Page { url: &url, html: "<p>a</p>", headers: &headers, fetched_at: None });
    }

    #[test]
    fn no_url_makes_a_panic_and_normalizing_twice_changes_nothing(
        url in prop_oneof!["\\PC{0,40}", "https?://[a-zA-Z%0-9.é-]{1,20}(:[0-9]{0,5})?/[a-z%A-F0-9./?&=#é_]{0,40}"]
    ) {
        let tracking = TrackingParameters::default();
        if let Ok(once) = normalize(&url, &tracking) {
            let twice = normalize(once.as_str(), &tracking).expect("a normalized URL is one");
            prop_assert_eq!(once, twice);
        }
    }
}

/// The time for input of a size, and for eight times as much: linear work grows eightfold, quadratic sixty-four fold.
fn grows_linearly(name: &str, mut work: impl FnMut(usize)) {
    let mut time = |size: usize| {
        let once = |_| {
            let started = Instant::now();
            work(size);
            started.elapsed()
        };
        (0..3).map(once).min().unwrap_or_default().max(Duration::from_micros(200))
    };
    let (small, large) = (time(20_000), time(160_000));
    let factor = large.as_secs_f64() / small.as_secs_f64();
    assert!(factor < 30.0 || large < Duration::from_millis(20), "{name}: {small:?}, then {large:?}");
}

#[test]
fn hostile_input_takes_linear_time() {
    let tracking = TrackingParameters::default();
    for piece in [
        "<meta ",
        "<meta content='charset=",
        "<!--",
        "<",
        "<script",
        "=\"'",
        "<meta a=b ",
        "charset",
        "\u{e9}",
    ] {
        grows_linearly(piece, |size| drop(decode(piece.repeat(size / piece.len()).as_bytes(), None)));
    }
    for piece in ["charset=", ";", "charset", "\""] {
        let header = |size: usize| piece.repeat(size / piece.len());
        grows_linearly(piece, |size| drop(decode(b"<p>\xe9", Some(&header(size)))));
    }
    for piece in ["../", "a/", "?a=b&", "%41", "utm_a=b&", "é", "#", "//"] {
        let url = |size: usize| {
            format!(
                "https://news.example/{}?{}",
                piece.repeat(size / piece.len() / 2),
                piece.repeat(size / piece.len() / 2)
            )
        };
        grows_linearly(piece, |size| drop(normalize(&url(size), &tracking)));
    }
}
