//! A real Apache Kafka broker: a KRaft node on free ports in a scratch folder.
//!
//! ```text
//! jars (Maven, once) -> server.properties -> format the storage -> start -> wait until it answers
//! ```

use super::kafka_jars::{kafka_jars, require};
use super::leash::Leashed;
use super::wait_for;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

/// The broker was seen to answer 3 s after its start; a machine under full load takes several times that.
const START_LIMIT: Duration = Duration::from_secs(90);
/// Any 16 bytes in base64. The broker only compares it with what its storage was formatted with.
const CLUSTER_ID: &str = "bmV3c3dpcmUtdGVzdHMtMQ";

pub struct Broker {
    plan: Plan,
    process: Mutex<Option<Leashed>>,
    // Dropped last: the folder is removed when the process is gone.
    scratch: tempfile::TempDir,
}

/// The one broker of a test binary. It ends with the binary, whatever ends that (see `leash`).
pub fn broker() -> &'static Broker {
    static SHARED: OnceLock<Broker> = OnceLock::new();
    SHARED.get_or_init(|| Broker::start(&[]))
}

/// A listener beside the plain one that the tests' own clients use.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Upper case: `WORKERS`.
    pub name: &'static str,
    /// `PLAINTEXT`, `SASL_SSL`.
    pub protocol: &'static str,
    pub port: u16,
    /// What clients are told to connect to: a proxy's port, or its own.
    pub advertised_port: u16,
}

/// One node: what becomes `server.properties`.
#[derive(Clone, Debug)]
pub struct Plan {
    pub id: u32,
    pub port: u16,
    /// The nodes that are controllers, and their ports for that. More than half of them have to run.
    pub controllers: Vec<(u32, u16)>,
    pub listeners: Vec<Listener>,
    /// More lines; later ones win over the helper's.
    pub properties: Vec<(String, String)>,
    /// More arguments for the tool that formats the storage.
    pub format: Vec<String>,
    /// For measurements: Java's second compiler and 1 GB of memory. It starts slower and then runs as brokers do.
    pub is_measured: bool,
}

impl Plan {
    pub fn new() -> Plan {
        let [port, controller_port] = free_ports();
        let (listeners, properties, format) = (vec![], vec![], vec![]);
        let controllers = vec![(1, controller_port)];
        Plan { id: 1, port, controllers, listeners, properties, format, is_measured: false }
    }

    /// The nodes with these ids are controllers beside this one.
    pub fn and_controllers(mut self, ids: impl IntoIterator<Item = u32>) -> Plan {
        self.controllers.extend(ids.into_iter().map(|id| (id, free_ports::<1>()[0])));
        self
    }

    /// Another broker under the controllers of this one.
    pub fn another(&self, id: u32) -> Plan {
        Plan { id, port: free_ports::<1>()[0], listeners: vec![], ..self.clone() }
    }

    pub fn set(mut self, key: &str, value: &str) -> Plan {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Broker {
    /// A broker of its own, with more lines for `server.properties`; later lines win over the helper's.
    pub fn start(more_properties: &[(&str, &str)]) -> Broker {
        Broker::planned(more_properties.iter().fold(Plan::new(), |plan, (key, value)| plan.set(key, value)))
    }

    /// One of its own for a benchmark, with the memory and the compilers of one in use. It stays until the process ends.
    pub fn measured() -> &'static Broker {
        Box::leak(Box::new(Broker::planned(Plan { is_measured: true, ..Plan::new() })))
    }

    pub fn planned(plan: Plan) -> Broker {
        Broker::planned_in(plan, |_| {})
    }

    /// `prepare` may put files into the node's scratch folder, which is its working folder.
    pub fn planned_in(plan: Plan, prepare: impl FnOnce(&Path)) -> Broker {
        require("java", "-version", "a JDK");
        let scratch = tempfile::Builder::new()
            .prefix("newswire-kafka-")
            .tempdir()
            .expect("cannot create a scratch folder");
        prepare(scratch.path());
        std::fs::write(scratch.path().join("server.properties"), server_properties(&plan, scratch.path()))
            .expect("cannot write server.properties");
        let broker = Broker { plan, process: Mutex::new(None), scratch };
        broker.format_storage();
        broker.restart();
        broker
    }

    pub fn bootstrap(&self) -> String {
        self.plan.bootstrap()
    }

    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The process that runs now.
    pub fn process_id(&self) -> u32 {
        self.process().as_ref().expect("the broker runs").id()
    }

    /// SIGKILL: what it had not written is lost, as on a machine that loses power while the disk lives.
    pub fn kill(&self) {
        if let Some(mut process) = self.process().take() {
            process.kill();
        }
    }

    /// Starts the broker again on the same ports and data, and returns when it answers.
    pub fn restart(&self) {
        self.kill();
        let log = self.log_file();
        let memory = if self.plan.is_measured { "-Xmx1g" } else { "-Xmx512m" };
        let mut command = self.java(memory, "kafka.Kafka");
        command.arg(self.properties_file()).stdout(log.try_clone().expect("a file handle")).stderr(log);
        let started = Leashed::start(&mut command, Some(self.scratch.path())).expect("cannot start java");
        *self.process() = Some(started);
        wait_for("the broker to answer", START_LIMIT, || {
            let ended = self.process().as_mut().and_then(Leashed::ended);
            assert!(ended.is_none(), "the broker ended while starting:\n{}", self.end_of_log());
            self.answers().then_some(())
        });
    }

    /// Freezes the process without closing its connections; `resume` lets it go on.
    pub fn freeze(&self) {
        self.process().as_ref().expect("the broker runs").signal("STOP");
    }

    pub fn resume(&self) {
        self.process().as_ref().expect("the broker runs").signal("CONT");
    }

    fn process(&self) -> MutexGuard<'_, Option<Leashed>> {
        // A test that failed while it held the lock must not fail the tests after it.
        self.process.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn answers(&self) -> bool {
        let consumer: Result<BaseConsumer, _> =
            ClientConfig::new().set("bootstrap.servers", self.bootstrap()).set("log_level", "0").create();
        let metadata = consumer.and_then(|c| c.fetch_metadata(None, Duration::from_secs(1)));
        metadata.is_ok_and(|m| !m.brokers().is_empty())
    }

    fn format_storage(&self) {
        let output = self
            .java("-Xmx256m", "kafka.tools.StorageTool")
            .args(["format", "-t", CLUSTER_ID, "-c"])
            .arg(self.properties_file())
            .args(&self.plan.format)
            .output()
            .expect("cannot start java");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cannot format the broker's storage:\n{said}");
    }

    /// One of Kafka's own tools; gives what it said.
    pub fn tool(&self, main_class: &str, arguments: &[&str]) -> String {
        let output = self.java("-Xmx256m", main_class).args(arguments).output().expect("cannot start java");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{main_class} {arguments:?}:\n{said}");
        said
    }

    fn java(&self, memory: &str, main_class: &str) -> Command {
        let mut command = Command::new("java");
        // The first compiler alone: a test is over before the second one pays (start 4.4 s instead of 5.7 s).
        let compilers = if self.plan.is_measured { "4" } else { "1" };
        command.args([memory, "-XX:+UseSerialGC", &format!("-XX:TieredStopAtLevel={compilers}")]);
        command.arg("-cp").arg(kafka_jars().join("*")).arg(main_class);
        command.current_dir(self.scratch.path()).stdin(Stdio::null());
        command
    }

    fn properties_file(&self) -> std::path::PathBuf {
        self.scratch.path().join("server.properties")
    }

    fn log_file(&self) -> File {
        let path = self.scratch.path().join("broker.log");
        File::options().create(true).append(true).open(path).expect("cannot open the broker's log")
    }

    fn end_of_log(&self) -> String {
        let log = std::fs::read_to_string(self.scratch.path().join("broker.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// Held together until both are known, so that they differ. Another process may take one before the broker
/// does; the start then fails and says so.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port on loopback"));
    listeners.map(|listener| listener.local_addr().expect("a bound port").port())
}

fn server_properties(plan: &Plan, scratch: &Path) -> String {
    let Plan { id, port, controllers, .. } = plan;
    let controller_port = controllers.iter().find(|(controller, _)| controller == id).map(|(_, port)| port);
    let voters: Vec<_> = controllers.iter().map(|(id, port)| format!("{id}@127.0.0.1:{port}")).collect();
    let more = |of: fn(&Listener) -> String| plan.listeners.iter().map(of).collect::<String>();
    let mut listeners = format!("PLAINTEXT://127.0.0.1:{port}");
    listeners += &more(|l| format!(",{}://127.0.0.1:{}", l.name, l.port));
    if let Some(controller_port) = controller_port {
        listeners += &format!(",CONTROLLER://127.0.0.1:{controller_port}");
    }
    let advertised = format!("PLAINTEXT://127.0.0.1:{port}")
        + &more(|l| format!(",{}://127.0.0.1:{}", l.name, l.advertised_port));
    let protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()
        + &more(|l| format!(",{}:{}", l.name, l.protocol));
    let roles = if controller_port.is_some() { "broker,controller" } else { "broker" };
    let own = format!(
        "process.roles={roles}
node.id={id}
controller.quorum.voters={}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
controller.listener.names=CONTROLLER
log.dirs={}
auto.create.topics.enable=false
# One node: nothing can be copied anywhere. Few partitions, because each costs files at the start.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.partition.verification.enable=true
# The open transaction of a killed worker ends this soon after its timeout (default 10 s), so that tests are quick.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# A killed broker may register again only when its old session is over (default 9 s).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
",
        voters.join(","),
        scratch.join("data").display()
    );
    plan.properties.iter().fold(own, |lines, (key, value)| lines + &format!("{key}={value}\n"))
}
