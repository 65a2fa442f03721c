//! Names that begin with a place's word: "Holland Park", "Israel Adesanya".

use super::document::Document;
use super::mentions::{Reading, Rule, Source};
use super::schema::{Kind, Lexicon};
use super::spread::Map;
use super::taxonomy::Meaning;
use super::votes::Votes;
use super::whole_words::stands_as_name;

impl<'a> Votes<'a> {
    /// "Holland Park", "India Arie": a place's word that always stands before the same capitalized word.
    pub(super) fn compounds(&self, readings: &mut [Reading]) {
        let mut compounds: Map<u32, Compound> = Map::default();
        let is_candidate = |r: &Reading| r.is_kept && matches!(r.kind, Kind::Name | Kind::Capital);
        for reading in readings.iter().filter(|r| is_candidate(r)) {
            if let Source::Term(index) = reading.source {
                let word = self.follower(reading);
                compounds.entry(index).and_modify(|known| known.see(word)).or_insert(Compound::new(word));
            }
        }
        for reading in readings.iter_mut().filter(|r| is_candidate(r)) {
            let Source::Term(index) = reading.source else { continue };
            let compound = compounds.get_mut(&index);
            let is_compound = self.names_a_street(reading)
                || compound.is_some_and(|compound| {
                    compound.is_name() || (self.is_first_name(reading) && compound.returns(self.document))
                });
            if is_compound && !self.supported_by_others(reading) {
                reading.suppress(Rule::Compound);
            }
        }
    }

    /// One word for a country may be a person's first name.
    fn is_first_name(&self, reading: &Reading) -> bool {
        let found = &self.found[reading.found];
        let spelled = &self.document.part(reading.field).text.cased[found.start..found.end];
        reading.kind == Kind::Name && !spelled.contains(' ') && self.is_country(reading.topic)
    }

    /// "Holland Park", "Cuba Street".
    fn names_a_street(&self, reading: &Reading) -> bool {
        self.next_is(reading, Lexicon::StreetWord)
    }
    /// Behind a country: another place, an institution, a company; no part of a name.
    fn is_other_matter(&self, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Term(index) => self.taxonomy.terms[*index as usize].kind != Kind::Surname,
            Meaning::Word(lexicon, _) => *lexicon != Lexicon::GivenName,
            Meaning::Ambiguous(_) => true,
            Meaning::Cue(..) => false,
        }
    }

    /// The capitalized word behind a mention, unless the taxonomy knows it as something else.
    fn follower(&self, reading: &Reading) -> Option<&'a str> {
        let part = self.document.part(reading.field);
        let end = self.found[reading.found].end;
        let rest = part.text.cased[end..].strip_prefix(' ')?;
        let word: &str = rest.split(|c: char| !c.is_alphabetic()).next()?;
        let is_name = word.len() > 2 && word.starts_with(|c: char| c.is_uppercase());
        let next = self.found.get(reading.found + 1);
        let is_known = next.is_some_and(|next| {
            next.field == reading.field
                && next.start == end + 1
                && next.meanings(self.taxonomy).any(|meaning| self.is_other_matter(&meaning))
        });
        (is_name && !is_known).then_some(word)
    }
}

/// What stands behind each mention of one word.
struct Compound<'a> {
    follower: Option<&'a str>,
    count: u32,
    returns: Option<bool>,
}

impl<'a> Compound<'a> {
    fn new(follower: Option<&'a str>) -> Compound<'a> {
        Compound { follower, count: 1, returns: None }
    }

    fn see(&mut self, word: Option<&str>) {
        let is_same = |known: &&str| word.is_some_and(|word| word.to_lowercase() == known.to_lowercase());
        self.follower = self.follower.filter(is_same);
        self.count += 1;
    }

    fn is_name(&self) -> bool {
        self.follower.is_some() && self.count >= 2
    }
}

impl Compound<'_> {
    /// "Israel Adesanya … Adesanya said": the second word comes back alone, so the first was its first name.
    fn returns(&mut self, document: &Document) -> bool {
        let Some(follower) = self.follower else { return false };
        *self.returns.get_or_insert_with(|| {
            let body = &document.body;
            !body.is_all_caps && stands_as_name(&body.text.cased, follower)
        })
    }
}
