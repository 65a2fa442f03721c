//! `newswire lookup`: why an article is there, or why it is not.

use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::identity::{ArticleId, normalize};
use crate::worker::{Found, look_up_id, look_up_url};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write, stdout};

#[derive(Debug, Args)]
pub struct LookupArgs {
    /// A URL, or an article id of 32 hex digits
    what: String,
}

pub fn run(settings: &SettingsArgs, args: &LookupArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let found = match args.what.parse::<ArticleId>() {
        Ok(id) => look_up_id(&config.kafka, id),
        Err(_) => {
            let url = normalize(&args.what, &config.identity.tracking()).map_err(|e| {
                Failure::usage(format!("{}: neither an article id nor a URL: {e}", args.what))
            })?;
            look_up_url(&config.kafka, &url)
        }
    };
    show(&found.map_err(Failure::Failed)?)
}

fn show(found: &Found) -> Result<(), Failure> {
    let mut out = stdout().lock();
    if !out.is_terminal() {
        return Ok(writeln!(out, "{}", as_json(found))?);
    }
    match &found.article {
        Some((id, entry)) if entry.forgotten => {
            writeln!(out, "forgotten   {id}: retracted, never published again")?
        }
        Some((id, entry)) => writeln!(
            out,
            "published   {id}, version {}, first seen {}, known by {} names",
            entry.version,
            time(entry.first_seen),
            entry.aliases.len()
        )?,
        None => writeln!(out, "published   never")?,
    }
    if let Some(page) = &found.page {
        writeln!(out, "fetched     {}, as {}", time(page.fetched_at), page.outcome)?;
    }
    for (source, outcome) in &found.outcomes {
        let of = outcome.article_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let through =
            outcome.through.as_deref().map(|name| format!(", known by its {name}")).unwrap_or_default();
        let at = outcome.at.to_string();
        writeln!(out, "{:<11} {at:.19}  {source}{of}{through}", outcome.outcome.as_str())?;
    }
    for reject in &found.rejects {
        writeln!(
            out,
            "rejected    {:.19}  {}: {}",
            reject.failed_at.to_string(),
            reject.reason,
            reject.message
        )?;
    }
    Ok(())
}

fn as_json(found: &Found) -> Value {
    let article = found.article.as_ref().map(|(id, entry)| {
        json!({
            "article_id": id.to_string(), "version": entry.version, "first_seen_at": time(entry.first_seen),
            "last_seen_at": time(entry.last_seen), "names": entry.aliases.len(), "forgotten": entry.forgotten,
        })
    });
    let page =
        found.page.as_ref().map(|page| json!({"fetched_at": time(page.fetched_at), "outcome": page.outcome}));
    let outcomes: Vec<Value> = found
        .outcomes
        .iter()
        .map(|(source, outcome)| json!({"source": source, "outcome": outcome}))
        .collect();
    json!({"article": article, "page": page, "outcomes": outcomes, "rejects": found.rejects})
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}
