//! librdkafka clients for each role, with the settings that `EXACTLY_ONCE.md` found.

use crate::config::KafkaSettings;
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

/// What every client needs; the operator's properties first, so that the guarantees' own win.
pub fn plain(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("client.id", "newswire");
    for (key, value) in &settings.properties {
        config.set(key, value);
    }
    config.set("bootstrap.servers", &settings.brokers);
    config
}

pub fn admin(settings: &KafkaSettings) -> KafkaResult<AdminClient<DefaultClientContext>> {
    plain(settings).create()
}

/// A member of a stage's group. Offsets are committed by the stage, never by the client.
pub fn member(settings: &KafkaSettings, stage: &str) -> ClientConfig {
    let mut config = plain(settings);
    config.set("group.id", format!("{}{stage}", settings.group_prefix));
    config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "earliest").set("isolation.level", "read_committed");
    let is_next_generation = settings.properties.get("group.protocol").is_some_and(|p| p == "consumer");
    if !is_next_generation {
        config.set("partition.assignment.strategy", "cooperative-sticky");
        default(&mut config, settings, "session.timeout.ms", "10000");
        default(&mut config, settings, "heartbeat.interval.ms", "1000");
    }
    default(&mut config, settings, "max.poll.interval.ms", "60000");
    // The last commit of a revoked partition is waited for, and librdkafka's 60 s would outlast a drain. Requests of the
    // group's protocol have longer deadlines of their own.
    default(&mut config, settings, "socket.timeout.ms", "10000");
    // An unstable offset is asked for again and again while a dead owner's transaction is open.
    default(&mut config, settings, "retry.backoff.ms", "10");
    default(&mut config, settings, "retry.backoff.max.ms", "200");
    // Bounds memory: candidates are some 10 kB each.
    default(&mut config, settings, "queued.max.messages.kbytes", "16384");
    default(&mut config, settings, "fetch.queue.backoff.ms", FETCH_AGAIN_MS);
    default(&mut config, settings, "topic.metadata.refresh.interval.ms", LOOK_AGAIN_MS);
    config
}

/// A partition that had no leader when the client looked, as in the moments after its Kafka topic was made, is not read
/// until the client looks again; librdkafka's 5 minutes are long for a partition that stands still.
const LOOK_AGAIN_MS: &str = "10000";

/// A partition that met a full queue is fetched again so much later. librdkafka's 1 s is longer than a full queue lasts:
/// the publish stage stood still for most of it (docs/delivery.md, Measured).
const FETCH_AGAIN_MS: &str = "20";

/// Reads a group's committed offsets without being a member of it.
pub fn offset_reader(
    settings: &KafkaSettings,
    stage: &str,
    isolation: &str,
) -> KafkaResult<BaseConsumer<Reader>> {
    reader(settings, stage, isolation).create_with_context(Reader)
}

/// Asks after other groups' offsets. A consumer, and with a group id, though it joins no group: `offsets::committed`
/// tells why.
pub fn onlooker(settings: &KafkaSettings) -> KafkaResult<BaseConsumer<Reader>> {
    offset_reader(settings, "lag", "read_uncommitted")
}

/// A client that looks for the brokers and remembers why it does not find them: a call that fails says only that nobody
/// answered, and what librdkafka has to say of a password or a certificate comes when the client is polled.
pub fn inquirer(settings: &KafkaSettings) -> KafkaResult<BaseConsumer<Inquirer>> {
    plain(settings).create_with_context(Inquirer::default())
}

/// The callbacks of an `inquirer`.
#[derive(Default)]
pub struct Inquirer {
    /// The last connection that failed.
    failed: Mutex<Option<String>>,
}

impl Inquirer {
    /// Why the brokers were not found, as far as librdkafka has said so since the last time.
    pub fn reason(client: &BaseConsumer<Inquirer>) -> Option<String> {
        // Nothing is subscribed to: a poll only hands over what was said.
        while client.poll(Duration::ZERO).is_some() {}
        client.context().failed.lock().ok()?.take()
    }
}

impl ClientContext for Inquirer {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // [thrd:sasl_ssl://host:9092/bootstrap]: the rest
        let said = message.split_once("]: ").map_or(message, |(_, said)| said);
        match (facility, self.failed.lock()) {
            ("FAIL", Ok(mut failed)) => *failed = Some(said.to_owned()),
            _ => tracing::debug!(?level, facility, said, "inquirer_says"),
        }
    }
}

impl ConsumerContext for Inquirer {}

/// The callbacks of a client that only reads offsets or a table: the end of a partition is no error to it.
pub struct Reader;

impl ClientContext for Reader {
    fn error(&self, error: KafkaError, reason: &str) {
        if !matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
            tracing::debug!(error = %error, reason, "reader_error");
        }
    }
}

impl ConsumerContext for Reader {}

/// A reader that closes on a thread of its own when it is dropped: that takes 100 to 200 ms (rdkafka waits 100 for each
/// event), and a partition taken over is not to wait for it.
pub struct Aside(Option<BaseConsumer<Reader>>);

impl From<BaseConsumer<Reader>> for Aside {
    fn from(reader: BaseConsumer<Reader>) -> Aside {
        Aside(Some(reader))
    }
}

impl Deref for Aside {
    type Target = BaseConsumer<Reader>;

    fn deref(&self) -> &BaseConsumer<Reader> {
        self.0.as_ref().expect("it is taken only when it is dropped")
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let reader = self.0.take();
        // Without a thread it is closed here and now.
        let _ = std::thread::Builder::new().name("close-reader".into()).spawn(move || drop(reader));
    }
}

/// For a table's reader that asks for no stage's offsets: librdkafka wants a group id even of a consumer that only
/// assigns. Nothing is ever committed under it.
pub const NO_STAGE: &str = "restore";

/// Reads one partition of a table from its beginning to its end, and before that what a group has committed: one client
/// finds its brokers once. It only assigns, so it is no member of the group.
pub fn table_reader(
    settings: &KafkaSettings,
    stage: &str,
    isolation: &str,
) -> KafkaResult<BaseConsumer<Reader>> {
    let mut config = reader(settings, stage, isolation);
    config.set("enable.auto.offset.store", "false").set("enable.partition.eof", "true");
    config.set("fetch.wait.max.ms", "50").set("auto.offset.reset", "earliest");
    config.create_with_context(Reader)
}

fn reader(settings: &KafkaSettings, stage: &str, isolation: &str) -> ClientConfig {
    let mut config = plain(settings);
    config.set("group.id", format!("{}{stage}", settings.group_prefix));
    config.set("enable.auto.commit", "false").set("isolation.level", isolation);
    config.set("retry.backoff.ms", "10").set("retry.backoff.max.ms", "200");
    config.set("fetch.queue.backoff.ms", FETCH_AGAIN_MS);
    config
}

/// The producer of the at-least-once stages: idempotent, and patient while the broker is away.
pub fn producer(settings: &KafkaSettings) -> ClientConfig {
    let mut config = plain(settings);
    config.set("enable.idempotence", "true").set("acks", "all").set("message.timeout.ms", "0");
    default(&mut config, settings, "compression.codec", "lz4");
    // Records on their way wait for company: a broker's work is by the request, and with 5 ms it was half of all the
    // processor that a page took (docs/ARCHITECTURE.md, Measured).
    default(&mut config, settings, "linger.ms", "100");
    config
}

/// The producer of the publish stage.
pub fn transactional(settings: &KafkaSettings, slot: &str) -> ClientConfig {
    let mut config = plain(settings);
    config.set("transactional.id", format!("{}publish-{slot}", settings.group_prefix));
    config.set("transaction.timeout.ms", "10000").set("enable.idempotence", "true");
    config.set("retry.backoff.ms", "10").set("retry.backoff.max.ms", "200");
    default(&mut config, settings, "compression.codec", "lz4");
    // Records wait for company; the end of a transaction waits for none (`Transactions::drain`).
    default(&mut config, settings, "linger.ms", "50");
    // The partition of a key as the Java clients compute it.
    default(&mut config, settings, "partitioner", "murmur2_random");
    default(&mut config, settings, "queue.buffering.max.kbytes", "65536");
    config
}

fn default(config: &mut ClientConfig, settings: &KafkaSettings, key: &str, value: &str) {
    if !settings.properties.contains_key(key) {
        config.set(key, value);
    }
}
