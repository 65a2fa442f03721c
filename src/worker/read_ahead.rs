//! Candidates are read on a thread beside the one that publishes them: in order, and only a little ahead.
//!
//! Parsing, names and fingerprint need no memory and are a quarter of what a candidate costs (docs/delivery.md); they go
//! on while the publishing thread writes and commits.

use super::intake::Record;
use super::{Shared, StageError, crash_point};
use crate::pipeline::Identified;
use crate::record::{Candidate, Job, SiteCommand};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Records handed over at once, so that the threads wake each other seldom.
const PORTION: usize = 32;
/// Bytes with which a portion is full before that.
const PORTION_BYTES: usize = 256 << 10;
/// Portions under way at most: some 10 ms of work, while a commit takes 10 to 50.
const AHEAD: usize = 4;

/// A record and what it says. Its payload is gone where that is known.
pub struct Read {
    pub record: Record,
    pub content: Content,
    pub took: Duration,
}

pub enum Content {
    Candidate {
        job: Box<Job>,
        url: String,
        /// `None`: reading it panicked, which would come again with it, in every worker.
        identified: Option<Box<Identified>>,
    },
    Command(Box<SiteCommand>),
    /// Why nobody knows what it is.
    Unknown(String),
}

/// Records that go to the other thread together.
#[derive(Default)]
pub struct Portion {
    records: Vec<Record>,
    bytes: usize,
}

impl Portion {
    pub fn push(&mut self, record: Record) {
        self.bytes += record.payload.as_ref().map_or(0, Vec::len);
        self.records.push(record);
    }

    pub fn is_full(&self) -> bool {
        self.records.len() >= PORTION || self.bytes >= PORTION_BYTES
    }
}

/// The reading thread, which ends with this.
pub struct ReadAhead {
    given: mpsc::Sender<Vec<Record>>,
    read: mpsc::Receiver<Vec<Read>>,
    under_way: usize,
}

impl ReadAhead {
    pub fn start(shared: &Arc<Shared>) -> Result<ReadAhead, StageError> {
        let shared = shared.clone();
        ReadAhead::with(move |record| read_one(&shared, record))
    }

    fn with(read_one: impl Fn(Record) -> Read + Send + 'static) -> Result<ReadAhead, StageError> {
        let (given, to_read) = mpsc::channel::<Vec<Record>>();
        let (done, read) = mpsc::channel();
        let reading = move || {
            for records in to_read {
                let portion = records.into_iter().map(&read_one).collect();
                if done.send(portion).is_err() {
                    return;
                }
            }
        };
        match std::thread::Builder::new().name("publish-read".into()).spawn(reading) {
            Ok(_) => Ok(ReadAhead { given, read, under_way: 0 }),
            Err(e) => Err(StageError::Start(e.to_string())),
        }
    }

    pub fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// Hands a portion over. Gives the oldest one, waiting for it, where enough are under way or there is no more to
    /// hand over at present.
    pub fn exchange(&mut self, portion: Portion) -> Result<Vec<Read>, StageError> {
        let more_may_come = portion.is_full();
        if !portion.records.is_empty() {
            self.given.send(portion.records).map_err(|_| StageError::Thread)?;
            self.under_way += 1;
        }
        if self.is_idle() || (more_may_come && self.under_way < AHEAD) {
            return Ok(Vec::new());
        }
        self.under_way -= 1;
        self.read.recv().map_err(|_| StageError::Thread)
    }
}

fn read_one(shared: &Shared, mut record: Record) -> Read {
    let started = Instant::now();
    let payload = record.payload.take().unwrap_or_default();
    let content = match serde_json::from_slice::<Candidate>(&payload) {
        Ok(candidate) if candidate.v == Candidate::VERSION => identify(shared, candidate),
        unreadable => match SiteCommand::parse(&payload) {
            Some(command) => Content::Command(Box::new(command)),
            None => {
                record.payload = Some(payload);
                let why = unreadable.err().map(|e| e.to_string());
                Content::Unknown(why.unwrap_or_else(|| "a candidate of an unknown version".into()))
            }
        },
    };
    Read { record, content, took: started.elapsed() }
}

fn identify(shared: &Shared, candidate: Candidate) -> Content {
    let (job, url) = (Box::new(candidate.job.clone()), candidate.url.clone());
    let identified = catch_unwind(AssertUnwindSafe(|| {
        crash_point::pass("publish-identify");
        shared.pipeline.identify(candidate)
    }));
    Content::Candidate { job, url, identified: identified.ok().map(Box::new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, bytes: usize) -> Record {
        Record {
            serial: 1,
            topic: "candidates".into(),
            partition: 0,
            offset,
            timestamp: None,
            key: None,
            payload: Some(vec![0; bytes]),
            headers: Vec::new(),
        }
    }

    fn portion(offsets: std::ops::Range<i64>) -> Portion {
        let mut portion = Portion::default();
        offsets.for_each(|offset| portion.push(record(offset, 1)));
        portion
    }

    #[test]
    fn a_portion_is_full_by_records_or_by_bytes() {
        assert!(!portion(0..PORTION as i64 - 1).is_full() && portion(0..PORTION as i64).is_full());
        let mut large = Portion::default();
        large.push(record(0, PORTION_BYTES));
        assert!(large.is_full());
    }

    #[test]
    fn records_come_back_in_order_and_few_portions_are_ahead() {
        let read = |record| Read { record, content: Content::Unknown(String::new()), took: Duration::ZERO };
        let mut ahead = ReadAhead::with(read).expect("a thread");
        assert!(ahead.exchange(Portion::default()).expect("it runs").is_empty(), "nothing to wait for");
        let (size, mut back) = (PORTION as i64, Vec::new());
        for number in 0..10 {
            let given = portion(number * size..(number + 1) * size);
            let taken = ahead.exchange(given).expect("it runs");
            assert_eq!(taken.is_empty(), number < AHEAD as i64 - 1, "{number}");
            back.extend(taken);
        }
        back.extend(ahead.exchange(portion(10 * size..10 * size + 1)).expect("it runs"));
        while !ahead.is_idle() {
            back.extend(ahead.exchange(Portion::default()).expect("it runs"));
        }
        assert!(back.iter().map(|read| read.record.offset).eq(0..10 * size + 1));
    }
}
