//! Where a word begins and ends, script by script.
//!
//! Latin, Greek, Cyrillic: letters and digits make words; Cyrillic names may carry case endings. Han, Kana, Thai and
//! their like are written without spaces. Korean puts particles behind a name, Arabic and Hebrew put them in front.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Spaced,
    Cyrillic,
    Hangul,
    Kana,
    Unspaced,
    Arabic,
    Hebrew,
}

impl Script {
    /// The script of a term: that of its first letter.
    pub(super) fn of(term: &str) -> Script {
        term.chars().find(|c| c.is_alphanumeric()).map_or(Script::Spaced, script_of)
    }
}

fn script_of(c: char) -> Script {
    match c as u32 {
        0x400..=0x52f => Script::Cyrillic,
        0x590..=0x5ff => Script::Hebrew,
        0x600..=0x77f | 0xfb50..=0xfdff | 0xfe70..=0xfeff => Script::Arabic,
        0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff => Script::Unspaced,
        0x3040..=0x30ff | 0x31f0..=0x31ff => Script::Kana,
        0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff => Script::Unspaced,
        0x1100..=0x11ff | 0xac00..=0xd7af => Script::Hangul,
        _ => Script::Spaced,
    }
}

/// How much of the word around it a term may leave unmatched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A whole word, with what its script hangs onto a name.
    Word,
    /// The beginning of a word.
    Prefix,
    /// Anywhere.
    Substring,
}

/// Whether a term of this script may begin at this place of a text.
#[inline]
pub(super) fn starts_word(text: &str, start: usize, script: Script) -> bool {
    match text.as_bytes()[..start].last() {
        None => true,
        // Nearly every place, and there the byte is enough.
        Some(previous) if previous.is_ascii() => {
            !is_word_byte(*previous) || matches!(script, Script::Kana | Script::Hangul)
        }
        Some(_) => starts_behind(&text[..start], script),
    }
}

/// The same behind a character that is no ASCII.
fn starts_behind(before: &str, script: Script) -> bool {
    let Some(previous) = before.chars().next_back() else { return true };
    match script {
        Script::Kana => script_of(previous) != Script::Kana || is_hiragana(previous),
        Script::Hangul => script_of(previous) != Script::Hangul,
        Script::Arabic => !previous.is_alphanumeric() || is_clitic(before, Script::Arabic, ARABIC_CLITICS),
        Script::Hebrew => !previous.is_alphanumeric() || is_clitic(before, Script::Hebrew, HEBREW_CLITICS),
        Script::Spaced | Script::Cyrillic | Script::Unspaced => !is_word_char(previous),
    }
}

/// Whether a whole word may end at the end of a term, with what its script hangs onto a name.
#[inline]
pub(super) fn ends_word(text: &str, term: Range<usize>, script: Script) -> bool {
    match text.as_bytes().get(term.end) {
        None => true,
        Some(next) if next.is_ascii() && !is_word_byte(*next) => true,
        Some(_) => ends_before(&text[term.clone()], &text[term.end..], script),
    }
}

/// The same before a letter, a digit, or a character that is no ASCII.
fn ends_before(term: &str, after: &str, script: Script) -> bool {
    let Some(next) = after.chars().next() else { return true };
    match script {
        Script::Kana => script_of(next) != Script::Kana || is_hiragana(next),
        Script::Hangul => {
            script_of(next) != Script::Hangul || is_any_tail(after, KOREAN_TAILS, Script::Hangul)
        }
        Script::Cyrillic => !is_word_char(next) || is_any_tail(after, CYRILLIC_TAILS, Script::Cyrillic),
        // "U.S.-based" and "US$5" end; "U.S.A" has a term of its own.
        _ => !is_word_char(next) || !term.ends_with(char::is_alphanumeric),
    }
}

/// The same of one byte; bytes of longer characters are none.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Letters and digits of spaced scripts. Han beside Latin is a boundary: "在APEC會議".
pub(super) fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii() && c.is_alphanumeric() && matches!(script_of(c), Script::Spaced | Script::Cyrillic))
}

fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{309f}' | '・')
}

/// Particles and case endings directly behind a name, then the end of the word.
fn is_any_tail(after: &str, tails: &[&str], script: Script) -> bool {
    let run_end = after
        .char_indices()
        .take(8)
        .find(|(_, c)| !c.is_alphanumeric() || script_of(*c) != script)
        .map_or_else(|| after.char_indices().nth(8).map_or(after.len(), |(i, _)| i), |(i, _)| i);
    tails.contains(&&after[..run_end])
}

/// Whether the letters from the start of the word up to the term are a known prefix such as `وال`.
fn is_clitic(before: &str, script: Script, clitics: &[&str]) -> bool {
    let start = before
        .char_indices()
        .rev()
        .take(5)
        .take_while(|(_, c)| script_of(*c) == script && c.is_alphabetic())
        .last()
        .map_or(before.len(), |(i, _)| i);
    clitics.contains(&&before[start..])
}

const ARABIC_CLITICS: &[&str] = &[
    "و", "ف", "ب", "ك", "ل", "ال", "وال", "بال", "لل", "فال", "كال", "ول", "وب", "وبال", "ولل", "فل", "س",
    "ه",
];
const HEBREW_CLITICS: &[&str] =
    &["ו", "ה", "ב", "כ", "ל", "מ", "ש", "וה", "וב", "ול", "ומ", "שב", "שה", "מה"];

/// Case particles, plurals, and the words Korean writes directly behind a country, body or person.
const KOREAN_TAILS: &[&str] = &[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "에서",
    "에게",
    "에도",
    "에는",
    "에만",
    "와",
    "과",
    "로",
    "으로",
    "로부터",
    "으로부터",
    "도",
    "만",
    "까지",
    "부터",
    "보다",
    "처럼",
    "라며",
    "이라며",
    "라고",
    "이라고",
    "인",
    "인들",
    "인의",
    "인이",
    "인은",
    "측",
    "측은",
    "측이",
    "측에",
    "측의",
    "군",
    "군이",
    "군은",
    "군의",
    "산",
    "식",
    "형",
    "계",
    "내",
    "내에서",
    "발",
    "행",
    "엔",
    "에선",
    "서",
    "서는",
    "으로서",
    "로서",
    "하고",
    "이나",
    "나",
    "이며",
    "며",
    "이다",
    "입니다",
    "씨",
    "씨는",
    "씨가",
    "정부",
    "정부는",
    "정부가",
    "정부의",
    "정상회의",
    "정상회담",
    "대통령",
    "대통령은",
    "대통령이",
    "총리",
    "총리는",
    "총리가",
    "외교부",
    "당국",
    "국민",
    "들",
    "에서의",
    "과의",
];

/// Endings of nouns, names and adjectives in Russian, Ukrainian and Bulgarian.
const CYRILLIC_TAILS: &[&str] = &[
    "а",
    "у",
    "ом",
    "е",
    "ы",
    "и",
    "ам",
    "ами",
    "ах",
    "ов",
    "я",
    "ю",
    "ем",
    "ой",
    "ей",
    "ою",
    "ею",
    "ии",
    "ию",
    "ией",
    "ия",
    "ью",
    "ого",
    "ому",
    "ым",
    "ых",
    "ыми",
    "ую",
    "ая",
    "ое",
    "ые",
    "им",
    "их",
    "ими",
    "ський",
    "і",
    "ї",
    "ів",
    "ові",
    "та",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(text: &str, term: &str) -> bool {
        let start = text.find(term).unwrap();
        let script = Script::of(term);
        let is_free = script == Script::Unspaced;
        is_free || (starts_word(text, start, script) && ends_word(text, start..start + term.len(), script))
    }

    #[test]
    fn words_end_where_their_script_ends_them() {
        for (text, term, expected) in [
            ("machado", "chad", false),
            ("chad's vote", "chad", true),
            ("u.s.-led", "u.s.", true),
            ("北朝鮮と中国", "中国", true),
            ("在apec會議", "apec", true),
            ("マリア", "マリ", false),
            ("マリの首都", "マリ", true),
            ("북한은 오늘", "북한", true),
            ("북한산성", "북한", false),
            ("путиным", "путин", true),
            ("ирландия", "ирланд", true),
            ("иранец", "иран", false),
            ("والصين", "صين", true),
            ("تحصين", "صين", false),
        ] {
            assert_eq!(alone(text, term), expected, "{term} in {text}");
        }
    }
}
