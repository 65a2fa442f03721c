//! The process ends at each hand-over of the stages in turn; the next one takes over, and the end state is the same.
//!
//! Each place is met by a worker that already has others' work behind it. What is looked at after each: every article
//! exactly once, every source record with an outcome, nothing rejected, no transaction open.

use crate::support::deployment::{Deployment, Worker};
use crate::support::events::{assert_each_once, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
/// Articles submitted for each place; each by two URLs.
const ARTICLES: usize = 12;
const SIGABRT: i32 = 6;

/// One deployment on which the places are met one after the other.
struct Round {
    newswire: Deployment,
    articles: usize,
}

impl Round {
    fn new(name: &str) -> Round {
        let newswire = Deployment::new(name).set("FETCH__PARK_AFTER", "1s");
        Round { newswire, articles: 0 }
    }

    /// New articles, each twice; one host is away for a moment, so that there are delays as well.
    fn submit(&mut self) {
        let mut urls = Vec::new();
        for number in self.articles..self.articles + ARTICLES {
            let canonical = format!("http://paper{}.example/{number}", number % 5);
            let article = Article::new(number).canonical(&canonical);
            for url in [canonical.clone(), canonical.replace(".example/", ".example/copy/")] {
                self.newswire.sites.serve(&url, Page::html(article.html()));
                urls.push(url);
            }
        }
        self.articles += ARTICLES;
        self.newswire.submit(&urls);
    }

    fn ends_there(&self, point: &str, worker: &mut Worker) {
        let status = wait_for(&format!("the end at {point}"), LIMIT, || worker.ended());
        assert_eq!(status.signal(), Some(SIGABRT), "{point}: {status:?}\n{}", worker.end_of_log());
    }

    /// `after` passages are let by. Whoever comes next finds what was left.
    fn end_at(&mut self, point: &str, after: usize) {
        let told = format!("{point}={after}*off->return");
        let mut worker = self.newswire.start_worker_with(&[("FAILPOINTS", &told)]);
        self.submit();
        self.ends_there(point, &mut worker);
        self.next_takes_over(point);
    }

    fn next_takes_over(&self, point: &str) {
        let mut next = self.newswire.start_worker();
        self.newswire.wait_until_idle(LIMIT);
        let events = self.newswire.events();
        let mut expected: Vec<String> =
            (0..self.articles).map(|number| Article::new(number).title()).collect();
        expected.sort();
        assert_eq!(titles(&events), expected, "after the end at {point}");
        assert_each_once(&events);
        let found = self.newswire.assert_audit_finds_all();
        assert_eq!(found["source_records"], 2 * self.articles, "after the end at {point}: {found}");
        assert_eq!(self.newswire.rejects().len(), 0, "after the end at {point}");
        self.newswire.assert_no_open_transaction();
        assert_eq!(next.stop(), 0, "{}", next.end_of_log());
    }
}

#[test]
fn at_the_route_and_fetch_stages() {
    let mut round = Round::new("points-fetch");
    for (point, after) in [
        ("route-after-poll", 5),
        ("route-after-produce", 5),
        ("fetch-after-poll", 5),
        ("fetch-after-produce", 5),
        ("fetch-after-pages", 5),
        ("intake-before-commit", 1),
    ] {
        round.end_at(point, after);
    }
}

#[test]
fn at_the_publish_stage() {
    let mut round = Round::new("points-publish");
    for (point, after) in [
        ("publish-after-poll", 5),
        ("publish-after-claim", 5),
        ("publish-after-produce", 5),
        ("publish-before-offsets", 0),
        ("publish-before-commit", 0),
        ("publish-after-commit", 0),
        ("publish-after-remember", 0),
    ] {
        round.end_at(point, after);
    }
}

#[test]
fn during_a_restore() {
    let mut round = Round::new("points-restore");
    // What is restored is something committed, then something torn. How many transactions either is, nobody knows:
    // one takes all that has arrived.
    round.submit();
    round.next_takes_over("nothing");
    round.end_at("publish-before-commit", 0);
    for (point, after) in [
        ("restore-after-offset", 1),
        ("restore-after-target", 2),
        ("restore-after-record", 7),
        ("restore-done", 1),
    ] {
        round.end_at(point, after);
    }
}

/// Another worker takes partitions away, and this one ends in the middle of giving them.
#[test]
fn during_a_revocation() {
    let mut round = Round::new("points-revoke");
    for (point, after) in [("publish-on-revoke", 0), ("publish-before-unassign", 0), ("intake-on-revoke", 2)]
    {
        let told = format!("{point}={after}*off->return");
        let mut first = round.newswire.start_worker_with(&[("FAILPOINTS", &told)]);
        first.wait_until_ready();
        round.submit();
        let mut second = round.newswire.start_worker();
        round.ends_there(point, &mut first);
        round.newswire.wait_until_idle(LIMIT);
        assert_eq!(second.stop(), 0, "{}", second.end_of_log());
        round.next_takes_over(point);
    }
}

/// A delayed job is written again before its place in the delay topic is done.
#[test]
fn at_the_delay_stage() {
    let round = Round::new("points-delay");
    let url = "http://busy.example/story";
    round.newswire.sites.serve(url, Page::status(503).header("retry-after", "3"));
    let mut worker = round.newswire.start_worker_with(&[("FAILPOINTS", "delay-after-produce=return")]);
    round.newswire.submit(&[url]);
    round.ends_there("delay-after-produce", &mut worker);
    round.newswire.sites.serve(url, Page::html(Article::new(1).html()));
    let mut next = round.newswire.start_worker();
    round.newswire.wait_until_idle(LIMIT);
    assert_eq!(titles(&round.newswire.events()), [Article::new(1).title()]);
    round.newswire.assert_audit_finds_all();
    assert_eq!(next.stop(), 0, "{}", next.end_of_log());
}
