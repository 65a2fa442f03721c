//! The article's language: what the page declares, unless its text is clearly another.

use super::PageHeaders;
use super::function_words::surely_is_in;
use super::metadata::Evidence;
use crate::record::{Article, LanguageSource};

/// Detection reads this much: more changes no answer and costs time.
const DETECT_CHARS: usize = 2_000;
/// Shorter texts are not judged against the declaration.
const MIN_CHARS: usize = 200;

pub fn read(evidence: &Evidence, headers: &PageHeaders, article: &mut Article) {
    let body = article.body();
    let text = body.char_indices().nth(DETECT_CHARS).map_or(&*body, |(end, _)| &body[..end]);
    let declared = declared(evidence, headers);
    // Detection weighs a text against all languages, which takes as long as reading the metadata does.
    let is_sure = declared.as_deref().is_some_and(|tag| surely_is_in(first_part(tag), text));
    let is_judged = !is_sure && text.chars().count() >= MIN_CHARS;
    let detected = is_judged.then(|| whatlang::detect(text)).flatten();
    let reliable = detected.as_ref().filter(|d| d.is_reliable());
    let told = reliable.and_then(|d| two_letter(d.lang().code()));
    let (language, source) = match (declared, told) {
        (Some(declared), Some(told)) if !agree(&declared, told) => {
            (told.to_owned(), LanguageSource::Detected)
        }
        (Some(declared), _) => (declared, LanguageSource::Declared),
        (None, Some(told)) => (told.to_owned(), LanguageSource::Detected),
        (None, None) => match detected.and_then(|d| two_letter(d.lang().code())) {
            Some(guess) => (guess.to_owned(), LanguageSource::Detected),
            None => return,
        },
    };
    let from = if source == LanguageSource::Declared { "declared" } else { "detected" };
    article.sources.insert("language".into(), from.into());
    (article.language, article.language_source) = (Some(language), Some(source));
}

/// `<html lang>`, JSON-LD, `og:locale`, meta, header; as BCP 47.
fn declared(evidence: &Evidence, headers: &PageHeaders) -> Option<String> {
    let meta = |names: &[&str]| evidence.meta(names).map(|(_, v)| v.to_owned());
    let json_ld = || evidence.json_ld.text("inLanguage");
    [
        evidence.html_lang.clone(),
        json_ld(),
        meta(&["og:locale"]),
        meta(&["content-language", "dc.language", "dcterms.language", "language"]),
        headers.content_language.clone(),
    ]
    .into_iter()
    .flatten()
    .find_map(|tag| bcp47(&tag))
}

/// `en_us` -> `en-US`; what is no language tag is `None`.
fn bcp47(tag: &str) -> Option<String> {
    let first = tag.split([',', ';']).next()?.trim().replace('_', "-");
    let mut parts = first.split('-');
    let language = parts.next()?.to_ascii_lowercase();
    let is_code = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    if !is_code {
        return None;
    }
    let mut out = language;
    for part in parts {
        let alphanumeric = part.bytes().all(|b| b.is_ascii_alphanumeric());
        match part.len() {
            2 if alphanumeric => out = format!("{out}-{}", part.to_ascii_uppercase()),
            4 if alphanumeric => {
                out = format!("{out}-{}{}", part[..1].to_ascii_uppercase(), part[1..].to_ascii_lowercase());
            }
            3 if part.bytes().all(|b| b.is_ascii_digit()) => out = format!("{out}-{part}"),
            _ => break,
        }
    }
    Some(out)
}

/// Whether the declared tag and the detected code name one language, or two that detection cannot tell apart.
fn agree(declared: &str, detected: &str) -> bool {
    const NEAR: [&[&str]; 6] = [
        &["no", "nb", "nn", "da", "sv"],
        &["hr", "sr", "bs", "sl", "mk", "sh"],
        &["cs", "sk"],
        &["id", "ms"],
        &["es", "gl", "pt", "ca"],
        &["uk", "ru", "be", "bg"],
    ];
    let language = first_part(declared);
    language == detected || NEAR.iter().any(|group| group.contains(&language) && group.contains(&detected))
}

fn first_part(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// ISO 639-3, as whatlang names languages, to BCP 47's shortest form.
fn two_letter(code: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 69] = [
        ("epo", "eo"),
        ("eng", "en"),
        ("rus", "ru"),
        ("cmn", "zh"),
        ("spa", "es"),
        ("por", "pt"),
        ("ita", "it"),
        ("ben", "bn"),
        ("fra", "fr"),
        ("deu", "de"),
        ("ukr", "uk"),
        ("kat", "ka"),
        ("ara", "ar"),
        ("hin", "hi"),
        ("jpn", "ja"),
        ("heb", "he"),
        ("yid", "yi"),
        ("pol", "pl"),
        ("amh", "am"),
        ("jav", "jv"),
        ("kor", "ko"),
        ("nob", "nb"),
        ("dan", "da"),
        ("swe", "sv"),
        ("fin", "fi"),
        ("tur", "tr"),
        ("nld", "nl"),
        ("hun", "hu"),
        ("ces", "cs"),
        ("ell", "el"),
        ("bul", "bg"),
        ("bel", "be"),
        ("mar", "mr"),
        ("kan", "kn"),
        ("ron", "ro"),
        ("slv", "sl"),
        ("hrv", "hr"),
        ("srp", "sr"),
        ("mkd", "mk"),
        ("lit", "lt"),
        ("lav", "lv"),
        ("est", "et"),
        ("tam", "ta"),
        ("vie", "vi"),
        ("urd", "ur"),
        ("tha", "th"),
        ("guj", "gu"),
        ("uzb", "uz"),
        ("pan", "pa"),
        ("aze", "az"),
        ("ind", "id"),
        ("tel", "te"),
        ("pes", "fa"),
        ("mal", "ml"),
        ("ori", "or"),
        ("mya", "my"),
        ("nep", "ne"),
        ("sin", "si"),
        ("khm", "km"),
        ("tuk", "tk"),
        ("aka", "ak"),
        ("zul", "zu"),
        ("sna", "sn"),
        ("afr", "af"),
        ("lat", "la"),
        ("slk", "sk"),
        ("cat", "ca"),
        ("tgl", "tl"),
        ("hye", "hy"),
    ];
    CODES.iter().find(|(long, _)| *long == code).map(|(_, short)| *short)
}
