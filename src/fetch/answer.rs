//! The report of a job while it is fetched, and the answers made of it.

use super::Fetched;
use crate::record::{FetchReport, Job, Reason, Redirect};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What has been asked for one job so far.
pub(super) struct Asked<'a> {
    job: &'a Job,
    milliseconds: AtomicU64,
    status: AtomicU16,
    /// What tdmrep.json says of the URL asked last.
    reserved: Mutex<Option<bool>>,
}

impl<'a> Asked<'a> {
    pub fn new(job: &'a Job) -> Asked<'a> {
        Asked { job, milliseconds: AtomicU64::new(0), status: AtomicU16::new(0), reserved: Mutex::new(None) }
    }

    /// The time of requests, without the waits between them.
    pub fn took(&self, time: Duration) {
        self.milliseconds.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub fn duration_ms(&self) -> u64 {
        self.milliseconds.load(Ordering::Relaxed)
    }

    pub fn status(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub fn reserved_by_file(&self, reserved: Option<bool>) {
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = reserved;
    }

    pub fn is_reserved_by_file(&self) -> Option<bool> {
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn last_status(&self) -> u16 {
        self.status.load(Ordering::Relaxed)
    }

    pub fn report(&self, redirects: &[Redirect], status: u16) -> FetchReport {
        FetchReport {
            status,
            redirects: redirects.to_vec(),
            duration_ms: self.duration_ms(),
            attempts: self.job.attempts + 1,
            ..FetchReport::default()
        }
    }

    pub fn rejected(&self, reason: Reason, message: String) -> Fetched {
        rejected(reason, message, self.report(&self.job.redirects, 0))
    }
}

pub(super) fn rejected(reason: Reason, message: String, report: FetchReport) -> Fetched {
    Fetched::Rejected { reason, message, report }
}
