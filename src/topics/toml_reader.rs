//! Reads TOML by hand, so that every problem of a file is found at once, each with its line.

use super::Problem;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One file of the taxonomy while it is read; collects what is wrong with it.
pub(super) struct File<'a> {
    pub name: &'a str,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    pub problems: Vec<Problem>,
}

pub(super) type Value<'i> = Spanned<DeValue<'i>>;

impl<'a> File<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> File<'a> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        File { name, text, lines: std::iter::once(0).chain(breaks).collect(), problems: Vec::new() }
    }

    /// The whole file as a table; what does not parse is a problem, the rest is still read.
    pub(super) fn parse(&mut self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let (line, column) = (self.line(&span), self.column(&span));
            let message = error.message().replace('\n', ", ");
            self.problems.push(Problem { file: self.name.to_owned(), line, column, message });
        }
        table.into_inner()
    }

    pub(super) fn problem(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let line = self.line(span);
        self.problems.push(Problem { file: self.name.to_owned(), line, column: 0, message: message.into() });
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.lines.partition_point(|start| *start <= span.start)
    }

    /// In characters, from 1.
    fn column(&self, span: &Range<usize>) -> usize {
        let start = self.lines.get(self.line(span).saturating_sub(1)).copied().unwrap_or(0);
        1 + self.text.get(start..span.start).map_or(0, |before| before.chars().count())
    }

    pub(super) fn string(&mut self, key: &str, value: &Value) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => self.wrong(key, value, "a string"),
        }
    }

    pub(super) fn number(&mut self, key: &str, value: &Value) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        number.or_else(|| self.wrong(key, value, "a number"))
    }

    pub(super) fn boolean(&mut self, key: &str, value: &Value) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong(key, value, "true or false"),
        }
    }

    /// A list of strings, each with its place.
    pub(super) fn strings(&mut self, key: &str, value: &Value) -> Vec<(String, Range<usize>)> {
        let Some(list) = self.list(key, value) else { return Vec::new() };
        list.iter().filter_map(|item| Some((self.string(key, item)?, item.span()))).collect()
    }

    pub(super) fn list<'v, 'i>(&mut self, key: &str, value: &'v Value<'i>) -> Option<&'v [Value<'i>]> {
        match value.get_ref() {
            DeValue::Array(list) => Some(list),
            _ => self.wrong(key, value, "a list"),
        }
    }

    pub(super) fn table<'v, 'i>(&mut self, key: &str, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong(key, value, "a table"),
        }
    }

    fn wrong<T>(&mut self, key: &str, value: &Value, wanted: &str) -> Option<T> {
        self.problem(&value.span(), format!("\"{key}\" must be {wanted}"));
        None
    }
}
