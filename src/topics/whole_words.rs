//! Whether a word stands whole somewhere in a text, and how it is written.

use super::document::floor;

/// How much of a text is searched for a word: a feature article. Keeps a word's price the same in a text of 10 MB.
const REACH_BYTES: usize = 20_000;

/// Whether the word occurs whole.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// Where the word occurs whole: the text before and behind it.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let text = &text[..floor(text, REACH_BYTES)];
    let length = word.len();
    let is_word = |c: char| c.is_alphanumeric();
    text.match_indices(word)
        .map(move |(at, _)| (&text[..at], &text[at + length..]))
        .filter(move |(before, after)| !before.ends_with(is_word) && !after.starts_with(is_word))
}

/// A capitalized word with nothing capitalized before it, and behind it a small word or the end of its clause.
pub(super) fn stands_as_name(text: &str, word: &str) -> bool {
    let is_alone = |(before, after): (&str, &str)| {
        let previous = before.trim_end().rsplit(' ').next().unwrap_or("");
        let is_first = before.is_empty()
            || previous.ends_with(['.', '!', '?', '"', ',', '\n'])
            || before.ends_with('\n');
        let is_free = is_first || previous.starts_with(|c: char| c.is_lowercase());
        let next = after.strip_prefix(' ').unwrap_or(after);
        let goes_on =
            next.is_empty() || next.starts_with(|c: char| c.is_lowercase() || matches!(c, '.' | ',' | '\''));
        is_free && goes_on
    };
    places(text, word).any(is_alone)
}

/// A word of five capitals or more. Reads no further than it must: texts without spaces are one long word.
pub(super) fn is_loud(word: impl Iterator<Item = char>) -> bool {
    let (mut capitals, mut bytes) = (true, 0);
    for c in word.take_while(|c| c.is_alphabetic()).take_while(|c| {
        c.is_uppercase() || {
            capitals = false;
            false
        }
    }) {
        bytes += c.len_utf8();
    }
    capitals && bytes > 4
}
