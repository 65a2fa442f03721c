//! Where groups stand and where partitions end, asked of the brokers in one request each.
//!
//! rdkafka has neither call for a group that one is not a member of, so both go over the C interface.

use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

/// Offsets by Kafka topic and partition.
pub type Offsets = HashMap<(String, i32), i64>;

/// The offsets that `group` has committed, of all its Kafka topics; those never committed are missing.
///
/// `client` has to be a consumer with a group id of its own, whatever that is: when the brokers answer that the group is
/// led elsewhere (as one does that has just started), librdkafka 2.12 looks for the coordinator of the client's own
/// group without asking whether it has one, and the process ends with SIGSEGV (confluentinc/librdkafka#5040).
pub fn committed<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    group: &str,
    timeout: Duration,
) -> Result<Offsets, String> {
    let client = client.client().native_ptr();
    let name = CString::new(group).map_err(|e| e.to_string())?;
    // SAFETY: the client outlives the call; every object made here is destroyed once, after its last use, and every
    // pointer that librdkafka gives is checked before it is read.
    unsafe {
        let request = c::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), ptr::null());
        let mut requests = [request];
        let event = ask(client, timeout, |queue| {
            c::rd_kafka_ListConsumerGroupOffsets(client, requests.as_mut_ptr(), 1, ptr::null(), queue);
        });
        c::rd_kafka_ListConsumerGroupOffsets_destroy(request);
        let event = event?;
        let result = c::rd_kafka_event_ListConsumerGroupOffsets_result(event.0);
        if result.is_null() {
            return Err("the brokers' answer has no group".into());
        }
        let mut count = 0;
        let groups = c::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &mut count);
        if groups.is_null() || count != 1 {
            return Err("the brokers' answer has no group".into());
        }
        let group = *groups;
        let error = c::rd_kafka_group_result_error(group);
        if !error.is_null() {
            return Err(text(c::rd_kafka_error_string(error)));
        }
        let list = c::rd_kafka_group_result_partitions(group);
        if list.is_null() || (*list).elems.is_null() {
            return Ok(Offsets::new());
        }
        let elements = std::slice::from_raw_parts((*list).elems, usize::try_from((*list).cnt).unwrap_or(0));
        let known = elements.iter().filter(|element| element.offset >= 0);
        Ok(known.map(|element| ((text(element.topic), element.partition), element.offset)).collect())
    }
}

/// `Offset::Beginning` or `Offset::End` of these partitions; those that nobody leads now are missing.
pub fn ends<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    partitions: &[(String, i32)],
    which: Offset,
    timeout: Duration,
) -> Result<Offsets, String> {
    let client = client.client().native_ptr();
    let mut list = TopicPartitionList::new();
    for (topic, partition) in partitions {
        list.add_partition_offset(topic, *partition, which).map_err(|e| e.to_string())?;
    }
    // SAFETY: as above; the list outlives the call.
    unsafe {
        let event = ask(client, timeout, |queue| {
            c::rd_kafka_ListOffsets(client, list.ptr(), ptr::null(), queue);
        })?;
        let result = c::rd_kafka_event_ListOffsets_result(event.0);
        if result.is_null() {
            return Err("the brokers' answer has no offsets".into());
        }
        let mut count = 0;
        let infos = c::rd_kafka_ListOffsets_result_infos(result, &mut count);
        if infos.is_null() {
            return Ok(Offsets::new());
        }
        let infos = std::slice::from_raw_parts(infos, count);
        let elements = infos.iter().map(|info| c::rd_kafka_ListOffsetsResultInfo_topic_partition(*info));
        let known = elements.filter(|element| {
            !element.is_null()
                && (**element).err == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
                && (**element).offset >= 0
        });
        Ok(known.map(|element| ((text((*element).topic), (*element).partition), (*element).offset)).collect())
    }
}

/// A queue's event, destroyed with this.
pub(super) struct Event(pub *mut c::rd_kafka_event_t);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: what librdkafka gave, not null, destroyed once.
        unsafe { c::rd_kafka_event_destroy(self.0) }
    }
}

/// Makes a request and waits for its one answer.
///
/// # Safety
/// `client` is alive.
pub(super) unsafe fn ask(
    client: *mut c::rd_kafka_t,
    timeout: Duration,
    request: impl FnOnce(*mut c::rd_kafka_queue_t),
) -> Result<Event, String> {
    // SAFETY: the queue is destroyed after its last use; librdkafka keeps it alive for answers that come later.
    unsafe {
        let queue = c::rd_kafka_queue_new(client);
        request(queue);
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let event = c::rd_kafka_queue_poll(queue, timeout);
        c::rd_kafka_queue_destroy(queue);
        if event.is_null() {
            return Err("the brokers do not answer".into());
        }
        let event = Event(event);
        match c::rd_kafka_event_error(event.0) {
            c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(event),
            _ => Err(text(c::rd_kafka_event_error_string(event.0))),
        }
    }
}

/// # Safety
/// `pointer` is null or a C string.
pub(super) unsafe fn text(pointer: *const std::ffi::c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, and a C string by the caller's word.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KafkaSettings;
    use crate::worker::clients;
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    /// A broker that has just come back answers so until it has read the group's past. It cannot be had from a real one
    /// on demand, so librdkafka's own stand-in gives the answer; what is tested is librdkafka's reading of it.
    #[test]
    fn a_group_that_is_led_elsewhere_is_an_error_and_not_the_end_of_the_process() {
        let cluster = MockCluster::new(1).expect("a stand-in for a broker");
        let settings = KafkaSettings { brokers: cluster.bootstrap_servers(), ..KafkaSettings::default() };
        let client = clients::onlooker(&settings).expect("a client");
        let not_here = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
        cluster.request_errors(RDKafkaApiKey::OffsetFetch, &[not_here]);
        let ask = || committed(&client, "newswire-route", Duration::from_secs(20));
        let refused = ask().expect_err("the group is led elsewhere");
        assert!(refused.contains("coordinator"), "{refused}");
        assert_eq!(ask(), Ok(Offsets::new()));
    }
}
