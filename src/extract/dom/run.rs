//! Texts and values as parts of the page that they stand in, where they do.

use html5ever::tendril::StrTendril;
use std::ops::Range;

/// Bytes of the page that are copied at once. A copy of all of it would be another size of memory for every page, and the
/// allocator keeps each for a while: with that and all rows of `features` at once the worker's peak was 20 MB higher.
const WINDOW_BYTES: usize = 16_000;
/// Shorter texts need no memory.
const MIN_SHARED_BYTES: usize = 9;

/// The page, and a copy of some of it that texts and values are parts of: most stand in the page as they are read.
pub struct Source<'a> {
    html: &'a str,
    window: StrTendril,
    /// Where the window begins.
    start: usize,
}

impl<'a> Source<'a> {
    pub fn new(html: &'a str) -> Source<'a> {
        Source { html, window: StrTendril::new(), start: 0 }
    }

    /// Where bytes that the tokenizer lends out of the page stand in it.
    fn place_of(&self, lent: &[u8]) -> Option<usize> {
        let at = lent.as_ptr().addr().wrapping_sub(self.html.as_ptr().addr());
        (at < self.html.len()).then_some(at)
    }

    /// A part of the page; the window goes on to where it is.
    pub fn part(&mut self, part: Range<usize>) -> StrTendril {
        let is_inside = self.start <= part.start && part.end <= self.start + self.window.len();
        if !is_inside {
            let Some(text) = self.html.get(part.clone()) else { return StrTendril::new() };
            let is_behind = part.start < self.start;
            if is_behind || !(MIN_SHARED_BYTES..WINDOW_BYTES).contains(&text.len()) {
                return StrTendril::from_slice(text);
            }
            let mut end = self.html.len().min(part.start + WINDOW_BYTES);
            while !self.html.is_char_boundary(end) {
                end -= 1;
            }
            (self.window, self.start) = (StrTendril::from_slice(&self.html[part.start..end]), part.start);
        }
        let (start, length) = (part.start - self.start, part.len());
        self.window.try_subtendril(start as u32, length as u32).unwrap_or_default()
    }
}

/// A text or value that is being read.
#[derive(Default)]
pub struct Run {
    /// Where it stands in the page.
    place: Range<usize>,
    /// It itself, where it stands in the page otherwise: with character references, say.
    copy: Vec<u8>,
}

impl Run {
    pub fn push(&mut self, page: &Source<'_>, bytes: &[u8]) {
        if !self.copy.is_empty() {
            self.copy.extend_from_slice(bytes);
        } else if self.place.is_empty() {
            match page.place_of(bytes) {
                Some(at) => self.place = at..at + bytes.len(),
                None => self.copy.extend_from_slice(bytes),
            }
        } else if page.html.as_bytes()[self.place.end..].starts_with(bytes) {
            self.place.end += bytes.len();
        } else {
            self.copy.extend_from_slice(&page.html.as_bytes()[self.place.clone()]);
            self.copy.extend_from_slice(bytes);
        }
    }

    pub fn bytes<'a>(&'a self, page: &'a Source<'_>) -> &'a [u8] {
        if self.copy.is_empty() { &page.html.as_bytes()[self.place.clone()] } else { &self.copy }
    }

    /// A part of it: of the page's text where it stands there, else of its own.
    pub fn part(&self, page: &mut Source<'_>, part: Range<usize>) -> StrTendril {
        if self.copy.is_empty() {
            // The tokenizer cuts text only where characters end.
            page.part(self.place.start + part.start..self.place.start + part.end)
        } else {
            tendril(&self.copy[part])
        }
    }

    pub fn whole(&self, page: &mut Source<'_>) -> StrTendril {
        self.part(page, 0..self.bytes(page).len())
    }

    pub fn clear(&mut self) {
        self.place = 0..0;
        self.copy.clear();
    }
}

/// The tokenizer cuts text of UTF-8 only where characters end.
pub fn tendril(bytes: &[u8]) -> StrTendril {
    match std::str::from_utf8(bytes) {
        Ok(text) => StrTendril::from_slice(text),
        Err(_) => StrTendril::from_slice(&String::from_utf8_lossy(bytes)),
    }
}
