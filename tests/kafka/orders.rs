//! What an operator asks of published articles: new topics, and their retraction; each obeyed exactly once.

use crate::support::deployment::Deployment;
use crate::support::events::{assert_each_once, event};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// An editor's own taxonomy, of a word that is in the title of every test article.
const COUNCILS: &str =
    "[[topic]]\nid = \"theme:local-councils\"\nname = \"Local councils\"\nnames = [\"council\"]\n";

fn with_articles(name: &str, count: usize) -> Deployment {
    let newswire = Deployment::new(name);
    let urls: Vec<String> = (0..count).map(|n| format!("http://paper{}.example/{n}", n % 3)).collect();
    for (number, url) in urls.iter().enumerate() {
        newswire.sites.serve(url, Page::html(Article::new(number).html()));
    }
    newswire.submit(&urls);
    newswire
}

#[test]
fn a_retag_publishes_what_changes_once_and_fetches_nothing() {
    let newswire = with_articles("retag", 6);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let first = newswire.events();
    assert_eq!(first.len(), 6);
    let asked_for_pages = newswire.sites.asked_for_pages().len();
    assert!(newswire.run(&["retag"]).is_empty(), "the taxonomy is the same");

    let taxonomy = tempfile::tempdir().expect("a folder");
    std::fs::write(taxonomy.path().join("own.toml"), COUNCILS).expect("a taxonomy");
    let flag = format!("topics.taxonomy={}", taxonomy.path().display());
    let plan = newswire.run(&["retag", "--dry-run", "--set", &flag]);
    assert_eq!(plan.len(), 6);
    assert!(plan.iter().all(|line| line["added"][0] == "theme:local-councils"), "{plan:?}");
    assert_eq!(
        newswire.run(&["retag", "--dry-run", "--set", &flag, "--since", "2100-01-01T00:00:00Z"]).len(),
        0
    );
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events(), first, "a dry run changes nothing");

    // Asked for twice before anybody obeys, as by two editors.
    assert_eq!(newswire.run(&["retag", "--set", &flag]).len(), 6);
    newswire.run(&["retag", "--set", &flag]);
    newswire.wait_until_idle(LIMIT);
    let all = newswire.events();
    assert_eq!(all.len(), 12, "each article has one new version");
    let updates: Vec<_> =
        all.iter().filter(|record| record.header("ce_type") == Some("news.article.updated.v1")).collect();
    assert_eq!(updates.len(), 6);
    for record in &updates {
        let (update, before) = (
            event(record),
            first.iter().find(|old| old.key == record.key).map(event).expect("a first version"),
        );
        assert_eq!((&update["version"], &update["changed"]), (&2.into(), &serde_json::json!(["topics"])));
        assert_eq!(record.header("newswire-topics"), Some("theme:local-councils"));
        for same in [
            "url",
            "title",
            "body",
            "aliases",
            "first_seen_at",
            "fetched_at",
            "source_record",
            "content_hash",
        ] {
            assert_eq!(update[same], before[same], "{same}");
        }
    }
    // From the orders themselves, whose candidates published the articles last.
    assert_eq!(newswire.run(&["retag"]).len(), 6, "and back to the taxonomy that is in the binary");
    newswire.wait_until_idle(LIMIT);
    let versions: Vec<_> = newswire.events().iter().map(|record| event(record)["version"].as_u64()).collect();
    assert_eq!(versions.iter().filter(|version| **version == Some(3)).count(), 6);
    assert_eq!(newswire.sites.asked_for_pages().len(), asked_for_pages, "no page was fetched again");
    assert_eq!(worker.stop(), 0);
    assert_eq!(worker.outcomes().values().sum::<usize>(), 6, "orders are no URLs");
}

#[test]
fn what_is_forgotten_is_retracted_once_and_never_published_again() {
    let newswire = with_articles("forget", 3);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let events = newswire.events();
    assert_each_once(&events);
    let id_of = |url: &str| {
        let found = events.iter().find(|record| event(record)["url"] == url);
        found.expect("an event").key_text().to_owned()
    };
    let by_id = id_of("http://paper1.example/1");
    newswire.run(&["forget", "http://paper0.example/0", &by_id, "http://paper0.example/not-yet-written"]);
    newswire.run(&["forget", "http://paper0.example/0"]);
    newswire.wait_until_idle(LIMIT);
    let retractions: Vec<_> = newswire.events().into_iter().filter(is_retraction).collect();
    let mut retracted: Vec<&str> = retractions.iter().map(|record| record.key_text()).collect();
    retracted.sort_unstable();
    let mut expected = [by_id.as_str(), &id_of("http://paper0.example/0")];
    expected.sort_unstable();
    assert_eq!(retracted, expected);
    for record in &retractions {
        let data = record.json();
        assert_eq!((data["article_id"].as_str(), &data["version"]), (Some(record.key_text()), &2.into()));
        assert!(record.header("ce_id").is_some() && record.header("ce_specversion") == Some("1.0"));
    }

    // Not forced: were the pages still remembered, the records would be recent and nothing would be asked.
    newswire.sites.serve("http://paper0.example/not-yet-written", Page::html(Article::new(9).html()));
    newswire.submit(&[
        "http://paper0.example/0",
        "http://paper1.example/1",
        "http://paper0.example/not-yet-written",
    ]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.reject_reasons().get("forgotten"), Some(&3), "{:?}", newswire.reject_reasons());
    assert_eq!(newswire.events().len(), 5, "three articles, two retractions");
    assert_eq!(worker.stop(), 0);

    // The block outlives the worker.
    let mut second = newswire.start_worker();
    newswire.submit(&[r#"{"url":"http://paper0.example/0","force":true}"#]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), 5);
    let found = newswire.run(&["lookup", "http://paper0.example/0"]);
    assert_eq!(found[0]["article"]["forgotten"], true, "{found:?}");
    assert_eq!(second.stop(), 0);
}

fn is_retraction(record: &crate::support::kafka_client::Record) -> bool {
    record.header("ce_type") == Some("news.article.retracted.v1")
}
