//! The compose files with a real engine: from the sources to events, a rolling restart of three workers, an alert that
//! fires.
//!
//! A Docker engine, the compose plugin and some minutes are needed, so it runs only where it is asked for:
//! `NEWSWIRE_COMPOSE=whole cargo test --test running compose -- --nocapture`. Where the public images cannot be pulled,
//! `tests/running/stand-ins` makes others under their names first, all but Grafana's: `NEWSWIRE_COMPOSE=without-grafana`.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const FILES: [&str; 4] = ["-f", "docker/compose.yaml", "-f", "docker/compose.demo.yaml"];
const ALL_BUT_GRAFANA: [&str; 7] = ["kafka", "topics", "worker", "prometheus", "events", "site", "submit"];
const WORKERS: usize = 3;

/// What is up in the end is taken down, with its volumes.
struct Compose {
    /// None: all.
    services: &'static [&'static str],
}

impl Drop for Compose {
    fn drop(&mut self) {
        self.down();
    }
}

impl Compose {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = docker(&["compose", "--project-name", "newswire-tried"]);
        command.args(FILES).args(arguments);
        command.env("NEWSWIRE_FETCH__USER_AGENT", "newswire (+mailto:someone@a.example)");
        command.output().expect("docker starts")
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn down(&self) {
        self.run(&["down", "--volumes", "--timeout", "20"]);
    }

    fn up(&self) {
        let scale = format!("worker={WORKERS}");
        let up = ["up", "--build", "--detach", "--scale", &scale];
        self.says(&[&up[..], self.services].concat());
    }

    fn workers(&self) -> Vec<String> {
        self.says(&["ps", "--quiet", "worker"]).lines().map(str::to_owned).collect()
    }

    /// What a reader of committed records finds, by Kafka's own tool.
    fn articles(&self) -> Vec<String> {
        let reader = "/opt/kafka/bin/kafka-console-consumer.sh";
        let all = ["--topic", "news.articles", "--from-beginning", "--timeout-ms", "8000"];
        let committed = ["--isolation-level", "read_committed", "--bootstrap-server", "kafka:9092"];
        let said = self.run(&[&["exec", "-T", "kafka", reader], &all[..], &committed[..]].concat());
        titles(&String::from_utf8_lossy(&said.stdout))
    }

    /// Until each source record has its outcome.
    fn wait_for_outcomes(&self, records: u64) {
        wait_for("an outcome for each record", Duration::from_secs(120), || {
            let said = self.run(&["exec", "-T", "worker", "newswire", "audit"]);
            let audit: Value = serde_json::from_slice(&said.stdout).unwrap_or_default();
            let has_all = said.status.success() && audit["source_records"].as_u64() == Some(records);
            if has_all { Ok(()) } else { Err(format!("{said:?}")) }
        });
    }
}

fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Asks again until it is so; panics with what it was last.
fn wait_for(what: &str, limit: Duration, mut is_so: impl FnMut() -> Result<(), String>) {
    let started = Instant::now();
    while let Err(instead) = is_so() {
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}, last: {instead}");
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Sorted. The URL and with it the id of an article are those of whichever copy was fetched first.
fn titles(events: &str) -> Vec<String> {
    let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut titles: Vec<_> = events.filter_map(|event| Some(event["title"].as_str()?.to_owned())).collect();
    titles.sort();
    titles
}

/// The values that Prometheus has for an expression without a space in it.
fn prometheus(expression: &str) -> Vec<String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect("127.0.0.1:9090")?;
        write!(stream, "GET /api/v1/query?query={expression} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let series = body["data"]["result"].as_array().cloned().unwrap_or_default();
    series.iter().map(|one| one["value"][1].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn from_nothing_to_events_and_an_alert_that_fires() {
    let compose = match std::env::var("NEWSWIRE_COMPOSE").as_deref() {
        Ok("whole") => Compose { services: &[] },
        Ok("without-grafana") => Compose { services: &ALL_BUT_GRAFANA },
        Ok(other) => panic!("NEWSWIRE_COMPOSE={other} is neither whole nor without-grafana"),
        Err(_) => return eprintln!("skipped: NEWSWIRE_COMPOSE is not set"),
    };
    let demo = Command::new(env!("CARGO_BIN_EXE_newswire")).arg("demo").output().expect("the demo runs");
    let expected = titles(&String::from_utf8_lossy(&demo.stdout));
    assert!(expected.len() >= 8, "{expected:?}");

    // What a run that was cut off has left.
    compose.down();
    let started = Instant::now();
    compose.up();
    eprintln!("compose is up after {:?}, built or not", started.elapsed());
    compose.wait_for_outcomes(19);
    assert_eq!(compose.articles(), expected);
    wait_for("three targets in Prometheus", Duration::from_secs(60), || {
        let ready = prometheus("sum(newswire_ready)");
        if ready == [WORKERS.to_string()] { Ok(()) } else { Err(format!("{ready:?}")) }
    });
    let members = "/opt/kafka/bin/kafka-consumer-groups.sh --bootstrap-server kafka:9092 --describe --members \
                   --group newswire-publish";
    let members = compose.says(&["exec", "-T", "kafka", "sh", "-c", members]);
    let owners: BTreeSet<&str> = members
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .collect();
    assert_eq!(owners.len(), WORKERS, "{members}");

    // One after the other, while the same URLs come in again.
    for (round, worker) in compose.workers().iter().enumerate() {
        let again = compose.run(&["run", "--rm", "--no-deps", "-T", "submit"]);
        assert_eq!(again.status.code(), Some(1), "one line is no URL, on purpose");
        let restarted = docker(&["restart", "--time", "30", worker]).output().expect("docker starts");
        assert!(restarted.status.success(), "worker {round}");
    }
    compose.wait_for_outcomes(19 * (1 + WORKERS as u64));
    assert_eq!(compose.articles(), expected, "nothing is lost or said twice");

    let begun = Instant::now();
    compose.says(&["stop", "--timeout", "30", "worker"]);
    for worker in compose.says(&["ps", "--all", "--quiet", "worker"]).lines() {
        let state =
            docker(&["inspect", "--format", "{{.State.ExitCode}}", worker]).output().expect("docker starts");
        assert_eq!(String::from_utf8_lossy(&state.stdout).trim(), "0", "it drains");
    }
    let firing = "ALERTS{alertname=~\"NewswireDown|NewswireAbsent\",alertstate=\"firing\"}";
    let firing: String = firing.bytes().map(|byte| format!("%{byte:02X}")).collect();
    wait_for("an alert that fires", Duration::from_secs(240), || {
        if prometheus(&firing).is_empty() { Err("none".into()) } else { Ok(()) }
    });
    eprintln!("an alert fires {:?} after the workers were stopped", begun.elapsed());
}
