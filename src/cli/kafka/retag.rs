//! `newswire retag`: the topics of what is published, by the taxonomy of today; no page is fetched.

use super::failed;
use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::paint::plain;
use crate::cli::{assemble, setup};
use crate::worker::{OrderDesk, Planned, Scope};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};

/// Articles shown to a person as examples of the plan.
const SAMPLES: usize = 20;

#[derive(Debug, Args)]
pub struct RetagArgs {
    /// Only articles fetched since this moment (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Says what would change, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(settings: &SettingsArgs, args: &RetagArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let pipeline = assemble::pipeline(&config)?;
    let mut desk = OrderDesk::open(&config.kafka).map_err(Failure::Failed)?;
    let mut plan = Plan { is_for_a_person: stdout().is_terminal(), ..Plan::default() };
    let scope = desk
        .plan_retag(&pipeline, args.since, &mut |desk, planned| {
            plan.add(&planned).map_err(|e| e.to_string())?;
            if args.dry_run { Ok(()) } else { desk.retag(planned) }
        })
        .map_err(Failure::Failed)?;
    desk.close().map_err(|e| failed("not every article was asked for")(&e))?;
    plan.show(scope, args.dry_run)
}

/// What an editor wants to know before it happens.
#[derive(Default)]
struct Plan {
    is_for_a_person: bool,
    articles: usize,
    /// Topic id -> articles that get it, articles that lose it.
    topics: BTreeMap<String, (usize, usize)>,
    samples: Vec<String>,
}

impl Plan {
    fn add(&mut self, planned: &Planned) -> std::io::Result<()> {
        self.articles += 1;
        let after: Vec<&str> = planned.order.topics.iter().map(|topic| topic.id.as_str()).collect();
        let before: Vec<&str> = planned.before.iter().flatten().map(String::as_str).collect();
        let is_known = planned.before.is_some();
        let added: Vec<&str> = after.iter().filter(|id| is_known && !before.contains(id)).copied().collect();
        let removed: Vec<&str> = before.iter().filter(|id| !after.contains(id)).copied().collect();
        added.iter().for_each(|id| self.topics.entry((*id).to_owned()).or_default().0 += 1);
        removed.iter().for_each(|id| self.topics.entry((*id).to_owned()).or_default().1 += 1);
        let candidate = &planned.order.candidate;
        let title = candidate.article.title.as_deref().unwrap_or_default();
        if !self.is_for_a_person {
            let line = json!({
                "article_id": planned.order.article_id, "url": candidate.url, "title": title, "topics": after,
                "topics_before": planned.before, "added": added, "removed": removed,
            });
            return writeln!(stdout().lock(), "{line}");
        }
        if self.samples.len() < SAMPLES {
            let signed =
                |sign: &str, ids: &[&str]| ids.iter().map(|id| format!(" {sign}{id}")).collect::<String>();
            self.samples.push(format!("{}{}  {}", signed("+", &added), signed("−", &removed), plain(title)));
        }
        Ok(())
    }

    fn show(self, scope: Scope, is_dry_run: bool) -> Result<(), Failure> {
        let verb = if is_dry_run { "would get" } else { "get" };
        if self.is_for_a_person {
            let mut out = stdout().lock();
            let mut topics: Vec<_> = self.topics.into_iter().collect();
            topics.sort_by_key(|(_, (added, removed))| std::cmp::Reverse(added + removed));
            for (id, (added, removed)) in topics {
                let signed = |sign: &str, n: usize| if n > 0 { format!("{sign}{n}") } else { String::new() };
                writeln!(out, "{:>8} {:>8}  {id}", signed("+", added), signed("−", removed))?;
            }
            for sample in self.samples {
                writeln!(out, " {sample}")?;
            }
        }
        eprintln!(
            "{} of {} articles {verb} a new version; {} are past the retention of their text",
            self.articles, scope.looked_at, scope.out_of_reach
        );
        Ok(())
    }
}
