//! The element that holds most of the article's paragraphs, found as Readability-like scoring finds it.

use super::blocks::TextBlock;
use super::signals::{self, *};
use crate::extract::dom::{Dom, Tag};

/// What never belongs to an article's text.
pub const UNWANTED: u32 =
    COMMENT | RELATED | SHARE | NAV | FOOTER | SIDEBAR | AD | NEWSLETTER | COOKIE | TAGS | SHORT_LINK;

/// A paragraph's weight: characters that are not links, more than a line's worth.
fn weight(block: &TextBlock) -> f64 {
    let chars = block.chars - block.link_chars.min(block.chars);
    let density = f64::from(block.link_chars) / f64::from(block.chars.max(1));
    if chars < 40 || density > 0.4 { 0.0 } else { f64::from(chars.min(600)) }
}

/// Which blocks the best container gives.
pub fn choose(dom: &Dom, node_signals: &[u32], blocks: &[TextBlock]) -> Vec<bool> {
    let node_signals = &without_large_elements(dom, node_signals, blocks);
    let mut scores = vec![0.0_f64; dom.nodes.len()];
    for block in blocks {
        if is_unwanted(dom, node_signals, block.node, 0) {
            continue;
        }
        let weight = weight(block);
        let share = [0.0, 1.0, 0.6, 0.3, 0.15];
        for (ancestor, share) in std::iter::once(block.node).chain(dom.ancestors(block.node)).zip(share) {
            scores[ancestor] += weight * share;
        }
    }
    for (id, score) in scores.iter_mut().enumerate() {
        if *score > 0.0 {
            let bits = node_signals[id];
            let mut factor = 1.0;
            factor *= if bits & BODY != 0 { 1.4 } else { 1.0 };
            factor *= if dom.node(id).tag == Tag::Article { 1.15 } else { 1.0 };
            factor *= if bits & UNWANTED != 0 { 0.4 } else { 1.0 };
            *score *= factor;
        }
    }
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    blocks
        .iter()
        .map(|block| {
            let inside = dom.subtree(best).contains(&block.node);
            let density = f64::from(block.link_chars) / f64::from(block.chars.max(1));
            inside && density < 0.5 && !is_unwanted(dom, node_signals, block.node, best)
        })
        .collect()
}

/// What holds a good part of the page's text is not a box beside it, whatever its class says.
fn without_large_elements(dom: &Dom, node_signals: &[u32], blocks: &[TextBlock]) -> Vec<u32> {
    let mut chars = vec![0_u64; dom.nodes.len()];
    for block in blocks {
        chars[block.node] += u64::from(block.chars - block.link_chars.min(block.chars));
    }
    for id in (1..chars.len()).rev() {
        chars[dom.node(id).parent as usize] += chars[id];
    }
    let large = chars.first().copied().unwrap_or(0) * 3 / 10;
    node_signals
        .iter()
        .zip(&chars)
        .map(|(bits, chars)| if *chars > large { bits & !(UNWANTED | HIDDEN) } else { *bits })
        .collect()
}

/// Whether the block stands in an element that is for something else, below `within`.
fn is_unwanted(dom: &Dom, node_signals: &[u32], node: usize, within: usize) -> bool {
    std::iter::once(node).chain(dom.ancestors(node)).take_while(|&a| a != within && a != 0).any(|a| {
        let tag = dom.node(a).tag;
        let bits = node_signals[a];
        let frame = matches!(tag, Tag::Nav | Tag::Footer | Tag::Aside | Tag::Form | Tag::Figcaption);
        frame || (bits & signals::BODY == 0 && bits & (UNWANTED | HIDDEN) != 0)
    })
}
