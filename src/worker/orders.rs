//! An operator's order at the publish stage: obeyed within the open transaction, told in the log.

use super::outlet::to_json;
use super::transaction::Transactions;
use super::{Shared, cloud_event};
use crate::memory::{Claims, SeenTable};
use crate::pipeline::Obeyed;
use crate::record::{ArticleEvent, EventType, Job, Retracted, SiteCommand};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;

/// An order has no outcome: that belongs to URL records. Its line in the log has the key `order`.
pub fn obey(
    (shared, transactions): (&Shared, &Transactions),
    command: SiteCommand,
    offset: i64,
    (claims, table): (&mut Claims, &SeenTable),
) -> Result<(), KafkaError> {
    let now = shared.fetcher.now();
    let (order, site, job) = match &command {
        SiteCommand::Retag(retag) => {
            let job = &retag.candidate.job;
            ("retag", job.site.clone(), Some(job.clone()))
        }
        SiteCommand::Forget(forget) => ("forget", forget.site.clone(), None),
    };
    let (result, article_id) = match (shared.pipeline.obey(command, offset, claims, table, now), job) {
        (Obeyed::Retagged(event), Some(job)) => retagged((shared, transactions), &event, &job, claims)
            .map(|said| (said, Some(event.article_id)))?,
        (Obeyed::Retracted(retracted), _) => {
            retract((shared, transactions), &retracted, &site)?;
            ("retracted", Some(retracted.article_id))
        }
        (Obeyed::Retagged(_), None) => ("nothing", None),
        (Obeyed::Silent(why), _) => (why, None),
    };
    tracing::info!(order, result, site, article_id, offset, "an operator's order");
    Ok(())
}

fn retagged(
    to: (&Shared, &Transactions),
    event: &ArticleEvent,
    job: &Job,
    claims: &mut Claims,
) -> Result<&'static str, KafkaError> {
    let headers = cloud_event::headers(EventType::Updated, event, job);
    match send(to, &event.article_id, &to_json(event), headers) {
        Err(e) if matches!(e.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge)) => {
            claims.take_back();
            Ok("record_too_large")
        }
        sent => sent.map(|()| "retagged"),
    }
}

fn retract(to: (&Shared, &Transactions), retracted: &Retracted, site: &str) -> Result<(), KafkaError> {
    send(to, &retracted.article_id, &to_json(retracted), cloud_event::retraction_headers(retracted, site))
}

fn send(
    (shared, transactions): (&Shared, &Transactions),
    article_id: &str,
    payload: &[u8],
    headers: OwnedHeaders,
) -> Result<(), KafkaError> {
    let articles = &shared.outlet.names.articles;
    transactions.send(articles, article_id.as_bytes(), Some(payload), Some(headers), None)
}
