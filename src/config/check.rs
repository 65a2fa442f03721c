//! What a type cannot say: ranges, spellings and settings that need each other. Problems come by key.

use super::Config;
use super::kafka::{REFUSED_PROPERTIES, REFUSED_PROPERTY_PREFIX};
use std::net::IpAddr;
use tracing_subscriber::EnvFilter;
use url::Url;

/// (dotted key, what is wrong).
type Problems = Vec<(String, String)>;

/// librdkafka properties that have a key of their own here.
const OWN_KEYS: [(&str, &str); 3] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("group.id", "kafka.group_prefix"),
];

/// What is wrong with a config, whatever it is used for.
pub fn check(config: &Config) -> Problems {
    let mut problems = Vec::new();
    check_kafka(config, &mut problems);
    check_fetch(config, &mut problems);
    check_rest(config, &mut problems);
    problems
}

/// What `newswire run` needs besides.
pub fn check_for_run(config: &Config) -> Problems {
    let mut problems = Vec::new();
    let agent = &config.fetch.user_agent;
    let has_contact = agent.contains('@') || agent.contains("http://") || agent.contains("https://");
    let contact =
        "must name a contact, e.g. \"MyNews/1.0 (+https://news.example/bot)\", so that a site can reach you";
    require(has_contact, "fetch.user_agent", contact, &mut problems);
    problems
}

fn require(holds: bool, key: &str, message: &str, problems: &mut Problems) {
    if !holds {
        problems.push((key.to_owned(), message.to_owned()));
    }
}

fn check_kafka(config: &Config, problems: &mut Problems) {
    let kafka = &config.kafka;
    require(!kafka.brokers.trim().is_empty(), "kafka.brokers", "must name a broker, host:port", problems);
    require(kafka.partitions >= 1, "kafka.partitions", "must be at least 1", problems);
    let replication_fits = kafka.replication == -1 || kafka.replication >= 1;
    require(
        replication_fits,
        "kafka.replication",
        "must be at least 1, or -1 for the broker's default",
        problems,
    );
    for (key, name) in [
        ("kafka.topics.urls", &kafka.topics.urls),
        ("kafka.topics.articles", &kafka.topics.articles),
        ("kafka.topics.rejects", &kafka.topics.rejects),
        ("kafka.topics.internal_prefix", &kafka.topics.internal_prefix),
        ("kafka.group_prefix", &kafka.group_prefix),
    ] {
        require(is_kafka_name(name), key, "must be 1 to 200 of a-z, A-Z, 0-9, '.', '_' and '-'", problems);
    }
    let slot = &config.publish.slot;
    let slot_fits = slot.is_empty() || is_kafka_name(slot);
    require(slot_fits, "publish.slot", "must be up to 200 of a-z, A-Z, 0-9, '.', '_' and '-'", problems);
    for name in kafka.properties.keys() {
        if let Some(message) = refusal(name) {
            problems.push((format!("kafka.properties.{name}"), message));
        }
    }
}

/// Kafka takes 249 characters; the internal names add to the prefix.
fn is_kafka_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=200).contains(&name.len()) && name.chars().all(fits)
}

fn refusal(property: &str) -> Option<String> {
    if let Some((_, key)) = OWN_KEYS.iter().find(|(name, _)| *name == property) {
        return Some(format!("is set by {key}"));
    }
    let refused = REFUSED_PROPERTIES.contains(&property) || property.starts_with(REFUSED_PROPERTY_PREFIX);
    refused.then(|| "is newswire's own to set, because exactly-once rests on it".to_owned())
}

fn check_fetch(config: &Config, problems: &mut Problems) {
    let fetch = &config.fetch;
    let permitted = fetch.robots || fetch.i_have_permission;
    require(permitted, "fetch.robots", "false needs i_have_permission = true beside it", problems);
    let sendable = fetch.user_agent.bytes().all(|b| (b' '..0x7f).contains(&b));
    require(sendable, "fetch.user_agent", "must be printable ASCII, because it is an HTTP header", problems);
    if let Some(proxy) = &fetch.proxy {
        let good = Url::parse(proxy).is_ok_and(|url| url.scheme() == "http" && url.has_host());
        require(good, "fetch.proxy", "must be http://host:port", problems);
    }
    for (key, value) in [
        ("fetch.concurrency", fetch.concurrency as u64),
        ("fetch.max_attempts", u64::from(fetch.max_attempts)),
        ("fetch.max_hosts_per_site", fetch.max_hosts_per_site as u64),
        ("fetch.max_wire_bytes", fetch.max_wire_bytes),
        ("fetch.max_decoded_bytes", fetch.max_decoded_bytes),
        ("publish.commit_count", config.publish.commit_count as u64),
    ] {
        require(value >= 1, key, "must be at least 1", problems);
    }
    for (key, duration) in [
        ("fetch.connect_timeout", fetch.connect_timeout),
        ("fetch.read_timeout", fetch.read_timeout),
        ("fetch.timeout", fetch.timeout),
        ("fetch.backoff", fetch.backoff),
        ("publish.commit_every", config.publish.commit_every),
        ("memory.retention", config.memory.retention),
    ] {
        require(!duration.is_zero(), key, "must be longer than 0s", problems);
    }
    for network in fetch.allow_networks.iter().filter(|network| !is_network(network)) {
        let message = format!("{network:?} is not a CIDR range such as \"10.1.0.0/16\"");
        problems.push(("fetch.allow_networks".into(), message));
    }
}

fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return text.parse::<IpAddr>().is_ok() };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

fn check_rest(config: &Config, problems: &mut Problems) {
    let in_range = (0.0..=1.0).contains(&config.topics.threshold);
    require(in_range, "topics.threshold", "must be from 0 to 1", problems);
    if let Err(error) = EnvFilter::builder().parse(&config.telemetry.log_level) {
        problems.push(("telemetry.log_level".into(), error.to_string()));
    }
    let endpoint = &config.telemetry.otlp_endpoint;
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_good = endpoint.is_empty() || Url::parse(endpoint).is_ok_and(|url| is_http(&url));
    require(is_good, "telemetry.otlp_endpoint", "must be http://host:port, or empty", problems);
}
