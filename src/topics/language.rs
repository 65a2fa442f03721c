//! Which languages' words count in a text: the declared one, or what its letters and small words suggest.

use super::spread::Map;
use super::taxonomy::Taxonomy;
use std::cell::OnceCell;
use std::sync::LazyLock;

/// The languages of one text, a bit per language of the taxonomy.
pub(super) struct Spoken<'a> {
    taxonomy: &'a Taxonomy,
    title: &'a str,
    body: &'a str,
    /// Of these no guess is needed.
    certain: u64,
    /// What the text is guessed to be in: nothing more, where its language is declared. Most texts never ask, since
    /// nearly all that is found in them is English.
    guessed: OnceCell<u64>,
}

impl<'a> Spoken<'a> {
    pub(super) fn new(
        taxonomy: &'a Taxonomy,
        declared: Option<&str>,
        title: &'a str,
        body: &'a str,
    ) -> Spoken<'a> {
        let primary = declared.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
        let (certain, guessed) = match primary.and_then(|language| bit(taxonomy, &language)) {
            Some(known) => (known, OnceCell::from(0)),
            // A guess never takes English away: names of countries in English are found in any Latin text.
            None => (bit(taxonomy, "en").unwrap_or(0), OnceCell::new()),
        };
        Spoken { taxonomy, title, body, certain, guessed }
    }

    /// Whether the text is in one of these languages.
    pub(super) fn is_any_of(&self, languages: u64) -> bool {
        let guess = || bit(self.taxonomy, guess(self.title, self.body)).unwrap_or(0);
        languages & self.certain != 0 || languages & self.guessed.get_or_init(guess) != 0
    }
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
    // The common case without decoding a character.
    match sample.is_ascii() {
        true => most_used(sample.as_bytes().split(|byte| !byte.is_ascii_alphabetic())),
        false => most_used(sample.split(|c: char| !c.is_alphabetic()).map(str::as_bytes)),
    }
}

fn most_used<'t>(words: impl Iterator<Item = &'t [u8]>) -> &'static str {
    let mut counts = [0u32; SMALL_WORDS.len()];
    for word in words {
        let mut languages = languages_of(word);
        if languages == 0 {
            continue;
        }
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
fn languages_of(word: &[u8]) -> u32 {
    packed(word).and_then(|key| SMALL_WORD_LANGUAGES.get(&key)).copied().unwrap_or(0)
}

/// Eight bytes at most in one number, ASCII letters in lower case.
fn packed(word: &[u8]) -> Option<u64> {
    let is_small = (1..=7).contains(&word.len());
    is_small.then(|| word.iter().fold(0, |key, byte| key << 8 | u64::from(byte.to_ascii_lowercase())))
}

static SMALL_WORD_LANGUAGES: LazyLock<Map<u64, u32>> = LazyLock::new(|| {
    let mut languages = Map::default();
    for (index, (_, words)) in SMALL_WORDS.iter().enumerate() {
        for key in words.iter().filter_map(|word| packed(word.as_bytes())) {
            *languages.entry(key).or_insert(0) |= 1 << index;
        }
    }
    languages
});

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
