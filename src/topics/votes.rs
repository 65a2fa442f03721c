//! Rules that look at the whole document: what a doubtful word means is decided by the words that are not doubtful.

use super::document::Document;
use super::mentions::{Reading, Rule, Source};
use super::scan::Found;
use super::schema::{Kind, Lexicon};
use super::taxonomy::{Ambiguous, Family, Meaning, Taxonomy, TopicIndex};
use std::cell::{OnceCell, RefCell};

/// What the document says without doubt.
pub(super) struct Votes<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) document: &'a Document,
    pub(super) found: &'a [Found],
    /// A bit per cue that occurs.
    cues: Vec<u64>,
    /// Topics with how many mentions they have that no doubt attaches to; sorted.
    support: Vec<(TopicIndex, u32)>,
    /// How often each spelling was found, counted or not; sorted. Few documents ask.
    spelled: OnceCell<Vec<(Source, u32)>>,
    /// Terms looked up in small letters, and whether they occur so.
    pub(super) small: RefCell<Vec<(u32, bool)>>,
}

impl<'a> Votes<'a> {
    /// Applies the rules in the order in which each can rely on the ones before it.
    pub(super) fn apply(
        taxonomy: &'a Taxonomy,
        document: &'a Document,
        found: &'a [Found],
        readings: &mut [Reading],
    ) {
        let (cues, support) = (cues(taxonomy, found), Vec::with_capacity(16));
        let mut votes = Votes {
            taxonomy,
            document,
            found,
            cues,
            support,
            spelled: OnceCell::new(),
            small: RefCell::default(),
        };
        votes.count(readings);
        votes.remember_persons(readings);
        votes.remember_organisations(readings);
        votes.compounds(readings);
        votes.only_companies(readings);
        votes.doubtful_terms(readings);
        if readings.iter().any(|r| r.is_kept && matches!(r.source, Source::Ambiguous(_))) {
            votes.count(readings);
            votes.ambiguous_words(readings);
        }
        votes.surnames(readings);
    }

    fn count(&mut self, readings: &[Reading]) {
        // Few topics: a place in a sorted list is soon found, and sorting all mentions costs more.
        let mut support = std::mem::take(&mut self.support);
        support.clear();
        for topic in readings.iter().filter(|r| r.is_kept && self.is_beyond_doubt(r)).map(|r| r.topic) {
            match support.binary_search_by_key(&topic, |(known, _)| *known) {
                Ok(at) => support[at].1 += 1,
                Err(at) => support.insert(at, (topic, 1)),
            }
        }
        self.support = support;
    }

    pub(super) fn is_beyond_doubt(&self, reading: &Reading) -> bool {
        let Some(index) = reading.term_index() else { return false };
        let term = &self.taxonomy.terms[index];
        let is_free = term.context.is_none() && !term.given_name;
        is_free && !(term.common && self.hides_case(reading)) && reading.kind != Kind::Surname
    }

    pub(super) fn has_support(&self, topic: TopicIndex) -> bool {
        self.support(topic) > 0
    }

    /// Whether some other country is named without doubt.
    pub(super) fn names_other_country(&self, but: TopicIndex) -> bool {
        self.support.iter().any(|(topic, _)| *topic != but && self.is_country(*topic))
    }

    fn support(&self, topic: TopicIndex) -> u32 {
        count_of(&self.support, &topic)
    }

    pub(super) fn occurs(&self, cues: &[u32]) -> bool {
        cues.iter().any(|cue| self.cues[*cue as usize / 64] >> (cue % 64) & 1 == 1)
    }

    pub(super) fn next_is(&self, reading: &Reading, lexicon: Lexicon) -> bool {
        let next = self.found.get(reading.found + 1);
        next.is_some_and(|next| {
            let is_beside = next.field == reading.field && self.found[reading.found].end + 1 == next.start;
            is_beside && next.is_word(lexicon)
        })
    }

    /// Whether more than this very mention's own kind speaks for its topic.
    pub(super) fn supported_by_others(&self, reading: &Reading) -> bool {
        let support = self.support(reading.topic);
        let own = self.is_beyond_doubt(reading) && reading.is_kept;
        let same = if own { self.same_spelling(reading) } else { 0 };
        support > same
    }

    fn same_spelling(&self, reading: &Reading) -> u32 {
        let sources =
            || self.found.iter().flat_map(|found| found.meanings(self.taxonomy)).filter_map(Source::of);
        count_of(self.spelled.get_or_init(|| counted(sources().collect())), &reading.source)
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
            cues as u32 + self.support(reading.topic).min(3)
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

    pub(super) fn is_country(&self, topic: TopicIndex) -> bool {
        self.taxonomy.roles[topic as usize].family == Family::Country
    }

    pub(super) fn is_person(&self, topic: TopicIndex) -> bool {
        self.taxonomy.roles[topic as usize].family == Family::Person
    }
}

fn cues(taxonomy: &Taxonomy, found: &[Found]) -> Vec<u64> {
    let mut bits = vec![0u64; taxonomy.cue_count / 64 + 1];
    let with_cues = found.iter().filter(|spelling| spelling.has_cues);
    for meaning in with_cues.flat_map(|spelling| spelling.meanings(taxonomy)) {
        if let Meaning::Cue(cue, _) = meaning {
            bits[cue as usize / 64] |= 1 << (cue % 64);
        }
    }
    bits
}

/// How often each item occurs; sorted by item.
fn counted<T: Ord + Copy>(mut items: Vec<T>) -> Vec<(T, u32)> {
    items.sort_unstable();
    items.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect()
}

fn count_of<T: Ord>(counted: &[(T, u32)], item: &T) -> u32 {
    let at = counted.binary_search_by(|(known, _)| known.cmp(item));
    at.map_or(0, |at| counted[at].1)
}
