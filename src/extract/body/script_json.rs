//! The body where the markup has none: page state in scripts, as frameworks leave it for the browser to draw.
//!
//! The JSON tree is walked for the list or text that holds the most prose. Where the state is no JSON but code, the
//! first object in it is tried.

use crate::extract::dom::Dom;
use crate::extract::metadata::{Evidence, plain};
use crate::record::{Block, BlockKind};
use serde_json::Value;

/// Keys under which frameworks keep prose.
const PROSE_KEYS: [&str; 14] = [
    "html",
    "text",
    "content",
    "body",
    "value",
    "articleBody",
    "paragraph",
    "data",
    "innerHtml",
    "markup",
    "copy",
    "bodyText",
    "plainText",
    "richText",
];
/// Less is no article.
const MIN_CHARS: usize = 300;
/// A text this long with a sentence's end is prose; shorter ones only count beside prose.
const PROSE_CHARS: usize = 60;
const MAX_DEPTH: usize = 60;

/// The blocks of the script that holds the most prose.
pub fn body(dom: &Dom, evidence: &Evidence) -> Option<Vec<Block>> {
    let scripts = evidence.data_scripts.iter().filter_map(|&id| dom.children(id).next());
    let best = scripts.filter_map(|id| in_script(dom.node(id).text())).max_by_key(|b| chars(b))?;
    (chars(&best) >= MIN_CHARS).then_some(best)
}

fn chars(blocks: &[Block]) -> usize {
    blocks.iter().map(|b| b.text.chars().count()).sum()
}

fn in_script(text: &str) -> Option<Vec<Block>> {
    let value = serde_json::from_str(text.trim()).ok().or_else(|| first_object(text))?;
    let mut best = Best { blocks: Vec::new(), chars: 0 };
    best.look(&value, 0);
    (best.chars > 0).then_some(best.blocks)
}

/// `window.__STATE__ = {…};`
fn first_object(text: &str) -> Option<Value> {
    text.match_indices("= {")
        .chain(text.match_indices("={"))
        .chain(text.match_indices("= ["))
        .take(8)
        .find_map(|(at, _)| {
            let object = &text[at + text[at..].find(['{', '['])?..];
            let value = serde_json::Deserializer::from_str(object).into_iter::<Value>().next()?.ok()?;
            (value.is_object() || value.is_array()).then_some(value)
        })
}

struct Best {
    blocks: Vec<Block>,
    chars: usize,
}

impl Best {
    /// Every list is an article's parts until a longer one is found, and every long text is one.
    fn look(&mut self, value: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Array(items) => {
                self.keep(items.iter().flat_map(part).collect());
                items.iter().for_each(|item| self.look(item, depth + 1));
            }
            Value::Object(map) => map.values().for_each(|item| self.look(item, depth + 1)),
            Value::String(text) if text.len() > MIN_CHARS => self.keep(paragraphs(text)),
            _ => {}
        }
    }

    fn keep(&mut self, blocks: Vec<Block>) {
        let prose = blocks.iter().filter(|b| is_prose(&b.text)).map(|b| b.text.chars().count()).sum();
        if prose > self.chars {
            (self.blocks, self.chars) = (blocks, prose);
        }
    }
}

fn is_prose(text: &str) -> bool {
    let ends =
        text.trim_end_matches(['"', '”', '»', '’', ')']).ends_with(['.', '!', '?', '。', '！', '？', '…']);
    let code = text.contains("://") || text.contains("{\"") || text.contains("function(");
    let spaced = text.contains(' ') || !text.is_ascii();
    text.chars().count() >= PROSE_CHARS && ends && spaced && !code
}

/// One element of a list of parts: a text, or an object with a prose key.
fn part(item: &Value) -> Vec<Block> {
    match item {
        Value::String(text) => paragraphs(text),
        Value::Object(map) => {
            let kind =
                ["type", "kind", "_type", "__typename", "name"].iter().find_map(|k| map.get(*k)?.as_str());
            let heading = kind.is_some_and(|k| {
                let k = k.to_ascii_lowercase();
                k.contains("head") || k.contains("subtitle") || k == "h2" || k == "h3"
            });
            let text = PROSE_KEYS.iter().find_map(|k| map.get(*k)?.as_str());
            let mut blocks = text.map(paragraphs).unwrap_or_default();
            if heading {
                blocks.iter_mut().for_each(|b| b.kind = BlockKind::Heading);
            }
            blocks
        }
        _ => Vec::new(),
    }
}

/// HTML or plain text in paragraphs.
pub fn paragraphs(text: &str) -> Vec<Block> {
    let parts: Vec<&str> = if text.contains("</p>") || text.contains("<br") {
        text.split("</p>").flat_map(|p| p.split("<br>")).flat_map(|p| p.split("<br />")).collect()
    } else {
        text.split("\n\n").collect()
    };
    let paragraph = |text: &str| Block { kind: BlockKind::Paragraph, text: plain(text) };
    parts.into_iter().map(paragraph).filter(|b| !b.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prose_of_the_state_is_the_body() {
        let sentence = "This sentence is long enough to be taken for the prose of an article, which it is.";
        let state = format!(
            r#"window.__STATE__ = {{"menu":["Home","Sport"],"parts":[{{"type":"p","html":"<p>{sentence}</p>"}},{{"type":"heading","text":"Then"}},{{"type":"p","text":"{sentence}"}}]}};"#
        );
        let blocks = in_script(&state).unwrap();
        let kinds: Vec<_> = blocks.iter().map(|b| (b.kind, b.text.as_str())).collect();
        let p = BlockKind::Paragraph;
        assert_eq!(kinds, [(p, sentence), (BlockKind::Heading, "Then"), (p, sentence)]);
        assert_eq!(in_script("var a = 1;"), None);
    }
}
