//! What the chooser knows about a block: its text, its place in the tree, its neighbours, the candidates' opinions.
//! The order of the numbers is the model's: `tools/fit_body_model.py` fits to it.

use super::blocks::TextBlock;
use super::candidates::{Candidates, is_cjk};
use super::phrases;
use super::stats::{Stats, is_paragraph};
use crate::extract::dom::{Attr, Dom, Tag};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use memchr::memmem::Finder;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::LazyLock;

/// Purposes whose nearest bearer is asked for: all bits of `signals`.
const SIGNALS: usize = 25;
/// How far up a purpose is looked for.
const MAX_DISTANCE: usize = 14;
/// Kinds of elements around the block that are asked for.
const AROUND: usize = 13;
/// Numbers in a row.
pub const COUNT: usize = 121;

pub struct Context<'a> {
    pub dom: &'a Dom,
    pub stats: &'a Stats,
    pub blocks: &'a [TextBlock],
    pub candidates: &'a Candidates,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub h1: Option<usize>,
    pub has_article_body: bool,
}

/// What is asked of the whole page once.
struct PageFacts {
    paths: Vec<u64>,
    path_chars: HashMap<u64, (u32, u32)>,
    /// Hashes of the blocks' texts, and how often each comes.
    texts: Vec<u64>,
    copies: HashMap<u64, u32>,
    h1_block: f32,
    first_paragraph: usize,
    last_paragraph: usize,
    chars_before: Vec<u32>,
    total_chars: f32,
    title: Told,
    /// Looks for the title.
    title_finder: Finder<'static>,
    description: Told,
    /// By node: the kinds of elements that it stands in, itself one of them.
    around: Vec<u16>,
}

/// One row of `COUNT` numbers a block. All of a large page at once would be the largest piece of memory that it takes.
pub fn rows<'a>(context: Context<'a>) -> impl Iterator<Item = Vec<f32>> + 'a {
    let facts = PageFacts::of(&context);
    let own: Vec<Own> = context.blocks.iter().map(Own::of).collect();
    context.blocks.iter().enumerate().map(move |(i, block)| {
        let mut row = Vec::with_capacity(COUNT);
        own[i].push(&mut row);
        place(&context, &facts, i, &mut row);
        position(&context, &facts, i, &mut row);
        opinions(&context, i, &mut row);
        relatives(&context, &facts, i, &mut row);
        for offset in [-1_i64, 1, -2, 2] {
            neighbour(&context, &own, i, offset, &mut row);
        }
        row.extend(phrases::counts(&block.text, block.chars));
        row
    })
}

/// What the page tells of the article, squashed.
struct Told {
    text: String,
    /// Every four bytes of it: with others begins nothing that it has.
    beginnings: HashSet<[u8; 4]>,
}

impl Told {
    fn of(text: String) -> Told {
        let windows = text.as_bytes().windows(4);
        let beginnings = windows.filter_map(|window| window.first_chunk().copied()).collect();
        Told { text, beginnings }
    }

    /// Whether a part of four bytes or more is in it. Most texts of a page are not, and cost no search.
    fn has(&self, part: &str) -> bool {
        let beginning = part.as_bytes().first_chunk();
        beginning.is_some_and(|four| self.beginnings.contains(four)) && self.text.contains(part)
    }
}

impl PageFacts {
    fn of(context: &Context<'_>) -> PageFacts {
        let blocks = context.blocks;
        let hasher = DefaultHashBuilder::default();
        let paths: Vec<u64> = blocks.iter().map(|b| path(context.dom, b.node, &hasher)).collect();
        let texts: Vec<u64> = blocks.iter().map(|b| hasher.hash_one(&b.text)).collect();
        let (mut path_chars, mut copies) = (HashMap::new(), HashMap::new());
        let (mut chars_before, mut before) = (Vec::with_capacity(blocks.len()), 0);
        for ((block, path), text) in blocks.iter().zip(&paths).zip(&texts) {
            let sums: &mut (u32, u32) = path_chars.entry(*path).or_default();
            sums.0 += block.chars - block.link_chars.min(block.chars);
            sums.1 += 1;
            *copies.entry(*text).or_default() += 1;
            chars_before.push(before);
            before += block.chars;
        }
        let within = context.dom.subtree(context.candidates.container);
        let inside = |b: &TextBlock| within.contains(&b.node) && is_paragraph(b);
        let title = squash(context.title.unwrap_or_default());
        let h1_block = context.h1.and_then(|h1| blocks.iter().position(|b| b.start >= h1));
        PageFacts {
            paths,
            path_chars,
            texts,
            copies,
            h1_block: h1_block.map_or(-1.0, |i| i as f32),
            first_paragraph: blocks.iter().position(inside).unwrap_or(0),
            last_paragraph: blocks.iter().rposition(inside).unwrap_or(blocks.len()),
            chars_before,
            total_chars: before.max(1) as f32,
            title_finder: Finder::new(&title).into_owned(),
            title: Told::of(title),
            description: Told::of(squash(context.description.unwrap_or_default())),
            around: around(context.dom),
        }
    }
}

/// Letters and digits in lower case.
pub fn squash(text: &str) -> String {
    let mut squashed = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        // Most of most texts are ASCII words, which go over as they are.
        let word = rest.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
        squashed.push_str(&rest[..word]);
        let mut behind = rest[word..].chars();
        match behind.next() {
            Some(c) if !c.is_ascii() && c.is_alphanumeric() => squashed.extend(c.to_lowercase()),
            _ => {}
        }
        rest = behind.as_str();
    }
    squashed.make_ascii_lowercase();
    squashed
}

/// The element and three above it, by tag and class: blocks of one kind share it.
fn path(dom: &Dom, node: usize, hasher: &impl BuildHasher) -> u64 {
    let mut hasher = hasher.build_hasher();
    for id in std::iter::once(node).chain(dom.ancestors(node)).take(4) {
        dom.node(id).tag.hash(&mut hasher);
        if !matches!(dom.node(id).tag, Tag::P | Tag::Body) {
            dom.node(id).attribute(Attr::Class).unwrap_or_default().hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Kinds of characters that are counted.
#[derive(Clone, Copy)]
enum Class {
    Other,
    Space,
    Mark,
    Digit,
    Bar,
    Upper,
    Cjk,
}

/// Looked up, as which comes next cannot be foretold.
static ASCII: LazyLock<[Class; 128]> = LazyLock::new(|| std::array::from_fn(|c| Class::of(c as u8 as char)));

impl Class {
    fn of(c: char) -> Class {
        match c {
            ' ' => Class::Space,
            '.' | ',' | ';' | ':' | '!' | '?' | '。' | '，' | '、' | '；' | '！' | '？' | '：' | '؟'
            | '،' | '।' => Class::Mark,
            '0'..='9' => Class::Digit,
            '|' | '·' | '•' | '»' | '›' | '/' => Class::Bar,
            c if c.is_uppercase() => Class::Upper,
            c if is_cjk(c) => Class::Cjk,
            _ => Class::Other,
        }
    }
}

/// A block's own text in numbers.
struct Own {
    ln_chars: f32,
    ln_words: f32,
    link_density: f32,
    links: f32,
    bold: f32,
    marks: f32,
    ends_sentence: f32,
    upper: f32,
    digits: f32,
    bars: f32,
    cjk: f32,
    starts_upper: f32,
}

impl Own {
    fn of(block: &TextBlock) -> Own {
        let chars = block.chars.max(1) as f32;
        let (ascii, mut counts) = (&*ASCII, [0_u32; 7]);
        for c in block.text.chars() {
            let class = ascii.get(c as usize).copied().unwrap_or_else(|| Class::of(c));
            counts[class as usize] += 1;
        }
        let [_, spaces, marks, digits, bars, upper, cjk] = counts;
        let words = spaces + 1;
        let end = block.text.trim_end_matches(|c: char| {
            matches!(c, '"' | '”' | '’' | '\'' | '»' | ')' | '“' | '」' | '』' | ']')
        });
        let ends = end.ends_with(['.', '!', '?', '。', '！', '？', '…', '؟', '।', '.']);
        Own {
            ln_chars: chars.ln(),
            ln_words: (words as f32).ln(),
            link_density: block.link_chars as f32 / chars,
            links: block.links as f32,
            bold: block.bold_chars as f32 / chars,
            marks: marks as f32 / chars,
            ends_sentence: flag(ends),
            upper: upper as f32 / chars,
            digits: digits as f32 / chars,
            bars: bars as f32,
            cjk: cjk as f32 / chars,
            starts_upper: flag(block.text.starts_with(char::is_uppercase)),
        }
    }

    fn push(&self, row: &mut Vec<f32>) {
        row.extend([
            self.ln_chars,
            self.ln_words,
            self.link_density,
            self.links,
            self.bold,
            self.marks,
            self.ends_sentence,
            self.upper,
            self.digits,
            self.bars,
            self.cjk,
            self.starts_upper,
        ]);
    }
}

fn flag(condition: bool) -> f32 {
    if condition { 1.0 } else { 0.0 }
}

/// One number for what element a block is.
fn kind_of(tag: Tag) -> f32 {
    match tag {
        Tag::P => 0.0,
        Tag::H1 => 1.0,
        Tag::H2 => 2.0,
        Tag::H3 => 3.0,
        Tag::H4 | Tag::H5 | Tag::H6 => 4.0,
        Tag::Li => 5.0,
        Tag::Dd | Tag::Dt => 6.0,
        Tag::Td | Tag::Th | Tag::Tr => 7.0,
        Tag::Blockquote => 8.0,
        Tag::Figcaption | Tag::Caption => 9.0,
        Tag::Pre => 10.0,
        _ => 11.0,
    }
}

/// The bit of an element's kind, of the first `AROUND`.
fn around_bit(tag: Tag) -> u16 {
    match tag {
        Tag::Article => 1,
        Tag::Main => 1 << 1,
        Tag::Aside => 1 << 2,
        Tag::Nav => 1 << 3,
        Tag::Footer => 1 << 4,
        Tag::Header => 1 << 5,
        Tag::Form => 1 << 6,
        Tag::Figure | Tag::Figcaption | Tag::Picture => 1 << 7,
        Tag::Table => 1 << 8,
        Tag::Ul | Tag::Ol => 1 << 9,
        Tag::Blockquote => 1 << 10,
        Tag::Section => 1 << 11,
        Tag::P => 1 << 12,
        _ => 0,
    }
}

fn around(dom: &Dom) -> Vec<u16> {
    let mut around: Vec<u16> = Vec::with_capacity(dom.nodes.len());
    for node in &dom.nodes {
        let above = around.get(node.parent as usize).copied().unwrap_or_default();
        around.push(above | around_bit(node.tag));
    }
    around
}

/// What stands around the block in the tree.
fn place(context: &Context<'_>, facts: &PageFacts, i: usize, row: &mut Vec<f32>) {
    let (dom, id) = (context.dom, context.blocks[i].node);
    let mut distances = [15.0_f32; SIGNALS];
    for (distance, id) in std::iter::once(id).chain(dom.ancestors(id)).take(MAX_DISTANCE).enumerate() {
        note_signals(context.stats.signals[id], distance, &mut distances);
    }
    row.push(kind_of(dom.node(id).tag));
    row.push((dom.node(id).depth + 1) as f32);
    row.extend((0..AROUND).map(|bit| f32::from(facts.around[id] >> bit & 1)));
    row.extend(distances);
}

fn note_signals(mut bits: u32, distance: usize, distances: &mut [f32; SIGNALS]) {
    while bits != 0 {
        let bit = bits.trailing_zeros() as usize;
        distances[bit] = distances[bit].min(distance as f32);
        bits &= bits - 1;
    }
}

/// Where in the page the block stands.
fn position(context: &Context<'_>, facts: &PageFacts, i: usize, row: &mut Vec<f32>) {
    let count = context.blocks.len() as f32;
    let from_h1 =
        if facts.h1_block < 0.0 { -200.0 } else { (i as f32 - facts.h1_block).clamp(-100.0, 300.0) };
    row.extend([
        i as f32 / count,
        facts.chars_before[i] as f32 / facts.total_chars,
        from_h1,
        (i as f32 - facts.first_paragraph as f32).clamp(-60.0, 200.0),
        (facts.last_paragraph as f32 - i as f32).clamp(-60.0, 200.0),
        count.ln(),
        facts.total_chars.ln(),
    ]);
}

/// What the candidates say.
fn opinions(context: &Context<'_>, i: usize, row: &mut Vec<f32>) {
    let (candidates, block) = (context.candidates, &context.blocks[i]);
    let share = |id: usize| {
        context.stats.holds[id].plain_chars() as f32 / context.stats.holds[0].plain_chars().max(1) as f32
    };
    let depth = context.dom.node(block.node).depth as f32;
    for id in [candidates.container, candidates.semantic] {
        let inside = id != 0 && context.dom.subtree(id).contains(&block.node);
        row.push(flag(inside));
        row.push(if inside { depth - context.dom.node(id).depth as f32 } else { -1.0 });
        row.push(share(id));
    }
    let inside_run = (candidates.run.0..candidates.run.1).contains(&i);
    row.push(flag(inside_run));
    row.push(
        (candidates.run.0 as f32 - i as f32)
            .max(i as f32 + 1.0 - candidates.run.1 as f32)
            .clamp(-100.0, 50.0),
    );
    row.push(flag(context.has_article_body));
    row.push(candidates.in_json_ld[i]);
}

/// What else stands in the same elements and in elements of the same kind.
fn relatives(context: &Context<'_>, facts: &PageFacts, i: usize, row: &mut Vec<f32>) {
    let block = &context.blocks[i];
    let total = context.stats.holds[0].plain_chars().max(1) as f32;
    let mut id = block.node;
    for _ in 0..3 {
        let holds = context.stats.holds[id];
        row.extend([
            holds.plain_chars() as f32 / total,
            holds.link_density(),
            (holds.paragraphs as f32).ln_1p(),
            holds.paragraphs as f32 / holds.blocks.max(1) as f32,
        ]);
        id = context.dom.node(id).parent as usize;
    }
    let (chars, count) = facts.path_chars.get(&facts.paths[i]).copied().unwrap_or_default();
    row.push(chars as f32 / total);
    row.push((count as f32).ln_1p());
    row.push(facts.copies.get(&facts.texts[i]).copied().unwrap_or(1) as f32);
    let text = if block.chars < 600 { squash(&block.text) } else { String::new() };
    let (title, description) = (&facts.title.text, &facts.description.text);
    row.push(flag(!text.is_empty() && text == *title));
    row.push(flag(
        text.len() > 20
            && (facts.title.has(&text)
                || !title.is_empty() && facts.title_finder.find(text.as_bytes()).is_some()),
    ));
    row.push(flag(
        text.len() > 20
            && (facts.description.has(&text)
                || description.len() > 40 && text.starts_with(&description[..cut(description, 40)])),
    ));
}

fn cut(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn neighbour(context: &Context<'_>, own: &[Own], i: usize, offset: i64, row: &mut Vec<f32>) {
    let at = i as i64 + offset;
    let Some(block) = usize::try_from(at).ok().and_then(|at| context.blocks.get(at)) else {
        row.extend([-1.0; 6]);
        return;
    };
    let neighbour = &own[at as usize];
    let parent = |b: &TextBlock| context.dom.node(b.node).parent;
    let inside = context.dom.subtree(context.candidates.container).contains(&block.node);
    row.extend([
        neighbour.ln_chars,
        neighbour.link_density,
        neighbour.ends_sentence,
        kind_of(context.dom.node(block.node).tag),
        flag(inside),
        flag(parent(block) == parent(&context.blocks[i])),
    ]);
}
