//! The table of published articles of one partition, and the claims of one batch over it.

use super::SeenEntry;
use super::entry::MAX_ALIASES;
use crate::identity::{AliasKey, ArticleId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Article id -> entry, alias -> article id. The alias index is derived: `seen` topic alone rebuilds both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenTable {
    articles: HashMap<ArticleId, SeenEntry>,
    aliases: HashMap<AliasKey, ArticleId>,
}

/// One changelog record: an entry, or a tombstone.
pub type SeenChange = (ArticleId, Option<SeenEntry>);

impl SeenTable {
    pub fn articles(&self) -> usize {
        self.articles.len()
    }

    pub fn aliases(&self) -> usize {
        self.aliases.len()
    }

    pub fn get(&self, id: &ArticleId) -> Option<&SeenEntry> {
        self.articles.get(id)
    }

    pub fn owner(&self, alias: &AliasKey) -> Option<ArticleId> {
        self.aliases.get(alias).copied()
    }

    /// Applies a committed change, or a changelog record during the restore.
    pub fn apply(&mut self, (id, entry): SeenChange) {
        if let Some(old) = self.articles.remove(&id) {
            for alias in &old.aliases {
                if self.aliases.get(alias) == Some(&id) {
                    self.aliases.remove(alias);
                }
            }
        }
        let Some(entry) = entry else { return };
        for alias in &entry.aliases {
            // The first owner keeps an alias: a later article never takes it over.
            self.aliases.entry(*alias).or_insert(id);
        }
        self.articles.insert(id, entry);
    }

    /// Up to `limit` articles last seen before `before_ms`: their tombstones are due.
    /// Forgotten articles stay: an expired block would publish again what was retracted.
    pub fn expired(&self, before_ms: i64, limit: usize) -> Vec<ArticleId> {
        let is_due = |entry: &SeenEntry| entry.last_seen < before_ms && !entry.forgotten;
        self.articles.iter().filter(|(_, entry)| is_due(entry)).map(|(id, _)| *id).take(limit).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&ArticleId, &SeenEntry)> {
        self.articles.iter()
    }
}

/// What one batch means to remember. Seen by the rest of the batch at once, by the table only after the commit.
#[derive(Debug, Default)]
pub struct Claims {
    changes: HashMap<ArticleId, Option<SeenEntry>>,
    aliases: HashMap<AliasKey, ArticleId>,
    since_mark: Undo,
}

/// What was claimed since the last `mark`, newest last, with what stood there before.
#[derive(Debug, Default)]
struct Undo {
    changes: Vec<(ArticleId, Option<Option<SeenEntry>>)>,
    aliases: Vec<AliasKey>,
}

impl Claims {
    pub fn get<'a>(&'a self, table: &'a SeenTable, id: &ArticleId) -> Option<&'a SeenEntry> {
        match self.changes.get(id) {
            Some(change) => change.as_ref(),
            None => table.get(id),
        }
    }

    pub fn owner(&self, table: &SeenTable, alias: &AliasKey) -> Option<ArticleId> {
        let in_table = || {
            let owner = table.owner(alias)?;
            self.get(table, &owner).map(|_| owner)
        };
        self.aliases.get(alias).copied().or_else(in_table)
    }

    /// Claims `id` with this entry.
    pub fn claim(&mut self, id: ArticleId, entry: SeenEntry) {
        for alias in &entry.aliases {
            if let Entry::Vacant(free) = self.aliases.entry(*alias) {
                free.insert(id);
                self.since_mark.aliases.push(*alias);
            }
        }
        self.change(id, Some(entry));
    }

    fn change(&mut self, id: ArticleId, change: Option<SeenEntry>) {
        let before = self.changes.insert(id, change);
        self.since_mark.changes.push((id, before));
    }

    /// An article met again: adds the aliases that nobody owns, and keeps it from expiring. True if that changed it.
    /// A meeting within a day of the last is not worth a record.
    pub fn met_again(&mut self, table: &SeenTable, id: ArticleId, names: &[AliasKey], now_ms: i64) -> bool {
        let Some(known) = self.get(table, &id) else { return false };
        let room = MAX_ALIASES.saturating_sub(known.aliases.len());
        let free = names.iter().copied().filter(|name| self.owner(table, name).is_none());
        let free: Vec<AliasKey> = free.take(room).collect();
        if free.is_empty() && now_ms - known.last_seen < DAY_MS {
            return false;
        }
        let mut entry = known.clone();
        entry.aliases.extend(free);
        entry.last_seen = entry.last_seen.max(now_ms);
        self.claim(id, entry);
        true
    }

    pub fn remove(&mut self, id: ArticleId) {
        self.change(id, None);
    }

    pub fn is_claimed(&self, id: &ArticleId) -> bool {
        self.changes.contains_key(id)
    }

    /// From here on claims can be taken back.
    pub fn mark(&mut self) {
        self.since_mark = Undo::default();
    }

    /// Takes back what was claimed since the mark, and nothing of before: the event behind it cannot be delivered.
    pub fn take_back(&mut self) {
        let Undo { changes, aliases } = std::mem::take(&mut self.since_mark);
        for (id, before) in changes.into_iter().rev() {
            match before {
                Some(change) => self.changes.insert(id, change),
                None => self.changes.remove(&id),
            };
        }
        for alias in &aliases {
            self.aliases.remove(alias);
        }
    }

    /// What the transaction has to carry.
    pub fn changes(&self) -> impl Iterator<Item = (&ArticleId, &Option<SeenEntry>)> {
        self.changes.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// After the commit.
    pub fn apply_to(self, table: &mut SeenTable) {
        self.changes.into_iter().for_each(|change| table.apply(change));
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::entry;
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> ArticleId {
        ArticleId([n; 16])
    }

    fn alias(n: u8) -> AliasKey {
        AliasKey([n; 16])
    }

    #[test]
    fn a_claim_is_seen_by_its_batch_and_by_the_table_only_when_applied() {
        let mut table = SeenTable::default();
        let mut claims = Claims::default();
        claims.claim(id(1), entry(&[1, 2]));
        assert_eq!(claims.owner(&table, &alias(2)), Some(id(1)));
        assert_eq!(table.owner(&alias(2)), None);
        claims.apply_to(&mut table);
        assert_eq!(table.owner(&alias(2)), Some(id(1)));
    }

    #[test]
    fn what_cannot_be_delivered_is_taken_back_and_nothing_before_it() {
        let table = SeenTable::default();
        let mut claims = Claims::default();
        claims.claim(id(1), entry(&[1]));
        claims.mark();
        claims.claim(id(1), SeenEntry { version: 2, ..entry(&[1, 2]) });
        claims.claim(id(3), entry(&[3]));
        claims.take_back();
        assert_eq!(claims.get(&table, &id(1)), Some(&entry(&[1])));
        let owners = [1, 2, 3].map(|n| claims.owner(&table, &alias(n)));
        assert_eq!(owners, [Some(id(1)), None, None]);
    }

    #[test]
    fn a_new_name_of_a_known_article_is_remembered_but_nobody_elses() {
        let mut table = SeenTable::default();
        table.apply((id(1), Some(entry(&[1]))));
        table.apply((id(2), Some(entry(&[2]))));
        let mut claims = Claims::default();
        assert!(claims.met_again(&table, id(1), &[alias(1), alias(2), alias(3)], 99));
        assert!(!claims.met_again(&table, id(1), &[alias(2), alias(3)], 99));
        assert!(
            claims.met_again(&table, id(1), &[alias(1)], 99 + DAY_MS),
            "it would expire though it is met"
        );
        claims.apply_to(&mut table);
        assert_eq!((table.owner(&alias(2)), table.owner(&alias(3))), (Some(id(2)), Some(id(1))));
    }

    #[test]
    fn expiry_gives_back_the_aliases_and_keeps_what_was_forgotten() {
        let mut table = SeenTable::default();
        table.apply((id(1), Some(entry(&[1]))));
        table.apply((id(2), Some(SeenEntry { forgotten: true, ..entry(&[2]) })));
        assert_eq!(table.expired(12, 10), [id(1)]);
        assert!(table.expired(11, 10).is_empty());
        table.apply((id(1), None));
        assert_eq!((table.owner(&alias(1)), table.articles(), table.aliases()), (None, 1, 1));
    }

    proptest! {
        /// The table after any changes equals one rebuilt from the last record of each key, as compaction leaves it.
        #[test]
        fn a_rebuild_from_a_compacted_topic_is_equal(
            changes in proptest::collection::vec((0u8..6, proptest::option::of(0u8..4)), 0..40)
        ) {
            // Disjoint aliases per article: the claims never hand out a name twice.
            let record = |n: u8, k: u8| entry(&(0..=k).map(|a| n * 10 + a).collect::<Vec<u8>>());
            let mut table = SeenTable::default();
            let mut last: Vec<SeenChange> = Vec::new();
            for (n, kind) in changes {
                let change = (id(n), kind.map(|k| record(n, k)));
                last.retain(|(key, _)| *key != change.0);
                last.push(change.clone());
                table.apply(change);
            }
            let mut rebuilt = SeenTable::default();
            last.into_iter().for_each(|change| rebuilt.apply(change));
            prop_assert_eq!(table, rebuilt);
        }
    }
}
