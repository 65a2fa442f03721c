//! Which languages' words count in a text: the declared one, or what its letters and small words suggest.

use super::taxonomy::Taxonomy;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A bit per language of the taxonomy.
pub(super) fn mask(taxonomy: &Taxonomy, declared: Option<&str>, title: &str, body: &str) -> u64 {
    let primary = declared.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
    if let Some(known) = primary.and_then(|language| bit(taxonomy, &language)) {
        return known;
    }
    // A guess never takes English away: names of countries in English are found in any Latin text.
    bit(taxonomy, guess(title, body)).unwrap_or(0) | bit(taxonomy, "en").unwrap_or(0)
}

fn bit(taxonomy: &Taxonomy, language: &str) -> Option<u64> {
    let index = taxonomy.languages.iter().position(|known| known == language)?;
    (index < 64).then(|| 1 << index)
}

/// The language whose small words the text uses most, English where nothing speaks clearly for another: tables and
/// headlines are short of small words, and trigrams take them for anything.
fn guess(title: &str, body: &str) -> &'static str {
    let sample = if body.len() > 40 { body } else { title };
    let sample = &sample[..floor(sample, 600)];
    let mut counts = [0u32; SMALL_WORDS.len()];
    for word in sample.split(|c: char| !c.is_alphabetic()) {
        let mut languages = languages_of(word);
        while languages != 0 {
            counts[languages.trailing_zeros() as usize] += 1;
            languages &= languages - 1;
        }
        // Three of English and none of the others yet: no need to read on.
        if counts[0] == 3 && counts[1..].iter().all(|count| *count < 2) {
            return "en";
        }
    }
    let english = counts[0];
    let best = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count);
    match best {
        Some((index, count)) if *count >= 2 && *count > english => SMALL_WORDS[index].0,
        _ => "en",
    }
}

/// A bit per language that has this small word.
fn languages_of(word: &str) -> u32 {
    packed(word).and_then(|key| SMALL_WORD_LANGUAGES.get(&key)).copied().unwrap_or(0)
}

/// Eight bytes at most in one number, ASCII letters in lower case.
fn packed(word: &str) -> Option<u64> {
    let is_small = (1..=7).contains(&word.len());
    is_small.then(|| word.bytes().fold(0, |key, byte| key << 8 | u64::from(byte.to_ascii_lowercase())))
}

static SMALL_WORD_LANGUAGES: LazyLock<HashMap<u64, u32, BuildHasherDefault<Spread>>> = LazyLock::new(|| {
    let mut languages = HashMap::default();
    for (index, (_, words)) in SMALL_WORDS.iter().enumerate() {
        for key in words.iter().filter_map(|word| packed(word)) {
            *languages.entry(key).or_insert(0) |= 1 << index;
        }
    }
    languages
});

/// One multiplication instead of SipHash: the words are our own, nobody can plant collisions among them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        // 2^64 divided by the golden ratio (Knuth's multiplicative hashing).
        self.0 = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=text.len().min(at)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// Frequent function words of the languages in Latin letters that the taxonomy has words of.
const SMALL_WORDS: &[(&str, &[&str])] = &[
    ("en", &["the", "of", "to", "and", "said", "for", "with", "was", "that", "by", "from", "it"]),
    (
        "de",
        &["der", "die", "und", "das", "den", "dem", "von", "mit", "nicht", "ist", "ein", "eine", "auf", "zu"],
    ),
    ("fr", &["le", "la", "les", "des", "et", "du", "une", "dans", "que", "qui", "est", "pour", "au", "sur"]),
    ("es", &["el", "la", "los", "las", "del", "que", "en", "por", "con", "una", "para", "su", "al"]),
    ("pt", &["os", "do", "da", "dos", "das", "em", "que", "uma", "para", "com", "não", "no", "na", "ao"]),
    (
        "it",
        &["il", "di", "che", "della", "del", "gli", "una", "per", "con", "nel", "sono", "alla", "dei", "è"],
    ),
    ("nl", &["de", "het", "een", "van", "en", "niet", "dat", "met", "zijn", "voor", "op", "ook", "aan"]),
    ("pl", &["na", "się", "nie", "że", "do", "jest", "oraz", "po", "przez"]),
    ("tr", &["ve", "bir", "bu", "için", "ile", "olarak", "da", "de", "olan", "daha", "gibi"]),
    ("id", &["yang", "dan", "di", "untuk", "dengan", "ini", "itu", "dari", "dalam", "pada", "akan"]),
    ("vi", &["và", "của", "các", "là", "cho", "với", "không", "được", "trong", "những", "này"]),
    ("sv", &["och", "att", "det", "som", "är", "på", "för", "inte", "ett", "av", "har"]),
    ("da", &["og", "at", "det", "er", "på", "ikke", "til", "af", "som", "har", "en", "et"]),
    ("no", &["og", "at", "det", "er", "på", "ikke", "til", "av", "som", "har", "en", "et"]),
    ("fi", &["ja", "on", "ei", "että", "oli", "mutta", "myös", "hän", "joka", "sekä"]),
    ("cs", &["se", "na", "je", "že", "do", "ve", "jako", "podle"]),
    ("ro", &["și", "în", "de", "la", "cu", "pe", "din", "care", "este", "nu", "au"]),
    ("hu", &["az", "és", "hogy", "nem", "egy", "is", "meg", "csak", "volt"]),
];

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn tables_are_english_and_sentences_are_what_they_are() {
        for (text, expected) in [
            ("Shr loss 25 cts vs profit 11 cts Net loss 446,005 vs profit 185,325", "en"),
            ("Der Präsident hat mit dem Minister gesprochen und ist nicht zurückgetreten", "de"),
            ("Le président de la République est arrivé dans les locaux du ministère", "fr"),
            ("El presidente de los Estados Unidos dijo que las tropas volverán", "es"),
            ("Presiden mengatakan bahwa pertemuan itu akan diadakan di Jakarta dengan", "id"),
        ] {
            assert_eq!(guess("", text), expected, "{text}");
        }
    }
}
