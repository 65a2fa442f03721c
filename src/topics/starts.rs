//! What can be told of a place without walking the trie: whether a spelling may begin there at all, which one it is where
//! the first word is all of it, and else where in the trie to go on behind that word.

use super::first_word::{Beginnings, FirstWord, Hashes};
use super::script::is_word_byte;
use super::taxonomy::{Pattern, Term};
use super::trie::{Node, Trie};
use super::word_bits::BLOCK;

/// How a word begins: with a small letter, or in any way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Small,
    Any,
}

impl Case {
    /// By the first byte of the word.
    pub(super) fn of(first: u8) -> Case {
        if first.is_ascii_lowercase() { Case::Small } else { Case::Any }
    }
}

/// What may stand at a place.
#[derive(Clone, Copy)]
pub(super) enum Beginning {
    /// What the trie finds from this node on.
    Node(Node),
    /// Only this spelling.
    Spelling(u32),
    /// Only this spelling, and all that it means stands.
    Plain(Plain),
}

/// A spelling that is a word, all of whose meanings stand where the word does.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    pub spelling: u32,
    /// A bit per word list that it is in.
    pub lexicons: u8,
    pub has_cues: bool,
    pub has_names: bool,
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
    pub(super) fn new<'a>(
        spellings: impl Iterator<Item = (&'a str, &'a Pattern)>,
        terms: &[Term],
        trie: &Trie,
    ) -> Starts {
        let mut starts = Starts {
            bytes: [0; 256],
            has_anywhere: false,
            first_words: FirstWords::new(),
            open: [Beginnings::new(), Beginnings::new()],
        };
        for (index, (text, pattern)) in spellings.enumerate() {
            let Some(&byte) = text.as_bytes().first() else { continue };
            let anywhere = if pattern.is_anywhere { Starts::ANYWHERE } else { 0 };
            starts.bytes[usize::from(byte)] |= Starts::BEGINS | anywhere;
            starts.has_anywhere |= pattern.is_anywhere && is_word_byte(byte);
            let word = FirstWord::of(text.as_bytes());
            if word.length > 0 {
                starts.first_words.add(word, !pattern.is_capitalized, trie);
                starts.first_words.known(word).see(
                    index as u32,
                    text.as_bytes(),
                    pattern,
                    Stands::of(pattern, terms),
                );
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
        self.has_anywhere && self.bytes[usize::from(byte)] & Starts::ANYWHERE != 0
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
            Some(known) => known.beginning(&text[length..], case),
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
    slots: Vec<Known>,
    count: usize,
}

/// What is known of a first word: half a line of the cache, since most of what is loaded of it is in none of the first two.
#[derive(Clone, Copy, Debug)]
struct Known {
    letters: u64,
    /// What two bytes some spelling goes on with behind a space: a bit per number that two bytes make. All, as in `signs`,
    /// for words of which the trie must be asked anyway.
    behind_space: u64,
    /// Some spelling goes on behind the word with this sign: a bit per sign from the space on.
    signs: u32,
    node: u32,
    /// The spelling that the word is by itself, if `stands` says there is one.
    alone: u32,
    stands: Stands,
    /// Its word lists.
    lexicons: u8,
    /// 0 in a free slot.
    length: u8,
    /// Bytes of the word that lead to the node.
    depth: u8,
}

/// What must be asked of a spelling that is one word, where the word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// There is no such spelling.
    Never,
    /// The same, and each meaning wants a capital.
    Capitalized,
    /// What each meaning asks.
    Perhaps,
    /// Nothing: it is a word of lists, ...
    Word,
    /// ... with a capital, ...
    CapitalizedWord,
    /// ... a cue, ...
    Cue,
    /// ... a name of topics, ...
    Name,
    /// ... both.
    CueAndName,
}

impl Known {
    const FREE: Known = Known {
        letters: 0,
        behind_space: 0,
        signs: 0,
        node: 0,
        alone: 0,
        stands: Stands::Never,
        lexicons: 0,
        length: 0,
        depth: 0,
    };

    fn new(word: FirstWord, trie: &Trie) -> Known {
        let FirstWord { letters, length } = word;
        let bytes = letters.to_le_bytes();
        let text = &bytes[..usize::from(length).min(bytes.len())];
        let node = trie.node(text);
        let must_ask = node == Node::ROOT || text.len() < usize::from(length);
        let (signs, behind_space) = if must_ask { (u32::MAX, u64::MAX) } else { (0, 0) };
        Known {
            letters,
            behind_space,
            signs,
            node: node.slot,
            length,
            depth: node.depth as u8,
            ..Known::FREE
        }
    }

    /// Notes a spelling that begins with the word.
    fn see(&mut self, index: u32, text: &[u8], pattern: &Pattern, stands: Stands) {
        match text[usize::from(self.length)..] {
            [] => {
                (self.alone, self.lexicons, self.stands) = (index, pattern.lexicons, stands);
            }
            [b' ', one, two, ..] => {
                (self.signs, self.behind_space) = (self.signs | 1, self.behind_space | Known::bit(one, two));
            }
            [b' ', ..] => (self.signs, self.behind_space) = (self.signs | 1, u64::MAX),
            [sign @ b' '..b'@', ..] => self.signs |= 1 << (sign - b' '),
            // Always asked.
            _ => {}
        }
    }

    fn bit(one: u8, two: u8) -> u64 {
        1 << ((u32::from(one) * 37 + u32::from(two) * 11) % 64)
    }

    fn word(&self) -> FirstWord {
        FirstWord { letters: self.letters, length: self.length }
    }

    /// What to do where the word stands before this rest of the text. Spares the trie, which is too large for the first
    /// caches, where nothing longer can stand.
    #[inline]
    fn beginning(&self, rest: &[u8], case: Case) -> Option<Beginning> {
        let goes_on = match *rest {
            [b' ', one, two, ..] => self.signs & 1 == 1 && self.behind_space & Known::bit(one, two) != 0,
            [sign @ b' '..b'@', ..] => self.signs >> (sign - b' ') & 1 == 1,
            [] => self.signs == u32::MAX,
            _ => true,
        };
        let plain = |has_cues, has_names| {
            let (spelling, lexicons) = (self.alone, self.lexicons);
            Some(Beginning::Plain(Plain { spelling, lexicons, has_cues, has_names }))
        };
        match self.stands {
            _ if goes_on => Some(Beginning::Node(Node { slot: self.node, depth: self.depth.into() })),
            Stands::Never => None,
            Stands::Capitalized | Stands::CapitalizedWord if case == Case::Small => None,
            Stands::Capitalized | Stands::Perhaps => Some(Beginning::Spelling(self.alone)),
            Stands::Word | Stands::CapitalizedWord => plain(false, false),
            Stands::Cue => plain(true, false),
            Stands::Name => plain(false, true),
            Stands::CueAndName => plain(true, true),
        }
    }
}

impl Stands {
    fn of(pattern: &Pattern, terms: &[Term]) -> Stands {
        match (pattern.is_plain(terms), pattern.cues != 0, pattern.has_names()) {
            (false, ..) if pattern.is_capitalized => Stands::Capitalized,
            (false, ..) => Stands::Perhaps,
            (true, false, false) if pattern.is_capitalized => Stands::CapitalizedWord,
            (true, false, false) => Stands::Word,
            (true, true, false) => Stands::Cue,
            (true, false, true) => Stands::Name,
            (true, true, true) => Stands::CueAndName,
        }
    }
}

impl FirstWords {
    fn new() -> FirstWords {
        FirstWords { hashes: [Hashes::new(), Hashes::new()], slots: vec![Known::FREE; 64], count: 0 }
    }

    fn add(&mut self, word: FirstWord, may_be_small: bool, trie: &Trie) {
        let [small, any] = &mut self.hashes;
        any.add(word);
        if may_be_small {
            small.add(word);
        }
        if self.count * 2 >= self.slots.len() {
            let twice = vec![Known::FREE; self.slots.len() * 2];
            let known = std::mem::replace(&mut self.slots, twice);
            for known in known.into_iter().filter(|known| known.length > 0) {
                *self.known(known.word()) = known;
            }
        }
        let known = self.known(word);
        if known.length == 0 {
            *known = Known::new(word, trie);
            self.count += 1;
        }
    }

    /// What is known of a word that begins so.
    #[inline]
    fn get(&self, word: FirstWord, case: Case) -> Option<&Known> {
        if !self.hashes[case as usize].may_hold(word) {
            return None;
        }
        let known = &self.slots[self.place(word)];
        (known.length > 0).then_some(known)
    }

    /// Where the word is, or would be.
    fn known(&mut self, word: FirstWord) -> &mut Known {
        let place = self.place(word);
        &mut self.slots[place]
    }

    /// Where the word is, or the free slot where it would be.
    #[inline]
    fn place(&self, word: FirstWord) -> usize {
        let last = self.slots.len() - 1;
        let mut place = word.hash(self.slots.len().trailing_zeros());
        while self.slots[place].length > 0 && self.slots[place].word() != word {
            place = (place + 1) & last;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::fold::fold_term;
    use crate::topics::load::bundled;
    use crate::topics::trie::Standing;

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

    #[test]
    fn a_first_word_tells_what_the_trie_finds() {
        let taxonomy = bundled();
        let mut standing = Standing::new();
        for term in &taxonomy.terms {
            let spelling = fold_term(term.text()).0;
            let other = spelling.rsplit_once(' ').map(|(begun, _)| format!("{begun} other"));
            let behind = ["", " ", " o", " of it", "s", "'s", ", it", "-it", "é"];
            for text in behind.map(|behind| format!("{spelling}{behind}")).into_iter().chain(other) {
                let length = usize::from(FirstWord::of(text.as_bytes()).length);
                if length == 0 {
                    continue;
                }
                for case in [Case::Small, Case::Any] {
                    let fits =
                        |at: &u32| case == Case::Any || !taxonomy.patterns[*at as usize].is_capitalized;
                    taxonomy.trie.walk(text.as_bytes(), Node::ROOT, &mut standing);
                    let expected: Vec<u32> = standing.iter().copied().filter(fits).collect();
                    standing.clear();
                    match taxonomy.starts.at_word(text.as_bytes(), length, case) {
                        None => {}
                        Some(Beginning::Node(node)) => {
                            taxonomy.trie.walk(text.as_bytes(), node, &mut standing)
                        }
                        Some(Beginning::Spelling(spelling) | Beginning::Plain(Plain { spelling, .. })) => {
                            standing.push(spelling)
                        }
                    }
                    standing.retain(|at| fits(at));
                    assert_eq!(standing, expected, "{text:?}");
                }
            }
        }
    }
}
