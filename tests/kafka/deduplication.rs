//! One article, one event, by however many URLs it comes.

use crate::support::deployment::Deployment;
use crate::support::events::{assert_each_once, event, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn one_url_ten_times_is_one_event() {
    let newswire = Deployment::new("ten");
    newswire.sites.serve("http://paper.example/story", Page::html(Article::new(1).html()));
    newswire.submit(&["http://paper.example/story"; 10]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()]);
    assert_eq!(worker.stop(), 0);
    assert_eq!(worker.outcomes().values().sum::<usize>(), 10, "{:?}", worker.outcomes());
    assert_eq!(worker.published(), 1);
}

#[test]
fn three_urls_of_one_article_are_one_event() {
    let newswire = Deployment::new("three");
    let story =
        Article::new(2).canonical("http://paper.example/story").short_link("http://paper.example/?p=7");
    for url in
        ["http://paper.example/story", "http://paper.example/amp/story", "http://www.paper.example/s/7"]
    {
        newswire.sites.serve(url, Page::html(story.html()));
    }
    newswire.sites.serve("http://paper.example/old", Page::redirect(301, "http://paper.example/story"));
    newswire.submit(&[
        "http://paper.example/amp/story",
        "http://www.paper.example/s/7?utm_source=mail",
        "http://paper.example/story#top",
        "http://paper.example/old",
    ]);
    let _worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let events = newswire.events();
    assert_eq!(titles(&events), [story.title()]);
    assert_eq!(event(&events[0])["short_link"], "http://paper.example/?p=7");
    assert!(newswire.rejects().is_empty());
}

/// A site's template that prints one short link on every page must not swallow its articles.
#[test]
fn another_article_with_the_same_short_link_is_published() {
    let newswire = Deployment::new("lying");
    for number in [1, 2, 3] {
        let story = Article::new(number).short_link("http://paper.example/?p=1");
        newswire.sites.serve(&format!("http://paper.example/{number}"), Page::html(story.html()));
    }
    newswire.submit(&["http://paper.example/1", "http://paper.example/2", "http://paper.example/3"]);
    let _worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let events = newswire.events();
    assert_eq!(events.len(), 3);
    assert_each_once(&events);
}

/// What an earlier worker published is known to one that has nothing but the brokers.
#[test]
fn a_restart_with_empty_disks_publishes_nothing_again() {
    let newswire = Deployment::new("restart");
    let url = |number: usize| format!("http://paper{}.example/{number}", number % 5);
    for number in 0..20 {
        newswire.sites.serve(&url(number), Page::html(Article::new(number).html()));
    }
    // Forced, or the second time would be over before a page was fetched.
    let forced: Vec<String> =
        (0..20).map(|number| format!(r#"{{"url":"{}","force":true}}"#, url(number))).collect();
    newswire.submit(&forced);
    let mut first = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(first.stop(), 0);
    let before = newswire.events();
    assert_eq!(before.len(), 20);

    newswire.submit(&forced);
    let mut second = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events(), before);
    assert_eq!(second.stop(), 0);
    assert_eq!(second.outcomes().get("duplicate"), Some(&20), "{:?}", second.outcomes());
}
