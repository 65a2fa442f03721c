//! What every element holds, counted once: characters, characters in links, paragraphs.

use super::blocks::TextBlock;
use super::signals::{COMMENT, HIDDEN, NAV, *};
use crate::extract::dom::Dom;

/// What never belongs to an article's text.
pub const UNWANTED: u32 =
    COMMENT | RELATED | SHARE | NAV | FOOTER | SIDEBAR | AD | NEWSLETTER | COOKIE | TAGS | SHORT_LINK;
/// A text of this many characters that is not a list of links is a paragraph.
const PARAGRAPH_CHARS: u32 = 80;
/// An element with more than this share of the page's text is not a box beside the article, whatever its class says.
const LARGE_SHARE: f32 = 0.3;

/// Sums over one element's subtree.
#[derive(Clone, Copy, Default)]
pub struct Holds {
    pub chars: u32,
    pub link_chars: u32,
    pub blocks: u32,
    pub paragraphs: u32,
}

impl Holds {
    pub fn plain_chars(&self) -> u32 {
        self.chars - self.link_chars.min(self.chars)
    }

    pub fn link_density(&self) -> f32 {
        self.link_chars as f32 / self.chars.max(1) as f32
    }
}

pub struct Stats {
    /// By node.
    pub holds: Vec<Holds>,
    /// By node: the purposes its names tell, without the unwanted ones where it is large.
    pub signals: Vec<u32>,
}

pub fn is_paragraph(block: &TextBlock) -> bool {
    block.chars >= PARAGRAPH_CHARS && block.link_chars * 5 < block.chars * 2
}

impl Stats {
    pub fn of(dom: &Dom, mut signals: Vec<u32>, blocks: &[TextBlock]) -> Stats {
        let mut holds = vec![Holds::default(); dom.nodes.len()];
        for block in blocks {
            let own = &mut holds[block.node];
            own.chars += block.chars;
            own.link_chars += block.link_chars;
            own.blocks += 1;
            own.paragraphs += u32::from(is_paragraph(block));
        }
        for id in (1..holds.len()).rev() {
            let below = holds[id];
            let parent = &mut holds[dom.node(id).parent as usize];
            parent.chars += below.chars;
            parent.link_chars += below.link_chars;
            parent.blocks += below.blocks;
            parent.paragraphs += below.paragraphs;
        }
        let large = (holds[0].plain_chars() as f32 * LARGE_SHARE) as u32;
        for (bits, holds) in signals.iter_mut().zip(&holds) {
            if holds.plain_chars() > large {
                *bits &= !(UNWANTED | HIDDEN);
            }
        }
        Stats { holds, signals }
    }
}
