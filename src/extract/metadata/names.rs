//! Names of people and agencies out of what bylines say.

use crate::record::{Author, AuthorKind};

/// Words before a name, in lower case. Longest first where one begins another.
const PREFIXES: [&str; 57] = [
    "author:",
    "verfasst von",
    "geschrieben von",
    "erstellt von",
    "eingestellt von",
    "escrito por",
    "écrit par",
    "publicado por",
    "scritto da",
    "reviewed by",
    "medically reviewed by",
    "interview:",
    "posted in",
    "mehr von",
    "und interview:",
    "text und fotos:",
    "fotos:",
    "written by",
    "reported by",
    "story by",
    "reporting by",
    "posted by",
    "published by",
    "article by",
    "text by",
    "words by",
    "compiled by",
    "edited by",
    "by",
    "von",
    "par",
    "por",
    "de",
    "di",
    "da",
    "av",
    "af",
    "door",
    "przez",
    "autor",
    "autorin",
    "author",
    "auteur",
    "text",
    "texte",
    "tekst",
    "testo",
    "texto",
    "автор",
    "от",
    "από",
    "του",
    "a cura di",
    "redaktion",
    "il y a",
    "记者",
    "文",
];

/// What stands where a name should be, in lower case.
const NO_NAMES: [&str; 55] = [
    "admin",
    "administrator",
    "staff",
    "staff writer",
    "staff reporter",
    "staff report",
    "staff reports",
    "editor",
    "editors",
    "editorial",
    "editorial staff",
    "editorial team",
    "editorial board",
    "editorial board",
    "webmaster",
    "news desk",
    "newsdesk",
    "web desk",
    "newsroom",
    "guest",
    "guest author",
    "guest post",
    "contributor",
    "contributors",
    "anonymous",
    "unknown",
    "redaktion",
    "die redaktion",
    "redakcja",
    "redacción",
    "redaccion",
    "redazione",
    "rédaction",
    "la rédaction",
    "redactie",
    "redaksjonen",
    "toimitus",
    "редакция",
    "share",
    "comments",
    "follow",
    "read more",
    "subscribe",
    "n/a",
    "none",
    "null",
    "author",
    "user",
    "publiziert am",
    "posted",
    "posted on",
    "published",
    "updated",
    "agencies",
    "the author",
];

/// Words that only an organization's name has, in lower case.
const ORGANIZATION_WORDS: [&str; 46] = [
    "news",
    "press",
    "agency",
    "agence",
    "agentur",
    "reuters",
    "afp",
    "ap",
    "dpa",
    "upi",
    "tass",
    "xinhua",
    "efe",
    "ansa",
    "apa",
    "sda",
    "pap",
    "team",
    "staff",
    "desk",
    "editors",
    "redaktion",
    "media",
    "magazine",
    "tv",
    "radio",
    "inc",
    "ltd",
    "gmbh",
    "group",
    "network",
    "institute",
    "university",
    "center",
    "centre",
    "society",
    "association",
    "foundation",
    "times",
    "post",
    "journal",
    "today",
    "online",
    "board",
    "daily",
    "redaction",
];

/// One text with one or more names -> the names, each once.
pub fn split(text: &str) -> Vec<Author> {
    let text = strip_prefix(without_tail(&super::plain(text)));
    // A profile's address is no name.
    if text.contains("://") {
        return Vec::new();
    }
    let mut authors: Vec<Author> = Vec::new();
    for part in parts(&text) {
        if let Some(author) = author(&part)
            && !authors.iter().any(|a| a.name.eq_ignore_ascii_case(&author.name))
        {
            authors.push(author);
        }
    }
    authors
}

fn parts(text: &str) -> Vec<String> {
    const WORDS: [&str; 11] =
        [" and ", " und ", " y ", " et ", " og ", " och ", " en ", " e ", " i ", " и ", " with "];
    let mut text = text.replace(['|', ';', '/', '•', '·', '\n', '&', '、', '，'], ",");
    for word in WORDS {
        text = text.replace(word, ",");
    }
    text.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// What follows a name in its line: dates, reading times, roles behind a dash.
const TAILS: [&str; 26] = [
    " published ",
    " posted ",
    " updated",
    " last updated",
    " on ",
    " am ",
    " le ",
    " el ",
    " min read",
    " minute",
    " • ",
    " – ",
    " — ",
    " - ",
    " / ",
    " | ",
    " · ",
    ", posted",
    ", published",
    ", updated",
    " last modified",
    " reviewed by ",
    " veröffentlicht",
    " aktualisiert",
    " in: ",
    " für ",
];

fn without_tail(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return text.to_owned();
    }
    let has_digit_behind = |at: usize| text[at..].bytes().any(|b| b.is_ascii_digit());
    let end = TAILS
        .iter()
        .filter_map(|tail| lower.find(tail))
        .filter(|&at| at > 3 && text.is_char_boundary(at) && has_digit_behind(at))
        .min()
        .unwrap_or(text.len());
    text[..end].to_owned()
}

fn strip_prefix(mut text: String) -> String {
    for _ in 0..2 {
        let lower = text.to_lowercase();
        let prefix = PREFIXES.iter().filter(|p| {
            lower.strip_prefix(**p).is_some_and(|rest| rest.starts_with([' ', ':', '\u{a0}', '：', '/']))
        });
        let Some(prefix) = prefix.max_by_key(|p| p.len()) else { break };
        // Lower-casing may change lengths; characters correspond closely enough for these words.
        let kept: String = text.chars().skip(prefix.chars().count()).collect();
        text = kept.trim_start_matches([' ', ':', '\u{a0}', '：', '/']).to_owned();
    }
    text
}

/// A name, when the text is one.
pub fn author(text: &str) -> Option<Author> {
    let name = tidy(&strip_prefix(text.to_owned()));
    let count = name.chars().count();
    let lower = name.to_lowercase();
    let is_url =
        lower.contains("://") || lower.starts_with("www.") || lower.starts_with('@') || lower.contains('@');
    let is_host = !name.contains(' ')
        && name.rsplit('.').next().is_some_and(|end| {
            (2..=4).contains(&end.len())
                && name.contains('.')
                && name.len() > 8
                && end.chars().all(char::is_lowercase)
        });
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if !(2..=60).contains(&count) || is_url || is_host || digits > 2 || NO_NAMES.contains(&lower.as_str()) {
        return None;
    }
    if name.split_whitespace().count() > 6 || !name.chars().any(char::is_alphabetic) {
        return None;
    }
    let kind = if is_organization(&lower) { AuthorKind::Organization } else { AuthorKind::Person };
    Some(Author { name, url: None, kind })
}

fn tidy(name: &str) -> String {
    let mut name = name.trim();
    // What stands in brackets is a role or an agency.
    if let Some(at) = name.find(['(', '[', '<']) {
        name = &name[..at];
    }
    name.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != ')').trim_end_matches(',').to_owned()
}

fn is_organization(lower: &str) -> bool {
    lower.split(|c: char| !c.is_alphanumeric()).any(|w| ORGANIZATION_WORDS.contains(&w))
        || lower.contains(".com")
}

/// Whether a name is one that people go by, not a login.
pub fn is_full_name(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let capitalized = |w: &&&str| w.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_lowercase());
    words.len() >= 2 && words.iter().filter(capitalized).count() >= 2 && !name.contains(['_', '@'])
}
