//! A date out of text: machine forms (ISO 8601, RFC 2822) and what pages write for people in many languages.

use super::months;
use super::zones;
use crate::record::{DateTime, Precision, Published, Zone};
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use std::ops::Range;

/// Only this much of a text is looked at: a date stands at the front of its element.
const MAX_TOKENS: usize = 60;
/// A time of day with its zone: `at 18:12:44.123 (GMT +02:00)`, a minute's `Uhr`.
const MAX_WORDS_OF_A_TIME: usize = 9;
/// The years a news page can be from: the web's first, and far enough ahead for any clock.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2099;

/// How to read `03/04/2025` and `listopad`.
#[derive(Clone, Copy, Default)]
pub struct Reading<'a> {
    /// Two letters.
    pub language: Option<&'a str>,
    pub month_first: bool,
    /// A later day is of something to come, an event or an offer, and is passed over.
    pub not_after: Option<Date>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number { value: i64, digits: usize },
    Word(String),
    Mark(char),
}

/// The first date in the text.
pub fn first_date(text: &str, reading: Reading<'_>) -> Option<Published> {
    first_in(&tokens(text), reading).map(|(date, _)| date)
}

/// A date, and the other day that it could be where its text leaves open which number is the month.
pub type Told = (Published, Option<Date>);

/// The first date in the text, with what it leaves open.
pub fn first_told(text: &str, reading: Reading<'_>) -> Option<Told> {
    let tokens = tokens(text);
    let (date, place) = first_in(&tokens, reading)?;
    let day = date.at.civil.date();
    let is_open =
        matches!(tokens[place], [Token::Number { digits: 1 | 2, .. }, _, Token::Number { .. }, _, _]);
    let other = Date::new(day.year(), day.day(), day.month()).ok();
    Some((date, other.filter(|other| is_open && *other != day)))
}

/// Whether the text is a date and no more: a word (a weekday, "on") may stand before it, a time of day behind it.
pub fn is_only_a_date(text: &str, reading: Reading<'_>) -> bool {
    let tokens = tokens(text);
    let Some((date, place)) = first_in(&tokens, reading) else { return false };
    let words = |tokens: &[Token]| tokens.iter().filter(|t| !matches!(t, Token::Mark(_))).count();
    let behind = words(&tokens[place.end..]);
    let is_time = date.precision != Precision::Day && behind <= MAX_WORDS_OF_A_TIME;
    words(&tokens[..place.start]) <= 1 && (behind == 0 || is_time)
}

/// The first date, and which tokens it takes.
fn first_in(tokens: &[Token], reading: Reading<'_>) -> Option<(Published, Range<usize>)> {
    (0..tokens.len()).find_map(|at| {
        let (date, length) = date_at(&tokens[at..], reading)?;
        if reading.not_after.is_some_and(|last| date > last) {
            return None;
        }
        let (time, offset) = time_near(tokens, at, at + length);
        Some((published(date, time, offset), at..at + length))
    })
}

fn published(date: Date, time: Option<(Time, Precision)>, offset: Option<Offset>) -> Published {
    match time {
        None => {
            Published { at: DateTime::midnight_utc(date), precision: Precision::Day, zone: Zone::Assumed }
        }
        Some((time, precision)) => Published {
            at: DateTime { civil: date.to_datetime(time), offset: offset.unwrap_or(Offset::UTC) },
            precision,
            zone: if offset.is_some() { Zone::Declared } else { Zone::Assumed },
        },
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(&c) = characters.peek() {
        if tokens.len() >= MAX_TOKENS {
            break;
        }
        if let Some(first) = c.to_digit(10).or(other_digit(c)) {
            let (mut value, mut digits) = (i64::from(first), 1);
            characters.next();
            while let Some(d) = characters.peek().and_then(|c| c.to_digit(10).or(other_digit(*c))) {
                value = value.saturating_mul(10).saturating_add(i64::from(d));
                digits += 1;
                characters.next();
            }
            tokens.push(Token::Number { value, digits });
        } else if is_word(c) {
            let mut word = String::new();
            while let Some(&c) = characters.peek().filter(|c| is_word(**c)) {
                word.extend(c.to_lowercase());
                characters.next();
            }
            tokens.push(Token::Word(word));
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Mark(c));
            }
            characters.next();
        }
    }
    tokens
}

/// Letters and the combining signs of Indic and Thai words; the ordinal marks count as marks.
fn is_word(c: char) -> bool {
    (c.is_alphabetic() && !matches!(c, 'º' | 'ª'))
        || matches!(c, '\u{900}'..='\u{97f}' | '\u{e31}'..='\u{e4e}')
}

/// Arabic-Indic, Persian and Devanagari digits, and full-width ones.
fn other_digit(c: char) -> Option<u32> {
    let zero = match c {
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '０'..='９' => '０',
        _ => return None,
    };
    Some(c as u32 - zero as u32)
}

/// A date that begins at the first token, and how many tokens it takes.
fn date_at(tokens: &[Token], reading: Reading<'_>) -> Option<(Date, usize)> {
    match &tokens[0] {
        Token::Number { value, digits: 4 } if YEARS.contains(value) || (2533..=2642).contains(value) => {
            year_first(tokens, *value, reading)
        }
        Token::Number { value, digits: 8 } => {
            let date = date(value / 10_000, value / 100 % 100, value % 100)?;
            Some((date, 1))
        }
        // `20250928T…` and `20250928181244`.
        Token::Number { value, digits: 14 } => {
            let day = value / 1_000_000;
            Some((date(day / 10_000, day / 100 % 100, day % 100)?, 1))
        }
        Token::Number { value, digits: 1 | 2 } => day_first(tokens, *value, reading),
        Token::Word(word) => {
            let month = months::month(word, reading.language)?;
            month_first(tokens, month)
        }
        _ => None,
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    // Thai pages count from the Buddha's death.
    let year = if (2533..=2642).contains(&year) { year - 543 } else { year };
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year as i16, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn number(token: Option<&Token>, max_digits: usize) -> Option<i64> {
    match token {
        Some(Token::Number { value, digits }) if *digits <= max_digits => Some(*value),
        _ => None,
    }
}

fn year_of(token: Option<&Token>) -> Option<i64> {
    match token {
        Some(Token::Number { value, digits: 4 }) => Some(*value),
        _ => None,
    }
}

/// `2025-09-28`, `2025/9/28`, `2025年9月28日`, `2025. szeptember 28.`
fn year_first(tokens: &[Token], year: i64, reading: Reading<'_>) -> Option<(Date, usize)> {
    let at = skip(tokens, 1, &["年", "년", "m"]);
    if let Some(Token::Word(word)) = tokens.get(at)
        && let Some(month) = months::month(word, reading.language)
    {
        let at = skip(tokens, at + 1, &[]);
        return Some((date(year, i64::from(month), number(tokens.get(at), 2)?)?, at + 1));
    }
    if at == 1 {
        return None;
    }
    let month = number(tokens.get(at), 2)?;
    let at = skip(tokens, at + 1, &["月", "월"]);
    let day = number(tokens.get(at), 2)?;
    Some((date(year, month, day)?, at + 1))
}

/// `28.09.2025`, `9/28/2025`, `28 September 2025`, `28. září 2025`, `28 de septiembre de 2025`
fn day_first(tokens: &[Token], first: i64, reading: Reading<'_>) -> Option<(Date, usize)> {
    let at = skip(tokens, 1, &["st", "nd", "rd", "th", "er", "de", "of", "ος", "η", "d"]);
    match tokens.get(at)? {
        Token::Word(word) => {
            let month = months::month(word, reading.language)?;
            let at = skip(tokens, at + 1, &["de", "del", "of", "г", "в"]);
            let year = year_of(tokens.get(at)).or_else(|| two_digit_year(tokens, at))?;
            Some((date(year, i64::from(month), first)?, at + 1))
        }
        Token::Number { value: second, digits: 1 | 2 } => {
            let Some(Token::Mark(mark @ ('.' | '/' | '-' | '·'))) = tokens.get(1) else { return None };
            if at != 2 || tokens.get(3) != Some(&Token::Mark(*mark)) {
                return None;
            }
            let year = year_of(tokens.get(4)).or_else(|| two_digit_year(tokens, 4))?;
            let us = matches!(mark, '/' | '-') && reading.month_first;
            let (day, month) = if (us && *second <= 31 && first <= 12) || *second > 12 {
                (*second, first)
            } else {
                (first, *second)
            };
            Some((date(year, month, day)?, 5))
        }
        _ => None,
    }
}

/// `'25` or `25` at the end of a date; a time's hour (`25:…` is none, `12:30` would be) is not a year.
fn two_digit_year(tokens: &[Token], at: usize) -> Option<i64> {
    match (tokens.get(at), tokens.get(at + 1)) {
        (_, Some(Token::Mark(':'))) => None,
        (Some(Token::Number { value, digits: 2 }), _) if *value <= 40 => Some(2000 + value),
        _ => None,
    }
}

/// `September 28, 2025`, `Sept. 28th 2025`
fn month_first(tokens: &[Token], month: i8) -> Option<(Date, usize)> {
    let at = skip(tokens, 1, &[]);
    let day = number(tokens.get(at), 2)?;
    let at = skip(tokens, at + 1, &["st", "nd", "rd", "th"]);
    Some((date(year_of(tokens.get(at))?, i64::from(month), day)?, at + 1))
}

/// Past marks and the given words.
fn skip(tokens: &[Token], mut at: usize, words: &[&str]) -> usize {
    while let Some(token) = tokens.get(at) {
        let skipped = match token {
            Token::Mark(c) => {
                matches!(c, '.' | ',' | '/' | '-' | '–' | '\'' | '’' | 'º' | 'ª' | '،' | '°' | '·')
            }
            Token::Word(word) => words.contains(&word.as_str()),
            Token::Number { .. } => false,
        };
        if !skipped {
            break;
        }
        at += 1;
    }
    at
}

/// A time of day just behind the date, or just before it.
fn time_near(tokens: &[Token], start: usize, end: usize) -> (Option<(Time, Precision)>, Option<Offset>) {
    let behind = (end..(end + 9).min(tokens.len())).find_map(|at| time_at(tokens, at));
    let before = || (start.saturating_sub(7)..start).find_map(|at| time_at(tokens, at));
    match behind.or_else(before) {
        None => (None, None),
        Some((time, precision, next)) => (Some((time, precision)), zone_at(tokens, next)),
    }
}

fn time_at(tokens: &[Token], at: usize) -> Option<(Time, Precision, usize)> {
    let hour = number(tokens.get(at), 2)?;
    let (minute, mut next) = match tokens.get(at + 1)? {
        Token::Mark(':' | '：') => (two_digits(tokens.get(at + 2))?, at + 3),
        // `18h30`, `18.30 Uhr`, `kl. 18.30`.
        Token::Word(h) if h == "h" || h == "시" || h == "時" || h == "点" => {
            (two_digits(tokens.get(at + 2))?, at + 3)
        }
        Token::Mark('.') if said_to_be_a_time(tokens, at) => (two_digits(tokens.get(at + 2))?, at + 3),
        Token::Word(half) if half == "am" || half == "pm" => (0, at + 1),
        _ => return None,
    };
    let (mut second, mut precision) = (0, Precision::Minute);
    if let (Some(Token::Mark(':')), Some(s)) = (tokens.get(next), two_digits(tokens.get(next + 1))) {
        (second, precision, next) = (s, Precision::Second, next + 2);
        if let (Some(Token::Mark('.' | ',')), Some(Token::Number { .. })) =
            (tokens.get(next), tokens.get(next + 1))
        {
            next += 2;
        }
    }
    let (hour, next) = twelve_hours(hour, tokens, next);
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0)
        .ok()?;
    Some((time, precision, next))
}

fn two_digits(token: Option<&Token>) -> Option<i64> {
    match token {
        Some(Token::Number { value, digits: 2 }) => Some(*value),
        _ => None,
    }
}

fn said_to_be_a_time(tokens: &[Token], at: usize) -> bool {
    let word = |i: usize| match tokens.get(i) {
        Some(Token::Word(w)) => w.as_str(),
        _ => "",
    };
    matches!(word(at + 3), "uhr" | "h" | "am" | "pm")
        || (at >= 1 && matches!(word(at - 1), "kl" | "klo" | "um"))
        || (at >= 2 && word(at - 2) == "kl")
}

/// `6:12 p.m.` is 18:12.
fn twelve_hours(hour: i64, tokens: &[Token], at: usize) -> (i64, usize) {
    let half = match (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
        (Some(Token::Word(w)), _, _) if matches!(w.as_str(), "am" | "pm" | "πμ" | "μμ") => {
            Some((w.starts_with(['p', 'μ']), at + 1))
        }
        (Some(Token::Word(w)), Some(Token::Mark('.')), Some(Token::Word(m)))
            if m == "m" && (w == "a" || w == "p") =>
        {
            Some((w == "p", at + 3 + usize::from(tokens.get(at + 3) == Some(&Token::Mark('.')))))
        }
        _ => None,
    };
    match half {
        Some((true, next)) if hour < 12 => (hour + 12, next),
        Some((false, next)) if hour == 12 => (0, next),
        Some((_, next)) => (hour, next),
        None => (hour, at),
    }
}

/// `+09:00`, `-0400`, `Z`, `EST`, `GMT+2`.
fn zone_at(tokens: &[Token], at: usize) -> Option<Offset> {
    let mut at = at;
    while matches!(tokens.get(at), Some(Token::Mark('(' | ',' | '.'))) {
        at += 1;
    }
    let mut base = None;
    if let Some(Token::Word(word)) = tokens.get(at) {
        base = zones::minutes(word);
        if word == "uhr" || base.is_some() {
            at += 1;
        }
    }
    let sign = match tokens.get(at) {
        Some(Token::Mark('+')) => 1,
        Some(Token::Mark('-' | '−')) => -1,
        _ => return offset(base?),
    };
    let minutes = match (tokens.get(at + 1), tokens.get(at + 2), tokens.get(at + 3)) {
        (
            Some(Token::Number { value: h, digits: 1 | 2 }),
            Some(Token::Mark(':')),
            Some(Token::Number { value: m, digits: 2 }),
        ) => h * 60 + m,
        (Some(Token::Number { value, digits: 4 }), _, _) => value / 100 * 60 + value % 100,
        (Some(Token::Number { value, digits: 2 }), _, _) => value * 60,
        (Some(Token::Number { value, digits: 1 }), _, _) if base.is_some() => value * 60,
        _ => return offset(base?),
    };
    offset(sign * i32::try_from(minutes).ok()?)
}

fn offset(minutes: i32) -> Option<Offset> {
    (minutes.abs() <= 15 * 60).then(|| Offset::from_seconds(minutes * 60).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, language: Option<&str>, month_first: bool, expected: &str) {
        let found = first_date(text, Reading { language, month_first, not_after: None });
        let found = found.map(|p| format!("{} {:?} {:?}", p.at, p.precision, p.zone).to_lowercase());
        assert_eq!(found.unwrap_or_default(), expected.to_lowercase(), "{text}");
    }

    #[test]
    fn machine_forms_keep_time_and_zone() {
        check("2025-09-28T09:12:44+00:00", None, false, "2025-09-28T09:12:44Z second declared");
        check("2025-09-28T18:12:44.123+0900", None, false, "2025-09-28T18:12:44+09:00 second declared");
        check("2025-09-28 18:12", None, false, "2025-09-28T18:12:00Z minute assumed");
        check("2025-09-28T18:12:44Z", None, false, "2025-09-28T18:12:44Z second declared");
        check("20250928", None, false, "2025-09-28T00:00:00Z day assumed");
        check("Sun, 28 Sep 2025 09:12:44 GMT", None, false, "2025-09-28T09:12:44Z second declared");
        check(
            "Sun Sep 28 2025 05:12:44 GMT-0400 (EDT)",
            None,
            false,
            "2025-09-28T05:12:44-04:00 second declared",
        );
    }

    #[test]
    fn people_write_dates_in_many_languages() {
        for (text, language, expected) in [
            (
                "Published September 28, 2025 at 6:12 p.m. EDT",
                "en",
                "2025-09-28T18:12:00-04:00 minute declared",
            ),
            ("28th of September, 2025", "en", "2025-09-28T00:00:00Z day assumed"),
            ("Stand: 28. September 2025, 18.12 Uhr", "de", "2025-09-28T18:12:00Z minute assumed"),
            ("Le 28 septembre 2025 à 18h12", "fr", "2025-09-28T18:12:00Z minute assumed"),
            ("1er août 2025", "fr", "2025-08-01T00:00:00Z day assumed"),
            ("28 de septiembre de 2025", "es", "2025-09-28T00:00:00Z day assumed"),
            ("28 listopada 2025", "pl", "2025-11-28T00:00:00Z day assumed"),
            ("28. listopada 2025.", "hr", "2025-10-28T00:00:00Z day assumed"),
            ("28 сентября 2025, 18:12 МСК", "ru", "2025-09-28T18:12:00+03:00 minute declared"),
            ("28 Σεπτεμβρίου 2025", "el", "2025-09-28T00:00:00Z day assumed"),
            ("2025年9月28日 18:12", "zh", "2025-09-28T18:12:00Z minute assumed"),
            ("2025년 9월 28일", "ko", "2025-09-28T00:00:00Z day assumed"),
            ("2025. szeptember 28.", "hu", "2025-09-28T00:00:00Z day assumed"),
            ("28 أكتوبر 2025", "ar", "2025-10-28T00:00:00Z day assumed"),
            ("28 ตุลาคม 2568", "th", "2025-10-28T00:00:00Z day assumed"),
            ("28.09.2025", "de", "2025-09-28T00:00:00Z day assumed"),
            ("03/04/2025", "en", "2025-04-03T00:00:00Z day assumed"),
        ] {
            check(text, Some(language), false, expected);
        }
        check("03/04/2025", Some("en"), true, "2025-03-04T00:00:00Z day assumed");
        check("03-04-2025", Some("en"), true, "2025-03-04T00:00:00Z day assumed");
        check("03.04.2025", Some("en"), true, "2025-04-03T00:00:00Z day assumed");
        check("28/04/2025", Some("en"), true, "2025-04-28T00:00:00Z day assumed");
    }

    #[test]
    fn what_could_be_two_days_tells_both() {
        for (text, other) in
            [("03/04/2025", "2025-03-04"), ("28/04/2025", ""), ("2025-03-04", ""), ("4 March 2025", "")]
        {
            let told = first_told(text, Reading::default()).and_then(|(_, other)| other);
            assert_eq!(told.map(|d| d.to_string()).unwrap_or_default(), other, "{text}");
        }
    }

    #[test]
    fn a_text_is_only_a_date_where_it_says_nothing_else() {
        let is_only = |text: &str| is_only_a_date(text, Reading::default());
        for text in ["March 11, 2025", "Tuesday, 11 March 2025", "2025-03-11", "11 March 2025 at 8:35 pm EST"]
        {
            assert!(is_only(text), "{text}");
        }
        for text in ["", "Version 3 of 11 March 2025", "11 March 2025 in Oslo", "11 March 2025 by A. Smith"] {
            assert!(!is_only(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            ["", "2025", "call 555-28-2025 now", "99/99/9999", "may 2025", "12:30", "v1.2.3", "2025-13-45"]
        {
            check(text, None, false, "");
        }
    }
}
