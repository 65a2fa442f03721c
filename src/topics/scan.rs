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

/// How a word begins: with a small letter, or in any way.
#[derive(Clone, Copy)]
enum Case {
    Small,
    Any,
}

/// What can be told of a place without walking the trie.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each byte, whether a spelling begins with it, and whether one that may stand inside a word does.
    bytes: [u8; 256],
    /// First words of the spellings that may begin with a small letter; of all spellings.
    words: [WordSet; 2],
}

impl Starts {
    const BEGINS: u8 = 1;
    const ANYWHERE: u8 = 2;

    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, &'a Pattern)>) -> Starts {
        let mut starts = Starts { bytes: [0; 256], words: [WordSet::default(), WordSet::default()] };
        for (text, pattern) in spellings {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
            starts.words[Case::Any as usize].add(text.as_bytes(), pattern.is_open);
            if !pattern.is_capitalized {
                starts.words[Case::Small as usize].add(text.as_bytes(), pattern.is_open);
            }
        }
        starts
    }

    fn may_begin(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::BEGINS != 0
    }

    fn is_anywhere(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::ANYWHERE != 0
    }

    fn may_stand(&self, text: &[u8], case: Case) -> bool {
        self.words[case as usize].may_hold(text)
    }
}

/// First words of spellings, by hash: says no for certain, and yes wrongly for one word in eight at most. Nine in ten
/// words of an article end here.
#[derive(Debug)]
struct WordSet {
    whole: Vec<u64>,
    /// The first three letters of words that may go on ("sanction*").
    open: Vec<u64>,
    /// Words of one or two letters may go on: anything is possible.
    is_full: bool,
}

impl Default for WordSet {
    fn default() -> WordSet {
        let empty = || vec![0; WordSet::BITS / 64];
        WordSet { whole: empty(), open: empty(), is_full: false }
    }
}

impl WordSet {
    /// 8 KB each: a quarter of a core's first cache, for 8,000 different first words.
    const BITS: usize = 1 << 16;
    /// Of a word that may go on, its first letters: most are longer, some have no more.
    const OPEN_BYTES: usize = 4;

    fn add(&mut self, text: &[u8], is_open: bool) {
        let word = &text[..word_length(text)];
        let goes_on = is_open && word.len() == text.len();
        match word.len() {
            _ if !goes_on => set(&mut self.whole, hash(word)),
            0..=2 => self.is_full = true,
            3 => (0..=255u8).for_each(|next| set(&mut self.open, hash(&[word[0], word[1], word[2], next]))),
            _ => set(&mut self.open, hash(&word[..WordSet::OPEN_BYTES])),
        }
        if goes_on {
            set(&mut self.whole, hash(word));
        }
    }

    fn may_hold(&self, text: &[u8]) -> bool {
        let length = word_length(text);
        let word = &text[..length];
        self.is_full
            || has(&self.whole, hash(word))
            || (length >= WordSet::OPEN_BYTES && has(&self.open, hash(&word[..WordSet::OPEN_BYTES])))
    }
}

/// Of the word of ASCII letters and digits that the text begins with. Longer ones than this are no first words that
/// have to be told apart, and a text without spaces is not read again and again.
fn word_length(text: &[u8]) -> usize {
    text.iter().take(32).take_while(|byte| is_word_byte(**byte)).count()
}

/// Of the length and the first eight letters.
fn hash(word: &[u8]) -> usize {
    let letters = match word.first_chunk::<8>() {
        Some(first) => u64::from_le_bytes(*first),
        None => word.iter().rev().fold(0, |letters, byte| letters << 8 | u64::from(*byte)),
    };
    // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
    let spread = (letters ^ (word.len() as u64) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> (64 - WordSet::BITS.trailing_zeros())) as usize
}

fn set(bits: &mut [u64], hash: usize) {
    bits[hash / 64] |= 1 << (hash % 64);
}

fn has(bits: &[u64], hash: usize) -> bool {
    bits[hash / 64] >> (hash % 64) & 1 == 1
}
