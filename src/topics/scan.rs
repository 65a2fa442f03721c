//! Finds every spelling of the taxonomy in a text: leftmost, longest, where a word may stand.

use super::document::{Document, Part, Zone};
use super::schema::Lexicon;
use super::script::stands_alone;
use super::taxonomy::{Meaning, Pattern, Taxonomy};
use crate::record::Field;
use aho_corasick::Input;
use smallvec::SmallVec;

/// One spelling found, with what it may mean here (language and case are already respected).
#[derive(Debug)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub field: Field,
    pub zone: Zone,
    pub meanings: SmallVec<[Meaning; 2]>,
}

impl Found {
    pub(super) fn is_word(&self, lexicon: Lexicon) -> bool {
        self.meanings.contains(&Meaning::Word(lexicon))
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
        let text = self.part.text.lower.as_str();
        let mut at = 0;
        while at < text.len() {
            let input = Input::new(text).span(at..text.len());
            let Some(hit) = self.taxonomy.automaton.find(input) else { return };
            let standing = self.standing(hit.pattern().as_u32(), hit.start());
            // Nothing stands here ("chad" in "machado"): go on behind its first character.
            let next = text[hit.start()..].chars().next().map_or(1, char::len_utf8);
            at = standing.last().map_or(hit.start() + next, |spelling| spelling.end);
            found.extend(standing);
        }
    }

    /// The longest spelling that stands here. Where it is only a cue ("vaccine"), the longest that names something
    /// ("vaccin*") too: a cue hides nobody.
    fn standing(&self, pattern: u32, start: usize) -> SmallVec<[Found; 2]> {
        let mut standing: SmallVec<[Found; 2]> = SmallVec::new();
        let mut next = Some(pattern);
        while let Some(index) = next {
            let pattern = &self.taxonomy.patterns[index as usize];
            next = pattern.shorter;
            let end = start + pattern.bytes as usize;
            let meanings = self.meanings(pattern, start, end);
            if meanings.is_empty() {
                continue;
            }
            let is_cue = meanings.iter().all(|meaning| matches!(meaning, Meaning::Cue(..)));
            let zone = self.document.zone(self.part.field, start);
            standing.push(Found { start, end, field: self.part.field, zone, meanings });
            if !is_cue {
                break;
            }
        }
        standing
    }

    fn meanings(&self, pattern: &Pattern, start: usize, end: usize) -> SmallVec<[Meaning; 2]> {
        let is_word = |shape| stands_alone(&self.part.text.lower, start, end, shape, pattern.script);
        let cased = &self.part.text.cased[start..end];
        let is_capitalized = cased.starts_with(|c: char| !c.is_lowercase());
        pattern
            .meanings
            .iter()
            .filter(|meaning| match meaning {
                Meaning::Term(index) => {
                    let term = &self.taxonomy.terms[*index as usize];
                    self.is_spoken(term.languages, pattern) && is_word(term.shape) && term.case_fits(cased)
                }
                Meaning::Ambiguous(_) => is_word(super::script::Shape::Word) && is_capitalized,
                Meaning::Cue(_, shape) => is_word(*shape),
                Meaning::Word(_) => is_word(super::script::Shape::Word),
            })
            .copied()
            .collect()
    }

    /// Scripts tell their languages apart; Latin letters do not, so there the document's language decides.
    fn is_spoken(&self, languages: u64, pattern: &Pattern) -> bool {
        languages == 0 || languages & self.languages != 0 || pattern.script != super::script::Script::Spaced
    }
}
