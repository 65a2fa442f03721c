//! Finds every spelling of the taxonomy in a text: leftmost, longest, where a word may stand.

use super::document::{Document, Part, Zone};
use super::schema::Lexicon;
use super::script::{Script, Shape, ends_word, is_word_byte, is_word_char, starts_word};
use super::starts::{Case, FirstWord};
use super::taxonomy::{Meaning, Pattern, Taxonomy};
use super::trie::Standing;
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
        let mut scanner = Scanner { taxonomy, document, part, languages, beginning: Standing::new() };
        scanner.run(&mut found);
    }
    found
}

struct Scanner<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    part: &'a Part,
    languages: u64,
    /// The spellings that begin at the place that is looked at; here so that its memory is used again.
    beginning: Standing,
}

impl Scanner<'_> {
    fn run(&mut self, found: &mut Vec<Found>) {
        let text = self.part.text.lower.as_bytes();
        let mut at = 0;
        while at < text.len() {
            at = if is_word_byte(text[at]) { self.word(at, found) } else { self.sign(at, found) };
            // Nothing begins with a space: terms are folded, and folding drops it.
            at += usize::from(text.get(at) == Some(&b' '));
        }
    }

    /// What stands at a word of ASCII letters; returns where to go on. Most words begin nothing and are passed over
    /// whole.
    fn word(&mut self, at: usize, found: &mut Vec<Found>) -> usize {
        let (text, starts) = (&self.part.text.lower.as_bytes()[at..], &self.taxonomy.starts);
        let word = FirstWord::of(text);
        let case =
            if self.part.text.cased.as_bytes()[at].is_ascii_lowercase() { Case::Small } else { Case::Any };
        let is_anywhere = starts.is_anywhere(text[0]);
        let may_stand = is_anywhere || (starts.may_stand(word, case) && self.begins_word(at));
        let end = if may_stand { self.standing(at, case, found) } else { None };
        end.unwrap_or_else(|| at + starts.next_inside(&text[..word.length]))
    }

    /// The same at any other character: a letter of another script, a sign, white space.
    fn sign(&mut self, at: usize, found: &mut Vec<Found>) -> usize {
        let text = self.part.text.lower.as_bytes();
        let may_stand = self.taxonomy.starts.may_begin(text[at]);
        let end = if may_stand { self.standing(at, Case::Any, found) } else { None };
        end.unwrap_or_else(|| at + character_bytes(text[at]))
    }

    /// A word of ASCII letters begins nothing in its middle.
    fn begins_word(&self, at: usize) -> bool {
        let before = &self.part.text.lower[..at];
        !before.ends_with(is_word_char)
    }

    /// The longest spelling that stands here. Where it is only a cue ("vaccine"), the longest that names something
    /// ("vaccin*") too: a cue hides nobody. Returns where to go on.
    fn standing(&mut self, start: usize, case: Case, found: &mut Vec<Found>) -> Option<usize> {
        self.taxonomy.trie.walk(&self.part.text.lower.as_bytes()[start..], &mut self.beginning);
        let mut next = None;
        while let Some(index) = self.beginning.pop() {
            let pattern = &self.taxonomy.patterns[index as usize];
            if pattern.is_capitalized && case == Case::Small {
                continue;
            }
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
        let is_capitalized = || match cased.as_bytes().first() {
            Some(first) if first.is_ascii() => !first.is_ascii_lowercase(),
            _ => !cased.starts_with(char::is_lowercase),
        };
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

/// How many bytes the character has that begins with this one (RFC 3629, section 3).
fn character_bytes(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}
