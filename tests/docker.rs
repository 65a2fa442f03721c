//! What `docker/` says about newswire is true of this newswire: config keys, files, ports, commands.
//!
//! The image itself is built by `docker/build-without-engine`, which needs root and Debian.

use newswire::config::{Sources, load};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

fn text_of(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

fn services() -> Map<String, Value> {
    let compose: Value =
        serde_yaml_ng::from_str(&text_of("docker/compose.yaml")).expect("compose.yaml is YAML");
    compose["services"].as_object().expect("there are services").clone()
}

/// Problems of a configuration that has only these variables.
fn problems(environment: &[(String, String)]) -> Vec<String> {
    let sources = Sources { environment: environment.to_vec(), ..Sources::default() };
    load(&sources).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// `${NAME:?message}` and `${NAME:-default}` stand for what the person sets.
fn as_if_set(value: &str) -> String {
    if value.starts_with("${") { "newswire (+mailto:someone@a.example)".into() } else { value.into() }
}

#[test]
fn the_worker_of_compose_has_a_configuration_that_holds() {
    let worker = &services()["worker"];
    let environment = worker["environment"].as_object().expect("the worker has variables");
    let text = |value: &Value| as_if_set(value.as_str().expect("a variable is text"));
    let set: Vec<_> = environment.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    assert!(set.iter().any(|(name, _)| name == "NEWSWIRE_KAFKA__BROKERS"));
    assert_eq!(problems(&set), Vec::<String>::new());
    assert!(
        !problems(&[("NEWSWIRE_KAFKA__BROKER".into(), "kafka:9092".into())]).is_empty(),
        "a wrong key shows"
    );
}

#[test]
fn the_variables_of_the_image_are_keys_of_the_config() {
    let dockerfile = text_of("docker/Dockerfile");
    let words = dockerfile.split_whitespace().filter_map(|word| word.split_once('='));
    let set: Vec<_> = words
        .filter(|(name, _)| name.starts_with("NEWSWIRE_"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(set.len() >= 2, "the walk finds them: {set:?}");
    assert_eq!(problems(&set), Vec::<String>::new());
}

#[test]
fn services_wait_for_services_that_are_there() {
    let services = services();
    let names: BTreeSet<&String> = services.keys().collect();
    for (name, service) in &services {
        let waits_for = service["depends_on"].as_object().map(|map| map.keys().collect()).unwrap_or_default();
        assert!(names.is_superset(&waits_for), "{name} waits for {waits_for:?}");
    }
    let kafka_has_a_health_check = services["kafka"]["healthcheck"]["test"].is_array();
    assert!(kafka_has_a_health_check, "the others wait for service_healthy");
}

/// `--scale worker=3` fails where a container has a name or a port of the host.
#[test]
fn the_worker_can_be_scaled() {
    let worker = &services()["worker"];
    assert_eq!((&worker["container_name"], &worker["ports"]), (&Value::Null, &Value::Null));
    assert_eq!(worker["read_only"], true);
}

/// A reader without it shows events of transactions that were taken back.
#[test]
fn the_events_are_read_committed() {
    let command = services()["events"]["command"].to_string();
    assert!(command.contains("--isolation-level=read_committed") && command.contains("news.articles"));
}

#[test]
fn the_image_is_built_from_files_and_commands_that_are_there() {
    let build = &services()["worker"]["build"];
    assert_eq!((&build["context"], &build["dockerfile"]), (&"..".into(), &"docker/Dockerfile".into()));
    let dockerfile = text_of("docker/Dockerfile");
    assert!(dockerfile.contains("\nUSER 10001:10001\n"), "not root, and as a number");
    for command in ["run", "health"] {
        assert!(dockerfile.contains(&format!("\"{command}\"]")));
        let help =
            std::process::Command::new(env!("CARGO_BIN_EXE_newswire")).args([command, "--help"]).output();
        assert!(help.expect("the binary starts").status.success(), "`newswire {command}` is a command");
    }
}
