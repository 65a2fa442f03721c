//! Chosen text blocks -> the event's blocks, each with its kind.

use super::blocks::TextBlock;
use super::signals::CAPTION;
use crate::extract::dom::{Dom, Tag};
use crate::record::{Block, BlockKind};

pub fn record(
    dom: &Dom,
    signals: &[u32],
    blocks: &[TextBlock],
    keep: &[bool],
    title: Option<&str>,
) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    for (block, _) in blocks.iter().zip(keep).filter(|(_, keep)| **keep) {
        let kind = kind(dom, signals, block);
        if kind == BlockKind::Heading && title.is_some_and(|t| same(t, &block.text)) {
            continue;
        }
        out.push(Block { kind, text: block.text.clone() });
    }
    // A heading at the end heads nothing.
    while out.last().is_some_and(|b| b.kind == BlockKind::Heading) {
        out.pop();
    }
    out
}

fn same(a: &str, b: &str) -> bool {
    let squash =
        |t: &str| t.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    squash(a) == squash(b)
}

pub fn kind(dom: &Dom, signals: &[u32], block: &TextBlock) -> BlockKind {
    let tag = dom.node(block.node).tag;
    if tag.is_heading() {
        return BlockKind::Heading;
    }
    for id in std::iter::once(block.node).chain(dom.ancestors(block.node)).take(6) {
        match dom.node(id).tag {
            Tag::Figcaption | Tag::Caption => return BlockKind::Caption,
            Tag::Blockquote => return BlockKind::Quote,
            Tag::Li | Tag::Dd | Tag::Dt => return BlockKind::ListItem,
            Tag::Tr | Tag::Td | Tag::Th => {
                let row = tag != Tag::P && block.text.contains(" | ");
                return if row { BlockKind::TableRow } else { BlockKind::Paragraph };
            }
            Tag::Article | Tag::Main | Tag::Body => break,
            _ if signals[id] & CAPTION != 0 && id == block.node && tag != Tag::P => {
                return BlockKind::Caption;
            }
            _ => {}
        }
    }
    BlockKind::Paragraph
}
