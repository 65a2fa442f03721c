//! A text in its zones: title, dateline, lead, body. A topic in the dateline or title says more than one in the body.

use super::fold::Folded;
use crate::record::Field;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    Title,
    Dateline,
    Lead,
    Body,
}

impl Zone {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Zone::Title => "title",
            Zone::Dateline => "dateline",
            Zone::Lead => "lead",
            Zone::Body => "body",
        }
    }
}

/// The folded text and where its zones end. `place` = bytes of the folded field.
pub(super) struct Document {
    pub title: Part,
    pub body: Part,
    dateline_end: usize,
    lead_end: usize,
}

/// One field.
pub(super) struct Part {
    pub text: Folded,
    pub field: Field,
    /// Capital letters tell nothing here: "TURKEY PRICES FALL", "How Turkey Prices Fell".
    pub is_capitalized: bool,
    pub is_all_caps: bool,
}

/// The lead: about the first two paragraphs. From the prototype's measurements (README of the data).
const LEAD_BYTES: usize = 350;

impl Document {
    pub(super) fn new(title: &str, body: &str) -> Document {
        let title = Part::new(title, Field::Title);
        let body = Part::new(body, Field::Body);
        let dateline_end = dateline_end(&body.text).unwrap_or(0);
        let lead_end = lead_end(&body.text.cased, dateline_end);
        Document { title, body, dateline_end, lead_end }
    }

    pub(super) fn zone(&self, field: Field, at: usize) -> Zone {
        match field {
            Field::Title => Zone::Title,
            Field::Body if at < self.dateline_end => Zone::Dateline,
            Field::Body if at < self.lead_end => Zone::Lead,
            Field::Body => Zone::Body,
        }
    }

    pub(super) fn part(&self, field: Field) -> &Part {
        match field {
            Field::Title => &self.title,
            Field::Body => &self.body,
        }
    }
}

impl Part {
    fn new(text: &str, field: Field) -> Part {
        let text = Folded::new(text);
        let is_all_caps = is_all_caps(&text);
        let is_capitalized = is_all_caps || (field == Field::Title && is_title_case(&text.cased));
        Part { text, field, is_capitalized, is_all_caps }
    }
}

/// So much of a text shows whether it is in capitals: a paragraph. A guess, not measured.
const CASE_CHARACTERS: usize = 400;

fn is_all_caps(text: &Folded) -> bool {
    let (upper, lower) = if text.is_ascii {
        let head = &text.cased.as_bytes()[..text.cased.len().min(CASE_CHARACTERS)];
        (count(head, u8::is_ascii_uppercase), count(head, u8::is_ascii_lowercase))
    } else {
        let head = || text.cased.chars().take(CASE_CHARACTERS);
        (head().filter(|c| c.is_uppercase()).count(), head().filter(|c| c.is_lowercase()).count())
    };
    upper > 3 && lower * 10 < upper
}

/// How many bytes are so. Sums of a byte each need no branch and are made many at once.
#[inline(always)]
fn count(bytes: &[u8], is: impl Fn(&u8) -> bool) -> usize {
    bytes
        .chunks(128)
        .map(|some| usize::from(some.iter().fold(0u8, |sum, byte| sum + u8::from(is(byte)))))
        .sum()
}

/// Most long words begin with a capital: "Trump-Kim Talks Possible at APEC Summit".
fn is_title_case(text: &str) -> bool {
    let long = || text.split_whitespace().filter(|word| word.len() > 3).skip(1);
    let capitalized = long().filter(|word| word.starts_with(|c: char| !c.is_lowercase())).count();
    let all = long().count();
    all >= 2 && capitalized * 4 >= all * 3
}

/// "SEOUL, Oct. 3 (Agency) - ", "【ソウル共同】", "(서울=통신) ", "通讯社北京10月3日电".
fn dateline_end(body: &Folded) -> Option<usize> {
    let head = &body.cased[..floor(&body.cased, 110)];
    let agency = || if body.is_ascii { None } else { agency_dateline(head) };
    bracketed_dateline(head).or_else(agency).or_else(|| dashed_dateline(head))
}

fn bracketed_dateline(head: &str) -> Option<usize> {
    let close = match head.chars().next()? {
        '【' => '】',
        '[' => ']',
        '(' => ')',
        _ => return None,
    };
    let end = head.find(close)? + close.len_utf8();
    (head[..end].contains(['=', '共', '時']) || close == '】').then_some(end)
}

/// Chinese agencies: up to the 电/電 ("by wire") that follows the day.
fn agency_dateline(head: &str) -> Option<usize> {
    let at = ["日电", "日電", "日讯", "日訊"].iter().find_map(|mark| Some(head.find(mark)? + mark.len()))?;
    (at < 80).then_some(at)
}

fn dashed_dateline(head: &str) -> Option<usize> {
    let dash = head.find(" -")?;
    let is_dash = head[dash + 2..].starts_with([' ', '-', '\n']);
    let end = dash + 2;
    (is_dash && dash <= 90 && is_place_and_date(&head[..dash])).then_some(end)
}

/// Capitals all the way ("NEW BRIGHTON, Minn., April 1"), or a place followed by a month or an agency in brackets.
fn is_place_and_date(head: &str) -> bool {
    let place = head.split([',', '(', '/']).next().unwrap_or("").trim();
    let is_place = place.split_whitespace().count() <= 4 && place.chars().any(char::is_alphabetic);
    let is_upper = !place.chars().any(char::is_lowercase);
    let has_date_or_agency = head.contains('(') || head.bytes().any(|b| b.is_ascii_digit());
    let is_name = place.chars().next().is_some_and(char::is_uppercase);
    is_place && (is_upper || (is_name && has_date_or_agency))
}

/// About `LEAD_BYTES` behind the dateline, cut at the end of a sentence where there is one in the second half.
fn lead_end(body: &str, start: usize) -> usize {
    let limit = floor(body, start + LEAD_BYTES);
    if limit == body.len() {
        return limit;
    }
    let window = &body.as_bytes()[start..limit];
    let is_end = |at: &usize| match window[*at] {
        b'.' => matches!(window.get(at + 1), Some(b' ' | b'\n')),
        b'\n' => true,
        0xe3 => window[*at..].starts_with("。".as_bytes()),
        _ => false,
    };
    let sentence_end = memchr::memrchr3_iter(b'.', b'\n', 0xe3, window).find(is_end);
    match sentence_end {
        Some(end) if end > window.len() / 3 => start + end + 1,
        _ => limit,
    }
}

/// The last character boundary at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datelines_are_found() {
        for (body, expected) in [
            ("SEOUL, Oct 3 (Wire) - The president", Some("SEOUL, Oct 3 (Wire) -")),
            ("NEW BRIGHTON, Minn., April 1 - A plant", Some("NEW BRIGHTON, Minn., April 1 -")),
            ("Seoul (Wire) — The president", Some("Seoul (Wire) -")),
            ("【ソウル共同】韓国", Some("【ソウル共同】")),
            ("(서울=통신) 한국", Some("(서울=통신)")),
            ("某社北京10月3日电 记者", Some("某社北京10月3日电")),
            ("The president - who was in Seoul - said", None),
            ("He said no.", None),
        ] {
            let folded = Folded::new(body);
            assert_eq!(dateline_end(&folded).map(|end| &folded.cased[..end]), expected, "{body}");
        }
    }
}
