//! How many words a text has.

use unicode_segmentation::UnicodeSegmentation;

/// Words as Unicode bounds them (UAX #29). A space or a new line ends every word, and most of what stands between two of
/// them is letters and digits with signs around, one word whatever the signs are: Unicode's rules, which took a third of
/// what the publishing thread does, are asked about the rest only. What is plain is told without a branch a word.
pub(super) fn word_count(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (mut words, mut state, mut at) = (0, BEFORE, 0);
    while let Some(byte) = bytes.get(at) {
        let next = NEXT[usize::from(*byte)] >> state & 0xff;
        if next == ODD {
            let start = bytes[..at].iter().rposition(|byte| is_end(*byte)).map_or(0, |end| end + 1);
            let end = bytes[at..].iter().position(|byte| is_end(*byte)).map_or(bytes.len(), |end| at + end);
            words += text[start..end].unicode_words().count() as u64;
            words -= u64::from(state != BEFORE);
            (state, at) = (BEFORE, end);
            continue;
        }
        words += u64::from(next & !state & WORD) / u64::from(WORD);
        (state, at) = (next, at + 1);
    }
    words
}

const fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}

/// Where one stands between two spaces: before any letter, in a word, at the signs behind it, or at what is not plain.
const BEFORE: u32 = 0;
const WORD: u32 = 8;
const BEHIND: u32 = 16;
const ODD: u32 = 24;

/// For each byte, where it leads from each of the first three: eight bits each.
const NEXT: [u32; 256] = {
    let mut next = [ODD << BEFORE | ODD << WORD | ODD << BEHIND; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            next[byte] = WORD << BEFORE | WORD << WORD | ODD << BEHIND;
        } else if (byte as u8).is_ascii_punctuation() {
            next[byte] = BEFORE << BEFORE | BEHIND << WORD | BEHIND << BEHIND;
        } else if is_end(byte as u8) {
            next[byte] = 0;
        }
        byte += 1;
    }
    next
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_within_a_word_do_not_end_it() {
        assert_eq!(word_count(""), 0);
        assert_eq!(word_count("It's 3.14, or 1,000; e.g. \"a_b\" __ -- 'quoted' 12:30"), 9);
        assert_eq!(word_count("the mayor’s café — ünïcode\n\n東京"), 6);
    }

    proptest! {
        #[test]
        fn as_many_words_as_unicode_bounds(
            text in "([a-z]|[0-9]|[A-Z_.,:;'\"!$-]|[ \n]|[\t\r’é東ーアאа\u{301}\u{200d}\u{a0}\u{2028}\u{1f1e6}😀]){0,40}",
        ) {
            prop_assert_eq!(word_count(&text), text.unicode_words().count() as u64);
        }
    }
}
