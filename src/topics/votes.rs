//! Rules that look at the whole document: what a doubtful word means is decided by the words that are not doubtful.

use super::document::{Document, floor};
use super::mentions::{Reading, Rule, Source};
use super::scan::Found;
use super::schema::{Kind, Lexicon};
use super::taxonomy::{Ambiguous, Family, Meaning, Taxonomy, TopicIndex};
use crate::record::Field;
use std::cell::RefCell;
use std::collections::HashMap;

/// What the document says without doubt.
pub(super) struct Votes<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    found: &'a [Found],
    /// A bit per cue that occurs.
    cues: Vec<u64>,
    /// For each topic, its mentions that no doubt attaches to.
    support: Vec<u32>,
    /// How often each spelling was found, counted or not; sorted.
    spelled: Vec<(Source, u32)>,
    /// Terms looked up in small letters, and whether they occur so.
    small: RefCell<Vec<(u32, bool)>>,
}

impl<'a> Votes<'a> {
    /// Applies the rules in the order in which each can rely on the ones before it.
    pub(super) fn apply(
        taxonomy: &'a Taxonomy,
        document: &'a Document,
        found: &'a [Found],
        readings: &mut [Reading],
    ) {
        let (cues, support, spelled) = (cues(taxonomy, found), Vec::new(), spelled(readings));
        let mut votes =
            Votes { taxonomy, document, found, cues, support, spelled, small: RefCell::default() };
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
        let mut support = vec![0; self.taxonomy.topics.len()];
        for reading in readings.iter().filter(|r| r.is_kept && self.is_beyond_doubt(r)) {
            support[reading.topic as usize] += 1;
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
        self.support[topic as usize] > 0
    }

    fn occurs(&self, cues: &[u32]) -> bool {
        cues.iter().any(|cue| self.cues[*cue as usize / 64] >> (cue % 64) & 1 == 1)
    }

    /// Michael Jordan, then Jordan; "Naples, Fla.", then Naples: the bare name is the person, unless the document speaks of the country anyway.
    fn remember_persons(&self, readings: &mut [Reading]) {
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

    /// "Holland Park", "India Arie": a place's word that always stands before the same capitalized word.
    fn compounds(&self, readings: &mut [Reading]) {
        let mut compounds: HashMap<u32, Compound> = HashMap::new();
        let is_candidate = |r: &Reading| r.is_kept && matches!(r.kind, Kind::Name | Kind::Capital);
        for reading in readings.iter().filter(|r| is_candidate(r)) {
            if let Source::Term(index) = reading.source {
                let word = self.follower(reading);
                compounds.entry(index).and_modify(|known| known.see(word)).or_insert(Compound::new(word));
            }
        }
        for reading in readings.iter_mut().filter(|r| is_candidate(r)) {
            let Source::Term(index) = reading.source else { continue };
            let compound = compounds.get_mut(&index);
            let is_compound = self.names_a_street(reading)
                || compound.is_some_and(|compound| {
                    compound.is_name() || (self.is_first_name(reading) && compound.returns(self.document))
                });
            if is_compound && !self.supported_by_others(reading) {
                reading.suppress(Rule::Compound);
            }
        }
    }

    /// One word for a country may be a person's first name.
    fn is_first_name(&self, reading: &Reading) -> bool {
        let found = &self.found[reading.found];
        let spelled = &self.document.part(reading.field).text.cased[found.start..found.end];
        reading.kind == Kind::Name && !spelled.contains(' ') && self.is_country(reading.topic)
    }

    /// "Holland Park", "Cuba Street".
    fn names_a_street(&self, reading: &Reading) -> bool {
        self.next_is(reading, Lexicon::StreetWord)
    }

    fn next_is(&self, reading: &Reading, lexicon: Lexicon) -> bool {
        let next = self.found.get(reading.found + 1);
        next.is_some_and(|next| {
            let is_beside = next.field == reading.field && self.found[reading.found].end + 1 == next.start;
            is_beside && next.is_word(lexicon)
        })
    }

    /// Behind a country: another place, an institution, a company; no part of a name.
    fn is_other_matter(&self, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Term(index) => self.taxonomy.terms[*index as usize].kind != Kind::Surname,
            Meaning::Word(lexicon, _) => *lexicon != Lexicon::GivenName,
            Meaning::Ambiguous(_) => true,
            Meaning::Cue(..) => false,
        }
    }

    /// The capitalized word behind a mention, unless the taxonomy knows it as something else.
    fn follower(&self, reading: &Reading) -> Option<&'a str> {
        let part = self.document.part(reading.field);
        let end = self.found[reading.found].end;
        let rest = part.text.cased[end..].strip_prefix(' ')?;
        let word: &str = rest.split(|c: char| !c.is_alphabetic()).next()?;
        let is_name = word.len() > 2 && word.starts_with(|c: char| c.is_uppercase());
        let next = self.found.get(reading.found + 1);
        let is_known = next.is_some_and(|next| {
            next.field == reading.field
                && next.start == end + 1
                && next.meanings(self.taxonomy).any(|meaning| self.is_other_matter(&meaning))
        });
        (is_name && !is_known).then_some(word)
    }

    /// Whether more than this very mention's own kind speaks for its topic.
    fn supported_by_others(&self, reading: &Reading) -> bool {
        let support = self.support[reading.topic as usize];
        let own = self.is_beyond_doubt(reading) && reading.is_kept;
        let same = if own { self.same_spelling(reading) } else { 0 };
        support > same
    }

    fn same_spelling(&self, reading: &Reading) -> u32 {
        let at = self.spelled.binary_search_by_key(&reading.source, |(source, _)| *source);
        at.map_or(0, |at| self.spelled[at].1)
    }

    fn doubtful_terms(&self, readings: &mut [Reading]) {
        for reading in readings.iter_mut().filter(|r| r.is_kept) {
            let Some(index) = reading.term_index() else { continue };
            let term = &self.taxonomy.terms[index];
            let is_supported = self.has_support(reading.topic);
            let is_common = || term.common && self.hides_case(reading) && !self.acts_as_country(reading);
            if !is_supported && is_common() || self.is_written_small(reading) {
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

    /// "Turkey, Greece agree", "Turkey says": where the case is hidden, company and verb tell the country from the bird.
    fn acts_as_country(&self, reading: &Reading) -> bool {
        let beside = |other: Option<&Found>| other.is_some_and(|other| self.is_listed_with(reading, other));
        let is_listed = beside(self.found.get(reading.found + 1))
            || beside(reading.found.checked_sub(1).and_then(|at| self.found.get(at)));
        is_listed || self.next_is(reading, Lexicon::CountryVerb)
    }

    /// "X and Turkey": another country's name, with nothing between them but a conjunction.
    fn is_listed_with(&self, reading: &Reading, other: &Found) -> bool {
        let own = &self.found[reading.found];
        if own.field != other.field {
            return false;
        }
        let (from, to) = if own.end <= other.start { (own.end, other.start) } else { (other.end, own.start) };
        let between = self.document.part(own.field).text.lower.get(from..to).unwrap_or("");
        let is_conjunction =
            matches!(between, ", " | " and " | " or " | " & " | "-" | "/" | ", and " | " with " | " vs ");
        is_conjunction
            && other.meanings(self.taxonomy).any(|meaning| self.is_country_name(&meaning, reading.topic))
    }

    fn is_country_name(&self, meaning: &Meaning, but: TopicIndex) -> bool {
        let Meaning::Term(index) = *meaning else { return false };
        let term = &self.taxonomy.terms[index as usize];
        self.is_country(term.topic) && term.kind == Kind::Name && !term.common && term.topic != but
    }

    /// "antique china plates. The China": a text that writes the word small as well means the ordinary word.
    fn is_written_small(&self, reading: &Reading) -> bool {
        let Some(index) = reading.term_index() else { return false };
        let term = &self.taxonomy.terms[index];
        term.thing && !self.supported_by_others(reading) && self.occurs_small(index as u32, &term.text)
    }

    fn occurs_small(&self, term: u32, spelled: &str) -> bool {
        if let Some((_, known)) = self.small.borrow().iter().find(|(known, _)| *known == term) {
            return *known;
        }
        let small = spelled.to_ascii_lowercase();
        let parts = [&self.document.title, &self.document.body];
        let occurs = parts.iter().any(|part| has_word(&part.text.cased, &small));
        self.small.borrow_mut().push((term, occurs));
        occurs
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
            cues as u32 + self.support[reading.topic as usize].min(3)
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
        let is_full_name = |r: &Reading| r.is_kept && r.kind == Kind::Name && self.is_person(r.topic);
        let is_surname = |r: &Reading| r.is_kept && r.kind == Kind::Surname;
        if !readings.iter().any(is_surname) {
            return;
        }
        let mut first: HashMap<TopicIndex, usize> = HashMap::new();
        for reading in readings.iter().filter(|r| is_full_name(r)) {
            first.entry(reading.topic).or_insert(reading.found);
        }
        let is_title = |r: &Reading| r.field == Field::Title;
        let mut last: HashMap<(bool, TopicIndex), usize> = HashMap::new();
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

    fn is_country(&self, topic: TopicIndex) -> bool {
        self.taxonomy.topics[topic as usize].family == Family::Country
    }

    fn is_person(&self, topic: TopicIndex) -> bool {
        self.taxonomy.topics[topic as usize].family == Family::Person
    }
}

/// "WHO KNOWS": the word before or behind is in capitals too, and long enough to be no acronym's initial.
fn stands_in_capitals(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim_end().chars().rev();
    is_loud(before) || is_loud(text[end..].trim_start().chars())
}

/// What stands behind each mention of one word.
struct Compound<'a> {
    follower: Option<&'a str>,
    count: u32,
    returns: Option<bool>,
}

impl<'a> Compound<'a> {
    fn new(follower: Option<&'a str>) -> Compound<'a> {
        Compound { follower, count: 1, returns: None }
    }

    fn see(&mut self, word: Option<&str>) {
        let is_same = |known: &&str| word.is_some_and(|word| word.to_lowercase() == known.to_lowercase());
        self.follower = self.follower.filter(is_same);
        self.count += 1;
    }

    fn is_name(&self) -> bool {
        self.follower.is_some() && self.count >= 2
    }
}

impl Compound<'_> {
    /// "Israel Adesanya … Adesanya said": the second word comes back alone, so the first was its first name.
    fn returns(&mut self, document: &Document) -> bool {
        let Some(follower) = self.follower else { return false };
        *self.returns.get_or_insert_with(|| {
            let body = &document.body;
            !body.is_all_caps && stands_as_name(&body.text.cased, follower)
        })
    }
}

/// How much of a text is searched for a word: a feature article. Keeps a word's price the same in a text of 10 MB.
const REACH_BYTES: usize = 20_000;

/// Whether the word occurs whole.
fn has_word(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// Where the word occurs whole: the text before and behind it.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let text = &text[..floor(text, REACH_BYTES)];
    let length = word.len();
    let is_word = |c: char| c.is_alphanumeric();
    text.match_indices(word)
        .map(move |(at, _)| (&text[..at], &text[at + length..]))
        .filter(move |(before, after)| !before.ends_with(is_word) && !after.starts_with(is_word))
}

/// A capitalized word with nothing capitalized before it, and behind it a small word or the end of its clause.
fn stands_as_name(text: &str, word: &str) -> bool {
    let is_alone = |(before, after): (&str, &str)| {
        let previous = before.trim_end().rsplit(' ').next().unwrap_or("");
        let is_first = before.is_empty()
            || previous.ends_with(['.', '!', '?', '"', ',', '\n'])
            || before.ends_with('\n');
        let is_free = is_first || previous.starts_with(|c: char| c.is_lowercase());
        let next = after.strip_prefix(' ').unwrap_or(after);
        let goes_on =
            next.is_empty() || next.starts_with(|c: char| c.is_lowercase() || matches!(c, '.' | ',' | '\''));
        is_free && goes_on
    };
    places(text, word).any(is_alone)
}

/// A word of five capitals or more. Reads no further than it must: texts without spaces are one long word.
fn is_loud(word: impl Iterator<Item = char>) -> bool {
    let (mut capitals, mut bytes) = (true, 0);
    for c in word.take_while(|c| c.is_alphabetic()).take_while(|c| {
        c.is_uppercase() || {
            capitals = false;
            false
        }
    }) {
        bytes += c.len_utf8();
    }
    capitals && bytes > 4
}

fn cues(taxonomy: &Taxonomy, found: &[Found]) -> Vec<u64> {
    let mut bits = vec![0u64; taxonomy.cue_count / 64 + 1];
    for meaning in found.iter().flat_map(|spelling| spelling.meanings(taxonomy)) {
        if let Meaning::Cue(cue, _) = meaning {
            bits[cue as usize / 64] |= 1 << (cue % 64);
        }
    }
    bits
}

/// How often each term stands in the text.
fn spelled(readings: &[Reading]) -> Vec<(Source, u32)> {
    let mut sources: Vec<Source> = readings.iter().map(|reading| reading.source).collect();
    sources.sort_unstable();
    sources.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect()
}
