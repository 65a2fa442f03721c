//! Which tags are left out because they make tree building quadratic: endless nesting.
//! html5ever walks the stack of open elements for most tags.

use html5ever::tokenizer::Tag;
use html5ever::{LocalName, local_name};

/// Start tags deeper than this are dropped, their text kept. The deepest of 2,153 development pages has 68.
const MAX_DEPTH: usize = 160;
/// Open formatting elements are reopened in every block: each costs a node a block. Of 2,153 development pages 16 have
/// more, of icons that are never closed; the others have at most 4.
const MAX_OPEN_FORMATTING: usize = 6;
/// Options of one menu beyond this are dropped: unclosed, each is looked through for the next.
const MAX_OPTIONS: usize = 1_000;
/// An end tag closes one of so many open elements: looking further would be quadratic, and a wrong count only costs depth.
const MAX_CLOSED: usize = 64;

/// Void, or closed by their next sibling: left open they nest nothing.
fn closes_itself(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("area")
            | local_name!("base")
            | local_name!("br")
            | local_name!("col")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("link")
            | local_name!("meta")
            | local_name!("param")
            | local_name!("source")
            | local_name!("track")
            | local_name!("wbr")
            | local_name!("path")
            | local_name!("p")
            | local_name!("li")
            | local_name!("td")
            | local_name!("th")
            | local_name!("tr")
            | local_name!("dt")
            | local_name!("dd")
            | local_name!("option")
            | local_name!("optgroup")
            | local_name!("tbody")
            | local_name!("thead")
            | local_name!("tfoot")
            | local_name!("html")
            | local_name!("body")
    )
}

fn is_formatting(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("b")
            | local_name!("big")
            | local_name!("code")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("nobr")
            | local_name!("s")
            | local_name!("small")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("tt")
            | local_name!("u")
    )
}

/// The elements that are open, as far as their tags tell.
#[derive(Default)]
pub struct Tame {
    open: Vec<LocalName>,
    formatting: usize,
    options: usize,
}

impl Tame {
    /// Whether a start tag keeps the limits, which nearly every one does; the element of one that does is open.
    pub fn keeps(&mut self, tag: &Tag) -> bool {
        let formatting = is_formatting(&tag.name);
        let closes_itself = tag.self_closing || closes_itself(&tag.name);
        let in_menu =
            matches!(tag.name, local_name!("select") | local_name!("option") | local_name!("optgroup"));
        self.options += usize::from(in_menu);
        if (self.open.len() >= MAX_DEPTH && !closes_itself)
            || (in_menu && self.options > MAX_OPTIONS)
            || (formatting && self.formatting >= MAX_OPEN_FORMATTING)
        {
            return false;
        }
        if !closes_itself {
            self.formatting += usize::from(formatting);
            self.open.push(tag.name.clone());
        }
        true
    }

    /// Takes note of an end tag.
    pub fn close(&mut self, name: &LocalName) {
        let window = self.open.len().saturating_sub(MAX_CLOSED);
        if let Some(at) = self.open[window..].iter().rposition(|open| open == name) {
            self.open.truncate(window + at);
        }
        if *name == local_name!("select") {
            self.options = 0;
        }
        if is_formatting(name) {
            self.formatting = self.formatting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dom, Tag};
    use super::*;

    fn count(html: &str, tag: Tag) -> usize {
        Dom::parse(html).nodes.iter().filter(|node| node.tag == tag).count()
    }

    #[test]
    fn what_nests_without_end_loses_its_tags_and_keeps_its_text() {
        let html = "<div>é".repeat(1_000);
        assert_eq!(count(&html, Tag::Div), MAX_DEPTH);
        assert_eq!(Dom::parse(&html).text_of(0).matches('é').count(), 1_000);
        // Siblings do not nest, closed or not.
        assert_eq!(count(&"<p>x<div>y</div>".repeat(1_000), Tag::Div), 1_000);
        // Nor does what stands in a script.
        assert_eq!(count(&format!("<script>{}</script><div>", "<div>".repeat(1_000)), Tag::Div), 1);
    }

    #[test]
    fn formatting_that_is_never_closed_is_reopened_a_few_times_only() {
        assert_eq!(count(&"<b>x".repeat(100), Tag::B), MAX_OPEN_FORMATTING);
        assert_eq!(count(&"<b>x</b>".repeat(100), Tag::B), 100);
    }

    #[test]
    fn a_menu_without_end_is_cut() {
        let options = "<option>x".repeat(3_000);
        assert_eq!(count(&format!("<select>{options}</select>"), Tag::Option), MAX_OPTIONS - 1);
        assert_eq!(count(&"<select><option>x</select>".repeat(3_000), Tag::Option), 3_000);
    }
}
