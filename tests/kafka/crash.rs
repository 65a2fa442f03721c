//! Workers that are killed, stopped and replaced: every article exactly once all the same.

use crate::support::deployment::{Deployment, Worker};
use crate::support::events::{assert_each_once, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Many articles on several sites, each by two URLs and submitted twice.
struct Load {
    articles: Vec<Article>,
}

impl Load {
    fn on(newswire: &Deployment, articles: usize, latency: Duration) -> Load {
        let articles = (0..articles).map(|number| {
            let canonical = format!("http://paper{}.example/{number}", number % 13);
            Article::new(number).canonical(&canonical)
        });
        let load = Load { articles: articles.collect() };
        newswire.sites.set_latency(latency);
        for article in &load.articles {
            Load::urls(article).iter().for_each(|url| newswire.sites.serve(url, Page::html(article.html())));
        }
        load
    }

    fn urls(article: &Article) -> [String; 2] {
        let canonical = article.canonical.clone().expect("every article of the load has one");
        let copy = canonical.replace(".example/", ".example/copy/");
        [canonical, copy]
    }

    fn submit(&self, newswire: &Deployment) {
        let urls: Vec<String> = self.articles.iter().flat_map(Load::urls).collect();
        newswire.submit(&urls);
        newswire.submit(&urls);
    }

    /// Nothing lost, nothing said twice.
    fn assert_published_exactly_once(&self, newswire: &Deployment) {
        let events = newswire.events();
        let mut expected: Vec<String> = self.articles.iter().map(Article::title).collect();
        expected.sort();
        let found = titles(&events);
        let lost: Vec<_> = expected.iter().filter(|title| !found.contains(title)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        assert_eq!(found, expected);
        assert_each_once(&events);
        assert_eq!(newswire.rejects().len(), 0);
    }
}

fn both_are_at_it(first: &Worker, second: &Worker, articles: usize) {
    wait_for("both workers to publish", LIMIT, || {
        (first.published() >= articles && second.published() >= articles).then_some(())
    });
}

#[test]
fn of_two_workers_one_is_killed_and_every_article_appears_once() {
    let newswire = Deployment::new("killed");
    let load = Load::on(&newswire, 400, Duration::from_millis(40));
    let (mut first, mut second) = (newswire.start_worker(), newswire.start_worker());
    load.submit(&newswire);
    both_are_at_it(&first, &second, 10);
    first.kill();
    assert!(newswire.events().len() < 400, "killed in the middle of the work, not after it");
    newswire.wait_until_idle(LIMIT);
    load.assert_published_exactly_once(&newswire);
    assert_eq!(second.stop(), 0);
}

/// A worker that was away past its session is fenced: what it had open is never seen.
#[test]
fn a_frozen_worker_that_wakes_up_does_no_harm() {
    let newswire = Deployment::new("frozen");
    let load = Load::on(&newswire, 300, Duration::from_millis(40));
    let (mut first, mut second) = (newswire.start_worker(), newswire.start_worker());
    load.submit(&newswire);
    both_are_at_it(&first, &second, 10);
    first.signal("STOP");
    // Past the session timeout of 3 s: its partitions go to the other.
    std::thread::sleep(Duration::from_secs(6));
    first.signal("CONT");
    newswire.wait_until_idle(LIMIT);
    load.assert_published_exactly_once(&newswire);
    assert_eq!(second.stop(), 0);
    let _ = first.stop();
}

#[test]
fn sigterm_ends_with_0_and_the_next_worker_goes_on() {
    let newswire = Deployment::new("drained");
    let load = Load::on(&newswire, 100, Duration::from_millis(60));
    let mut first = newswire.start_worker();
    load.submit(&newswire);
    wait_for("the first events", LIMIT, || (first.published() >= 10).then_some(()));
    assert_eq!(first.stop(), 0, "{}", first.end_of_log());
    let (published, in_events) = (first.published(), newswire.events().len());
    assert!(published < 100, "stopped in the middle of the work, not after it");
    assert_eq!(in_events, published, "what it said it published is committed, and nothing else");
    let _second = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    load.assert_published_exactly_once(&newswire);
}
