//! The repo's own cases for the tagger: `tests/tables/topics/*`, in the form that `newswire topics test` reads.

use newswire::topics::{Case, Tagger};
use std::path::Path;

#[test]
fn every_case_gets_its_topics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/topics");
    let tagger = Tagger::bundled();
    let (mut count, mut failures) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        for case in Case::read(&name, &std::fs::read_to_string(&path).unwrap()).unwrap() {
            count += 1;
            failures
                .extend(case.check(&tagger, Tagger::DEFAULT_THRESHOLD).map(|failure| failure.to_string()));
        }
    }
    assert!(count >= 200, "only {count} cases");
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
}
