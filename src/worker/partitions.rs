//! Which partitions each stage has, and which of them really deliver: what `/readyz` tells.

use crate::record::Stage;
use crate::telemetry::{self, Readiness};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// A stage is ready once it was given its share (which may be empty) and all of it delivers.
pub struct Partitions {
    readiness: Readiness,
    shares: Mutex<BTreeMap<&'static str, Share>>,
}

#[derive(Default)]
struct Share {
    delivering: BTreeSet<i32>,
    restoring: BTreeSet<i32>,
}

impl Partitions {
    pub fn new(readiness: Readiness, stages: &[Stage]) -> Partitions {
        stages.iter().for_each(|stage| readiness.waits(stage.as_str(), "waiting for partitions"));
        Partitions { readiness, shares: Mutex::default() }
    }

    pub fn restoring(&self, stage: Stage, partitions: &[i32]) {
        self.change(stage, |share| {
            share.delivering.retain(|partition| !partitions.contains(partition));
            share.restoring.extend(partitions);
        });
    }

    pub fn assigned(&self, stage: Stage, partitions: &[i32]) {
        self.change(stage, |share| {
            share.restoring.retain(|partition| !partitions.contains(partition));
            share.delivering.extend(partitions);
        });
    }

    pub fn revoked(&self, stage: Stage, partitions: &[i32]) {
        self.change(stage, |share| {
            share.restoring.retain(|partition| !partitions.contains(partition));
            share.delivering.retain(|partition| !partitions.contains(partition));
        });
    }

    /// Everything has to be taken over anew.
    pub fn restarting(&self, stage: Stage) {
        self.shares().remove(stage.as_str());
        self.readiness.waits(stage.as_str(), "starting anew after a fatal error");
    }

    fn change(&self, stage: Stage, change: impl FnOnce(&mut Share)) {
        let mut shares = self.shares();
        let share = shares.entry(stage.as_str()).or_default();
        change(share);
        telemetry::assigned_partitions(stage, share.delivering.len());
        match share.restoring.len() {
            0 => self.readiness.ready(stage.as_str()),
            n => {
                let of = n + share.delivering.len();
                self.readiness.waits(stage.as_str(), format!("restoring {n} of {of} partitions"));
            }
        }
    }

    fn shares(&self) -> MutexGuard<'_, BTreeMap<&'static str, Share>> {
        self.shares.lock().expect("nobody panics while holding the shares")
    }
}
