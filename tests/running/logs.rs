//! `docs/logs.md` lists every event and field that the code logs, and nothing else. `tests/kafka` holds a worker's real
//! lines against the same table.

#[path = "../support/log_table.rs"]
mod log_table;

use log_table::LogTable;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One `tracing` call of the source.
struct Call {
    place: String,
    level: String,
    /// `None` where the text is made at run time.
    message: Option<String>,
    fields: Vec<String>,
}

#[test]
fn the_document_lists_what_the_code_logs() {
    let table = LogTable::read();
    let calls = calls();
    assert!(calls.len() >= 25, "the walk finds them: {}", calls.len());
    let mut met = BTreeSet::new();
    for call in &calls {
        // The final line's text depends on the outcome.
        let name = match &call.message {
            Some(message) => message.as_str(),
            None if call.fields.contains(&"outcome".to_owned()) => "outcome",
            None => panic!("{}: an event without a fixed name", call.place),
        };
        let row =
            table.row(name).unwrap_or_else(|| panic!("{}: {name:?} is not in docs/logs.md", call.place));
        assert!(row.levels.contains(&call.level), "{}: {name:?} is logged at {}", call.place, call.level);
        for field in &call.fields {
            assert!(
                row.fields.contains(field),
                "{}: the field {field:?} of {name:?} is not in docs/logs.md",
                call.place
            );
        }
        met.insert(name.to_owned());
    }
    let gone: Vec<&String> =
        table.names().filter(|name| !met.contains(*name) && *name != "librdkafka").collect();
    assert!(gone.is_empty(), "docs/logs.md lists what no code logs: {gone:?}");
}

/// Names of fields say what may be in them: none is a page's text or a secret.
#[test]
fn no_field_is_named_like_a_text_or_a_secret() {
    for call in calls() {
        for field in &call.fields {
            let refused =
                ["body", "text", "html", "title", "password", "token", "record", "payload", "headers"];
            assert!(!refused.contains(&field.as_str()), "{}: {field}", call.place);
        }
    }
}

fn calls() -> Vec<Call> {
    let mut files = vec![];
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.iter().flat_map(|file| calls_in(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|e| e == "rs") => files.push(path),
            false => {}
        }
    }
}

fn calls_in(file: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(file).unwrap();
    // Tests stand at the end of a file.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut calls = Vec::new();
    for level in ["trace", "debug", "info", "warn", "error"] {
        let opening = format!("{level}!(");
        for (at, _) in code.match_indices(&opening) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let arguments = arguments(&code[at + opening.len()..]);
            let place = format!("{}:{}", file.display(), code[..at].lines().count());
            calls.push(call(place, level, &arguments));
        }
    }
    calls
}

/// The arguments of a macro, split at its own commas.
fn arguments(code: &str) -> Vec<String> {
    let (mut all, mut current, mut depth, mut in_text, mut escaped) =
        (vec![], String::new(), 0, false, false);
    for c in code.chars() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            current.push(c);
            continue;
        }
        match c {
            '"' => in_text = true,
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    all.push(current);
    all.iter().map(|argument| without_comments(argument)).filter(|argument| !argument.is_empty()).collect()
}

fn without_comments(argument: &str) -> String {
    let lines = argument.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn call(place: String, level: &str, arguments: &[String]) -> Call {
    let (mut fields, mut message) = (Vec::new(), None);
    let mut is_formatted = false;
    for argument in arguments {
        if let Some(text) = argument.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            is_formatted = text.contains('{');
            message = Some(text.to_owned()).filter(|_| !is_formatted);
        } else if argument.starts_with("target:") || is_formatted {
            // Not a field: where it is logged, or what is put into the text.
        } else {
            let name = argument.split('=').next().unwrap().trim().trim_start_matches(['?', '%']);
            fields.push(name.to_owned());
        }
    }
    Call { place, level: level.to_owned(), message, fields }
}
