//! Finds every spelling of the taxonomy in a text: leftmost, longest, where a word may stand.

use super::document::{Document, Part, Zone};
use super::language::Spoken;
use super::schema::Lexicon;
use super::script::{Script, Shape, ends_word, starts_word};
use super::starts::{Beginning, Case, Plain};
use super::taxonomy::{Meaning, Pattern, Taxonomy};
use super::trie::{Node, Standing};
use super::word_bits::{BLOCK, blocks};
use crate::record::Field;

/// One spelling found, with what it may mean here (language and case are already respected).
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub field: Field,
    pub zone: Zone,
    pattern: u32,
    /// A bit per meaning of the pattern that stands here; more bits than meanings say nothing.
    standing: u64,
    /// A bit per word list that the spelling is in.
    lexicons: u8,
    /// Some meaning is a cue.
    pub has_cues: bool,
    /// Some meaning names a topic.
    pub has_names: bool,
}

impl Found {
    pub(super) fn is_word(&self, lexicon: Lexicon) -> bool {
        self.lexicons & lexicon.bit() != 0
    }

    pub(super) fn meanings<'t>(&self, taxonomy: &'t Taxonomy) -> impl Iterator<Item = Meaning> + use<'t> {
        let (meanings, mut standing) = (&taxonomy.patterns[self.pattern as usize].meanings, self.standing);
        std::iter::from_fn(move || {
            let next = meanings.get(standing.trailing_zeros() as usize);
            standing &= standing.wrapping_sub(1);
            next.copied()
        })
    }
}

/// Everything found, title first, in reading order.
pub(super) fn scan(taxonomy: &Taxonomy, document: &Document, spoken: &Spoken) -> Vec<Found> {
    let mut found = Vec::with_capacity(64);
    for part in [&document.title, &document.body] {
        let mut scanner = Scanner { taxonomy, document, part, spoken, candidates: Standing::new() };
        scanner.run(&mut found);
    }
    found
}

struct Scanner<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    part: &'a Part,
    spoken: &'a Spoken<'a>,
    /// The spellings that begin at the place that is looked at; here so that its memory is used again.
    candidates: Standing,
}

impl Scanner<'_> {
    fn run(&mut self, found: &mut Vec<Found>) {
        let (text, starts) = (self.part.text.lower.as_bytes(), &self.taxonomy.starts);
        let cased = &self.part.text.cased.as_bytes()[..text.len()];
        // Behind the last spelling that was found.
        let mut free = 0;
        for (index, block) in blocks(text).iter().enumerate() {
            let start = index * BLOCK;
            let mut places = block.places() | starts.inside(&text[start..]);
            while places != 0 {
                let bit = places.trailing_zeros() as usize;
                places &= places - 1;
                let at = start + bit;
                if at < free {
                    continue;
                }
                // Most words begin nothing.
                let length = block.word_length(bit);
                let beginning = match length {
                    0 => starts.may_begin(text[at]).then_some(Beginning::Node(Node::ROOT)),
                    _ if starts.is_anywhere(text[at]) => Some(Beginning::Node(Node::ROOT)),
                    _ => starts
                        .at_word(&text[at..], length, Case::of(cased[at]))
                        .filter(|_| self.begins_word(at)),
                };
                free = match beginning {
                    None => continue,
                    Some(Beginning::Plain(plain)) => self.plain(at, at + length, plain, found),
                    Some(Beginning::Spelling(spelling)) => self.spelling(at, spelling, found).unwrap_or(free),
                    Some(Beginning::Node(node)) => {
                        self.taxonomy.trie.walk(&text[at..], node, &mut self.candidates);
                        self.longest(at, found).unwrap_or(free)
                    }
                };
            }
        }
    }

    /// A word of ASCII letters begins nothing in its middle, behind a letter of another kind.
    #[inline]
    fn begins_word(&self, at: usize) -> bool {
        self.part.text.is_ascii || starts_word(&self.part.text.lower, at, Script::Spaced)
    }

    /// A word that means here all that it may mean. Returns where to go on.
    #[inline]
    fn plain(&self, start: usize, end: usize, plain: Plain, found: &mut Vec<Found>) -> usize {
        let Plain { spelling: pattern, lexicons, has_cues, has_names } = plain;
        let field = self.part.field;
        let zone = self.document.zone(field, start);
        let standing = u64::MAX;
        found.push(Found { start, end, field, zone, pattern, standing, lexicons, has_cues, has_names });
        end
    }

    /// A whole word that means here some of what it may mean. Returns where to go on.
    fn spelling(&self, start: usize, spelling: u32, found: &mut Vec<Found>) -> Option<usize> {
        let standing = self.found(start, spelling, true)?;
        found.push(standing);
        Some(standing.end)
    }

    /// The longest candidate that stands here. Where it is only a cue ("vaccine"), the longest that names something
    /// ("vaccin*") too: a cue hides nobody. Returns where to go on.
    fn longest(&mut self, start: usize, found: &mut Vec<Found>) -> Option<usize> {
        let mut next = None;
        while let Some(spelling) = self.candidates.pop() {
            let Some(standing) = self.found(start, spelling, false) else { continue };
            found.push(standing);
            next = Some(standing.end);
            if standing.lexicons != 0 || standing.has_names {
                break;
            }
        }
        next
    }

    /// A spelling with what may be meant here, if anything may.
    #[inline]
    fn found(&self, start: usize, spelling: u32, is_word: bool) -> Option<Found> {
        let pattern = &self.taxonomy.patterns[spelling as usize];
        if pattern.is_capitalized && Case::of(self.part.text.cased.as_bytes()[start]) == Case::Small {
            return None;
        }
        let (field, end) = (self.part.field, start + pattern.bytes as usize);
        let standing = self.meanings(pattern, start, end, is_word);
        (standing != 0).then(|| Found {
            start,
            end,
            field,
            zone: self.document.zone(field, start),
            pattern: spelling,
            standing,
            lexicons: if standing & pattern.words != 0 { pattern.lexicons } else { 0 },
            has_cues: standing & pattern.cues != 0,
            has_names: standing & !pattern.cues & !pattern.words != 0,
        })
    }

    /// A bit per meaning of the pattern that may be meant here; nothing is asked of a word that is known to be whole.
    fn meanings(&self, pattern: &Pattern, start: usize, end: usize, is_word: bool) -> u64 {
        let lower = self.part.text.lower.as_str();
        let is_free = is_word || pattern.script == Script::Unspaced;
        let starts = is_free || starts_word(lower, start, pattern.script);
        if !starts && !pattern.is_anywhere {
            return 0;
        }
        let ends = is_free || (starts && ends_word(lower, start..end, pattern.script));
        let stands = |shape| match shape {
            Shape::Word => ends,
            Shape::Prefix => starts,
            Shape::Substring => true,
        };
        let cased = &self.part.text.cased;
        let is_capitalized = || match cased.as_bytes()[start] {
            first if first.is_ascii() => !first.is_ascii_lowercase(),
            _ => !cased[start..].starts_with(char::is_lowercase),
        };
        let mut standing = 0;
        for (index, meaning) in pattern.meanings.iter().enumerate() {
            let is_meant = match *meaning {
                Meaning::Term(index) => {
                    let term = &self.taxonomy.terms[index as usize];
                    stands(term.shape)
                        && self.is_spoken(term.languages, pattern)
                        && term.case_fits(&cased[start..end])
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
        languages == 0 || pattern.script != Script::Spaced || self.spoken.is_any_of(languages)
    }
}
