//! Where the article's text may stand, by several cheap selectors of different kinds. Each gives an opinion on every
//! block; the chooser weighs them.

use super::blocks::TextBlock;
use super::signals::{ARTICLE, BODY, HIDDEN};
use super::stats::{Stats, UNWANTED};
use crate::extract::dom::{Attr, Dom, Tag};
use hashbrown::{DefaultHashBuilder, HashSet};
use std::hash::BuildHasher;

pub struct Candidates {
    /// The element whose paragraphs score highest, as Readability-like scoring finds it.
    pub container: usize,
    /// The element that its markup calls the article's text; 0 where none does.
    pub semantic: usize,
    /// The run of blocks with the most text and the fewest links: first and one past the last block.
    pub run: (usize, usize),
    /// Share of each block's word triples that JSON-LD's `articleBody` has.
    pub in_json_ld: Vec<f32>,
}

impl Candidates {
    pub fn of(dom: &Dom, stats: &Stats, blocks: &[TextBlock], article_body: Option<&str>) -> Candidates {
        Candidates {
            container: container(dom, stats, blocks),
            semantic: semantic(dom, stats),
            run: densest_run(blocks),
            in_json_ld: in_json_ld(blocks, article_body),
        }
    }
}

/// A paragraph's weight: characters that are not links, of texts longer than a line.
fn weight(block: &TextBlock) -> f32 {
    let plain = block.chars - block.link_chars.min(block.chars);
    let density = block.link_chars as f32 / block.chars.max(1) as f32;
    if plain < 40 || density > 0.4 { 0.0 } else { plain.min(600) as f32 }
}

fn container(dom: &Dom, stats: &Stats, blocks: &[TextBlock]) -> usize {
    const SHARES: [f32; 5] = [0.0, 1.0, 0.6, 0.3, 0.15];
    let mut scores = vec![0.0_f32; dom.nodes.len()];
    for block in blocks.iter().filter(|b| !is_unwanted(dom, stats, b.node, 0)) {
        let weight = weight(block);
        for (id, share) in std::iter::once(block.node).chain(dom.ancestors(block.node)).zip(SHARES) {
            scores[id] += weight * share;
        }
    }
    let adjusted = |id: usize| {
        let bits = stats.signals[id];
        let mut score = scores[id];
        score *= if bits & BODY != 0 { 1.4 } else { 1.0 };
        score *= if dom.node(id).tag == Tag::Article { 1.15 } else { 1.0 };
        score * if bits & UNWANTED != 0 { 0.4 } else { 1.0 }
    };
    let best = (0..scores.len()).filter(|&id| scores[id] > 0.0).map(|id| (adjusted(id), id));
    best.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, id)| id)
}

/// Whether the block stands in an element that is for something else, below `within`.
pub fn is_unwanted(dom: &Dom, stats: &Stats, node: usize, within: usize) -> bool {
    std::iter::once(node).chain(dom.ancestors(node)).take_while(|&a| a != within && a != 0).any(|a| {
        let bits = stats.signals[a];
        let frame =
            matches!(dom.node(a).tag, Tag::Nav | Tag::Footer | Tag::Aside | Tag::Form | Tag::Figcaption);
        frame || (bits & BODY == 0 && bits & (UNWANTED | HIDDEN) != 0)
    })
}

/// `articleBody`, then an element called article body, then `<article>`: the one of its kind with the most text.
fn semantic(dom: &Dom, stats: &Stats) -> usize {
    let largest = |is: &dyn Fn(usize) -> bool| {
        (1..dom.nodes.len())
            .filter(|&id| stats.holds[id].chars > 0 && is(id))
            .max_by_key(|&id| stats.holds[id].plain_chars())
            .filter(|&id| stats.holds[id].plain_chars() >= 200)
    };
    let by_itemprop =
        |id: usize| dom.node(id).attribute(Attr::Itemprop).is_some_and(|p| p.contains("articleBody"));
    largest(&by_itemprop)
        .or_else(|| largest(&|id| stats.signals[id] & BODY != 0 && dom.node(id).tag.is_block()))
        .or_else(|| largest(&|id| dom.node(id).tag == Tag::Article))
        .or_else(|| largest(&|id| stats.signals[id] & ARTICLE != 0 && dom.node(id).tag.is_block()))
        .unwrap_or(0)
}

/// The slice with the largest sum, where text counts for and links and fragments count against a block.
fn densest_run(blocks: &[TextBlock]) -> (usize, usize) {
    let value = |b: &TextBlock| {
        let plain = (b.chars - b.link_chars.min(b.chars)) as f32;
        plain.min(400.0) - 1.5 * b.link_chars.min(200) as f32 - 45.0
    };
    let (mut best, mut best_sum, mut start, mut sum) = ((0, 0), 0.0, 0, 0.0);
    for (i, block) in blocks.iter().enumerate() {
        if sum <= 0.0 {
            (start, sum) = (i, 0.0);
        }
        sum += value(block);
        if sum > best_sum {
            (best, best_sum) = ((start, i + 1), sum);
        }
    }
    best
}

fn in_json_ld(blocks: &[TextBlock], article_body: Option<&str>) -> Vec<f32> {
    let Some(body) = article_body else { return vec![0.0; blocks.len()] };
    let hasher = DefaultHashBuilder::default();
    let known: HashSet<u64> = triples(body, &hasher).collect();
    let share = |block: &TextBlock| {
        let (mut all, mut found) = (0, 0);
        for triple in triples(&block.text, &hasher) {
            all += 1;
            found += usize::from(known.contains(&triple));
        }
        found as f32 / all.max(1) as f32
    };
    blocks.iter().map(share).collect()
}

/// Hashes of three words on end; in scripts without spaces, of three characters.
fn triples(text: &str, hasher: &DefaultHashBuilder) -> impl Iterator<Item = u64> {
    let mut last = [0_u64; 3];
    let mut seen = 0;
    words(text, hasher).filter_map(move |word| {
        last = [last[1], last[2], word];
        seen += 1;
        (seen >= 3 || seen == 1).then(|| last[0].rotate_left(17) ^ last[1].rotate_left(34) ^ last[2])
    })
}

/// Hashes of words; a CJK character is a word.
fn words(text: &str, hasher: &DefaultHashBuilder) -> impl Iterator<Item = u64> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        let end = if is_cjk(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| !c.is_alphanumeric() || is_cjk(c)).unwrap_or(rest.len())
        };
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(hasher.hash_one(word))
    })
}

/// Scripts that put no spaces between words.
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{e00}'..='\u{e7f}')
}
