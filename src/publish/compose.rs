//! Candidate, names and topics become the event.

use crate::identity::{ArticleId, Fingerprint, Ladder, RungKind};
use crate::record::{ArticleEvent, Candidate, Extraction, SourceRecordRef, TopicTag};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

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

/// Words as Unicode bounds them (UAX #29). A space or a new line ends every word, and most of what stands between two of
/// them is letters and digits with signs around, one word whatever the signs are: Unicode's rules, which took a third of
/// what the publishing thread does, are asked about the rest only. What is plain is told without a branch a word.
fn word_count(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (mut words, mut state, mut at) = (0, BEFORE, 0);
    while let Some(byte) = bytes.get(at) {
        let next = NEXT[usize::from(*byte)] >> state & 0xff;
        if next == ODD {
            let start = bytes[..at].iter().rposition(|byte| is_end(*byte)).map_or(0, |end| end + 1);
            let end = bytes[at..].iter().position(|byte| is_end(*byte)).map_or(bytes.len(), |end| at + end);
            words += text[start..end].unicode_words().count() as u64;
            words -= u64::from(state != BEFORE);
            (state, at) = (BEFORE, end);
            continue;
        }
        words += u64::from(next & !state & WORD) / u64::from(WORD);
        (state, at) = (next, at + 1);
    }
    words
}

const fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}

/// Where one stands between two spaces: before any letter, in a word, at the signs behind it, or at what is not plain.
const BEFORE: u32 = 0;
const WORD: u32 = 8;
const BEHIND: u32 = 16;
const ODD: u32 = 24;

/// For each byte, where it leads from each of the first three: eight bits each.
const NEXT: [u32; 256] = {
    let mut next = [ODD << BEFORE | ODD << WORD | ODD << BEHIND; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            next[byte] = WORD << BEFORE | WORD << WORD | ODD << BEHIND;
        } else if (byte as u8).is_ascii_punctuation() {
            next[byte] = BEFORE << BEFORE | BEHIND << WORD | BEHIND << BEHIND;
        } else if is_end(byte as u8) {
            next[byte] = 0;
        }
        byte += 1;
    }
    next
};

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_within_a_word_do_not_end_it() {
        assert_eq!(word_count(""), 0);
        assert_eq!(word_count("It's 3.14, or 1,000; e.g. \"a_b\" __ -- 'quoted' 12:30"), 9);
        assert_eq!(word_count("the mayor’s café — ünïcode\n\n東京"), 6);
    }

    proptest! {
        #[test]
        fn as_many_words_as_unicode_bounds(
            text in "([a-z]|[0-9]|[A-Z_.,:;'\"!$-]|[ \n]|[\t\r’é東ーアאа\u{301}\u{200d}\u{a0}\u{2028}\u{1f1e6}😀]){0,40}",
        ) {
            prop_assert_eq!(word_count(&text), text.unicode_words().count() as u64);
        }
    }
}
