//! Text that was encoded twice: UTF-8 once read as Latin-1 or windows-1252 and written as UTF-8 again, so that `ł` has
//! become `Å` and a control character, and `’` has become `â€™`.

use std::borrow::Cow;

/// Windows-1252 for 0x80 to 0x9F; 0 where it has nothing.
const WINDOWS_1252: [u16; 32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
    0x0153, 0, 0x017E, 0x0178,
];

/// The text with its doubly encoded runs decoded; most pages have none and come back as they are.
pub fn repaired(text: &str) -> Cow<'_, str> {
    if !shows_signs(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut run = Vec::new();
    let mut run_start = 0;
    for (at, c) in text.char_indices() {
        match high_byte(c) {
            Some(byte) => {
                if run.is_empty() {
                    run_start = at;
                }
                run.push(byte);
            }
            None => {
                push_run(&mut out, &mut run, &text[run_start..at]);
                out.push(c);
            }
        }
    }
    push_run(&mut out, &mut run, &text[run_start..]);
    Cow::Owned(out)
}

/// Control characters of Latin-1 (`C2 80` to `C2 9F` in UTF-8) or `â€`: neither is ever meant.
fn shows_signs(text: &str) -> bool {
    let bytes = text.as_bytes();
    let control = memchr::memchr_iter(0xC2, bytes).any(|at| bytes.get(at + 1).is_some_and(|b| *b < 0xA0));
    control || memchr::memmem::find(bytes, "â€".as_bytes()).is_some()
}

/// The byte above 0x7F that a wrong decoding made this character of.
fn high_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ 0x80..=0xFF => Some(code as u8),
        code @ 0x100..=0xFFFF => {
            WINDOWS_1252.iter().position(|&w| u32::from(w) == code).map(|at| 0x80 + at as u8)
        }
        _ => None,
    }
}

/// A run of such characters is what its bytes are in UTF-8, where they are UTF-8; else it was meant as it stands.
fn push_run(out: &mut String, run: &mut Vec<u8>, written: &str) {
    if run.is_empty() {
        return;
    }
    out.push_str(std::str::from_utf8(run).unwrap_or(written));
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_was_encoded_twice_is_decoded_and_other_text_left_alone() {
        for (text, expected) in [
            ("w sÅ\u{82}owach", "w słowach"),
            ("itâ€™s cafÃ© â€“ now", "it’s café – now"),
            ("Å\u{82}, é and “x”", "ł, é and “x”"),
            ("Ã la carte, “so” – Ångström", "Ã la carte, “so” – Ångström"),
            ("中文 and ł", "中文 and ł"),
        ] {
            assert_eq!(repaired(text), expected);
        }
    }
}
