//! The image's worker against a real broker: as nobody, on a root that cannot be written, small and quick to start.
//!
//! Root on Debian and some minutes are needed, so it runs only where it is asked for, with a release binary:
//! `cargo build --release && NEWSWIRE_IMAGE=target/release/newswire cargo test --test kafka image -- --nocapture`

use crate::support::deployment::Deployment;
use crate::support::events::titles;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A debug binary keeps neither. The start is bounded generously, because the machine may have other work: what is
/// measured is printed.
const MAX_BYTES: u64 = 60 << 20;
const MAX_START: Duration = Duration::from_secs(2);
/// Of each kind.
const STARTS: usize = 8;

#[test]
fn the_images_worker_consumes_and_publishes() {
    let Some(binary) = std::env::var_os("NEWSWIRE_IMAGE").map(PathBuf::from) else {
        return eprintln!("skipped: NEWSWIRE_IMAGE names no release binary");
    };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let root = scratch.path().join("root");
    build(&binary, &root);
    let bytes = size_of(&root);
    assert!(bytes < MAX_BYTES, "the image has {bytes} bytes");

    let newswire = Deployment::new("image");
    let url = |number: usize| format!("http://paper{}.example/{number}", number % 3);
    (0..9).for_each(|number| newswire.sites.serve(&url(number), Page::html(Article::new(number).html())));
    let in_the_image = |root: &Path| {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docker/run-without-engine"));
        command.arg(root);
        command
    };
    // The first one makes the Kafka topics; the others find everything as it is in a cluster.
    let mut first = newswire.start_as(in_the_image(&root));
    first.wait_until_ready();
    assert_eq!(first.stop(), 0, "it drains on SIGTERM");
    eprintln!("image: {:.1} MB", bytes as f64 / 1e6);
    let report = |what: &str| {
        let starts: Vec<Start> = (0..STARTS).map(|_| Start::of(&newswire, in_the_image(&root))).collect();
        let ready: Vec<u64> = starts.iter().map(|start| start.ready_after_ms).collect();
        let slowest = starts.iter().map(|start| start.port_open).max();
        eprintln!("{what}: port open {slowest:?} after the script's start at most, ready after {ready:?} ms");
        assert!(slowest < Some(MAX_START), "the port was open {slowest:?} after the start");
    };
    report("nothing to restore");

    let mut worker = newswire.start_as(in_the_image(&root));
    worker.wait_until_ready();
    newswire.submit(&(0..9).map(url).collect::<Vec<_>>());
    newswire.wait_until_idle(Duration::from_secs(60));
    let mut expected: Vec<String> = (0..9).map(|number| Article::new(number).title()).collect();
    expected.sort();
    assert_eq!(titles(&newswire.events()), expected, "{}", worker.end_of_log());
    let user = std::fs::read_to_string(format!("/proc/{}/status", worker.id())).expect("the worker's status");
    assert!(user.lines().any(|line| line.starts_with("Uid:") && line.contains("10001")), "{user}");
    let health = Command::new(env!("CARGO_BIN_EXE_newswire"))
        .args(["health", "--ready", "--address", &format!("127.0.0.1:{}", worker.health_port())])
        .current_dir(scratch.path())
        .output();
    assert!(health.expect("newswire health starts").status.success());
    assert_eq!(worker.stop(), 0, "it drains on SIGTERM");
    report("nine articles to restore");
}

/// Of one worker, which is stopped again.
struct Start {
    /// From the start of the script, seen from outside.
    port_open: Duration,
    /// Since it began to wait for its share, as it says itself.
    ready_after_ms: u64,
}

impl Start {
    fn of(newswire: &Deployment, command: Command) -> Start {
        let started = Instant::now();
        let mut worker = newswire.start_as(command);
        let port_open = worker.log_says("serving metrics and health").duration_since(started);
        worker.log_says("worker_is_ready");
        let log = worker.log();
        let line = log.iter().find(|line| line["message"] == "worker_is_ready");
        let ready_after_ms =
            line.and_then(|line| line["after_ms"].as_u64()).expect("it says how long it took");
        assert_eq!(worker.stop(), 0);
        Start { port_open, ready_after_ms }
    }
}

fn build(binary: &Path, root: &Path) {
    let output = Command::new("docker/build-without-engine")
        .args(["--tag", "newswire-test", "--binary"])
        .arg(binary)
        .arg("--root")
        .arg(root)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the script starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the image's files").flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata().expect("a file's metadata") {
        metadata if metadata.is_dir() => size_of(&entry.path()),
        metadata => metadata.len(),
    };
    entries.map(size).sum()
}
