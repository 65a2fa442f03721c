//! One reading of one text: its tags with their evidence, and what every mention became.

use super::document::Document;
use super::guards::Guards;
use super::language::Spoken;
use super::mentions::{Reading, Rule, Source, add_leaders, readings};
use super::scan::{Found, scan};
use super::schema::Lexicon;
use super::score::{Scored, score};
use super::taxonomy::{Taxonomy, TopicIndex};
use super::votes::Votes;
use crate::record::{Mention, TopicTag};

/// For an editor: every topic mentioned with its score, and each mention with the rule that was applied to it.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub topics: Vec<TopicTag>,
    pub mentions: Vec<Judged>,
}

/// One mention and its fate.
#[derive(Clone, Debug)]
pub struct Judged {
    /// `None` for a masking phrase, which is no topic's.
    pub topic: Option<String>,
    pub mention: Mention,
    /// `title`, `dateline`, `lead` or `body`.
    pub zone: &'static str,
    /// The list the word stands in: `names`, `demonyms`, ...
    pub kind: &'static str,
    pub weight: f64,
    pub is_kept: bool,
    pub rule: Option<Rule>,
}

/// A text with everything found in it.
pub(super) struct Read<'t> {
    taxonomy: &'t Taxonomy,
    document: Document,
    found: Vec<Found>,
    readings: Vec<Reading>,
}

impl<'t> Read<'t> {
    pub(super) fn new(taxonomy: &'t Taxonomy, title: &str, body: &str, language: Option<&str>) -> Read<'t> {
        let document = Document::new(title, body);
        let spoken = Spoken::new(taxonomy, language, title, body);
        let found = scan(taxonomy, &document, &spoken);
        let mut readings = readings(taxonomy, &found);
        Guards { taxonomy, document: &document, found: &found }.apply(&mut readings);
        Votes::apply(taxonomy, &document, &found, &mut readings);
        add_leaders(taxonomy, &mut readings);
        Read { taxonomy, document, found, readings }
    }

    pub(super) fn tags(&self, threshold: f64) -> Vec<TopicTag> {
        let scored = score(self.taxonomy, &self.document, &self.found, &self.readings);
        scored.iter().filter(|scored| scored.score >= threshold).map(|scored| self.tag(scored)).collect()
    }

    pub(super) fn explanation(&self) -> Explanation {
        let masks = self.found.iter().filter(|found| found.is_word(Lexicon::Mask)).map(|found| Judged {
            topic: None,
            mention: self.mention(found, self.spelled(found).to_owned()),
            zone: found.zone.as_str(),
            kind: "masks",
            weight: 0.0,
            is_kept: false,
            rule: Some(Rule::Mask),
        });
        let judged = self.readings.iter().map(|reading| Judged {
            topic: Some(self.taxonomy.topics[reading.topic as usize].id.clone()),
            mention: self.evidence(reading),
            zone: reading.zone.as_str(),
            kind: reading.kind.as_str(),
            weight: reading.weight,
            is_kept: reading.is_kept,
            rule: reading.rule,
        });
        Explanation { topics: self.tags(0.0), mentions: judged.chain(masks).collect() }
    }

    fn tag(&self, scored: &Scored) -> TopicTag {
        let topic = &self.taxonomy.topics[scored.topic as usize];
        TopicTag {
            id: topic.id.clone(),
            name: topic.name.clone(),
            score: (scored.score * 1000.0).round() / 1000.0,
            wikidata: topic.wikidata.clone(),
            iptc: topic.iptc.clone(),
            mentions: self.mentions_of(scored.topic),
        }
    }

    fn mentions_of(&self, topic: TopicIndex) -> Vec<Mention> {
        let of_topic = || self.readings.iter().filter(|r| r.is_kept && r.topic == topic);
        let mut mentions = Vec::with_capacity(of_topic().count());
        mentions.extend(of_topic().map(|reading| self.evidence(reading)));
        mentions
    }

    fn evidence(&self, reading: &Reading) -> Mention {
        let term = match reading.source {
            Source::Term(index) => self.taxonomy.terms[index as usize].text(),
            Source::Ambiguous(index) => &self.taxonomy.ambiguous[index as usize].text,
        };
        self.mention(&self.found[reading.found], term.to_owned())
    }

    fn mention(&self, found: &Found, term: String) -> Mention {
        let (start, end) = self.document.part(found.field).text.source_range(found.start, found.end);
        Mention { term, field: found.field, start, end }
    }

    fn spelled(&self, found: &Found) -> &str {
        &self.document.part(found.field).text.cased[found.start..found.end]
    }
}
