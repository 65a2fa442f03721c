//! The rules of the source tree as a test: which module may know what, and what no file may contain.
//!
//! A rule is a row of `RULES`: where it holds, the words it forbids, and the files that are excused, with why.

use std::path::{Path, PathBuf};

struct Rule {
    name: &'static str,
    /// Path beginnings below the root of the package.
    holds_in: &'static [&'static str],
    words: &'static [&'static str],
    excused: &'static [(&'static str, &'static str)],
}

/// Modules whose functions give the same for the same arguments.
const PURE: &[&str] = &[
    "src/record/",
    "src/identity/",
    "src/schedule/",
    "src/extract/",
    "src/topics/",
    "src/memory/",
    "src/publish/",
];

/// Modules that know of each other only what travels: `record`, and the names of articles.
const STRANGERS: &[&str] = &["identity", "schedule", "extract", "topics", "memory"];
const KNOWN_TO_ALL: &[&str] = &["record", "identity"];

const RULES: &[Rule] = &[
    Rule {
        name: "a pure module has no clock",
        holds_in: PURE,
        words: &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"],
        excused: &[],
    },
    Rule {
        name: "a pure module has no network and no runtime",
        holds_in: PURE,
        words: &["tokio", "reqwest", "rdkafka", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"],
        excused: &[],
    },
    Rule {
        name: "only the worker knows Kafka",
        holds_in: &["src/"],
        words: &["rdkafka"],
        excused: &[
            ("src/worker/", "the loops on Kafka"),
            ("src/cli/kafka/", "commands that read and write Kafka topics"),
        ],
    },
    Rule {
        name: "only the command line knows the terminal",
        holds_in: &["src/"],
        words: &["println!", "print!", "eprintln!", "eprint!", "IsTerminal", "is_terminal", "indicatif"],
        excused: &[
            ("src/cli/", "commands talk to people"),
            ("src/main.rs", "so does their start"),
            ("src/telemetry/logs.rs", "log_format = \"auto\" asks whether standard error is a terminal"),
        ],
    },
    Rule { name: "no unwrap outside tests", holds_in: &["src/"], words: &[".unwrap()"], excused: &[] },
    Rule {
        name: "nothing is left to be done",
        holds_in: &["src/"],
        words: &["todo!", "unimplemented!", "dbg!"],
        excused: &[],
    },
];

/// Everything that is wrong with one Rust file, as lines for a person.
fn faults(path: &str, text: &str) -> Vec<String> {
    let code = production_code(text);
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}:1: a file begins with `//!` and says what it is for"));
    }
    for rule in RULES.iter().filter(|rule| rule.holds_for(path)) {
        for (number, line) in &code {
            let words = rule.words.iter().filter(|word| has_word(line, word));
            found.extend(words.map(|word| format!("{path}:{number}: {}: `{word}`", rule.name)));
        }
    }
    found.extend(strange_modules(path, &code));
    found
}

impl Rule {
    fn holds_for(&self, path: &str) -> bool {
        let under = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
        let excused: Vec<&str> = self.excused.iter().map(|(file, _why)| *file).collect();
        under(self.holds_in) && !under(&excused)
    }
}

/// A pure module that names a neighbour it should not know, through `crate::` or through `super::`.
fn strange_modules(path: &str, code: &[(usize, String)]) -> Vec<String> {
    let Some(own) = module_of(path).filter(|own| STRANGERS.contains(own)) else { return Vec::new() };
    let to_the_root = "super::".repeat(depth(path));
    let text = code.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
    let text = text.replace(&to_the_root, "crate::");
    let named = text.split("crate::").skip(1).flat_map(first_names);
    let strange = named.filter(|name| is_module(name) && *name != own && !KNOWN_TO_ALL.contains(name));
    strange.map(|name| format!("{path}: {own} knows nothing of {name}")).collect()
}

/// The folder, or the file where a module is one file: `src/extract/body/mod.rs` is of `extract`.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

/// How many `super::` lead from the file's module to the crate's root.
fn depth(path: &str) -> usize {
    let steps = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { steps - 1 } else { steps }
}

/// `record::X` gives `record`; `{record::X, topics}` gives both.
fn first_names(after_crate: &str) -> Vec<&str> {
    let Some(group) = after_crate.strip_prefix('{') else {
        return vec![first_name(after_crate)];
    };
    let mut depth = 0;
    let mut starts = vec![0];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|start| first_name(group[start..].trim_start())).collect()
}

fn first_name(text: &str) -> &str {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    &text[..text.find(|c| !goes_on(c)).unwrap_or(text.len())]
}

/// Modules are lower case; `crate::Error` is a type.
fn is_module(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The lines that are compiled into the program, numbered: no comments, no tests. Relies on `cargo fmt`.
fn production_code(text: &str) -> Vec<(usize, String)> {
    let mut code = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            let indent = line.len() - line.trim_start().len();
            // The item ends at its own indentation: with a brace, or with a semicolon on its only line.
            let outdented = |l: &str| l.get(indent..).is_some_and(|rest| !rest.starts_with(' '));
            let ends = |l: &str| !l.is_empty() && outdented(l) && l.ends_with(['}', ';']);
            lines.by_ref().find(|(_, l)| ends(l));
        } else {
            code.push((at + 1, without_comment(line).to_owned()));
        }
    }
    code
}

/// Files that a file declares as modules of its tests: `#[cfg(test)]` over `mod NAME;`.
fn test_files(path: &str, text: &str) -> Vec<String> {
    let folder = ["mod.rs", "lib.rs", "main.rs"].iter().find_map(|name| path.strip_suffix(name));
    let folder = folder.map_or_else(|| path.replace(".rs", "/"), str::to_owned);
    let after = text.split("#[cfg(test)]\n").skip(1).filter_map(|after| after.lines().next());
    let names = after.filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(';'));
    names.map(|name| format!("{folder}{name}.rs")).collect()
}

/// Cuts a comment, but not the `//` of an address in a string.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Whether `word` stands in the line and is not the middle of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let begins = !word.starts_with(goes_on) || !before.ends_with(goes_on);
        begins && (!word.ends_with(goes_on) || !after.starts_with(goes_on))
    })
}

/// Folders of the machine that a file was written on; in parts, so that this file passes its own test.
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/tm", "p/")];

/// A path of somebody's machine, and not the path of a URL.
fn names_a_machine(line: &str) -> bool {
    let stands_alone =
        |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || "-_.}%/".contains(c));
    let found = |folder: &&str| line.match_indices(*folder).any(|(at, _)| stands_alone(&line[..at]));
    MACHINE_FOLDERS.iter().any(found)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the package can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // In a worktree of its own `.git` is a file.
        match path.is_dir() {
            _ if ["target", ".git", ".cache"].contains(&name) => {}
            true => files_under(&path, files),
            false => files.push(path),
        }
    }
}

/// Path below the root, and text; what is not UTF-8 is left out.
fn texts() -> Vec<(String, String)> {
    let mut files = Vec::new();
    files_under(root(), &mut files);
    let below = |file: &Path| file.strip_prefix(root()).ok()?.to_str().map(str::to_owned);
    files.iter().filter_map(|file| Some((below(file)?, std::fs::read_to_string(file).ok()?))).collect()
}

#[test]
fn the_source_keeps_its_rules() {
    let source: Vec<_> =
        texts().into_iter().filter(|(path, _)| path.starts_with("src/") && path.ends_with(".rs")).collect();
    assert!(source.len() > 20, "the walk finds the source");
    let tests: Vec<String> = source.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    let shipped = source.iter().filter(|(path, _)| !tests.contains(path));
    let found: Vec<String> = shipped.flat_map(|(path, text)| faults(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_names_a_folder_of_the_machine_it_was_written_on() {
    let lines = |text: &str| text.lines().filter(|line| names_a_machine(line)).count();
    let found: Vec<_> =
        texts().into_iter().filter(|(_, text)| lines(text) > 0).map(|(path, _)| path).collect();
    assert_eq!(found, Vec::<String>::new());
}

/// One broken file, and a part of the one fault it should have; `""` where it should have none.
fn check(path: &str, text: &str, expected: &str) {
    let found = faults(path, &format!("//! Head.\n{text}"));
    let as_expected = match expected {
        "" => found.is_empty(),
        expected => found.len() == 1 && found[0].contains(expected),
    };
    assert!(as_expected, "{path}: {text:?} gives {found:?}, not {expected:?}");
}

#[test]
fn every_rule_can_be_broken() {
    check("src/memory/seen.rs", "let t = Instant::now();", "seen.rs:2: a pure module has no clock");
    check("src/record/x.rs", "jiff::Timestamp::now()", "no clock");
    check("src/schedule/mod.rs", "use tokio::time;", "no network");
    check("src/extract/body/a.rs", "std::net::TcpStream::connect(a)", "no network");
    check("src/pipeline.rs", "use rdkafka::Message;", "only the worker knows Kafka");
    check("src/fetch/robots.rs", "println!(\"x\");", "the terminal");
    check("src/local/mod.rs", "use indicatif::ProgressBar;", "the terminal");
    check("src/cli/mod.rs", "x.unwrap()", "no unwrap");
    check("src/lib.rs", "fn f() { todo!() }", "left to be done");
    assert_eq!(faults("src/lib.rs", "pub mod a;").len(), 1, "a file without a head");
}

#[test]
fn what_is_allowed_is_no_fault() {
    check("src/worker/intake.rs", "use rdkafka::Message;", "");
    check("src/cli/show.rs", "println!(\"x\");", "");
    check("src/fetch/client.rs", "let t = Instant::now();", "");
    check("src/memory/seen.rs", "// No Instant::now() here.", "");
    check("src/memory/seen.rs", "let tokio_like = 1; x.unwrap_or(1)", "");
    check("src/memory/seen.rs", "#[cfg(test)]\nmod tests {\n    fn f() {\n        x.unwrap();\n    }\n}", "");
    check("src/memory/seen.rs", "#[cfg(test)]\nmod tests;\nlet x = y.unwrap();", "seen.rs:4: no unwrap");
    check("src/cli/mod.rs", "let a = \"http://a.example\"; b.unwrap()", "no unwrap");
}

#[test]
fn a_file_is_excused_as_a_test_only_where_it_is_declared_as_one() {
    let declared = "mod real;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod inline {\n}\n";
    assert_eq!(test_files("src/config/mod.rs", declared), ["src/config/tests.rs"]);
    assert_eq!(test_files("src/pipeline.rs", declared), ["src/pipeline/tests.rs"]);
}

#[test]
fn pure_modules_are_strangers() {
    check("src/extract/mod.rs", "use crate::topics::Tagger;", "extract knows nothing of topics");
    check(
        "src/topics/scan.rs",
        "use crate::{record::Block, memory::Seen};",
        "topics knows nothing of memory",
    );
    check("src/memory/mod.rs", "use super::fetch;", "memory knows nothing of fetch");
    check("src/memory/seen.rs", "use super::super::fetch;", "memory knows nothing of fetch");
    check("src/extract/body/mod.rs", "use super::{dates, body};", "");
    check("src/schedule/mod.rs", "use crate::record::{Job, Stage};\nuse crate::identity::site;", "");
    check("src/topics/mod.rs", "use crate::{\n    identity::{Name, site},\n    record::Block,\n};", "");
    check("src/pipeline.rs", "use crate::{extract, topics};", "");
}

#[test]
fn a_machine_path_is_told_from_a_url() {
    let folder = MACHINE_FOLDERS[0];
    assert!(names_a_machine(&format!("cd {folder}main")) && names_a_machine(&format!("\"{folder}x\"")));
    assert!(!names_a_machine(&format!("https://a.example{folder}x")) && !names_a_machine("/workers/"));
}
