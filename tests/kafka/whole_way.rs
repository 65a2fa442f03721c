//! URLs in, events out: every event fits its schema, every URL has its one outcome.

use crate::support::deployment::Deployment;
use crate::support::events::{assert_each_once, event, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn every_url_becomes_an_event_that_fits_the_schema() {
    let newswire = Deployment::new("whole");
    let articles: Vec<Article> = (0..12).map(Article::new).collect();
    let url = |article: &Article| format!("http://paper{}.example/{}", article.number % 4, article.number);
    articles.iter().for_each(|article| newswire.sites.serve(&url(article), Page::html(article.html())));
    newswire.submit(&articles.iter().map(url).collect::<Vec<_>>());

    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let events = newswire.events();
    let mut expected: Vec<String> = articles.iter().map(Article::title).collect();
    expected.sort();
    assert_eq!(titles(&events), expected, "{}", worker.end_of_log());
    assert_each_once(&events);
    assert!(newswire.rejects().is_empty());
    assert_eq!(worker.stop(), 0);
    assert_eq!(worker.published(), 12, "one line with an outcome for each URL");
    assert_eq!(worker.outcomes().len(), 1);
}

#[test]
fn what_the_record_carries_arrives_with_the_event() {
    let newswire = Deployment::new("carried");
    newswire.sites.serve("http://paper.example/story", Page::html(Article::new(5).html()));
    let record = br#"{"url":"http://paper.example/story?utm_source=x","context":{"campaign":7}}"#;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [("traceparent", traceparent)];
    let urls = newswire.kafka_topic("urls");
    crate::support::broker::broker().produce(&urls, Some(b"mine"), Some(record), &headers);

    let _worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let records = newswire.events();
    let event = event(&records[0]);
    assert_eq!(event["context"]["campaign"], 7);
    assert_eq!(event["requested_url"], "http://paper.example/story?utm_source=x");
    assert_eq!(event["url"], "http://paper.example/story");
    assert_eq!(
        (&event["source_record"]["topic"], &event["source_record"]["offset"]),
        (&urls.into(), &0.into())
    );
    let of_the_same_trace =
        records[0].header("traceparent").expect("a trace").contains("0af7651916cd43dd8448eb211c80319c");
    assert!(of_the_same_trace);
}

/// The host is asked for one page after the other, never for two at once.
#[test]
fn one_host_is_asked_for_one_page_at_a_time() {
    let newswire = Deployment::new("polite").set("FETCH__DELAY", "200ms");
    let url = |number: usize| format!("http://slow.example/{number}");
    for number in 0..5 {
        let page = Page::html(Article::new(number).html()).after(Duration::from_millis(100));
        newswire.sites.serve(&url(number), page);
    }
    newswire.submit(&(0..5).map(url).collect::<Vec<_>>());
    let _worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);

    let asked = newswire.sites.asked();
    assert_eq!(newswire.sites.asked_for_pages().len(), 5);
    for pair in asked.windows(2) {
        let pause = pair[1].at.duration_since(pair[0].answered_at.expect("answered before the next"));
        // A little less is the proxy's clock against the worker's.
        assert!(pause >= Duration::from_millis(190), "{} came {pause:?} after {}", pair[1].url, pair[0].url);
    }
}
