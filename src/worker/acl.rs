//! What the brokers let this client do, asked before the worker finds out the hard way. Nothing is written.
//!
//! Kafka topics and groups: the brokers say which operations are allowed. The transactional id: a producer is started
//! under an id of its own, which is all that a transaction needs besides.

use super::kafka_topics::KafkaTopicNames;
use super::offsets::{Event, ask, text};
use super::transaction::Transactions;
use super::{TIERS, clients};
use crate::config::KafkaSettings;
use rdkafka::bindings as c;
use rdkafka::bindings::rd_kafka_AclOperation_t as Operation;
use std::ffi::{CString, c_char};
use std::time::Duration;

const CALL: Duration = Duration::from_secs(10);

const READ: Operation = Operation::RD_KAFKA_ACL_OPERATION_READ;
const WRITE: Operation = Operation::RD_KAFKA_ACL_OPERATION_WRITE;

/// Everything that a worker needs and may not do, a line each. Blocking.
pub fn refused(settings: &KafkaSettings) -> Result<Vec<String>, String> {
    let names = KafkaTopicNames::new(settings);
    let admin = clients::admin(settings).map_err(|e| e.to_string())?;
    let client = admin.inner().native_ptr();
    let mut problems = Vec::new();
    let needed = needed(&names);
    for (topic, allowed) in allowed_on_topics(client, &needed)? {
        let wanted = needed.iter().filter(|(name, _)| *name == topic).flat_map(|(_, operations)| operations);
        for (operation, word) in wanted {
            if !allowed.contains(operation) {
                problems.push(format!("the brokers do not let this client {word} the Kafka topic {topic}"));
            }
        }
    }
    for (group, allowed) in allowed_on_groups(client, &groups(settings))? {
        if !allowed.contains(&READ) {
            problems.push(format!("the brokers do not let this client join the group {group}"));
        }
    }
    if let Err(e) = Transactions::start(settings, &format!("check-{}", std::process::id()), CALL) {
        let id = format!("{}publish-…", settings.group_prefix);
        problems.push(format!("the brokers do not let this client use the transactional id {id}: {e}"));
    }
    Ok(problems)
}

type Needs = Vec<(String, Vec<(Operation, &'static str)>)>;

/// What the stages do with each Kafka topic.
fn needed(names: &KafkaTopicNames) -> Needs {
    let (read, write) = ((READ, "read"), (WRITE, "write to"));
    let mut needed = vec![
        (names.urls.clone(), vec![read]),
        (names.articles.clone(), vec![write]),
        (names.rejects.clone(), vec![write]),
        (names.outcomes.clone(), vec![write]),
    ];
    let internal = [&names.fetch, &names.candidates, &names.pages, &names.seen];
    needed.extend(internal.into_iter().map(|name| (name.clone(), vec![read, write])));
    needed.extend(TIERS.iter().map(|tier| (names.delay(*tier), vec![read, write])));
    needed
}

fn groups(settings: &KafkaSettings) -> Vec<String> {
    let stages = ["route", "fetch", "publish"].map(str::to_owned);
    let tiers = TIERS.iter().map(|tier| format!("delay-{}", tier.name));
    stages.into_iter().chain(tiers).map(|stage| format!("{}{stage}", settings.group_prefix)).collect()
}

type Allowed = Vec<(String, Vec<Operation>)>;

/// Allowed operations by Kafka topic; those that do not exist are left out.
fn allowed_on_topics(client: *mut c::rd_kafka_t, needs: &Needs) -> Result<Allowed, String> {
    let (owned, mut pointers) = c_strings(needs.iter().map(|(name, _)| name))?;
    // SAFETY: the client is alive, the names outlive the call, what is made here is destroyed once after its last use,
    // and pointers that librdkafka gives are checked before they are read.
    let allowed = unsafe {
        let topics = c::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let event = ask_for_operations(
            client,
            c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            |options, queue| c::rd_kafka_DescribeTopics(client, topics, options, queue),
        );
        c::rd_kafka_TopicCollection_destroy(topics);
        let event = event?;
        let result = c::rd_kafka_event_DescribeTopics_result(event.0);
        if result.is_null() {
            return Err("the brokers' answer has no topics".into());
        }
        let mut count = 0;
        let topics = list(c::rd_kafka_DescribeTopics_result_topics(result, &mut count), count);
        let there = topics.iter().filter(|topic| {
            let error = c::rd_kafka_error_code(c::rd_kafka_TopicDescription_error(**topic));
            error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
        });
        there
            .map(|topic| {
                let mut count = 0;
                let operations = c::rd_kafka_TopicDescription_authorized_operations(*topic, &mut count);
                (text(c::rd_kafka_TopicDescription_name(*topic)), list(operations, count).to_vec())
            })
            .collect()
    };
    drop(owned);
    Ok(allowed)
}

fn allowed_on_groups(client: *mut c::rd_kafka_t, groups: &[String]) -> Result<Allowed, String> {
    let (owned, mut pointers) = c_strings(groups.iter())?;
    // SAFETY: as above.
    let allowed = unsafe {
        let event = ask_for_operations(
            client,
            c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            |options, queue| {
                c::rd_kafka_DescribeConsumerGroups(
                    client,
                    pointers.as_mut_ptr(),
                    pointers.len(),
                    options,
                    queue,
                );
            },
        )?;
        let result = c::rd_kafka_event_DescribeConsumerGroups_result(event.0);
        if result.is_null() {
            return Err("the brokers' answer has no groups".into());
        }
        let mut count = 0;
        let groups = list(c::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count), count);
        groups
            .iter()
            .map(|group| {
                let mut count = 0;
                let operations =
                    c::rd_kafka_ConsumerGroupDescription_authorized_operations(*group, &mut count);
                (
                    text(c::rd_kafka_ConsumerGroupDescription_group_id(*group)),
                    list(operations, count).to_vec(),
                )
            })
            .collect()
    };
    drop(owned);
    Ok(allowed)
}

/// # Safety
/// `client` is alive.
unsafe fn ask_for_operations(
    client: *mut c::rd_kafka_t,
    kind: c::rd_kafka_admin_op_t,
    request: impl FnOnce(*mut c::rd_kafka_AdminOptions_t, *mut c::rd_kafka_queue_t),
) -> Result<Event, String> {
    // SAFETY: the options are destroyed once, after the request that copies them.
    unsafe {
        let options = c::rd_kafka_AdminOptions_new(client, kind);
        let refused = c::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        if !refused.is_null() {
            c::rd_kafka_error_destroy(refused);
        }
        let event = ask(client, CALL, |queue| request(options, queue));
        c::rd_kafka_AdminOptions_destroy(options);
        event
    }
}

/// # Safety
/// `pointer` is null or points to `count` values that live as long as the result is used.
unsafe fn list<'a, T>(pointer: *const T, count: usize) -> &'a [T] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: not null, and `count` values by the caller's word.
    unsafe { std::slice::from_raw_parts(pointer, count) }
}

/// The strings, to be kept, and pointers into them.
fn c_strings<'a>(
    names: impl Iterator<Item = &'a String>,
) -> Result<(Vec<CString>, Vec<*const c_char>), String> {
    let owned: Result<Vec<CString>, _> = names.map(|name| CString::new(name.as_str())).collect();
    let owned = owned.map_err(|e| e.to_string())?;
    let pointers = owned.iter().map(|name| name.as_ptr()).collect();
    Ok((owned, pointers))
}
