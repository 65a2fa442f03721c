//! A host that asks for time gets it: the job waits in a delay topic, over a restart, and not for long after its time.

use crate::support::broker::broker;
use crate::support::deployment::Deployment;
use crate::support::events::titles;
use crate::support::kafka_client::Isolation;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(90);
/// Longer than the shortest tier, so that the job goes round once more.
const ASKED_FOR: Duration = Duration::from_secs(12);
/// Joining a group and the poll intervals of a loaded machine.
const LATE_AT_MOST: Duration = Duration::from_secs(15);

#[test]
fn a_job_that_must_wait_is_taken_up_again_after_its_time_by_another_worker() {
    let newswire = Deployment::new("delayed").set("FETCH__PARK_AFTER", "1s");
    let url = "http://busy.example/story";
    let busy = Page::status(429).header("retry-after", &ASKED_FOR.as_secs().to_string());
    newswire.sites.serve(url, busy);
    newswire.submit(&[url]);
    let mut first = newswire.start_worker();
    let parked = newswire.kafka_topic("delay.10s");
    wait_for("the job in the delay topic", LIMIT, || {
        (broker().ends(&parked, Isolation::Uncommitted).values().sum::<i64>() > 0).then_some(())
    });
    assert_eq!(first.stop(), 0);
    newswire.sites.serve(url, Page::html(Article::new(1).html()));
    // The host asked for a pause, not the page: it is in `newswire.pages`, and the next owner keeps it.
    let other = "http://busy.example/other";
    newswire.sites.serve(other, Page::html(Article::new(2).html()));
    newswire.submit(&[other]);

    let _second = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    let mut expected = [1, 2].map(|number| Article::new(number).title());
    expected.sort();
    assert_eq!(titles(&newswire.events()), expected);
    let asked: Vec<_> = newswire.sites.asked_for_pages();
    assert_eq!(asked.len(), 3, "once refused, each page once served");
    let refused_at = asked[0].answered_at.expect("answered long ago");
    for again in &asked[1..] {
        let waited = again.at.duration_since(refused_at);
        // A little less is the proxy's clock against the worker's.
        assert!(waited + Duration::from_millis(100) >= ASKED_FOR, "asked again after {waited:?}");
        assert!(waited <= ASKED_FOR + LATE_AT_MOST, "asked again only after {waited:?}");
    }
}
