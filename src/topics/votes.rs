//! Rules that look at the whole document: what a doubtful word means is decided by the words that are not doubtful.

use super::document::Document;
use super::mentions::{Reading, Rule, Source};
use super::scan::Found;
use super::schema::{Kind, Lexicon};
use super::taxonomy::{Ambiguous, Family, Meaning, Taxonomy, TopicIndex};
use std::collections::HashMap;

/// What the document says without doubt.
pub(super) struct Votes<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    found: &'a [Found],
    /// A bit per cue that occurs.
    cues: Vec<u64>,
    /// Mentions that no doubt attaches to.
    support: HashMap<TopicIndex, u32>,
}

impl<'a> Votes<'a> {
    /// Applies the rules in the order in which each can rely on the ones before it.
    pub(super) fn apply(
        taxonomy: &'a Taxonomy,
        document: &'a Document,
        found: &'a [Found],
        readings: &mut [Reading],
    ) {
        let mut votes =
            Votes { taxonomy, document, found, cues: cues(taxonomy, found), support: HashMap::new() };
        votes.count(readings);
        votes.remember_persons(readings);
        votes.remember_organisations(readings);
        votes.compounds(readings);
        votes.only_companies(readings);
        votes.doubtful_terms(readings);
        votes.count(readings);
        votes.ambiguous_words(readings);
        votes.surnames(readings);
    }

    fn count(&mut self, readings: &[Reading]) {
        let mut support = HashMap::new();
        for reading in readings.iter().filter(|r| r.is_kept && self.is_beyond_doubt(r)) {
            *support.entry(reading.topic).or_default() += 1;
        }
        self.support = support;
    }

    fn is_beyond_doubt(&self, reading: &Reading) -> bool {
        let Some(index) = reading.term_index() else { return false };
        let term = &self.taxonomy.terms[index];
        let is_free = term.needs.is_empty() && term.unless.is_empty() && !term.given_name;
        is_free && !(term.common && self.hides_case(reading)) && reading.kind != Kind::Surname
    }

    fn has_support(&self, topic: TopicIndex) -> bool {
        self.support.contains_key(&topic)
    }

    fn occurs(&self, cues: &[u32]) -> bool {
        cues.iter().any(|cue| self.cues[*cue as usize / 64] >> (cue % 64) & 1 == 1)
    }

    /// Michael Jordan, then Jordan; "Naples, Fla.", then Naples: the bare name is the person, unless the document speaks of the country anyway.
    fn remember_persons(&self, readings: &mut [Reading]) {
        let is_elsewhere = |r: &Reading| matches!(r.rule, Some(Rule::Person | Rule::PlaceQualifier));
        let persons: Vec<Source> = readings.iter().filter(|r| is_elsewhere(r)).map(|r| r.source).collect();
        if persons.is_empty() {
            return;
        }
        for reading in readings.iter_mut().filter(|r| r.is_kept && persons.contains(&r.source)) {
            if reading.kind == Kind::Surname || self.supported_by_others(reading) {
                continue;
            }
            reading.suppress(Rule::PersonMemory);
        }
    }

    /// Cyprus Minerals, then Cyprus: where the first mention that shows its case is the company, so are the others.
    fn remember_organisations(&self, readings: &mut [Reading]) {
        let is_company = |r: &Reading| matches!(r.rule, Some(Rule::InsideOrganisation | Rule::Ticker));
        let mut first: HashMap<u32, bool> = HashMap::new();
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
    fn only_companies(&self, readings: &mut [Reading]) {
        let is_country = |r: &Reading| self.taxonomy.topics[r.topic as usize].family == Family::Country;
        let is_company = |r: &Reading| r.rule == Some(Rule::InsideOrganisation);
        let meant: Vec<TopicIndex> = readings
            .iter()
            .filter(|r| r.is_kept && is_country(r) && !is_company(r))
            .map(|r| r.topic)
            .collect();
        if meant.is_empty() {
            return;
        }
        for reading in readings.iter_mut().filter(|r| r.is_kept && is_company(r) && r.kind.is_place()) {
            if !meant.contains(&reading.topic) {
                reading.suppress(Rule::InsideOrganisation);
            }
        }
    }

    /// "Holland Park", "India Arie": a place's word that always stands before the same capitalized word.
    fn compounds(&self, readings: &mut [Reading]) {
        let mut followers: HashMap<u32, Vec<Option<String>>> = HashMap::new();
        let is_candidate = |r: &Reading| r.is_kept && matches!(r.kind, Kind::Name | Kind::Capital);
        for reading in readings.iter().filter(|r| is_candidate(r)) {
            if let Source::Term(index) = reading.source {
                followers.entry(index).or_default().push(self.follower(reading));
            }
        }
        let is_compound = |words: &Vec<Option<String>>| {
            words.len() >= 2 && words[0].is_some() && words.iter().all(|word| *word == words[0])
        };
        for reading in readings.iter_mut().filter(|r| is_candidate(r)) {
            let Source::Term(index) = reading.source else { continue };
            if followers.get(&index).is_some_and(is_compound) && !self.supported_by_others(reading) {
                reading.suppress(Rule::Compound);
            }
        }
    }

    /// Behind a country: another place, an institution, a company; no part of a name.
    fn is_other_matter(&self, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Term(index) => self.taxonomy.terms[*index as usize].kind != Kind::Surname,
            Meaning::Word(lexicon) => *lexicon != Lexicon::GivenName,
            Meaning::Ambiguous(_) => true,
            Meaning::Cue(..) => false,
        }
    }

    /// The capitalized word behind a mention, in lower case, unless the taxonomy knows it as something else.
    fn follower(&self, reading: &Reading) -> Option<String> {
        let part = self.document.part(reading.field);
        let end = self.found[reading.found].end;
        let rest = part.text.cased[end..].strip_prefix(' ')?;
        let word: &str = rest.split(|c: char| !c.is_alphabetic()).next()?;
        let is_name = word.len() > 2 && word.starts_with(|c: char| c.is_uppercase());
        let next = self.found.get(reading.found + 1);
        let is_known = next.is_some_and(|next| {
            next.field == reading.field
                && next.start == end + 1
                && next.meanings.iter().any(|meaning| self.is_other_matter(meaning))
        });
        (is_name && !is_known).then(|| word.to_lowercase())
    }

    /// Whether more than this very mention's own kind speaks for its topic.
    fn supported_by_others(&self, reading: &Reading) -> bool {
        let support = self.support.get(&reading.topic).copied().unwrap_or(0);
        let own = self.is_beyond_doubt(reading) && reading.is_kept;
        let same = if own { self.same_spelling(reading) } else { 0 };
        support > same
    }

    fn same_spelling(&self, reading: &Reading) -> u32 {
        let Source::Term(index) = reading.source else { return 0 };
        let meaning = Meaning::Term(index);
        self.found.iter().filter(|found| found.meanings.contains(&meaning)).count() as u32
    }

    fn doubtful_terms(&self, readings: &mut [Reading]) {
        for reading in readings.iter_mut().filter(|r| r.is_kept) {
            let Some(index) = reading.term_index() else { continue };
            let term = &self.taxonomy.terms[index];
            let is_supported = self.has_support(reading.topic);
            if term.common && self.hides_case(reading) && !is_supported {
                reading.suppress(Rule::CommonWord);
            } else if !term.needs.is_empty() && !self.occurs(&term.needs) && !is_supported {
                reading.suppress(Rule::NeedsContext);
            } else if self.occurs(&term.unless) && !is_supported {
                match term.instead {
                    Some(other) => (reading.topic, reading.rule) = (other, Some(Rule::HandedOver)),
                    None => reading.suppress(Rule::Excluded),
                }
            }
        }
    }

    /// At the start of a sentence, or where everything is capitalized.
    fn hides_case(&self, reading: &Reading) -> bool {
        let part = self.document.part(reading.field);
        let found = &self.found[reading.found];
        let is_exact = reading.term_index().is_some_and(|index| self.taxonomy.terms[index].is_exact());
        if part.is_all_caps || (part.is_capitalized && !is_exact) {
            return true;
        }
        if is_exact {
            return stands_in_capitals(&part.text.cased, found.start, found.end);
        }
        let before = part.text.cased[..found.start].trim_end_matches([' ', '"', '\'', '(', '-']);
        let starts_sentence = before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n', '\u{2026}']);
        let is_possessive = part.text.lower[found.end..].starts_with("'s");
        starts_sentence && !is_possessive
    }

    fn ambiguous_words(&self, readings: &mut [Reading]) {
        for reading in readings.iter_mut().filter(|r| r.is_kept) {
            let Source::Ambiguous(index) = reading.source else { continue };
            let word = &self.taxonomy.ambiguous[index as usize];
            match self.elect(word) {
                Some((topic, kind)) => {
                    (reading.topic, reading.kind) = (topic, kind);
                    // A lowered weight stays lowered.
                    reading.weight = reading.weight.min(self.taxonomy.weights.of_kind(kind));
                }
                None => reading.suppress(Rule::Ambiguous),
            }
        }
    }

    /// The reading with most votes: each cue that occurs is one, each undoubted mention of the topic too (three at most).
    fn elect(&self, word: &Ambiguous) -> Option<(TopicIndex, Kind)> {
        let votes = |reading: &super::taxonomy::Reading| {
            let cues = reading.cues.iter().filter(|cue| self.occurs(std::slice::from_ref(cue))).count();
            cues as u32 + self.support.get(&reading.topic).copied().unwrap_or(0).min(3)
        };
        let most = word.readings.iter().map(votes).max().unwrap_or(0);
        let mut winners = word.readings.iter().filter(|r| most > 0 && votes(r) == most);
        let first = winners.next();
        let is_tied = winners.next().is_some();
        match first {
            Some(first) if !is_tied => Some((first.topic, first.kind)),
            _ => {
                let topic = word.otherwise?;
                let kind = word.readings.iter().find(|r| r.topic == topic).map_or(Kind::Name, |r| r.kind);
                Some((topic, kind))
            }
        }
    }

    /// "Kim" is whoever of that name was last called by the full name; before that, whoever will be first.
    fn surnames(&self, readings: &mut [Reading]) {
        let full_names: Vec<(usize, TopicIndex)> = readings
            .iter()
            .filter(|r| r.is_kept && r.kind == Kind::Name && self.is_person(r.topic))
            .map(|r| (r.found, r.topic))
            .collect();
        let bearers = self.bearers(readings);
        for reading in readings.iter_mut().filter(|r| r.is_kept && r.kind == Kind::Surname) {
            let is_bearer = |topic: &TopicIndex| bearers.contains(&(reading.found, *topic));
            let named = || full_names.iter().filter(|(_, topic)| is_bearer(topic));
            let is_here = |at: usize| self.found[at].field == reading.field && at < reading.found;
            let last_before = named().rfind(|(at, _)| is_here(*at));
            let meant = last_before.or_else(|| named().next()).map(|(_, topic)| *topic);
            if meant != Some(reading.topic) && !self.stands_alone(reading, named().next().is_some()) {
                reading.suppress(Rule::SurnameAlone);
            }
        }
    }

    /// A rare surname stands without the full name, unless another bearer is named.
    fn stands_alone(&self, reading: &Reading, is_named: bool) -> bool {
        !is_named && reading.term_index().is_some_and(|index| self.taxonomy.terms[index].alone)
    }

    /// Which topics each surname may mean.
    fn bearers(&self, readings: &[Reading]) -> Vec<(usize, TopicIndex)> {
        readings.iter().filter(|r| r.kind == Kind::Surname).map(|r| (r.found, r.topic)).collect()
    }

    fn is_person(&self, topic: TopicIndex) -> bool {
        self.taxonomy.topics[topic as usize].family == Family::Person
    }
}

/// "WHO KNOWS": the word before or behind is in capitals too, and long enough to be no acronym's initial.
fn stands_in_capitals(text: &str, start: usize, end: usize) -> bool {
    let is_loud = |word: &str| word.len() > 4 && word.chars().all(|c| c.is_uppercase());
    let before = text[..start].trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or("");
    let after = text[end..].trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or("");
    is_loud(before) || is_loud(after)
}

fn cues(taxonomy: &Taxonomy, found: &[Found]) -> Vec<u64> {
    let mut bits = vec![0u64; taxonomy.cue_count / 64 + 1];
    for meaning in found.iter().flat_map(|spelling| &spelling.meanings) {
        if let Meaning::Cue(cue, _) = meaning {
            bits[*cue as usize / 64] |= 1 << (cue % 64);
        }
    }
    bits
}
