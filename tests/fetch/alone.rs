//! Figures of a whole process, its memory and its time on a core, are measured in a process of their own: the tests
//! beside it would be measured as well.

use std::process::Command;

const MARK: &str = "NEWSWIRE_TEST_ALONE";

/// True in the process that is alone. Elsewhere it starts that process for the test `name`, and shows what it says.
pub fn is_alone(name: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let this = std::env::current_exe().expect("a test is a program");
    let output = Command::new(this).args([name, "--exact", "--nocapture"]).env(MARK, "1").output();
    let output = output.expect("a test starts again");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{name} alone:\n{text}");
    false
}

/// A figure of `/proc/self/status` in bytes: `VmRSS`, or `VmHWM` for the most there ever was.
pub fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(key)).expect("a line for it");
    let kilobytes = line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
    kilobytes.expect("a number") * 1024
}

/// Time that this thread has had on a core.
pub fn core_time() -> std::time::Duration {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = line.split_whitespace().next().and_then(|text| text.parse().ok());
    std::time::Duration::from_nanos(nanoseconds.expect("a number"))
}
