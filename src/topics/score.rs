//! From mentions to a score per topic: a logistic sum over where, how often and beside what a topic is named.

use super::document::{Document, Zone};
use super::mentions::Reading;
use super::scan::Found;
use super::schema::Kind;
use super::taxonomy::{Family, Taxonomy, TopicIndex};
use super::weights::FamilyWeights;
use crate::record::Field;

/// A topic's score, 0 to 1; from 0.5 up the article is about it.
pub(super) struct Scored {
    pub topic: TopicIndex,
    pub score: f64,
}

/// What the document says of one topic.
struct Evidence {
    topic: TopicIndex,
    title: f64,
    dateline: f64,
    lead: f64,
    body: f64,
    /// How many topics the longest enumeration has that this one stands in.
    listed: usize,
    /// Where the body first names it, 0 (its beginning) to 1 (its end, or never).
    first: f64,
    /// What the mentions add up to before topics are compared.
    sum: f64,
}

impl Evidence {
    fn none(topic: TopicIndex) -> Evidence {
        Evidence { topic, title: 0.0, dateline: 0.0, lead: 0.0, body: 0.0, listed: 0, first: 1.0, sum: 0.0 }
    }

    fn add(&mut self, reading: &Reading, position: f64, listed: usize) {
        match reading.zone {
            Zone::Title => self.title = self.title.max(reading.weight),
            Zone::Dateline => self.dateline = self.dateline.max(reading.weight),
            Zone::Lead => self.lead += reading.weight,
            Zone::Body => self.body += reading.weight,
        }
        if matches!(reading.zone, Zone::Lead | Zone::Body) {
            self.first = self.first.min(position);
        }
        self.listed = self.listed.max(listed);
    }

    fn sum(&self, weights: &FamilyWeights) -> f64 {
        weights.title * self.title
            + weights.dateline * self.dateline
            + weights.lead * self.lead.ln_1p()
            + weights.body * self.body.ln_1p()
    }
}

/// Every topic with a kept mention, best first; equal scores by id, so that the order is always the same.
pub(super) fn score(
    taxonomy: &Taxonomy,
    document: &Document,
    found: &[Found],
    readings: &[Reading],
) -> Vec<Scored> {
    let evidence = collect(taxonomy, document, found, readings);
    let length = length(document);
    let rivals = rivals(taxonomy, &evidence);
    let mut scored: Vec<Scored> = evidence
        .iter()
        .map(|own| Scored { topic: own.topic, score: to_score(taxonomy, own, &rivals, length) })
        .collect();
    let id = |scored: &Scored| taxonomy.topics[scored.topic as usize].id.as_str();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| id(a).cmp(id(b))));
    scored
}

/// The evidence of each topic, its mentions in reading order.
fn collect(taxonomy: &Taxonomy, document: &Document, found: &[Found], readings: &[Reading]) -> Vec<Evidence> {
    let body_bytes = document.body.text.lower.len().max(1) as f64;
    let listed = enumerations(taxonomy, found, readings);
    // Few topics: a place in a sorted list is soon found.
    let mut evidence: Vec<Evidence> = Vec::with_capacity(16);
    for (reading, listed) in readings.iter().zip(listed).filter(|(reading, _)| reading.is_kept) {
        let known = evidence.binary_search_by_key(&reading.topic, |own| own.topic);
        let at = known.unwrap_or_else(|at| {
            evidence.insert(at, Evidence::none(reading.topic));
            at
        });
        evidence[at].add(reading, found[reading.found].start as f64 / body_bytes, listed);
    }
    for own in &mut evidence {
        own.sum = own.sum(taxonomy.weights.of_family(family(taxonomy, own.topic)));
    }
    evidence
}

/// "Bahrain, Kuwait, Oman and Qatar": whoever is listed is meant, though named once. Names this close make a list;
/// 20 bytes let a figure stand between them ("Brazil 55, Ivory Coast 67"); measured against 8 and 40.
const LIST_GAP_BYTES: usize = 20;

/// Two are no list.
const LIST_TOPICS: usize = 3;

/// For each reading, the number of topics in the list of its family that it stands in.
fn enumerations(taxonomy: &Taxonomy, found: &[Found], readings: &[Reading]) -> Vec<usize> {
    let mut lengths = vec![0; readings.len()];
    let mut list: Vec<usize> = Vec::new();
    for (index, reading) in readings.iter().enumerate() {
        let is_name = matches!(reading.kind, Kind::Name | Kind::Demonym | Kind::Acronym);
        let is_in_text = reading.field == Field::Body && reading.zone != Zone::Dateline;
        let is_member = reading.is_kept && is_name && is_in_text && !is_leader(taxonomy, reading);
        if !is_member {
            continue;
        }
        let continues = list.last().is_some_and(|last| {
            let (last, next) = (&readings[*last], reading);
            family(taxonomy, last.topic) == family(taxonomy, next.topic)
                && found[next.found].start.saturating_sub(found[last.found].end) <= LIST_GAP_BYTES
        });
        if !continues {
            close(&mut list, readings, &mut lengths);
        }
        list.push(index);
    }
    close(&mut list, readings, &mut lengths);
    lengths
}

fn close(list: &mut Vec<usize>, readings: &[Reading], lengths: &mut [usize]) {
    if list.len() < LIST_TOPICS {
        return list.clear();
    }
    let mut topics: Vec<TopicIndex> = list.iter().map(|index| readings[*index].topic).collect();
    topics.sort_unstable();
    topics.dedup();
    list.drain(..).for_each(|index| lengths[index] = topics.len());
}

/// A leader's name that stands for a country (`add_leaders`) is no member of a list of countries.
fn is_leader(taxonomy: &Taxonomy, reading: &Reading) -> bool {
    let own = reading.term_index().map(|index| taxonomy.terms[index].topic);
    own.is_some_and(|topic| topic != reading.topic)
}

fn family(taxonomy: &Taxonomy, topic: TopicIndex) -> Family {
    taxonomy.roles[topic as usize].family
}

/// The logarithm of the body's length, 0 at 1,000 bytes. Beyond 8,000 an article is just long.
fn length(document: &Document) -> f64 {
    let bytes = document.body.text.lower.len().clamp(50, 8000);
    (bytes as f64 / 1000.0).ln()
}

/// A family's topics in this document.
#[derive(Clone, Copy, Default)]
struct Rivals {
    count: usize,
    strongest: f64,
}

fn rivals(taxonomy: &Taxonomy, evidence: &[Evidence]) -> [Rivals; 4] {
    let mut rivals = [Rivals::default(); 4];
    for own in evidence {
        let rival = &mut rivals[family(taxonomy, own.topic) as usize];
        rival.count += 1;
        rival.strongest = rival.strongest.max(own.sum);
    }
    rivals
}

fn to_score(taxonomy: &Taxonomy, own: &Evidence, rivals: &[Rivals; 4], length: f64) -> f64 {
    let family = family(taxonomy, own.topic);
    let weights = taxonomy.weights.of_family(family);
    let Rivals { count, strongest } = rivals[family as usize];
    let flag = |condition: bool| f64::from(u8::from(condition));
    let sum = weights.bias
        + own.sum
        + weights.listed * flag(own.listed >= LIST_TOPICS)
        + weights.long_list * flag(own.listed >= 5)
        + weights.late * own.first
        + weights.rank * own.sum / strongest.max(f64::MIN_POSITIVE)
        + weights.alone * flag(count == 1)
        + weights.length * length;
    1.0 / (1.0 + (-sum).exp())
}
