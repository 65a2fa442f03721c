//! Three replicas share the partitions; each is stopped and replaced in turn while work is under way, as a rollout does.

use crate::support::deployment::{Deployment, Worker};
use crate::support::events::{assert_each_once, titles};
use crate::support::page_server::Page;
use crate::support::pages::Article;
use serde_json::Value;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);
const ARTICLES: usize = 240;

fn partitions(worker: &Worker, stage: &str) -> u64 {
    let status: Value = serde_json::from_str(&worker.get("/status.json")).expect("JSON");
    let stages = status["stages"].as_array().cloned().unwrap_or_default();
    let stage = stages.iter().find(|each| each["stage"] == stage).cloned().unwrap_or_default();
    stage["delivering"].as_u64().unwrap_or_default()
}

#[test]
fn a_rolling_restart_of_three_replicas_loses_nothing_and_says_nothing_twice() {
    let newswire = Deployment::new("rolling");
    let articles: Vec<Article> = (0..ARTICLES).map(Article::new).collect();
    let url = |article: &Article| format!("http://paper{}.example/{}", article.number % 17, article.number);
    articles.iter().for_each(|article| newswire.sites.serve(&url(article), Page::html(article.html())));
    newswire.sites.set_latency(Duration::from_millis(150));
    let mut workers: Vec<Worker> = (0..3).map(|_| newswire.start_worker()).collect();
    for stage in ["route", "fetch", "publish"] {
        crate::support::wait_for("the partitions to be shared", LIMIT, || {
            let shares: Vec<u64> = workers.iter().map(|worker| partitions(worker, stage)).collect();
            (shares.iter().sum::<u64>() == 4 && shares.iter().all(|share| *share >= 1)).then_some(())
        });
    }
    newswire.submit(&articles.iter().map(url).collect::<Vec<_>>());
    let (started, mut stopped) = (Instant::now(), Vec::new());
    for worker in &mut workers {
        let mut old = std::mem::replace(worker, newswire.start_worker());
        let stopping = Instant::now();
        assert_eq!(old.stop(), 0, "{}", old.end_of_log());
        stopped.push((stopping.elapsed().as_millis(), old.published()));
        worker.wait_until_ready();
    }
    let rolled = started.elapsed();
    newswire.wait_until_idle(LIMIT);
    let mut expected: Vec<String> = articles.iter().map(Article::title).collect();
    expected.sort();
    let events = newswire.events();
    assert_eq!(titles(&events), expected);
    assert_each_once(&events);
    assert!(stopped.iter().any(|(_, published)| *published > 0), "they were at work: {stopped:?}");
    eprintln!(
        "rolling: {ARTICLES} of {ARTICLES} articles once each; three replaced within {rolled:.1?}; \
         (ms to drain, published before it): {stopped:?}"
    );
}
