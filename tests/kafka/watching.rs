//! What a worker tells while it works: metrics that add up, lag, logs as documented, traces, the status page's figures;
//! and a real Prometheus that answers every panel of the dashboard and fires an alert.

use crate::support::deployment::{Deployment, Worker};
use crate::support::leash::Leashed;
use crate::support::log_table::LogTable;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// A page that says it is from 2024, so that its age does not depend on today's clock.
fn page(number: usize) -> Page {
    Page::html(Article::new(number).html().replace("2026-03-", "2024-03-"))
}

/// The sum over the samples of `name` that have all of `labels`.
fn sum(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    let samples = metrics.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn outcomes_add_up_to_the_intake_and_lines_are_as_documented() {
    let newswire = Deployment::new("told").set("TELEMETRY__LOG_LEVEL", "info,newswire=debug");
    for number in 0..10 {
        newswire.sites.serve(&format!("http://paper{}.example/{number}", number % 3), page(number));
    }
    let mut urls: Vec<String> = (0..10).map(|n| format!("http://paper{}.example/{n}", n % 3)).collect();
    urls.extend((0..5).map(|n| format!("http://paper{}.example/{n}?utm_source=x", n % 3)));
    urls.extend(["http://paper0.example/gone".into(), "http://127.0.0.1/x".into(), "no url at all".into()]);
    newswire.submit(&urls);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);

    let metrics = worker.get("/metrics");
    assert_eq!(sum(&metrics, "newswire_received_total", &["stage=\"route\""]), urls.len() as f64);
    assert_eq!(sum(&metrics, "newswire_outcomes_total", &[]), urls.len() as f64, "{metrics}");
    assert_eq!(sum(&metrics, "newswire_outcomes_total", &["outcome=\"published\""]), 10.0);
    assert_eq!(sum(&metrics, "newswire_outcomes_total", &["reason=\"not_found\""]), 1.0);
    for stage in ["route", "fetch", "publish"] {
        let stage = format!("stage=\"{stage}\"");
        assert!(sum(&metrics, "newswire_latency_seconds_count", &[&stage]) >= 10.0, "{stage}");
        assert!(sum(&metrics, "newswire_stage_duration_seconds_count", &[&stage]) >= 10.0, "{stage}");
        assert_eq!(sum(&metrics, "newswire_assigned_partitions", &[&stage]), 4.0, "{stage}");
    }
    assert_eq!(sum(&metrics, "newswire_news_age_seconds_count", &[]), 10.0);
    assert_eq!(sum(&metrics, "newswire_memory_entries", &["table=\"seen\""]), 10.0);
    assert!(sum(&metrics, "newswire_memory_entries", &["table=\"pages\""]) >= 10.0);
    assert!(sum(&metrics, "process_resident_memory_bytes", &[]) > 1e6);
    is_well_formed(&metrics);

    let status: Value = serde_json::from_str(&worker.get("/status.json")).expect("JSON");
    assert_eq!(status["ready"], true);
    assert_eq!(status["latest"].as_array().map(Vec::len), Some(10));
    let published = &status["outcomes"][0];
    assert_eq!((&published["outcome"], &published["total"]), (&"published".into(), &10.into()));

    assert_eq!(worker.stop(), 0);
    let log = worker.log();
    assert_eq!(log.iter().filter(|line| line["outcome"].is_string()).count(), urls.len());
    is_documented(&log);
}

/// Prometheus' own judgement of names, types and help texts.
fn is_well_formed(metrics: &str) {
    if !is_there("promtool") {
        return;
    }
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().expect("promtool starts");
    promtool.stdin.take().expect("a pipe").write_all(metrics.as_bytes()).expect("promtool reads");
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool check metrics:\n{said}");
}

fn is_documented(log: &[Value]) {
    let table = LogTable::read();
    for line in log {
        let message = line["message"].as_str().unwrap_or_default();
        let name = match message {
            _ if line["outcome"].is_string() => "outcome",
            _ if message.starts_with("librdkafka:") => "librdkafka",
            message => message,
        };
        let row = table.row(name).unwrap_or_else(|| panic!("docs/logs.md lacks the event of {line}"));
        for (field, _) in line.as_object().expect("an object") {
            let is_of_every_line = ["timestamp", "level", "message", "target"].contains(&field.as_str());
            assert!(is_of_every_line || row.fields.contains(field), "docs/logs.md lacks {field} of {line}");
        }
    }
}

#[test]
fn lag_is_told_by_stage_and_goes_back_to_nothing() {
    // A few of each site stay in hand and are not committed; more of one site would be parked.
    let newswire = Deployment::new("lag").set("FETCH__DELAY", "1s");
    let url = |number: usize| format!("http://slow{}.example/{number}", number % 4);
    (0..32).for_each(|number| newswire.sites.serve(&url(number), page(number)));
    newswire.submit(&(0..32).map(url).collect::<Vec<_>>());
    let worker = newswire.start_worker();
    let lag =
        |stage: &str| sum(&worker.get("/metrics"), "newswire_lag_records", &[&format!("stage=\"{stage}\"")]);
    worker.wait_until_ready();
    wait_for("the fetch stage to be behind", LIMIT, || (lag("fetch") > 5.0).then_some(()));
    newswire.wait_until_idle(LIMIT);
    wait_for("nothing to be left", LIMIT, || {
        (["route", "fetch", "publish"].iter().all(|s| lag(s) == 0.0)).then_some(())
    });
}

/// The end of a transaction takes an offset that no consumer is given, and so does what was taken back: nobody commits past
/// it, and it is no work.
#[test]
fn what_is_no_record_is_no_lag() {
    let newswire = Deployment::new("marked");
    let url = |number: usize| format!("http://paper{number}.example/story");
    (0..9).for_each(|number| newswire.sites.serve(&url(number), page(number)));
    let (urls, topic) = ((0..9).map(url).collect::<Vec<_>>(), newswire.kafka_topic("urls"));
    let worker = newswire.start_worker();
    worker.wait_until_ready();
    newswire.broker().submit_in_a_transaction(&topic, &urls[..6], true);
    newswire.broker().submit_in_a_transaction(&topic, &urls[6..], false);
    let lag = || sum(&worker.get("/metrics"), "newswire_lag_records", &["stage=\"route\""]);
    wait_for("the articles", LIMIT, || (newswire.events().len() == 6).then_some(()));
    // It has been asked for since, and is looked into when it stands still.
    std::thread::sleep(Duration::from_secs(7));
    wait_for("nothing to be left", LIMIT, || (lag() == 0.0).then_some(()));
    assert_eq!(newswire.events().len(), 6);
}

/// Ready, and deaf: only a start anew helps, and whoever asks `/healthz` sees to it.
#[test]
fn a_stage_that_stands_still_is_not_healthy() {
    let newswire = Deployment::new("still").set("TELEMETRY__STANDS_STILL_AFTER", "10s");
    let worker = newswire.start_worker_with(&[("FAILPOINTS", "route-after-poll=pause")]);
    worker.wait_until_ready();
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(worker.get("/healthz"), "{\"alive\":true}", "it has nothing to do");
    newswire.submit(&["http://paper.example/story"]);
    wait_for("the worker to be unhealthy", LIMIT, || {
        worker.get("/healthz").contains("route: 1 records to take, and none taken for 10s").then_some(())
    });
    worker.log_says("stage_stands_still");
}

#[test]
fn a_changed_taxonomy_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |text: &str| std::fs::write(folder.path().join("themes.toml"), text).expect("a file");
    let theme = |id: &str| {
        format!(
            "[[topic]]\nid = \"theme:{id}\"\nname = \"Councils\"\nbroader = [\"medtop:16000000\"]\nkeywords = [\"council\"]\n"
        )
    };
    write(&theme("before"));
    let newswire = Deployment::new("reload").set("TOPICS__TAXONOMY", &folder.path().display().to_string());
    let worker = newswire.start_worker();
    let topics_of = |number: usize| {
        let url = format!("http://paper.example/{number}");
        newswire.sites.serve(&url, page(number));
        newswire.submit(&[url]);
        newswire.wait_until_idle(LIMIT);
        let title = Article::new(number).title();
        let events = newswire.events();
        let event =
            events.iter().map(crate::support::events::event).find(|event| event["title"] == title.as_str());
        event.expect("an event")["topics"].to_string()
    };
    let said = |what: &str| {
        wait_for(what, LIMIT, || worker.log().iter().any(|line| line["message"] == what).then_some(()));
    };
    assert!(topics_of(1).contains("theme:before"), "{}", worker.end_of_log());
    write(&theme("after"));
    said("reloaded");
    assert!(topics_of(2).contains("theme:after"));

    write("[[topic]]\nid = \"theme:broken\"\nwrods = []\n");
    said("reload_refused");
    assert!(topics_of(3).contains("theme:after"), "the old one stays");
    let refused = worker.log().into_iter().find(|line| line["message"] == "reload_refused").expect("a line");
    assert!(refused["first"].as_str().is_some_and(|first| first.contains("themes.toml:")), "{refused}");
    assert_eq!(sum(&worker.get("/metrics"), "newswire_reloads_total", &["refused"]), 1.0);

    // On SIGHUP also what has not changed is read.
    worker.signal("HUP");
    wait_for("another try", LIMIT, || {
        (sum(&worker.get("/metrics"), "newswire_reloads_total", &["refused"]) == 2.0).then_some(())
    });
    is_documented(&worker.log());
}

#[test]
fn spans_of_every_stage_reach_the_collector_in_the_submitters_trace() {
    let collector = Collector::start();
    let newswire = Deployment::new("traced").set("TELEMETRY__OTLP_ENDPOINT", &collector.endpoint);
    newswire.sites.serve("http://paper.example/story?access_token=hidden", page(5));
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let traceparent = format!("00-{trace}-{parent}-01");
    let headers = [("traceparent", traceparent.as_str())];
    let record = b"http://paper.example/story?access_token=hidden";
    crate::support::broker::broker().produce(&newswire.kafka_topic("urls"), None, Some(record), &headers);
    let worker = newswire.start_worker();
    let spans = wait_for("three spans", LIMIT, || Some(collector.spans()).filter(|spans| spans.len() >= 3));
    let of = |name: &str| {
        spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no span {name}"))
    };
    assert!(spans.iter().all(|span| span["traceId"] == trace), "{spans:?}");
    assert_eq!(of("route")["parentSpanId"], parent);
    assert_eq!(of("fetch")["parentSpanId"], of("route")["spanId"]);
    assert_eq!(of("publish")["parentSpanId"], of("route")["spanId"]);
    // A candidate may be published while the fetch stage still writes down what it remembers of the page.
    let began = |name: &str| {
        of(name)["startTimeUnixNano"].as_str().and_then(|at| at.parse::<u64>().ok()).expect("a time")
    };
    assert!(began("route") <= began("fetch") && began("fetch") <= began("publish"), "{spans:?}");
    assert!(!format!("{spans:?}").contains("hidden"), "a token is masked");
    let events = newswire.events();
    assert_eq!(events[0].header("traceparent"), Some(traceparent.as_str()), "out on the event");
    assert!(worker.log().iter().any(|line| line["trace_id"] == trace && line["span_id"] == parent));
}

/// An OTLP collector over HTTP that keeps what it is sent.
struct Collector {
    endpoint: String,
    bodies: std::sync::Arc<std::sync::Mutex<Vec<Value>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("a bound port"));
        let bodies = std::sync::Arc::<std::sync::Mutex<Vec<Value>>>::default();
        let kept = bodies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                std::thread::spawn(move || {
                    while let Some(body) = read_post(&stream) {
                        kept.lock().expect("nobody panics").push(body);
                    }
                });
            }
        });
        Collector { endpoint, bodies }
    }

    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().expect("nobody panics");
        let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let resources = bodies.iter().flat_map(|body| array(&body["resourceSpans"]));
        let scopes = resources.flat_map(|resource| {
            assert!(resource["resource"].to_string().contains("service.name"));
            array(&resource["scopeSpans"])
        });
        scopes.flat_map(|scope| array(&scope["spans"])).collect()
    }
}

/// One `POST /v1/traces`; `None` when the connection ends.
fn read_post(mut stream: &TcpStream) -> Option<Value> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    assert!(
        head.starts_with("post /v1/traces ") && head.contains("content-type: application/json"),
        "{head}"
    );
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    let mut body = vec![0; length.trim().parse().expect("a number")];
    stream.read_exact(&mut body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        .ok()?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}

/// As `tests/running`: what `tests/run` installs may be missing elsewhere.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "{program} is missing: run tests/run");
    found
}

/// A Prometheus on loopback that watches one worker.
struct Prometheus {
    port: u16,
    _process: Leashed,
    _scratch: tempfile::TempDir,
}

impl Prometheus {
    /// The repository's rules, without their patience.
    fn start(worker: &Worker) -> Prometheus {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let rules = include_str!("../../docker/prometheus/alerts.yaml");
        let impatient: Vec<String> = rules
            .lines()
            .map(|line| {
                if line.trim_start().starts_with("for: ") {
                    "        for: 0s".into()
                } else {
                    line.to_owned()
                }
            })
            .collect();
        std::fs::write(scratch.path().join("alerts.yaml"), impatient.join("\n")).expect("a file");
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [alerts.yaml]\n\
             scrape_configs:\n  - job_name: newswire\n    static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
            worker.health_port()
        );
        std::fs::write(scratch.path().join("prometheus.yaml"), config).expect("a file");
        let mut command = Command::new("prometheus");
        command.args(["--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--log.level=error"]);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).current_dir(scratch.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Leashed::start(&mut command, Some(scratch.path())).expect("prometheus starts");
        Prometheus { port, _process: process, _scratch: scratch }
    }

    /// The result of an instant query.
    fn ask(&self, query: &str) -> Option<Vec<Value>> {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET /api/v1/query?query={query} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        assert_ne!(answer["status"], "error", "{query}: {answer}");
        answer["data"]["result"].as_array().cloned()
    }
}

fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(include_str!("../../docker/grafana/dashboard.json"))
        .expect("the dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let of_panel = |panel: &Value| -> Vec<(String, String)> {
        let title = panel["title"].as_str().expect("a title").to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        let query = |target: &Value| target["expr"].as_str().expect("a query").to_owned();
        targets.iter().map(|target| (title.clone(), query(target))).collect()
    };
    panels.iter().flat_map(of_panel).collect()
}

/// 25 URLs come in, none becomes an article: the alert fires. Then articles come, and every panel has an answer.
#[test]
fn a_prometheus_fires_an_alert_and_answers_every_panel() {
    if !is_there("prometheus") {
        return;
    }
    let newswire = Deployment::new("watched");
    let worker = newswire.start_worker();
    worker.wait_until_ready();
    let prometheus = Prometheus::start(&worker);
    wait_for("a first scrape", LIMIT, || prometheus.ask("newswire_ready")?.first().cloned());
    newswire.submit(&(0..25).map(|n| format!("http://gone{n}.example/story")).collect::<Vec<_>>());
    let fired = wait_for("the alert", LIMIT, || {
        prometheus
            .ask("ALERTS{alertname=\"NewswirePublishingNothing\",alertstate=\"firing\"}")?
            .first()
            .cloned()
    });
    assert_eq!(fired["metric"]["severity"], "page");

    let queries: Vec<(String, String)> = queries()
        .into_iter()
        .map(|(title, query)| (title, query.replace("$instance", ".*").replace("$__rate_interval", "30s")))
        .collect();
    assert!(queries.len() > 30);
    let (mut open, mut number, started) = (queries, 0, Instant::now());
    while !open.is_empty() {
        // Something has to happen while the rates are asked for.
        let url = format!("http://paper{}.example/{number}", number % 5);
        newswire.sites.serve(&url, page(number));
        newswire.submit(&[url]);
        number += 1;
        std::thread::sleep(Duration::from_millis(500));
        open.retain(|(_, query)| !has_a_number(prometheus.ask(query)));
        assert!(started.elapsed() < LIMIT, "no answer to {open:#?}");
    }
}

/// Not an empty answer, and not the NaN of a quantile over nothing.
fn has_a_number(answer: Option<Vec<Value>>) -> bool {
    let number = |sample: &Value| sample["value"][1].as_str()?.parse::<f64>().ok();
    answer.is_some_and(|samples| samples.iter().filter_map(number).any(f64::is_finite))
}
