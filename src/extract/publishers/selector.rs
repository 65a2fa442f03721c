//! The part of CSS selectors that publisher rules are written in, over the flat tree.
//!
//! `div.story > p`, `#main .note`, `[data-role=ad]`, `[class*=promo]`, lists with commas. Read right to left, so that a
//! node is judged by itself and its ancestors.

use crate::extract::dom::{Attr, Dom, LocalName, Node, Tag};

/// A list of alternatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector(Vec<Vec<Step>>);

/// One element of a path, with how it hangs on the one before.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    child: bool,
    tests: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Any,
    Tag(Tag),
    Class(String),
    Attribute { name: LocalName, how: How, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Has,
    Is,
    Begins,
    Ends,
    Contains,
    Word,
}

impl Selector {
    /// Says what is wrong with a selector that it cannot read.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let paths: Result<Vec<_>, String> = split_outside_brackets(text).into_iter().map(path).collect();
        paths.map(Selector)
    }

    /// The attributes that pages are to be parsed with for it.
    pub fn attributes(&self) -> impl Iterator<Item = &LocalName> {
        let tests = self.0.iter().flatten().flat_map(|step| &step.tests);
        tests.filter_map(|test| match test {
            Test::Attribute { name, .. } => Some(name),
            _ => None,
        })
    }

    /// The outermost nodes that match, in document order.
    pub fn find(&self, dom: &Dom) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = 1;
        while at < dom.nodes.len() {
            if self.matches(dom, at) {
                found.push(at);
                at = dom.node(at).end as usize;
            } else {
                at += 1;
            }
        }
        found
    }

    fn matches(&self, dom: &Dom, id: usize) -> bool {
        self.0.iter().any(|steps| path_matches(dom, id, steps))
    }
}

/// Greedy from the inside: a descendant step takes the nearest ancestor that fits, which is the one that leaves most.
fn path_matches(dom: &Dom, id: usize, steps: &[Step]) -> bool {
    let Some((last, rest)) = steps.split_last() else { return true };
    if !last.fits(dom, id) {
        return false;
    }
    let mut at = id;
    let mut child = last.child;
    for step in rest.iter().rev() {
        let mut above = dom.ancestors(at);
        let next = if child {
            above.next().filter(|&a| step.fits(dom, a))
        } else {
            above.find(|&a| step.fits(dom, a))
        };
        let Some(next) = next else { return false };
        (at, child) = (next, step.child);
    }
    true
}

impl Step {
    fn fits(&self, dom: &Dom, id: usize) -> bool {
        let node = dom.node(id);
        !matches!(node.tag, Tag::Text | Tag::Document) && self.tests.iter().all(|test| test.fits(node))
    }
}

impl Test {
    fn fits(&self, node: &Node) -> bool {
        match self {
            Test::Any => true,
            Test::Tag(tag) => node.tag == *tag,
            Test::Class(class) => {
                node.attribute(Attr::Class).is_some_and(|c| c.split_ascii_whitespace().any(|w| w == class))
            }
            Test::Attribute { name, how, value } => {
                node.attribute_named(name).is_some_and(|found| match how {
                    How::Has => true,
                    How::Is => found == value,
                    How::Begins => found.starts_with(value),
                    How::Ends => found.ends_with(value),
                    How::Contains => found.contains(value),
                    How::Word => found.split_ascii_whitespace().any(|w| w == value),
                })
            }
        }
    }
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn path(text: &str) -> Result<Vec<Step>, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("an empty selector".to_owned());
    }
    let (mut steps, mut child) = (Vec::new(), false);
    while !rest.is_empty() {
        let (tests, left) = compound(rest)?;
        steps.push(Step { child, tests });
        let spaceless = left.trim_start();
        let after = spaceless.strip_prefix('>');
        child = after.is_some();
        rest = after.unwrap_or(spaceless).trim_start();
        if child && rest.is_empty() {
            return Err(format!("{text:?} ends with `>`"));
        }
    }
    Ok(steps)
}

/// `div.story#a[b=c]` and what is left behind it.
fn compound(text: &str) -> Result<(Vec<Test>, &str), String> {
    let (mut tests, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let (test, left) = match first {
            '*' => (Test::Any, &rest[1..]),
            '.' => name(&rest[1..]).map(|(class, left)| (Test::Class(class.to_owned()), left))?,
            '#' => name(&rest[1..]).map(|(id, left)| (attribute_is("id", id), left))?,
            '[' => {
                let end = rest.find(']').ok_or_else(|| format!("{rest:?} has no `]`"))?;
                (attribute(&rest[1..end])?, &rest[end + 1..])
            }
            c if is_name(c) => {
                let (tag, left) = name(rest)?;
                let known = Tag::named(&tag.to_ascii_lowercase());
                (Test::Tag(known.ok_or_else(|| format!("rules know no element {tag:?}"))?), left)
            }
            _ => break,
        };
        tests.push(test);
        rest = left;
    }
    if tests.is_empty() {
        return Err(format!("{rest:?} is no selector that rules may use"));
    }
    if rest.starts_with([':', '+', '~']) {
        return Err(format!("{rest:?}: rules know no pseudo-classes and no siblings"));
    }
    Ok((tests, rest))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

fn name(text: &str) -> Result<(&str, &str), String> {
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    if end == 0 { Err(format!("a name is missing before {text:?}")) } else { Ok(text.split_at(end)) }
}

fn attribute_is(name: &str, value: &str) -> Test {
    Test::Attribute { name: name.into(), how: How::Is, value: value.to_owned() }
}

fn attribute(text: &str) -> Result<Test, String> {
    let Some((name, value)) = text.split_once('=') else {
        return Ok(Test::Attribute { name: text.trim().into(), how: How::Has, value: String::new() });
    };
    let how = match name.chars().last() {
        Some('^') => How::Begins,
        Some('$') => How::Ends,
        Some('*') => How::Contains,
        Some('~') => How::Word,
        _ => How::Is,
    };
    let name = name.trim_end_matches(['^', '$', '*', '~']).trim();
    let value = value.trim().trim_matches(['"', '\'']);
    if name.is_empty() || value.is_empty() {
        return Err(format!("[{text}] lacks a name or a value"));
    }
    Ok(Test::Attribute { name: name.into(), how, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &str, expected: &str) {
        let html = "<div id=main class='story big'><p>one</p><ul><li data-role=ad>two</li></ul></div>\
                    <section><div><p class=note>three</p></div></section>";
        let selector = Selector::parse(selector).expect("a selector");
        let attributes: Vec<_> = selector.attributes().cloned().collect();
        let dom = Dom::parse_with(html, &attributes);
        let found = selector.find(&dom);
        let texts: Vec<String> = found.into_iter().map(|id| dom.text_of(id)).collect();
        assert_eq!(texts.join("|"), expected, "{selector:?}");
    }

    #[test]
    fn selectors_find_the_outermost_nodes() {
        for (selector, expected) in [
            ("p", "one|three"),
            ("div.story > p", "one"),
            ("section > p", ""),
            ("section p", "three"),
            ("#main li", "two"),
            (".big.story", "one two"),
            ("[data-role=ad], p.note", "two|three"),
            ("[class*=ot]", "three"),
            ("li[data-role^='a']", "two"),
            ("body div", "one two|three"),
        ] {
            check(selector, expected);
        }
    }

    #[test]
    fn what_rules_may_not_use_is_an_error() {
        for text in ["", "p,", "p:first-child", "p + p", "div >", "[x", "..a", "[a=]", "blink"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
