//! `newswire demo` and `newswire ingest`, the real binary on the demo's web: URLs in, events out, every URL accounted for.

use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

fn newswire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newswire"));
    // The repository's own config folder must not decide what these tests see.
    command.args(arguments).current_dir(std::env::temp_dir()).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn json_lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// The final lines of URLs among the log lines.
fn outcomes(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stderr).unwrap();
    let logs = text.lines().filter(|line| line.starts_with('{')).map(|line| line.as_bytes());
    logs.flat_map(json_lines).filter(|line| line.get("outcome").is_some()).collect()
}

fn counts(lines: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// `newswire demo --serve`, ended when dropped.
struct DemoWeb {
    child: Child,
    proxy: String,
}

impl DemoWeb {
    fn start() -> DemoWeb {
        let mut child = newswire(&["demo", "--serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut proxy = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut proxy).unwrap();
        DemoWeb { child, proxy: proxy.trim().to_owned() }
    }

    fn ingest(&self, arguments: &[&str]) -> Command {
        newswire(&[&["ingest", "--proxy", &self.proxy, "--delay", "20ms"], arguments].concat())
    }
}

impl Drop for DemoWeb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MISSILES: &str = "http://www.daily.example/2025/11/18/north-korea-fires-short-range-missiles/";
const BUSES: &str = "http://www.daily.example/2025/11/16/night-buses-return-to-the-river-city/";

#[test]
fn the_demo_accounts_for_every_url() {
    let output = newswire(&["demo"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let (events, ends) = (json_lines(&output.stdout), outcomes(&output));
    let urls = include_str!("../demo/urls.txt").lines().count();
    let counts = counts(&ends);
    assert_eq!(ends.len(), urls, "{told}");
    assert_eq!(counts["published"], events.len(), "{told}");
    assert!(counts["published"] >= 10 && counts["duplicate"] == 4 && counts["rejected"] >= 5, "{counts:?}");
    let total: Vec<&str> = told.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(total, ["total", &urls.to_string()]);
}

#[test]
fn the_demos_events_meet_the_schema_and_say_what_the_pages_say() {
    let events = json_lines(&newswire(&["demo"]).output().unwrap().stdout);
    let schema = newswire(&["schema"]).output().unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema.stdout).unwrap()).unwrap();
    let ids: HashSet<&str> = events.iter().filter_map(|event| event["article_id"].as_str()).collect();
    assert_eq!(ids.len(), events.len(), "one event an article");
    for event in &events {
        let problems: Vec<String> = validator.iter_errors(event).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:?}", event["url"]);
    }
    let of = |host: &str| events.iter().find(|event| event["host"] == host).unwrap();
    let missiles = events.iter().find(|event| event["url"] == MISSILES).unwrap();
    assert_eq!(missiles["short_link"], "http://www.daily.example/?p=4101");
    assert!(missiles["topics"].as_array().unwrap().iter().any(|topic| topic["id"] == "country:kp"));
    assert!(!missiles["body"].as_str().unwrap().contains("Short link"));
    assert_eq!(of("www.hanbit.example")["fetch"]["charset"], "EUC-KR");
    assert_eq!(of("www.hanbit.example")["title"], "정부, APEC 이후 북한에 대화 다시 제안");
    assert_eq!(of("lecourrier.example")["fetch"]["charset"], "windows-1252");
    let cable =
        events.iter().find(|event| event["url"].as_str().unwrap().ends_with("finds-cut-cable")).unwrap();
    assert!(cable["body"] == "" && cable["withheld"]["because"][0] == "tdm_reserved", "{cable}");
    let grain = events.iter().find(|event| event["title"].as_str().unwrap().contains("grain")).unwrap();
    assert_eq!(grain["context"]["desk"], "asia");
}

#[test]
fn a_second_run_over_the_same_list_publishes_nothing_new() {
    let web = DemoWeb::start();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("urls.txt");
    fs::write(&list, include_str!("../demo/urls.txt")).unwrap();
    let rejects = folder.path().join("rejects.jsonl");
    let state = folder.path().join("state");
    let arguments = [
        "--input",
        list.to_str().unwrap(),
        "--state",
        state.to_str().unwrap(),
        "--rejects",
        rejects.to_str().unwrap(),
    ];
    let first = web.ingest(&arguments).output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let (ends, rejected) = (counts(&outcomes(&first)), json_lines(&fs::read(&rejects).unwrap()));
    assert_eq!(json_lines(&first.stdout).len(), ends["published"]);
    assert_eq!(rejected.len(), ends["rejected"]);
    assert!(rejected.iter().any(|reject| reject["reason"] == "robots_denied"));

    let second = web.ingest(&arguments).output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(outcomes(&second).len(), outcomes(&first).len());
    assert!(second.stdout.is_empty(), "{}", String::from_utf8_lossy(&second.stdout));
}

#[test]
fn an_event_does_not_wait_for_the_next_url_of_a_pipe() {
    let web = DemoWeb::start();
    let mut child =
        web.ingest(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    // The pipe stays open: the event has to come all the same.
    for url in [BUSES, MISSILES] {
        writeln!(stdin, "{url}").unwrap();
        let event: Value = serde_json::from_str(&events.next().unwrap().unwrap()).unwrap();
        assert_eq!(event["url"], url);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_closed_output_ends_ingest_quietly() {
    let web = DemoWeb::start();
    let mut child =
        web.ingest(&[BUSES, MISSILES]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

#[test]
fn no_url_is_no_work() {
    let output = newswire(&["ingest"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let output = newswire(&["ingest", "--input", "no/such/file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let output = newswire(&["ingest", "--max-wait", "soon", BUSES]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_in_good_order_and_says_what_is_left() {
    let web = DemoWeb::start();
    let mut child = newswire(&["ingest", "--proxy", &web.proxy, "--delay", "2s", BUSES, MISSILES])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut event = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut event).unwrap();
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stopped after 1 URLs"), "{told}");
}

#[test]
fn explain_tells_every_step_of_one_url() {
    let web = DemoWeb::start();
    let explain = |url: &str| {
        let output = newswire(&["explain", "--proxy", &web.proxy, url]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = explain("http://dly.example/k4101");
    for step in ["leaves the site", "short_link, link_shortlink", "North Korea (title 0)", "in full"] {
        assert!(told.contains(step), "{step} not in\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "no colour in a pipe");
    assert!(told.contains("TIMINGS") && told.contains("extract"), "{told}");
    assert!(explain("http://www.daily.example/members/letter-to-subscribers/").contains("robots_denied"));
    assert!(explain("http://www.harbor.example/harbour-fees").contains("noindex"));
    assert!(explain("not a url").contains("invalid_url"));
}

/// `NEWSWIRE_SCREENSHOTS=FOLDER` keeps the page, to be looked at.
#[test]
fn explain_as_html_is_one_file_with_the_evidence_highlighted() {
    let web = DemoWeb::start();
    let explain = |url: &str| {
        let output = newswire(&["explain", "--html", "--proxy", &web.proxy, url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = explain("http://dly.example/k4101");
    for shown in [
        "<h1><mark class=\"country\" title=\"country:kp North Korea\">North Korea</mark> fires short-range",
        "<b class=\"good\">published</b>",
        "http://www.daily.example/?p=4101",
        "<h2>Timings</h2>",
        "fetch, with waits",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    for outside in ["<script", "<link", "<img", "@import", "url(", "src="] {
        assert!(!page.contains(outside), "{outside} in the page");
    }
    let refused = explain("http://www.harbor.example/harbour-fees");
    assert!(refused.contains("<b class=\"bad\">rejected</b> noindex"), "{refused}");
    if let Some(folder) = std::env::var_os("NEWSWIRE_SCREENSHOTS") {
        fs::write(std::path::Path::new(&folder).join("explain.html"), page).unwrap();
    }
}
