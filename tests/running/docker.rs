//! What `docker/` says about newswire is true of this newswire: config keys, files, ports, commands.
//!
//! The image itself is built by `docker/build-without-engine`, which needs root and Debian.

use crate::text_of;
use newswire::config::{Sources, load};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

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

/// Everything that the code includes at build time has to be in the image's build context.
#[test]
fn the_context_of_the_image_has_what_the_code_includes() {
    let ignored = text_of(".dockerignore");
    let kept: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for folder in text.split("include_dir!(\"$CARGO_MANIFEST_DIR/").skip(1) {
                let top = folder.split(['/', '"']).next().unwrap();
                assert!(kept.contains(&top), "{path:?} includes {top}/, which .dockerignore leaves out");
                found += 1;
            }
        }
    }
    assert!(found >= 2, "the walk finds them");
}

#[test]
fn compose_shows_prometheus_and_grafana_what_is_there() {
    let services = services();
    for (service, mounted) in [("prometheus", "./prometheus"), ("grafana", "./grafana/dashboard.json")] {
        let volumes = services[service]["volumes"].to_string();
        assert!(volumes.contains(mounted), "{service} mounts {mounted}");
    }
    for volume in services.values().filter_map(|service| service["volumes"].as_array()).flatten() {
        let from = volume.as_str().unwrap().split(':').next().unwrap();
        if let Some(file) = from.strip_prefix("./") {
            assert!(
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docker").join(file).exists(),
                "{from}"
            );
        }
    }
    // What is published on the host is for this machine only.
    for port in services.values().filter_map(|service| service["ports"].as_array()).flatten() {
        assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port}");
    }
}

#[test]
fn the_demo_of_compose_fits_the_services_and_the_commands() {
    let demo: Value = serde_yaml_ng::from_str(&text_of("docker/compose.demo.yaml")).expect("it is YAML");
    let worker = demo["services"]["worker"]["environment"].as_object().unwrap();
    let set: Vec<_> =
        worker.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    assert_eq!(problems(&set), Vec::<String>::new());
    assert_eq!(worker["NEWSWIRE_FETCH__PROXY"], "http://site:8080");
    let words = |service: &str| -> Vec<String> {
        let command = demo["services"][service]["command"].as_array().unwrap();
        command.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(words("site"), ["demo", "--serve", "--listen", "0.0.0.0:8080"]);
    assert_eq!(words("submit")[0], "submit");
    for service in ["site", "submit"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_newswire"));
        // With --help behind them the words are parsed and nothing is done.
        let output = command.args(words(service)).arg("--help").output().unwrap();
        assert!(output.status.success(), "{service}");
    }
}
