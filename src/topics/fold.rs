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
    /// What most texts are: questions about characters are then about bytes.
    pub is_ascii: bool,
    /// Where bytes of `lower` and code points of the source fall out of step: a byte, and the code point it came from.
    steps: Vec<(u32, u32)>,
    code_points: u32,
}

impl Folded {
    pub(super) fn new(text: &str) -> Folded {
        let mut folding = Folding::new(text.len());
        let mut rest = text;
        loop {
            rest = folding.see_white(rest);
            rest = folding.push_plain(rest);
            let Some(c) = rest.chars().next() else { break };
            if c.is_whitespace() {
                continue;
            }
            folding.push(c);
            rest = &rest[c.len_utf8()..];
        }
        folding.finish()
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
}

/// Few paragraphs are shorter, so the list of steps is mostly made once. A guess, not measured.
const PARAGRAPH_BYTES: usize = 64;

/// A text that is being folded, still with its case.
struct Folding {
    cased: Vec<u8>,
    steps: Vec<(u32, u32)>,
    /// What is seen and not yet written.
    white: White,
    /// Code points of the source that are read.
    at: u32,
}

impl Folding {
    fn new(bytes: usize) -> Folding {
        // White space before the text is dropped, as any is that nothing is written before.
        let white = White { start: Some(0), ..White::default() };
        Folding {
            cased: Vec::with_capacity(bytes),
            steps: Vec::with_capacity(bytes / PARAGRAPH_BYTES),
            white,
            at: 0,
        }
    }

    /// Reads white space, and returns the rest.
    fn see_white<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        while let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
            self.white.see(c, self.at);
            self.at += 1;
            rest = &rest[c.len_utf8()..];
        }
        rest
    }

    /// Writes what is folded but for its case, and returns the rest. The text begins with no white space.
    fn push_plain<'t>(&mut self, text: &'t str) -> &'t str {
        let plain = plain_run(text.as_bytes());
        let (run, rest) = text.split_at(plain);
        if !run.is_empty() {
            self.push_white();
            self.step(self.at);
            let start = self.cased.len();
            self.cased.extend_from_slice(run.as_bytes());
            self.cased[start..].iter_mut().for_each(|byte| *byte = one_space(*byte));
            self.at += plain as u32;
        }
        rest
    }

    fn push(&mut self, c: char) {
        if !is_invisible(c) {
            self.push_white();
            self.step(self.at);
            self.cased.extend_from_slice(plain_letter(c).encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.at += 1;
    }

    fn push_white(&mut self) {
        let Some(at) = self.white.start.take() else { return };
        if !self.cased.is_empty() {
            self.step(at);
            self.cased.push(if self.white.ends_paragraph() { b'\n' } else { b' ' });
        }
        self.white = White::default();
    }

    /// Notes that the next byte of `cased` comes from code point `at`, where that is not one step on.
    fn step(&mut self, at: u32) {
        let byte = self.cased.len() as u32;
        let (last_byte, last_source) = self.steps.last().copied().unwrap_or((0, 0));
        if last_source + (byte - last_byte) != at {
            self.steps.push((byte, at));
        }
    }

    fn finish(self) -> Folded {
        let cased = String::from_utf8(self.cased).expect("whole characters were written");
        let is_ascii = cased.is_ascii();
        let lower = if is_ascii {
            cased.to_ascii_lowercase()
        } else {
            cased.chars().map(lower_of_equal_length).collect()
        };
        Folded { lower, cased, is_ascii, steps: self.steps, code_points: self.at }
    }
}

/// How many bytes are folded but for their case, and line breaks that stand alone.
fn plain_run(text: &[u8]) -> usize {
    let mut end = 0;
    while block_at(text, end).is_some_and(|(block, next)| is_plain_block(block, next)) {
        end += BLOCK;
    }
    end + text[end..].iter().take_while(|byte| is_printing(**byte)).count()
}

/// So many bytes are looked at at once, without a branch: a register of most processors.
const BLOCK: usize = 16;

/// A block of the text, and the same one byte on.
fn block_at(text: &[u8], at: usize) -> Option<(&[u8; BLOCK], &[u8; BLOCK])> {
    let both = text.get(at..at + BLOCK + 1)?;
    Some((both.first_chunk()?, both.last_chunk()?))
}

/// Printing ASCII, and white space that is a space or a line break before printing ASCII.
fn is_plain_block(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> bool {
    let is_plain = |(byte, next): (&u8, &u8)| is_printing(*byte) | (is_white(*byte) & is_printing(*next));
    block.iter().zip(next).map(|pair| u8::from(!is_plain(pair))).fold(0, |odd, is_odd| odd | is_odd) == 0
}

/// ASCII from its first sign on, but the grave accent, which becomes an apostrophe. One comparison with a sign, since
/// the bytes of other characters are negative then.
fn is_printing(byte: u8) -> bool {
    (byte.cast_signed() > b' '.cast_signed()) & (byte != b'`')
}

fn is_white(byte: u8) -> bool {
    (byte == b' ') | (byte == b'\n')
}

/// A line break that stands alone is a space.
fn one_space(byte: u8) -> u8 {
    if byte == b'\n' { b' ' } else { byte }
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
            ("Wheat of the Black Sea\nrose in\tprice.", "wheat of the black sea rose in price."),
            ("a word and white space \u{200f} twice", "a word and white space twice"),
            ("  the end of a longer paragraph \n\n", "the end of a longer paragraph"),
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
