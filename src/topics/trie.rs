//! All spellings of the taxonomy in one automaton: a trie in a double array, walked from where a word may begin.
//!
//! Aho-Corasick reads every byte and remembers; here most bytes are inside words that already failed at their first
//! letters, and are never looked at. A load is dear where it misses the first caches, so where only one spelling is left
//! the rest of it stands in one piece (the tails of Aoe's double array, 1989), and what is asked of few nodes stands
//! elsewhere.

use super::script::is_word_byte;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Trie {
    slots: Vec<Slot>,
    /// For each slot with `ENDS` or `TAIL` the spelling, with `WHOLE` where it is no beginning of a longer word.
    spellings: Vec<u32>,
    /// A byte of length and the bytes of each tail.
    tails: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// With the flags below. The child for byte `b` is at `base + b`, if that slot names this one as its parent; of a
    /// tail it is the place among the tails.
    base: u32,
    parent: u32,
}

/// A spelling ends at this node.
const ENDS: u32 = 1 << 31;
/// One spelling goes on from this node, and it alone.
const TAIL: u32 = 1 << 30;
/// Such a spelling ends with a letter or digit of ASCII, and none may follow.
const WHOLE: u32 = 1 << 31;
/// No parent.
const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;
const FREE: Slot = Slot { base: 0, parent: NONE };

impl Slot {
    fn ends(self) -> bool {
        self.base & ENDS != 0
    }

    fn is_tail(self) -> bool {
        self.base & TAIL != 0
    }

    fn base(self) -> u32 {
        self.base & !(ENDS | TAIL)
    }
}

/// A place in the trie, and how many bytes lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub slot: u32,
    pub depth: u32,
}

impl Node {
    pub(super) const ROOT: Node = Node { slot: ROOT, depth: 0 };
}

/// The spellings that begin at one place, shortest first.
pub(super) type Standing = Vec<u32>;

impl Trie {
    /// Spellings, each with whether it stands as a whole word only: it must then end with a letter or digit of ASCII.
    /// Its place in the list is its number. Empty spellings match nothing.
    pub(super) fn new<'a>(spellings: impl Iterator<Item = (&'a str, bool)>) -> Trie {
        let number = |(index, (text, is_whole)): (usize, (&'a str, bool))| {
            (text.as_bytes(), index as u32 | if is_whole { WHOLE } else { 0 })
        };
        let mut sorted: Vec<(&[u8], u32)> = spellings.enumerate().map(number).collect();
        sorted.sort_unstable();
        let mut builder =
            Builder { slots: Vec::new(), spellings: Vec::new(), tails: Vec::new(), first_free: 1 };
        builder.grow(512);
        builder.build(&sorted);
        Trie { slots: builder.slots, spellings: builder.spellings, tails: builder.tails }
    }

    /// Every spelling that `text` begins with, in place of what `standing` held. The text leads to the node.
    pub(super) fn walk(&self, text: &[u8], node: Node, standing: &mut Standing) {
        standing.clear();
        let (mut at, mut rest) = (node.slot, &text[node.depth as usize..]);
        loop {
            let slot = self.slots[at as usize];
            if slot.is_tail() {
                if let Some(behind) = rest.strip_prefix(self.tail(slot)) {
                    standing.extend(self.standing(at, behind));
                }
                break;
            }
            if slot.ends() {
                standing.extend(self.standing(at, rest));
            }
            let Some((&byte, behind)) = rest.split_first() else { break };
            let child = slot.base() + u32::from(byte);
            if !self.is_child(child, at) {
                break;
            }
            (at, rest) = (child, behind);
        }
    }

    /// The spelling of a slot, if it may stand before `behind`.
    fn standing(&self, slot: u32, behind: &[u8]) -> Option<u32> {
        let spelling = self.spellings[slot as usize];
        let goes_on = || behind.first().is_some_and(|byte| is_word_byte(*byte));
        (spelling & WHOLE == 0 || !goes_on()).then_some(spelling & !WHOLE)
    }

    fn tail(&self, slot: Slot) -> &[u8] {
        let at = slot.base() as usize;
        &self.tails[at + 1..][..usize::from(self.tails[at])]
    }

    /// The last node on the way of a text, if no spelling that it goes on from may stand; else the root. The text is
    /// ASCII letters and digits, and begins a spelling; what of it lies behind the node is in the node's tail.
    pub(super) fn node(&self, text: &[u8]) -> Node {
        let mut at = ROOT;
        for (depth, &byte) in text.iter().enumerate() {
            let slot = self.slots[at as usize];
            if slot.is_tail() {
                return Node { slot: at, depth: depth as u32 };
            }
            let child = slot.base() + u32::from(byte);
            let stands = slot.ends() && self.spellings[at as usize] & WHOLE == 0;
            if stands || !self.is_child(child, at) {
                return Node::ROOT;
            }
            at = child;
        }
        Node { slot: at, depth: text.len() as u32 }
    }

    fn is_child(&self, child: u32, parent: u32) -> bool {
        self.slots.get(child as usize).is_some_and(|slot| slot.parent == parent)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.spellings.capacity() * size_of::<u32>()
            + self.tails.capacity()
    }
}

struct Builder {
    slots: Vec<Slot>,
    spellings: Vec<u32>,
    tails: Vec<u8>,
    /// No slot before it is worth trying.
    first_free: usize,
}

/// One node still to be given its children: the sorted spellings `from..to` share its first `depth` bytes.
struct Pending {
    slot: u32,
    from: usize,
    to: usize,
    depth: usize,
}

impl Builder {
    fn build(&mut self, sorted: &[(&[u8], u32)]) {
        let mut pending = VecDeque::from([Pending { slot: ROOT, from: 0, to: sorted.len(), depth: 0 }]);
        while let Some(node) = pending.pop_front() {
            let children = children(sorted, &node);
            if children.is_empty() {
                continue;
            }
            let base = self.base_for(&children);
            self.slots[node.slot as usize].base |= base as u32;
            for child in &children {
                self.add(child, (base + usize::from(child.byte)) as u32, &node, sorted, &mut pending);
            }
        }
        self.slots.shrink_to_fit();
        self.spellings.shrink_to_fit();
    }

    /// A node, with what is told of it when it is made; its children are found later, where it has some.
    fn add(
        &mut self,
        child: &Child,
        slot: u32,
        parent: &Pending,
        sorted: &[(&[u8], u32)],
        pending: &mut VecDeque<Pending>,
    ) {
        let (text, spelling) = sorted[child.from];
        let depth = parent.depth + 1;
        let rest = &text[depth..];
        let is_last = child.to - child.from == 1;
        let base = match u8::try_from(rest.len()) {
            Ok(0) => ENDS,
            Ok(length) if is_last => {
                let at = self.tails.len() as u32;
                self.tails.push(length);
                self.tails.extend_from_slice(rest);
                TAIL | at
            }
            _ => 0,
        };
        self.slots[slot as usize] = Slot { base, parent: parent.slot };
        if base != 0 {
            self.spellings[slot as usize] = spelling;
        }
        if !is_last || base == 0 {
            pending.push_back(Pending { slot, from: child.from, to: child.to, depth });
        }
    }

    /// The first base at which all children find a free slot.
    fn base_for(&mut self, children: &[Child]) -> usize {
        let first = usize::from(children[0].byte);
        let (started, mut tried) = (self.first_free, 0);
        for index in started.. {
            self.grow(index + 257);
            if self.slots[index].parent != NONE || index <= first {
                continue;
            }
            tried += 1;
            let base = index - first;
            let fits = children.iter().all(|child| self.slots[base + usize::from(child.byte)].parent == NONE);
            if fits {
                self.move_first_free(index, tried);
                return base;
            }
        }
        unreachable!("the array grows until the children fit")
    }

    /// Free slots that few bases fit are given up: a twentieth of the array, and the time to build stays linear.
    fn move_first_free(&mut self, index: usize, tried: usize) {
        let is_dense = tried * 20 < index - self.first_free;
        if is_dense || tried > 64 {
            self.first_free = index;
        }
    }

    fn grow(&mut self, length: usize) {
        if self.slots.len() < length {
            let length = length.max(self.slots.len() * 3 / 2);
            self.slots.resize(length, FREE);
            self.spellings.resize(length, NONE);
        }
    }
}

struct Child {
    byte: u8,
    from: usize,
    to: usize,
}

fn children(sorted: &[(&[u8], u32)], node: &Pending) -> Vec<Child> {
    let mut children: Vec<Child> = Vec::new();
    for (index, (text, _)) in sorted.iter().enumerate().take(node.to).skip(node.from) {
        let Some(&byte) = text.get(node.depth) else { continue };
        match children.last_mut() {
            Some(last) if last.byte == byte => last.to = index + 1,
            _ => children.push(Child { byte, from: index, to: index + 1 }),
        }
    }
    children
}

#[cfg(test)]
mod tests {
    use super::{Node, Standing, Trie};

    #[test]
    fn every_beginning_is_found_and_nothing_else() {
        let spellings: Vec<String> =
            ["north", "north korea", "n", "korea", "북한", "북", ""].map(str::to_owned).into();
        let trie = Trie::new(spellings.iter().map(|text| (text.as_str(), text == "korea")));
        let mut standing = Standing::new();
        for (text, expected) in [
            ("north korea's", &[2, 0, 1][..]),
            ("north kor", &[2, 0]),
            ("korean", &[]),
            ("korea's", &[3]),
            ("korea", &[3]),
            ("북한은", &[5, 4]),
            ("xnorth", &[]),
            ("", &[]),
        ] {
            trie.walk(text.as_bytes(), Node::ROOT, &mut standing);
            assert_eq!(standing, expected, "{text}");
        }
    }

    /// Every text of up to so many of the letters.
    fn texts(letters: &str, length: usize) -> Vec<String> {
        let longer = |all: Vec<String>| {
            let added =
                all.iter().flat_map(|text| letters.chars().map(move |letter| format!("{text}{letter}")));
            std::iter::once(String::new()).chain(added).collect()
        };
        (0..length).fold(vec![String::new()], |all, _| longer(all))
    }

    #[test]
    fn from_every_node_it_finds_what_a_plain_search_finds() {
        let long = format!("bab{}", "a".repeat(300));
        let mut spellings = texts("ab ", 5);
        let mut number = 0;
        spellings.retain(|text| {
            number += 7;
            !text.is_empty() && number % 13 < 2
        });
        spellings.push(long.clone());
        let is_whole = |spelling: &str| spelling.ends_with('a');
        let trie = Trie::new(spellings.iter().map(|text| (text.as_str(), is_whole(text))));
        let mut standing = Standing::new();
        for text in texts("ab ", 7).iter().chain([&long, &format!("{long}a"), &format!("{long} b")]) {
            let stands = |spelling: &&String| {
                let behind = text.strip_prefix(spelling.as_str());
                behind.is_some_and(|behind| !is_whole(spelling) || !behind.starts_with(['a', 'b']))
            };
            let mut expected: Vec<&String> = spellings.iter().filter(stands).collect();
            expected.sort_by_key(|spelling| spelling.len());
            for end in 0..=text.find(' ').unwrap_or(text.len()) {
                let begun = &text[..end];
                if !spellings.iter().any(|spelling| spelling.starts_with(begun)) {
                    break;
                }
                let node = trie.node(begun.as_bytes());
                trie.walk(text.as_bytes(), node, &mut standing);
                let found: Vec<&String> = standing.iter().map(|at| &spellings[*at as usize]).collect();
                assert_eq!(found, expected, "{text:?} from {begun:?}");
            }
        }
    }

    #[test]
    fn a_large_trie_is_complete() {
        let spellings: Vec<String> = (0..30_000).map(|i| format!("{}w{i}", i * 7919 % 1000)).collect();
        let trie = Trie::new(spellings.iter().map(|text| (text.as_str(), true)));
        let mut standing = Standing::new();
        for (number, spelling) in spellings.iter().enumerate() {
            trie.walk(spelling.as_bytes(), Node::ROOT, &mut standing);
            assert_eq!(standing.last(), Some(&(number as u32)), "{spelling}");
        }
        assert!(trie.memory_bytes() < 30_000 * 12 * 12, "{}", trie.memory_bytes());
    }
}
