//! All spellings of the taxonomy in one automaton: a trie in a double array, walked from where a word may begin.
//!
//! Aho-Corasick reads every byte and remembers; here most bytes are inside words that already failed at their first
//! letters, and are never looked at. One load per byte, a megabyte for 15,000 spellings.

use super::script::is_word_byte;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Trie {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The child for byte `b` is at `base + b`, if that slot names this one as its parent.
    base: u32,
    parent: u32,
    /// The spelling that ends here, with `WHOLE` where it is no beginning of a longer word.
    pattern: u32,
}

/// Such a spelling ends with a letter or digit of ASCII, and none may follow.
const WHOLE: u32 = 1 << 31;
/// No spelling; no parent.
pub(super) const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;
const FREE: Slot = Slot { base: 0, parent: NONE, pattern: NONE };

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
        let mut builder = Builder { slots: vec![FREE; 512], first_free: 1 };
        builder.build(&sorted);
        Trie { slots: builder.slots }
    }

    /// Every spelling that `text` begins with, in place of what `standing` held. The text leads to the node.
    pub(super) fn walk(&self, text: &[u8], node: Node, standing: &mut Standing) {
        standing.clear();
        let (mut at, mut rest) = (node.slot, &text[node.depth as usize..]);
        loop {
            let slot = self.slots[at as usize];
            let goes_on = || rest.first().is_some_and(|byte| is_word_byte(*byte));
            if slot.pattern != NONE && (slot.pattern & WHOLE == 0 || !goes_on()) {
                standing.push(slot.pattern & !WHOLE);
            }
            let Some((&byte, behind)) = rest.split_first() else { break };
            let child = slot.base + u32::from(byte);
            if !self.is_child(child, at) {
                break;
            }
            (at, rest) = (child, behind);
        }
    }

    /// The node to which all of a text leads, if no spelling that it goes on from may stand; else the root. The text is
    /// ASCII letters and digits, and begins a spelling.
    pub(super) fn node(&self, text: &[u8]) -> Node {
        let mut at = ROOT;
        for &byte in text {
            let slot = self.slots[at as usize];
            let child = slot.base + u32::from(byte);
            let stands = slot.pattern != NONE && slot.pattern & WHOLE == 0;
            if stands || !self.is_child(child, at) {
                return Node::ROOT;
            }
            at = child;
        }
        Node { slot: at, depth: text.len() as u32 }
    }

    /// The spelling that ends at a node, or `NONE`.
    pub(super) fn spelling(&self, node: Node) -> u32 {
        match self.slots[node.slot as usize].pattern {
            NONE => NONE,
            pattern => pattern & !WHOLE,
        }
    }

    pub(super) fn has_child(&self, node: Node, byte: u8) -> bool {
        self.is_child(self.slots[node.slot as usize].base + u32::from(byte), node.slot)
    }

    fn is_child(&self, child: u32, parent: u32) -> bool {
        self.slots.get(child as usize).is_some_and(|slot| slot.parent == parent)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }
}

struct Builder {
    slots: Vec<Slot>,
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
            self.slots[node.slot as usize].base = base as u32;
            for child in &children {
                let index = base + usize::from(child.byte);
                let (text, pattern) = sorted[child.from];
                let ends_here = text.len() == node.depth + 1;
                let pattern = if ends_here { pattern } else { NONE };
                self.slots[index] = Slot { base: 0, parent: node.slot, pattern };
                let from = child.from;
                pending.push_back(Pending { slot: index as u32, from, to: child.to, depth: node.depth + 1 });
            }
        }
        self.slots.shrink_to_fit();
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
            self.slots.resize(length.max(self.slots.len() * 3 / 2), FREE);
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
