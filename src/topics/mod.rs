//! What an article is about: the taxonomy and the tagger. Pure.
//!
//! ```text
//! *.toml -> raw -> lint -> compiled taxonomy                                  (once)
//! title, body -> folded -> zones -> spellings found -> readings -> guards -> votes -> scores   (each article)
//! ```

mod cases;
mod compounds;
mod document;
mod doubt;
mod explain;
mod first_word;
mod fold;
mod guards;
mod inflection;
mod language;
mod lint;
mod load;
mod mentions;
mod namesakes;
mod scan;
mod schema;
mod score;
mod script;
mod spread;
mod starts;
mod surnames;
mod taxonomy;
mod toml_reader;
mod trie;
mod votes;
mod weights;
mod whole_words;
mod word_bits;

pub use cases::{Case, Failure};
pub use explain::{Explanation, Judged};
pub use mentions::Rule;

use crate::record::TopicTag;
use std::fmt;
use std::path::Path;

/// A compiled taxonomy. Cheap to share, immutable; swap the whole to reload.
#[derive(Debug)]
pub struct Tagger {
    taxonomy: taxonomy::Taxonomy,
}

/// What is wrong with a taxonomy, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// 0: the file as a whole.
    pub line: usize,
    /// In characters from 1, where the file does not parse; 0 elsewhere.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.file, self.line)?;
        if self.column > 0 {
            write!(f, "{}:", self.column)?;
        }
        write!(f, " {}", self.message)
    }
}

impl Tagger {
    /// Where a topic counts as what the article is about: the weights of each family are scaled to this.
    pub const DEFAULT_THRESHOLD: f64 = 0.5;

    /// The taxonomy that is part of the binary (`config/topics`).
    pub fn bundled() -> Tagger {
        Tagger { taxonomy: load::bundled() }
    }

    /// Reads every `*.toml` of a folder; all problems at once.
    pub fn load(folder: &Path) -> Result<Tagger, Vec<Problem>> {
        load::folder(folder).map(|taxonomy| Tagger { taxonomy })
    }

    /// A taxonomy given as file names and their text.
    pub fn from_files(files: &[(String, String)]) -> Result<Tagger, Vec<Problem>> {
        load::files(files).map(|taxonomy| Tagger { taxonomy })
    }

    /// A short hash of the taxonomy's content.
    pub fn version(&self) -> &str {
        &self.taxonomy.version
    }

    /// The topics of a text whose score is at least `threshold` (0: every topic mentioned), best first.
    pub fn tag(&self, title: &str, body: &str, language: Option<&str>, threshold: f64) -> Vec<TopicTag> {
        explain::Read::new(&self.taxonomy, title, body, language).tags(threshold)
    }

    /// The same, with every mention that was found and what became of it.
    pub fn explain(&self, title: &str, body: &str, language: Option<&str>) -> Explanation {
        explain::Read::new(&self.taxonomy, title, body, language).explanation()
    }

    /// Id and name of every topic, in the order of the files.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &str)> {
        self.taxonomy.topics.iter().map(|topic| (topic.id.as_str(), topic.name.as_str()))
    }

    /// Topics that somebody last looked at before `date` (`as_of`, RFC 3339 order), each with its place: leaders change.
    /// Nothing is wrong with them, so they stop nobody.
    pub fn not_checked_since(&self, date: &str) -> Vec<Problem> {
        let old = |topic: &&taxonomy::Topic| topic.as_of.as_deref().is_some_and(|as_of| as_of < date);
        let topics = self.taxonomy.topics.iter().filter(old);
        topics.map(|topic| topic.warning(date)).collect()
    }

    /// How many spellings the automaton knows, and its bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.taxonomy.patterns.len(), self.taxonomy.trie.memory_bytes())
    }
}
