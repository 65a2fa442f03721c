//! What a publisher reserves, from where it is said to what goes out.

use crate::{job, settings};
use newswire::config::Config;
use newswire::extract::Extractor;
use newswire::fetch::memory::{Page, WebInMemory};
use newswire::fetch::{Clock, Fetcher, Settings};
use newswire::memory::{Claims, SeenTable};
use newswire::pipeline::{self, AfterFetch, Pipeline, TurnTerms, Verdict};
use newswire::publish::{Deliver, RightsSettings, WhenNoindex};
use newswire::topics::Tagger;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| pipeline(RightsSettings::default()));

const FIRST: &str =
    "The city council of Seoul voted on Tuesday to open the old bridge to walkers again this autumn.";
const SECOND: &str =
    "Its members from Busan had asked for a longer study, but the vote was clear in the end, they said.";

fn pipeline(rights: RightsSettings) -> Pipeline {
    let settings = pipeline::Settings { rights, ..pipeline::Settings::from(&Config::default()) };
    Pipeline::new(Extractor::bundled(), Tagger::bundled(), settings)
}

/// What is said where; empty is nothing.
#[derive(Clone, Default)]
struct Said {
    file: &'static str,
    tdm_header: &'static str,
    robots_header: &'static str,
    head: &'static str,
    robots_txt: &'static str,
}

fn web(said: Said) -> WebInMemory {
    WebInMemory::new(move |url, _| {
        let story = format!(
            "<html><head><title>Council opens the bridge</title>{}</head><body><article><h1>Council opens the bridge</h1>\
             <p>{FIRST}</p><p>{SECOND}</p><p>{SECOND} {FIRST}</p></article></body></html>",
            said.head
        );
        Ok(match url.path() {
            "/robots.txt" => Page::html(said.robots_txt),
            "/.well-known/tdmrep.json" if said.file.is_empty() => Page::status(404),
            "/.well-known/tdmrep.json" => Page::html(said.file),
            _ => {
                let mut page = Page::html(&story);
                let headers = [("tdm-reservation", said.tdm_header), ("x-robots-tag", said.robots_header)];
                let given = headers.into_iter().filter(|(_, value)| !value.is_empty());
                page.headers.extend(given.map(|(name, value)| (name, value.to_owned())));
                page
            }
        })
    })
}

/// `full`, `excerpt tdm_reserved`, `rejected noindex`; the event is checked on the way.
async fn outcome(pipeline: &Pipeline, said: Said) -> String {
    let obeying = Settings {
        robots: true,
        delay: Duration::ZERO,
        user_agent: "acmebot/2 (+https://acme.example/bot)".into(),
        ..settings(80)
    };
    let fetcher = Fetcher::with(obeying, Arc::new(web(said)), Clock::system()).unwrap();
    let mut job = job("http://news.example/2026/bridge");
    job.site = "news.example".into();
    let terms = TurnTerms::alone(Duration::from_secs(5));
    let candidate = match pipeline.fetch(job, None, &fetcher, terms).await {
        AfterFetch::Candidate(candidate, _) => *candidate,
        AfterFetch::Reject(reject) => return format!("rejected {}", reject.reason),
        other => panic!("{other:?}"),
    };
    let candidate = pipeline.identify(candidate);
    match pipeline.publish(candidate, 0, &mut Claims::default(), &SeenTable::default(), fetcher.now()) {
        Verdict::Reject(reject) => format!("rejected {}", reject.reason),
        Verdict::Duplicate { .. } => "duplicate".into(),
        Verdict::Event(_, event) => {
            let text = serde_json::to_string(&event).unwrap();
            let delivered = event.withheld.as_ref().map_or("full", |withheld| withheld.delivered.as_str());
            let expected = match delivered {
                "full" => (true, true),
                "excerpt" => (true, false),
                _ => (false, false),
            };
            assert_eq!((text.contains(FIRST), text.contains(SECOND)), expected, "{text}");
            let end = event.body.chars().count() as u32;
            let in_body =
                |mention: &&newswire::record::Mention| mention.field == newswire::record::Field::Body;
            assert!(event.topics.iter().flat_map(|t| &t.mentions).filter(in_body).all(|m| m.end <= end));
            let because =
                event.withheld.as_ref().map(|withheld| withheld.because.join(" ")).unwrap_or_default();
            format!("{delivered} {because}").trim().to_owned()
        }
    }
}

async fn check(said: Said, expected: &str) {
    assert_eq!(outcome(&PIPELINE, said).await, expected);
}

const RESERVES_ALL: &str = r#"[{"location": "/", "tdm-reservation": 1}]"#;

#[tokio::test]
async fn a_reservation_is_read_from_file_header_and_page_in_that_order() {
    let reserved = "metadata tdm_reserved";
    check(Said::default(), "full").await;
    check(Said { file: RESERVES_ALL, ..Said::default() }, reserved).await;
    check(Said { file: r#"[{"location": "/other", "tdm-reservation": 1}]"#, ..Said::default() }, "full")
        .await;
    check(Said { tdm_header: "1", ..Said::default() }, reserved).await;
    check(Said { head: "<meta name=tdm-reservation content=1>", ..Said::default() }, reserved).await;
    check(Said { file: RESERVES_ALL, tdm_header: "0", ..Said::default() }, "full").await;
    check(Said { tdm_header: "1", head: "<meta name=tdm-reservation content=0>", ..Said::default() }, "full")
        .await;
    check(
        Said { tdm_header: "0", head: "<meta name=tdm-reservation content=1>", ..Said::default() },
        reserved,
    )
    .await;
    check(Said { file: RESERVES_ALL, tdm_header: "maybe", ..Said::default() }, reserved).await;
    let closed = "User-agent: *\nDisallow: /.well-known/";
    check(Said { file: RESERVES_ALL, robots_txt: closed, ..Said::default() }, "full").await;
}

#[tokio::test]
async fn robots_directives_for_all_and_for_us_by_name() {
    check(Said { head: "<meta name=robots content=noindex>", ..Said::default() }, "rejected noindex").await;
    check(Said { head: "<meta name=ROBOTS content='NONE'>", ..Said::default() }, "rejected noindex").await;
    check(Said { robots_header: "noindex", ..Said::default() }, "rejected noindex").await;
    check(Said { robots_header: "newswire: noindex", ..Said::default() }, "rejected noindex").await;
    check(Said { robots_header: "AcmeBot: noindex", ..Said::default() }, "rejected noindex").await;
    check(Said { head: "<meta name=acmebot content=noindex>", ..Said::default() }, "rejected noindex").await;
    check(Said { head: "<meta name=newswire content=noarchive>", ..Said::default() }, "metadata noarchive")
        .await;
    check(Said { robots_header: "noarchive, nosnippet", ..Said::default() }, "metadata noarchive").await;
    check(Said { robots_header: "otherbot: noindex", ..Said::default() }, "full").await;
    check(Said { head: "<meta name=otherbot content=noindex>", ..Said::default() }, "full").await;
    check(Said { head: "<meta name=robots content='index, follow'>", ..Said::default() }, "full").await;
    check(
        Said { robots_txt: "User-agent: acmebot\nDisallow: /2026", ..Said::default() },
        "rejected robots_denied",
    )
    .await;
}

#[tokio::test]
async fn the_operator_may_deliver_less_and_by_agreement_more() {
    let both = Said { file: RESERVES_ALL, robots_header: "noarchive", ..Said::default() };
    let noindex = Said { robots_header: "noindex", ..Said::default() };
    let rights = RightsSettings::default();
    for (rights, said, expected) in [
        (RightsSettings { deliver: Deliver::Excerpt, ..rights.clone() }, Said::default(), "excerpt deliver"),
        (
            RightsSettings { deliver: Deliver::Metadata, ..rights.clone() },
            Said::default(),
            "metadata deliver",
        ),
        (rights.clone(), both.clone(), "metadata tdm_reserved noarchive"),
        (
            RightsSettings { when_reserved: Deliver::Excerpt, noarchive: Deliver::Full, ..rights.clone() },
            both.clone(),
            "excerpt tdm_reserved",
        ),
        (
            RightsSettings { when_reserved: Deliver::Full, noarchive: Deliver::Full, ..rights.clone() },
            both,
            "full",
        ),
        (
            RightsSettings { noindex: WhenNoindex::Metadata, ..rights.clone() },
            noindex.clone(),
            "metadata noindex",
        ),
        (
            RightsSettings { noindex: WhenNoindex::Excerpt, ..rights.clone() },
            noindex.clone(),
            "excerpt noindex",
        ),
        (RightsSettings { noindex: WhenNoindex::Full, ..rights }, noindex, "full"),
    ] {
        assert_eq!(outcome(&pipeline(rights), said).await, expected);
    }
}

#[tokio::test]
async fn the_file_is_asked_for_once_a_host_and_its_absence_stops_nothing() {
    for status in [404, 500, 200] {
        let web = Arc::new(WebInMemory::new(move |url, _| {
            let is_file = url.path() == "/.well-known/tdmrep.json";
            Ok(if is_file { Page::status(status) } else { Page::html("<p>a</p>") })
        }));
        let obeying = Settings { robots: true, delay: Duration::from_millis(1), ..settings(80) };
        let fetcher = Fetcher::with(obeying, web.clone(), Clock::system()).unwrap();
        for n in 0..3 {
            let mut job = job(&format!("http://news.example/{n}"));
            job.site = "news.example".into();
            assert_eq!(crate::words(&crate::fetch_job(&fetcher, &job, None).await), "page 8", "{status}");
        }
        let paths: Vec<String> = web.visits().iter().map(|visit| visit.url.path().to_owned()).collect();
        assert_eq!(paths, ["/robots.txt", "/.well-known/tdmrep.json", "/0", "/1", "/2"]);
    }
}
