//! The table of events in `docs/logs.md`: name, levels, fields.

use std::collections::BTreeMap;
use std::path::Path;

pub struct Row {
    pub levels: Vec<String>,
    pub fields: Vec<String>,
}

pub struct LogTable(BTreeMap<String, Row>);

impl LogTable {
    /// Rows like ``| `partition_restored` | info | `partition`, `articles` | … |``.
    pub fn read() -> LogTable {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/logs.md");
        let text = std::fs::read_to_string(path).expect("docs/logs.md");
        let rows = text.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, levels, fields, ..] = cells.as_slice() else { return None };
            let words = |cell: &str| -> Vec<String> {
                let words = cell.split(',').map(|word| word.trim().trim_matches('`').to_owned());
                words.filter(|word| !word.is_empty() && word != "–").collect()
            };
            let row = Row { levels: words(levels), fields: words(fields) };
            Some((name.trim_matches('`').to_owned(), row))
        });
        LogTable(rows.collect())
    }

    pub fn row(&self, name: &str) -> Option<&Row> {
        self.0.get(name)
    }

    #[allow(dead_code)] // Each of the binaries that read the table uses a part of it.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
