//! Every metric of newswire: its name, its help, its labels. Labels have few fixed values; none is a host or a URL.

use super::process;
use crate::record::{Outcome, Reason, Stage};
use jiff::Timestamp;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

pub const OUTCOMES: &str = "newswire_outcomes_total";
pub const RECEIVED: &str = "newswire_received_total";
pub const REDELIVERED: &str = "newswire_redelivered_total";
pub const STAGE_DURATION: &str = "newswire_stage_duration_seconds";
pub const END_TO_END: &str = "newswire_end_to_end_seconds";
pub const LAST_PUBLISHED: &str = "newswire_last_published_timestamp_seconds";
pub const IDENTITY_CONFLICTS: &str = "newswire_identity_conflicts_total";
pub const COMMIT_DURATION: &str = "newswire_commit_duration_seconds";
pub const COMMITS_FAILED: &str = "newswire_commits_failed_total";
pub const ASSIGNED_PARTITIONS: &str = "newswire_assigned_partitions";
pub const IN_FLIGHT: &str = "newswire_records_in_flight";
pub const PARKED: &str = "newswire_jobs_parked_total";
pub const HOSTS_BACKED_OFF: &str = "newswire_hosts_backed_off";
pub const MEMORY_ENTRIES: &str = "newswire_memory_entries";
pub const RESTORING_PARTITIONS: &str = "newswire_restoring_partitions";
pub const RESTORED_RECORDS: &str = "newswire_restored_records_total";
pub const LAG: &str = "newswire_lag_records";
pub const LAG_ASKED: &str = "newswire_lag_asked_timestamp_seconds";
pub const WAITING: &str = "newswire_jobs_waiting";
pub const LATENCY: &str = "newswire_latency_seconds";
pub const NEWS_AGE: &str = "newswire_news_age_seconds";
pub const SPANS_DROPPED: &str = "newswire_spans_dropped_total";
pub const RELOADS: &str = "newswire_reloads_total";
pub const TAXONOMY: &str = "newswire_taxonomy_info";
pub const READY: &str = "newswire_ready";
pub const BUILD_INFO: &str = "newswire_build_info";

/// Every name, beside those that each Prometheus client has (`process_*`).
pub const ALL: [&str; 26] = [
    OUTCOMES,
    RECEIVED,
    REDELIVERED,
    STAGE_DURATION,
    END_TO_END,
    LAST_PUBLISHED,
    IDENTITY_CONFLICTS,
    COMMIT_DURATION,
    COMMITS_FAILED,
    ASSIGNED_PARTITIONS,
    IN_FLIGHT,
    PARKED,
    HOSTS_BACKED_OFF,
    MEMORY_ENTRIES,
    RESTORING_PARTITIONS,
    RESTORED_RECORDS,
    LAG,
    LAG_ASKED,
    WAITING,
    LATENCY,
    NEWS_AGE,
    SPANS_DROPPED,
    RELOADS,
    TAXONOMY,
    READY,
    BUILD_INFO,
];

/// From a stage that only counts (1 ms) to a page that took its whole time limit (60 s) and a job that waited.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

/// How old news is when it is told: a minute to a week.
const NEWS_SECONDS: [f64; 9] =
    [60.0, 300.0, 900.0, 3_600.0, 10_800.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0];

/// What can be read again while the worker runs.
const RELOADED: [&str; 2] = ["taxonomy", "publishers"];

/// Installs the recorder for the process, once, and gives what renders it.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(NEWS_AGE.into()), &NEWS_SECONDS))
            .expect("the lists of buckets are not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Fails only where somebody else's recorder is installed: then ours renders nothing.
        drop(metrics::set_global_recorder(recorder));
        describe();
        start_at_zero();
        handle
    })
}

fn describe() {
    describe_counter!(OUTCOMES, "URLs by where they ended");
    describe_counter!(RECEIVED, "Records taken in by a stage; by route: the intake");
    describe_counter!(REDELIVERED, "Records met again after a crash or a rebalance");
    describe_histogram!(
        STAGE_DURATION,
        Unit::Seconds,
        "One stage on one record; in fetch with the wait for the host's turn"
    );
    describe_histogram!(END_TO_END, Unit::Seconds, "From the URL record's intake to its outcome");
    describe_gauge!(LAST_PUBLISHED, Unit::Seconds, "When an event was last committed");
    describe_counter!(IDENTITY_CONFLICTS, "Aliases that named a different article");
    describe_histogram!(
        COMMIT_DURATION,
        Unit::Seconds,
        "One transaction, from its last record to its commit"
    );
    describe_counter!(COMMITS_FAILED, "Transactions that were aborted");
    describe_gauge!(ASSIGNED_PARTITIONS, "Partitions that this worker owns and that deliver");
    describe_gauge!(RESTORING_PARTITIONS, "Partitions that this worker owns and whose memory is being read");
    describe_counter!(RESTORED_RECORDS, "Records of a table read back when a partition was taken over");
    describe_gauge!(LAG, "Records of this worker's partitions that a stage has not committed yet");
    describe_gauge!(LAG_ASKED, Unit::Seconds, "When the brokers last told the lag");
    describe_gauge!(WAITING, "Jobs of this worker's partitions that wait in a delay tier");
    describe_histogram!(
        LATENCY,
        Unit::Seconds,
        "From the URL record's Kafka timestamp until a stage was done with it"
    );
    describe_histogram!(
        NEWS_AGE,
        Unit::Seconds,
        "From the time on the article to its event, where the page names one to the minute or second"
    );
    describe_counter!(SPANS_DROPPED, "Spans that the trace collector did not take");
    describe_counter!(RELOADS, "Files taken up while running, or refused because they are broken");
    describe_gauge!(TAXONOMY, "1; the label tells the taxonomy in use");
    describe_gauge!(IN_FLIGHT, "Records that a stage is working on");
    describe_counter!(PARKED, "Jobs put off to a delay topic");
    describe_gauge!(HOSTS_BACKED_OFF, "Hosts that asked to be left alone for a while");
    describe_gauge!(MEMORY_ENTRIES, "Entries of a table by partition");
    describe_gauge!(READY, "1 when assigned, restored and consuming");
    describe_gauge!(BUILD_INFO, "1; the labels tell the build");
    process::describe();
}

/// A counter that does not exist before its first event hides that first event from `rate()`.
fn start_at_zero() {
    for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Rejected) {
        outcomes(outcome, None).absolute(0);
    }
    for reason in Reason::ALL {
        outcomes(Outcome::Rejected, Some(*reason)).absolute(0);
    }
    for stage in Stage::ALL {
        counter!(RECEIVED, "stage" => stage.as_str()).absolute(0);
        counter!(REDELIVERED, "stage" => stage.as_str()).absolute(0);
    }
    for what in RELOADED {
        reloads(what, "ok").absolute(0);
        reloads(what, "refused").absolute(0);
    }
    for counter in [IDENTITY_CONFLICTS, COMMITS_FAILED, PARKED, SPANS_DROPPED] {
        counter!(counter).absolute(0);
    }
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn outcomes(outcome: Outcome, reason: Option<Reason>) -> metrics::Counter {
    counter!(OUTCOMES, "outcome" => outcome.as_str(), "reason" => reason.map_or("none", Reason::as_str))
}

/// One URL ended.
pub fn outcome(outcome: Outcome, reason: Option<Reason>) {
    outcomes(outcome, reason).increment(1);
}

/// A record was taken in by a stage; what the route stage receives is the intake.
pub(super) fn received(stage: Stage) {
    counter!(RECEIVED, "stage" => stage.as_str()).increment(1);
}

pub fn redelivered(stage: Stage) {
    counter!(REDELIVERED, "stage" => stage.as_str()).increment(1);
}

pub fn stage_duration(stage: Stage, took: Duration) {
    histogram!(STAGE_DURATION, "stage" => stage.as_str()).record(took);
}

pub fn end_to_end(took: Duration) {
    histogram!(END_TO_END).record(took);
}

/// An event is out.
pub(super) fn published(at: Timestamp) {
    gauge!(LAST_PUBLISHED).set(at.as_duration().as_secs_f64());
}

pub fn identity_conflict() {
    counter!(IDENTITY_CONFLICTS).increment(1);
}

pub fn commit(took: Duration) {
    histogram!(COMMIT_DURATION).record(took);
}

pub fn commit_failed() {
    counter!(COMMITS_FAILED).increment(1);
}

/// A stage's partitions: those that deliver, and those whose memory is still being read.
pub(super) fn partitions(stage: Stage, delivering: usize, restoring: usize) {
    gauge!(ASSIGNED_PARTITIONS, "stage" => stage.as_str()).set(delivering as f64);
    gauge!(RESTORING_PARTITIONS, "stage" => stage.as_str()).set(restoring as f64);
}

/// Records of a table that were read back.
pub(super) fn restored_records(table: &'static str, records: u64) {
    counter!(RESTORED_RECORDS, "table" => table).increment(records);
}

/// What a stage has still to do in the partitions of this worker.
pub(super) fn lag(stage: Stage, records: u64) {
    gauge!(LAG, "stage" => stage.as_str()).set(records as f64);
}

/// What waits in a delay tier, in the partitions of this worker.
pub(super) fn waiting(tier: &'static str, jobs: u64) {
    gauge!(WAITING, "tier" => tier).set(jobs as f64);
}

/// The lag is as of now.
pub(super) fn lag_asked(at: Timestamp) {
    gauge!(LAG_ASKED).set(at.as_duration().as_secs_f64());
}

/// A stage is done with a record that was put on its Kafka topic at `submitted_ms`.
pub fn latency(stage: Stage, submitted_ms: Option<i64>, now: Timestamp) {
    // A clock that is behind the producer's says nothing.
    if let Some(took) = submitted_ms.and_then(|at| u64::try_from(now.as_millisecond() - at).ok()) {
        histogram!(LATENCY, "stage" => stage.as_str()).record(Duration::from_millis(took));
    }
}

/// An article that says of itself when it was published, to the minute or better, is told of `age` later.
pub(super) fn news_age(age: Duration) {
    histogram!(NEWS_AGE).record(age);
}

/// The collector took none of these.
pub(super) fn spans_dropped(spans: u64) {
    counter!(SPANS_DROPPED).increment(spans);
}

fn reloads(what: &'static str, result: &'static str) -> metrics::Counter {
    counter!(RELOADS, "what" => what, "result" => result)
}

/// `what` (`taxonomy`, `publishers`) was read again.
pub fn reloaded(what: &'static str, taken_up: bool) {
    reloads(what, if taken_up { "ok" } else { "refused" }).increment(1);
}

/// The taxonomy in use; the one before it is 0 from now on.
pub(super) fn taxonomy(version: &str, before: Option<&str>) {
    if let Some(before) = before.filter(|before| *before != version) {
        gauge!(TAXONOMY, "version" => before.to_owned()).set(0.0);
    }
    gauge!(TAXONOMY, "version" => version.to_owned()).set(1.0);
}

pub(super) fn in_flight(stage: Stage, records: usize) {
    gauge!(IN_FLIGHT, "stage" => stage.as_str()).set(records as f64);
}

pub fn parked() {
    counter!(PARKED).increment(1);
}

pub(super) fn hosts_backed_off(hosts: usize) {
    gauge!(HOSTS_BACKED_OFF).set(hosts as f64);
}

/// Entries of one partition's part of a table, `pages` or `seen`. 0 when the partition is lost.
pub(super) fn table_size(table: &'static str, partition: i32, entries: usize) {
    gauge!(MEMORY_ENTRIES, "table" => table, "partition" => partition.to_string()).set(entries as f64);
}

pub(super) fn ready(ready: bool) {
    gauge!(READY).set(f64::from(u8::from(ready)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered_with_its_labels_and_help() {
        let recorder = recorder();
        // The recorder is the process's: other tests count too, but none forgets an article.
        outcome(Outcome::Rejected, Some(Reason::Forgotten));
        stage_duration(Stage::Fetch, Duration::from_millis(3));
        published(Timestamp::from_second(1_760_000_000).unwrap());
        table_size("seen", 4, 3);
        let text = recorder.render();
        for line in [
            "newswire_outcomes_total{outcome=\"rejected\",reason=\"forgotten\"} 1",
            "newswire_outcomes_total{outcome=\"published\",reason=\"none\"} ",
            "newswire_stage_duration_seconds_bucket{stage=\"fetch\",le=\"0.005\"} 1",
            "newswire_last_published_timestamp_seconds 1760000000",
            "newswire_memory_entries{table=\"seen\",partition=\"4\"} 3",
            "# HELP newswire_outcomes_total URLs by where they ended",
        ] {
            assert!(text.contains(line), "{line}\nnot in\n{text}");
        }
    }
}
