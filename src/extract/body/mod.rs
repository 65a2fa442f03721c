//! The article's text: tree -> text blocks -> candidates -> one choice -> cleaned blocks.

mod blocks;
mod container;
mod kinds;
mod signals;

use super::dom::Dom;
use super::metadata::Evidence;
use crate::record::Block;

/// The body, and how sure it is.
pub struct Body {
    pub blocks: Vec<Block>,
    /// 0 to 1.
    pub confidence: f64,
    pub source: Option<&'static str>,
    pub warnings: Vec<String>,
}

pub fn extract(dom: &Dom, evidence: &Evidence, title: Option<&str>) -> Body {
    let signals = signals::of_nodes(dom);
    let blocks = blocks::of(dom, evidence.body);
    let keep = container::choose(dom, &signals, &blocks);
    let blocks = kinds::record(dom, &signals, &blocks, &keep, title);
    let found = !blocks.is_empty();
    Body {
        blocks,
        confidence: if found { 0.5 } else { 0.0 },
        source: found.then_some("text"),
        warnings: Vec::new(),
    }
}
