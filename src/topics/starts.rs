//! What can be told of a place without looking its spellings up: whether one may begin there at all.

use super::script::is_word_byte;
use super::taxonomy::Pattern;

/// How a word begins: with a small letter, or in any way.
#[derive(Clone, Copy)]
pub(super) enum Case {
    Small,
    Any,
}

/// What can be told of a place without walking the trie.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each byte, whether a spelling begins with it, and whether one that may stand inside a word does.
    bytes: [u8; 256],
    /// First words of the spellings that may begin with a small letter; of all spellings.
    words: [WordSet; 2],
}

impl Starts {
    const BEGINS: u8 = 1;
    const ANYWHERE: u8 = 2;

    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, &'a Pattern)>) -> Starts {
        let mut starts = Starts { bytes: [0; 256], words: [WordSet::default(), WordSet::default()] };
        for (text, pattern) in spellings {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
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

    pub(super) fn may_stand(&self, text: &[u8], case: Case) -> bool {
        self.words[case as usize].may_hold(text)
    }
}

/// First words of spellings, by hash: says no for certain, and yes wrongly for one word in eight at most. Nine in ten
/// words of an article end here.
#[derive(Debug)]
struct WordSet {
    whole: Vec<u64>,
    /// The first three letters of words that may go on ("sanction*").
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
    /// 8 KB each: a quarter of a core's first cache, for 8,000 different first words.
    const BITS: usize = 1 << 16;
    /// Of a word that may go on, its first letters: most are longer, some have no more.
    const OPEN_BYTES: usize = 4;

    fn add(&mut self, text: &[u8], is_open: bool) {
        let word = &text[..word_length(text)];
        let goes_on = is_open && word.len() == text.len();
        match word.len() {
            _ if !goes_on => set(&mut self.whole, hash(word)),
            0..=2 => self.is_full = true,
            3 => (0..=255u8).for_each(|next| set(&mut self.open, hash(&[word[0], word[1], word[2], next]))),
            _ => set(&mut self.open, hash(&word[..WordSet::OPEN_BYTES])),
        }
        if goes_on {
            set(&mut self.whole, hash(word));
        }
    }

    fn may_hold(&self, text: &[u8]) -> bool {
        let length = word_length(text);
        let word = &text[..length];
        self.is_full
            || has(&self.whole, hash(word))
            || (length >= WordSet::OPEN_BYTES && has(&self.open, hash(&word[..WordSet::OPEN_BYTES])))
    }
}

/// Of the word of ASCII letters and digits that the text begins with. Longer ones than this are no first words that
/// have to be told apart, and a text without spaces is not read again and again.
fn word_length(text: &[u8]) -> usize {
    text.iter().take(32).take_while(|byte| is_word_byte(**byte)).count()
}

/// Of the length and the first eight letters.
fn hash(word: &[u8]) -> usize {
    let letters = match word.first_chunk::<8>() {
        Some(first) => u64::from_le_bytes(*first),
        None => word.iter().rev().fold(0, |letters, byte| letters << 8 | u64::from(*byte)),
    };
    // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
    let spread = (letters ^ (word.len() as u64) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> (64 - WordSet::BITS.trailing_zeros())) as usize
}

fn set(bits: &mut [u64], hash: usize) {
    bits[hash / 64] |= 1 << (hash % 64);
}

fn has(bits: &[u64], hash: usize) -> bool {
    bits[hash / 64] >> (hash % 64) & 1 == 1
}
