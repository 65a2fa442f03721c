//! The commands: arguments in, exit code out. Standard output carries data, standard error logs and progress.

mod args;
mod assemble;
mod batch;
mod check;
mod completions;
pub mod demo;
mod explain;
mod extract;
mod failure;
mod health;
mod ingest;
mod kafka;
mod new_case;
mod output;
mod page_event;
mod paint;
mod reload;
mod setup;
mod show;
mod tag;
mod topics;
mod url_source;

use args::{Cli, Command, ConfigCommand, TopicsCommand};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    // Prints help and usage itself, with exit code 0 or 2.
    let cli = Cli::parse();
    // Clients that name no provider of TLS take this one. Fails only where there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let settings = &cli.settings;
    match cli.command {
        Command::Ingest(args) => ingest::run(settings, &args),
        Command::Demo(args) => demo::run(settings, &args),
        Command::Run(args) => kafka::run::run(settings, &args),
        Command::Submit(args) => kafka::submit::run(settings, &args),
        Command::Rejects(command) => kafka::rejects::run(settings, &command),
        Command::Lookup(args) => kafka::lookup::run(settings, &args),
        Command::Audit(args) => kafka::audit::run(settings, &args),
        Command::Retag(args) => kafka::retag::run(settings, &args),
        Command::Forget(args) => kafka::forget::run(settings, &args),
        Command::Tail(args) => kafka::tail::run(settings, &args),
        Command::Explain(args) => explain::run(settings, &args),
        Command::Extract(args) => extract::run(settings, &args),
        Command::Tag(args) => tag::run(settings, &args),
        Command::Check(args) => check::run(settings, &args),
        Command::Topics(TopicsCommand::List) => topics::list(settings),
        Command::Topics(TopicsCommand::Test(args)) => topics::test(settings, &args),
        Command::Config(ConfigCommand::Show(args)) => show::config(settings, &args),
        Command::Schema => show::schema(),
        Command::Completions(args) => completions::run(&args),
        Command::Health(args) => health::run(settings, &args),
    }
}
