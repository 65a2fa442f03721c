//! The manifests: typed as far as they go, and true of this newswire. No cluster.

use crate::text_of;
use newswire::config::{Config, Sources, load};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const FOLDER: &str = "docker/kubernetes";

/// A manifest as its type, with no key that the type does not know.
fn read<T: for<'a> Deserialize<'a>>(file: &str) -> T {
    serde_yaml_ng::from_str(&text_of(&format!("{FOLDER}/{file}"))).unwrap_or_else(|e| panic!("{file}: {e}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Object<Spec> {
    api_version: String,
    kind: String,
    metadata: Value,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Deployment {
    replicas: u32,
    strategy: Value,
    min_ready_seconds: u32,
    template: Template,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Template {
    metadata: Value,
    spec: Pod,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Pod {
    termination_grace_period_seconds: u64,
    automount_service_account_token: bool,
    security_context: Value,
    containers: Vec<Container>,
    volumes: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Container {
    name: String,
    image: String,
    image_pull_policy: String,
    args: Vec<String>,
    env_from: Vec<Value>,
    ports: Vec<Value>,
    startup_probe: Probe,
    liveness_probe: Probe,
    readiness_probe: Probe,
    resources: Value,
    security_context: Value,
    volume_mounts: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Probe {
    http_get: HttpGet,
    period_seconds: u32,
    timeout_seconds: Option<u32>,
    failure_threshold: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpGet {
    path: String,
    port: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct ScaledObject {
    scale_target_ref: BTreeMap<String, String>,
    min_replica_count: u32,
    max_replica_count: u32,
    polling_interval: u32,
    cooldown_period: u32,
    fallback: Value,
    advanced: Value,
    triggers: Vec<Trigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trigger {
    r#type: String,
    metadata: KafkaTrigger,
}

/// KEDA's Kafka scaler takes texts only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct KafkaTrigger {
    bootstrap_servers: String,
    consumer_group: String,
    topic: String,
    lag_threshold: String,
    activation_lag_threshold: String,
    offset_reset_policy: String,
    allow_idle_consumers: String,
    scale_to_zero_on_invalid_offset: String,
}

#[test]
fn the_deployment_drains_probes_and_runs_as_nobody() {
    let deployment: Object<Deployment> = read("deployment.yaml");
    assert_eq!((deployment.api_version.as_str(), deployment.kind.as_str()), ("apps/v1", "Deployment"));
    let pod = deployment.spec.template.spec;
    // The worker drains for 15 s and leaves its groups within 10 s more.
    assert!(pod.termination_grace_period_seconds >= 30);
    assert_eq!(pod.security_context["runAsNonRoot"], true);
    let [worker] = pod.containers.as_slice() else { panic!("one container") };
    assert_eq!(worker.args, ["run"]);
    assert_eq!(worker.security_context["readOnlyRootFilesystem"], true);
    assert_eq!(worker.security_context["allowPrivilegeEscalation"], false);
    let paths = [&worker.startup_probe, &worker.liveness_probe, &worker.readiness_probe]
        .map(|probe| (probe.http_get.path.as_str(), probe.http_get.port.as_str()));
    assert_eq!(paths, [("/healthz", "metrics"), ("/healthz", "metrics"), ("/readyz", "metrics")]);
    assert!(
        worker.resources["limits"]["cpu"].is_null() && worker.resources["requests"]["memory"].is_string()
    );
    assert!(deployment.spec.replicas <= Config::default().kafka.partitions as u32);
}

#[test]
fn the_settings_hold() {
    let text = text_of(&format!("{FOLDER}/settings.env"));
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let environment: Vec<(String, String)> = lines
        .map(|line| line.split_once('=').unwrap_or_else(|| panic!("{line}")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(environment.len() >= 3);
    let sources = Sources { environment, ..Sources::default() };
    let loaded = load(&sources).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(loaded.config.telemetry.listen.port(), 9464);
    let problems = newswire::config::check_for_run(&loaded.config);
    assert!(problems.is_empty(), "{problems:?}");
}

/// The traps of scaling by lag: more workers than partitions, groups and topics that are not ours, flapping.
#[test]
fn the_scaled_object_keeps_out_of_the_known_traps() {
    let object: Object<ScaledObject> = read("scaled-object.yaml");
    assert_eq!((object.api_version.as_str(), object.kind.as_str()), ("keda.sh/v1alpha1", "ScaledObject"));
    let spec = object.spec;
    let kafka = Config::default().kafka;
    assert_eq!(spec.max_replica_count, kafka.partitions as u32, "one more would own nothing");
    assert!(spec.min_replica_count >= 1);
    let deployment: Object<Deployment> = read("deployment.yaml");
    assert_eq!(spec.scale_target_ref["name"], deployment.metadata["name"].as_str().unwrap());
    let down = &spec.advanced["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"];
    assert!(down["stabilizationWindowSeconds"].as_u64().unwrap() >= 300, "each change reads memory back");
    let read_by: Vec<(String, String)> =
        spec.triggers.iter().map(|t| (t.metadata.consumer_group.clone(), t.metadata.topic.clone())).collect();
    let group = |stage: &str| format!("{}{stage}", kafka.group_prefix);
    let internal = |name: &str| format!("{}{name}", kafka.topics.internal_prefix);
    let expected = [
        (group("route"), kafka.topics.urls.clone()),
        (group("fetch"), internal("fetch")),
        (group("publish"), internal("candidates")),
    ];
    assert_eq!(read_by, expected);
    for trigger in &spec.triggers {
        assert_eq!(trigger.r#type, "kafka");
        assert_eq!(trigger.metadata.allow_idle_consumers, "false");
        assert!(trigger.metadata.lag_threshold.parse::<u32>().unwrap() > 0);
    }
}

#[test]
fn the_kustomization_names_files_that_are_there() {
    let kustomization: Value = read("kustomization.yaml");
    let resources = kustomization["resources"].as_array().unwrap();
    let env = &kustomization["configMapGenerator"][0]["envs"][0];
    for file in resources.iter().chain([env]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(file.as_str().unwrap());
        assert!(path.is_file(), "{file}");
    }
    let name = &kustomization["configMapGenerator"][0]["name"];
    let deployment = text_of(&format!("{FOLDER}/deployment.yaml"));
    assert!(deployment.contains(name.as_str().unwrap()));
    // Those that are commented out, because they need more in the cluster, are manifests too.
    for file in ["pod-monitor.yaml", "service.yaml", "disruption-budget.yaml", "namespace.yaml"] {
        let object: Value = read(file);
        assert!(object["kind"].is_string() && object["metadata"]["name"] == "newswire", "{file}");
    }
}
