//! Whether a text is in the language that it is said to be in, told by its function words: so plain in running text that
//! nothing else need be weighed.

use hashbrown::HashMap;
use std::sync::LazyLock;

/// Words that make up much of any text in some languages, whatever it is about; in lower case.
const WORDS: [(&str, &str); 6] = [
    (
        "en",
        "the of and to in a is that for on was with as it at by be from are this have has his he but not or which who \
         they an will been their its were would we you had said after more about than into up out if when also over \
         could can what our her she there all one so no new other some do how just my like your them being these where",
    ),
    (
        "de",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat \
         dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis \
         mehr durch man sei wurde wenn kann ich wir diese dieser seine seiner unter gegen vom schon sein was eines ihre",
    ),
    (
        "fr",
        "de la le et les des en un une du que à est pour dans qui par sur au pas plus se ce il sont avec ne son aux cette \
         ont mais sa été ou elle comme nous vous ses leur ces sans être fait même tout deux entre on l d qu n c s",
    ),
    (
        "es",
        "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta \
         entre cuando muy sin sobre también me hasta hay donde es ha son fue desde ser está todo dos tiene era",
    ),
    (
        "it",
        "di e il la che in un a è per una sono con non si da del al le dei della i più anche nel gli lo come ha alla ma \
         delle ci se o dal su questo nella degli dalla stato l dell essere tra ai quello",
    ),
    (
        "pt",
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou \
         ser quando muito há nos já está eu também pelo pela até isso entre são",
    ),
];

/// Of each word, the languages that have it, as places in `WORDS`.
static LANGUAGES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut languages: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, (_, words)) in WORDS.iter().enumerate() {
        words.split(' ').for_each(|word| languages.entry(word).or_default().push(place));
    }
    languages
});

/// Running text has from three to five in ten of its own. Of its nearest relatives' it has less (of the development pages,
/// French words in Spanish texts 26 % at most).
const LEAST_PERCENT: usize = 30;

/// Whether `text` is surely in the language, a code of two letters. False where its words are not known, are fewer, as in
/// lists and in capitals, or are not more than those of another language.
pub fn surely_is_in(language: &str, text: &str) -> bool {
    let Some(own) = WORDS.iter().position(|(known, _)| *known == language) else { return false };
    let (mut all, mut known) = (0, [0; WORDS.len()]);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        all += 1;
        LANGUAGES.get(word).into_iter().flatten().for_each(|place| known[*place] += 1);
    }
    let is_most = (0..WORDS.len()).all(|other| other == own || known[other] < known[own]);
    is_most && known[own] * 100 >= all * LEAST_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_text_is_known_by_its_function_words_and_only_in_its_own_language() {
        let texts = [
            (
                "en",
                "The port of the town was closed on Monday after a fire that had begun in one of its warehouses.",
            ),
            (
                "de",
                "Der Hafen der Stadt wurde am Montag nach einem Brand geschlossen, der in einem Lager begonnen hat.",
            ),
            (
                "fr",
                "Le port de la ville est fermé depuis lundi à cause d'un incendie qui a pris dans un des entrepôts.",
            ),
            (
                "es",
                "El puerto de la ciudad está cerrado desde el lunes por un incendio que empezó en uno de los almacenes.",
            ),
            (
                "it",
                "Il porto della città è chiuso da lunedì per un incendio che si è esteso a uno dei magazzini.",
            ),
            (
                "pt",
                "O porto da cidade está fechado desde segunda por um incêndio que começou em um dos armazéns.",
            ),
        ];
        for (language, text) in texts {
            for (other, _) in WORDS {
                assert_eq!(surely_is_in(other, text), other == language, "{other}: {text}");
            }
        }
        assert!(!surely_is_in("en", ""));
        assert!(!surely_is_in("en", "Arsenal 2 Chelsea 1, Leeds 0 Everton 0, Fulham 3 Brentford 2"));
        assert!(!surely_is_in("ko", "The port of the town was closed on Monday"));
    }
}
