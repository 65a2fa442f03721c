//! Politeness as the server's own log shows it.

use crate::fault_server::{FaultServer, Piece, Seen, page, redirect, response};
use crate::{fetch_job, job, settings, words};
use futures::future::join_all;
use newswire::fetch::memory::{Page, WebInMemory};
use newswire::fetch::{Clock, FetchOrder, Fetched, Fetcher, Settings};
use std::sync::Arc;
use std::time::Duration;

const DELAY: Duration = Duration::from_millis(60);
/// The server's clock reads and the kernel's buffers lie between its log and the fetcher's.
const TOLERANCE: Duration = Duration::from_millis(5);

fn check_gaps(mut log: Vec<Seen>) {
    log.sort_by_key(|seen| seen.started);
    for pair in log.windows(2) {
        let ended = pair[0].ended.expect("the request ended before the next began");
        let gap = pair[1].started.saturating_duration_since(ended);
        assert!(gap + TOLERANCE >= DELAY, "{} came {gap:?} after {}", pair[1].path, pair[0].path);
    }
}

#[tokio::test]
async fn one_request_at_a_time_and_a_delay_between_robots_and_redirects_too() {
    let server = FaultServer::start(|seen| match seen.path.as_str() {
        "/robots.txt" => response("404 None", &[], b""),
        path if path.starts_with("/from") => redirect(&path.replace("from", "to")),
        _ => {
            let mut slow = vec![Piece::Pause(Duration::from_millis(30))];
            slow.extend(page("<p>a</p>"));
            slow
        }
    })
    .await;
    let fetcher = Fetcher::new(Settings { robots: true, delay: DELAY, ..settings(server.port) }).unwrap();
    let jobs: Vec<_> = (0..6).map(|n| job(&server.url(&format!("/from/{n}")))).collect();
    let all = join_all(jobs.iter().map(|job| fetch_job(&fetcher, job, None))).await;
    assert!(all.iter().all(|fetched| words(fetched) == "page 8"), "{all:?}");
    assert_eq!(server.seen().len(), 14, "robots.txt, tdmrep.json, six redirects and six pages");
    check_gaps(server.seen());
}

#[tokio::test]
async fn a_job_let_go_gives_the_turn_to_the_next() {
    let server = FaultServer::start(|seen| match seen.path.as_str() {
        "/hangs" => vec![Piece::Pause(Duration::from_secs(10))],
        _ => page("<p>a</p>"),
    })
    .await;
    let fetcher = Fetcher::new(settings(server.port)).unwrap();
    let (hangs, next) = (job(&server.url("/hangs")), job(&server.url("/next")));
    let let_go = tokio::time::timeout(Duration::from_millis(300), fetch_job(&fetcher, &hangs, None));
    let (let_go, next) = tokio::join!(let_go, fetch_job(&fetcher, &next, None));
    assert!(let_go.is_err());
    assert_eq!(words(&next), "page 8");
}

#[tokio::test]
async fn beyond_its_patience_a_job_gets_a_slot_of_its_own() {
    let server = FaultServer::start(|_| page("<p>a</p>")).await;
    let fetcher = Fetcher::new(Settings { delay: Duration::from_secs(60), ..settings(server.port) }).unwrap();
    assert_eq!(words(&fetch_job(&fetcher, &job(&server.url("/0")), None).await), "page 8");
    let mut slots = Vec::new();
    for n in 1..4 {
        let job = job(&server.url(&format!("/{n}")));
        let order = FetchOrder {
            job: &job,
            validators: None,
            patience: Duration::ZERO,
            owned_since: jiff::Timestamp::MIN,
        };
        let Fetched::Wait { until, why } = fetcher.fetch(order).await else { panic!("it should wait") };
        assert_eq!(why, newswire::fetch::WAIT_FOR_TURN);
        slots.push(until);
    }
    assert!(slots.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() >= 60), "{slots:?}");
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_it_and_is_remembered() {
    let server = FaultServer::start(|_| response("429 Slowly", &["Retry-After: 90"], b"")).await;
    let fetcher = Fetcher::new(settings(server.port)).unwrap();
    let Fetched::Retry { until, .. } = fetch_job(&fetcher, &job(&server.url("/1")), None).await else {
        panic!("it should be tried again")
    };
    let pause = until.duration_since(fetcher.now()).as_secs();
    assert!((85..=90).contains(&pause), "{pause}");
    assert_eq!(words(&fetch_job(&fetcher, &job(&server.url("/2")), None).await), "wait back_off");
    let memory = fetcher.host_memories("127.0.0.1");
    assert_eq!(fetcher.hosts_in_back_off(), memory);
    assert_eq!(fetcher.host_memories("127.0.0.1"), [], "nothing new since");
    let after_restart = Fetcher::new(settings(server.port)).unwrap();
    memory.into_iter().for_each(|memory| after_restart.restore_host(memory));
    assert_eq!(words(&fetch_job(&after_restart, &job(&server.url("/3")), None).await), "wait back_off");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn over_the_ceiling_a_host_is_unavailable() {
    let server = FaultServer::start(|_| response("503 Away", &["Retry-After: 86400"], b"")).await;
    let fetcher = Fetcher::new(settings(server.port)).unwrap();
    assert_eq!(words(&fetch_job(&fetcher, &job(&server.url("/1")), None).await), "retry http_server_error");
    assert_eq!(words(&fetch_job(&fetcher, &job(&server.url("/2")), None).await), "rejected host_unavailable");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_a_site_sets_is_not_sent_back_and_nobody_is_told_of_as_the_referrer() {
    let server = FaultServer::start(|seen| match seen.path.as_str() {
        "/1" => response("302 Found", &["Set-Cookie: id=1", "Location: /2"], b""),
        _ => response("200 OK", &["Content-Type: text/html", "Set-Cookie: id=2"], b"<p>a"),
    })
    .await;
    let fetcher = Fetcher::new(settings(server.port)).unwrap();
    for path in ["/1", "/3"] {
        assert_eq!(words(&fetch_job(&fetcher, &job(&server.url(path)), None).await), "page 4");
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for one in seen {
        let head = one.head.to_ascii_lowercase();
        assert!(!head.contains("cookie:") && !head.contains("referer:"), "{head}");
    }
}

#[tokio::test]
async fn a_proxy_is_all_that_is_connected_to() {
    let server = FaultServer::start(|_| page("<p>by proxy</p>")).await;
    let mut by_proxy = settings(server.port);
    by_proxy.proxy = Some(format!("http://127.0.0.1:{}", server.port));
    by_proxy.allow_networks.clear();
    by_proxy.allow_ports = vec![80, 443];
    let fetcher = Fetcher::new(by_proxy).unwrap();
    let mut job = job("http://no-such-name.example/a?b=c");
    job.site = "no-such-name.example".into();
    assert_eq!(words(&fetch_job(&fetcher, &job, None).await), "page 15");
    let head = &server.seen()[0].head;
    assert!(head.starts_with("GET http://no-such-name.example/a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("user-agent: newswire-test/1"), "{head}");
    job.url = "https://no-such-name.example/a".into();
    let _ = fetch_job(&fetcher, &job, None).await;
    assert!(server.seen()[1].head.starts_with("CONNECT no-such-name.example:443 HTTP/1.1\r\n"));
    job.url = "http://127.0.0.1/".into();
    assert_eq!(words(&fetch_job(&fetcher, &job, None).await), "rejected refused_address");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_host_that_hangs_holds_one_place_and_no_other_host_up() {
    let web = Arc::new(WebInMemory::new(|url, _| {
        let hangs = url.host_str() == Some("slow.example");
        let time = if hangs { Duration::from_secs(3600) } else { Duration::from_millis(5) };
        Ok(Page::html("<p>a</p>").after(time))
    }));
    let settings = Settings { concurrency: 2, delay: Duration::from_millis(5), ..settings(80) };
    let fetcher = Fetcher::with(settings, web.clone(), Clock::system()).unwrap();
    let of = |host: String, n: usize| {
        let mut job = job(&format!("http://{host}/{n}"));
        job.site = host;
        job
    };
    let slow: Vec<_> = (0..50).map(|n| of("slow.example".into(), n)).collect();
    let healthy: Vec<_> = (0..100).map(|n| of(format!("host{}.example", n % 20), n)).collect();
    let all_slow = join_all(slow.iter().map(|job| fetch_job(&fetcher, job, None)));
    // A page that is held holds its place among those in hand.
    let all_healthy = join_all(healthy.iter().map(async |job| words(&fetch_job(&fetcher, job, None).await)));
    tokio::select! {
        biased;
        _ = all_slow => panic!("a host that hangs does not answer"),
        answers = all_healthy => assert!(answers.iter().all(|fetched| fetched == "page 8")),
    }
    let visits = web.visits();
    assert_eq!(visits.len(), 100);
    for host in 0..20 {
        let name = format!("host{host}.example");
        let of_host: Vec<_> = visits.iter().filter(|v| v.url.host_str() == Some(&name)).collect();
        assert!(of_host.windows(2).all(|pair| pair[1].started >= pair[0].ended + Duration::from_millis(5)));
    }
}

#[tokio::test]
async fn spellings_of_a_name_are_one_host() {
    let web = Arc::new(WebInMemory::new(|_, _| Ok(Page::html("<p>a</p>").after(Duration::from_millis(10)))));
    let settings = Settings { delay: Duration::from_millis(20), ..settings(80) };
    let fetcher = Fetcher::with(settings, web.clone(), Clock::system()).unwrap();
    let spellings =
        ["http://b%C3%BCcher.example/", "http://BÜCHER.example./", "http://xn--bcher-kva.example/2"];
    let jobs: Vec<_> = spellings.iter().map(|url| job(url)).collect();
    join_all(jobs.iter().map(|job| fetch_job(&fetcher, job, None))).await;
    let visits = web.visits();
    assert_eq!(visits.len(), 3);
    assert!(visits.windows(2).all(|pair| pair[1].started >= pair[0].ended + Duration::from_millis(20)));
}

#[tokio::test]
async fn a_crawl_delay_is_kept_up_to_the_cap() {
    let web = Arc::new(WebInMemory::new(|url, _| {
        Ok(if url.path() == "/robots.txt" {
            Page::html("User-agent: *\nCrawl-delay: 3600")
        } else {
            Page::html("<p>a</p>")
        })
    }));
    let capped = Settings { robots: true, max_crawl_delay: Duration::from_millis(150), ..settings(80) };
    let fetcher = Fetcher::with(capped, web.clone(), Clock::system()).unwrap();
    let jobs = [job("http://a.example/1"), job("http://a.example/2")];
    join_all(jobs.iter().map(|job| fetch_job(&fetcher, job, None))).await;
    let visits = web.visits();
    assert_eq!(visits.len(), 4);
    assert!(visits.windows(2).all(|pair| pair[1].started >= pair[0].ended + Duration::from_millis(150)));
}

/// 2,000 hosts that take half a second each, 1,000 requests under way: what of the possible is reached is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_are_under_way_at_once() {
    const LATENCY: Duration = Duration::from_millis(500);
    let web = Arc::new(WebInMemory::new(|_, _| Ok(Page::html("<p>a</p>").after(LATENCY))));
    let settings = Settings { concurrency: 1000, ..settings(80) };
    let fetcher = Arc::new(Fetcher::with(settings, web, Clock::system()).unwrap());
    let started = std::time::Instant::now();
    let mut fetches = tokio::task::JoinSet::new();
    for n in 0..4000 {
        let fetcher = fetcher.clone();
        fetches.spawn(async move {
            let host = format!("host{}.example{}.test", n % 2000, n % 200);
            let mut job = job(&format!("http://{host}/{n}"));
            job.site = format!("example{}.test", n % 200);
            words(&fetch_job(&fetcher, &job, None).await)
        });
    }
    assert!(fetches.join_all().await.iter().all(|fetched| fetched == "page 8"));
    let reached = 4.0 * LATENCY.as_secs_f64() / started.elapsed().as_secs_f64();
    println!("{:.0} % of what the latency allows", reached * 100.0);
    // Far below what an idle machine reaches: the tests run beside others.
    assert!(reached > 0.5, "{reached}");
}
