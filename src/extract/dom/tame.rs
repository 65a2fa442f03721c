//! Takes out of a page what makes tree building quadratic: endless nesting and endless attributes.
//! html5ever walks the stack of open elements for most tags and compares every new attribute with all before it.

use memchr::{memchr, memmem};
use std::borrow::Cow;

/// Start tags deeper than this are dropped, their text kept. The deepest of 2,153 development pages has 68.
const MAX_DEPTH: usize = 160;
/// Open formatting elements are reopened in every block: each costs a node a block. Of 2,153 development pages 16 have
/// more, of icons that are never closed; the others have at most 4.
const MAX_OPEN_FORMATTING: usize = 6;
/// Options of one menu beyond this are dropped: unclosed, each is looked through for the next.
const MAX_OPTIONS: usize = 1_000;
/// Attributes of one tag beyond this are dropped with everything after them in the tag.
const MAX_ATTRIBUTES: usize = 200;

const VOID: [&str; 15] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "path",
];
const RAW: [&str; 8] = ["script", "style", "textarea", "title", "noscript", "iframe", "xmp", "noembed"];
/// Closed by their next sibling: left open they nest nothing.
const CLOSED_BY_SIBLINGS: [&str; 14] = [
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "tbody", "thead", "tfoot", "html", "body",
];
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Gives the page back as it is when it keeps the limits, which nearly every page does.
pub fn tame(html: &str) -> Cow<'_, str> {
    let mut scan = Scan { html, at: 0, copied: 0, out: None, open: Vec::new(), formatting: 0, options: 0 };
    while let Some(offset) = memchr(b'<', &html.as_bytes()[scan.at..]) {
        scan.at += offset;
        scan.markup();
    }
    match scan.out {
        None => Cow::Borrowed(html),
        Some(mut out) => {
            out.push_str(&html[scan.copied..]);
            Cow::Owned(out)
        }
    }
}

struct Scan<'a> {
    html: &'a str,
    at: usize,
    copied: usize,
    out: Option<String>,
    /// Hashes of the names of open elements.
    open: Vec<u32>,
    formatting: usize,
    options: usize,
}

impl Scan<'_> {
    /// `at` stands on a `<`; moves behind the markup.
    fn markup(&mut self) {
        let bytes = self.html.as_bytes();
        let rest = &bytes[self.at..];
        match rest.get(1) {
            Some(b'!') if rest.starts_with(b"<!--") => {
                self.at = memmem::find(&rest[4..], b"-->").map_or(bytes.len(), |i| self.at + 4 + i + 3);
            }
            Some(b'/') => self.end_tag(),
            Some(c) if c.is_ascii_alphabetic() => self.start_tag(),
            _ => self.at += 1,
        }
    }

    fn end_tag(&mut self) {
        let bytes = self.html.as_bytes();
        let name = name_at(bytes, self.at + 2);
        self.at = memchr(b'>', &bytes[self.at..]).map_or(bytes.len(), |i| self.at + i + 1);
        let key = key_of(name);
        // Only a near match closes: looking further would be quadratic, and a wrong count only costs depth.
        let window = self.open.len().saturating_sub(64);
        if let Some(i) = self.open[window..].iter().rposition(|&k| k == key) {
            self.open.truncate(window + i);
        }
        if is_one_of(name, &["select"]) {
            self.options = 0;
        }
        if is_one_of(name, &FORMATTING) {
            self.formatting = self.formatting.saturating_sub(1);
        }
    }

    fn start_tag(&mut self) {
        let bytes = self.html.as_bytes();
        let start = self.at;
        let name = name_at(bytes, start + 1);
        let (end, cut) = tag_end(bytes, start + 1 + name.len());
        self.at = end;
        let formatting = is_one_of(name, &FORMATTING);
        let closes_itself =
            is_one_of(name, &VOID) || is_one_of(name, &CLOSED_BY_SIBLINGS) || bytes[..end].ends_with(b"/>");
        let too_deep = self.open.len() >= MAX_DEPTH && !closes_itself;
        let in_menu = is_one_of(name, &["select", "option", "optgroup"]);
        self.options += usize::from(in_menu);
        if too_deep
            || (in_menu && self.options > MAX_OPTIONS)
            || (formatting && self.formatting >= MAX_OPEN_FORMATTING)
        {
            self.leave_out(start, end);
            return;
        }
        if let Some(cut) = cut {
            self.leave_out(cut, end.saturating_sub(1).max(cut));
        }
        if is_one_of(name, &RAW) {
            self.at = raw_end(bytes, end, name);
        } else if !closes_itself {
            self.formatting += usize::from(formatting);
            self.open.push(key_of(name));
        }
    }

    fn leave_out(&mut self, from: usize, to: usize) {
        let out = self.out.get_or_insert_with(|| String::with_capacity(self.html.len()));
        out.push_str(&self.html[self.copied..from]);
        self.copied = to;
    }
}

fn name_at(bytes: &[u8], from: usize) -> &[u8] {
    let rest = bytes.get(from..).unwrap_or_default();
    let len =
        rest.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).unwrap_or(rest.len());
    &rest[..len]
}

/// FNV-1a over the lower-cased name.
fn key_of(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193))
}

fn is_one_of(name: &[u8], list: &[&str]) -> bool {
    list.iter().any(|n| n.len() == name.len() && n.as_bytes().eq_ignore_ascii_case(name))
}

/// Where the tag ends (behind `>`), and where its attributes have to be cut, if they have to.
fn tag_end(bytes: &[u8], from: usize) -> (usize, Option<usize>) {
    let (mut at, mut attributes, mut cut) = (from, 0, None);
    while at < bytes.len() {
        match bytes[at] {
            b'>' => return (at + 1, cut),
            b'=' => {
                at += 1;
                while at < bytes.len() && bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
                at = value_end(bytes, at);
                attributes += 1;
            }
            b if b.is_ascii_whitespace() || b == b'/' => {
                at += 1;
                let starts_name = bytes
                    .get(at)
                    .is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/' | b'='));
                attributes += usize::from(starts_name);
                if attributes > 2 * MAX_ATTRIBUTES && cut.is_none() {
                    cut = Some(at);
                }
            }
            _ => at += 1,
        }
    }
    (bytes.len(), cut)
}

fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(&quote @ (b'"' | b'\'')) => memchr(quote, &bytes[at + 1..]).map_or(bytes.len(), |i| at + i + 2),
        _ => bytes[at..]
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'>')
            .map_or(bytes.len(), |i| at + i),
    }
}

/// Behind the text of an element that holds no markup; `</name` ends it.
fn raw_end(bytes: &[u8], from: usize, name: &[u8]) -> usize {
    let mut at = from;
    while let Some(i) = memchr(b'<', &bytes[at..]) {
        at += i;
        let closing = &bytes[at..];
        if closing.len() > name.len() + 2
            && closing[1] == b'/'
            && closing[2..2 + name.len()].eq_ignore_ascii_case(name)
        {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_page_is_left_as_it_is() {
        let page = "<!DOCTYPE html><p class=a>x<p>y<ul><li>1<li>2</ul><script>if (a<b) {}</script><!-- <div> --><br/>";
        assert!(matches!(tame(page), Cow::Borrowed(_)));
        for broken in ["", "<", "<a", "</", "<a b='", "<!--", "<script>", "a < b", "<é>", "</é", "<p é='é"]
        {
            assert_eq!(tame(broken), broken);
        }
    }

    #[test]
    fn what_nests_without_end_loses_its_tags_and_keeps_its_text() {
        let tamed = tame(&"<div>é".repeat(1_000)).into_owned();
        assert_eq!(tamed.matches("<div>").count(), MAX_DEPTH);
        assert_eq!(tamed.matches('é').count(), 1_000);
        // Siblings do not nest, closed or not.
        assert!(matches!(tame(&"<p>x<div>y</div>".repeat(1_000)), Cow::Borrowed(_)));
    }

    #[test]
    fn a_tag_with_too_many_attributes_keeps_the_first() {
        let attributes: String = (0..1_000).map(|i| format!(" a{i}=\"{i}\"")).collect();
        let page = format!("<p{attributes}>text</p>");
        let tamed = tame(&page).into_owned();
        assert!(tamed.starts_with("<p a0=\"0\" a1=\"1\"") && tamed.ends_with(">text</p>"));
        assert!(tamed.len() < page.len() / 2);
    }
}
