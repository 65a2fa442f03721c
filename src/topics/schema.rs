//! What a taxonomy file may say, and how it is read.
//!
//! A file defines topics (`[[topic]]`), or adds terms to topics that another file defines (`[names]`,
//! `"country:kp" = [...]`), or holds rules (`masks`, `given_names`, `[[ambiguous]]`, `[weights]`, ...).

use super::toml_reader::{File, Value};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// What kind of word names a topic; its weight is in `[weights]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Name,
    Demonym,
    Capital,
    City,
    State,
    Institution,
    /// "Kim": counts where the document has the full name.
    Surname,
    /// Upper case only.
    Acronym,
    Keyword,
    /// Weaker than a keyword.
    Hint,
    /// "Ind." in "Peru, Ind.": counts only behind a place and a comma.
    Qualifier,
}

impl Kind {
    pub(super) const ALL: [(&'static str, Kind); 11] = [
        ("names", Kind::Name),
        ("demonyms", Kind::Demonym),
        ("capitals", Kind::Capital),
        ("cities", Kind::City),
        ("states", Kind::State),
        ("institutions", Kind::Institution),
        ("surnames", Kind::Surname),
        ("acronyms", Kind::Acronym),
        ("keywords", Kind::Keyword),
        ("hints", Kind::Hint),
        ("qualifiers", Kind::Qualifier),
    ];

    fn of(key: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind)
    }

    /// The key of its list.
    pub(super) fn as_str(self) -> &'static str {
        Kind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(key, _)| key)
    }

    /// Words for a place, which a person or a company may be called after.
    pub(super) fn is_place(self) -> bool {
        matches!(self, Kind::Name | Kind::Capital | Kind::City | Kind::State)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// Any case.
    Fold,
    /// Capital letters where the term has them; all capitals are fine too.
    Name,
    /// As written; for acronyms.
    Exact,
}

#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: String,
    pub line: usize,
}

#[derive(Clone, Debug)]
pub(super) struct RawTopic {
    pub id: String,
    pub name: String,
    pub wikidata: Option<String>,
    pub iptc: Option<String>,
    pub broader: Vec<String>,
    pub from: Option<String>,
    pub until: Option<String>,
    pub as_of: Option<String>,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub(super) struct RawTerm {
    pub text: String,
    pub topic: String,
    pub kind: Kind,
    pub language: Option<String>,
    pub case: Option<Case>,
    pub needs: Vec<String>,
    pub unless: Vec<String>,
    /// The topic that an excluded mention is handed over to.
    pub instead: Option<String>,
    pub weight: Option<f64>,
    /// An ordinary word where its case cannot be seen: "Turkey" at the start of a sentence.
    pub common: bool,
    /// Also a given name: "Jordan Peele".
    pub given_name: bool,
    /// Also a family name: "Kathy Ireland", whatever the first name is.
    pub family_name: bool,
    /// Also a thing, written small: "china". A text that has it so means it.
    pub thing: bool,
    /// A surname rare enough to count without the full name.
    pub alone: bool,
    pub place: Place,
}

/// One spelling, several topics; the document votes.
#[derive(Clone, Debug)]
pub(super) struct RawAmbiguous {
    pub terms: Vec<String>,
    pub otherwise: Option<String>,
    pub given_name: bool,
    /// Topic, kind of word, and what speaks for it.
    pub readings: Vec<(String, Kind, Vec<String>)>,
    pub place: Place,
}

/// Lists of words that are no topic but change what a topic's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lexicon {
    Mask,
    GivenName,
    CompanyWord,
    CurrencyWord,
    PlaceFollower,
    /// "singer", "Mrs.": a person's name comes next.
    PersonTitle,
    /// "Park", "Avenue": the place before it is part of a street's name.
    StreetWord,
    /// "says", "signs": what countries do.
    CountryVerb,
}

impl Lexicon {
    const ALL: [(&'static str, Lexicon); 8] = [
        ("masks", Lexicon::Mask),
        ("given_names", Lexicon::GivenName),
        ("company_words", Lexicon::CompanyWord),
        ("currency_words", Lexicon::CurrencyWord),
        ("place_followers", Lexicon::PlaceFollower),
        ("person_titles", Lexicon::PersonTitle),
        ("street_words", Lexicon::StreetWord),
        ("country_verbs", Lexicon::CountryVerb),
    ];

    /// Its place in a set of lists.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a language puts in the place of a name's ending: "Szwecja", "Szwecji".
#[derive(Clone, Debug)]
pub(super) struct RawInflection {
    pub language: String,
    pub ending: String,
    pub forms: Vec<String>,
}

/// All files together, as written.
#[derive(Default)]
pub(super) struct Raw {
    /// `[inflections.pl]`, then `ending = [forms]`.
    pub inflections: Vec<RawInflection>,
    pub topics: Vec<RawTopic>,
    pub terms: Vec<RawTerm>,
    pub ambiguous: Vec<RawAmbiguous>,
    pub words: Vec<(Lexicon, String, Place)>,
    /// `[contexts]`: named lists of cues, used as `"@name"`.
    pub contexts: Vec<(String, Vec<String>)>,
    /// `[weights]` and `[scoring.country]`: section, key, value.
    pub numbers: Vec<(String, String, f64, Place)>,
}

/// Reads one file into `raw`; what is wrong goes to `file.problems`.
pub(super) fn read(file: &mut File, raw: &mut Raw) {
    let table = file.parse();
    let language = table.get("language").and_then(|value| file.string("language", value));
    let mut reader = Reader { file, raw, language };
    for (key, value) in table.iter() {
        reader.top_level(key.get_ref(), &key.span(), value);
    }
}

struct Reader<'r, 'a> {
    file: &'r mut File<'a>,
    raw: &'r mut Raw,
    language: Option<String>,
}

impl Reader<'_, '_> {
    fn top_level(&mut self, key: &str, span: &Range<usize>, value: &Value) {
        if let Some(kind) = Kind::of(key) {
            return self.terms_by_topic(key, kind, value);
        }
        if let Some((_, lexicon)) = Lexicon::ALL.iter().find(|(name, _)| *name == key) {
            for (word, span) in self.file.strings(key, value) {
                let place = self.place(&span);
                self.raw.words.push((*lexicon, word, place));
            }
            return;
        }
        match key {
            "language" => {}
            "topic" => self.each_table(key, value, Self::topic),
            "ambiguous" => self.each_table(key, value, Self::ambiguous),
            "contexts" => {
                let Some(table) = self.file.table(key, value) else { return };
                for (name, list) in table.iter() {
                    let words = self.words(name.get_ref(), list);
                    self.raw.contexts.push((name.get_ref().to_string(), words));
                }
            }
            "inflections" => {
                let Some(table) = self.file.table(key, value) else { return };
                table.iter().for_each(|(language, value)| self.inflections(language.get_ref(), value));
            }
            "weights" => self.numbers(key, value),
            "scoring" => {
                let Some(table) = self.file.table(key, value) else { return };
                table.iter().for_each(|(family, value)| self.numbers(family.get_ref(), value));
            }
            _ => self.file.problem(span, format!("unknown key \"{key}\"")),
        }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place { file: self.file.name.to_owned(), line: self.file.line(span) }
    }

    fn each_table(&mut self, key: &str, value: &Value, read: fn(&mut Self, &DeTable, &Range<usize>)) {
        let Some(list) = self.file.list(key, value) else { return };
        for item in list {
            if let Some(table) = self.file.table(key, item) {
                read(self, table, &item.span());
            }
        }
    }

    fn inflections(&mut self, language: &str, value: &Value) {
        let Some(table) = self.file.table(language, value) else { return };
        for (ending, forms) in table.iter() {
            let (ending, forms) = (ending.get_ref().to_string(), self.words(ending.get_ref(), forms));
            self.raw.inflections.push(RawInflection { language: language.to_owned(), ending, forms });
        }
    }

    fn numbers(&mut self, section: &str, value: &Value) {
        let Some(table) = self.file.table(section, value) else { return };
        for (key, value) in table.iter() {
            if let Some(number) = self.file.number(key.get_ref(), value) {
                let place = self.place(&key.span());
                self.raw.numbers.push((section.to_owned(), key.get_ref().to_string(), number, place));
            }
        }
    }

    /// `[names]`, then `"country:kp" = [...]`.
    fn terms_by_topic(&mut self, section: &str, kind: Kind, value: &Value) {
        let Some(table) = self.file.table(section, value) else { return };
        for (topic, list) in table.iter() {
            self.terms(topic.get_ref(), section, kind, list);
        }
    }

    fn topic(&mut self, table: &DeTable, span: &Range<usize>) {
        let mut topic = RawTopic {
            id: String::new(),
            name: String::new(),
            wikidata: None,
            iptc: None,
            broader: Vec::new(),
            from: None,
            until: None,
            as_of: None,
            place: self.place(span),
        };
        if let Some(value) = table.get("id") {
            topic.id = self.file.string("id", value).unwrap_or_default();
        }
        for (key, value) in table.iter() {
            self.topic_key(&mut topic, key.get_ref(), &key.span(), value);
        }
        for (key, is_absent) in [("id", !table.contains_key("id")), ("name", !table.contains_key("name"))] {
            if is_absent {
                self.file.problem(span, format!("a topic without \"{key}\""));
            }
        }
        self.raw.topics.push(topic);
    }

    fn topic_key(&mut self, topic: &mut RawTopic, key: &str, span: &Range<usize>, value: &Value) {
        if let Some(kind) = Kind::of(key) {
            return self.terms(&topic.id, key, kind, value);
        }
        match key {
            "id" => {}
            "name" => topic.name = self.file.string(key, value).unwrap_or_default(),
            "wikidata" => topic.wikidata = self.file.string(key, value),
            "iptc" => topic.iptc = self.file.string(key, value),
            "broader" => {
                topic.broader = self.file.strings(key, value).into_iter().map(|(id, _)| id).collect()
            }
            "from" => topic.from = self.file.string(key, value),
            "until" => topic.until = self.file.string(key, value),
            "as_of" => topic.as_of = self.file.string(key, value),
            _ => self.file.problem(span, format!("unknown key \"{key}\" in topic \"{}\"", topic.id)),
        }
    }

    fn terms(&mut self, topic: &str, key: &str, kind: Kind, value: &Value) {
        let Some(list) = self.file.list(key, value) else { return };
        for item in list {
            let mut term = self.plain_term(topic, kind, &item.span());
            match item.get_ref() {
                DeValue::String(text) => term.text = text.to_string(),
                DeValue::Table(table) => self.term_table(&mut term, table),
                _ => self.file.problem(&item.span(), "a term must be a string or a table with \"term\""),
            }
            self.raw.terms.push(term);
        }
    }

    fn plain_term(&self, topic: &str, kind: Kind, span: &Range<usize>) -> RawTerm {
        RawTerm {
            text: String::new(),
            topic: topic.to_owned(),
            kind,
            language: self.language.clone(),
            case: (kind == Kind::Acronym).then_some(Case::Exact),
            needs: Vec::new(),
            unless: Vec::new(),
            instead: None,
            weight: None,
            common: false,
            given_name: false,
            family_name: false,
            thing: false,
            alone: false,
            place: self.place(span),
        }
    }

    fn term_table(&mut self, term: &mut RawTerm, table: &DeTable) {
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "term" => term.text = self.file.string("term", value).unwrap_or_default(),
                "case" => term.case = self.case(value),
                "needs" => term.needs = self.words("needs", value),
                "unless" => term.unless = self.words("unless", value),
                "instead" => term.instead = self.file.string("instead", value),
                "weight" => term.weight = self.file.number("weight", value),
                "common" => term.common = self.file.boolean("common", value).unwrap_or(false),
                "given_name" => term.given_name = self.file.boolean("given_name", value).unwrap_or(false),
                "family_name" => term.family_name = self.file.boolean("family_name", value).unwrap_or(false),
                "thing" => term.thing = self.file.boolean("thing", value).unwrap_or(false),
                "alone" => term.alone = self.file.boolean("alone", value).unwrap_or(false),
                "language" => term.language = self.file.string("language", value),
                other => self.file.problem(&key.span(), format!("unknown key \"{other}\" in a term")),
            }
        }
    }

    fn case(&mut self, value: &Value) -> Option<Case> {
        match self.file.string("case", value)?.as_str() {
            "fold" => Some(Case::Fold),
            "name" => Some(Case::Name),
            "exact" => Some(Case::Exact),
            other => {
                self.file.problem(&value.span(), format!("\"case\" is fold, name or exact, not \"{other}\""));
                None
            }
        }
    }

    fn words(&mut self, key: &str, value: &Value) -> Vec<String> {
        self.file.strings(key, value).into_iter().map(|(word, _)| word).collect()
    }

    fn ambiguous(&mut self, table: &DeTable, span: &Range<usize>) {
        let place = self.place(span);
        let mut entry = RawAmbiguous {
            terms: Vec::new(),
            otherwise: None,
            given_name: false,
            readings: Vec::new(),
            place,
        };
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "terms" => entry.terms = self.words("terms", value),
                "otherwise" => entry.otherwise = self.file.string("otherwise", value),
                "given_name" => entry.given_name = self.file.boolean("given_name", value).unwrap_or(false),
                "reading" => {
                    let Some(list) = self.file.list("reading", value) else { continue };
                    entry.readings = list.iter().filter_map(|item| self.reading(item)).collect();
                }
                other => self.file.problem(&key.span(), format!("unknown key \"{other}\" in [[ambiguous]]")),
            }
        }
        self.raw.ambiguous.push(entry);
    }

    fn reading(&mut self, item: &Value) -> Option<(String, Kind, Vec<String>)> {
        let table = self.file.table("reading", item)?;
        let (mut topic, mut kind, mut cues) = (String::new(), Kind::Name, Vec::new());
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "topic" => topic = self.file.string("topic", value)?,
                "cues" => cues = self.words("cues", value),
                "kind" => {
                    let word = self.file.string("kind", value)?;
                    match Kind::of(&word) {
                        Some(known) => kind = known,
                        None => self.file.problem(&value.span(), format!("unknown kind \"{word}\"")),
                    }
                }
                other => self.file.problem(&key.span(), format!("unknown key \"{other}\" in a reading")),
            }
        }
        Some((topic, kind, cues))
    }
}
