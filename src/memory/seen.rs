//! The table of published articles of one partition, and the claims of one batch over it.

use super::BadChangelog;
use super::SeenEntry;
use super::entry::MAX_ALIASES;
use super::packed::{Place, Pools};
use crate::identity::{AliasKey, ArticleId};
use hashbrown::HashTable;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Entries looked at in one search for expired ones: about a millisecond's work.
const SEARCHED_AT_ONCE: usize = 20_000;

/// Article id -> entry, alias -> article id. The alias index is derived: the `seen` topic alone rebuilds both.
/// About 90 bytes an alias where an article has three names for every two articles (`cargo bench`, docs/delivery.md).
#[derive(Clone, Debug, Default)]
pub struct SeenTable {
    entries: Pools,
    by_id: HashTable<Place>,
    /// An entry's place, and which of its aliases.
    by_alias: HashTable<(Place, u8)>,
}

/// One changelog record: an entry, or a tombstone.
pub type SeenChange = (ArticleId, Option<SeenEntry>);

/// Ids and aliases are pieces of SHA-256: any eight bytes of them are as good as a hash.
fn hash(key: &[u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Slots made ready for a restore at most: a changelog that was not compacted lately says the same article many times.
const MOST_ROOM: usize = 1 << 20;

impl SeenTable {
    /// For a restore of so many changelog records. An index that grows has to be placed anew, each time with a look at
    /// every entry: a third of a restore's time.
    pub fn with_room_for(records: usize) -> SeenTable {
        let room = records.min(MOST_ROOM);
        SeenTable {
            entries: Pools::default(),
            by_id: HashTable::with_capacity(room),
            by_alias: HashTable::with_capacity(room),
        }
    }

    /// After the restore: what the indexes have too much of.
    pub fn give_back_room(&mut self) {
        let SeenTable { entries, by_id, by_alias } = self;
        let needless = |capacity: usize, used: usize| capacity > 64 && capacity > 3 * used;
        if needless(by_id.capacity(), by_id.len()) {
            by_id.shrink_to_fit(|place| hash(&entries.id(*place).0));
        }
        if needless(by_alias.capacity(), by_alias.len()) {
            by_alias.shrink_to_fit(|(place, number)| hash(&entries.alias(*place, *number).0));
        }
    }

    pub fn articles(&self) -> usize {
        self.by_id.len()
    }

    pub fn aliases(&self) -> usize {
        self.by_alias.len()
    }

    fn place(&self, id: &ArticleId) -> Option<Place> {
        self.by_id.find(hash(&id.0), |place| self.entries.has_id(*place, id)).copied()
    }

    pub fn get(&self, id: &ArticleId) -> Option<SeenEntry> {
        self.place(id).map(|place| self.entries.entry(place))
    }

    pub fn owner(&self, alias: &AliasKey) -> Option<ArticleId> {
        let is_it = |(place, number): &(Place, u8)| self.entries.alias(*place, *number) == *alias;
        self.by_alias.find(hash(&alias.0), is_it).map(|(place, _)| self.entries.id(*place))
    }

    /// Applies a committed change, or a changelog record during the restore.
    pub fn apply(&mut self, (id, entry): SeenChange) {
        if let Some(old) = self.place(&id) {
            self.remove(&id, old);
        }
        let Some(entry) = entry else { return };
        let place = self.entries.put(&id, &entry);
        let entries = &self.entries;
        self.by_id.insert_unique(hash(&id.0), place, |place| hash(&entries.id(*place).0));
        for number in 0..place.aliases {
            let alias = entries.alias(place, number);
            let is_it = |(place, number): &(Place, u8)| entries.alias(*place, *number) == alias;
            let again = |(place, number): &(Place, u8)| hash(&entries.alias(*place, *number).0);
            // The later record owns it. Claims never give a name to two articles, but in one batch a name may leave an
            // expired article for a new one, and the records of a batch have no order.
            self.by_alias.entry(hash(&alias.0), is_it, again).insert((place, number));
        }
    }

    /// A changelog record as it was read.
    pub fn apply_record(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), BadChangelog> {
        let entry = value.map(SeenEntry::decode).transpose()?;
        self.apply((SeenEntry::decode_key(key)?, entry));
        Ok(())
    }

    fn remove(&mut self, id: &ArticleId, place: Place) {
        for number in 0..place.aliases {
            let alias = self.entries.alias(place, number);
            let own = |indexed: &(Place, u8)| *indexed == (place, number);
            if let Ok(indexed) = self.by_alias.find_entry(hash(&alias.0), own) {
                indexed.remove();
            }
        }
        if let Ok(indexed) = self.by_id.find_entry(hash(&id.0), |indexed| *indexed == place) {
            indexed.remove();
        }
        self.entries.take_out(place);
    }

    /// Up to `limit` articles last seen before `before_ms`: their tombstones are due. Each call looks at a piece of the
    /// table and the next one goes on from there.
    /// Forgotten articles stay: an expired block would publish again what was retracted.
    pub fn expired(&mut self, before_ms: i64, limit: usize) -> Vec<ArticleId> {
        self.entries.expired(before_ms, limit, SEARCHED_AT_ONCE)
    }

    /// The same for the same articles with the same names, in whatever order they came. Goes through the whole table.
    pub fn digest(&self) -> u64 {
        let one = |(id, entry): (ArticleId, SeenEntry)| {
            let bytes = [&id.0[..], &entry.encode()].concat();
            // Two polynomials' remainders would do; the id makes them differ, so one with its bytes turned round does.
            let back: Vec<u8> = bytes.iter().rev().copied().collect();
            u64::from(crc32fast::hash(&bytes)) << 32 | u64::from(crc32fast::hash(&back))
        };
        self.iter().map(one).fold(0, |all, one| all ^ one)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ArticleId, SeenEntry)> {
        self.entries.iter()
    }
}

/// The same articles, and the same owners of the same names.
impl PartialEq for SeenTable {
    fn eq(&self, other: &SeenTable) -> bool {
        let owns = |(place, number): &(Place, u8)| {
            other.owner(&self.entries.alias(*place, *number)) == Some(self.entries.id(*place))
        };
        self.articles() == other.articles()
            && self.aliases() == other.aliases()
            && self.iter().all(|(id, entry)| other.get(&id) == Some(entry))
            && self.by_alias.iter().all(owns)
    }
}

impl Eq for SeenTable {}

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
    aliases: Vec<(AliasKey, Option<ArticleId>)>,
}

impl Claims {
    pub fn get(&self, table: &SeenTable, id: &ArticleId) -> Option<SeenEntry> {
        match self.changes.get(id) {
            Some(change) => change.clone(),
            None => table.get(id),
        }
    }

    pub fn owner(&self, table: &SeenTable, alias: &AliasKey) -> Option<ArticleId> {
        // One that this batch forgets, or publishes anew without the name, has it no more.
        let still_has = |owner: &ArticleId| match self.changes.get(owner) {
            Some(change) => change.as_ref().is_some_and(|entry| entry.aliases.contains(alias)),
            None => true,
        };
        let in_table = || table.owner(alias).filter(still_has);
        self.aliases.get(alias).copied().or_else(in_table)
    }

    /// Claims `id` with this entry.
    pub fn claim(&mut self, id: ArticleId, entry: SeenEntry) {
        for alias in &entry.aliases {
            if let Entry::Vacant(free) = self.aliases.entry(*alias) {
                free.insert(id);
                self.since_mark.aliases.push((*alias, None));
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
        let mut entry = known;
        entry.aliases.extend(free);
        entry.last_seen = entry.last_seen.max(now_ms);
        self.claim(id, entry);
        true
    }

    /// Claims that `id` is forgotten; the names that this batch gave it are free again.
    pub fn remove(&mut self, id: ArticleId) {
        let claimed = self.changes.get(&id).and_then(Option::as_ref);
        for alias in claimed.map(|entry| entry.aliases.clone()).iter().flatten() {
            if self.aliases.get(alias) == Some(&id) {
                self.aliases.remove(alias);
                self.since_mark.aliases.push((*alias, Some(id)));
            }
        }
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
        for (alias, before) in aliases.into_iter().rev() {
            match before {
                Some(owner) => self.aliases.insert(alias, owner),
                None => self.aliases.remove(&alias),
            };
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
        assert_eq!(claims.get(&table, &id(1)), Some(entry(&[1])));
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
            let mut rebuilt = SeenTable::with_room_for(500);
            last.into_iter().for_each(|change| rebuilt.apply(change));
            rebuilt.give_back_room();
            prop_assert_eq!(table, rebuilt);
        }
    }
}
