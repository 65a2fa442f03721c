//! `newswire completions`: what a shell needs to complete commands and flags.

use super::args::{Cli, CompletionsArgs};
use super::failure::Failure;
use clap::CommandFactory;
use std::io::{Write, stdout};

pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "newswire", &mut text);
    Ok(stdout().lock().write_all(&text)?)
}
