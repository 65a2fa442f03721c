//! `newswire explain URL`: every step for one URL, for a person. Nothing is published, nothing remembered.

mod html;
mod page;
mod sheet;

use super::args::{ExplainArgs, SettingsArgs};
use super::failure::Failure;
use super::{assemble, setup};
use crate::fetch::{FetchOrder, Fetched, FetchedPage, Fetcher};
use crate::identity::{normalize, site_of};
use crate::pipeline::Pipeline;
use crate::record::{FetchReport, Job, SourceRecord};
use base64::{Engine, prelude::BASE64_STANDARD};
use sheet::Sheet;
use std::time::{Duration, Instant};
use url::Url;

/// A person waits this long for a host's turn.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(settings: &SettingsArgs, args: &ExplainArgs) -> Result<(), Failure> {
    let config = setup::load_config(settings, args.fetch.named())?.config;
    // The steps are told on standard output; of the log only what is amiss belongs beside them.
    setup::start_logs_at(&config, settings.log_level.as_deref().unwrap_or("warn"));
    let explainer = Explainer {
        pipeline: assemble::pipeline(&config)?,
        fetcher: assemble::fetcher(&config)?,
        sheet: if args.html { Sheet::as_html() } else { Sheet::on_stdout() },
    };
    setup::runtime()?.block_on(explainer.explain(&args.url))
}

struct Explainer {
    pipeline: Pipeline,
    fetcher: Fetcher,
    sheet: Sheet,
}

impl Explainer {
    async fn explain(mut self, url: &str) -> Result<(), Failure> {
        self.steps(url).await?;
        Ok(self.sheet.finish(url)?)
    }

    async fn steps(&mut self, url: &str) -> Result<(), Failure> {
        let Some(job) = self.route(url)? else { return Ok(()) };
        let started = Instant::now();
        let fetched = self.fetch(job).await?;
        self.sheet.timing("fetch, with waits", started.elapsed());
        let Some((job, page)) = fetched else { return Ok(()) };
        self.sheet.timing("the request", Duration::from_millis(page.report.duration_ms));
        Ok(page::tell(&mut self.sheet, &self.pipeline, job, page)?)
    }

    fn route(&mut self, url: &str) -> Result<Option<Job>, Failure> {
        let source = SourceRecord {
            topic: "argument".into(),
            record_base64: BASE64_STANDARD.encode(url),
            ..SourceRecord::default()
        };
        self.sheet.section("route")?;
        match self.pipeline.route(source, self.fetcher.now()) {
            Ok(job) => {
                self.sheet.line("asked for", &job.requested_url)?;
                self.sheet.line("normalized", &job.url)?;
                self.sheet.line("site", &job.site)?;
                Ok(Some(job))
            }
            Err(reject) => {
                self.sheet.line("rejected", &format!("{}: {}", reject.reason, reject.message))?;
                Ok(None)
            }
        }
    }

    /// From site to site, as the fetch stage does through its Kafka topic.
    async fn fetch(&mut self, mut job: Job) -> Result<Option<(Job, FetchedPage)>, Failure> {
        self.sheet.section("fetch")?;
        loop {
            let order = FetchOrder {
                job: &job,
                validators: None,
                patience: PATIENCE,
                owned_since: jiff::Timestamp::MIN,
            };
            match self.fetcher.fetch(order).await {
                Fetched::Page(page) => {
                    self.sheet
                        .line("robots.txt", if page.robots_allowed { "allows it" } else { "not asked" })?;
                    self.told(&page.report)?;
                    return Ok(Some((job, *page)));
                }
                Fetched::Redirected { to, report } => {
                    self.sheet.line("leaves the site", to.as_str())?;
                    job = self.moved(job, &to, report);
                    if job.redirects.len() > self.pipeline.settings.max_redirects as usize {
                        self.sheet.line("rejected", "too_many_redirects")?;
                        return Ok(None);
                    }
                }
                Fetched::Rejected { reason, message, report } => {
                    self.told(&report)?;
                    self.sheet.line("rejected", &format!("{reason}: {message}"))?;
                    return Ok(None);
                }
                Fetched::Retry { until, reason, message } => {
                    self.sheet.line("would try again", &format!("{until}, {reason}: {message}"))?;
                    return Ok(None);
                }
                Fetched::Wait { until, why } => {
                    self.sheet.line("would wait", &format!("until {until}: {why}"))?;
                    return Ok(None);
                }
                Fetched::Unchanged(report) => {
                    self.told(&report)?;
                    return Ok(None);
                }
            }
        }
    }

    fn told(&mut self, report: &FetchReport) -> Result<(), Failure> {
        for hop in &report.redirects {
            self.sheet.line(&format!("{} from", hop.status), &hop.url)?;
        }
        if report.status > 0 {
            let sizes = format!("{} bytes received, {} decoded", report.bytes_wire, report.bytes_decoded);
            let answer = format!("{} in {} ms, {sizes}", report.status, report.duration_ms);
            self.sheet.line("answer", &answer)?;
        }
        Ok(())
    }

    fn moved(&self, job: Job, to: &Url, report: FetchReport) -> Job {
        let url = normalize(to.as_str(), &self.pipeline.settings.tracking).unwrap_or_else(|_| to.clone());
        Job { site: site_of(&url), url: url.into(), redirects: report.redirects, ..job }
    }
}
