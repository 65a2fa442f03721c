//! A word that once named something else: the person or company of one mention is that of the others too.

use super::mentions::{Reading, Rule, Source};
use super::schema::Kind;
use super::spread::Map;
use super::taxonomy::TopicIndex;
use super::votes::Votes;

impl Votes<'_> {
    /// Michael Jordan, then Jordan; "Naples, Fla.", then Naples: the bare name is the person, unless the document speaks of the country anyway.
    pub(super) fn remember_persons(&self, readings: &mut [Reading]) {
        let is_elsewhere = |r: &Reading| matches!(r.rule, Some(Rule::Person | Rule::PlaceQualifier));
        let mut persons: Vec<Source> =
            readings.iter().filter(|r| is_elsewhere(r)).map(|r| r.source).collect();
        if persons.is_empty() {
            return;
        }
        persons.sort_unstable();
        persons.dedup();
        for reading in readings.iter_mut().filter(|r| r.is_kept && persons.binary_search(&r.source).is_ok()) {
            if reading.kind == Kind::Surname || self.supported_by_others(reading) {
                continue;
            }
            reading.suppress(Rule::PersonMemory);
        }
    }

    /// Cyprus Minerals, then Cyprus: where the first mention that shows its case is the company, so are the others.
    pub(super) fn remember_organisations(&self, readings: &mut [Reading]) {
        let is_company = |r: &Reading| matches!(r.rule, Some(Rule::InsideOrganisation | Rule::Ticker));
        if !readings.iter().any(is_company) {
            return;
        }
        let mut first: Map<u32, bool> = Map::default();
        for reading in readings.iter().filter(|r| !self.document.part(r.field).is_all_caps) {
            if let Source::Term(index) = reading.source {
                first.entry(index).or_insert_with(|| is_company(reading));
            }
        }
        for reading in readings.iter_mut().filter(|r| r.is_kept && r.kind.is_place()) {
            let Source::Term(index) = reading.source else { continue };
            if first.get(&index) == Some(&true) && !self.supported_by_others(reading) {
                reading.lower(self.taxonomy.weights.inside_organisation, Rule::InsideOrganisation);
            }
        }
    }

    /// A country that is only ever part of companies' names, beside one that is meant itself, is not meant.
    pub(super) fn only_companies(&self, readings: &mut [Reading]) {
        let is_country = |r: &Reading| self.is_country(r.topic);
        let is_company = |r: &Reading| r.rule == Some(Rule::InsideOrganisation);
        if !readings.iter().any(is_company) {
            return;
        }
        let is_meant = |r: &&Reading| r.is_kept && is_country(r) && !is_company(r);
        let mut meant: Vec<TopicIndex> = readings.iter().filter(is_meant).map(|r| r.topic).collect();
        if meant.is_empty() {
            return;
        }
        meant.sort_unstable();
        meant.dedup();
        for reading in readings.iter_mut().filter(|r| r.is_kept && is_company(r) && r.kind.is_place()) {
            if meant.binary_search(&reading.topic).is_err() {
                reading.suppress(Rule::InsideOrganisation);
            }
        }
    }
}
