//! JSON lines in, JSON lines out, in the same order, on all cores; a bad line is answered like any other.

use super::failure::Failure;
use super::setup::runtime;
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::mpsc;

/// Lines at work or waiting to be written for each core: enough that one slow page does not idle the others.
const LINES_PER_CORE: usize = 8;

/// What becomes of one line: the fields that stand beside its `id`, or what is wrong with it.
pub type Answer = Result<Map<String, Value>, String>;

/// Answers every line of standard input.
pub fn run(answer: impl Fn(&Map<String, Value>) -> Answer + Send + Sync + 'static) -> Result<(), Failure> {
    let in_flight = LINES_PER_CORE * available_parallelism().map_or(2, usize::from);
    let answer = Arc::new(answer);
    let (lines, taken) = mpsc::channel(in_flight);
    // Reads on a thread of its own: an answer must not wait until the next line comes.
    std::thread::spawn(move || read_lines(&lines));
    let taken = stream::unfold(taken, |mut taken| async { taken.recv().await.map(|line| (line, taken)) });
    let runtime = runtime()?;
    let written = runtime.block_on(async {
        let answers = taken.map(|line: io::Result<Vec<u8>>| {
            let answer = answer.clone();
            async move {
                let line = line.map_err(|e| Failure::Failed(format!("cannot read standard input: {e}")))?;
                let answered = tokio::task::spawn_blocking(move || answer_line(&line, &*answer)).await;
                answered.map_err(|error| Failure::Failed(format!("cannot answer a line: {error}")))
            }
        });
        let mut answers = std::pin::pin!(answers.buffered(in_flight));
        while let Some(text) = answers.next().await {
            let mut out = io::stdout().lock();
            out.write_all(text?.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    });
    // The reader may sit in a read that never ends; it holds nothing that would be lost.
    runtime.shutdown_background();
    written
}

fn read_lines(lines: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line);
        let ended = !matches!(read, Ok(bytes) if bytes > 0);
        let sent = match read {
            Ok(0) => return,
            Ok(_) => lines.blocking_send(Ok(line)),
            Err(error) => lines.blocking_send(Err(error)),
        };
        if ended || sent.is_err() {
            return;
        }
    }
}

/// The line with every `\uD800` to `\uDFFF` that has no partner replaced by U+FFFD; `None` where there is none.
fn without_lone_surrogates(line: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at, mut found) = (Vec::with_capacity(line.len()), 0, false);
    while at < line.len() {
        let length = match surrogate(&line[at..]) {
            Some(Half::High) if surrogate(&line[at + 6..]) == Some(Half::Low) => 12,
            Some(_) => {
                out.extend_from_slice(b"\\ufffd");
                (at, found) = (at + 6, true);
                continue;
            }
            None if line[at] == b'\\' => 2,
            None => 1,
        };
        let end = (at + length).min(line.len());
        out.extend_from_slice(&line[at..end]);
        at = end;
    }
    found.then_some(out)
}

#[derive(PartialEq)]
enum Half {
    High,
    Low,
}

/// Whether the text begins with the escape of half a pair.
fn surrogate(text: &[u8]) -> Option<Half> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    match u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// One line to one line, whatever it is.
fn answer_line(line: &[u8], answer: &dyn Fn(&Map<String, Value>) -> Answer) -> String {
    let parsed = serde_json::from_slice::<Value>(line).or_else(|error| {
        // Half a surrogate pair in an escape is no JSON text, but some writers emit it: one character is lost, not a page.
        without_lone_surrogates(line).map_or(Err(error), |repaired| serde_json::from_slice(&repaired))
    });
    let (id, answered) = match parsed {
        Ok(Value::Object(fields)) => {
            // No input is known to panic; should one, it costs its line and not the batch.
            let answered = catch_unwind(AssertUnwindSafe(|| answer(&fields)));
            let answered = answered.unwrap_or_else(|_| Err("newswire failed on this line".into()));
            (fields.get("id").cloned().unwrap_or(Value::Null), answered)
        }
        Ok(_) => (Value::Null, Err("the line is not a JSON object".into())),
        Err(error) => (Value::Null, Err(format!("the line is not JSON: {error}"))),
    };
    let object = match answered {
        Ok(fields) => {
            let mut object = Map::new();
            object.insert("id".into(), id);
            object.extend(fields);
            Value::Object(object)
        }
        Err(error) => json!({"id": id, "error": error}),
    };
    format!("{object}\n")
}

/// A field that has to be text.
pub fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("\"{name}\" is not a string")),
        None => Err(format!("\"{name}\" is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let answer = |fields: &Map<String, Value>| -> Answer {
            match text(fields, "say")? {
                "panic" => panic!("asked to"),
                word => Ok(json!({"said": word}).as_object().unwrap().clone()),
            }
        };
        assert_eq!(answer_line(line.as_bytes(), &answer), format!("{expected}\n"));
    }

    #[test]
    fn every_line_is_answered_with_its_id() {
        check(r#"{"id":7,"say":"hello"}"#, r#"{"id":7,"said":"hello"}"#);
        check(r#"{"say":"hello"}"#, r#"{"id":null,"said":"hello"}"#);
        check(r#"{"id":"a","say":1}"#, r#"{"id":"a","error":"\"say\" is not a string"}"#);
        check(r#"{"id":{"x":[]}}"#, r#"{"id":{"x":[]},"error":"\"say\" is missing"}"#);
        check("[]", r#"{"id":null,"error":"the line is not a JSON object"}"#);
        check(r#"{"id":1,"say":"panic"}"#, r#"{"id":1,"error":"newswire failed on this line"}"#);
        let empty = answer_line(b"\n", &|_| Ok(Map::new()));
        assert!(empty.starts_with(r#"{"id":null,"error":"the line is not JSON"#), "{empty}");
    }
}
