//! The table and a batch's claims against a model of plain maps, over any row of batches that commit or abort.

use super::entry::tests::entry;
use super::{Claims, SeenChange, SeenEntry, SeenTable};
use crate::identity::{AliasKey, ArticleId};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What may happen within a batch, or to it.
#[derive(Clone, Debug)]
enum Step {
    /// A candidate that no name of which is known; the publish stage drops names that others hold.
    New {
        article: u8,
        names: Vec<u8>,
    },
    /// A candidate of a known article, under these names, so many days later.
    Again {
        article: u8,
        names: Vec<u8>,
        days: i64,
    },
    /// The event cannot be delivered: all since the last mark is taken back.
    TakeBack,
    Mark,
    /// The tombstone of an expired article.
    Expire {
        article: u8,
    },
    Commit,
    Abort,
}

fn step() -> impl Strategy<Value = Step> {
    let names = || proptest::collection::vec(0u8..12, 0..4);
    prop_oneof![
        4 => (0u8..8, names()).prop_map(|(article, names)| Step::New { article, names }),
        3 => (0u8..8, names(), 0i64..3).prop_map(|(article, names, days)| Step::Again { article, names, days }),
        2 => Just(Step::Mark),
        1 => Just(Step::TakeBack),
        1 => (0u8..8).prop_map(|article| Step::Expire { article }),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
    ]
}

fn id(n: u8) -> ArticleId {
    ArticleId([n + 1; 16])
}

fn alias(n: u8) -> AliasKey {
    AliasKey([n + 100; 16])
}

type Articles = BTreeMap<u8, SeenEntry>;

/// Who holds a name: no two articles ever hold one.
fn holder(articles: &Articles, name: AliasKey) -> Option<u8> {
    articles.iter().find(|(_, entry)| entry.aliases.contains(&name)).map(|(article, _)| *article)
}

/// The model and what it is compared with.
#[derive(Default)]
struct Both {
    committed: Articles,
    batch: Articles,
    table: SeenTable,
    claims: Claims,
    changelog: Vec<SeenChange>,
    /// The batch at the last mark.
    marked: Articles,
}

impl Both {
    fn take(&mut self, step: &Step) {
        match step {
            Step::New { article, names } if !self.batch.contains_key(article) => {
                let free = |name: &u8| holder(&self.batch, alias(*name)).is_none();
                let mut names: Vec<AliasKey> = names.iter().filter(|n| free(n)).map(|n| alias(*n)).collect();
                names.dedup();
                names.sort();
                names.dedup();
                let new = SeenEntry { aliases: names.into_iter().collect(), ..entry(&[]) };
                self.claims.claim(id(*article), new.clone());
                self.batch.insert(*article, new);
            }
            Step::Again { article, names, days } => self.meet_again(*article, names, *days),
            Step::Mark => {
                self.claims.mark();
                self.marked = self.batch.clone();
            }
            Step::TakeBack => {
                self.claims.take_back();
                self.batch = self.marked.clone();
            }
            Step::Expire { article }
                if self.committed.contains_key(article) && !self.claims.is_claimed(&id(*article)) =>
            {
                self.claims.remove(id(*article));
                self.batch.remove(article);
            }
            Step::Commit => {
                self.changelog.extend(self.claims.changes().map(|(id, entry)| (*id, entry.clone())));
                std::mem::take(&mut self.claims).apply_to(&mut self.table);
                self.committed = self.batch.clone();
                self.marked = self.batch.clone();
            }
            Step::Abort => {
                self.claims = Claims::default();
                self.batch = self.committed.clone();
                self.marked = self.batch.clone();
            }
            _ => {}
        }
    }

    fn meet_again(&mut self, article: u8, names: &[u8], days: i64) {
        let Some(known) = self.batch.get(&article).cloned() else { return };
        let at = known.last_seen + days * 24 * 3600 * 1000;
        let mut given: Vec<AliasKey> = names.iter().map(|name| alias(*name)).collect();
        given.sort();
        given.dedup();
        let changed = self.claims.met_again(&self.table, id(article), &given, at);
        let free: Vec<AliasKey> =
            given.into_iter().filter(|name| holder(&self.batch, *name).is_none()).collect();
        assert_eq!(changed, !free.is_empty() || days >= 1);
        if changed {
            let mut met = known;
            met.aliases.extend(free);
            met.last_seen = met.last_seen.max(at);
            self.batch.insert(article, met);
        }
    }

    fn compare(&self) {
        for article in 0..8 {
            let expected = self.batch.get(&article).cloned();
            assert_eq!(
                self.claims.get(&self.table, &id(article)),
                expected,
                "article {article} in the batch"
            );
            assert_eq!(
                self.table.get(&id(article)),
                self.committed.get(&article).cloned(),
                "article {article}"
            );
        }
        for name in 0..12 {
            let expected = holder(&self.batch, alias(name)).map(id);
            assert_eq!(self.claims.owner(&self.table, &alias(name)), expected, "name {name} in the batch");
            let expected = holder(&self.committed, alias(name)).map(id);
            assert_eq!(self.table.owner(&alias(name)), expected, "name {name}");
        }
        assert_eq!(self.table.articles(), self.committed.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn batches_that_commit_or_abort_leave_what_the_model_says(steps in proptest::collection::vec(step(), 0..60)) {
        let mut both = Both::default();
        for step in &steps {
            both.take(step);
            both.compare();
        }
        // A takeover reads the changelog, or what compaction left of it: both give the same table.
        let (mut rebuilt, mut compacted) = (SeenTable::default(), SeenTable::default());
        both.changelog.iter().cloned().for_each(|change| rebuilt.apply(change));
        let last: BTreeMap<ArticleId, (usize, SeenChange)> =
            both.changelog.iter().cloned().enumerate().map(|(at, change)| (change.0, (at, change))).collect();
        let mut last: Vec<_> = last.into_values().collect();
        last.sort_by_key(|(at, _)| *at);
        last.into_iter().for_each(|(_, change)| compacted.apply(change));
        prop_assert_eq!(&rebuilt, &both.table);
        prop_assert_eq!(&compacted, &both.table);
        prop_assert_eq!(compacted.digest(), both.table.digest());
    }
}
