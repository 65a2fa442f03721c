//! The first word of a text in a register, and sets of such words that answer with one load each.

use super::script::is_word_byte;
use super::word_bits::BLOCK;

/// The word of ASCII letters and digits that a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstWord {
    /// As many bytes as a block has, where it is longer.
    pub length: u8,
    /// Its first eight bytes, the first of them lowest.
    pub letters: u64,
}

impl FirstWord {
    /// So many are compared.
    const LETTERS: usize = 8;

    /// The first word of a term.
    pub fn of(text: &[u8]) -> FirstWord {
        FirstWord::new(text, text.iter().take(BLOCK).take_while(|byte| is_word_byte(**byte)).count())
    }

    /// The word of this length that the text begins with.
    #[inline]
    pub fn new(text: &[u8], length: usize) -> FirstWord {
        let letters =
            text.first_chunk().map_or_else(|| last_letters(text), |eight| u64::from_le_bytes(*eight));
        let others = 8 * FirstWord::LETTERS.saturating_sub(length) as u32;
        let letters = letters & u64::MAX.checked_shr(others).unwrap_or(0);
        FirstWord { length: length as u8, letters }
    }

    /// The first letters of a longer word, as a word.
    fn beginning(letters: [u8; Beginnings::BYTES]) -> FirstWord {
        FirstWord { length: Beginnings::BYTES as u8, letters: u32::from_le_bytes(letters).into() }
    }

    /// Of the length and the first eight letters, so many bits.
    pub fn hash(self, bits: u32) -> usize {
        (self.spread() >> (64 - bits)) as usize
    }

    #[inline]
    fn spread(self) -> u64 {
        // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
        (self.letters ^ u64::from(self.length) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// At the end of a text, where no eight bytes are left.
#[cold]
fn last_letters(text: &[u8]) -> u64 {
    text.iter().rev().fold(0, |letters, byte| letters << 8 | u64::from(*byte))
}

/// A set of words by two bits each of one number (Bloom's filter, blocked so that a question is one load): says no for
/// certain, and yes wrongly for one word in fifteen at most.
///
/// `NUMBERS` is a power of two: one number for some eight words.
#[derive(Debug)]
pub struct Hashes<const NUMBERS: usize> {
    bits: Box<[u64; NUMBERS]>,
}

impl<const NUMBERS: usize> Hashes<NUMBERS> {
    pub fn new() -> Hashes<NUMBERS> {
        Hashes { bits: Box::new([0; NUMBERS]) }
    }

    pub fn add(&mut self, word: FirstWord) {
        let (place, bits) = Self::place(word);
        self.bits[place] |= bits;
    }

    #[inline]
    pub fn may_hold(&self, word: FirstWord) -> bool {
        let (place, bits) = Self::place(word);
        self.bits[place] & bits == bits
    }

    #[inline]
    fn place(word: FirstWord) -> (usize, u64) {
        let spread = word.spread();
        let place = spread >> (64 - NUMBERS.trailing_zeros());
        (place as usize, 1 << (spread >> 40 & 63) | 1 << (spread >> 34 & 63))
    }
}

/// First letters of words that may go on.
#[derive(Debug)]
pub struct Beginnings {
    hashes: Hashes<512>,
    /// The same words, up to their eighth letter.
    words: Hashes<1024>,
    /// Words of one or two letters may go on: anything is possible.
    is_full: bool,
}

impl Beginnings {
    /// Most words that may go on are longer, some have no more.
    const BYTES: usize = 4;

    pub fn new() -> Beginnings {
        Beginnings { hashes: Hashes::new(), words: Hashes::new(), is_full: false }
    }

    pub fn add(&mut self, text: &[u8]) {
        self.words.add(FirstWord::of(&text[..text.len().min(FirstWord::LETTERS)]));
        match *text {
            [] | [_] | [_, _] => self.is_full = true,
            [a, b, c] => (0..=255).for_each(|next| self.hashes.add(FirstWord::beginning([a, b, c, next]))),
            [a, b, c, d, ..] => self.hashes.add(FirstWord::beginning([a, b, c, d])),
        }
    }

    #[inline]
    pub fn may_hold(&self, word: FirstWord) -> bool {
        let [a, b, c, d, ..] = word.letters.to_le_bytes();
        let is_long = usize::from(word.length) >= Beginnings::BYTES;
        let may_hold = is_long && self.hashes.may_hold(FirstWord::beginning([a, b, c, d]));
        self.is_full || (may_hold && self.holds_beginning(word))
    }

    /// The same, asked of each length. One in fourteen words comes here.
    fn holds_beginning(&self, word: FirstWord) -> bool {
        let letters = word.letters.to_le_bytes();
        let longest = FirstWord::LETTERS.min(word.length.into());
        (Beginnings::BYTES - 1..=longest).any(|length| self.words.may_hold(FirstWord::new(&letters, length)))
    }
}
