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
    pub(super) fn at_word(&self, text: &[u8], length: usize, case: impl Fn() -> Case) -> Option<Beginning> {
        let word = FirstWord::new(text, length);
        match self.first_words.get(word) {
            Some(known) if known.may_be_small || case() == Case::Any => known.beginning(text.get(length)),
            _ => {
                let [small, any] = &self.open;
                let may_stand = any.may_hold(word) && (case() == Case::Any || small.may_hold(word));
                may_stand.then_some(Beginning::Node(Node::ROOT))
            }
        }
    }
}

/// First words of spellings, by hash, open addressing: the trie behind them is found without walking there.
#[derive(Debug)]
struct FirstWords {
    /// A bit per hash that some word has: small enough to stay in the processor's first cache, and most words of an
    /// article end there.
    hashes: Hashes,
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
    length: u8,
    /// Bytes of the word that lead to the node.
    depth: u8,
    /// Some spelling that begins so may begin with a small letter.
    may_be_small: bool,
}

impl Known {
    fn new(word: FirstWord, may_be_small: bool, trie: &Trie) -> Known {
        let FirstWord { letters, length } = word;
        let node = trie.node(&letters.to_le_bytes()[..usize::from(length).min(8)]);
        let is_whole = node.depth == u32::from(length);
        let signs = (0..32).filter(|sign| trie.has_child(node, b' ' + sign)).map(|sign| 1 << sign).sum();
        let (alone, signs) = if is_whole { (trie.spelling(node), signs) } else { (NONE, u32::MAX) };
        Known { letters, node: node.slot, alone, signs, length, depth: node.depth as u8, may_be_small }
    }

    fn word(&self) -> FirstWord {
        FirstWord { letters: self.letters, length: self.length }
    }

    /// What to do where the word stands before `next`. Spares the trie, which is too large for the first caches, where
    /// nothing longer can stand.
    #[inline]
    fn beginning(&self, next: Option<&u8>) -> Option<Beginning> {
        // The end of the text is as good as a space.
        let goes_on = match next.unwrap_or(&b' ').wrapping_sub(b' ') {
            sign @ 0..32 => self.signs >> sign & 1 == 1,
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
        FirstWords { hashes: Hashes::new(), slots: vec![None; 64], count: 0 }
    }

    fn add(&mut self, word: FirstWord, may_be_small: bool, trie: &Trie) {
        self.hashes.add(word);
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

    #[inline]
    fn get(&self, word: FirstWord) -> Option<&Known> {
        if self.hashes.may_hold(word) { self.slots[self.place(word)].as_ref() } else { None }
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

/// A set of words by their hashes: says no for certain, and yes wrongly for one word in eight at most.
#[derive(Debug)]
struct Hashes {
    bits: Vec<u64>,
}

impl Hashes {
    /// 16 KB, of which small words touch little, for 16,000 different words.
    const BITS: u32 = 17;

    fn new() -> Hashes {
        Hashes { bits: vec![0; (1 << Hashes::BITS) / 64] }
    }

    fn add(&mut self, word: FirstWord) {
        let hash = word.hash(Hashes::BITS);
        self.bits[hash / 64] |= 1 << (hash % 64);
    }

    #[inline]
    fn may_hold(&self, word: FirstWord) -> bool {
        let hash = word.hash(Hashes::BITS);
        self.bits[hash / 64] >> (hash % 64) & 1 == 1
    }
}

/// First letters of words that may go on.
#[derive(Debug)]
struct Beginnings {
    hashes: Hashes,
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
