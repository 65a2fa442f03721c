//! Lists of words that are looked for in a text all at once.

use aho_corasick::{AhoCorasick, MatchKind};

/// Words in lower case, found whatever the case of their ASCII letters.
pub struct Words(AhoCorasick);

impl Words {
    /// For lists that are part of the program.
    pub fn new(words: &[&str]) -> Words {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard);
        Words(builder.build(words).expect("the words are fixed and few"))
    }

    /// Whether the text has one of them.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Where the first of them begins.
    pub fn first(&self, text: &str) -> Option<usize> {
        self.starts(text).min()
    }

    /// Where the last of them begins.
    pub fn last(&self, text: &str) -> Option<usize> {
        self.starts(text).max()
    }

    /// Where they begin, in no order.
    pub fn starts(&self, text: &str) -> impl Iterator<Item = usize> {
        self.0.find_overlapping_iter(text).map(|found| found.start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_where_words_begin() {
        let words = Words::new(&["update", "last update", "date"]);
        assert_eq!(words.first("The Last Update: date"), Some(4));
        assert_eq!(words.last("The Last Update: date"), Some(17));
        assert_eq!(words.last("updated"), Some(2));
        assert!(words.is_in("UPDATED") && !words.is_in("dat"));
        assert_eq!(words.first(""), None);
    }
}
