//! `newswire forget`: an article is retracted and never published again.

use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::identity::{ArticleId, normalize};
use crate::telemetry::masked_url;
use crate::worker::OrderDesk;
use clap::Args;

#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// URLs or article ids of 32 hex digits
    #[arg(required = true)]
    what: Vec<String>,
}

pub fn run(settings: &SettingsArgs, args: &ForgetArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let mut desk = OrderDesk::open(&config.kafka).map_err(Failure::Failed)?;
    // All are found before the first is asked for: a slip in one leaves nothing half done.
    let mut orders = Vec::new();
    for what in &args.what {
        orders.push(match what.parse::<ArticleId>() {
            Ok(id) => desk.find_id(id).map_err(Failure::Failed)?.ok_or_else(|| {
                Failure::Failed(format!("{what}: no event of this article is left; give its URL instead"))
            })?,
            Err(_) => {
                let url = normalize(what, &config.identity.tracking())
                    .map_err(|e| Failure::usage(format!("{what}: neither an article id nor a URL: {e}")))?;
                desk.find_url(&url).map_err(Failure::Failed)?
            }
        });
    }
    for order in orders {
        let url = order.urls.first().map(|url| masked_url(url)).unwrap_or_default();
        match &order.article_id {
            Some(id) => eprintln!("{id} is to be retracted and never published again: {url}"),
            None => eprintln!("never published so far, and not to be: {url}"),
        }
        desk.forget(order).map_err(Failure::Failed)?;
    }
    desk.close().map_err(Failure::Failed)
}
