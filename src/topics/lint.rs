//! What an editor can get wrong although the file parses: forms, unknown ids, duplicates, words too short.

use super::Problem;
use super::fold::fold_term;
use super::schema::{Case, Kind, Place, Raw, RawTerm, RawTopic};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Every problem of the taxonomy as a whole, in the order of the files.
pub(super) fn check(raw: &Raw) -> Vec<Problem> {
    let contexts = raw.contexts.iter().map(|(name, _)| name.clone()).collect();
    let mut lint = Lint { problems: Vec::new(), ids: HashSet::new(), contexts };
    raw.topics.iter().for_each(|topic| lint.topic(topic));
    for topic in &raw.topics {
        topic.broader.iter().for_each(|id| lint.known(id, "in \"broader\"", &topic.place));
    }
    raw.terms.iter().for_each(|term| lint.term(term));
    lint.ambiguous(raw);
    lint.duplicates(raw);
    lint.masks(raw);
    lint.crowded(raw);
    lint.problems
}

struct Lint {
    problems: Vec<Problem>,
    ids: HashSet<String>,
    contexts: HashSet<String>,
}

impl Lint {
    fn problem(&mut self, place: &Place, message: String) {
        self.problems.push(Problem { file: place.file.clone(), line: place.line, column: 0, message });
    }

    fn known(&mut self, id: &str, whereabouts: &str, place: &Place) {
        let is_foreign = id.starts_with("medtop:") && is_medtop(id);
        if !self.ids.contains(id) && !is_foreign {
            self.problem(place, format!("unknown topic \"{id}\" {whereabouts}"));
        }
    }

    fn topic(&mut self, topic: &RawTopic) {
        let (id, place) = (&topic.id, &topic.place);
        if !id.is_empty() && !is_id(id) {
            self.problem(
                place,
                format!("\"{id}\" is not a topic id: country:, org:, person: or theme:, then a-z, 0-9, -"),
            );
        }
        if !self.ids.insert(id.clone()) {
            self.problem(place, format!("topic \"{id}\" is defined twice"));
        }
        if let Some(qid) = topic.wikidata.as_ref().filter(|qid| !is_qid(qid)) {
            self.problem(place, format!("\"{qid}\" is not a Wikidata id of the form Q423"));
        }
        if let Some(iptc) = topic.iptc.as_ref().filter(|iptc| !is_medtop(iptc)) {
            self.problem(place, format!("\"{iptc}\" is not an IPTC id of the form medtop:20000639"));
        }
        for date in [&topic.from, &topic.until, &topic.as_of].into_iter().flatten() {
            if !is_date(date) {
                self.problem(
                    place,
                    format!("\"{date}\" is not a date of the form 2025, 2025-06 or 2025-06-04"),
                );
            }
        }
        if let (Some(from), Some(until)) = (&topic.from, &topic.until)
            && from > until
        {
            self.problem(place, format!("\"from\" {from} is after \"until\" {until}"));
        }
    }

    fn term(&mut self, term: &RawTerm) {
        self.known(&term.topic, "has terms", &term.place);
        let letters = term.text.chars().filter(|c| c.is_alphanumeric()).count();
        let is_latin = term.text.is_ascii();
        if letters == 0 {
            self.problem(&term.place, format!("an empty term of \"{}\"", term.topic));
        } else if is_latin && letters < 3 && term.case != Some(Case::Exact) && term.kind != Kind::Qualifier {
            let message = format!("\"{}\" is too short to stand without case = \"exact\"", term.text);
            self.problem(&term.place, message);
        }
        if let Some(id) = &term.instead {
            self.known(id, "in \"instead\"", &term.place);
        }
        for name in term.needs.iter().chain(&term.unless).filter_map(|cue| cue.strip_prefix('@')) {
            if !self.contexts.contains(name) {
                self.problem(&term.place, format!("unknown context \"@{name}\""));
            }
        }
        if term.weight.is_some_and(|weight| !(0.0..=1.0).contains(&weight)) {
            self.problem(&term.place, format!("the weight of \"{}\" is not between 0 and 1", term.text));
        }
    }

    fn ambiguous(&mut self, raw: &Raw) {
        for entry in &raw.ambiguous {
            if entry.terms.is_empty() || entry.readings.is_empty() {
                self.problem(&entry.place, "[[ambiguous]] needs \"terms\" and \"reading\"".to_owned());
            }
            let topics = entry.readings.iter().map(|(topic, ..)| topic).chain(&entry.otherwise);
            topics.for_each(|id| self.known(id, "in [[ambiguous]]", &entry.place));
        }
    }

    /// One spelling may name one topic in a language; where it names several, [[ambiguous]] must say how to tell.
    fn duplicates(&mut self, raw: &Raw) {
        // A theme's keyword is evidence, not a name: the same word may speak for several themes.
        let mut seen: HashMap<(String, Option<&str>, Option<&str>), &RawTerm> = HashMap::new();
        let mut spellings: HashMap<String, String> = HashMap::new();
        for entry in &raw.ambiguous {
            for term in &entry.terms {
                spellings.insert(fold_term(term).0, "[[ambiguous]]".to_owned());
            }
        }
        for term in raw.terms.iter().filter(|term| term.kind != Kind::Surname) {
            let folded = fold_term(&term.text).0;
            if spellings.contains_key(&folded) {
                let message =
                    format!("\"{}\" is decided by [[ambiguous]] and must not be a term too", term.text);
                self.problem(&term.place, message);
                continue;
            }
            let theme = matches!(term.kind, Kind::Keyword | Kind::Hint).then_some(term.topic.as_str());
            match seen.entry((folded, term.language.as_deref(), theme)) {
                Entry::Occupied(first) => self.duplicate(term, first.get()),
                Entry::Vacant(free) => drop(free.insert(term)),
            }
        }
    }

    fn duplicate(&mut self, term: &RawTerm, first: &RawTerm) {
        let is_repeated_elsewhere = term.topic == first.topic && term.place.file != first.place.file;
        if !is_repeated_elsewhere {
            let Place { file, line } = &first.place;
            let message = format!("\"{}\" already names \"{}\" at {file}:{line}", term.text, first.topic);
            self.problem(&term.place, message);
        }
    }

    /// The tagger keeps a bit for each meaning of a spelling; eight are left for cues and word lists.
    fn crowded(&mut self, raw: &Raw) {
        const MOST: usize = super::taxonomy::Pattern::MAX_MEANINGS - 8;
        let mut topics: HashMap<String, usize> = HashMap::new();
        for term in &raw.terms {
            let count = topics.entry(fold_term(&term.text).0).or_default();
            *count += 1;
            if *count == MOST + 1 {
                self.problem(&term.place, format!("\"{}\" is a term of more than {MOST} topics", term.text));
            }
        }
    }

    /// A mask that equals a term would swallow it everywhere.
    fn masks(&mut self, raw: &Raw) {
        let terms: HashMap<String, &RawTerm> =
            raw.terms.iter().map(|term| (fold_term(&term.text).0, term)).collect();
        for (lexicon, word, place) in &raw.words {
            if *lexicon == super::schema::Lexicon::Mask
                && let Some(term) = terms.get(&fold_term(word).0)
            {
                self.problem(place, format!("the mask \"{word}\" shadows a term of \"{}\"", term.topic));
            }
        }
    }
}

fn is_id(id: &str) -> bool {
    let Some((family, slug)) = id.split_once(':') else { return false };
    let is_slug = !slug.is_empty() && slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let fits_family =
        family != "country" || (slug.len() == 2 && slug.bytes().all(|b| b.is_ascii_lowercase()));
    matches!(family, "country" | "org" | "person" | "theme") && is_slug && fits_family
}

fn is_qid(text: &str) -> bool {
    let digits = text.strip_prefix('Q').unwrap_or("");
    !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_medtop(text: &str) -> bool {
    text.strip_prefix("medtop:").is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()))
}

/// A year, a month or a day.
fn is_date(text: &str) -> bool {
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    padded.len() == 10 && padded.parse::<jiff::civil::Date>().is_ok()
}
