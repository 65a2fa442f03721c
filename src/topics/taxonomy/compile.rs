//! Raw files -> terms, cues, word lists -> patterns -> automaton.

use super::{
    Ambiguous, Context, Family, Meaning, Pattern, Reading, Role, Taxonomy, Term, Topic, TopicIndex, Wording,
};
use crate::topics::fold::fold_term;
use crate::topics::inflection;
use crate::topics::schema::{Case, Kind, Lexicon, Raw, RawAmbiguous, RawTerm, RawTopic};
use crate::topics::script::{Script, Shape};
use crate::topics::starts::Starts;
use crate::topics::trie::Trie;
use crate::topics::weights::Weights;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Compiles what `lint` found sound. Unknown ids are skipped: `lint` has reported them.
pub(in crate::topics) fn compile(raw: &Raw, weights: Weights, content: &[u8]) -> Taxonomy {
    let mut compiler = Compiler::new(raw, weights);
    raw.terms.iter().for_each(|term| compiler.term(term));
    raw.ambiguous.iter().for_each(|entry| compiler.ambiguous(entry));
    raw.words.iter().for_each(|(lexicon, word, _)| compiler.word(*lexicon, word));
    inflection::add(&mut compiler, &raw.terms, &raw.inflections);
    compiler.finish(content)
}

pub(in crate::topics) struct Compiler {
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
    pub(in crate::topics) fn form(&mut self, raw: &RawTerm, text: &str) {
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

    fn ambiguous(&mut self, raw: &RawAmbiguous) {
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
        let starts = Starts::new(spellings(), &self.terms, &trie);
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
