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

    proptest! {
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
