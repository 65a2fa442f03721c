//! The compiled taxonomy: every spelling in one automaton, each with what it may mean.
//!
//! Raw files -> terms, cues, word lists -> patterns -> automaton

use super::Problem;
use super::fold::fold_term;
use super::inflection;
use super::schema::{Case, Kind, Lexicon, Place, Raw, RawTerm, RawTopic};
use super::script::{Script, Shape};
use super::starts::Starts;
use super::trie::Trie;
use super::weights::Weights;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;
use std::collections::HashMap;

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

/// Compiles what `lint` found sound. Unknown ids are skipped: `lint` has reported them.
pub(super) fn compile(raw: &Raw, weights: Weights, content: &[u8]) -> Taxonomy {
    let mut compiler = Compiler::new(raw, weights);
    raw.terms.iter().for_each(|term| compiler.term(term));
    raw.ambiguous.iter().for_each(|entry| compiler.ambiguous(entry));
    raw.words.iter().for_each(|(lexicon, word, _)| compiler.word(*lexicon, word));
    inflection::add(&mut compiler, &raw.terms, &raw.inflections);
    compiler.finish(content)
}

pub(super) struct Compiler {
    topics: Vec<Topic>,
    roles: Vec<Role>,
    topic_of: HashMap<String, TopicIndex>,
    terms: Vec<Term>,
    ambiguous: Vec<Ambiguous>,
    spellings: Vec<String>,
    patterns: Vec<Pattern>,
    pattern_of: HashMap<String, u32>,
    cue_of: HashMap<String, u32>,
    contexts: HashMap<String, Vec<String>>,
    languages: Vec<String>,
    weights: Weights,
}

impl Compiler {
    fn new(raw: &Raw, weights: Weights) -> Compiler {
        let topics: Vec<Topic> = raw.topics.iter().map(topic).collect();
        let topic_of: HashMap<String, TopicIndex> =
            topics.iter().enumerate().map(|(i, t)| (t.id.clone(), i as u32)).collect();
        let role = |raw: &RawTopic| {
            let family = Family::of(&raw.id);
            let country =
                raw.broader.iter().find(|id| family == Family::Person && id.starts_with("country:"));
            Role { family, country: country.and_then(|id| topic_of.get(id).copied()) }
        };
        let roles = raw.topics.iter().map(role).collect();
        Compiler {
            topics,
            roles,
            topic_of,
            terms: Vec::new(),
            ambiguous: Vec::new(),
            spellings: Vec::new(),
            patterns: Vec::new(),
            pattern_of: HashMap::new(),
            cue_of: HashMap::new(),
            contexts: raw.contexts.iter().cloned().collect(),
            languages: Vec::new(),
            weights,
        }
    }

    fn term(&mut self, raw: &RawTerm) {
        let Some(&topic) = self.topic_of.get(&raw.topic) else { return };
        self.spelling(raw, &raw.text, topic);
        if let Some(stem) = cyrillic_stem(&raw.text) {
            self.spelling(raw, stem, topic);
        }
        let takes_plural = raw.kind == Kind::Demonym
            && raw.language.as_deref() == Some("en")
            && !raw.text.ends_with(['s', 'h', 'e', '*']);
        if takes_plural {
            self.spelling(raw, &format!("{}s", raw.text), topic);
        }
    }

    /// Another form of a term, unless the word is somebody's own already.
    pub(super) fn form(&mut self, raw: &RawTerm, text: &str) {
        let Some(&topic) = self.topic_of.get(&raw.topic) else { return };
        let pattern = self.pattern_of.get(&fold_term(text).0).map(|known| &self.patterns[*known as usize]);
        let is_own = |meaning: &Meaning| match meaning {
            Meaning::Term(index) => self.terms[*index as usize].topic != topic,
            Meaning::Ambiguous(_) | Meaning::Word(..) => true,
            Meaning::Cue(..) => false,
        };
        if !pattern.is_some_and(|pattern| pattern.meanings.iter().any(is_own)) {
            self.spelling(raw, text, topic);
        }
    }

    fn spelling(&mut self, raw: &RawTerm, text: &str, topic: TopicIndex) {
        let (text, shape) = split_star(text);
        let (lower, cased) = fold_term(text);
        if lower.is_empty() {
            return;
        }
        let language = raw.language.as_ref().filter(|_| !is_everywhere(raw));
        let languages = language.map_or(0, |language| self.language(language));
        let pattern = self.pattern(lower);
        if let Some(known) = self.same_term(pattern, topic) {
            // The same spelling in another language: one term for both. The first file's rules hold.
            let known = &mut self.terms[known as usize];
            known.languages =
                if languages == 0 || known.languages == 0 { 0 } else { known.languages | languages };
            return;
        }
        let has_capitals = cased.chars().any(char::is_uppercase);
        let term = Term {
            is_first_capital: is_first_capital(&cased),
            wording: Box::new(Wording { text: text.to_owned(), cased }),
            context: self.context(raw),
            topic,
            kind: raw.kind,
            case: raw.case.unwrap_or(if has_capitals { Case::Name } else { Case::Fold }),
            shape,
            languages,
            weight: raw.weight.unwrap_or_else(|| self.weights.of_kind(raw.kind)),
            common: raw.common,
            given_name: raw.given_name,
            family_name: raw.family_name,
            thing: raw.thing,
            alone: raw.alone,
        };
        let index = self.terms.len() as u32;
        let wants_capital = term.wants_capital();
        self.terms.push(term);
        self.patterns[pattern as usize].add(Meaning::Term(index), shape, wants_capital);
    }

    fn context(&mut self, raw: &RawTerm) -> Option<Box<Context>> {
        let (needs, unless) = (self.cues(&raw.needs), self.cues(&raw.unless));
        let instead = raw.instead.as_ref().and_then(|id| self.topic_of.get(id).copied());
        let is_any = needs.is_empty() && unless.is_empty();
        (!is_any).then(|| Box::new(Context { needs, unless, instead }))
    }

    fn same_term(&self, pattern: u32, topic: TopicIndex) -> Option<u32> {
        self.patterns[pattern as usize].meanings.iter().find_map(|meaning| match meaning {
            Meaning::Term(index) if self.terms[*index as usize].topic == topic => Some(*index),
            _ => None,
        })
    }

    fn ambiguous(&mut self, raw: &super::schema::RawAmbiguous) {
        let readings: Vec<(TopicIndex, Kind, Vec<String>)> = raw
            .readings
            .iter()
            .filter_map(|(id, kind, cues)| Some((*self.topic_of.get(id)?, *kind, cues.clone())))
            .collect();
        let otherwise = raw.otherwise.as_ref().and_then(|id| self.topic_of.get(id).copied());
        for text in &raw.terms {
            let readings = readings
                .iter()
                .map(|(topic, kind, cues)| Reading { topic: *topic, kind: *kind, cues: self.cues(cues) })
                .collect();
            let pattern = self.pattern(fold_term(text).0);
            let index = self.ambiguous.len() as u32;
            self.ambiguous.push(Ambiguous {
                text: text.clone(),
                otherwise,
                given_name: raw.given_name,
                readings,
            });
            self.patterns[pattern as usize].add(Meaning::Ambiguous(index), Shape::Word, true);
        }
    }

    fn word(&mut self, lexicon: Lexicon, word: &str) {
        let (lower, cased) = fold_term(word);
        let wants_capital = cased.starts_with(char::is_uppercase);
        let pattern = self.pattern(lower);
        self.patterns[pattern as usize].add(
            Meaning::Word(lexicon, wants_capital),
            Shape::Word,
            wants_capital,
        );
    }

    /// The cues of a list, the named contexts in it spelled out.
    fn cues(&mut self, words: &[String]) -> Vec<u32> {
        let mut cues = Vec::with_capacity(words.len());
        for word in words {
            match word.strip_prefix('@').and_then(|name| self.contexts.get(name).cloned()) {
                Some(context) => cues.extend(context.iter().map(|cue| self.cue(cue))),
                None => cues.push(self.cue(word)),
            }
        }
        cues
    }

    fn cue(&mut self, text: &str) -> u32 {
        let (text, shape) = split_star(text);
        let folded = fold_term(text).0;
        let next = self.cue_of.len() as u32;
        let cue = *self.cue_of.entry(format!("{folded}{shape:?}")).or_insert(next);
        let pattern = self.pattern(folded);
        self.patterns[pattern as usize].add(Meaning::Cue(cue, shape), shape, false);
        cue
    }

    fn pattern(&mut self, spelling: String) -> u32 {
        if let Some(known) = self.pattern_of.get(&spelling) {
            return *known;
        }
        let index = self.patterns.len() as u32;
        self.patterns.push(Pattern::new(&spelling));
        self.pattern_of.insert(spelling.clone(), index);
        self.spellings.push(spelling);
        index
    }

    /// 63 languages at most share the bits; further ones count as every language.
    fn language(&mut self, language: &str) -> u64 {
        let known = self.languages.iter().position(|l| l == language);
        let index = known.unwrap_or_else(|| {
            self.languages.push(language.to_owned());
            self.languages.len() - 1
        });
        if index < 64 { 1 << index } else { 0 }
    }

    fn finish(self, content: &[u8]) -> Taxonomy {
        let spellings = || self.spellings.iter().map(String::as_str).zip(&self.patterns);
        let trie = Trie::new(spellings().map(|(text, pattern)| (text, pattern.is_whole(text))));
        let starts = Starts::new(spellings(), &trie);
        Taxonomy {
            topics: self.topics,
            roles: self.roles,
            terms: self.terms,
            ambiguous: self.ambiguous,
            patterns: self.patterns,
            trie,
            starts,
            weights: self.weights,
            languages: self.languages,
            cue_count: self.cue_of.len(),
            version: Sha256::digest(content)[..6].iter().map(|b| format!("{b:02x}")).collect(),
        }
    }
}

fn topic(raw: &RawTopic) -> Topic {
    Topic {
        id: raw.id.clone(),
        name: raw.name.clone(),
        wikidata: raw.wikidata.clone(),
        iptc: raw.iptc.clone(),
        as_of: raw.as_of.clone(),
        place: raw.place.clone(),
    }
}

fn is_first_capital(cased: &str) -> bool {
    let mut letters = cased.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase()) && !letters.any(char::is_uppercase)
}

/// "Washington" is Washington in a Swedish text too. Not so the short ("Male") and those with rules of their own.
fn is_everywhere(raw: &RawTerm) -> bool {
    let is_place = matches!(raw.kind, Kind::Capital | Kind::City);
    let is_plain = raw.needs.is_empty() && raw.unless.is_empty() && raw.case.is_none();
    let is_name_only = !raw.common && !raw.given_name && !raw.family_name && !raw.thing;
    is_place && is_plain && is_name_only && raw.text.len() > 4
}

/// "Турци" of "Турция": the endings of its cases begin behind it. One word of five letters at least.
fn cyrillic_stem(text: &str) -> Option<&str> {
    let is_word = Script::of(text) == Script::Cyrillic && text.chars().all(char::is_alphabetic);
    let stem = text.strip_suffix(['а', 'я', 'ь', 'й', 'ы'])?;
    (is_word && stem.chars().count() >= 4).then_some(stem)
}

/// `sanction*` stands for every word that begins so, `*산` with a star in front for any place in a word.
fn split_star(text: &str) -> (&str, Shape) {
    match (text.strip_prefix('*'), text.strip_suffix('*')) {
        (Some(rest), _) => (rest.strip_suffix('*').unwrap_or(rest), Shape::Substring),
        (None, Some(rest)) => (rest, Shape::Prefix),
        (None, None) => (text, Shape::Word),
    }
}
