//! newswire as somebody runs it: Kafka topics and groups of its own on the shared broker, web sites behind a proxy,
//! and workers that are real processes of the real binary.

use super::broker::{Broker, broker};
use super::kafka_client::{Draft, Isolation, Record, unique};
use super::leash::Leashed;
use super::page_server::PageServer;
use super::wait_for;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Few, so that two workers have several each and a test reads them quickly.
pub const PARTITIONS: i32 = 4;
const DELAYS: [&str; 3] = ["10s", "2m", "30m"];
/// Transaction timeout, the broker's scan, and a busy machine.
const OPEN_TRANSACTION: Duration = Duration::from_secs(40);
const SIGNAL_TO_END: Duration = Duration::from_secs(30);

pub struct Deployment {
    pub name: String,
    broker: &'static Broker,
    pub sites: PageServer,
    settings: BTreeMap<String, String>,
    scratch: tempfile::TempDir,
}

impl Deployment {
    /// On the broker that the tests of a binary share.
    pub fn new(name: &str) -> Deployment {
        Deployment::on(broker(), name)
    }

    pub fn on(broker: &'static Broker, name: &str) -> Deployment {
        let (name, sites) = (unique(name), PageServer::start());
        let kafka_topics = ["urls", "articles", "rejects"]
            .map(|topic| (format!("KAFKA__TOPICS__{}", topic.to_uppercase()), format!("{name}.{topic}")));
        let own = [
            ("KAFKA__BROKERS", broker.bootstrap()),
            ("KAFKA__PARTITIONS", PARTITIONS.to_string()),
            ("KAFKA__GROUP_PREFIX", format!("{name}-")),
            ("KAFKA__TOPICS__INTERNAL_PREFIX", format!("{name}.")),
            // A dead worker is noticed in 3 s and not in 10 s, so that tests are quick.
            ("KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "3000".into()),
            ("KAFKA__PROPERTIES__HEARTBEAT_INTERVAL_MS", "500".into()),
            ("FETCH__PROXY", sites.proxy()),
            ("FETCH__DELAY", "1ms".into()),
            ("FETCH__USER_AGENT", "newswire-tests (+https://newswire.example/tests)".into()),
            ("TELEMETRY__LISTEN", "127.0.0.1:0".into()),
            ("TELEMETRY__LOG_FORMAT", "json".into()),
        ];
        let settings = own.map(|(key, value)| (key.to_owned(), value)).into_iter().chain(kafka_topics);
        broker.create_topic(&format!("{name}.urls"), PARTITIONS, &[]);
        let mut scratch = tempfile::tempdir().expect("a scratch folder");
        // For whoever looks into a failure: logs stay, and the core of a worker that crashed (`ulimit -c unlimited`).
        if std::env::var_os("NEWSWIRE_KEEP").is_some() {
            scratch.disable_cleanup(true);
            println!("{name}: workers' folders stay in {}", scratch.path().display());
        }
        Deployment { broker, sites, settings: settings.collect(), scratch, name }
    }

    /// A key of the config as its variable without the prefix: `FETCH__DELAY`.
    pub fn set(mut self, key: &str, value: &str) -> Deployment {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    pub fn unset(mut self, key: &str) -> Deployment {
        self.settings.remove(key);
        self
    }

    /// The Kafka topic with this last word: `urls`, `articles`, `rejects`, `candidates`, `seen`.
    pub fn kafka_topic(&self, last: &str) -> String {
        format!("{}.{last}", self.name)
    }

    pub fn submit<U: AsRef<str>>(&self, urls: &[U]) {
        self.broker.submit(&self.kafka_topic("urls"), urls);
    }

    /// Records as they are, without a key.
    pub fn submit_records(&self, records: &[Vec<u8>]) {
        let draft = |value| Draft { value: Some(value), ..Draft::default() };
        let records = records.iter().map(|record| draft(record.as_slice()));
        self.broker.produce_all(&self.kafka_topic("urls"), records);
    }

    /// Gives every committed record of the Kafka topic with this last word, without keeping them.
    pub fn each_committed(&self, last: &str, each: impl FnMut(Record)) {
        self.broker.read_each(&self.kafka_topic(last), Isolation::Committed, each);
    }

    /// Starts `newswire run` in an empty folder: nothing of an earlier worker is there.
    pub fn start_worker(&self) -> Worker {
        self.start_worker_with(&[])
    }

    /// With more variables: `FAILPOINTS`, or settings of this worker alone as `NEWSWIRE_PUBLISH__SLOT`.
    pub fn start_worker_with(&self, variables: &[(&str, &str)]) -> Worker {
        self.start_with(Command::new(binary()), &[], variables)
    }

    /// Only one stage: `publish`.
    pub fn start_stage(&self, stage: &str) -> Worker {
        self.start_stage_with(stage, &[])
    }

    pub fn start_stage_with(&self, stage: &str, variables: &[(&str, &str)]) -> Worker {
        self.start_with(Command::new(binary()), &["--stages", stage], variables)
    }

    /// Where `command` stands for `newswire`.
    pub fn start_as(&self, command: Command) -> Worker {
        self.start_with(command, &[], &[])
    }

    fn start_with(&self, command: Command, arguments: &[&str], variables: &[(&str, &str)]) -> Worker {
        let folder = self.scratch.path().join(unique("worker"));
        std::fs::create_dir(&folder).expect("a folder for the worker");
        let log = folder.join("stderr");
        let mut command = self.with_settings(command, &["run"]);
        command.args(arguments).current_dir(&folder).stdout(Stdio::null()).envs(variables.iter().copied());
        command.stderr(File::create(&log).expect("a file for the log"));
        let process = Leashed::start(&mut command, None).expect("the worker starts");
        Worker { process, log }
    }

    /// A command of this deployment: its settings, and none from outside.
    pub fn newswire(&self, arguments: &[&str]) -> Command {
        self.with_settings(Command::new(binary()), arguments)
    }

    fn with_settings(&self, mut command: Command, arguments: &[&str]) -> Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NEWSWIRE_")) {
            command.env_remove(name);
        }
        command
            .env_remove("RUST_LOG")
            .env_remove("FAILPOINTS")
            .args(arguments)
            .current_dir(self.scratch.path())
            .stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(key, value)| (format!("NEWSWIRE_{key}"), value)));
        command
    }

    /// What a command that succeeds prints on standard output, as JSON lines.
    pub fn run(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.newswire(arguments).output().expect("the command starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("a JSON line")).collect()
    }

    /// Runs a command of newswire against this deployment: whether it ended well, and what it wrote.
    pub fn command(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = self.newswire(arguments).output().expect("newswire starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    /// `newswire audit`: every source record has its outcome. Gives how many ended how.
    pub fn assert_audit_finds_all(&self) -> Value {
        let (is_well, found, said) = self.command(&["audit"]);
        assert!(is_well, "{found}\n{said}");
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines.len(), 1, "records without an outcome:\n{found}");
        serde_json::from_str(lines[0]).expect("a line of JSON")
    }

    pub fn broker(&self) -> &'static Broker {
        self.broker
    }

    /// `newswire check`: exit code, and what it said.
    pub fn check(&self) -> (i32, String) {
        let output = self.newswire(&["check"]).output().expect("newswire check starts");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code().expect("not ended by a signal"), said.into_owned())
    }

    /// Committed events in the order of their partitions.
    pub fn events(&self) -> Vec<Record> {
        self.broker.read_all(&self.kafka_topic("articles"), Isolation::Committed)
    }

    pub fn rejects(&self) -> Vec<Value> {
        let records = self.broker.read_all(&self.kafka_topic("rejects"), Isolation::Committed);
        records.iter().map(Record::json).collect()
    }

    /// Rejects are at least once: copies have the same id.
    pub fn reject_reasons(&self) -> BTreeMap<String, usize> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let distinct: BTreeSet<_> =
            self.rejects().iter().map(|r| (text(&r["reject_id"]), text(&r["reason"]))).collect();
        distinct.into_iter().fold(BTreeMap::new(), |mut counts, (_, reason)| {
            *counts.entry(reason).or_default() += 1;
            counts
        })
    }

    /// Waits until every record of every stage is done: each group stands at the end of its Kafka topic, twice the
    /// same, because a job goes from the fetch stage to a delay and back.
    pub fn wait_until_idle(&self, limit: Duration) {
        let (mut before, started) = (None, Instant::now());
        loop {
            let now = self.ends_if_done();
            if now.is_ok() && before.as_ref() == now.as_ref().ok() {
                // A killed worker's transaction may still be open: it hides from readers what others committed after it.
                return wait_for("no open transaction", OPEN_TRANSACTION, || {
                    self.open_transaction().is_none().then_some(())
                });
            }
            if let Err(behind) = &now {
                assert!(started.elapsed() < limit, "after {limit:?} there is work left: {behind}");
            }
            before = now.ok();
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// No transaction is open: what a committed reader sees ends where each Kafka topic ends.
    pub fn assert_no_open_transaction(&self) {
        assert_eq!(self.open_transaction(), None, "a transaction is open");
    }

    /// A Kafka topic whose end is hidden from committed readers.
    fn open_transaction(&self) -> Option<String> {
        let topics = ["articles", "rejects", "seen", "outcomes"].map(|topic| self.kafka_topic(topic));
        let ends = |topic: &str, isolation| self.broker.ends(topic, isolation);
        let is_open =
            |topic: &String| ends(topic, Isolation::Committed) != ends(topic, Isolation::Uncommitted);
        topics.into_iter().find(is_open)
    }

    fn ends_if_done(&self) -> Result<Vec<BTreeMap<i32, i64>>, String> {
        let delays = DELAYS.map(|tier| (format!("delay-{tier}"), format!("delay.{tier}")));
        let stages = [("route", "urls"), ("fetch", "fetch"), ("publish", "candidates")];
        let stages = stages.map(|(group, topic)| (group.to_owned(), topic.to_owned()));
        stages.into_iter().chain(delays).map(|(group, topic)| self.end_if_done(&group, &topic)).collect()
    }

    fn end_if_done(&self, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>, String> {
        let topic = self.kafka_topic(topic);
        let ends = self.broker.ends(&topic, Isolation::Uncommitted);
        let used = ends.iter().filter(|(_, end)| **end > 0);
        let committed = match ends.values().sum::<i64>() {
            0 => BTreeMap::new(),
            _ => self.broker.committed(&format!("{}-{group}", self.name), &topic),
        };
        let is_done = !ends.is_empty() && used.clone().all(|(p, end)| committed.get(p) == Some(end));
        match is_done {
            true => Ok(ends),
            false => Err(format!("{topic} ends at {ends:?} and {group} has committed {committed:?}")),
        }
    }
}

/// The one that cargo built for the tests; a benchmark names a release build.
fn binary() -> PathBuf {
    let named = std::env::var_os("NEWSWIRE_BINARY").map(|path| std::path::absolute(path).expect("a path"));
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_newswire")))
}

/// One worker process and what it says.
pub struct Worker {
    process: Leashed,
    log: PathBuf,
}

impl Worker {
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL, in whatever it is doing.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM; the exit code, which is 0 after a drain.
    pub fn stop(&mut self) -> i32 {
        self.signal("TERM");
        let status = self.process.wait(SIGNAL_TO_END);
        let status = status.unwrap_or_else(|| panic!("a worker that does not end:\n{}", self.end_of_log()));
        status.code().unwrap_or_else(|| panic!("ended by a signal:\n{}", self.end_of_log()))
    }

    /// Waits for its end, for so long at most; then it is killed.
    pub fn wait_for_end(&mut self, limit: Duration) {
        if self.process.wait(limit).is_none() {
            self.kill();
        }
    }

    /// From now on it is let go on (SIGCONT) as soon as it stops itself at a crash point.
    pub fn never_stays_stopped(&self) {
        let (id, stat) = (self.id().to_string(), format!("/proc/{}/stat", self.id()));
        std::thread::spawn(move || {
            while let Ok(text) = std::fs::read_to_string(&stat) {
                if text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')) {
                    let _ = Command::new("kill").args(["-CONT", &id]).status();
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    }

    /// How a worker ended, if it has: by itself, or by a signal.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.process.ended()
    }

    /// Whether it is stopped (SIGSTOP), as it may do itself at a crash point.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// The exit code of a worker that ends by itself.
    pub fn ends_with(&mut self) -> i32 {
        let status = self.process.wait(SIGNAL_TO_END);
        let status = status.unwrap_or_else(|| panic!("a worker that goes on:\n{}", self.end_of_log()));
        status.code().expect("not ended by a signal")
    }

    /// Whole lines of its log; one that is being written is left out.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How many URLs ended here, by outcome.
    pub fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in self.log() {
            if let Some(outcome) = line["outcome"].as_str() {
                *counts.entry(outcome.to_owned()).or_default() += 1;
            }
        }
        counts
    }

    pub fn published(&self) -> usize {
        self.outcomes().get("published").copied().unwrap_or_default()
    }

    /// When a line with this message was there, seen from outside.
    pub fn log_says(&self, message: &str) -> Instant {
        wait_for(message, SIGNAL_TO_END, || {
            self.log().iter().any(|line| line["message"] == message).then_some(())
        });
        Instant::now()
    }

    /// Between two lines, by their own timestamps.
    pub fn logged_between(&self, first: &str, second: &str) -> Duration {
        let at = |message: &str| -> jiff::Timestamp {
            let line = || self.log().into_iter().find(|line| line["message"] == message);
            let line = wait_for(message, SIGNAL_TO_END, line);
            line["timestamp"].as_str().and_then(|at| at.parse().ok()).expect("a timestamp")
        };
        Duration::try_from(at(second).duration_since(at(first))).expect("in this order")
    }

    pub fn end_of_log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Assigned, restored and consuming, as it says itself.
    pub fn wait_until_ready(&self) {
        wait_for("the worker to be ready", SIGNAL_TO_END, || {
            self.readiness().contains(" 200 ").then_some(())
        });
    }

    /// The body that `/metrics` or another path answers.
    pub fn get(&self, path: &str) -> String {
        let answer = self.answer(path);
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// What `/readyz` answers: status line and body.
    pub fn readiness(&self) -> String {
        self.answer("/readyz")
    }

    fn answer(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.health_port())).expect("a health port");
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// The port of `/metrics`, `/healthz` and `/readyz`, which it logs.
    pub fn health_port(&self) -> u16 {
        let port = || self.log().iter().find_map(|line| line["port"].as_u64());
        wait_for("the worker's health port", SIGNAL_TO_END, port).try_into().expect("a port")
    }
}
