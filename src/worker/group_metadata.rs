//! The group metadata for `send_offsets_to_transaction`, looked at before it is used (EXACTLY_ONCE rule 6).
//!
//! rdkafka's own type hides the generation and the member id, and the broker lets metadata with neither through
//! unfenced. So the object is read over the C interface once, judged, and that same object is sent.

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use std::ffi::CStr;
use std::time::Duration;

/// What `send_offsets` came to.
#[derive(Debug)]
pub enum SendOffsets {
    Sent,
    /// Not sent: no longer a member in good standing.
    NotAMember(String),
    /// The same call again may succeed.
    Retriable(String),
    RequiresAbort(String),
    Fatal(String),
}

struct Metadata(*mut c::rd_kafka_consumer_group_metadata_t);

impl Drop for Metadata {
    fn drop(&mut self) {
        // SAFETY: the pointer is what librdkafka gave, not null, and destroyed once.
        unsafe { c::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

/// Adds the offsets to the producer's open transaction, if the consumer is a member in good standing. To be called on
/// the thread that polls the consumer, with nothing kept from before the last poll. Both pointers must be of living
/// clients.
pub fn send_offsets(
    producer: *mut c::rd_kafka_t,
    consumer: *mut c::rd_kafka_t,
    offsets: &TopicPartitionList,
    timeout: Duration,
) -> SendOffsets {
    let refuse = |why: &str| SendOffsets::NotAMember(why.to_owned());
    // SAFETY: the caller's clients outlive this call; every pointer is checked before it is read.
    unsafe {
        if c::rd_kafka_assignment_lost(consumer) == 1 {
            return refuse("the assignment is lost");
        }
        let metadata = c::rd_kafka_consumer_group_metadata(consumer);
        if metadata.is_null() {
            return refuse("there is no group metadata");
        }
        let metadata = Metadata(metadata);
        let generation = c::rd_kafka_consumer_group_metadata_generation_id(metadata.0);
        let member = c::rd_kafka_consumer_group_metadata_member_id(metadata.0);
        if generation <= 0 || member.is_null() || CStr::from_ptr(member).is_empty() {
            return refuse("the group metadata has no generation or no member id");
        }
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let error = c::rd_kafka_send_offsets_to_transaction(producer, offsets.ptr(), metadata.0, timeout);
        judged(error)
    }
}

/// # Safety
/// `error` is null or an error object that librdkafka gave, which is destroyed here.
unsafe fn judged(error: *mut c::rd_kafka_error_t) -> SendOffsets {
    if error.is_null() {
        return SendOffsets::Sent;
    }
    // SAFETY: not null, and destroyed after the last use.
    unsafe {
        let text = CStr::from_ptr(c::rd_kafka_error_string(error)).to_string_lossy().into_owned();
        let is = |flag: unsafe extern "C" fn(*const c::rd_kafka_error_t) -> i32| flag(error) == 1;
        let outcome = if is(c::rd_kafka_error_is_fatal) {
            SendOffsets::Fatal(text)
        } else if is(c::rd_kafka_error_txn_requires_abort) {
            SendOffsets::RequiresAbort(text)
        } else if is(c::rd_kafka_error_is_retriable) {
            SendOffsets::Retriable(text)
        } else {
            // None of these: the outcome is unknown, and the stage starts anew.
            SendOffsets::Fatal(text)
        };
        c::rd_kafka_error_destroy(error);
        outcome
    }
}
