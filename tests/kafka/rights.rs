//! `newswire check` asks the brokers what is allowed, and names what is not; it writes nothing.

use crate::support::broker::Broker;
use crate::support::deployment::Deployment;
use crate::support::kafka_client::Isolation;
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::bindings as c;
use rdkafka::client::DefaultClientContext;
use std::ffi::CString;

/// Whoever nothing is said about may do everything, as on a broker without rules.
const WITH_RULES: [(&str, &str); 2] = [
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("allow.everyone.if.no.acl.found", "true"),
];

#[test]
fn what_the_brokers_refuse_is_named_and_nothing_is_written() {
    let broker: &'static Broker = Box::leak(Box::new(Broker::start(&WITH_RULES)));
    let newswire = Deployment::on(broker, "rights");
    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    assert_eq!(worker.stop(), 0);
    let (code, said) = newswire.check();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("rights ok"), "{said}");

    let (articles, group) = (newswire.kafka_topic("articles"), format!("{}-fetch", newswire.name));
    deny(broker, c::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, &articles, WRITE);
    deny(broker, c::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_GROUP, &group, READ);
    let (code, said) = newswire.check();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(&format!("let this client write to the Kafka topic {articles}")), "{said}");
    assert!(said.contains(&format!("let this client join the group {group}")), "{said}");
    for kafka_topic in ["articles", "rejects", "urls", "candidates"] {
        let records = broker.read_all(&newswire.kafka_topic(kafka_topic), Isolation::Uncommitted);
        assert!(records.is_empty(), "{kafka_topic}");
    }
    broker.kill();
}

const READ: c::rd_kafka_AclOperation_t = c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ;
const WRITE: c::rd_kafka_AclOperation_t = c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE;

/// One operation on one thing is refused to everybody; the others on it stay allowed.
fn deny(
    broker: &Broker,
    kind: c::rd_kafka_ResourceType_t,
    name: &str,
    operation: c::rd_kafka_AclOperation_t,
) {
    use c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_ALL as ALL;
    use c::rd_kafka_AclPermissionType_t::{
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW as ALLOW, RD_KAFKA_ACL_PERMISSION_TYPE_DENY as DENY,
    };
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().expect("a client");
    let client = admin.inner().native_ptr();
    let (name, who, anywhere) =
        (CString::new(name).unwrap(), CString::new("User:ANONYMOUS").unwrap(), CString::new("*").unwrap());
    for (operation, permission) in [(ALL, ALLOW), (operation, DENY)] {
        // SAFETY: the client and the strings outlive the call; what is made here is destroyed once.
        unsafe {
            let mut problem = [0; 512];
            let binding = c::rd_kafka_AclBinding_new(
                kind,
                name.as_ptr(),
                c::rd_kafka_ResourcePatternType_t::RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                who.as_ptr(),
                anywhere.as_ptr(),
                operation,
                permission,
                problem.as_mut_ptr(),
                problem.len(),
            );
            assert!(!binding.is_null());
            let queue = c::rd_kafka_queue_new(client);
            c::rd_kafka_CreateAcls(client, [binding].as_mut_ptr(), 1, std::ptr::null(), queue);
            let event = c::rd_kafka_queue_poll(queue, 20_000);
            assert!(!event.is_null(), "the broker answers");
            assert_eq!(c::rd_kafka_event_error(event), c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
            c::rd_kafka_event_destroy(event);
            c::rd_kafka_AclBinding_destroy(binding);
            c::rd_kafka_queue_destroy(queue);
        }
    }
}
