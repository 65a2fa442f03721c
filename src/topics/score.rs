//! From mentions to a score per topic.

use super::document::Zone;
use super::mentions::Reading;
use super::taxonomy::{Family, Taxonomy, TopicIndex};
use super::weights::FamilyWeights;
use std::collections::BTreeMap;

/// A topic's score, 0 to 1; 0.5 is where its family keeps it.
pub(super) struct Scored {
    pub topic: TopicIndex,
    pub score: f64,
}

#[derive(Default)]
struct Sums {
    title: f64,
    dateline: f64,
    lead: f64,
    body: f64,
}

impl Sums {
    fn add(&mut self, zone: Zone, weight: f64) {
        match zone {
            Zone::Title => self.title = self.title.max(weight),
            Zone::Dateline => self.dateline = self.dateline.max(weight),
            Zone::Lead => self.lead += weight,
            Zone::Body => self.body += weight,
        }
    }

    fn total(&self, weights: &FamilyWeights) -> f64 {
        weights.title * self.title
            + weights.dateline * self.dateline
            + weights.lead * self.lead.ln_1p()
            + weights.body * self.body.ln_1p()
    }
}

/// Every topic with a kept mention, best first; equal scores by id, so that the order is always the same.
pub(super) fn score(taxonomy: &Taxonomy, readings: &[Reading]) -> Vec<Scored> {
    let mut sums: BTreeMap<TopicIndex, Sums> = BTreeMap::new();
    for reading in readings.iter().filter(|reading| reading.is_kept) {
        sums.entry(reading.topic).or_default().add(reading.zone, reading.weight);
    }
    let totals: Vec<(TopicIndex, f64)> =
        sums.iter().map(|(topic, sums)| (*topic, sums.total(weights(taxonomy, *topic)))).collect();
    let mut scored: Vec<Scored> = totals
        .iter()
        .map(|(topic, total)| Scored { topic: *topic, score: to_score(taxonomy, *topic, *total, &totals) })
        .collect();
    let id = |scored: &Scored| taxonomy.topics[scored.topic as usize].id.as_str();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| id(a).cmp(id(b))));
    scored
}

fn weights(taxonomy: &Taxonomy, topic: TopicIndex) -> &FamilyWeights {
    taxonomy.weights.of_family(family(taxonomy, topic))
}

fn family(taxonomy: &Taxonomy, topic: TopicIndex) -> Family {
    taxonomy.topics[topic as usize].family
}

/// `1 - 2^(-total / keep)`; the best of its family passes from `keep_best` up.
fn to_score(taxonomy: &Taxonomy, topic: TopicIndex, total: f64, totals: &[(TopicIndex, f64)]) -> f64 {
    let weights = weights(taxonomy, topic);
    let score = 1.0 - (-total / weights.keep.max(1e-6)).exp2();
    if score >= 0.5 || total < weights.keep_best {
        return score;
    }
    let own = family(taxonomy, topic);
    let is_best =
        totals.iter().filter(|(other, _)| family(taxonomy, *other) == own).all(|(_, t)| *t <= total);
    if is_best { 0.5 } else { score }
}
