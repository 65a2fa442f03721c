//! The page as a flat tree in document order: HTML -> tokens -> tamed -> html5ever's tree -> nodes.
//! A node's subtree is the range `id..end`, so that everything after the parse is loops over a slice, never recursion.

mod attributes;
mod feed;
mod run;
mod sink;
mod tag;
mod tame;

pub use attributes::Attr;
use html5ever::Attribute;
pub use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use sink::{Data, Linked, NONE};
use std::ops::Range;
pub use tag::Tag;

/// Nodes beyond this are not parsed: the largest development page has 28,000, 99.9 % have under 15,000, and
/// reopened formatting elements can multiply nodes.
const MAX_NODES: usize = 600_000;

pub struct Node {
    pub tag: Tag,
    pub parent: u32,
    /// One past the last node of the subtree.
    pub end: u32,
    pub depth: u32,
    attributes: Vec<Attribute>,
    text: StrTendril,
}

/// A parsed page; node 0 is the document.
pub struct Dom {
    pub nodes: Vec<Node>,
}

impl Dom {
    /// Parses any text; never fails. What exceeds the limits of `tame` and `MAX_NODES` is left out, and so are attributes
    /// that nothing here reads.
    pub fn parse(html: &str) -> Dom {
        Dom::parse_with(html, &[])
    }

    /// Keeps these attributes too.
    pub fn parse_with(html: &str, attributes: &[LocalName]) -> Dom {
        Dom { nodes: in_document_order(feed::parse(html, attributes)) }
    }

    pub fn node(&self, id: usize) -> &Node {
        &self.nodes[id]
    }

    pub fn subtree(&self, id: usize) -> Range<usize> {
        id..self.nodes[id].end as usize
    }

    /// Children, in order.
    pub fn children(&self, id: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[id].end as usize;
        let mut next = id + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = next;
                next = self.nodes[child].end as usize;
                child
            })
        })
    }

    /// The node's ancestors, nearest first, the document last.
    pub fn ancestors(&self, id: usize) -> impl Iterator<Item = usize> + '_ {
        let mut at = id;
        std::iter::from_fn(move || {
            (at != 0).then(|| {
                at = self.nodes[at].parent as usize;
                at
            })
        })
    }

    /// All text of a subtree, white space collapsed; code and styles left out.
    pub fn text_of(&self, id: usize) -> String {
        let mut out = String::new();
        let mut at = id;
        let end = self.nodes[id].end as usize;
        while at < end {
            let node = &self.nodes[at];
            if node.tag.is_never_read() && node.tag != Tag::Title && at != id {
                at = node.end as usize;
                continue;
            }
            if node.tag == Tag::Text {
                push_collapsed(&mut out, &node.text);
            } else if node.tag.is_block() || node.tag == Tag::Br {
                push_collapsed(&mut out, " ");
            }
            at += 1;
        }
        out.truncate(out.trim_end().len());
        out
    }
}

impl Node {
    pub fn attribute(&self, attribute: Attr) -> Option<&str> {
        self.attributes.iter().find(|a| attribute.is(&a.name.local)).map(|a| &*a.value)
    }

    /// Where the page was parsed with it.
    pub fn attribute_named(&self, name: &LocalName) -> Option<&str> {
        self.attributes.iter().find(|a| a.name.local == *name).map(|a| &*a.value)
    }

    /// Those that extraction reads, with their values, in order.
    pub fn attributes(&self) -> impl Iterator<Item = (Attr, &str)> {
        self.attributes.iter().filter_map(|a| Some((Attr::of(&a.name.local)?, &*a.value)))
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Appends text with every run of white space as one space, none at the start.
pub fn push_collapsed(out: &mut String, text: &str) {
    let mut rest = text;
    loop {
        // Most of most texts is printable ASCII with a space between words, which goes over as it is.
        let mut behind_space = out.is_empty() || out.ends_with(' ');
        let ends = |b: u8| {
            let is_second_space = std::mem::replace(&mut behind_space, b == b' ') && b == b' ';
            is_second_space || !(b.is_ascii_graphic() || b == b' ')
        };
        let plain = rest.bytes().position(ends).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let Some(c) = rest.chars().next() else { return };
        rest = &rest[c.len_utf8()..];
        match c {
            c if c.is_whitespace() || c == '\u{0}' => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            // Soft hyphens, zero-width and direction marks are typesetting, not text.
            '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{200e}' | '\u{200f}' => {}
            c => out.push(c),
        }
    }
}

fn in_document_order(mut linked: Vec<Linked>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(linked.len());
    let (mut at, mut parent, mut depth) = (0_u32, 0_u32, 0_u32);
    loop {
        let data = std::mem::replace(&mut linked[at as usize].data, Data::Ignored);
        let kept = push_node(&mut nodes, data, parent, depth);
        let Linked { first, .. } = linked[at as usize];
        if first != NONE && kept {
            (parent, depth, at) = ((nodes.len() - 1) as u32, depth + 1, first);
            continue;
        }
        // Climbs until something follows; every node left behind is closed.
        while linked[at as usize].next == NONE {
            at = linked[at as usize].parent;
            if at == NONE || at == 0 {
                let end = nodes.len() as u32;
                close_open(&mut nodes, parent, end);
                return nodes;
            }
            nodes[parent as usize].end = nodes.len() as u32;
            parent = nodes[parent as usize].parent;
            depth -= 1;
        }
        at = linked[at as usize].next;
    }
}

fn close_open(nodes: &mut [Node], from: u32, end: u32) {
    let mut at = from as usize;
    loop {
        nodes[at].end = end;
        if at == 0 {
            return;
        }
        at = nodes[at].parent as usize;
    }
}

/// Adds the node, unless it is one that is not kept.
fn push_node(nodes: &mut Vec<Node>, data: Data, parent: u32, depth: u32) -> bool {
    let (tag, attributes, text) = match data {
        Data::Ignored => return false,
        Data::Document => (Tag::Document, Vec::new(), StrTendril::new()),
        Data::Text(text) => (Tag::Text, Vec::new(), text),
        Data::Element { name, attributes } => (Tag::of(&name.local), attributes, StrTendril::new()),
    };
    let end = nodes.len() as u32 + 1;
    nodes.push(Node { tag, parent, end, depth, attributes, text });
    true
}
