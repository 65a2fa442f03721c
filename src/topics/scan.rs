//! Finds every spelling of the taxonomy in a text: leftmost, longest, where a word may stand.

use super::document::{Document, Part, Zone};
use super::schema::Lexicon;
use super::script::{Script, Shape, ends_word, is_word_byte, is_word_char, starts_word};
use super::starts::Case;
use super::taxonomy::{Meaning, Pattern, Taxonomy};
use crate::record::Field;

/// One spelling found, with what it may mean here (language and case are already respected).
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub field: Field,
    pub zone: Zone,
    pattern: u32,
    /// A bit per meaning of the pattern that stands here.
    standing: u64,
    /// A bit per word list that the spelling is in.
    lexicons: u8,
}

impl Found {
    pub(super) fn is_word(&self, lexicon: Lexicon) -> bool {
        self.lexicons & lexicon.bit() != 0
    }

    pub(super) fn meanings<'t>(&self, taxonomy: &'t Taxonomy) -> impl Iterator<Item = Meaning> + use<'t> {
        let standing = self.standing;
        let meanings = taxonomy.patterns[self.pattern as usize].meanings.iter().enumerate();
        meanings.filter(move |(index, _)| standing >> index & 1 == 1).map(|(_, meaning)| *meaning)
    }
}

/// Everything found, title first, in reading order.
pub(super) fn scan(taxonomy: &Taxonomy, document: &Document, languages: u64) -> Vec<Found> {
    let mut found = Vec::with_capacity(64);
    for part in [&document.title, &document.body] {
        let scanner = Scanner { taxonomy, document, part, languages };
        scanner.run(&mut found);
    }
    found
}

struct Scanner<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    part: &'a Part,
    languages: u64,
}

impl Scanner<'_> {
    fn run(&self, found: &mut Vec<Found>) {
        let text = self.part.text.lower.as_bytes();
        let starts = &self.taxonomy.starts;
        let mut at = 0;
        while at < text.len() {
            if !starts.may_begin(text[at]) || !self.may_start(at) || self.is_hopeless(at) {
                at = self.next_start(at);
                continue;
            }
            at = self.standing(at, found).unwrap_or_else(|| self.next_start(at));
        }
    }

    /// A word of ASCII letters that no spelling begins with.
    fn is_hopeless(&self, at: usize) -> bool {
        let (text, cased) = (self.part.text.lower.as_bytes(), self.part.text.cased.as_bytes());
        let is_word = is_word_byte(text[at]) && !self.taxonomy.starts.is_anywhere(text[at]);
        let case = if cased[at].is_ascii_lowercase() { Case::Small } else { Case::Any };
        is_word && !self.taxonomy.starts.may_stand(&text[at..], case)
    }

    /// A word of ASCII letters begins nothing in its middle, unless some term may stand anywhere.
    fn may_start(&self, at: usize) -> bool {
        let text = &self.part.text.lower;
        let byte = text.as_bytes()[at];
        if !is_word_byte(byte) || self.taxonomy.starts.is_anywhere(byte) || at == 0 {
            return true;
        }
        let previous = text.as_bytes()[at - 1];
        match previous.is_ascii() {
            true => !is_word_byte(previous),
            false => !text[..at].chars().next_back().is_some_and(is_word_char),
        }
    }

    /// The next place where something may begin: behind the word, or the next character outside of ASCII words.
    fn next_start(&self, at: usize) -> usize {
        let (text, starts) = (&self.part.text.lower, &self.taxonomy.starts);
        let bytes = text.as_bytes();
        if !bytes[at].is_ascii() {
            return at + text[at..].chars().next().map_or(1, char::len_utf8);
        }
        let is_inside = |byte: &u8| is_word_byte(*byte) && !starts.is_anywhere(*byte);
        let word = bytes[at + 1..].iter().take_while(|byte| is_inside(byte)).count();
        if is_word_byte(bytes[at]) { at + 1 + word } else { at + 1 }
    }

    /// The longest spelling that stands here. Where it is only a cue ("vaccine"), the longest that names something
    /// ("vaccin*") too: a cue hides nobody. Returns where to go on.
    fn standing(&self, start: usize, found: &mut Vec<Found>) -> Option<usize> {
        let mut patterns = self.taxonomy.trie.walk(&self.part.text.lower.as_bytes()[start..]);
        let mut next = None;
        while let Some(index) = patterns.pop() {
            let pattern = &self.taxonomy.patterns[index as usize];
            let end = start + pattern.bytes as usize;
            let standing = self.meanings(pattern, start, end);
            if standing == 0 {
                continue;
            }
            let zone = self.document.zone(self.part.field, start);
            let lexicons = if standing & pattern.words != 0 { pattern.lexicons } else { 0 };
            let field = self.part.field;
            found.push(Found { start, end, field, zone, pattern: index, standing, lexicons });
            next = Some(end);
            if standing & !pattern.cues != 0 {
                break;
            }
        }
        next
    }

    /// A bit per meaning of the pattern that may be meant here.
    fn meanings(&self, pattern: &Pattern, start: usize, end: usize) -> u64 {
        let lower = self.part.text.lower.as_str();
        let is_free = pattern.script == Script::Unspaced;
        let starts = is_free || starts_word(&lower[..start], pattern.script);
        if !starts && !pattern.is_anywhere {
            return 0;
        }
        let ends = is_free || (starts && ends_word(&lower[start..end], &lower[end..], pattern.script));
        let stands = |shape| match shape {
            Shape::Word => ends,
            Shape::Prefix => starts,
            Shape::Substring => true,
        };
        let cased = &self.part.text.cased[start..end];
        let is_capitalized = || cased.starts_with(|c: char| !c.is_lowercase());
        let mut standing = 0;
        for (index, meaning) in pattern.meanings.iter().enumerate() {
            let is_meant = match *meaning {
                Meaning::Term(index) => {
                    let term = &self.taxonomy.terms[index as usize];
                    stands(term.shape) && self.is_spoken(term.languages, pattern) && term.case_fits(cased)
                }
                Meaning::Ambiguous(_) => ends && is_capitalized(),
                Meaning::Cue(_, shape) => stands(shape),
                Meaning::Word(_, wants_capital) => ends && (!wants_capital || is_capitalized()),
            };
            standing |= u64::from(is_meant) << index;
        }
        standing
    }

    /// Scripts tell their languages apart; Latin letters do not, so there the document's language decides.
    fn is_spoken(&self, languages: u64, pattern: &Pattern) -> bool {
        languages == 0 || languages & self.languages != 0 || pattern.script != Script::Spaced
    }
}
