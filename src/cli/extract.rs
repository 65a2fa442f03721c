//! `newswire extract`: HTML in, the event's JSON out.

use super::args::{ExtractArgs, SettingsArgs};
use super::failure::Failure;
use super::page_event::PageReader;
use super::{assemble, batch, new_case, setup};
use crate::extract::charset;
use serde_json::Value;
use std::io::{IsTerminal, Write, stdin, stdout};
use std::path::Path;

pub fn run(settings: &SettingsArgs, args: &ExtractArgs) -> Result<(), Failure> {
    let config = setup::start(settings)?.config;
    let extractor = assemble::extractor(&config)?;
    if let (Some(folder), Some(url)) = (&args.new_case, &args.url) {
        return new_case::make(&extractor, folder, url, &page_of(args.file.as_deref())?);
    }
    let reader = PageReader::new(&config, extractor, assemble::tagger(&config)?);
    match &args.url {
        Some(url) => one(&reader, args.file.as_deref(), url),
        None if args.file.is_some() => {
            Err(Failure::usage("extract --batch reads standard input, not a file"))
        }
        None => batch::run(move |line| reader.event(batch::text(line, "url")?, batch::text(line, "html")?)),
    }
}

fn page_of(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    if file.is_none() && stdin().is_terminal() {
        return Err(Failure::usage("extract needs a FILE, or a page on standard input"));
    }
    setup::read_input(file.unwrap_or(Path::new("-")))
}

fn one(reader: &PageReader, file: Option<&Path>, url: &str) -> Result<(), Failure> {
    let bytes = page_of(file)?;
    let page = charset::decode(&bytes, None);
    let mut event = reader.event(url, &page.text).map_err(Failure::usage)?;
    if page.replaced > 0 {
        let warning = format!("replaced_characters:{}", page.replaced);
        if let Some(Value::Array(warnings)) = event.get_mut("extraction").and_then(|e| e.get_mut("warnings"))
        {
            warnings.push(warning.into());
        }
    }
    let event = Value::Object(event);
    // A person gets it indented, a program in one line.
    let text = if stdout().is_terminal() { format!("{event:#}") } else { event.to_string() };
    Ok(writeln!(stdout().lock(), "{text}")?)
}
