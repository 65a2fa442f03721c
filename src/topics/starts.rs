//! What can be told of a place without looking its spellings up: whether one may begin there at all, and where in the
//! trie to go on behind the first word.

use super::script::is_word_byte;
use super::taxonomy::Pattern;
use super::trie::{Node, Trie};
use super::word_bits::BLOCK;

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
            first_words: FirstWords { slots: vec![None; 64], count: 0 },
            open: Default::default(),
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

    /// From where in the trie to look for what begins with this word; nothing where nothing does. Eight in ten words of
    /// an article end here.
    #[inline]
    pub(super) fn node(&self, word: FirstWord, case: impl Fn() -> Case) -> Option<Node> {
        match self.first_words.get(word) {
            Some(known) if known.may_be_small || case() == Case::Any => Some(known.node),
            _ => {
                let [small, any] = &self.open;
                let may_stand = any.may_hold(word) && (case() == Case::Any || small.may_hold(word));
                may_stand.then_some(Node::ROOT)
            }
        }
    }
}

/// First words of spellings, by hash, open addressing: the trie behind them is found without walking there.
#[derive(Debug)]
struct FirstWords {
    /// Three quarters of them free at least, so that a word which is none is soon known as such.
    slots: Vec<Option<Known>>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    word: FirstWord,
    node: Node,
    /// Some spelling that begins so may begin with a small letter.
    may_be_small: bool,
}

impl FirstWords {
    fn add(&mut self, word: FirstWord, may_be_small: bool, trie: &Trie) {
        if self.count * 4 >= self.slots.len() {
            let twice = vec![None; self.slots.len() * 2];
            let known = std::mem::replace(&mut self.slots, twice);
            known.into_iter().flatten().for_each(|known| self.put(known));
        }
        let place = self.place(word);
        match &mut self.slots[place] {
            Some(known) => known.may_be_small |= may_be_small,
            free => {
                let node = trie.node(&word.letters.to_le_bytes()[..usize::from(word.length).min(8)]);
                *free = Some(Known { word, node, may_be_small });
                self.count += 1;
            }
        }
    }

    fn put(&mut self, known: Known) {
        let place = self.place(known.word);
        self.slots[place] = Some(known);
    }

    fn get(&self, word: FirstWord) -> Option<&Known> {
        self.slots[self.place(word)].as_ref()
    }

    /// Where the word is, or the free slot where it would be.
    fn place(&self, word: FirstWord) -> usize {
        let last = self.slots.len() - 1;
        let mut place = word.hash(self.slots.len().trailing_zeros());
        while self.slots[place].is_some_and(|known| known.word != word) {
            place = (place + 1) & last;
        }
        place
    }
}

/// First letters of words that may go on, by hash: says no for certain, and yes wrongly for one word in eight at most.
#[derive(Debug)]
struct Beginnings {
    bits: Vec<u64>,
    /// Words of one or two letters may go on: anything is possible.
    is_full: bool,
}

impl Default for Beginnings {
    fn default() -> Beginnings {
        Beginnings { bits: vec![0; (1 << Beginnings::BITS) / 64], is_full: false }
    }
}

impl Beginnings {
    /// 16 KB, of which small words touch little, for 16,000 different beginnings.
    const BITS: u32 = 17;
    /// Most words that may go on are longer, some have no more.
    const BYTES: usize = 4;

    fn add(&mut self, text: &[u8]) {
        match *text {
            [] | [_] | [_, _] => self.is_full = true,
            [a, b, c] => (0..=255).for_each(|next| self.set(&[a, b, c, next])),
            _ => self.set(&text[..Beginnings::BYTES]),
        }
    }

    fn set(&mut self, beginning: &[u8]) {
        let hash = FirstWord { length: beginning.len() as u8, letters: last_letters(beginning) }
            .hash(Beginnings::BITS);
        self.bits[hash / 64] |= 1 << (hash % 64);
    }

    fn may_hold(&self, word: FirstWord) -> bool {
        let hash = word.beginning().hash(Beginnings::BITS);
        self.is_full
            || (usize::from(word.length) >= Beginnings::BYTES && self.bits[hash / 64] >> (hash % 64) & 1 == 1)
    }
}

/// The word of ASCII letters and digits that a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FirstWord {
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
    pub(super) fn new(text: &[u8], length: usize) -> FirstWord {
        let letters =
            text.first_chunk().map_or_else(|| last_letters(text), |eight| u64::from_le_bytes(*eight));
        let letters = if length < 8 { letters & !(u64::MAX << (8 * length)) } else { letters };
        FirstWord { length: length as u8, letters }
    }

    /// The word of its first bytes.
    fn beginning(self) -> FirstWord {
        let bits = 8 * Beginnings::BYTES;
        FirstWord { length: Beginnings::BYTES as u8, letters: self.letters & !(u64::MAX << bits) }
    }

    /// Of the length and the first eight letters, so many bits.
    fn hash(self, bits: u32) -> usize {
        // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
        let spread = (self.letters ^ u64::from(self.length) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (64 - bits)) as usize
    }
}

/// At the end of a text, where no eight bytes are left.
#[cold]
fn last_letters(text: &[u8]) -> u64 {
    text.iter().rev().fold(0, |letters, byte| letters << 8 | u64::from(*byte))
}
