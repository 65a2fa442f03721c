//! The publish step for an operator's orders: new topics for an article, or its retraction.

use super::publish_step::without;
use super::{Pipeline, names_of};
use crate::identity::{AliasKey, ArticleId, Fingerprint, fingerprint};
use crate::memory::{Claims, SeenEntry, SeenTable};
use crate::publish::{compose, topics_hash, withhold};
use crate::record::{ArticleEvent, Forget, Retag, Retracted, SiteCommand};
use jiff::Timestamp;
use url::Url;

/// What came of an order. What is to be remembered is in the claims.
#[derive(Debug)]
pub enum Obeyed {
    Retagged(Box<ArticleEvent>),
    Retracted(Retracted),
    /// Nothing to say to anybody, and why.
    Silent(&'static str),
}

impl Pipeline {
    /// PUBLISH, for an order: judged against memory like a candidate, so that one read twice is obeyed once.
    pub fn obey(
        &self,
        command: SiteCommand,
        offset: i64,
        claims: &mut Claims,
        table: &SeenTable,
        now: Timestamp,
    ) -> Obeyed {
        match command {
            SiteCommand::Retag(retag) => self.retag(*retag, offset, claims, table),
            SiteCommand::Forget(forget) => forget_article(&forget, claims, table, now),
        }
    }

    fn retag(&self, retag: Retag, offset: i64, claims: &mut Claims, table: &SeenTable) -> Obeyed {
        let Ok(id) = retag.article_id.parse::<ArticleId>() else { return Obeyed::Silent("no_article_id") };
        let Some(entry) = claims.get(table, &id) else { return Obeyed::Silent("unknown_article") };
        let new_hash = topics_hash(&retag.topics);
        match () {
            () if entry.forgotten => return Obeyed::Silent("forgotten"),
            // Somebody published it again since the plan was made, with the topics of that day.
            () if entry.candidate_offset != retag.published_offset => return Obeyed::Silent("superseded"),
            () if entry.topics_hash == new_hash => return Obeyed::Silent("same_topics"),
            () => {}
        }
        let candidate = retag.candidate;
        let text =
            fingerprint(candidate.article.title.as_deref().unwrap_or_default(), &candidate.article.body());
        let names = names_of(&candidate, &self.settings.tracking);
        let is_anothers =
            |key: &AliasKey| *key != names.page && claims.owner(table, key).is_some_and(|owner| owner != id);
        let lying: Vec<_> = names
            .rungs
            .iter()
            .filter(|rung| is_anothers(&rung.key))
            .map(|rung| (rung.key, rung.kind))
            .collect();
        let (names, candidate) = without(names, candidate, &lying);
        let mut event = compose(id, candidate, &names, &text, (retag.topics, &retag.taxonomy_version));
        if withhold(&mut event, &self.settings.rights).is_err() {
            return Obeyed::Silent("withheld");
        }
        event.version = entry.version + 1;
        event.changed = vec!["topics".to_owned()];
        event.first_seen_at = Timestamp::from_millisecond(entry.first_seen).unwrap_or(event.fetched_at);
        // The order holds the candidate as well: from here on it is the one that published the article.
        let entry =
            SeenEntry { version: event.version, topics_hash: new_hash, candidate_offset: offset, ..entry };
        claims.claim(id, entry);
        Obeyed::Retagged(Box::new(event))
    }
}

/// Leaves a block under every name that the article is known by; under the URL itself where it was never published.
fn forget_article(forget: &Forget, claims: &mut Claims, table: &SeenTable, now: Timestamp) -> Obeyed {
    let urls: Vec<Url> = forget.urls.iter().filter_map(|url| Url::parse(url).ok()).collect();
    let names: Vec<AliasKey> = urls.iter().map(|url| AliasKey::of(url, &forget.site)).collect();
    let by_name = || names.iter().find_map(|name| claims.owner(table, name));
    let by_id = || forget.article_id.as_ref().and_then(|id| id.parse().ok());
    let unpublished = || urls.first().map(|url| ArticleId::of(url, &forget.site));
    let Some(id) = by_id().or_else(by_name).or_else(unpublished) else {
        return Obeyed::Silent("no_article_id");
    };
    let Some(entry) = claims.get(table, &id) else {
        claims.claim(id, block(names, now));
        return Obeyed::Silent("blocked");
    };
    if entry.forgotten {
        return Obeyed::Silent("forgotten");
    }
    let version = entry.version + 1;
    let mut aliases = entry.aliases.clone();
    aliases.extend(names.iter().copied().filter(|name| claims.owner(table, name).is_none()));
    claims.claim(id, SeenEntry { version, aliases, forgotten: true, ..entry });
    Obeyed::Retracted(Retracted {
        article_id: id.to_string(),
        version,
        url: forget.urls.first().cloned(),
        retracted_at: now,
    })
}

/// An entry for an article that nobody has read.
fn block(names: Vec<AliasKey>, now: Timestamp) -> SeenEntry {
    SeenEntry {
        version: 0,
        aliases: names.into(),
        fingerprint: Fingerprint::default(),
        topics_hash: 0,
        candidate_offset: -1,
        first_seen: now.as_millisecond(),
        last_seen: now.as_millisecond(),
        forgotten: true,
    }
}
