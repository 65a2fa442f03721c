//! Where the URLs of a command come from: arguments, a file, or standard input; one URL record a line.

use super::failure::Failure;
use crate::record::SourceRecord;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::stream::{self, BoxStream, StreamExt};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Records read ahead from a pipe.
const READ_AHEAD: usize = 1000;

/// The records, and how many there are where that can be known.
pub struct UrlSource {
    pub records: BoxStream<'static, SourceRecord>,
    pub total: Option<u64>,
}

/// Arguments first; then the file, or standard input for `-` or where nothing else is given.
pub fn open(urls: &[String], input: Option<&Path>) -> Result<UrlSource, Failure> {
    let arguments = of_arguments(urls);
    let input = match input {
        Some(path) => path.to_owned(),
        None if !urls.is_empty() => return Ok(arguments),
        None if stdin().is_terminal() => {
            return Err(Failure::usage("no URL: name some, or a file with --input FILE, or pipe them in"));
        }
        None => PathBuf::from("-"),
    };
    let lines = of_file(&input)?;
    let total = arguments.total.zip(lines.total).map(|(a, b)| a + b);
    Ok(UrlSource { records: arguments.records.chain(lines.records).boxed(), total })
}

fn of_arguments(urls: &[String]) -> UrlSource {
    let records: Vec<SourceRecord> =
        urls.iter().enumerate().map(|(number, url)| record("argument", number, url.as_bytes())).collect();
    UrlSource { total: Some(records.len() as u64), records: stream::iter(records).boxed() }
}

/// Records that are already there as text.
pub fn of_lines(name: &'static str, lines: Vec<String>) -> UrlSource {
    let total = Some(lines.len() as u64);
    let records =
        lines.into_iter().enumerate().map(move |(number, line)| record(name, number, line.as_bytes()));
    UrlSource { records: stream::iter(records).boxed(), total }
}

fn of_file(path: &Path) -> Result<UrlSource, Failure> {
    if path.as_os_str() == "-" {
        return Ok(of_pipe("stdin".into(), stdin()));
    }
    let name = path.display().to_string();
    let open = || File::open(path).map_err(|error| Failure::Failed(format!("cannot read {name}: {error}")));
    let file = open()?;
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Ok(of_pipe(name, file));
    }
    // Read twice, so that the progress bar knows its end.
    let total = records(name.clone(), BufReader::new(open()?)).count() as u64;
    Ok(UrlSource { records: stream::iter(records(name, BufReader::new(file))).boxed(), total: Some(total) })
}

/// On a thread of its own: the next line may be long in coming, and nothing must wait for it.
fn of_pipe(name: String, pipe: impl Read + Send + 'static) -> UrlSource {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || {
        let mut records = records(name, BufReader::new(pipe));
        while records.next().is_some_and(|record| sender.blocking_send(record).is_ok()) {}
    });
    let records = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|record| (record, receiver))
    });
    UrlSource { records: records.boxed(), total: None }
}

/// Blank lines are no records. A line that cannot be read ends the input, and is told.
fn records(name: String, input: impl BufRead + Send) -> impl Iterator<Item = SourceRecord> + Send {
    let lines = input.split(b'\n').enumerate().map_while({
        let name = name.clone();
        move |(number, line)| match line {
            Ok(line) => Some((number, line)),
            Err(error) => {
                tracing::error!(error = %error, input = name, "cannot read the input further");
                None
            }
        }
    });
    let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    lines.filter(move |(_, line)| !is_blank(line)).map(move |(number, line)| record(&name, number, &line))
}

fn record(name: &str, number: usize, line: &[u8]) -> SourceRecord {
    SourceRecord {
        topic: name.to_owned(),
        offset: i64::try_from(number).unwrap_or(i64::MAX),
        record_base64: BASE64_STANDARD.encode(line),
        ..SourceRecord::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_not_blank_is_a_record_with_its_number() {
        let input = b"https://a.example/\r\n\n  \n{\"url\":\"u\"}\n\xff\n".as_slice();
        let records: Vec<_> = records("list".into(), input).collect();
        let seen: Vec<_> = records.iter().map(|r| (r.offset, r.record())).collect();
        let expected: [(i64, Vec<u8>); 3] =
            [(0, b"https://a.example/\r".into()), (3, b"{\"url\":\"u\"}".into()), (4, b"\xff".into())];
        assert_eq!(seen, expected);
        assert_eq!(records[0].id(), "list-0-0");
    }
}
