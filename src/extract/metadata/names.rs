//! Names of people and agencies out of what bylines say.

use crate::record::{Author, AuthorKind};

/// Words before a name, in lower case. Longest first where one begins another.
const PREFIXES: [&str; 72] = [
    "view all posts by",
    "all posts by",
    "more posts by",
    "posts by",
    "articles by",
    "more by",
    "read more about",
    "zeige alle beiträge von",
    "alle beiträge von",
    "alle artikel von",
    "alles von",
    "artikel von",
    "ein beitrag von",
    "voir tous les articles de",
    "authors:",
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
const NO_NAMES: [&str; 80] = [
    "by",
    "von",
    "por",
    "par",
    "di",
    "no author",
    "wordpressadmin",
    "uncategorized",
    "sign in",
    "log in",
    "learn more",
    "edit",
    "veröffentlicht",
    "agenturen",
    "hinterlasse einen kommentar",
    "leave a comment",
    "full bio",
    "editorial policies",
    "main ingredient",
    "technik",
    "insights from",
    "redaktioneller beitrag",
    "autor",
    "autorin",
    "verfasser",
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
    const WORDS: [&str; 14] = [
        " and ", " And ", " AND ", " und ", " y ", " et ", " og ", " och ", " en ", " e ", " i ", " и ",
        " with ", " και ",
    ];
    let mut text = text.replace(['|', ';', '/', '•', '·', '\n', '&', '、', '，'], ",");
    for word in WORDS {
        text = text.replace(word, ",");
    }
    text.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// Words that end what somebody is, in lower case.
const ROLES: [&str; 30] = [
    "writer",
    "reporter",
    "editor",
    "contributor",
    "correspondent",
    "journalist",
    "columnist",
    "author",
    "founder",
    "director",
    "manager",
    "coordinator",
    "analyst",
    "producer",
    "photographer",
    "critic",
    "blogger",
    "ceo",
    "redakteur",
    "redakteurin",
    "reporterin",
    "korrespondent",
    "korrespondentin",
    "volontär",
    "journalistin",
    "redactor",
    "periodista",
    "journaliste",
    "redattore",
    "giornalista",
];

/// Months and weekdays that stand behind a name without a mark between.
const DATE_WORDS: [&str; 38] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "dezember",
];

/// What follows a name without a mark: a date (`Jane Doe June 3`), what she is (`Jane Doe Staff Writer`), for whom.
fn without_date_and_role(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let lower: Vec<String> =
        words.iter().map(|w| w.to_lowercase().trim_end_matches('.').to_owned()).collect();
    let digit = |w: &String| w.starts_with(|c: char| c.is_ascii_digit());
    let date = (0..words.len()).find(|&i| {
        DATE_WORDS.contains(&lower[i].as_str())
            && (lower.get(i + 1).is_some_and(digit) || (i > 0 && digit(&lower[i - 1])))
    });
    let date = date.map(|i| if i > 0 && digit(&lower[i - 1]) { i - 1 } else { i });
    let role = lower.last().filter(|w| ROLES.contains(&w.as_str())).map(|_| 2);
    let whom = (2..words.len().max(2)).find(|&i| lower[i] == "for");
    let cut = [date, role, whom].into_iter().flatten().min().unwrap_or(words.len()).min(words.len());
    if cut == words.len() { name.to_owned() } else { words[..cut].join(" ") }
}

/// What follows a name in its line: dates, reading times, roles behind a dash.
const TAILS: [&str; 27] = [
    " stand:",
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
    let name = without_date_and_role(&tidy(&strip_prefix(text.to_owned())));
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
    if !(2..=60).contains(&count)
        || is_url
        || is_host
        || digits > 2
        || (digits > 0 && name.contains(' '))
        || is_no_name(&lower)
    {
        return None;
    }
    if name.split_whitespace().count() > 6 || !name.chars().any(char::is_alphabetic) {
        return None;
    }
    let kind = if is_organization(&lower) { AuthorKind::Organization } else { AuthorKind::Person };
    Some(Author { name, url: None, kind })
}

fn is_no_name(lower: &str) -> bool {
    NO_NAMES.contains(&lower) || PREFIXES.contains(&lower)
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

/// Whether a name is one that people go by, not a login or a line of text.
pub fn is_full_name(name: &str) -> bool {
    const PARTICLES: [&str; 26] = [
        "de", "da", "do", "dos", "das", "del", "della", "di", "du", "la", "le", "van", "von", "vom", "der",
        "den", "zu", "zur", "ten", "ter", "y", "e", "al", "el", "bin", "ibn",
    ];
    let words: Vec<&str> = name.split_whitespace().collect();
    let capitalized = |w: &&str| w.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_lowercase());
    let inner = |w: &&str| capitalized(w) || PARTICLES.contains(w) || w.contains(['\'', '’']);
    let count = words.iter().filter(|w| capitalized(w)).count();
    (2..=6).contains(&words.len()) && count >= 2 && words.iter().all(inner) && !name.contains(['_', '@', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let names: Vec<String> = split(text).into_iter().map(|a| a.name).collect();
        assert_eq!(names, expected, "{text}");
    }

    #[test]
    fn names_are_freed_of_what_stands_around_them() {
        check("By Maud Ellersen", &["Maud Ellersen"]);
        check("Von Jörg Amsel und Edda Lohmann", &["Jörg Amsel", "Edda Lohmann"]);
        check("Maud Ellersen Published March 11, 2025", &["Maud Ellersen"]);
        check("Written by: Maud Ellersen (Norholm)", &["Maud Ellersen"]);
        check("A. B. Carter, Ines Diaz; Pau Ribes", &["A. B. Carter", "Ines Diaz", "Pau Ribes"]);
        check("Maud Ellersen, maud ellersen", &["Maud Ellersen"]);
        check("Maud Ellersen June 3", &["Maud Ellersen"]);
        check("Maud Ellersen Senior Reporter", &["Maud Ellersen"]);
        check("View all posts by Maud Ellersen", &["Maud Ellersen"]);
        check("Maud Ellersen And Pau Ribes For The Courier", &["Maud Ellersen", "Pau Ribes"]);
    }

    #[test]
    fn what_is_no_name_is_left_out() {
        for text in [
            "",
            "Staff",
            "admin",
            "https://social.example/maud",
            "news@courier.example",
            "courier.test",
            "12345",
            "-",
            "March 15",
            "20 Dec",
            "2 Comments",
            "View all posts by",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn agencies_are_organizations() {
        for (name, kind) in [
            ("Reuters", AuthorKind::Organization),
            ("Maud Ellersen", AuthorKind::Person),
            ("News Desk Norholm", AuthorKind::Organization),
        ] {
            assert_eq!(split(name)[0].kind, kind, "{name}");
        }
    }
}
