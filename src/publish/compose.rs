//! Candidate, names and topics become the event.

use super::word_count::word_count;
use crate::identity::{ArticleId, Fingerprint, Ladder, RungKind};
use crate::record::{ArticleEvent, Candidate, Extraction, SourceRecordRef, TopicTag};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The event of a first publication; an update changes `version`, `changed` and `first_seen_at`.
pub fn compose(
    id: ArticleId,
    candidate: Candidate,
    ladder: &Ladder,
    text: &Fingerprint,
    (topics, taxonomy_version): (Vec<TopicTag>, &str),
) -> ArticleEvent {
    let body = candidate.article.body();
    let Candidate { job, url, article, fetched_at, fetch, .. } = candidate;
    let declared = |kind| ladder.first(kind).map(|rung| rung.url.to_string());
    let published = article.published;
    ArticleEvent {
        article_id: id.to_string(),
        version: 1,
        canonical_url: ladder.canonical_url.as_ref().map(ToString::to_string),
        short_link: declared(RungKind::ShortLink),
        requested_url: job.requested_url,
        aliases: ladder.rungs.iter().map(|rung| rung.url.to_string()).collect(),
        site: ladder.site.clone(),
        host: host_of(&url),
        url,
        publisher: article.publisher,
        title: article.title.unwrap_or_default(),
        description: article.description,
        section: article.section,
        keywords: article.keywords,
        word_count: word_count(&body),
        body,
        paragraphs: article.blocks,
        authors: article.authors,
        language: article.language,
        language_source: article.language_source,
        published_at: published.map(|p| p.at),
        modified_at: article.modified.map(|m| m.at),
        published_precision: published.map(|p| p.precision),
        published_zone: published.map(|p| p.zone),
        images: article.images,
        topics,
        taxonomy_version: taxonomy_version.to_owned(),
        content_hash: format!("{:032x}", text.content_hash),
        simhash: format!("{:016x}", text.simhash),
        is_accessible_for_free: article.is_accessible_for_free,
        rights: article.rights,
        withheld: None,
        changed: Vec::new(),
        fetched_at,
        // As memory keeps it, so that every version of the article says the same.
        first_seen_at: Timestamp::from_millisecond(fetched_at.as_millisecond()).unwrap_or(fetched_at),
        published_by: concat!("newswire/", env!("CARGO_PKG_VERSION")).to_owned(),
        fetch,
        extraction: Extraction {
            confidence: article.confidence,
            sources: article.sources,
            warnings: article.warnings,
        },
        source_record: Some(SourceRecordRef {
            key: job.source.key(),
            topic: job.source.topic,
            partition: job.source.partition,
            offset: job.source.offset,
        }),
        context: job.context,
    }
}

fn host_of(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Of the topics' ids, whatever their order: `retag` looks for articles whose hash differs.
pub fn topics_hash(topics: &[TopicTag]) -> u64 {
    let mut ids: Vec<&str> = topics.iter().map(|topic| topic.id.as_str()).collect();
    ids.sort_unstable();
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(ids.join(",").as_bytes())[..8]);
    u64::from_be_bytes(first)
}
