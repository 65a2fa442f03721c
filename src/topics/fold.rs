//! Text made comparable: lower case, no accents, one kind of space, apostrophe and hyphen, nothing invisible.
//!
//! Terms and articles go through the same folding, so that `Pérou`, `PEROU` and a decomposed `Pérou` meet.
//! Two strings of equal byte length come out, one with case and one without; `origin` leads back to the source.

use unicode_normalization::char::decompose_canonical;

/// A text ready for the automaton.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// What the automaton reads.
    pub lower: String,
    /// The same bytes with the source's case.
    pub cased: String,
    /// For each byte of `lower`: the code point of the source it came from. One more entry marks the end.
    origin: Vec<u32>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Folded {
        let mut folded = Folded {
            lower: String::with_capacity(text.len()),
            cased: String::with_capacity(text.len()),
            origin: Vec::with_capacity(text.len() + 1),
        };
        let mut white = White::default();
        let mut at = 0u32;
        for c in text.chars() {
            if c.is_whitespace() {
                white.see(c, at);
            } else if !is_invisible(c) {
                folded.push_white(&mut white);
                folded.push(c, at);
            }
            at += 1;
        }
        folded.origin.push(at);
        folded
    }

    /// The code points of the source that a byte range of `lower` came from.
    pub(super) fn source_range(&self, start: usize, end: usize) -> (u32, u32) {
        let last = end.saturating_sub(1).max(start);
        (self.source_at(start), self.source_at(last) + 1)
    }

    fn source_at(&self, byte: usize) -> u32 {
        self.origin.get(byte).or(self.origin.last()).copied().unwrap_or(0)
    }

    fn push(&mut self, c: char, at: u32) {
        if c.is_ascii() {
            self.lower.push(c.to_ascii_lowercase());
            self.cased.push(c);
            self.origin.push(at);
            return;
        }
        let plain = plain_letter(c);
        let lower = lower_of_equal_length(plain);
        self.lower.push(lower);
        self.cased.push(plain);
        self.origin.resize(self.lower.len(), at);
    }

    fn push_white(&mut self, white: &mut White) {
        let Some(at) = white.start.take() else { return };
        if !self.lower.is_empty() {
            let c = if white.ends_paragraph() { '\n' } else { ' ' };
            self.lower.push(c);
            self.cased.push(c);
            self.origin.push(at);
        }
        *white = White::default();
    }
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
