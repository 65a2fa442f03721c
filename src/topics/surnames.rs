//! Whom a surname means: the bearer that the document called by the full name.

use super::mentions::{Reading, Rule};
use super::schema::Kind;
use super::spread::Map;
use super::taxonomy::TopicIndex;
use super::votes::Votes;
use crate::record::Field;

impl Votes<'_> {
    /// "Kim" is whoever of that name was last called by the full name; before that, whoever will be first.
    pub(super) fn surnames(&self, readings: &mut [Reading]) {
        let is_full_name = |r: &Reading| r.is_kept && r.kind == Kind::Name && self.is_person(r.topic);
        let is_surname = |r: &Reading| r.is_kept && r.kind == Kind::Surname;
        if !readings.iter().any(is_surname) {
            return;
        }
        let mut first: Map<TopicIndex, usize> = Map::default();
        for reading in readings.iter().filter(|r| is_full_name(r)) {
            first.entry(reading.topic).or_insert(reading.found);
        }
        let is_title = |r: &Reading| r.field == Field::Title;
        let mut last: Map<(bool, TopicIndex), usize> = Map::default();
        // All that one word may mean stands side by side.
        for bearers in readings.chunk_by_mut(|a, b| a.found == b.found) {
            for reading in bearers.iter().filter(|r| is_full_name(r)) {
                last.insert((is_title(reading), reading.topic), reading.found);
            }
            let named_before = |r: &&Reading| last.get(&(is_title(r), r.topic));
            let candidates = || bearers.iter().filter(|r| r.kind == Kind::Surname);
            let last_before = candidates().filter(|r| named_before(r).is_some()).max_by_key(named_before);
            let first_named =
                || candidates().filter(|r| first.contains_key(&r.topic)).min_by_key(|r| first.get(&r.topic));
            let meant = last_before.or_else(first_named).map(|r| r.topic);
            for reading in bearers.iter_mut().filter(|r| is_surname(r)) {
                if meant != Some(reading.topic) && !self.stands_alone(reading, meant.is_some()) {
                    reading.suppress(Rule::SurnameAlone);
                }
            }
        }
    }

    /// A rare surname stands without the full name, unless another bearer is named.
    fn stands_alone(&self, reading: &Reading, is_named: bool) -> bool {
        !is_named && reading.term_index().is_some_and(|index| self.taxonomy.terms[index].alone)
    }
}
