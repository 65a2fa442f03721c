//! The article's text: tree -> text blocks -> candidates -> one choice -> cleaned blocks.

mod blocks;
mod candidates;
mod cleanup;
mod confidence;
mod features;
mod kinds;
mod lines;
mod model;
mod phrases;
mod script_json;
mod signals;
mod stats;

use super::dom::Dom;
use super::metadata::Evidence;
use super::publishers::Verdict;
use crate::record::{Article, Block};
use blocks::TextBlock;
use candidates::Candidates;
use stats::Stats;
use std::ops::Range;

/// A body with less text is compared with what scripts hold.
const LITTLE_CHARS: usize = 400;
/// What is read from scripts has no second opinion.
const FALLBACK_CONFIDENCE: f64 = 0.5;

/// The body, and how sure it is.
pub struct Body {
    pub blocks: Vec<Block>,
    /// 0 to 1.
    pub confidence: f64,
    pub source: Option<&'static str>,
    pub warnings: Vec<String>,
    /// From the first node of the text to the beginning of its last block.
    pub place: Option<Range<usize>>,
}

/// A block with what the chooser knew about it: what models are fitted to.
pub struct BlockTrace {
    pub text: String,
    pub features: Vec<f32>,
}

/// A page as the selectors see it.
struct View<'a> {
    dom: &'a Dom,
    stats: Stats,
    blocks: Vec<TextBlock>,
    candidates: Candidates,
    article_body: Option<String>,
}

impl<'a> View<'a> {
    fn of(dom: &'a Dom, evidence: &Evidence) -> View<'a> {
        let blocks = blocks::of(dom, evidence.body);
        let stats = Stats::of(dom, signals::of_nodes(dom), &blocks);
        let article_body = evidence.json_ld.text("articleBody").filter(|t| t.chars().count() > 200);
        let candidates = Candidates::of(dom, &stats, &blocks, article_body.as_deref());
        View { dom, stats, blocks, candidates, article_body }
    }

    fn rows<'v>(
        &'v self,
        evidence: &'v Evidence,
        title: Option<&'v str>,
    ) -> impl Iterator<Item = Vec<f32>> + 'v {
        features::rows(features::Context {
            dom: self.dom,
            stats: &self.stats,
            blocks: &self.blocks,
            candidates: &self.candidates,
            title,
            description: evidence.meta(&["og:description", "description"]).map(|(_, text)| text),
            h1: evidence.h1.first().copied(),
            has_article_body: self.article_body.is_some(),
        })
    }

    /// How likely each block is the article's.
    fn likely(&self, evidence: &Evidence, title: Option<&str>) -> Vec<f32> {
        model::probabilities(self.rows(evidence, title))
    }
}

/// The text, by the publisher's rule where there is one whose template still holds.
pub fn extract(dom: &Dom, evidence: &Evidence, article: &Article, rule: Option<&Verdict>) -> Body {
    let title = article.title.as_deref();
    let view = View::of(dom, evidence);
    let likely = view.likely(evidence, title);
    let holds = rule.is_some_and(|r| r.holds(view.blocks.iter().map(|b| (b.start, b.chars))));
    let ruled = rule.filter(|_| holds).map(|rule| ruled(&view.blocks, &likely, rule));
    let mut keep = cleanup::choose(&view.blocks, ruled.as_ref().unwrap_or(&likely));
    let missed = rule.is_some() && !holds;
    let warnings = if missed { vec!["publisher_rule_missed".to_owned()] } else { Vec::new() };
    let authors = article.authors.iter().map(|a| a.name.as_str()).collect();
    lines::drop_noise(dom, &view.blocks, &lines::Known { authors }, &mut keep);
    let blocks = kinds::record(dom, &view.stats.signals, &view.blocks, &keep, title);
    let confidence = if blocks.is_empty() { 0.0 } else { confidence::of(&view, &likely, &keep) };
    let chars: usize = blocks.iter().map(|b| b.text.chars().count()).sum();
    if chars < LITTLE_CHARS
        && let Some((blocks, source)) = fallback(dom, evidence, &view, chars)
    {
        return Body { blocks, confidence: FALLBACK_CONFIDENCE, source: Some(source), warnings, place: None };
    }
    let source = if ruled.is_some() { "publisher_rule" } else { "text" };
    let source = (!blocks.is_empty()).then_some(source);
    Body { blocks, confidence, source, warnings, place: place(&view.blocks, &keep) }
}

/// A rule decides instead of the trees, where it says something.
fn ruled(blocks: &[TextBlock], likely: &[f32], rule: &Verdict) -> Vec<f32> {
    let decided = blocks.iter().map(|b| rule.decides(b.start).map(|taken| if taken { 1.0 } else { 0.0 }));
    decided.zip(likely).map(|(decided, likely)| decided.unwrap_or(*likely)).collect()
}

fn place(blocks: &[TextBlock], keep: &[bool]) -> Option<Range<usize>> {
    let mut kept = blocks.iter().zip(keep).filter(|(_, keep)| **keep).map(|(block, _)| block.start);
    let first = kept.next()?;
    Some(first..kept.next_back().unwrap_or(first) + 1)
}

/// The markup has no body: what scripts say, if it is clearly more.
fn fallback(
    dom: &Dom,
    evidence: &Evidence,
    view: &View<'_>,
    chars: usize,
) -> Option<(Vec<Block>, &'static str)> {
    let longer = |blocks: &[Block]| blocks.iter().map(|b| b.text.chars().count()).sum::<usize>() > 2 * chars;
    let from_json_ld = view.article_body.as_deref().map(script_json::paragraphs).filter(|b| longer(b));
    from_json_ld
        .map(|blocks| (blocks, "json_ld"))
        .or_else(|| Some((script_json::body(dom, evidence).filter(|b| longer(b))?, "script_json")))
}

/// The page's blocks with their features.
pub fn trace(dom: &Dom, evidence: &Evidence, title: Option<&str>) -> Vec<BlockTrace> {
    let view = View::of(dom, evidence);
    let rows = view.rows(evidence, title);
    let traced = view.blocks.iter().zip(rows);
    traced.map(|(block, features)| BlockTrace { text: block.text.clone(), features }).collect()
}
