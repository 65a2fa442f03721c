//! robots.txt as servers serve it.

use crate::fault_server::{FaultServer, Piece, not_found, page, redirect, response};
use crate::{fetch_job, job, settings, words};
use futures::future::join_all;
use newswire::fetch::{Fetcher, Settings};
use std::time::Duration;

fn obeying(port: u16) -> Settings {
    Settings { robots: true, ..settings(port) }
}

/// What comes of `/private/a` when `/robots.txt` is this, and which paths were asked for.
async fn check(name: &str, robots: Vec<Piece>, expected: &str, paths: &[&str]) {
    let server = FaultServer::start(move |seen| match seen.path.as_str() {
        "/robots.txt" => robots.clone(),
        "/elsewhere" => {
            response("200 OK", &["Content-Type: text/plain"], b"User-agent: *\nDisallow: /private")
        }
        path if path.starts_with("/hop") => redirect(&format!("{path}x")),
        _ => page("<p>a</p>"),
    })
    .await;
    let fetcher = Fetcher::new(obeying(server.port)).unwrap();
    let fetched = fetch_job(&fetcher, &job(&server.url("/private/a")), None).await;
    assert_eq!(words(&fetched), expected, "{name}: {fetched:?}");
    assert_eq!(server.paths(), paths, "{name}");
}

fn rules(body: &[u8]) -> Vec<Piece> {
    response("200 OK", &["Content-Type: text/plain"], body)
}

#[tokio::test]
async fn what_a_robots_answer_means() {
    let asked_both = ["/robots.txt", "/.well-known/tdmrep.json", "/private/a"].as_slice();
    let asked_one = ["/robots.txt"].as_slice();
    let denies = b"User-agent: *\nDisallow: /private".as_slice();
    check("denied", rules(denies), "rejected robots_denied", asked_one).await;
    check("allowed", rules(b"User-agent: *\nDisallow: /other"), "page 8", asked_both).await;
    check(
        "denied for us by name",
        rules(b"User-agent: newswire-test\nDisallow: /"),
        "rejected robots_denied",
        asked_one,
    )
    .await;
    check("404 allows", not_found(), "page 8", asked_both).await;
    check("403 allows", response("403 Forbidden", &[], b""), "page 8", asked_both).await;
    check("500 forbids for a while", response("500 Oops", &[], b""), "retry robots_denied", asked_one).await;
    check("429 forbids for a while", response("429 Slowly", &[], b""), "retry robots_denied", asked_one)
        .await;
    check("a broken answer forbids for a while", vec![], "retry bad_response", asked_one).await;
    check("an HTML page has no rules", page("<html>Disallow: /</html>"), "page 8", asked_both).await;
    check(
        "a redirect is followed",
        redirect("/elsewhere"),
        "rejected robots_denied",
        &["/robots.txt", "/elsewhere"],
    )
    .await;
    let hops = [
        "/robots.txt",
        "/hop",
        "/hopx",
        "/hopxx",
        "/hopxxx",
        "/hopxxxx",
        "/.well-known/tdmrep.json",
        "/private/a",
    ]
    .as_slice();
    check("over five redirects allow", redirect("/hop"), "page 8", hops).await;
    check(
        "a redirect to a refused address is not followed",
        redirect("http://10.0.0.1/r"),
        "page 8",
        asked_both,
    )
    .await;
    let mut long = denies.to_vec();
    long.extend(b"\n# much\n".repeat(200_000));
    check("what is over 500 KiB is not read", rules(&long), "rejected robots_denied", asked_one).await;
}

#[tokio::test]
async fn many_waiting_urls_cost_one_robots_request() {
    let server = FaultServer::start(|seen| match seen.path.as_str() {
        "/robots.txt" => {
            let mut slow = vec![Piece::Pause(Duration::from_millis(100))];
            slow.extend(rules(b"User-agent: *\nAllow: /"));
            slow
        }
        _ => page("<p>a</p>"),
    })
    .await;
    let fetcher = Fetcher::new(obeying(server.port)).unwrap();
    let jobs: Vec<_> = (0..20).map(|n| job(&server.url(&format!("/{n}")))).collect();
    let all = join_all(jobs.iter().map(|job| fetch_job(&fetcher, job, None))).await;
    assert!(all.iter().all(|fetched| words(fetched) == "page 8"));
    assert_eq!(server.paths().iter().filter(|path| *path == "/robots.txt").count(), 1);
    assert_eq!(server.paths().len(), 22, "robots.txt, tdmrep.json and the pages");
}

#[tokio::test]
async fn while_robots_is_away_others_are_put_off_at_no_cost() {
    let server = FaultServer::start(|_| response("503 Away", &[], b"")).await;
    let settings = Settings { backoff: Duration::from_secs(60), ..obeying(server.port) };
    let fetcher = Fetcher::new(settings).unwrap();
    let first = fetch_job(&fetcher, &job(&server.url("/1")), None).await;
    let second = fetch_job(&fetcher, &job(&server.url("/2")), None).await;
    assert_eq!((words(&first).as_str(), words(&second).as_str()), ("retry robots_denied", "wait back_off"));
    assert_eq!(server.paths().len(), 1);
}
