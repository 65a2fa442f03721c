//! The publish step, inside: the event, what is remembered of it, and names that lie.

use super::{Pipeline, Verdict};
use crate::identity::{AliasKey, ArticleId, Fingerprint, Ladder, RungKind};
use crate::memory::{Claims, SeenEntry, SeenTable};
use crate::publish::{compose, topics_hash, withhold};
use crate::record::{Article, Candidate, EventType, Reject, Stage, TopicTag};
use jiff::Timestamp;

/// What an update adds to the event.
pub(super) struct Again {
    pub version: u32,
    pub first_seen: Timestamp,
    pub changed: Vec<String>,
}

impl Pipeline {
    /// What the article is about, and by which taxonomy.
    pub fn topics_of(&self, article: &Article) -> (Vec<TopicTag>, String) {
        let tagger = self.tagger.load();
        let (title, body) = (article.title.as_deref().unwrap_or_default(), article.body());
        let topics = tagger.tag(title, &body, article.language.as_deref(), self.settings.topic_threshold);
        (topics, tagger.version().to_owned())
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn event(
        &self,
        id: ArticleId,
        (candidate, offset): (Candidate, i64),
        names: &Ladder,
        text: &Fingerprint,
        (claims, table): (&mut Claims, &SeenTable),
        again: Option<Again>,
        now: Timestamp,
    ) -> Verdict {
        let (topics, taxonomy_version) = self.topics_of(&candidate.article);
        let source = candidate.job.source.clone();
        let fetched_ms = candidate.fetched_at.as_millisecond();
        let mut event = compose(id, candidate, names, text, (topics, &taxonomy_version));
        if let Err(reason) = withhold(&mut event, &self.settings.rights) {
            let why = (Stage::Publish, reason, "the page forbids its use".to_owned());
            return Verdict::Reject(Box::new(Reject::new(&source, why, Some(event.url), 0, now)));
        }
        let kind = if again.is_some() { EventType::Updated } else { EventType::Published };
        if let Some(again) = again {
            (event.version, event.first_seen_at, event.changed) =
                (again.version, again.first_seen, again.changed);
        }
        let aliases = match claims.get(table, &id) {
            Some(known) => known.aliases,
            None => std::iter::once(names.page)
                .chain(keys(names).into_iter().filter(|k| *k != names.page))
                .collect(),
        };
        let entry = SeenEntry {
            version: event.version,
            aliases,
            fingerprint: *text,
            topics_hash: topics_hash(&event.topics),
            candidate_offset: offset,
            first_seen: event.first_seen_at.as_millisecond(),
            last_seen: fetched_ms,
            forgotten: false,
        };
        claims.claim(id, entry);
        Verdict::Event(kind, Box::new(event))
    }
}

pub(super) fn keys(names: &Ladder) -> Vec<AliasKey> {
    names.rungs.iter().map(|rung| rung.key).collect()
}

/// The names that another article holds go, and the event says so.
pub(super) fn without(
    mut names: Ladder,
    mut candidate: Candidate,
    lying: &[(AliasKey, RungKind)],
) -> (Ladder, Candidate) {
    names.rungs.retain(|rung| lying.iter().all(|(key, _)| *key != rung.key));
    if lying.iter().any(|(_, kind)| *kind == RungKind::CanonicalUrl) {
        names.canonical_url = None;
    }
    let warnings = lying.iter().map(|(_, kind)| format!("identity_conflict:{}", kind.as_str()));
    candidate.article.warnings.extend(warnings);
    (names, candidate)
}

/// The fields that an update names.
pub(super) fn changes(old: &Fingerprint, new: &Fingerprint) -> Vec<String> {
    let differs =
        [("title", old.title_hash != new.title_hash), ("body", old.content_hash != new.content_hash)];
    differs.iter().filter(|(_, differs)| *differs).map(|(field, _)| (*field).to_owned()).collect()
}
