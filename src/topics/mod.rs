//! What an article is about: the taxonomy and the tagger. Pure.

use crate::record::TopicTag;
use std::path::Path;

/// A compiled taxonomy. Cheap to share, immutable; swap the whole to reload.
pub struct Tagger {}

/// What is wrong with a taxonomy, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl Tagger {
    /// The taxonomy that is part of the binary (`config/topics`).
    pub fn bundled() -> Tagger {
        Tagger {}
    }

    /// Reads every `*.toml` of a folder; all problems at once.
    pub fn load(_folder: &Path) -> Result<Tagger, Vec<Problem>> {
        Ok(Tagger {})
    }

    /// A short hash of the taxonomy's content.
    pub fn version(&self) -> &str {
        ""
    }

    /// The topics of a text whose score is at least `threshold` (0: every topic mentioned), best first.
    pub fn tag(&self, _title: &str, _body: &str, _language: Option<&str>, _threshold: f64) -> Vec<TopicTag> {
        Vec::new()
    }
}
