//! What can be told of a place without looking its spellings up: whether one may begin there at all.

use super::eight_bytes;
use super::script::is_word_byte;
use super::taxonomy::Pattern;

/// How a word begins: with a small letter, or in any way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Small,
    Any,
}

/// What can be told of a place without walking the trie.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each byte, whether a spelling begins with it, and whether one that may stand inside a word does.
    bytes: [u8; 256],
    /// Some spelling may stand inside a word of ASCII letters.
    has_anywhere: bool,
    /// First words of the spellings that may begin with a small letter; of all spellings.
    words: [WordSet; 2],
}

impl Starts {
    const BEGINS: u8 = 1;
    const ANYWHERE: u8 = 2;

    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, &'a Pattern)>) -> Starts {
        let mut starts = Starts { bytes: [0; 256], has_anywhere: false, words: Default::default() };
        for (text, pattern) in spellings {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
            starts.has_anywhere |= pattern.is_anywhere && is_word_byte(byte);
            starts.words[Case::Any as usize].add(text.as_bytes(), pattern.is_open);
            if !pattern.is_capitalized {
                starts.words[Case::Small as usize].add(text.as_bytes(), pattern.is_open);
            }
        }
        starts
    }

    pub(super) fn may_begin(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::BEGINS != 0
    }

    pub(super) fn is_anywhere(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] & Starts::ANYWHERE != 0
    }

    /// How far to the next place in or behind a word where something may begin.
    pub(super) fn next_inside(&self, word: &[u8]) -> usize {
        if !self.has_anywhere {
            return word.len();
        }
        let inside = word.iter().skip(1).position(|byte| self.is_anywhere(*byte));
        inside.map_or(word.len(), |before| before + 1)
    }

    pub(super) fn may_stand(&self, word: FirstWord, case: Case) -> bool {
        self.words[case as usize].may_hold(word)
    }
}

/// First words of spellings, by hash: says no for certain, and yes wrongly for one word in eight at most. Nine in ten
/// words of an article end here.
#[derive(Debug)]
struct WordSet {
    whole: Vec<u64>,
    /// The first four letters of words that may go on ("sanction*").
    open: Vec<u64>,
    /// Words of one or two letters may go on: anything is possible.
    is_full: bool,
}

impl Default for WordSet {
    fn default() -> WordSet {
        let empty = || vec![0; WordSet::BITS / 64];
        WordSet { whole: empty(), open: empty(), is_full: false }
    }
}

impl WordSet {
    /// 16 KB each, of which small words touch little, for 16,000 different first words.
    const BITS: usize = 1 << 17;
    /// Of a word that may go on, its first letters: most are longer, some have no more.
    const OPEN_BYTES: usize = 4;

    fn add(&mut self, text: &[u8], is_open: bool) {
        let word = FirstWord::of(text);
        let goes_on = is_open && word.length == text.len();
        if goes_on {
            match *text {
                [] | [_] | [_, _] => self.is_full = true,
                [a, b, c] => (0..=255).for_each(|next| self.add_open(&[a, b, c, next])),
                _ => self.add_open(text),
            }
        }
        set(&mut self.whole, word.hash());
    }

    fn add_open(&mut self, text: &[u8]) {
        set(&mut self.open, FirstWord::of(text).beginning().hash());
    }

    fn may_hold(&self, word: FirstWord) -> bool {
        self.is_full
            || has(&self.whole, word.hash())
            || (word.length >= WordSet::OPEN_BYTES && has(&self.open, word.beginning().hash()))
    }
}

/// The word of ASCII letters and digits that a text begins with.
#[derive(Clone, Copy)]
pub(super) struct FirstWord {
    pub length: usize,
    /// Its first eight bytes, the first of them lowest.
    letters: u64,
}

impl FirstWord {
    /// Longer words are read in pieces: nothing begins in the second, and a text without spaces is read once.
    const LONGEST: usize = 32;

    #[inline]
    pub(super) fn of(text: &[u8]) -> FirstWord {
        let Some(eight) = eight_bytes::first(text) else { return FirstWord::short(text) };
        let outside = eight_bytes::outside_words(eight);
        if outside == 0 {
            return FirstWord::long(text, eight);
        }
        let length = eight_bytes::before(outside);
        FirstWord { length, letters: eight & !(u64::MAX << (8 * length)) }
    }

    fn long(text: &[u8], letters: u64) -> FirstWord {
        let rest = text[8..].iter().take(FirstWord::LONGEST - 8).take_while(|byte| is_word_byte(**byte));
        FirstWord { length: 8 + rest.count(), letters }
    }

    /// At the end of a text, where no eight bytes are left.
    fn short(text: &[u8]) -> FirstWord {
        let mut padded = [0; 8];
        padded[..text.len()].copy_from_slice(text);
        FirstWord::of(&padded)
    }

    /// The word of its first bytes.
    fn beginning(self) -> FirstWord {
        let bits = 8 * WordSet::OPEN_BYTES;
        FirstWord { length: WordSet::OPEN_BYTES, letters: self.letters & !(u64::MAX << bits) }
    }

    /// Of the length and the first eight letters.
    fn hash(self) -> usize {
        // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
        let spread = (self.letters ^ (self.length as u64) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (64 - WordSet::BITS.trailing_zeros())) as usize
    }
}

fn set(bits: &mut [u64], hash: usize) {
    bits[hash / 64] |= 1 << (hash % 64);
}

fn has(bits: &[u64], hash: usize) -> bool {
    bits[hash / 64] >> (hash % 64) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::FirstWord;
    use crate::topics::script::is_word_byte;

    #[test]
    fn words_end_at_every_byte_that_is_none() {
        for byte in 0..=255u8 {
            for length in [0, 1, 3, 7, 8, 9, 15, 16, 40] {
                let text: Vec<u8> = std::iter::repeat_n(b'x', length).chain([byte, b'y', b' ']).collect();
                let expected = length + if is_word_byte(byte) { 2 } else { 0 };
                assert_eq!(
                    FirstWord::of(&text).length,
                    expected.min(FirstWord::LONGEST),
                    "{byte:#x} behind {length}"
                );
            }
        }
    }
}
