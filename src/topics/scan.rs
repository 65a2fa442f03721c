//! Finds every spelling of the taxonomy in a text: leftmost, longest, where a word may stand.

use super::document::{Document, Part, Zone};
use super::schema::Lexicon;
use super::script::{Script, Shape, ends_word, is_word_byte, is_word_char, starts_word};
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
            let is_hopeless = || self.is_small(at) && starts.is_only_capitalized(&text[at..]);
            if !starts.may_begin(text[at]) || !self.may_start(at) || is_hopeless() {
                at = self.next_start(at);
                continue;
            }
            at = self.standing(at, found).unwrap_or_else(|| self.next_start(at));
        }
    }

    fn is_small(&self, at: usize) -> bool {
        self.part.text.cased.as_bytes()[at].is_ascii_lowercase()
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

/// What can be told of a place without walking the trie.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each byte, whether a spelling begins with it, and whether one that may stand inside a word does.
    bytes: [u8; 256],
    /// A bit per hash of the first four letters of the spellings that a word in small letters may be.
    uncapitalized: Box<[u64; Starts::HASHES / 64]>,
}

impl Starts {
    const BEGINS: u8 = 1;
    const ANYWHERE: u8 = 2;
    /// 4 KB: 5 of 100 bits are set; two of three words in small letters end here.
    const HASHES: usize = 1 << 15;

    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, &'a Pattern)>) -> Starts {
        let mut starts = Starts { bytes: [0; 256], uncapitalized: Box::new([0; Starts::HASHES / 64]) };
        for (text, pattern) in spellings {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
            if !pattern.is_capitalized {
                starts.add(text.as_bytes(), pattern.is_open);
            }
        }
        starts
    }

    fn add(&mut self, text: &[u8], is_open: bool) {
        let word = text.iter().take_while(|byte| is_word_byte(**byte)).count();
        let goes_on = is_open && word == text.len();
        match word {
            0..=2 if goes_on => self.uncapitalized.fill(u64::MAX),
            3 if goes_on => (0..=255).for_each(|next| self.set(&[text[0], text[1], text[2], next])),
            _ => self.set(text),
        }
    }

    fn set(&mut self, text: &[u8]) {
        let hash = Starts::hash(text);
        self.uncapitalized[hash / 64] |= 1 << (hash % 64);
    }

    /// Of the first four letters of the word at the beginning of a text.
    fn hash(text: &[u8]) -> usize {
        let word = text.iter().take(4).take_while(|byte| is_word_byte(**byte));
        let letters = word.fold(0u32, |letters, byte| letters << 8 | u32::from(*byte));
        // 2^32 divided by the golden ratio (Knuth's multiplicative hashing).
        letters.wrapping_mul(0x9e37_79b9) as usize >> (32 - Starts::HASHES.trailing_zeros())
    }

    fn may_begin(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::BEGINS != 0
    }

    fn is_anywhere(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::ANYWHERE != 0
    }

    /// Whatever begins like this is written with a capital.
    fn is_only_capitalized(&self, lower: &[u8]) -> bool {
        let hash = Starts::hash(lower);
        self.uncapitalized[hash / 64] >> (hash % 64) & 1 == 0
    }
}
