//! A broker that asks who comes: TLS and SASL/SCRAM by `[kafka.properties]` alone, and what a refusal looks like.

use crate::support::broker::{Broker, Listener, Plan, free_ports};
use crate::support::deployment::Deployment;
use crate::support::events::titles;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use crate::support::wait_for;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const PASSWORD: &str = "a-test-password";

/// One for all tests here: user `newswire` may do what it is granted, and nothing else.
fn secured() -> (&'static Broker, u16) {
    static SHARED: OnceLock<(&'static Broker, u16)> = OnceLock::new();
    *SHARED.get_or_init(|| {
        let port = free_ports::<1>()[0];
        let listener = Listener { name: "WORKERS", protocol: "SASL_SSL", port, advertised_port: port };
        let user = |name: &str| format!("SCRAM-SHA-256=[name={name},password={PASSWORD}]");
        let plan = Plan {
            listeners: vec![listener],
            format: vec!["--add-scram".into(), user("newswire"), "--add-scram".into(), user("stranger")],
            ..Plan::new()
        };
        let login = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let plan = plan
            .set("sasl.enabled.mechanisms", "SCRAM-SHA-256")
            .set("listener.name.workers.scram-sha-256.sasl.jaas.config", login)
            .set("ssl.keystore.location", "broker.p12")
            .set("ssl.keystore.type", "PKCS12")
            .set("ssl.keystore.password", PASSWORD)
            .set("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
            .set("super.users", "User:ANONYMOUS")
            .set("allow.everyone.if.no.acl.found", "false");
        let broker: &'static Broker = Box::leak(Box::new(Broker::planned_in(plan, make_certificate)));
        (broker, port)
    })
}

/// A certificate that signs itself, and what clients trust: both by the JDK's own tool.
fn make_certificate(folder: &Path) {
    let keytool = |arguments: &[&str]| {
        let common =
            ["-keystore", "broker.p12", "-storetype", "PKCS12", "-storepass", PASSWORD, "-alias", "broker"];
        let output = Command::new("keytool").args(arguments).args(common).current_dir(folder).output();
        let output = output.expect("keytool is part of the JDK");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    let name = ["-dname", "CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1"];
    keytool(&[&["-genkeypair", "-keyalg", "EC", "-validity", "2"][..], &name].concat());
    keytool(&["-exportcert", "-rfc", "-file", "ca.pem"]);
}

fn deployment(name: &str, user: &str, password: &str) -> Deployment {
    let (broker, port) = secured();
    let ca = broker.scratch().join("ca.pem").display().to_string();
    Deployment::on(broker, name)
        .set("KAFKA__BROKERS", &format!("127.0.0.1:{port}"))
        .set("KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL")
        .set("KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-256")
        .set("KAFKA__PROPERTIES__SASL_USERNAME", user)
        .set("KAFKA__PROPERTIES__SASL_PASSWORD", password)
        .set("KAFKA__PROPERTIES__SSL_CA_LOCATION", &ca)
}

/// By Kafka's own tool, as an operator does.
fn grant(broker: &Broker, what: &[&str]) {
    let bootstrap = broker.bootstrap();
    let common = ["--bootstrap-server", &bootstrap, "--add", "--allow-principal", "User:newswire"];
    broker.tool("org.apache.kafka.tools.AclCommand", &[&common[..], what].concat());
    // The authorizer follows the metadata log.
    std::thread::sleep(Duration::from_millis(500));
}

/// The grants that docs/delivery.md lists.
fn grant_all(broker: &Broker, name: &str) {
    let prefixed = ["--resource-pattern-type", "prefixed"];
    let topics = [
        "--topic",
        name,
        "--operation",
        "Read",
        "--operation",
        "Write",
        "--operation",
        "Describe",
        "--operation",
        "Create",
    ];
    grant(broker, &[&topics[..], &prefixed].concat());
    grant(broker, &[&["--group", name, "--operation", "Read"][..], &prefixed].concat());
    let transactions = ["--transactional-id", name, "--operation", "Write", "--operation", "Describe"];
    grant(broker, &[&transactions[..], &prefixed].concat());
}

#[test]
fn tls_and_scram_need_only_properties() {
    let newswire = deployment("secured", "newswire", PASSWORD);
    grant_all(newswire.broker(), &newswire.name);
    newswire.sites.serve("http://paper.example/story", Page::html(Article::new(1).html()));
    newswire.submit(&["http://paper.example/story"]);
    let mut worker = newswire.start_worker();
    newswire.wait_until_idle(LIMIT);
    assert_eq!(titles(&newswire.events()), [Article::new(1).title()], "{}", worker.end_of_log());
    newswire.assert_audit_finds_all();
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
    assert!(!worker.end_of_log().contains(PASSWORD));
}

/// Each refusal ends the worker with what is refused; none is waited for in silence.
#[test]
fn what_the_brokers_refuse_ends_the_worker_by_name() {
    let newswire = deployment("refused", "newswire", PASSWORD);
    let (broker, name) = (newswire.broker(), newswire.name.clone());
    let prefixed = ["--resource-pattern-type", "prefixed"];
    let refused = |says: &str| {
        let mut worker = newswire.start_worker();
        let status = wait_for(&format!("the end over {says}"), LIMIT, || worker.ended());
        assert_eq!(status.code(), Some(1), "{}", worker.end_of_log());
        let said = worker.end_of_log();
        assert!(said.to_lowercase().contains("authorization"), "{said}");
        assert!(said.contains(says), "{says:?} is not in:\n{said}");
    };
    refused(&newswire.kafka_topic("articles"));
    let topics = [
        "--topic",
        &name,
        "--operation",
        "Read",
        "--operation",
        "Write",
        "--operation",
        "Describe",
        "--operation",
        "Create",
    ];
    grant(broker, &[&topics[..], &prefixed].concat());
    refused("group");
    grant(broker, &[&["--group", &name, "--operation", "Read"][..], &prefixed].concat());
    refused("ransactional");
    let transactions = ["--transactional-id", &name, "--operation", "Write", "--operation", "Describe"];
    grant(broker, &[&transactions[..], &prefixed].concat());
    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}

/// Not refused but waited for, since a password may be changed on the brokers' side too; but the log says what it waits for.
#[test]
fn a_wrong_password_is_said() {
    let newswire = deployment("password", "newswire", "not-that-one");
    let mut worker = newswire.start_worker();
    wait_for("the log to say so", LIMIT, || {
        worker.end_of_log().contains("uthentication failed").then_some(())
    });
    assert!(!worker.end_of_log().contains("not-that-one"));
    assert_eq!(worker.stop(), 0, "{}", worker.end_of_log());
}
