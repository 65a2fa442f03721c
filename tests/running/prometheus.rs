//! Alert rules, tried by promtool; and no rule or panel that asks for a metric that newswire does not have.
//!
//! `tests/kafka` runs every query of the dashboard against a Prometheus that watches a real worker.

use crate::{is_there, text_of};
use serde_json::Value;
use std::process::Command;

#[test]
fn promtool_is_content_with_the_alerts_and_their_tests() {
    if !is_there("promtool") {
        return;
    }
    for arguments in [
        ["check", "config", "docker/prometheus/prometheus.yaml"],
        ["check", "rules", "docker/prometheus/alerts.yaml"],
        ["test", "rules", "docker/prometheus/alerts.test.yaml"],
    ] {
        let output = Command::new("promtool")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "promtool {arguments:?}:\n{said}");
    }
}

#[test]
fn every_alert_is_tested_and_its_runbook_is_a_heading() {
    let alerts: Value = serde_yaml_ng::from_str(&text_of("docker/prometheus/alerts.yaml")).unwrap();
    let tests = text_of("docker/prometheus/alerts.test.yaml");
    let playbook = text_of("docs/operations.md");
    let anchors: Vec<String> = playbook
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 8);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(tests.contains(&format!("alertname: {name}")), "{name} has no test");
        let runbook = rule["annotations"]["runbook"].as_str().unwrap();
        let anchor = runbook.strip_prefix("docs/operations.md#").unwrap();
        assert!(anchors.iter().any(|each| each == anchor), "{name}: no heading for {runbook}");
        assert!(["page", "ticket"].contains(&rule["labels"]["severity"].as_str().unwrap()));
    }
}

#[test]
fn rules_and_panels_ask_for_metrics_that_are_there() {
    let names = newswire::telemetry::metrics::ALL;
    let texts = [text_of("docker/prometheus/alerts.yaml"), text_of("docker/grafana/dashboard.json")];
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = std::collections::BTreeSet::new();
    for text in &texts {
        for start in text.match_indices("newswire_").map(|(at, _)| at) {
            let name = text[start..].split(|c| !is_of_a_name(c)).next().unwrap();
            let base = name.trim_end_matches("_bucket").trim_end_matches("_count").trim_end_matches("_sum");
            assert!(names.contains(&base), "{name} is no metric of newswire");
            found.insert(base);
        }
    }
    // A metric that nobody looks at is not worth its line, except those that only tell what a run was.
    let unseen: Vec<_> = names.iter().filter(|name| !found.contains(*name)).collect();
    assert_eq!(unseen, Vec::<&&str>::new());
}

/// Grafana fills in what is missing by its own lights: a legend that does not say so is not shown.
#[test]
fn every_panel_says_what_grafanas_schema_requires() {
    let dashboard: Value = serde_json::from_str(&text_of("docker/grafana/dashboard.json")).unwrap();
    let required = |kind: &str| match kind {
        "timeseries" => &["/legend/showLegend", "/legend/calcs", "/legend/placement", "/tooltip/sort"][..],
        "stat" => &["/textMode", "/justifyMode", "/orientation", "/wideLayout", "/reduceOptions/calcs"],
        _ => &[],
    };
    let mut looked_at = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for option in required(panel["type"].as_str().unwrap()) {
            assert!(panel["options"].pointer(option).is_some(), "{} lacks options{option}", panel["title"]);
            looked_at += 1;
        }
    }
    assert!(looked_at >= 100, "{looked_at}");
}
