//! A candidate against memory: new, known, or known by a name that lies.

use crate::identity::{ArticleId, Fingerprint, Ladder, Rung, RungKind};
use crate::memory::{Claims, SeenEntry, SeenTable};

/// What memory says of a candidate.
#[derive(Debug, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// Never published. `conflicts` are names that another article holds: they are none of this one's.
    New { id: ArticleId, identity: &'a Rung, conflicts: Vec<&'a Rung> },
    /// Published before.
    Known { id: ArticleId, through: &'a Rung, entry: SeenEntry },
}

/// Climbs the ladder until memory knows a name.
///
/// A bad alias never swallows an article: where a template prints one short link or canonical on every page, the
/// name matches but title and text do not. The page's own URL cannot lie: what it shows now is the same article.
pub fn judge<'a>(
    ladder: &'a Ladder,
    text: &Fingerprint,
    claims: &Claims,
    table: &SeenTable,
) -> Judgement<'a> {
    let mut conflicts = Vec::new();
    let page_owner = claims.owner(table, &ladder.page);
    for rung in &ladder.rungs {
        let owner = claims.owner(table, &rung.key);
        let Some((id, entry)) = owner.and_then(|id| Some((id, claims.get(table, &id)?))) else { continue };
        if page_owner == Some(id) || !text.is_another_text_than(&entry.fingerprint) {
            return Judgement::Known { id, through: rung, entry };
        }
        conflicts.push(rung);
    }
    let may_name = |rung: &&Rung| rung.kind != RungKind::AskedFor && !conflicts.contains(rung);
    // Every ladder ends in the page's own URL, and that is never in conflict.
    let identity = ladder.rungs.iter().find(may_name).unwrap_or(&ladder.rungs[0]);
    Judgement::New { id: ladder.article_id(identity), identity, conflicts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Declared, TrackingParameters, fingerprint, ladder};
    use crate::record::DeclaredName;
    use url::Url;

    fn names(page: &str, short: &str, requested: &str) -> Ladder {
        let link = DeclaredName { url: short.into(), from: "link_shortlink".into() };
        ladder(&Declared {
            page: &Url::parse(page).unwrap(),
            requested_url: requested,
            hops: &[],
            short_links: if short.is_empty() { &[] } else { std::slice::from_ref(&link) },
            canonical_urls: &[],
            tracking: &TrackingParameters::default(),
        })
    }

    fn remember(table: &mut SeenTable, ladder: &Ladder, text: Fingerprint) -> ArticleId {
        let id = ladder.article_id(&ladder.rungs[0]);
        let entry = SeenEntry {
            version: 1,
            aliases: ladder.rungs.iter().map(|rung| rung.key).collect(),
            fingerprint: text,
            topics_hash: 0,
            candidate_offset: 0,
            first_seen: 0,
            last_seen: 0,
            forgotten: false,
        };
        table.apply((id, Some(entry)));
        id
    }

    fn text(n: usize) -> Fingerprint {
        let body: Vec<String> = (0..80).map(|word| format!("word{}of{n}", word * 7 % 60)).collect();
        fingerprint(&format!("title {n}"), &body.join(" "))
    }

    const A: &str = "https://news.example/a-first-story";
    const B: &str = "https://news.example/b-second-story";
    const SHORT: &str = "https://news.example/?p=1";

    #[test]
    fn a_copy_under_the_same_short_link_is_known() {
        let mut table = SeenTable::default();
        let id = remember(&mut table, &names(A, SHORT, A), text(1));
        let copy = names(B, SHORT, B);
        let judged = judge(&copy, &text(1), &Claims::default(), &table);
        assert!(matches!(judged, Judgement::Known { id: known, .. } if known == id));
    }

    #[test]
    fn a_short_link_printed_on_every_page_swallows_nothing() {
        let mut table = SeenTable::default();
        remember(&mut table, &names(A, SHORT, A), text(1));
        let other = names(B, SHORT, B);
        match judge(&other, &text(2), &Claims::default(), &table) {
            Judgement::New { identity, conflicts, .. } => {
                assert_eq!((identity.url.as_str(), conflicts[0].url.as_str()), (B, SHORT));
            }
            known => panic!("{known:?}"),
        }
    }

    #[test]
    fn a_page_rewritten_under_its_own_url_is_the_same_article() {
        let mut table = SeenTable::default();
        let id = remember(&mut table, &names(A, SHORT, A), text(1));
        let rewritten = names(A, SHORT, A);
        let judged = judge(&rewritten, &text(2), &Claims::default(), &table);
        assert!(matches!(judged, Judgement::Known { id: known, .. } if known == id));
    }

    #[test]
    fn an_address_that_shows_the_newest_story_is_no_name_of_it() {
        let latest = "https://news.example/latest";
        let mut table = SeenTable::default();
        remember(&mut table, &names(A, "", latest), text(1));
        let newest = names(B, "", latest);
        let judged = judge(&newest, &text(2), &Claims::default(), &table);
        assert!(matches!(judged, Judgement::New { identity, .. } if identity.url.as_str() == B));
    }

    #[test]
    fn equal_text_under_another_identity_is_published() {
        let mut table = SeenTable::default();
        remember(&mut table, &names(A, "", A), text(1));
        let twin = names(B, "", B);
        assert!(matches!(judge(&twin, &text(1), &Claims::default(), &table), Judgement::New { .. }));
    }
}
