//! `newswire tail`: events as they come.

use super::failed;
use crate::cli::args::SettingsArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::record::ArticleEvent;
use crate::worker::follow;
use clap::Args;
use std::io::{self, IsTerminal, Write, stdout};
use std::ops::ControlFlow;

#[derive(Debug, Args)]
pub struct TailArgs {
    /// Only events with this topic; may be repeated, any of them fits: --topic country:kp
    #[arg(long, value_name = "ID")]
    topic: Vec<String>,
}

pub fn run(settings: &SettingsArgs, args: &TailArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let mut outcome = Ok(());
    let read = follow(&config.kafka, &mut |event, bytes| {
        let has = |id: &String| event.topics.iter().any(|topic| topic.id == *id);
        if !args.topic.is_empty() && !args.topic.iter().any(has) {
            return ControlFlow::Continue(());
        }
        match print(event, bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                outcome = Err(e);
                ControlFlow::Break(())
            }
        }
    });
    read.map_err(|e| failed("cannot follow the events")(&e))?;
    Ok(outcome?)
}

/// A line for a person, the event's JSON in a pipe.
fn print(event: &ArticleEvent, bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    if out.is_terminal() {
        let topics: Vec<&str> = event.topics.iter().map(|topic| topic.id.as_str()).collect();
        writeln!(out, "{}  {}\n    {}", event.title, topics.join(" "), event.url)?;
    } else {
        out.write_all(bytes)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
