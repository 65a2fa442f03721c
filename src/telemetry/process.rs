//! What the kernel says of this process, under the names that every Prometheus client uses.
//!
//! Read from `/proc/self` when somebody asks; on a system without it there is nothing to say.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use std::fs;

/// Linux' USER_HZ, which is 100 on every architecture that Rust builds for.
const TICKS_PER_SECOND: f64 = 100.0;

const RESIDENT: &str = "process_resident_memory_bytes";
const PROCESSOR: &str = "process_cpu_seconds_total";
const STARTED: &str = "process_start_time_seconds";
const THREADS: &str = "process_threads";
const OPEN_FILES: &str = "process_open_fds";
const MAX_FILES: &str = "process_max_fds";

pub(super) fn describe() {
    describe_gauge!(RESIDENT, Unit::Bytes, "Memory of the process that is in RAM");
    describe_counter!(
        PROCESSOR,
        Unit::Seconds,
        "Processor time of the process in whole seconds, user and system"
    );
    describe_gauge!(STARTED, Unit::Seconds, "When the process started");
    describe_gauge!(THREADS, "Threads of the process");
    describe_gauge!(OPEN_FILES, "Open files and sockets");
    describe_gauge!(MAX_FILES, "Files and sockets that may be open");
}

/// Sets the gauges as of now.
pub(super) fn measure() {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse) {
        counter!(PROCESSOR).absolute(stat.processor_seconds as u64);
        gauge!(THREADS).set(stat.threads);
        if let Some(booted) = booted_at() {
            gauge!(STARTED).set(booted + stat.started_after_boot);
        }
    }
    if let Some(bytes) = resident_bytes() {
        gauge!(RESIDENT).set(bytes as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        gauge!(OPEN_FILES).set(open.count() as f64);
    }
    if let Some(most) = max_files() {
        gauge!(MAX_FILES).set(most);
    }
}

/// Memory in RAM, bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    // In kibibytes, whatever the size of a page is.
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Seconds since 1970.
fn booted_at() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.parse().ok())
}

fn max_files() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The parts of `/proc/self/stat` that matter (proc(5)).
#[derive(Debug, PartialEq)]
struct Stat {
    processor_seconds: f64,
    threads: f64,
    started_after_boot: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Stat> {
        // The name of the process stands in brackets and may hold anything, brackets and blanks too.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        // The first field behind the name is number 3 in the manual.
        let number = |in_the_manual: usize| fields.get(in_the_manual - 3)?.parse::<f64>().ok();
        Some(Stat {
            processor_seconds: (number(14)? + number(15)?) / TICKS_PER_SECOND,
            threads: number(20)?,
            started_after_boot: number(22)? / TICKS_PER_SECOND,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let line = "4242 (news ) wire) S 1 4242 4242 0 -1 4194304 900 0 3 0 150 50 0 0 20 0 17 0 86400 1 2 3";
        let expected = Stat { processor_seconds: 2.0, threads: 17.0, started_after_boot: 864.0 };
        assert_eq!(Stat::parse(line), Some(expected));
        assert_eq!(Stat::parse("4242 (newswire) S 1"), None);
    }
}
