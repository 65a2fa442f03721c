//! What can be told of a place without walking the trie: whether a spelling may begin there at all, which one it is where
//! the first word is all of it, and else where in the trie to go on behind that word.

use super::script::is_word_byte;
use super::taxonomy::Pattern;
use super::trie::{NONE, Node, Trie};
use super::word_bits::BLOCK;

/// How a word begins: with a small letter, or in any way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Small,
    Any,
}

/// What may stand at a place.
#[derive(Clone, Copy)]
pub(super) enum Beginning {
    /// What the trie finds from this node on.
    Node(Node),
    /// Only this spelling.
    Spelling(u32),
}

/// What can be told of a place without walking the trie.
#[derive(Debug)]
pub(super) struct Starts {
    /// For each byte, whether a spelling begins with it, and whether one that may stand inside a word does.
    bytes: [u8; 256],
    /// Some spelling may stand inside a word of ASCII letters.
    has_anywhere: bool,
    first_words: FirstWords,
    /// Beginnings of the words that may go on ("sanction*"): of those that may begin with a small letter; of all.
    open: [Beginnings; 2],
}

impl Starts {
    const BEGINS: u8 = 1;
    const ANYWHERE: u8 = 2;

    /// Spellings in the order in which the trie was given them.
    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, &'a Pattern)>, trie: &Trie) -> Starts {
        let mut starts = Starts {
            bytes: [0; 256],
            has_anywhere: false,
            first_words: FirstWords::new(),
            open: [Beginnings::new(), Beginnings::new()],
        };
        for (text, pattern) in spellings {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
            starts.has_anywhere |= pattern.is_anywhere && is_word_byte(byte);
            let word = FirstWord::of(text.as_bytes());
            if word.length > 0 {
                starts.first_words.add(word, !pattern.is_capitalized, trie);
            }
            if pattern.is_open && usize::from(word.length) == text.len() {
                starts.open[Case::Any as usize].add(text.as_bytes());
                if !pattern.is_capitalized {
                    starts.open[Case::Small as usize].add(text.as_bytes());
                }
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

    /// Places among the first bytes of a text where something may begin inside a word of ASCII letters: a bit per byte.
    pub(super) fn inside(&self, text: &[u8]) -> u64 {
        if !self.has_anywhere {
            return 0;
        }
        let bytes = text.iter().take(BLOCK).enumerate();
        bytes.fold(0, |bits, (index, byte)| bits | u64::from(self.is_anywhere(*byte)) << index)
    }

    /// What may stand where a text begins with a word of this length; nothing at six in ten words of an article.
    #[inline]
    pub(super) fn at_word(&self, text: &[u8], length: usize, case: Case) -> Option<Beginning> {
        let word = FirstWord::new(text, length);
        match self.first_words.get(word, case) {
            Some(known) => known.beginning(&text[length..]),
            None => self.open[case as usize].may_hold(word).then_some(Beginning::Node(Node::ROOT)),
        }
    }
}

/// First words of spellings, by hash, open addressing: the trie behind them is found without walking there.
#[derive(Debug)]
struct FirstWords {
    /// Small enough to stay in the processor's first cache, and most words of an article end there: the words that may
    /// begin with a small letter, and all.
    hashes: [Hashes<2048>; 2],
    /// Half of them free at least.
    slots: Vec<Option<Known>>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    letters: u64,
    node: u32,
    /// The spelling that the word is by itself, or `NONE`.
    alone: u32,
    /// Some spelling goes on behind the word with this sign: a bit per sign from the space on. All for words of which
    /// the trie must be asked anyway.
    signs: u32,
    /// The same of what follows a space: a bit per five last bits of a byte.
    behind_space: u32,
    length: u8,
    /// Bytes of the word that lead to the node.
    depth: u8,
    /// Some spelling that begins so may begin with a small letter.
    may_be_small: bool,
}

impl Known {
    fn new(word: FirstWord, may_be_small: bool, trie: &Trie) -> Known {
        let FirstWord { letters, length } = word;
        let bytes = letters.to_le_bytes();
        let text = &bytes[..usize::from(length).min(bytes.len())];
        let node = trie.node(text);
        let mut known = Known {
            letters,
            node: node.slot,
            alone: NONE,
            signs: u32::MAX,
            behind_space: u32::MAX,
            length,
            depth: node.depth as u8,
            may_be_small,
        };
        if node != Node::ROOT && text.len() == usize::from(length) {
            let signs = (0..32).filter(|sign| trie.goes_on(node, text, &[b' ' + sign]));
            let behind_space = (0..=255).filter(|byte| trie.goes_on(node, text, &[b' ', *byte]));
            known.alone = trie.spelling(node, text);
            known.signs = signs.fold(0, |bits, sign| bits | 1 << sign);
            known.behind_space = behind_space.fold(0, |bits, byte| bits | Known::bit(byte));
        }
        known
    }

    fn bit(byte: u8) -> u32 {
        1 << (byte % 32)
    }

    fn word(&self) -> FirstWord {
        FirstWord { letters: self.letters, length: self.length }
    }

    /// What to do where the word stands before this rest of the text. Spares the trie, which is too large for the first
    /// caches, where nothing longer can stand.
    #[inline]
    fn beginning(&self, rest: &[u8]) -> Option<Beginning> {
        let goes_on = match *rest {
            [b' ', next, ..] => self.signs & 1 == 1 && self.behind_space & Known::bit(next) != 0,
            // The end of the text is as good as a space.
            [] => self.signs & 1 == 1,
            [sign @ b' '..b'@', ..] => self.signs >> (sign - b' ') & 1 == 1,
            _ => true,
        };
        match self.alone {
            _ if goes_on => Some(Beginning::Node(Node { slot: self.node, depth: self.depth.into() })),
            NONE => None,
            spelling => Some(Beginning::Spelling(spelling)),
        }
    }
}

impl FirstWords {
    fn new() -> FirstWords {
        FirstWords { hashes: [Hashes::new(), Hashes::new()], slots: vec![None; 64], count: 0 }
    }

    fn add(&mut self, word: FirstWord, may_be_small: bool, trie: &Trie) {
        let [small, any] = &mut self.hashes;
        any.add(word);
        if may_be_small {
            small.add(word);
        }
        if self.count * 2 >= self.slots.len() {
            let twice = vec![None; self.slots.len() * 2];
            let known = std::mem::replace(&mut self.slots, twice);
            for known in known.into_iter().flatten() {
                let place = self.place(known.word());
                self.slots[place] = Some(known);
            }
        }
        let place = self.place(word);
        match &mut self.slots[place] {
            Some(known) => known.may_be_small |= may_be_small,
            free => {
                *free = Some(Known::new(word, may_be_small, trie));
                self.count += 1;
            }
        }
    }

    /// What is known of a word that begins so.
    #[inline]
    fn get(&self, word: FirstWord, case: Case) -> Option<&Known> {
        let may_stand = self.hashes[case as usize].may_hold(word);
        let known = if may_stand { self.slots[self.place(word)].as_ref() } else { None };
        known.filter(|known| known.may_be_small || case == Case::Any)
    }

    /// Where the word is, or the free slot where it would be.
    fn place(&self, word: FirstWord) -> usize {
        let last = self.slots.len() - 1;
        let mut place = word.hash(self.slots.len().trailing_zeros());
        while self.slots[place].is_some_and(|known| known.word() != word) {
            place = (place + 1) & last;
        }
        place
    }
}

/// A set of words by two bits each of one number (Bloom's filter, blocked so that a question is one load): says no for
/// certain, and yes wrongly for one word in fifteen at most.
///
/// `NUMBERS` is a power of two: one number for some eight words.
#[derive(Debug)]
struct Hashes<const NUMBERS: usize> {
    bits: Box<[u64; NUMBERS]>,
}

impl<const NUMBERS: usize> Hashes<NUMBERS> {
    fn new() -> Hashes<NUMBERS> {
        Hashes { bits: Box::new([0; NUMBERS]) }
    }

    fn add(&mut self, word: FirstWord) {
        let (place, bits) = Self::place(word);
        self.bits[place] |= bits;
    }

    #[inline]
    fn may_hold(&self, word: FirstWord) -> bool {
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
struct Beginnings {
    hashes: Hashes<512>,
    /// Words of one or two letters may go on: anything is possible.
    is_full: bool,
}

impl Beginnings {
    /// Most words that may go on are longer, some have no more.
    const BYTES: usize = 4;

    fn new() -> Beginnings {
        Beginnings { hashes: Hashes::new(), is_full: false }
    }

    fn add(&mut self, text: &[u8]) {
        match *text {
            [] | [_] | [_, _] => self.is_full = true,
            [a, b, c] => (0..=255).for_each(|next| self.hashes.add(FirstWord::beginning([a, b, c, next]))),
            [a, b, c, d, ..] => self.hashes.add(FirstWord::beginning([a, b, c, d])),
        }
    }

    #[inline]
    fn may_hold(&self, word: FirstWord) -> bool {
        let [a, b, c, d, ..] = word.letters.to_le_bytes();
        let is_long = usize::from(word.length) >= Beginnings::BYTES;
        self.is_full || (is_long && self.hashes.may_hold(FirstWord::beginning([a, b, c, d])))
    }
}

/// The word of ASCII letters and digits that a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FirstWord {
    /// As many bytes as a block has, where it is longer.
    length: u8,
    /// Its first eight bytes, the first of them lowest.
    letters: u64,
}

impl FirstWord {
    /// The first word of a term.
    fn of(text: &[u8]) -> FirstWord {
        FirstWord::new(text, text.iter().take(BLOCK).take_while(|byte| is_word_byte(**byte)).count())
    }

    /// The word of this length that the text begins with.
    #[inline]
    fn new(text: &[u8], length: usize) -> FirstWord {
        let letters =
            text.first_chunk().map_or_else(|| last_letters(text), |eight| u64::from_le_bytes(*eight));
        let letters = if length < 8 { letters & !(u64::MAX << (8 * length)) } else { letters };
        FirstWord { length: length as u8, letters }
    }

    /// The first letters of a longer word, as a word.
    fn beginning(letters: [u8; Beginnings::BYTES]) -> FirstWord {
        FirstWord { length: Beginnings::BYTES as u8, letters: u32::from_le_bytes(letters).into() }
    }

    /// Of the length and the first eight letters, so many bits.
    fn hash(self, bits: u32) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::load::bundled;

    /// Nobody's words, of three to nine letters.
    fn nonsense() -> impl Iterator<Item = FirstWord> {
        let mut random = 1u64;
        std::iter::repeat_with(move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let letter = |at: u32| b'a' + (random >> (64 - 5 * (at + 1)) & 31) as u8 % 26;
            let letters: Vec<u8> = (0..3 + (random >> 8) as u32 % 7).map(letter).collect();
            FirstWord::of(&letters)
        })
    }

    #[test]
    fn few_words_are_taken_for_what_may_begin_something() {
        const MANY: usize = 100_000;
        let starts = bundled().starts;
        let [small, any] = &starts.first_words.hashes;
        for (set, may_hold) in [("small", small), ("any", any)] {
            let wrong = nonsense().take(MANY).filter(|word| may_hold.may_hold(*word)).count();
            assert!(wrong * 15 < MANY, "{set}: {wrong} of {MANY}");
            println!("{set}: {wrong} of {MANY}");
        }
    }
}
