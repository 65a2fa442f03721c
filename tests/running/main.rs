//! What people run newswire with: image, compose, Kubernetes, Prometheus, logs, the status page. No broker here.

mod compose;
mod docker;
mod kubernetes;
mod logs;
mod prometheus;
mod status_page;

use std::path::Path;
use std::process::Command;

/// A file of the repository.
fn text_of(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// A program that `tests/run` installs. Without it the test says so and passes, except where everything has to be there.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "{program} is missing: run tests/run");
    if !found {
        eprintln!("skipped: {program} is missing (on Debian tests/run installs it)");
    }
    found
}
