//! The page's text in blocks, in reading order: what stands between two block elements or two line breaks.

use crate::extract::dom::{Dom, Tag, push_collapsed};

/// A run of text inside one block element.
pub struct TextBlock {
    pub text: String,
    /// The innermost block element around it.
    pub node: usize,
    /// The text node it begins with.
    pub start: usize,
    pub chars: u32,
    pub link_chars: u32,
    pub bold_chars: u32,
    pub links: u32,
}

/// Blocks beyond this are not looked at: no article has as many.
const MAX_BLOCKS: usize = 20_000;
/// Texts beyond this are cut: no paragraph is as long.
const MAX_BLOCK_BYTES: usize = 400_000;

pub fn of(dom: &Dom, body: usize) -> Vec<TextBlock> {
    let mut walk = Walk {
        dom,
        holds_blocks: holds_blocks(dom),
        done: Vec::new(),
        open: vec![body],
        current: None,
        link_end: 0,
        bold_end: 0,
        line_breaks: 0,
    };
    let end = dom.nodes[body].end as usize;
    let mut at = body + 1;
    while at < end && walk.done.len() < MAX_BLOCKS {
        at = walk.step(at);
    }
    walk.flush();
    walk.done
}

struct Walk<'a> {
    dom: &'a Dom,
    holds_blocks: Vec<bool>,
    done: Vec<TextBlock>,
    /// Block elements around the place, outermost first.
    open: Vec<usize>,
    current: Option<TextBlock>,
    link_end: usize,
    bold_end: usize,
    line_breaks: u32,
}

impl Walk<'_> {
    /// Takes one node; gives the next to take.
    fn step(&mut self, at: usize) -> usize {
        while self.open.last().is_some_and(|&b| self.dom.nodes[b].end as usize <= at) {
            self.open.pop();
            self.flush();
        }
        let node = self.dom.node(at);
        match node.tag {
            Tag::Text => self.text(at),
            Tag::Br => {
                self.line_breaks += 1;
                if self.line_breaks == 2 {
                    self.flush();
                }
                self.space();
            }
            tag if tag.is_never_read() => return node.end as usize,
            Tag::Td | Tag::Th if !self.holds_blocks[node.parent as usize] => self.cell(),
            tag if tag.is_block() => {
                self.flush();
                self.open.push(at);
            }
            Tag::A => {
                self.link_end = self.link_end.max(node.end as usize);
                if let Some(current) = &mut self.current {
                    current.links += 1;
                }
            }
            Tag::B | Tag::Strong => self.bold_end = self.bold_end.max(node.end as usize),
            _ => {}
        }
        at + 1
    }

    fn text(&mut self, at: usize) {
        let text = self.dom.node(at).text();
        let blank = text.chars().all(char::is_whitespace);
        if blank {
            return self.space();
        }
        self.line_breaks = 0;
        let node = self.open.last().copied().unwrap_or(0);
        let in_link = at < self.link_end;
        let current = self.current.get_or_insert_with(|| TextBlock {
            text: String::new(),
            node,
            start: at,
            chars: 0,
            link_chars: 0,
            bold_chars: 0,
            links: u32::from(in_link),
        });
        if current.text.len() > MAX_BLOCK_BYTES {
            return;
        }
        let before = current.text.len();
        push_collapsed(&mut current.text, text);
        let added = current.text[before..].chars().count() as u32;
        current.chars += added;
        current.link_chars += if in_link { added } else { 0 };
        current.bold_chars += if at < self.bold_end { added } else { 0 };
    }

    fn space(&mut self) {
        if let Some(current) = &mut self.current {
            let before = current.text.len();
            push_collapsed(&mut current.text, " ");
            current.chars += (current.text.len() - before) as u32;
        }
    }

    /// Cells of a row of data are one block, told apart by a bar.
    fn cell(&mut self) {
        if let Some(current) = &mut self.current {
            let kept = current.text.trim_end().len();
            current.text.truncate(kept);
            current.text.push_str(" | ");
        }
    }

    fn flush(&mut self) {
        self.line_breaks = 0;
        let Some(mut block) = self.current.take() else { return };
        let kept = block.text.trim_end().len();
        block.text.truncate(kept);
        if !block.text.is_empty() {
            self.done.push(block);
        }
    }
}

/// Which elements have block elements below them, table parts not counted: a row without is a row of data.
fn holds_blocks(dom: &Dom) -> Vec<bool> {
    let mut holds = vec![false; dom.nodes.len()];
    for id in (1..dom.nodes.len()).rev() {
        let tag = dom.nodes[id].tag;
        let is_block = tag.is_block() && !matches!(tag, Tag::Td | Tag::Th) || tag == Tag::Br;
        if is_block || holds[id] {
            holds[dom.nodes[id].parent as usize] = true;
        }
    }
    holds
}
