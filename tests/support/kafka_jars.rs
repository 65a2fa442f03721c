//! Apache Kafka's jars, fetched by Maven once and kept beside the build.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Transactions need 3.7 or later (EXACTLY_ONCE, settings); this is the version the rules were tried on.
pub const KAFKA_VERSION: &str = "4.1.0";

/// The folder with the jars: `NEWSWIRE_KAFKA_JARS` where set, else `target/tmp/kafka-4.1.0`, filled when missing.
pub fn kafka_jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| match std::env::var_os("NEWSWIRE_KAFKA_JARS") {
        Some(folder) => checked(PathBuf::from(folder)),
        None => cached(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{KAFKA_VERSION}"))),
    })
}

/// Stops with what to install where `program` cannot be run.
pub fn require(program: &str, argument: &str, what: &str) {
    let runs = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        runs,
        "the Kafka tests need {what}: `{program} {argument}` does not run here. `tests/run` installs it on \
         Debian; elsewhere install a JDK (17 or later) and Maven"
    );
}

fn checked(folder: PathBuf) -> PathBuf {
    let wanted = folder.join(format!("kafka_2.13-{KAFKA_VERSION}.jar"));
    assert!(wanted.is_file(), "NEWSWIRE_KAFKA_JARS={} has no {wanted:?}", folder.display());
    folder
}

/// Two test binaries may come here at once: each fills a folder of its own, and the rename decides.
fn cached(folder: PathBuf) -> PathBuf {
    if folder.is_dir() {
        return folder;
    }
    let beside = folder.parent().expect("the cache folder has a parent");
    std::fs::create_dir_all(beside).expect("cannot create the folder of the cache");
    let filling = tempfile::tempdir_in(beside).expect("cannot create a folder for the jars");
    copy_by_maven(filling.path());
    let full = filling.keep();
    if let Err(error) = std::fs::rename(&full, &folder) {
        let _ = std::fs::remove_dir_all(&full);
        assert!(folder.is_dir(), "cannot move the jars to {}: {error}", folder.display());
    }
    folder
}

fn copy_by_maven(into: &Path) {
    require("mvn", "--version", "Maven");
    let project = tempfile::tempdir().expect("cannot create a folder for the Maven project");
    let pom = project.path().join("pom.xml");
    std::fs::write(&pom, project_file()).expect("cannot write pom.xml");
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", into.display()))
        .stdin(Stdio::null())
        .output()
        .expect("cannot run mvn");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "Maven could not get Apache Kafka {KAFKA_VERSION}:\n{said}");
}

/// A project that is nothing but its dependencies: the broker, and the tool that formats its storage.
fn project_file() -> String {
    let dependency = |artifact: &str| {
        format!(
            "<dependency><groupId>org.apache.kafka</groupId><artifactId>{artifact}</artifactId>\
             <version>{KAFKA_VERSION}</version></dependency>"
        )
    };
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>newswire</groupId><artifactId>test-broker</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>{}{}</dependencies></project>",
        dependency("kafka_2.13"),
        dependency("kafka-tools")
    )
}
