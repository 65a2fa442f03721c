//! Rules that look at the words beside a mention: persons, companies, other places of the name, currencies.

use super::document::{Document, Part, Zone};
use super::mentions::{Reading, Rule, Source};
use super::scan::Found;
use super::schema::{Kind, Lexicon};
use super::taxonomy::{Meaning, Taxonomy};

/// The document as the guards see it.
pub(super) struct Guards<'a> {
    pub taxonomy: &'a Taxonomy,
    pub document: &'a Document,
    pub found: &'a [Found],
}

impl Guards<'_> {
    /// Applies every guard to every mention.
    pub(super) fn apply(&self, readings: &mut [Reading]) {
        for reading in readings.iter_mut() {
            if self.is_ticker(reading) {
                reading.suppress(Rule::Ticker);
                continue;
            }
            match reading.kind {
                Kind::Qualifier if !self.qualifies_a_place(reading) => reading.suppress(Rule::QualifierAlone),
                kind if kind.is_place() || kind == Kind::Qualifier => self.place(reading),
                // Mark Cuban.
                Kind::Demonym if self.follows_given_name(reading) => reading.suppress(Rule::Person),
                Kind::Demonym | Kind::Institution => self.demonym(reading),
                Kind::Surname if self.follows_given_name(reading) => reading.suppress(Rule::Person),
                _ => {}
            }
        }
    }

    fn place(&self, reading: &mut Reading) {
        if reading.zone == Zone::Dateline {
            reading.weight = reading.weight.max(self.taxonomy.weights.dateline);
        }
        if self.has_other_qualifier(reading) {
            reading.suppress(Rule::PlaceQualifier);
        } else if self.is_person(reading) {
            reading.suppress(Rule::Person);
        } else {
            self.demonym(reading);
        }
    }

    /// What holds for adjectives as well as names.
    fn demonym(&self, reading: &mut Reading) {
        let weights = &self.taxonomy.weights;
        if self.next_is(reading, Lexicon::CurrencyWord) {
            reading.lower(weights.currency, Rule::Currency);
        }
        if self.is_inside_organisation(reading) {
            reading.lower(weights.inside_organisation, Rule::InsideOrganisation);
        }
    }

    fn spelling(&self, reading: &Reading) -> &Found {
        &self.found[reading.found]
    }

    fn part(&self, reading: &Reading) -> &Part {
        self.document.part(reading.field)
    }

    fn before(&self, reading: &Reading) -> &str {
        &self.part(reading).text.cased[..self.spelling(reading).start]
    }

    fn after(&self, reading: &Reading) -> &str {
        &self.part(reading).text.cased[self.spelling(reading).end..]
    }

    /// What was found directly before (one space between), in the same field.
    fn previous(&self, reading: &Reading) -> Option<&Found> {
        let previous = self.found.get(reading.found.checked_sub(1)?)?;
        (previous.field == reading.field && previous.end + 1 == self.spelling(reading).start)
            .then_some(previous)
    }

    fn next(&self, reading: &Reading) -> Option<&Found> {
        let next = self.found.get(reading.found + 1)?;
        (next.field == reading.field && self.spelling(reading).end + 1 == next.start).then_some(next)
    }

    fn next_is(&self, reading: &Reading, lexicon: Lexicon) -> bool {
        self.next(reading).is_some_and(|next| next.is_word(lexicon))
    }

    /// "Michael Jordan", or "Jordan Peele" where the term is a given name too.
    fn is_person(&self, reading: &Reading) -> bool {
        let is_one_word = !self.spelled(reading).contains(' ');
        is_one_word
            && (self.follows_given_name(reading)
                || self.precedes_surname(reading)
                || self.follows_title(reading)
                || self.follows_first_name(reading)
                || self.follows_titled_name(reading)
                || self.has_age(reading))
    }

    /// "Mrs. Jordan", "singer India Arie".
    fn follows_title(&self, reading: &Reading) -> bool {
        self.previous(reading).is_some_and(|previous| previous.is_word(Lexicon::PersonTitle))
    }

    /// "Surgeon Amir Oman": a capitalized word that nobody knows, where a sentence does not begin, before a word that
    /// is a family name too.
    fn follows_first_name(&self, reading: &Reading) -> bool {
        let is_family_name = reading.term_index().is_some_and(|index| self.taxonomy.terms[index].family_name);
        if !is_family_name {
            return false;
        }
        let Some(start) = self.unknown_name_before(reading) else { return false };
        self.before(reading)[..start].trim_end().ends_with(|c: char| c.is_alphanumeric() || c == ',')
    }

    /// "Poet Marta Malta": the same behind a title, before any place's word.
    fn follows_titled_name(&self, reading: &Reading) -> bool {
        let before = reading.found.checked_sub(1).and_then(|before| self.found.get(before));
        let is_title = |found: &&Found| found.field == reading.field && found.is_word(Lexicon::PersonTitle);
        let name_start = before.filter(is_title).map(|title| title.end + 1);
        name_start.is_some() && self.unknown_name_before(reading) == name_start
    }

    /// Where the word before begins, if it is capitalized as a name is and the taxonomy does not know it.
    fn unknown_name_before(&self, reading: &Reading) -> Option<usize> {
        if self.part(reading).is_capitalized || self.previous(reading).is_some() {
            return None;
        }
        let before = self.before(reading).strip_suffix(' ')?;
        let start = before.rfind([' ', '\n']).map_or(0, |space| space + 1);
        let name = &before[start..];
        let is_name = name.starts_with(char::is_uppercase)
            && name.chars().skip(1).any(char::is_lowercase)
            && name.chars().all(char::is_alphabetic);
        is_name.then_some(start)
    }

    /// "Jordan, 27, ", "Chad, who ": behind a given name, a person.
    fn has_age(&self, reading: &Reading) -> bool {
        let is_given_name = reading.term_index().is_some_and(|index| self.taxonomy.terms[index].given_name);
        let Some(rest) = self.after(reading).strip_prefix(", ").filter(|_| is_given_name) else {
            return false;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let is_age = digits == 2 && rest[2..].starts_with([',', '.', ';', ' ']);
        is_age || rest.starts_with("who ")
    }

    fn spelled(&self, reading: &Reading) -> &str {
        let spelling = self.spelling(reading);
        &self.part(reading).text.cased[spelling.start..spelling.end]
    }

    fn follows_given_name(&self, reading: &Reading) -> bool {
        let Some(previous) = self.previous(reading) else { return false };
        let is_capitalized =
            self.part(reading).text.cased[previous.start..].starts_with(|c: char| c.is_uppercase());
        previous.is_word(Lexicon::GivenName) && is_capitalized && self.before(reading).ends_with(' ')
    }

    /// A capitalized word behind a given name, where capitals mean something, that is no office or institution.
    fn precedes_surname(&self, reading: &Reading) -> bool {
        let is_given_name = match reading.source {
            Source::Term(index) => self.taxonomy.terms[index as usize].given_name,
            Source::Ambiguous(index) => self.taxonomy.ambiguous[index as usize].given_name,
        };
        if !is_given_name || self.part(reading).is_capitalized {
            return false;
        }
        let Some(rest) = self.after(reading).strip_prefix(' ') else { return false };
        let surname: &str = rest.split(|c: char| !c.is_alphabetic() && c != '-').next().unwrap_or("");
        let is_name = surname.chars().next().is_some_and(char::is_uppercase)
            && surname.chars().skip(1).any(char::is_lowercase);
        is_name && !self.next_is_something_else(reading)
    }

    /// Behind a word that is a listed given name, another place is a family name: "Brittany Holland".
    fn next_is_something_else(&self, reading: &Reading) -> bool {
        let is_listed = self.spelling(reading).is_word(Lexicon::GivenName);
        self.next(reading).is_some_and(|next| {
            next.is_word(Lexicon::PlaceFollower)
                || next.is_word(Lexicon::CompanyWord)
                || (!is_listed && next.meanings(self.taxonomy).any(|m| matches!(m, Meaning::Term(_))))
        })
    }

    /// "Lebanon, Pennsylvania": a comma, then a part of another country.
    fn has_other_qualifier(&self, reading: &Reading) -> bool {
        let end = self.spelling(reading).end;
        let Some(next) = self.found.get(reading.found + 1) else { return false };
        let is_after_comma = next.field == reading.field
            && next.start == end + 2
            && self.part(reading).text.lower[end..].starts_with(", ");
        is_after_comma && self.is_region_elsewhere(next, reading)
    }

    fn is_region_elsewhere(&self, next: &Found, reading: &Reading) -> bool {
        let mut regions = next.meanings(self.taxonomy).filter_map(|meaning| match meaning {
            Meaning::Term(index) => {
                let term = &self.taxonomy.terms[index as usize];
                let is_region = matches!(term.kind, Kind::State | Kind::Qualifier)
                    || (term.kind == Kind::Name && reading.kind == Kind::City);
                is_region.then_some(term.topic)
            }
            _ => None,
        });
        regions.next().is_some_and(|topic| topic != reading.topic)
            && regions.all(|topic| topic != reading.topic)
    }

    /// A capitalized word, a comma, then the abbreviation.
    fn qualifies_a_place(&self, reading: &Reading) -> bool {
        let Some(before) = self.before(reading).strip_suffix(", ") else { return false };
        let word =
            before.rsplit(|c: char| !c.is_alphanumeric() && c != '.' && c != '\'').next().unwrap_or("");
        word.starts_with(|c: char| c.is_uppercase())
    }

    /// "Union Carbide <UK>", "(NYSE: UK)": what an exchange calls a company.
    fn is_ticker(&self, reading: &Reading) -> bool {
        let before = self.before(reading);
        before.ends_with('<') || (before.ends_with(": ") && self.after(reading).starts_with(')'))
    }

    /// Up to three capitalized words on, a company's word: "Delhi Petroleum", "China Light and Power".
    fn is_inside_organisation(&self, reading: &Reading) -> bool {
        // "IRISH OIL CONCERN": an adjective in a headline of capitals is rarely a company's.
        if reading.kind == Kind::Demonym && self.part(reading).is_all_caps {
            return false;
        }
        let end_of_name = self.end_of_name(reading);
        self.found[reading.found + 1..]
            .iter()
            .take_while(|next| next.field == reading.field && next.start < end_of_name)
            .any(|next| next.is_word(Lexicon::CompanyWord))
    }

    /// Where the run of capitalized words ends that begins with the mention.
    fn end_of_name(&self, reading: &Reading) -> usize {
        let part = self.part(reading);
        let mut end = self.spelling(reading).end;
        let reach = if part.is_all_caps { 2 } else { 4 };
        for _ in 0..reach {
            let Some(rest) = part.text.cased[end..].strip_prefix(' ') else { break };
            let word = rest.split([' ', ',', '.', '\n']).next().unwrap_or("");
            let continues =
                word.starts_with(|c: char| c.is_uppercase()) || matches!(word, "and" | "&" | "of");
            if !continues {
                break;
            }
            end += 1 + word.len();
        }
        end
    }
}
