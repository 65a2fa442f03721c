//! Many hosts at once on real sockets: how much of what the latency allows is reached, what it costs, and that a slow
//! site holds nobody up.

use crate::alone::{is_alone, memory};
use crate::keep_alive_server::KeepAliveServer;
use crate::{job, settings};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use newswire::fetch::memory::{Page, WebInMemory};
use newswire::fetch::{Clock, FetchOrder, Fetched, Fetcher, Settings};
use newswire::record::Job;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

fn is_long() -> bool {
    std::env::var_os("NEWSWIRE_LONG").is_some()
}

fn of(url: String, site: &str) -> Job {
    Job { site: site.to_owned(), ..job(&url) }
}

/// When each job was fetched, by host; `stop` ends it early.
type Done = BTreeMap<String, Vec<Duration>>;

/// The fetch stage in small: jobs in the order of their partition, each a task of its own, a bounded room, no patience
/// when it is half full, and delay tiers in memory. What is not awaited ends with it.
async fn stage(
    fetcher: &Arc<Fetcher>,
    jobs: impl Iterator<Item = Job>,
    room: usize,
    mut until: impl FnMut(&Done, usize) -> bool,
) -> Done {
    let (started, mut done) = (Instant::now(), Done::new());
    let (mut jobs, mut waiting) = (jobs.fuse(), VecDeque::new());
    let (mut in_flight, mut parked) = (JoinSet::new(), FuturesUnordered::new());
    let (mut fetched, mut in_hand) = (0, BTreeMap::<String, usize>::new());
    while !until(&done, fetched) {
        while in_flight.len() < room {
            let Some(job) = waiting.pop_front().or_else(|| jobs.next()) else { break };
            let of_site = in_hand.entry(job.site.clone()).or_insert(0);
            let has_its_share = *of_site >= (room / 100).max(1);
            *of_site += 1;
            let patience = Duration::from_secs(match in_flight.len() * 2 < room {
                true if has_its_share => 1,
                true => 30,
                false => 0,
            });
            let fetcher = fetcher.clone();
            in_flight.spawn(async move {
                let order =
                    FetchOrder { job: &job, validators: None, patience, owned_since: jiff::Timestamp::MIN };
                let answer = fetcher.fetch(order).await;
                (job, answer)
            });
        }
        tokio::select! {
            Some(ended) = in_flight.join_next(), if !in_flight.is_empty() => {
                let (job, answer) = ended.expect("no job panics");
                in_hand.entry(job.site.clone()).and_modify(|of_site| *of_site -= 1);
                match answer {
                Fetched::Wait { until, .. } | Fetched::Retry { until, .. } => {
                    let wait = Duration::try_from(until.duration_since(fetcher.now())).unwrap_or_default();
                    parked.push(async move {
                        tokio::time::sleep(wait).await;
                        Job { not_before: Some(until), ..job }
                    });
                }
                Fetched::Page(_) => {
                    fetched += 1;
                    done.entry(job.site).or_default().push(started.elapsed());
                }
                _ => {}
                }
            }
            Some(job) = parked.next(), if !parked.is_empty() => waiting.push_back(job),
            else => break,
        }
    }
    done
}

/// 2,000 hosts that take half a second: 300 requests under way, or with NEWSWIRE_LONG 1,000 and 200,000 URLs. On two
/// threads, as a worker has them: all hosts answer in the same moment, and what one thread does in turns for a thousand
/// requests is late for each of them.
#[test]
fn nearly_all_that_the_latency_allows_is_reached_and_memory_does_not_grow() {
    if !is_alone("load::nearly_all_that_the_latency_allows_is_reached_and_memory_does_not_grow") {
        return;
    }
    const HOSTS: usize = 2000;
    const LATENCY: Duration = Duration::from_millis(500);
    let (under_way, urls) = if is_long() { (1000, 200_000) } else { (300, 3000) };
    let server = KeepAliveServer::start(|_| LATENCY);
    let settings =
        Settings { concurrency: under_way, delay: Duration::from_millis(100), ..settings(server.port) };
    let fetcher = Arc::new(Fetcher::new(settings).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let jobs = (0..urls).map(|at| {
        let url = server.url((at % HOSTS) as u16, at);
        let site = url.split([':', '/']).nth(3).unwrap_or_default().to_owned();
        of(url, &site)
    });
    // Growth would be seen from one tenth of the URLs to the next.
    let mut memories = Vec::new();
    let watch = |_: &Done, fetched: usize| {
        if fetched * 10 >= urls * (memories.len() + 1) {
            memories.push(memory("VmRSS") >> 20);
        }
        false
    };
    let started = std::time::Instant::now();
    let done = runtime.block_on(stage(&fetcher, jobs, under_way, watch));
    let took = started.elapsed();
    assert_eq!(done.values().map(Vec::len).sum::<usize>(), urls);
    let allowed = LATENCY.as_secs_f64() * urls as f64 / under_way as f64;
    let reached = allowed / took.as_secs_f64();
    let (peak, sockets) = (memory("VmHWM") >> 20, server.open.peak());
    println!(
        "{urls} URLs, {under_way} under way: {:.1} % of what the latency allows in {took:?}; MiB after each tenth {memories:?}, peak {peak}; {sockets} sockets at most",
        reached * 100.0
    );
    // A machine with other work on it reaches less than an idle one; the long run is for an idle one.
    assert!(reached > if is_long() { 0.9 } else { 0.5 }, "{reached}");
    assert!(peak < 200, "{peak} MiB");
    assert!(memories[9] <= memories[2] + 10, "it grows: {memories:?}");
    assert!(sockets <= under_way + 256 + 50, "{sockets} sockets");
}

#[tokio::test]
async fn idle_connections_are_bounded_over_all_hosts() {
    let server = KeepAliveServer::start(|_| Duration::ZERO);
    let fetcher = Arc::new(Fetcher::new(settings(server.port)).unwrap());
    let jobs = (0..1200).map(|n| of(server.url(n, 0), &format!("127.1.{}.{}", n >> 8, n & 255)));
    let done = stage(&fetcher, jobs, 20, |_, _| false).await;
    assert_eq!(done.len(), 1200);
    // What is kept, and what was under way.
    assert!(server.open.peak() <= 256 + 20 + 20, "{} connections at once", server.open.peak());
    assert!(server.open.now() > 0, "none was kept");
}

/// Healthy hosts with a few URLs each, and one site with very many that takes its time, mixed in one queue.
fn mixed(
    healthy: usize,
    urls_each: usize,
    slow: usize,
    url: impl Fn(usize, usize) -> (String, String),
) -> Vec<Job> {
    let total = healthy * urls_each;
    let mut jobs = Vec::new();
    for n in 0..total.max(slow) {
        if n < slow {
            let (url, site) = url(healthy, n);
            jobs.push(of(url, &site));
        }
        if n < total {
            let (url, site) = url(n % healthy, n);
            jobs.push(of(url, &site));
        }
    }
    jobs
}

const HEALTHY: usize = 1000;

async fn simulated(
    (room, under_way): (usize, usize),
    with_slow: bool,
    slow: Duration,
    crawl_delay: &'static str,
) -> Done {
    let web = WebInMemory::new(move |url, _| {
        let is_slow = url.host_str() == Some("host1000.example");
        match url.path() {
            "/robots.txt" if is_slow => Ok(Page::html(&format!("User-agent: *\n{crawl_delay}"))),
            _ if is_slow => Ok(Page::html("<p>a</p>").after(slow)),
            _ => Ok(Page::html("<p>a</p>").after(Duration::from_millis(300))),
        }
    });
    let settings = Settings { robots: true, concurrency: under_way, ..Settings::default() };
    let fetcher = Arc::new(Fetcher::with(settings, Arc::new(web), Clock::system()).unwrap());
    let jobs = mixed(HEALTHY, 5, if with_slow { 10_000 } else { 0 }, |host, n| {
        (format!("http://host{host}.example/{n}"), format!("host{host}.example"))
    });
    let all = |done: &Done, _| {
        done.iter().filter(|(site, done)| *site != "host1000.example" && done.len() == 5).count() == HEALTHY
    };
    let mut done = stage(&fetcher, jobs.into_iter(), room, all).await;
    done.remove("host1000.example");
    done
}

fn ends(done: &Done) -> Vec<f64> {
    let mut ends: Vec<f64> = done.values().flatten().map(Duration::as_secs_f64).collect();
    ends.sort_by(f64::total_cmp);
    ends
}

/// Completions of the healthy hosts with the slow one against those without, at every hundredth.
fn worst_ratio(alone: &Done, beside: &Done) -> f64 {
    let (alone, beside) = (ends(alone), ends(beside));
    assert_eq!(alone.len(), beside.len());
    let at = |ends: &[f64], percent: usize| ends[(ends.len() - 1) * percent / 100];
    (1..=100).map(|percent| at(&beside, percent) / at(&alone, percent)).fold(0.0, f64::max)
}

/// The mean time to a completion with the slow site, against without.
fn mean_ratio(alone: &Done, beside: &Done) -> f64 {
    ends(beside).iter().sum::<f64>() / ends(alone).iter().sum::<f64>()
}

/// With room for every host there is no difference at all; with as little as the worker has by default, where the
/// thousand hosts alone fill it, they finish no later.
#[tokio::test(start_paused = true)]
async fn a_slow_site_holds_up_nobody_in_simulated_time() {
    let quick = Duration::from_millis(300);
    for (room, under_way) in [(2000, 2000), (1000, 200)] {
        let of_it = (room, under_way);
        let alone = simulated(of_it, false, quick, "").await;
        for (name, slow, crawl_delay) in
            [("hangs", Duration::from_secs(3600), ""), ("asks for 10 s", quick, "Crawl-delay: 10")]
        {
            let beside = simulated(of_it, true, slow, crawl_delay).await;
            let (worst, mean) = (worst_ratio(&alone, &beside), mean_ratio(&alone, &beside));
            println!(
                "{under_way} under way, beside a site with 10,000 URLs that {name}: {mean:.4} on average, {worst:.4} at the worst hundredth"
            );
            assert!(mean <= 1.01, "{name}: {mean}");
            if under_way > HEALTHY {
                assert!(mean >= 0.99 && worst <= 1.01, "{name}: {mean}, {worst}");
            }
        }
    }
}

/// Five paired runs on real sockets; the figure is the median. With NEWSWIRE_LONG 1,000 hosts and 10,000 slow URLs.
#[test]
fn a_slow_site_holds_up_nobody_on_real_sockets() {
    if !is_alone("load::a_slow_site_holds_up_nobody_on_real_sockets") {
        return;
    }
    let (healthy, slow, pairs) = if is_long() { (1000, 10_000, 5) } else { (200, 2000, 3) };
    let server = KeepAliveServer::start(move |host| {
        Duration::from_millis(if usize::from(host) == healthy { 3_600_000 } else { 50 })
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |with_slow: bool| {
        let settings =
            Settings { delay: Duration::from_millis(500), concurrency: 200, ..settings(server.port) };
        let fetcher = Arc::new(Fetcher::new(settings).unwrap());
        let jobs = mixed(healthy, 5, if with_slow { slow } else { 0 }, |host, n| {
            (server.url(host as u16, n), format!("127.1.{}.{}", host >> 8, host & 255))
        });
        let all = |done: &Done, _| done.values().filter(|done| done.len() == 5).count() == healthy;
        let done = runtime.block_on(stage(&fetcher, jobs.into_iter(), 1000, all));
        ends(&done).last().copied().unwrap_or_default()
    };
    let mut ratios: Vec<f64> = (0..pairs).map(|_| run(true) / run(false)).collect();
    ratios.sort_by(f64::total_cmp);
    println!("with a site that hangs against without: {ratios:.3?}");
    let most = if is_long() { 1.15 } else { 1.5 };
    assert!(ratios[pairs / 2] <= most, "{ratios:?}");
}
