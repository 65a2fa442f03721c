//! Which partitions each stage has, and which of them really deliver: what `/readyz` tells.

use crate::record::Stage;
use crate::telemetry::{self, Readiness};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// A stage is ready once it was given its share (which may be empty) and all of it delivers.
pub struct Partitions {
    readiness: Readiness,
    shares: Mutex<BTreeMap<&'static str, Share>>,
    /// Of the delay tiers, which nobody waits for.
    delays: Mutex<BTreeMap<&'static str, BTreeSet<i32>>>,
}

#[derive(Default)]
struct Share {
    delivering: BTreeSet<i32>,
    restoring: BTreeSet<i32>,
}

impl Partitions {
    pub fn new(readiness: Readiness, stages: &[Stage]) -> Partitions {
        stages.iter().for_each(|stage| readiness.waits(stage.as_str(), "waiting for partitions"));
        Partitions { readiness, shares: Mutex::default(), delays: Mutex::default() }
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

    /// Says, or takes back, that the stage has had work for too long and does none.
    pub fn stands_still(&self, stage: Stage, why: Option<String>) {
        self.readiness.stands_still(stage.as_str(), why);
    }

    /// The stage has partitions, and all of them deliver.
    pub fn all_deliver(&self, stage: Stage) -> bool {
        let shares = self.shares();
        shares
            .get(stage.as_str())
            .is_some_and(|share| share.restoring.is_empty() && !share.delivering.is_empty())
    }

    /// All that the stage has, delivering or not.
    pub fn of(&self, stage: Stage) -> Vec<i32> {
        let shares = self.shares();
        let share = shares.get(stage.as_str());
        share.map(|share| share.delivering.union(&share.restoring).copied().collect()).unwrap_or_default()
    }

    /// A delay tier was given these partitions, or they were taken from it.
    pub fn delay(&self, tier: &'static str, partitions: &[i32], has_them: bool) {
        let mut delays = self.delays.lock().expect("nobody panics while holding the delays");
        let share = delays.entry(tier).or_default();
        partitions.iter().for_each(|partition| {
            if has_them {
                share.insert(*partition)
            } else {
                share.remove(partition)
            };
        });
    }

    pub fn of_delay(&self, tier: &'static str) -> Vec<i32> {
        let delays = self.delays.lock().expect("nobody panics while holding the delays");
        delays.get(tier).map(|share| share.iter().copied().collect()).unwrap_or_default()
    }

    fn change(&self, stage: Stage, change: impl FnOnce(&mut Share)) {
        let mut shares = self.shares();
        let share = shares.entry(stage.as_str()).or_default();
        change(share);
        telemetry::partitions(stage, share.delivering.len(), share.restoring.len());
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
