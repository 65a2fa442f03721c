//! Politeness of the whole fleet, as the sites' own log shows it: workers come, go, freeze and are killed, and no host is ever
//! asked twice at once or too soon.

use crate::support::deployment::{Deployment, Worker};
use crate::support::events::assert_each_once;
use crate::support::page_server::{Asked, Page};
use crate::support::pages::Article;
use crate::support::wait_for;
use std::collections::BTreeMap;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(240);
const HOSTS: usize = 50;
/// So that there is work left for every worker that comes: all URLs of a host take about half a minute.
const DELAY: Duration = Duration::from_millis(500);
/// What these hosts ask for in their robots.txt.
const CRAWL_DELAY: Duration = Duration::from_millis(1_200);
const WITH_CRAWL_DELAY: usize = 5;
/// The log is written by another process than the one that waits.
const TOLERANCE: Duration = Duration::from_millis(5);

/// About 2,800 URLs, or 5,135 with NEWSWIRE_LONG.
fn urls_per_host() -> usize {
    if std::env::var_os("NEWSWIRE_LONG").is_some() { 110 } else { 60 }
}

fn host(number: usize) -> String {
    format!("paper{number}.example")
}

fn urls(newswire: &Deployment) -> Vec<String> {
    let robots = Page::html(format!("User-agent: *\nCrawl-delay: {}\n", CRAWL_DELAY.as_secs_f64()));
    for number in 0..WITH_CRAWL_DELAY {
        newswire.sites.serve(&format!("http://{}/robots.txt", host(number)), robots.clone());
    }
    // A host that asks for more time gets fewer URLs, so that it is no later done than the others.
    let has = |number: usize, at: usize| number >= WITH_CRAWL_DELAY || at * 3 < urls_per_host();
    let all = (0..urls_per_host()).flat_map(|at| (0..HOSTS).map(move |number| (number, at)));
    let urls = all.filter(|(number, at)| has(*number, *at)).map(|(number, at)| {
        let url = format!("http://{}/{at}", host(number));
        let article = Article::new(number * 1000 + at).canonical(&url);
        newswire.sites.serve(&url, Page::html(article.html()));
        url
    });
    urls.collect()
}

fn published(workers: &[&Worker], at_least: usize) {
    wait_for("each worker to publish", LIMIT, || {
        workers.iter().all(|worker| worker.published() >= at_least).then_some(())
    });
}

fn by_host(asked: Vec<Asked>) -> BTreeMap<String, Vec<Asked>> {
    let mut hosts: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    for request in asked {
        hosts.entry(request.host.clone()).or_default().push(request);
    }
    hosts.values_mut().for_each(|requests| requests.sort_by_key(|request| request.at));
    hosts
}

/// What was impolite, and the smallest gap that was seen.
fn judged(requests: &[Asked], delay: Duration) -> (Vec<String>, Duration) {
    let (mut wrong, mut smallest) = (Vec::new(), Duration::MAX);
    for pair in requests.windows(2) {
        let told = || format!("{} after {}", pair[1].url, pair[0].url);
        match pair[0].answered_at {
            Some(end) if end <= pair[1].at => {
                let gap = pair[1].at - end;
                smallest = smallest.min(gap);
                if gap + TOLERANCE < delay {
                    wrong.push(format!("{} came {gap:?} later", told()));
                }
            }
            _ => wrong.push(format!("{} came while it was under way", told())),
        }
    }
    (wrong, smallest)
}

#[test]
fn no_host_is_asked_twice_at_once_or_too_soon_while_workers_come_and_go() {
    let newswire = Deployment::new("polite")
        .set("FETCH__DELAY", &format!("{}ms", DELAY.as_millis()))
        .set("FETCH__CONCURRENCY", "1000");
    newswire.sites.set_latency(Duration::from_millis(20));
    let urls = urls(&newswire);
    let (mut first, mut second) = (newswire.start_worker(), newswire.start_worker());
    newswire.submit(&urls);
    published(&[&first, &second], 20);
    assert_eq!(second.stop(), 0, "{}", second.end_of_log());
    let third = newswire.start_worker();
    published(&[&third], 20);
    first.kill();
    let fourth = newswire.start_worker();
    published(&[&fourth], 1);
    // Away for longer than its session: it wakes up and believes for a moment that it still owns what it had.
    fourth.signal("STOP");
    std::thread::sleep(Duration::from_secs(5));
    fourth.signal("CONT");
    newswire.wait_until_idle(LIMIT);

    let events = newswire.events();
    assert_each_once(&events);
    assert_eq!(events.len(), urls.len());
    let hosts = by_host(newswire.sites.asked());
    assert_eq!(hosts.len(), HOSTS);
    let (mut wrong, mut smallest) = (Vec::new(), Duration::MAX);
    for (name, requests) in &hosts {
        let is_slower = (0..WITH_CRAWL_DELAY).any(|number| host(number) == *name);
        let (mut found, gap) = judged(requests, if is_slower { CRAWL_DELAY } else { DELAY });
        wrong.append(&mut found);
        smallest = smallest.min(gap);
    }
    let requests: usize = hosts.values().map(Vec::len).sum();
    println!("{} URLs, {requests} requests, smallest gap {smallest:?}, {} wrong", urls.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
