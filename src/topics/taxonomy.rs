//! The compiled taxonomy: every spelling in one automaton, each with what it may mean.

mod compile;

pub(super) use compile::{Compiler, compile};

use super::Problem;
use super::schema::{Case, Kind, Lexicon, Place};
use super::script::{Script, Shape};
use super::starts::Starts;
use super::trie::Trie;
use super::weights::Weights;
use smallvec::SmallVec;

pub(super) type TopicIndex = u32;

#[derive(Debug)]
pub(super) struct Topic {
    pub id: String,
    pub name: String,
    pub wikidata: Option<String>,
    pub iptc: Option<String>,
    pub as_of: Option<String>,
    place: Place,
}

/// What the rules ask of a topic, over and over: so few bytes stay in the first cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    pub family: Family,
    /// The country a leader speaks for.
    pub country: Option<TopicIndex>,
}

impl Topic {
    /// That nobody has looked at it since `date`.
    pub(super) fn warning(&self, date: &str) -> Problem {
        let as_of = self.as_of.as_deref().unwrap_or("never");
        let message =
            format!("\"{}\" was last checked {as_of}, before {date}: see whether it still holds", self.id);
        Problem { file: self.place.file.clone(), line: self.place.line, column: 0, message }
    }
}

/// Families are scored by weights of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Country,
    Org,
    Person,
    Theme,
}

impl Family {
    fn of(id: &str) -> Family {
        match id.split(':').next() {
            Some("country") => Family::Country,
            Some("org") => Family::Org,
            Some("person") => Family::Person,
            _ => Family::Theme,
        }
    }
}

/// One spelling of one topic. What few mentions ask for lies elsewhere: each term that is looked at is a load that misses
/// the first caches, and in these 48 bytes mostly one.
#[derive(Debug)]
pub(super) struct Term {
    wording: Box<Wording>,
    /// Most terms stand in any text.
    pub context: Option<Box<Context>>,
    /// Its first letter is a capital of ASCII, and no other one is a capital.
    is_first_capital: bool,
    pub topic: TopicIndex,
    pub kind: Kind,
    case: Case,
    pub shape: Shape,
    /// A bit per language of `Taxonomy::languages`; 0 is every language.
    pub languages: u64,
    pub weight: f64,
    pub common: bool,
    pub given_name: bool,
    pub family_name: bool,
    pub thing: bool,
    pub alone: bool,
}

#[derive(Debug)]
struct Wording {
    /// As the editor wrote it.
    text: String,
    /// Folded, with its capital letters.
    cased: String,
}

/// Cues that the text must have, and must not have.
#[derive(Debug)]
pub(super) struct Context {
    pub needs: Vec<u32>,
    pub unless: Vec<u32>,
    /// Whose mention it is where one of `unless` occurs.
    pub instead: Option<TopicIndex>,
}

impl Term {
    /// As the editor wrote it.
    pub(super) fn text(&self) -> &str {
        &self.wording.text
    }

    pub(super) fn is_exact(&self) -> bool {
        self.case == Case::Exact
    }

    /// The document may say that it is not meant; most terms are beyond that.
    pub(super) fn may_be_doubtful(&self) -> bool {
        self.common || self.thing || self.context.is_some()
    }

    /// A small first letter never fits.
    fn wants_capital(&self) -> bool {
        self.case != Case::Fold && self.wording.cased.starts_with(char::is_uppercase)
    }

    /// Whether the text has capital letters where the term wants them.
    pub(super) fn case_fits(&self, text: &str) -> bool {
        match self.case {
            Case::Fold => true,
            Case::Exact => text == self.wording.cased,
            Case::Name if self.is_first_capital => text.starts_with(|c: char| c.is_ascii_uppercase()),
            Case::Name => text
                .chars()
                .zip(self.wording.cased.chars())
                .all(|(got, want)| !want.is_uppercase() || got.is_uppercase()),
        }
    }
}

/// One spelling that the document's votes assign to a topic.
#[derive(Debug)]
pub(super) struct Ambiguous {
    pub text: String,
    pub otherwise: Option<TopicIndex>,
    pub given_name: bool,
    pub readings: Vec<Reading>,
}

#[derive(Debug)]
pub(super) struct Reading {
    pub topic: TopicIndex,
    pub kind: Kind,
    pub cues: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Term(u32),
    Ambiguous(u32),
    /// A word that speaks for or against a term elsewhere in the document.
    Cue(u32, Shape),
    /// A word of a list; true: it stands with a capital only, as it does in the list.
    Word(Lexicon, bool),
}

#[derive(Debug)]
pub(super) struct Pattern {
    pub meanings: SmallVec<[Meaning; 2]>,
    pub script: Script,
    pub bytes: u32,
    /// A bit per meaning that is a cue; per meaning that is a word of a list.
    pub cues: u64,
    pub words: u64,
    /// The lists it is in.
    pub lexicons: u8,
    /// Some meaning may stand inside a word.
    pub is_anywhere: bool,
    /// Some meaning may go on as a longer word.
    pub is_open: bool,
    /// Every meaning wants a capital first letter.
    pub is_capitalized: bool,
}

impl Pattern {
    /// So many bits has the set of meanings that stand at a place; `lint` says where a spelling has more.
    pub(super) const MAX_MEANINGS: usize = 64;

    fn new(spelling: &str) -> Pattern {
        Pattern {
            meanings: SmallVec::new(),
            script: Script::of(spelling),
            bytes: spelling.len() as u32,
            cues: 0,
            words: 0,
            lexicons: 0,
            is_anywhere: false,
            is_open: false,
            is_capitalized: true,
        }
    }

    fn add(&mut self, meaning: Meaning, shape: Shape, wants_capital: bool) {
        self.is_capitalized &= wants_capital;
        if self.meanings.contains(&meaning) || self.meanings.len() == Pattern::MAX_MEANINGS {
            return;
        }
        let bit = 1 << self.meanings.len();
        match meaning {
            Meaning::Cue(..) => self.cues |= bit,
            Meaning::Word(lexicon, _) => {
                (self.words, self.lexicons) = (self.words | bit, self.lexicons | lexicon.bit())
            }
            Meaning::Term(_) | Meaning::Ambiguous(_) => {}
        }
        self.is_anywhere |= shape == Shape::Substring;
        self.is_open |= shape != Shape::Word;
        self.meanings.push(meaning);
    }

    /// Some meaning names a topic.
    pub(super) fn has_names(&self) -> bool {
        self.meanings.iter().any(|meaning| matches!(meaning, Meaning::Term(_) | Meaning::Ambiguous(_)))
    }

    /// Every meaning stands wherever the spelling is a whole word: with a capital, if it wants one, as they all do then.
    pub(super) fn is_plain(&self, terms: &[Term]) -> bool {
        self.meanings.iter().all(|meaning| match *meaning {
            Meaning::Cue(..) => true,
            Meaning::Word(_, wants_capital) => wants_capital == self.is_capitalized,
            Meaning::Term(index) => {
                let term = &terms[index as usize];
                term.case == Case::Fold && term.languages == 0
            }
            Meaning::Ambiguous(_) => false,
        })
    }

    /// No meaning stands where a letter or digit of ASCII follows.
    fn is_whole(&self, spelling: &str) -> bool {
        !self.is_open
            && self.script == Script::Spaced
            && spelling.ends_with(|c: char| c.is_ascii_alphanumeric())
    }
}

#[derive(Debug)]
pub(super) struct Taxonomy {
    pub topics: Vec<Topic>,
    /// Of each topic.
    pub roles: Vec<Role>,
    pub terms: Vec<Term>,
    pub ambiguous: Vec<Ambiguous>,
    pub patterns: Vec<Pattern>,
    pub trie: Trie,
    pub starts: Starts,
    pub weights: Weights,
    pub languages: Vec<String>,
    pub cue_count: usize,
    pub version: String,
}
