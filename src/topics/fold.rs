//! Text made comparable: lower case, no accents, one kind of space, apostrophe and hyphen, nothing invisible.
//!
//! Terms and articles go through the same folding, so that `Pérou`, `PEROU` and a decomposed `Pérou` meet.
//! Two strings of equal byte length come out, one with case and one without; `origin` leads back to the source.

use super::eight_bytes;
use unicode_normalization::char::decompose_canonical;

/// A text ready for the automaton.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// What the automaton reads.
    pub lower: String,
    /// The same bytes with the source's case.
    pub cased: String,
    /// Where bytes of `lower` and code points of the source fall out of step: a byte, and the code point it came from.
    steps: Vec<(u32, u32)>,
    code_points: u32,
}

impl Folded {
    pub(super) fn new(text: &str) -> Folded {
        let mut folded = Folded {
            lower: String::with_capacity(text.len()),
            cased: String::with_capacity(text.len()),
            ..Folded::default()
        };
        let mut white = White::default();
        let (mut at, mut rest) = (0u32, text);
        loop {
            let plain = plain_run(rest.as_bytes());
            if plain > 0 {
                folded.push_white(&mut white);
                folded.push_plain(&rest[..plain], at);
                (at, rest) = (at + plain as u32, &rest[plain..]);
            }
            let Some(c) = rest.chars().next() else { break };
            if c.is_whitespace() {
                white.see(c, at);
            } else if !is_invisible(c) {
                folded.push_white(&mut white);
                folded.push(c, at);
            }
            (at, rest) = (at + 1, &rest[c.len_utf8()..]);
        }
        folded.code_points = at;
        folded
    }

    /// The code points of the source that a byte range of `lower` came from.
    pub(super) fn source_range(&self, start: usize, end: usize) -> (u32, u32) {
        let last = end.saturating_sub(1).max(start);
        (self.source_at(start), self.source_at(last) + 1)
    }

    fn source_at(&self, byte: usize) -> u32 {
        if byte >= self.lower.len() {
            return self.code_points;
        }
        let start = (0..=byte).rev().find(|at| self.lower.is_char_boundary(*at)).unwrap_or(0) as u32;
        let next = self.steps.partition_point(|(byte, _)| *byte <= start);
        match next.checked_sub(1).and_then(|last| self.steps.get(last)) {
            Some((byte, source)) => source + (start - byte),
            None => start,
        }
    }

    /// Notes that the next byte of `lower` comes from code point `at`, where that is not one step on.
    fn step(&mut self, at: u32) {
        let byte = self.lower.len() as u32;
        let (last_byte, last_source) = self.steps.last().copied().unwrap_or((0, 0));
        if last_source + (byte - last_byte) != at {
            self.steps.push((byte, at));
        }
    }

    fn push_plain(&mut self, run: &str, at: u32) {
        self.step(at);
        let start = self.lower.len();
        self.cased.push_str(run);
        self.lower.push_str(run);
        if let Some(pushed) = self.lower.get_mut(start..) {
            pushed.make_ascii_lowercase();
        }
    }

    fn push(&mut self, c: char, at: u32) {
        self.step(at);
        let plain = plain_letter(c);
        self.lower.push(lower_of_equal_length(plain));
        self.cased.push(plain);
    }

    fn push_white(&mut self, white: &mut White) {
        let Some(at) = white.start.take() else { return };
        if !self.lower.is_empty() {
            self.step(at);
            let c = if white.ends_paragraph() { '\n' } else { ' ' };
            self.lower.push(c);
            self.cased.push(c);
        }
        *white = White::default();
    }
}

/// How many bytes need only their case folded: ASCII without white space, apart from single spaces between words.
fn plain_run(bytes: &[u8]) -> usize {
    let (mut length, mut spaces_before) = (0, eight_bytes::ALL);
    while let Some(eight) = eight_bytes::first(&bytes[length..]) {
        let spaces = eight_bytes::spaces(eight);
        let other = eight_bytes::not_plain(eight) | spaces & eight_bytes::shifted(spaces, spaces_before);
        length += eight_bytes::before(other);
        if other != 0 {
            return without_last_space(bytes, length);
        }
        spaces_before = spaces;
    }
    let is_plain = |at: usize| match bytes[at] {
        b' ' => at > 0 && bytes[at - 1] != b' ',
        byte => matches!(byte, b'!'..=b'_' | b'a'..=b'~'),
    };
    let end = (length..bytes.len()).find(|at| !is_plain(*at)).unwrap_or(bytes.len());
    without_last_space(bytes, end)
}

/// A space before something else than a word belongs to that.
fn without_last_space(bytes: &[u8], end: usize) -> usize {
    if bytes[..end].ends_with(b" ") { end - 1 } else { end }
}

/// A run of white space: a blank line, or a line break before an indentation, ends a paragraph.
#[derive(Default)]
struct White {
    start: Option<u32>,
    breaks: usize,
    after_break: usize,
}

impl White {
    fn see(&mut self, c: char, at: u32) {
        self.start.get_or_insert(at);
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => (self.breaks, self.after_break) = (self.breaks + 1, 0),
            _ => self.after_break += 1,
        }
    }

    fn ends_paragraph(&self) -> bool {
        self.breaks > 1 || (self.breaks == 1 && self.after_break >= 2)
    }
}

/// Folds a term of the taxonomy: what the automaton is given, and the same with its case.
pub(super) fn fold_term(term: &str) -> (String, String) {
    let folded = Folded::new(term);
    (folded.lower, folded.cased)
}

/// Characters that carry no letter: joiners, direction marks, soft hyphens, Arabic vowel signs, combining accents.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{5b0}'..='\u{5c7}')
}

/// The letter without its accents, in the one spelling that newswire compares.
fn plain_letter(c: char) -> char {
    match c {
        '’' | '‘' | 'ʼ' | '′' | '´' | '`' => '\'',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '“' | '”' | '«' | '»' | '„' => '"',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ё' => 'е',
        'Ё' => 'Е',
        'ı' => 'i',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => without_accents(c),
        _ => c,
    }
}

fn without_accents(c: char) -> char {
    let mut base = None;
    decompose_canonical(c, |part| {
        base.get_or_insert(part);
    });
    base.unwrap_or(c)
}

/// Lower case where it takes as many bytes; the two strings must stay parallel.
fn lower_of_equal_length(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) if only.len_utf8() == c.len_utf8() => only,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet() {
        for (text, expected) in [
            ("Côte\u{a0}d’Ivoire", "cote d'ivoire"),
            ("Co\u{302}te  d'Ivoire", "cote d'ivoire"),
            ("NORTH\nKOREA", "north korea"),
            ("Россия", "россия"),
            ("İstanbul", "istanbul"),
            ("كوريا\u{200f} الشمالية", "كوريا الشمالية"),
            ("ＡＰＥＣ", "apec"),
            ("zero\u{200d}width", "zerowidth"),
            ("one.\n\n two", "one.\ntwo"),
        ] {
            assert_eq!(Folded::new(text).lower, expected, "{text:?}");
        }
    }

    #[test]
    fn the_way_back_counts_code_points_of_the_source() {
        let folded = Folded::new("é \u{200f} Перу");
        let start = folded.lower.find("перу").unwrap();
        assert_eq!(folded.source_range(start, folded.lower.len()), (4, 8));
        assert_eq!(folded.lower.len(), folded.cased.len());
    }
}
