//! From files to a compiled taxonomy, or to the list of everything that is wrong with them.

use super::schema::{Raw, read};
use super::taxonomy::{Taxonomy, compile};
use super::toml_reader::File;
use super::weights::Weights;
use super::{Problem, lint};
use include_dir::{Dir, include_dir};
use std::path::Path;

static BUNDLED: Dir = include_dir!("$CARGO_MANIFEST_DIR/config/topics");

/// The taxonomy of the binary. Its soundness is a test's business, so a problem here cannot be met by a user.
pub(super) fn bundled() -> Taxonomy {
    let files: Vec<(String, String)> = BUNDLED
        .files()
        .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|file| {
            Some((file.path().to_string_lossy().into_owned(), file.contents_utf8()?.to_owned()))
        })
        .collect();
    self::files(&files).expect("the bundled taxonomy is sound: tests/tables/topics is run against it")
}

pub(super) fn folder(folder: &Path) -> Result<Taxonomy, Vec<Problem>> {
    let entries = std::fs::read_dir(folder).map_err(|e| vec![cannot_read(folder, &e)])?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() {
        let message = "no *.toml file in the folder".to_owned();
        return Err(vec![Problem { file: folder.display().to_string(), line: 0, column: 0, message }]);
    }
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match std::fs::read_to_string(&path) {
            Ok(text) => texts.push((path.display().to_string(), text)),
            Err(error) => problems.push(cannot_read(&path, &error)),
        }
    }
    match files(&texts) {
        Ok(taxonomy) if problems.is_empty() => Ok(taxonomy),
        Ok(_) => Err(problems),
        Err(more) => Err(problems.into_iter().chain(more).collect()),
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Problem {
    Problem { file: path.display().to_string(), line: 0, column: 0, message: format!("cannot read: {error}") }
}

/// Reads, checks and compiles; the order of the files does not matter.
pub(super) fn files(files: &[(String, String)]) -> Result<Taxonomy, Vec<Problem>> {
    let mut sorted: Vec<&(String, String)> = files.iter().collect();
    sorted.sort();
    let (mut raw, mut problems, mut content) = (Raw::default(), Vec::new(), Vec::new());
    for (name, text) in sorted {
        let mut file = File::new(name, text);
        read(&mut file, &mut raw);
        problems.append(&mut file.problems);
        content.extend_from_slice(text.as_bytes());
    }
    let (weights, wrong_numbers) = Weights::read(&raw);
    problems.extend(wrong_numbers);
    problems.extend(lint::check(&raw));
    if !problems.is_empty() {
        problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
        return Err(problems);
    }
    Ok(compile(&raw, weights, &content))
}
