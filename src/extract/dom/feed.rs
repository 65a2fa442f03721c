//! html5gum's tokenizer in front of html5ever's tree builder: the tree of html5ever alone, in about half the time.

use super::MAX_NODES;
use super::attributes::kept;
use super::run::{Run, Source, tendril};
use super::sink::{Linked, Sink};
use super::tame::Tame;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Doctype, Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, LocalName, QualName, ns};
use html5gum::{Emitter, Error, State, Tokenizer};
use memchr::memchr;
use std::convert::Infallible;

/// Bytes of HTML a node, by which the arena is sized; 99 % of the development pages have more.
const BYTES_A_NODE: usize = 40;
/// Nobody reads line numbers.
const LINE: u64 = 1;

/// Parses any text. What exceeds the limits of `tame` or comes after `MAX_NODES` is left out, and attributes that are
/// neither `kept` nor asked for.
pub fn parse(html: &str, asked_for: &[LocalName]) -> Vec<Linked> {
    let sink = Sink::new(html.len() / BYTES_A_NODE + 16);
    let tree = TreeBuilder::new(sink, TreeBuilderOpts::default());
    let page = Source::new(html);
    // It gives nothing: what it finds goes to the tree.
    Tokenizer::new_with_emitter(html, Feed::new(page, &tree, asked_for)).for_each(drop);
    tree.sink.finish()
}

/// Hands on what the tokenizer finds, a whole token at a time.
struct Feed<'a> {
    page: Source<'a>,
    tree: &'a TreeBuilder<u32, Sink>,
    text: Run,
    tag: OpenTag<'a>,
    tame: Tame,
    /// The name of the last start tag: what ends a script or a title.
    last_start_tag: Vec<u8>,
    doctype: Doctype,
}

/// The tag that is being read.
#[derive(Default)]
struct OpenTag<'a> {
    /// Attributes kept beside the usual ones.
    asked_for: &'a [LocalName],
    is_end: bool,
    is_self_closing: bool,
    name: Vec<u8>,
    attributes: Vec<Attribute>,
    has_duplicates: bool,
    /// Whether an attribute is being read; its name and value so far.
    is_in_attribute: bool,
    attribute_name: Vec<u8>,
    attribute_value: Run,
}

fn local_name(bytes: &[u8]) -> LocalName {
    match std::str::from_utf8(bytes) {
        Ok(name) => LocalName::from(name),
        Err(_) => LocalName::from(String::from_utf8_lossy(bytes)),
    }
}

impl OpenTag<'_> {
    fn begin(&mut self, is_end: bool) {
        (self.is_end, self.is_self_closing) = (is_end, false);
        self.name.clear();
        self.attributes.clear();
        self.is_in_attribute = false;
        self.has_duplicates = false;
    }

    fn begin_attribute(&mut self, page: &mut Source<'_>) {
        self.end_attribute(page);
        self.is_in_attribute = true;
        self.attribute_name.clear();
        self.attribute_value.clear();
    }

    /// The first of a name counts; an end tag has none.
    fn end_attribute(&mut self, page: &mut Source<'_>) {
        if !std::mem::take(&mut self.is_in_attribute) || self.is_end {
            return;
        }
        let Some(name) = kept(&self.attribute_name, self.asked_for) else { return };
        if self.attributes.iter().any(|a| a.name.local == name) {
            self.has_duplicates = true;
            return;
        }
        let value = self.attribute_value.whole(page);
        self.attributes.push(Attribute { name: QualName::new(None, ns!(), name), value });
    }

    fn take(&mut self, page: &mut Source<'_>) -> Tag {
        self.end_attribute(page);
        Tag {
            kind: if self.is_end { TagKind::EndTag } else { TagKind::StartTag },
            name: local_name(&self.name),
            self_closing: self.is_self_closing,
            // Exactly as many as there are, for as long as the tree lives.
            attrs: self.attributes.drain(..).collect(),
            had_duplicate_attributes: self.has_duplicates,
        }
    }
}

impl<'a> Feed<'a> {
    fn new(page: Source<'a>, tree: &'a TreeBuilder<u32, Sink>, asked_for: &'a [LocalName]) -> Feed<'a> {
        Feed {
            page,
            tree,
            text: Run::default(),
            tag: OpenTag { asked_for, ..OpenTag::default() },
            tame: Tame::default(),
            last_start_tag: Vec::new(),
            doctype: Doctype::default(),
        }
    }

    /// What the tree builder makes of a token decides how the text behind it is to be read.
    fn put(&mut self, token: Token) -> Option<State> {
        if self.tree.sink.0.borrow().len() >= MAX_NODES && !matches!(token, Token::EOFToken) {
            return None;
        }
        match self.tree.process_token(token, LINE) {
            TokenSinkResult::Plaintext => Some(State::PlainText),
            TokenSinkResult::RawData(RawKind::Rcdata) => Some(State::RcData),
            TokenSinkResult::RawData(RawKind::Rawtext) => Some(State::RawText),
            TokenSinkResult::RawData(RawKind::ScriptData | RawKind::ScriptDataEscaped(_)) => {
                Some(State::ScriptData)
            }
            TokenSinkResult::Script(_) => Some(State::Data),
            TokenSinkResult::Continue | TokenSinkResult::EncodingIndicator(_) => None,
        }
    }

    fn put_text(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        let (mut start, end) = (0, text.bytes(&self.page).len());
        while start < end {
            let null = memchr(0, &text.bytes(&self.page)[start..]).map(|offset| start + offset);
            let part = start..null.unwrap_or(end);
            start = part.end + 1;
            if !part.is_empty() {
                let characters = text.part(&mut self.page, part);
                self.put(Token::CharacterTokens(characters));
            }
            if null.is_some() {
                self.put(Token::NullCharacterToken);
            }
        }
        text.clear();
        self.text = text;
    }
}

impl Emitter for Feed<'_> {
    type Token = Infallible;

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start_tag.clear();
        self.last_start_tag.extend_from_slice(name.unwrap_or_default());
    }

    fn emit_eof(&mut self) {
        self.put_text();
        self.put(Token::EOFToken);
        self.tree.end();
    }

    #[inline]
    fn emit_error(&mut self, _: Error) {}

    #[inline]
    fn should_emit_errors(&mut self) -> bool {
        false
    }

    #[inline]
    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    #[inline]
    fn emit_string(&mut self, text: &[u8]) {
        self.text.push(&self.page, text);
    }

    fn init_start_tag(&mut self) {
        // Before the tag's values: the window only goes on.
        self.put_text();
        self.tag.begin(false);
    }

    fn init_end_tag(&mut self) {
        self.tag.begin(true);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.put_text();
        let tag = self.tag.take(&mut self.page);
        if self.tag.is_end {
            self.tame.close(&tag.name);
        } else if self.tame.keeps(&tag) {
            self.last_start_tag.clear();
            self.last_start_tag.extend_from_slice(&self.tag.name);
        } else {
            return None;
        }
        self.put(Token::TagToken(tag))
    }

    fn set_self_closing(&mut self) {
        self.tag.is_self_closing = true;
    }

    #[inline]
    fn push_tag_name(&mut self, name: &[u8]) {
        self.tag.name.extend_from_slice(name);
    }

    #[inline]
    fn init_attribute(&mut self) {
        self.tag.begin_attribute(&mut self.page);
    }

    #[inline]
    fn push_attribute_name(&mut self, name: &[u8]) {
        self.tag.attribute_name.extend_from_slice(name);
    }

    #[inline]
    fn push_attribute_value(&mut self, value: &[u8]) {
        self.tag.attribute_value.push(&self.page, value);
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag.is_end && !self.last_start_tag.is_empty() && self.tag.name == self.last_start_tag
    }

    /// A comment only parts the texts around it: nobody reads it.
    fn init_comment(&mut self) {}

    #[inline]
    fn push_comment(&mut self, _: &[u8]) {}

    fn emit_current_comment(&mut self) {
        self.put_text();
        self.put(Token::CommentToken(StrTendril::new()));
    }

    fn init_doctype(&mut self) {
        self.doctype = Doctype::default();
    }

    fn push_doctype_name(&mut self, name: &[u8]) {
        self.doctype.name.get_or_insert_default().push_tendril(&tendril(name));
    }

    fn set_doctype_public_identifier(&mut self, value: &[u8]) {
        self.doctype.public_id = Some(tendril(value));
    }

    fn push_doctype_public_identifier(&mut self, value: &[u8]) {
        self.doctype.public_id.get_or_insert_default().push_tendril(&tendril(value));
    }

    fn set_doctype_system_identifier(&mut self, value: &[u8]) {
        self.doctype.system_id = Some(tendril(value));
    }

    fn push_doctype_system_identifier(&mut self, value: &[u8]) {
        self.doctype.system_id.get_or_insert_default().push_tendril(&tendril(value));
    }

    fn set_force_quirks(&mut self) {
        self.doctype.force_quirks = true;
    }

    fn emit_current_doctype(&mut self) {
        self.put_text();
        let doctype = std::mem::take(&mut self.doctype);
        self.put(Token::DoctypeToken(doctype));
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.tree.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::sink::{Data, NONE};
    use html5ever::tendril::TendrilSink;
    use html5ever::{ParseOpts, parse_document};
    use proptest::prelude::*;

    fn written(nodes: &[Linked]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut waiting = vec![(0, 0)];
        while let Some((id, depth)) = waiting.pop() {
            let Linked { first, next, data, .. } = &nodes[id as usize];
            let what = match data {
                Data::Document => "document".to_owned(),
                Data::Ignored => "ignored".to_owned(),
                Data::Text(text) => format!("{:?}", &**text),
                Data::Element { name, attributes } => {
                    let attributes =
                        attributes.iter().filter(|a| kept(a.name.local.as_bytes(), &[]).is_some());
                    let told = attributes.map(|a| format!(" {}={:?}", &*a.name.local, &*a.value));
                    format!("<{}{}>", &*name.local, told.collect::<String>())
                }
            };
            lines.push(format!("{depth} {what}"));
            waiting.extend([(*next, depth), (*first, depth + 1)].into_iter().filter(|(id, _)| *id != NONE));
        }
        lines
    }

    fn check(html: &str) {
        let alone = parse_document(Sink::new(16), ParseOpts::default()).one(html);
        assert_eq!(written(&parse(html, &[])), written(&alone), "{html:?}");
    }

    #[test]
    fn the_tree_is_that_of_html5ever_alone() {
        for html in [
            "",
            "text",
            "<!doctype html><title>A &amp; B</title><p class=a class=b id='x\u{e9}'>One<br/>two<p>three",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" 'http://www.w3.org/TR/html4/strict.dtd'><p><table>",
            "<!doctype><p>a<!-- b --!>c<!-->d<!--->e<!-- f",
            "<script>if (a < b && '</p>') { x = '<!--<script>'; }</script>-->after</script><p>seen",
            "<title>a<b>c</TITLE ><textarea><p></textarea><style>p::after { content: '<b>' }</style>x",
            "<noscript><img src=a></noscript><iframe><p></iframe><xmp><b></xmp><plaintext><p>",
            "<svg><title><p>x</title><![CDATA[a<b]]></svg><math><mi>y</math><![CDATA[z]]>",
            "<svg><font class=a>x</font><font color=red>y</font></svg><svg><font face=a>z</svg><svg><font size=1>",
            "<math><annotation-xml encoding=text/html><p>x</annotation-xml><annotation-xml id=a><p>y</math>",
            "<table><input type=hidden><input class=a></table>",
            "<a href=1>x<a href=2>y<table><tr><td>1<tr><td>2</table><b><i></b>z</i>",
            "&notit; &copy &#x41; &#0; &lt &unknown; a\0b <p \0=1 =x>c\r\nd\re",
            "<p a=1 / b>x</p c=1></><?php x ?><!x></ y><3",
        ] {
            check(html);
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            "<",
            ">",
            "</",
            "/>",
            "<!--",
            "-->",
            "--!>",
            "<!",
            "<![CDATA[",
            "]]>",
            "&",
            "&amp;",
            "&#x",
            "=",
            "\"",
            "'",
            " ",
            "\n",
            "\r",
            "\0",
            "é",
            "한",
            "a",
            "p",
            "script",
            "<script>",
            "</script>",
            "<title>",
            "</title>",
            "<svg>",
            "</svg>",
            "<table>",
            "<td>",
            "<b>",
            "</b>",
            "<a href='x'>",
            "<p class=a>",
            "<select>",
            "<option>",
            "<template>",
            "</template>",
            "<noscript>",
            "<style>",
            "</style>",
            "<plaintext>",
        ];
        prop_oneof![proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), "[ -~]{1,6}"]
    }

    proptest! {
        #[test]
        fn the_tree_is_that_of_html5ever_whatever_the_text(pieces in proptest::collection::vec(piece(), 0..40)) {
            check(&pieces.concat());
        }
    }
}
