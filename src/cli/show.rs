//! `newswire config show` and `newswire schema`: what is inside, printed.

use super::args::{ConfigShowArgs, SettingsArgs};
use super::failure::Failure;
use super::setup;
use crate::config::DEFAULT_FILE;
use crate::record::event_schema_json;
use std::io::{Write, stdout};

pub fn config(settings: &SettingsArgs, args: &ConfigShowArgs) -> Result<(), Failure> {
    let text = match args.default {
        true => DEFAULT_FILE.to_owned(),
        false => setup::load_config(settings, Vec::new())?.to_toml(true),
    };
    Ok(stdout().lock().write_all(text.as_bytes())?)
}

pub fn schema() -> Result<(), Failure> {
    Ok(writeln!(stdout().lock(), "{}", event_schema_json())?)
}
