//! `--state DIR`: the two tables in a folder, as the same changelog records that Kafka would keep.
//!
//! One line a record, `table key value` in base64. Appended after the event is delivered; a line cut off by a crash is
//! dropped on opening, so that at worst an event is delivered again, never lost. One process at a time.

use crate::memory::{
    BadChangelog, Claims, HostRecord, PageRecord, PagesKey, PagesTable, PagesValue, SeenEntry, SeenTable,
    page_key,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::Path;

const FILE: &str = "memory.log";

/// What one machine remembers.
pub struct State {
    pub seen: SeenTable,
    pub pages: PagesTable,
    log: Option<File>,
    pending: String,
}

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenState {
    #[error("cannot open the state in {0}: {1}")]
    Io(String, io::Error),
    #[error("the state in {0} is in use by another newswire")]
    InUse(String),
    #[error("the state in {file} cannot be read at line {line}: {problem}")]
    Bad { file: String, line: usize, problem: String },
}

impl State {
    pub(super) fn new(seen: SeenTable, pages: PagesTable, log: Option<File>) -> State {
        State { seen, pages, log, pending: String::new() }
    }

    /// Reads the folder's memory, making the folder where there is none.
    pub fn open(folder: &Path) -> Result<State, OpenState> {
        let name = folder.display().to_string();
        let io = |e| OpenState::Io(name.clone(), e);
        std::fs::create_dir_all(folder).map_err(io)?;
        let path = folder.join(FILE);
        let log = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(io)?;
        log.try_lock().map_err(|_| OpenState::InUse(name.clone()))?;
        let mut state = State::new(SeenTable::default(), PagesTable::default(), None);
        let whole_bytes = state.read(&log, &path.display().to_string()).map_err(|e| match e {
            Failure::Io(e) => io(e),
            Failure::Line(line, problem) => {
                OpenState::Bad { file: path.display().to_string(), line, problem }
            }
        })?;
        log.set_len(whole_bytes).map_err(io)?;
        state.log = Some(log);
        Ok(state)
    }

    /// Applies the file's records; gives the bytes up to the last whole line.
    fn read(&mut self, log: &File, _file: &str) -> Result<u64, Failure> {
        let mut reader = BufReader::new(log);
        reader.rewind().map_err(Failure::Io)?;
        let (mut whole, mut number, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            let bytes = reader.read_line(&mut line).map_err(Failure::Io)?;
            if bytes == 0 || !line.ends_with('\n') {
                return Ok(whole);
            }
            number += 1;
            self.apply(line.trim_end()).map_err(|problem| Failure::Line(number, problem))?;
            whole += bytes as u64;
        }
    }

    fn apply(&mut self, line: &str) -> Result<(), String> {
        let bad = |e: BadChangelog| e.to_string();
        let mut parts = line.split(' ');
        let (table, key, value) = (parts.next(), parts.next(), parts.next());
        let decode = |text: Option<&str>| {
            BASE64_STANDARD.decode(text.unwrap_or_default()).map_err(|e| format!("not base64: {e}"))
        };
        let (key, value) = (decode(key)?, decode(value)?);
        match table {
            Some("seen") => {
                let entry =
                    (!value.is_empty()).then(|| SeenEntry::decode(&value)).transpose().map_err(bad)?;
                self.seen.apply((SeenEntry::decode_key(&key).map_err(bad)?, entry));
            }
            Some("pages") => {
                let page =
                    (!value.is_empty()).then(|| PagesValue::decode(&value)).transpose().map_err(bad)?;
                self.pages.apply(PagesKey::decode(&key).map_err(bad)?, page);
            }
            other => return Err(format!("unknown table {other:?}")),
        }
        Ok(())
    }

    /// Takes over a batch's claims and the pages behind it; on disk with the next `keep`.
    pub fn remember(&mut self, claims: Claims, pages: impl Iterator<Item = (String, PageRecord)>) {
        for (id, entry) in claims.changes() {
            let value = entry.as_ref().map(SeenEntry::encode).unwrap_or_default();
            self.line("seen", &id.0, &value);
        }
        claims.apply_to(&mut self.seen);
        for (url, page) in pages {
            self.line("pages", &page_key(&url).encode(), &PagesValue::Page(page).encode());
        }
    }

    /// A host's back-off; on disk with the next `keep`.
    pub fn remember_host(&mut self, key: &PagesKey, record: &HostRecord) {
        self.line("pages", &key.encode(), &PagesValue::Host(record.clone()).encode());
    }

    fn line(&mut self, table: &str, key: &[u8], value: &[u8]) {
        if self.log.is_some() {
            let (key, value) = (BASE64_STANDARD.encode(key), BASE64_STANDARD.encode(value));
            self.pending.push_str(&format!("{table} {key} {value}\n"));
        }
    }

    /// Writes what was remembered since the last call.
    pub fn keep(&mut self) -> io::Result<()> {
        if let Some(log) = &mut self.log {
            log.write_all(self.pending.as_bytes())?;
        }
        self.pending.clear();
        Ok(())
    }
}

enum Failure {
    Io(io::Error),
    Line(usize, String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{AliasKey, ArticleId, Fingerprint};

    fn claim(n: u8) -> Claims {
        let mut claims = Claims::default();
        let entry = SeenEntry {
            version: 1,
            aliases: [AliasKey([n; 16])].into_iter().collect(),
            fingerprint: Fingerprint::default(),
            topics_hash: 0,
            candidate_offset: 0,
            first_seen: 1,
            last_seen: 1,
            forgotten: false,
        };
        claims.claim(ArticleId([n; 16]), entry);
        claims
    }

    #[test]
    fn a_state_reads_back_without_its_torn_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::open(folder.path()).unwrap();
        let page = ("https://a.example/".to_owned(), PageRecord { fetched_at: 7, ..Default::default() });
        state.remember(claim(1), std::iter::once(page));
        state.keep().unwrap();
        assert!(matches!(State::open(folder.path()), Err(OpenState::InUse(_))));
        drop(state);
        let path = folder.path().join(FILE);
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(b"seen AQEB").unwrap();
        let mut again = State::open(folder.path()).unwrap();
        assert_eq!((again.seen.articles(), again.pages.len()), (1, 1));
        again.remember(claim(2), std::iter::empty());
        again.keep().unwrap();
        drop(again);
        assert_eq!(State::open(folder.path()).unwrap().seen.articles(), 2);
    }

    #[test]
    fn a_damaged_state_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "seen AQEB AQEB\n").unwrap();
        assert!(matches!(State::open(folder.path()), Err(OpenState::Bad { line: 1, .. })));
    }
}
