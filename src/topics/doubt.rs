//! Words that mean a topic only sometimes: ordinary words, words that need others, words that others exclude.

use super::mentions::{Reading, Rule};
use super::scan::Found;
use super::schema::{Kind, Lexicon};
use super::taxonomy::{Meaning, TopicIndex};
use super::votes::Votes;
use super::whole_words::{has_word, is_loud};

impl Votes<'_> {
    pub(super) fn doubtful_terms(&self, readings: &mut [Reading]) {
        for reading in readings.iter_mut().filter(|r| r.is_kept) {
            let Some(index) = reading.term_index() else { continue };
            let term = &self.taxonomy.terms[index];
            if !term.may_be_doubtful() {
                continue;
            }
            let is_supported = self.has_support(reading.topic);
            let is_country = || self.acts_as_country(reading) || self.describes(reading);
            let is_common = || term.common && self.hides_case(reading) && !is_country();
            if !is_supported && is_common() || self.is_written_small(reading) {
                reading.suppress(Rule::CommonWord);
                continue;
            }
            let Some(context) = term.context.as_deref().filter(|_| !is_supported) else { continue };
            if !context.needs.is_empty() && !self.occurs(&context.needs) {
                reading.suppress(Rule::NeedsContext);
            } else if self.occurs(&context.unless) {
                match context.instead {
                    Some(other) => (reading.topic, reading.rule) = (other, Some(Rule::HandedOver)),
                    None => reading.suppress(Rule::Excluded),
                }
            }
        }
    }

    /// "Turkey, Greece agree", "Turkey says": where the case is hidden, company and verb tell the country from the bird.
    fn acts_as_country(&self, reading: &Reading) -> bool {
        let beside = |other: Option<&Found>| other.is_some_and(|other| self.is_listed_with(reading, other));
        let is_listed = beside(self.found.get(reading.found + 1))
            || beside(reading.found.checked_sub(1).and_then(|at| self.found.get(at)));
        is_listed || self.next_is(reading, Lexicon::CountryVerb)
    }

    /// "Polish farmers" where another country is meant too, not "Polish the table": behind the ordinary word stands an
    /// object's article.
    fn describes(&self, reading: &Reading) -> bool {
        let rest = &self.document.part(reading.field).text.cased[self.found[reading.found].end..];
        let next = rest
            .strip_prefix(' ')
            .map_or("", |rest| rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or(""));
        let is_noun = next.starts_with(char::is_lowercase) && !NO_NOUNS.contains(&next);
        reading.kind == Kind::Demonym && is_noun && self.names_other_country(reading.topic)
    }

    /// "X and Turkey": another country's name, with nothing between them but a conjunction.
    fn is_listed_with(&self, reading: &Reading, other: &Found) -> bool {
        let own = &self.found[reading.found];
        if own.field != other.field {
            return false;
        }
        let (from, to) = if own.end <= other.start { (own.end, other.start) } else { (other.end, own.start) };
        let between = self.document.part(own.field).text.lower.get(from..to).unwrap_or("");
        let is_conjunction =
            matches!(between, ", " | " and " | " or " | " & " | "-" | "/" | ", and " | " with " | " vs ");
        is_conjunction
            && other.meanings(self.taxonomy).any(|meaning| self.is_country_name(&meaning, reading.topic))
    }

    fn is_country_name(&self, meaning: &Meaning, but: TopicIndex) -> bool {
        let Meaning::Term(index) = *meaning else { return false };
        let term = &self.taxonomy.terms[index as usize];
        self.is_country(term.topic) && term.kind == Kind::Name && !term.common && term.topic != but
    }

    /// "antique china plates. The China": a text that writes the word small as well means the ordinary word.
    fn is_written_small(&self, reading: &Reading) -> bool {
        let Some(index) = reading.term_index() else { return false };
        let term = &self.taxonomy.terms[index];
        term.thing && !self.supported_by_others(reading) && self.occurs_small(index as u32, term.text())
    }

    fn occurs_small(&self, term: u32, spelled: &str) -> bool {
        if let Some((_, known)) = self.small.borrow().iter().find(|(known, _)| *known == term) {
            return *known;
        }
        let small = spelled.to_ascii_lowercase();
        let parts = [&self.document.title, &self.document.body];
        let occurs = parts.iter().any(|part| has_word(&part.text.cased, &small));
        self.small.borrow_mut().push((term, occurs));
        occurs
    }

    /// At the start of a sentence, or where everything is capitalized.
    pub(super) fn hides_case(&self, reading: &Reading) -> bool {
        let part = self.document.part(reading.field);
        let found = &self.found[reading.found];
        let is_exact = reading.term_index().is_some_and(|index| self.taxonomy.terms[index].is_exact());
        if part.is_all_caps || (part.is_capitalized && !is_exact) {
            return true;
        }
        if is_exact {
            return stands_in_capitals(&part.text.cased, found.start, found.end);
        }
        let before = part.text.cased[..found.start].trim_end_matches([' ', '"', '\'', '(', '-']);
        let starts_sentence = before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n', '\u{2026}']);
        let is_possessive = part.text.lower[found.end..].starts_with("'s");
        starts_sentence && !is_possessive
    }
}

/// What follows a verb and is no noun.
const NO_NOUNS: &[&str] = &[
    "a", "all", "an", "and", "any", "both", "each", "every", "for", "from", "her", "his", "in", "it", "its",
    "my", "of", "off", "on", "or", "our", "out", "over", "some", "that", "the", "their", "them", "these",
    "this", "those", "to", "until", "up", "with", "your",
];

/// "WHO KNOWS": the word before or behind is in capitals too, and long enough to be no acronym's initial.
fn stands_in_capitals(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim_end().chars().rev();
    is_loud(before) || is_loud(text[end..].trim_start().chars())
}
