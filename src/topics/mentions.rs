//! Mentions: what was found, read as a topic, with the verdict of the rules.

use super::document::Zone;
use super::scan::Found;
use super::schema::Kind;
use super::taxonomy::{Meaning, Taxonomy, TopicIndex};
use crate::record::Field;

/// Why a mention does not count, or counts less. The words of `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Part of a phrase that means something else: "South China Sea".
    Mask,
    /// A person's name: "Michael Jordan".
    Person,
    /// The person of an earlier mention: "Jordan said".
    PersonMemory,
    /// Counts less: a company called after a place.
    InsideOrganisation,
    /// Another place of that name: "Lebanon, Pennsylvania".
    PlaceQualifier,
    /// Counts less: "Australian dollar".
    Currency,
    /// An ordinary word whose case cannot be seen here: "Polish the table".
    CommonWord,
    /// A term that needs company did not find it.
    NeedsContext,
    /// A word that excludes the term is in the document.
    Excluded,
    /// The same, and the mention counts for another topic: Athens with a sheriff is not in Greece.
    HandedOver,
    /// No reading of the word has a majority.
    Ambiguous,
    /// A surname without the full name.
    SurnameAlone,
    /// A name of something else that begins with the place: "Holland Park".
    Compound,
    /// A company's name on the exchange: "<UK>".
    Ticker,
    /// A state's abbreviation without a place before it.
    QualifierAlone,
}

impl Rule {
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Mask => "mask",
            Rule::Person => "person",
            Rule::PersonMemory => "person_memory",
            Rule::InsideOrganisation => "inside_organisation",
            Rule::PlaceQualifier => "place_qualifier",
            Rule::Currency => "currency",
            Rule::CommonWord => "common_word",
            Rule::NeedsContext => "needs_context",
            Rule::HandedOver => "handed_over",
            Rule::Excluded => "excluded",
            Rule::Ambiguous => "ambiguous",
            Rule::SurnameAlone => "surname_alone",
            Rule::Compound => "compound",
            Rule::Ticker => "ticker",
            Rule::QualifierAlone => "qualifier_alone",
        }
    }
}

/// A word read as one topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Index into what `scan` found.
    pub found: usize,
    pub source: Source,
    pub topic: TopicIndex,
    pub kind: Kind,
    pub zone: Zone,
    pub field: Field,
    pub weight: f64,
    /// What was applied; with `is_kept` false it is why the mention does not count.
    pub rule: Option<Rule>,
    pub is_kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Term(u32),
    Ambiguous(u32),
}

impl Source {
    /// Cues and words of lists name nothing.
    pub(super) fn of(meaning: Meaning) -> Option<Source> {
        match meaning {
            Meaning::Term(index) => Some(Source::Term(index)),
            Meaning::Ambiguous(index) => Some(Source::Ambiguous(index)),
            Meaning::Cue(..) | Meaning::Word(..) => None,
        }
    }
}

impl Reading {
    pub(super) fn suppress(&mut self, rule: Rule) {
        self.is_kept = false;
        self.rule = Some(rule);
    }

    pub(super) fn lower(&mut self, weight: f64, rule: Rule) {
        if weight < self.weight {
            self.weight = weight;
            self.rule = Some(rule);
        }
    }

    pub(super) fn term_index(&self) -> Option<usize> {
        match self.source {
            Source::Term(index) => Some(index as usize),
            Source::Ambiguous(_) => None,
        }
    }
}

/// One reading per meaning. An ambiguous word gets its topic from the votes; until then its first reading stands in.
pub(super) fn readings(taxonomy: &Taxonomy, found: &[Found]) -> Vec<Reading> {
    let mut readings = Vec::with_capacity(found.len());
    for (index, spelling) in found.iter().enumerate().filter(|(_, spelling)| spelling.has_names) {
        for source in spelling.meanings(taxonomy).filter_map(Source::of) {
            let (topic, kind, weight) = match source {
                Source::Term(index) => {
                    let term = &taxonomy.terms[index as usize];
                    (term.topic, term.kind, term.weight)
                }
                Source::Ambiguous(index) => {
                    let Some(first) = taxonomy.ambiguous[index as usize].readings.first() else { continue };
                    (first.topic, first.kind, taxonomy.weights.of_kind(first.kind))
                }
            };
            readings.push(Reading {
                found: index,
                source,
                topic,
                kind,
                zone: spelling.zone,
                field: spelling.field,
                weight,
                rule: None,
                is_kept: true,
            });
        }
    }
    readings
}

/// A leader's name speaks for the country too: "Putin and Xi" is about Russia and China where both are named.
pub(super) fn add_leaders(taxonomy: &Taxonomy, readings: &mut Vec<Reading>) {
    let is_leader = |reading: &Reading| taxonomy.roles[reading.topic as usize].country.is_some();
    if !readings.iter().any(is_leader) {
        return;
    }
    let mut named: Vec<TopicIndex> = readings.iter().filter(|r| r.is_kept).map(|r| r.topic).collect();
    named.sort_unstable();
    named.dedup();
    let derived = |reading: &Reading| {
        let country = taxonomy.roles[reading.topic as usize].country?;
        let is_named = reading.is_kept && named.binary_search(&country).is_ok();
        let weight = taxonomy.weights.leader;
        (is_named && weight > 0.0).then_some(Reading { topic: country, weight, ..*reading })
    };
    let more: Vec<Reading> = readings.iter().filter_map(derived).collect();
    readings.extend(more);
}
