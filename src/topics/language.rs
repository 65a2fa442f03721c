//! Which languages' words count in a text: the declared one, or what its letters and small words suggest.

use super::taxonomy::Taxonomy;

/// A bit per language of the taxonomy.
pub(super) fn mask(taxonomy: &Taxonomy, declared: Option<&str>, title: &str, body: &str) -> u64 {
    let primary = declared.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
    let known = primary.and_then(|language| bit(taxonomy, &language));
    known.or_else(|| bit(taxonomy, guess(title, body))).or_else(|| bit(taxonomy, "en")).unwrap_or(0)
}

fn bit(taxonomy: &Taxonomy, language: &str) -> Option<u64> {
    let index = taxonomy.languages.iter().position(|known| known == language)?;
    (index < 64).then(|| 1 << index)
}

/// English by its small words; else by trigrams, which cost more and err on short texts.
fn guess(title: &str, body: &str) -> &'static str {
    let sample = if body.len() > 40 { body } else { title };
    let end = (0..=sample.len().min(500)).rev().find(|i| sample.is_char_boundary(*i)).unwrap_or(0);
    let sample = &sample[..end];
    if english_words(sample) >= 2 || sample.len() < 40 {
        return "en";
    }
    match whatlang::detect(sample) {
        Some(info) if info.confidence() > 0.5 => two_letters(info.lang().code()),
        _ => "en",
    }
}

fn english_words(sample: &str) -> usize {
    const SMALL: [&str; 8] = ["the", "of", "to", "and", "said", "for", "with", "was"];
    sample.split_ascii_whitespace().filter(|word| SMALL.iter().any(|s| s.eq_ignore_ascii_case(word))).count()
}

/// ISO 639-3 to 639-1 for languages in Latin letters; other scripts need no language to be told apart.
fn two_letters(code: &str) -> &'static str {
    const CODES: [(&str, &str); 22] = [
        ("deu", "de"),
        ("fra", "fr"),
        ("spa", "es"),
        ("por", "pt"),
        ("ita", "it"),
        ("nld", "nl"),
        ("pol", "pl"),
        ("tur", "tr"),
        ("ind", "id"),
        ("vie", "vi"),
        ("swe", "sv"),
        ("dan", "da"),
        ("nob", "no"),
        ("fin", "fi"),
        ("ces", "cs"),
        ("ron", "ro"),
        ("hun", "hu"),
        ("cat", "ca"),
        ("hrv", "hr"),
        ("slk", "sk"),
        ("lit", "lt"),
        ("est", "et"),
    ];
    CODES.iter().find(|(three, _)| *three == code).map_or("en", |(_, two)| two)
}
