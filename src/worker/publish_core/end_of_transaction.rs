//! The end of a transaction: committed and remembered, or given up and everything taken over anew.

use super::{Core, Open};
use crate::memory::SeenEntry;
use crate::record::Stage;
use crate::telemetry;
use crate::worker::restore::Carried;
use crate::worker::transaction::Finish;
use crate::worker::{StageError, crash_point, is_refusal};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

impl Core {
    /// Until the open transaction is due.
    pub fn due_in(&self) -> Option<Duration> {
        let open = self.open.as_ref()?;
        let settings = &self.shared.config.publish;
        if open.candidates >= settings.commit_count {
            return Some(Duration::ZERO);
        }
        Some(settings.commit_every.saturating_sub(open.since.elapsed()))
    }

    /// Commits when it is time. Gives why the stage has to start anew, if it has.
    pub fn commit_if_due<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
    ) -> Result<(), StageError> {
        if self.due_in().is_some_and(|due| due.is_zero()) {
            self.commit(consumer);
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Commits what is open and deals with what comes of it.
    pub fn commit<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) {
        let finish = self.finish(consumer);
        self.after(consumer, finish);
    }

    pub(super) fn finish<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) -> Finish {
        let Some(open) = self.open.take() else { return Finish::Committed };
        let (started, deadline) = (Instant::now(), self.transactions.deadline());
        if let Err(e) = self.write_changes(&open) {
            return self.not_written(e.to_string());
        }
        if !self.transactions.drain(deadline) {
            return self.not_written("the brokers did not take all of the transaction's records".to_owned());
        }
        let offsets = match self.offsets(&open) {
            Ok(offsets) => offsets,
            Err(e) => return self.transactions.abort(e.to_string()),
        };
        let finish = self.transactions.commit(consumer.client().native_ptr(), &offsets, deadline);
        if matches!(finish, Finish::Committed) {
            crash_point::pass("publish-after-commit");
            telemetry::commit(started.elapsed());
            self.remember(open);
            crash_point::pass("publish-after-remember");
        }
        finish
    }

    /// A candidate of which a record could not be written: the transaction is given up, and what follows of that done.
    pub fn failed<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, e: KafkaError) {
        let finish = match self.open.take() {
            Some(_) => self.not_written(e.to_string()),
            None => Finish::Restart(e.to_string()),
        };
        self.after(consumer, finish);
    }

    /// Gives the transaction up whose records did not all arrive. A record that the brokers refused breaks it, and what
    /// is sent after that fails for the broken state; only the reports, which the abort waits for, tell which it was.
    /// One over the size that brokers take would come again for ever: its candidate is remembered, and becomes a
    /// reject. What is not allowed ends the stage.
    fn not_written(&mut self, why: String) -> Finish {
        let finish = self.transactions.abort(why);
        for record in self.transactions.undelivered() {
            if record.code == RDKafkaErrorCode::MessageSizeTooLarge {
                *self.too_large.entry(record.candidate).or_default() += 1;
            } else if is_refusal(record.code) {
                let (what, why) = (record.kafka_topic, record.code.to_string());
                self.broken.get_or_insert(StageError::Refused { what, why });
            }
        }
        finish
    }

    fn write_changes(&self, open: &Open) -> Result<(), KafkaError> {
        let seen = &self.shared.outlet.names.seen;
        for (partition, claims) in &open.claims {
            for (id, entry) in claims.changes() {
                let value = entry.as_ref().map(SeenEntry::encode);
                self.transactions.send(seen, &id.0, value.as_deref(), None, Some(*partition))?;
                self.transactions.serve();
            }
        }
        Ok(())
    }

    /// Rule 3: with every offset, the highest changelog offset + 1 known for its partition.
    fn offsets(&self, open: &Open) -> Result<TopicPartitionList, KafkaError> {
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in &open.next {
            let mut element = offsets.add_partition(&self.shared.outlet.names.candidates, *partition);
            element.set_offset(Offset::Offset(*next))?;
            let partitions = Some(self.shared.outlet.counts.candidates);
            let carried = Carried { changelog_end: self.changelog_end(*partition), partitions };
            element.set_metadata(carried.to_metadata());
        }
        Ok(offsets)
    }

    fn changelog_end(&self, partition: i32) -> i64 {
        let restored = self.ready.get(&partition).map_or(0, |ready| ready.changelog_end);
        restored.max(self.transactions.seen_end(partition).unwrap_or(0))
    }

    /// Rule 8: tables change only here.
    fn remember(&mut self, open: Open) {
        for (partition, claims) in open.claims {
            let end = self.changelog_end(partition);
            if let Some(ready) = self.ready.get_mut(&partition) {
                claims.apply_to(&mut ready.table);
                ready.changelog_end = end;
                telemetry::table_size("seen", partition, ready.table.articles());
            }
        }
        open.endings.iter().for_each(telemetry::report);
        let now = self.shared.fetcher.now();
        for (submitted_ms, headline) in open.announced {
            telemetry::latency(Stage::Publish, submitted_ms, now);
            headline.into_iter().for_each(|headline| telemetry::headline(headline, now));
        }
    }

    pub(super) fn give_up(&mut self, why: &str) -> Finish {
        match self.open.take() {
            Some(_) => self.transactions.abort(why.to_owned()),
            None => Finish::Committed,
        }
    }

    /// After an abort memory is not trusted: every partition kept is paused and taken over anew.
    pub(super) fn after<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, finish: Finish) {
        match finish {
            Finish::Committed => {}
            Finish::Restart(why) => {
                self.broken.get_or_insert(StageError::Transaction(why));
            }
            Finish::Aborted(why) => {
                tracing::warn!(reason = why, "transaction_aborted");
                telemetry::commit_failed();
                let kept: Vec<i32> = self.serials().keys().copied().collect();
                let mut list = TopicPartitionList::new();
                kept.iter().for_each(|partition| {
                    list.add_partition(&self.shared.outlet.names.candidates, *partition);
                });
                match consumer.pause(&list) {
                    Ok(()) => self.take(kept),
                    Err(e) => self.broken = Some(e.into()),
                }
            }
        }
    }

    /// Before the producer is dropped: an open transaction would hold every reader up until it times out.
    pub fn close(&mut self) {
        self.tell_tables(&self.ready.keys().copied().collect::<Vec<_>>());
        if let Finish::Restart(why) = self.give_up("the stage ends") {
            tracing::warn!(reason = why, "abort_failed");
        }
    }
}
