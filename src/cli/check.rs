//! `newswire check`: everything that would stop the start, at once.

use super::args::SettingsArgs;
use super::failure::Failure;
use super::{assemble, setup};
use crate::config::{Loaded, check_for_run};
use std::io::{Write, stdout};

pub fn run(settings: &SettingsArgs) -> Result<(), Failure> {
    let loaded = setup::load_config(settings, Vec::new())?;
    let mut problems: Vec<String> =
        loaded.place(check_for_run(&loaded.config)).iter().map(ToString::to_string).collect();
    let mut report = vec![config_line(&loaded)];
    match assemble::tagger(&loaded.config) {
        Ok(tagger) => report.push(format!("taxonomy ok: version {}", tagger.version())),
        Err(Failure::Usage(more)) => problems.extend(more),
        Err(failure) => return Err(failure),
    }
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    Ok(writeln!(stdout().lock(), "{}", report.join("\n"))?)
}

fn config_line(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(file) => format!("config ok: {}", file.display()),
        None => "config ok: no file, the built-in defaults".to_owned(),
    }
}
