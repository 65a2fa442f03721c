//! The whole worker with its ends in memory: records from a list, pages from a web in memory, deliveries into a list,
//! and a clock that moves only when everybody waits for it.

use super::{Delivery, Ingest, State};
use crate::config::{Config, IdentitySettings};
use crate::extract::Extractor;
use crate::fetch::memory::{Page, WebInMemory};
use crate::fetch::{Clock, Fetcher, Settings};
use crate::pipeline::Pipeline;
use crate::record::{ArticleEvent, Outcome, Reason, SourceRecord};
use crate::topics::Tagger;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::stream;
use reqwest::header::HeaderMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

const DELAY: Duration = Duration::from_secs(1);

/// One worker on one web.
struct Worker {
    ingest: Ingest,
    web: Arc<WebInMemory>,
    state: State,
    stop: CancellationToken,
    records_taken: i64,
}

impl Worker {
    fn on(answer: impl Fn(&Url, &HeaderMap) -> Page + Send + Sync + 'static) -> Worker {
        Worker::with(Config::default(), answer)
    }

    fn with(config: Config, answer: impl Fn(&Url, &HeaderMap) -> Page + Send + Sync + 'static) -> Worker {
        let web = Arc::new(WebInMemory::new(move |url, headers| Ok(answer(url, headers))));
        let config = Config { fetch: Settings { delay: DELAY, ..config.fetch }, ..config };
        let fetcher = Fetcher::with(config.fetch.clone(), web.clone(), Clock::system()).unwrap();
        let pipeline = Pipeline::new(Extractor::bundled(), Tagger::bundled(), (&config).into());
        let ingest = Ingest {
            pipeline: pipeline.into(),
            fetcher: Arc::new(fetcher),
            max_wait: Duration::from_secs(3600),
        };
        Worker { ingest, web, state: State::in_memory(), stop: CancellationToken::new(), records_taken: 0 }
    }

    async fn takes(&mut self, records: &[&str]) -> Vec<Delivery> {
        let mut delivered = Vec::new();
        let records: Vec<SourceRecord> = records.iter().map(|record| self.source(record)).collect();
        let sink = |delivery| {
            delivered.push(delivery);
            Ok(())
        };
        self.ingest.run(stream::iter(records), &mut self.state, sink, self.stop.clone()).await.unwrap();
        delivered
    }

    /// As it would come from Kafka; the same text again is another record.
    fn source(&mut self, record: &str) -> SourceRecord {
        self.records_taken += 1;
        SourceRecord {
            topic: "list".into(),
            offset: self.records_taken,
            record_base64: BASE64_STANDARD.encode(record),
            ..SourceRecord::default()
        }
    }

    /// Requests of a host, in seconds since `start`.
    fn asked(&self, host: &str, start: Instant) -> Vec<(String, u64)> {
        let visits = self.web.visits();
        let visits = visits.iter().filter(|visit| visit.url.host_str() == Some(host));
        visits.map(|visit| (visit.url.path().to_owned(), (visit.started - start).as_secs())).collect()
    }
}

/// An article of its own for every `n`, with what its template declares in the head.
fn article(n: u32, head: &str) -> Page {
    let sentences: Vec<String> = (0..12)
        .map(|s| {
            let word = |k: u32| (n * 31 + s * 7 + k * 13) % 97;
            format!(
                "Harbour {} told clerk {} that quay {} would close on day {}.",
                word(1),
                word(2),
                word(3),
                word(4)
            )
        })
        .collect();
    let paragraphs: Vec<String> = sentences.chunks(3).map(|p| format!("<p>{}</p>", p.join(" "))).collect();
    Page::html(&format!(
        "<html><head><title>Quay {n} closes for repairs</title>{head}</head><body><article><h1>Quay {n} closes for \
         repairs</h1>{}</article></body></html>",
        paragraphs.join("")
    ))
}

fn with(mut page: Page, name: &'static str, value: &str) -> Page {
    page.headers.push((name, value.to_owned()));
    page
}

fn outcomes(delivered: &[Delivery]) -> HashMap<(Outcome, Option<Reason>), usize> {
    let mut counts = HashMap::new();
    for delivery in delivered {
        *counts.entry((delivery.ending.outcome, delivery.ending.reason)).or_default() += 1;
    }
    counts
}

fn events(delivered: &[Delivery]) -> Vec<&ArticleEvent> {
    delivered.iter().filter_map(|delivery| delivery.event.as_deref()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_record_has_one_outcome_and_every_article_one_event() {
    let mut worker = Worker::on(|url, _| match (url.host_str().unwrap(), url.path()) {
        (_, "/robots.txt") => Page::status(404),
        ("a.example", "/story") => article(1, "<link rel=shortlink href='http://a.example/?p=1'>"),
        ("a.example", "/print/story") => article(1, "<link rel=shortlink href='http://a.example/?p=1'>"),
        ("a.example", "/") if url.query() == Some("p=1") => with(Page::status(301), "location", "/story"),
        ("go.example", _) => with(Page::status(302), "location", "http://b.example/second-story"),
        ("b.example", "/second-story") => article(2, ""),
        _ => Page::status(404),
    });
    let delivered = worker
        .takes(&[
            "http://a.example/story",
            "http://a.example/story?utm_source=mail",
            "http://a.example/print/story",
            "http://a.example/?p=1",
            "http://go.example/x",
            r#"{"url": "http://b.example/second-story", "context": {"desk": 7}}"#,
            "http://b.example/nowhere",
            "ftp://a.example/story",
            "{not json",
            "http://127.0.0.1/admin",
        ])
        .await;
    let counts = outcomes(&delivered);
    assert_eq!(delivered.len(), 10, "{counts:?}");
    assert_eq!(events(&delivered).len(), 2, "{counts:?}");
    assert_eq!(counts[&(Outcome::Published, None)], 2);
    for reason in [Reason::NotFound, Reason::InvalidUrl, Reason::BadRecord, Reason::RefusedAddress] {
        assert_eq!(counts[&(Outcome::Rejected, Some(reason))], 1, "{reason}: {counts:?}");
    }
    let known: usize = [Outcome::Duplicate, Outcome::Recent]
        .map(|o| counts.get(&(o, None)).copied().unwrap_or(0))
        .iter()
        .sum();
    assert_eq!(known, 4, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_the_config_calls_tracking_names_no_other_page() {
    let identity = IdentitySettings { tracking_parameters: vec!["from_*".into()] };
    let config = Config { identity, ..Config::default() };
    let mut worker = Worker::with(config, |_, _| article(1, ""));
    let urls =
        ["http://a.example/story?from_mail=7", "http://a.example/story?from_app=1", "http://a.example/story"];
    let delivered = worker.takes(&urls).await;
    let urls: Vec<&str> = events(&delivered).iter().map(|event| event.url.as_str()).collect();
    assert_eq!(urls, ["http://a.example/story"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_is_asked_once_a_second_while_others_go_on() {
    let mut worker = Worker::on(|url, _| match url.path() {
        "/robots.txt" => Page::status(404),
        path => article(path.len() as u32 * 100 + url.host_str().unwrap().len() as u32, ""),
    });
    let start = Instant::now();
    let urls = [
        "http://slow.example/a1",
        "http://slow.example/b22",
        "http://slow.example/c333",
        "http://b.example/d4444",
    ];
    let delivered = worker.takes(&urls).await;
    assert_eq!(events(&delivered).len(), 4, "{:?}", outcomes(&delivered));
    let slow: Vec<u64> = worker.asked("slow.example", start).into_iter().map(|(_, second)| second).collect();
    assert_eq!(slow, [0, 1, 2, 3, 4], "robots.txt, tdmrep.json and three pages");
    assert_eq!(worker.asked("b.example", start).last().unwrap().1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_for_a_pause_gets_it_and_its_article_still_comes() {
    let start = Instant::now();
    let mut worker = Worker::on(move |url, _| match url.path() {
        "/robots.txt" => Page::status(404),
        _ if start.elapsed() < Duration::from_secs(900) => with(Page::status(503), "retry-after", "900"),
        _ => article(1, ""),
    });
    let delivered = worker.takes(&["http://a.example/story"]).await;
    assert_eq!(events(&delivered).len(), 1, "{:?}", outcomes(&delivered));
    let asked = worker.asked("a.example", start);
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[2].1 >= 901, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_is_recent_for_a_day_and_then_asked_for_with_its_validator() {
    let mut worker = Worker::on(|url, headers| match (url.path(), headers.get("if-none-match")) {
        ("/robots.txt", _) => Page::status(404),
        (_, Some(tag)) if tag == "\"v1\"" => Page::status(304),
        _ => with(article(1, ""), "etag", "\"v1\""),
    });
    let one = ["http://a.example/story"];
    for expected in [Outcome::Published, Outcome::Recent] {
        assert_eq!(worker.takes(&one).await[0].ending.outcome, expected);
        tokio::time::advance(Duration::from_secs(3600)).await;
    }
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    assert_eq!(worker.takes(&one).await[0].ending.outcome, Outcome::Unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_stop_delivers_what_is_under_way_and_lets_go_of_what_waits() {
    let mut worker = Worker::on(|url, _| match url.path() {
        "/robots.txt" => Page::status(404),
        "/under-way" => article(1, "").after(Duration::from_secs(10)),
        "/hangs" => article(2, "").after(Duration::from_secs(50)),
        path => article(path.len() as u32, ""),
    });
    let stop = worker.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.cancel();
    });
    let start = Instant::now();
    let urls =
        ["http://a.example/under-way", "http://a.example/waits-for-its-turn", "http://b.example/hangs"];
    let delivered = worker.takes(&urls).await;
    let urls: Vec<&str> = events(&delivered).iter().map(|event| event.url.as_str()).collect();
    assert_eq!((urls, delivered.len()), (vec!["http://a.example/under-way"], 1));
    assert_eq!(start.elapsed().as_secs(), 18, "the drain is bounded");
    assert!(worker.asked("a.example", start).iter().all(|(path, _)| path != "/waits-for-its-turn"));
}
