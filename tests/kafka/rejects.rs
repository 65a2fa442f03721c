//! What cannot become an article is one reject with its reason and the original bytes, and stops nothing.

use crate::support::broker::broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::Draft;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::time::Duration;

/// The record, and the reason that its reject must have.
const BAD: &[(&[u8], &str)] = &[
    (b"\xff\xfenot text", "bad_record"),
    (b"   ", "bad_record"),
    (b"{\"url\":3}", "bad_record"),
    (b"{\"url\":\"http://paper.example/\"", "bad_record"),
    (b"news.example/without-a-scheme", "invalid_url"),
    (b"ftp://paper.example/file", "invalid_url"),
    (b"http://paper.example/missing", "not_found"),
    (b"http://127.0.0.1/", "refused_address"),
    (b"http://2130706433/decimal", "refused_address"),
    (b"http://localhost/", "refused_address"),
    (b"http://paper.example:22/", "refused_address"),
    (b"{\"url\":\"http://paper.example/data.bin\",\"context\":{\"a\":1}}", "wrong_content_type"),
];

#[test]
fn each_bad_record_is_one_reject_with_its_bytes() {
    let newswire = Deployment::new("bad");
    let binary = Page::status(200).header("content-type", "application/octet-stream").body("x");
    newswire.sites.serve("http://paper.example/data.bin", binary);
    newswire.sites.serve("http://paper.example/story", Page::html(Article::new(1).html()));
    let draft = |bytes| Draft { value: Some(bytes), key: Some(b"mine"), headers: &[("from", "a test")] };
    let urls = newswire.kafka_topic("urls");
    broker().produce_all(&urls, BAD.iter().map(|(bytes, _)| draft(*bytes)));
    broker().produce_all(&urls, [Draft { key: Some(b"mine"), ..Draft::default() }]);
    newswire.submit(&["http://paper.example/story"]);

    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(Duration::from_secs(60));
    let rejects = newswire.rejects();
    for (bytes, reason) in BAD {
        assert_eq!(reasons_of(&rejects, bytes), [*reason], "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(reasons_of(&rejects, b""), ["bad_record"], "a record without a value");
    assert_eq!(rejects.len(), BAD.len() + 1);
    assert_eq!(newswire.events().len(), 1, "the good one among them");
    assert_eq!(worker.stop(), 0);
    assert_eq!(worker.outcomes().get("rejected"), Some(&(BAD.len() + 1)));
}

/// So that `newswire rejects replay` can put the record back as it was.
#[test]
fn a_reject_has_the_key_the_headers_and_the_place_of_its_record() {
    let newswire = Deployment::new("kept");
    let urls = newswire.kafka_topic("urls");
    broker().produce(&urls, Some(b"mine"), Some(b"nonsense"), &[("from", "a test")]);
    let _worker = newswire.start_worker();
    newswire.wait_until_idle(Duration::from_secs(60));
    let reject = newswire.rejects().remove(0);
    let source = &reject["source"];
    assert_eq!((&source["topic"], &source["offset"]), (&urls.into(), &0.into()));
    assert_eq!(decoded(&source["key_base64"]), b"mine");
    assert_eq!(source["headers"][0]["name"], "from");
    assert_eq!(decoded(&source["headers"][0]["value_base64"]), b"a test");
    assert_eq!(reject["stage"], "route");
    assert!(!reject["message"].as_str().expect("a message").is_empty());
}

fn reasons_of(rejects: &[Value], record: &[u8]) -> Vec<String> {
    let of_record = rejects.iter().filter(|reject| decoded(&reject["record_base64"]) == record);
    of_record.map(|reject| reject["reason"].as_str().expect("a reason").to_owned()).collect()
}

fn decoded(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().expect("base64")).expect("base64")
}
