//! How many words a text has, as Unicode counts them (UAX #29).

use unicode_segmentation::UnicodeSegmentation;

/// Words with a letter or digit. White space ends every word, and what stands between two spaces is ASCII nearly always,
/// for which the rules are few.
pub fn word_count(text: &str) -> u64 {
    let tokens = text.split_ascii_whitespace();
    tokens
        .map(|token| match token.is_ascii() {
            true => ascii_words(token.as_bytes()),
            false => token.unicode_words().count() as u64,
        })
        .sum()
}

/// Rules WB5 to WB13b, as far as they concern ASCII.
fn ascii_words(token: &[u8]) -> u64 {
    let (mut words, mut is_counted) = (0, false);
    for (at, byte) in token.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            words += u64::from(!is_counted);
            is_counted = true;
        } else if is_counted && *byte != b'_' {
            is_counted = token.get(at + 1).is_some_and(|next| joins(token[at - 1], *byte, *next));
        }
    }
    words
}

/// Whether a sign between two characters is the word's own: "o'clock", "3.14".
fn joins(before: u8, sign: u8, behind: u8) -> bool {
    let are = |what: fn(&u8) -> bool| what(&before) && what(&behind);
    match sign {
        b'.' | b'\'' => are(u8::is_ascii_alphabetic) || are(u8::is_ascii_digit),
        b':' => are(u8::is_ascii_alphabetic),
        b',' | b';' => are(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stands_within_a_word_does_not_end_it() {
        for (text, words) in [
            ("", 0),
            ("It's 3.14, or 1,000; e.g. a_b __ 'quoted' 12:30", 9),
            ("a.b.c a..b 1.a x:y", 6),
            ("a_.b _a' _1,2_", 4),
            ("the mayor’s café — ünïcode 東京", 6),
        ] {
            assert_eq!(word_count(text), words, "{text}");
            assert_eq!(word_count(text), text.unicode_words().count() as u64, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_rules_of_unicode_say(text in "([a-z]|[0-9]|[A-Z_.,:;'\"!-]|[ \n\t]|[é’東ーア\u{301}\u{200d}😀а]){0,40}") {
            prop_assert_eq!(word_count(&text), text.unicode_words().count() as u64);
        }
    }
}
