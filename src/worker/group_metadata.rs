//! The group metadata for `send_offsets_to_transaction`, looked at before it is used (EXACTLY_ONCE rule 6).
//!
//! rdkafka's own type hides the generation and the member id, and the broker lets metadata with neither through
//! unfenced. So the object is read over the C interface once, judged, and that same object is sent.

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::ffi::CStr;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A call that keeps to its timeout is back within this, on a busy machine too.
const GRACE: Duration = Duration::from_secs(1);

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

// SAFETY: a copy of a generation and some strings, tied to no thread and no client.
unsafe impl Send for Metadata {}

impl Drop for Metadata {
    fn drop(&mut self) {
        // SAFETY: the pointer is what librdkafka gave, not null, and destroyed once.
        unsafe { c::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

/// Commits the offsets without a transaction, and waits for it. `consumer` must be a living client.
pub fn commit_offsets(consumer: *mut c::rd_kafka_t, offsets: &TopicPartitionList) -> Result<(), String> {
    // SAFETY: the client lives, says the caller, and the list outlives the call.
    let answer = unsafe { c::rd_kafka_commit(consumer, offsets.ptr(), 0) };
    match answer {
        c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        refused => Err(RDKafkaErrorCode::from(refused).to_string()),
    }
}

/// Adds the offsets to the producer's open transaction, if the consumer is a member in good standing. To be called on
/// the thread that polls the consumer, with nothing kept from before the last poll. `consumer` must be a living client.
///
/// librdkafka 2.12 knows no timeout while it looks for the group's coordinator, and where that broker has left the
/// cluster's metadata, as one does that is fenced, it may look for ever (confluentinc/librdkafka#5456, #5511). So the
/// call is made on a thread that can be left behind: the producer lives as long as that, and is never asked to commit
/// what it may have sent.
pub fn send_offsets<C: ProducerContext + 'static>(
    producer: &Arc<BaseProducer<C>>,
    consumer: *mut c::rd_kafka_t,
    offsets: &TopicPartitionList,
    timeout: Duration,
) -> SendOffsets {
    let metadata = match in_good_standing(consumer) {
        Ok(metadata) => metadata,
        Err(why) => return SendOffsets::NotAMember(why.to_owned()),
    };
    let (producer, offsets) = (producer.clone(), offsets.clone());
    let (sender, answer) = mpsc::channel();
    let call = move || {
        // Nobody listens to an answer that comes too late.
        let _ = sender.send(send(&producer, &metadata, &offsets, timeout));
    };
    if let Err(e) = std::thread::Builder::new().name("send-offsets".into()).spawn(call) {
        return SendOffsets::Fatal(format!("cannot start a thread: {e}"));
    }
    let late = |_| SendOffsets::Fatal("librdkafka does not come back from sending the offsets".to_owned());
    answer.recv_timeout(timeout + GRACE).unwrap_or_else(late)
}

/// The group metadata as it is now, if it will be checked by the coordinator and can pass.
fn in_good_standing(consumer: *mut c::rd_kafka_t) -> Result<Metadata, &'static str> {
    // SAFETY: the caller's client outlives this call; every pointer is checked before it is read.
    unsafe {
        if c::rd_kafka_assignment_lost(consumer) == 1 {
            return Err("the assignment is lost");
        }
        let metadata = c::rd_kafka_consumer_group_metadata(consumer);
        if metadata.is_null() {
            return Err("there is no group metadata");
        }
        let metadata = Metadata(metadata);
        let generation = c::rd_kafka_consumer_group_metadata_generation_id(metadata.0);
        let member = c::rd_kafka_consumer_group_metadata_member_id(metadata.0);
        if generation <= 0 || member.is_null() || CStr::from_ptr(member).is_empty() {
            return Err("the group metadata has no generation or no member id");
        }
        Ok(metadata)
    }
}

fn send<C: ProducerContext>(
    producer: &BaseProducer<C>,
    metadata: &Metadata,
    offsets: &TopicPartitionList,
    timeout: Duration,
) -> SendOffsets {
    let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let producer = producer.client().native_ptr();
    // SAFETY: the producer, the metadata and the list outlive the call.
    unsafe { judged(c::rd_kafka_send_offsets_to_transaction(producer, offsets.ptr(), metadata.0, timeout)) }
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
