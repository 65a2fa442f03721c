//! Completions come in any order; what may be committed is the longest row of completed offsets. Pure.

use std::collections::BTreeMap;

/// The watermark of one partition.
#[derive(Debug, Default)]
pub struct Watermark {
    /// Offsets under way, and whether they are done.
    open: BTreeMap<i64, bool>,
    /// One past the highest offset ever begun.
    next: Option<i64>,
    /// What the last commit was, or the first offset begun: nothing below it was ours to do.
    committed: i64,
}

impl Watermark {
    pub fn begin(&mut self, offset: i64) {
        if self.next.is_none() {
            self.committed = offset;
        }
        self.open.insert(offset, false);
        self.next = Some(self.next.unwrap_or(0).max(offset + 1));
    }

    /// An offset that was never begun (it belongs to an earlier assignment) changes nothing.
    pub fn done(&mut self, offset: i64) {
        if let Some(done) = self.open.get_mut(&offset) {
            *done = true;
        }
        while self.open.first_entry().is_some_and(|first| *first.get()) {
            self.open.pop_first();
        }
    }

    /// The offset to commit (last + 1), if it moved since the last call.
    pub fn take_commit(&mut self) -> Option<i64> {
        let upto = self.open.first_key_value().map(|(offset, _)| *offset).or(self.next)?;
        let moved = upto > self.committed;
        self.committed = self.committed.max(upto);
        moved.then_some(upto)
    }

    /// The last commit did not arrive: the next call gives the offset again.
    pub fn commit_failed(&mut self) {
        self.committed = i64::MIN;
    }

    #[cfg(test)]
    fn in_flight(&self) -> usize {
        self.open.values().filter(|done| !**done).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_committed_past_an_offset_under_way() {
        let mut watermark = Watermark::default();
        (5..9).for_each(|offset| watermark.begin(offset));
        watermark.done(6);
        watermark.done(7);
        assert_eq!(watermark.take_commit(), None);
        watermark.done(5);
        assert_eq!((watermark.take_commit(), watermark.take_commit()), (Some(8), None));
        watermark.commit_failed();
        assert_eq!(watermark.take_commit(), Some(8));
        watermark.done(8);
        assert_eq!((watermark.take_commit(), watermark.in_flight()), (Some(9), 0));
    }

    /// What may happen to a partition's watermark.
    #[derive(Clone, Debug)]
    enum Step {
        /// The next record, so many offsets further (control records and compaction leave gaps).
        Begin(i64),
        /// One of those under way is done, out of order.
        Done(usize),
        /// A completion of an earlier assignment.
        Stale(i64),
        Commit,
        CommitFailed,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1i64..4).prop_map(Step::Begin),
            4 => any::<usize>().prop_map(Step::Done),
            1 => (0i64..200).prop_map(Step::Stale),
            2 => Just(Step::Commit),
            1 => Just(Step::CommitFailed),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// In any row of events: nothing under way is ever passed, and in the end everything is committed.
        #[test]
        fn no_row_of_events_passes_what_is_under_way(steps in proptest::collection::vec(step(), 0..120)) {
            let mut watermark = Watermark::default();
            let (mut last, mut under_way, mut committed) = (10i64, Vec::new(), None);
            for step in steps {
                match step {
                    Step::Begin(gap) => {
                        last += gap;
                        watermark.begin(last);
                        under_way.push(last);
                    }
                    Step::Done(which) if !under_way.is_empty() => {
                        watermark.done(under_way.swap_remove(which % under_way.len()));
                    }
                    Step::Done(_) => {}
                    Step::Stale(offset) if !under_way.contains(&offset) => watermark.done(offset),
                    Step::Stale(_) => {}
                    Step::Commit => {
                        if let Some(upto) = watermark.take_commit() {
                            prop_assert!(under_way.iter().all(|offset| *offset >= upto));
                            prop_assert!(committed.is_none_or(|before| upto >= before), "never back");
                            prop_assert!(upto <= last + 1);
                            committed = Some(upto);
                        }
                    }
                    Step::CommitFailed => watermark.commit_failed(),
                }
                prop_assert_eq!(watermark.in_flight(), under_way.len());
            }
            let has_begun = last > 10;
            under_way.into_iter().for_each(|offset| watermark.done(offset));
            watermark.commit_failed();
            prop_assert_eq!(watermark.take_commit(), has_begun.then_some(last + 1));
        }

        #[test]
        fn a_commit_never_passes_what_is_not_done(order in Just((0i64..30).collect::<Vec<_>>()).prop_shuffle()) {
            let mut watermark = Watermark::default();
            (0..30).for_each(|offset| watermark.begin(offset));
            let mut done = std::collections::BTreeSet::new();
            for offset in order {
                watermark.done(offset);
                done.insert(offset);
                if let Some(upto) = watermark.take_commit() {
                    prop_assert!((0..upto).all(|o| done.contains(&o)));
                }
            }
            prop_assert_eq!(watermark.in_flight(), 0);
        }
    }
}
