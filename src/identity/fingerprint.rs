//! What a text is, whatever its name: content hash, title hash and simhash.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Two texts of at most this Hamming distance of their simhashes are versions of one article.
/// Measured on 1,734 real articles (`tools/same_text.py`): of 887 pairs of different articles of one site one lies at 16,
/// the next at 19; of articles that lost a third of their text or had two foreign paragraphs added 1.3 and 1.6 % lie
/// above 18. A bound of 20 would take three pairs for one: an article missed is worse than one that comes twice.
pub const SAME_TEXT_MAX_DISTANCE: u32 = 18;

/// Fingerprints of one article's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// First 128 bits of SHA-256 of the normalized body.
    pub content_hash: u128,
    /// 64-bit simhash (Charikar 2002) of the body's word pairs; character pairs where words are not spaced.
    pub simhash: u64,
    /// First 64 bits of SHA-256 of the normalized title.
    pub title_hash: u64,
}

impl Fingerprint {
    /// Another article by all signs: the title differs and the text is far.
    pub fn is_another_text_than(&self, other: &Fingerprint) -> bool {
        self.title_hash != other.title_hash
            && (self.simhash ^ other.simhash).count_ones() > SAME_TEXT_MAX_DISTANCE
    }
}

/// Fingerprints of a title and a body. Case, punctuation and white space do not count.
pub fn fingerprint(title: &str, body: &str) -> Fingerprint {
    let words = words_of(body);
    Fingerprint {
        content_hash: u128::from_be_bytes(first_16(&words.join(" "))),
        simhash: simhash(&words),
        title_hash: (u128::from_be_bytes(first_16(&words_of(title).join(" "))) >> 64) as u64,
    }
}

fn first_16(text: &str) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    first
}

/// NFKC, lower case, runs of letters and digits; a character of a script without spaces is a word of its own.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if is_unspaced(c) {
            words.push(c.to_string());
            open = false;
        } else if c.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if open => word.push(c),
                _ => words.push(c.to_string()),
            }
            open = true;
        } else {
            open = false;
        }
    }
    words
}

/// Thai, Lao, Khmer, Burmese, kana and CJK ideographs are written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn simhash(words: &[String]) -> u64 {
    let mut weights = [0i32; 64];
    let pairs = words.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
    let single = (words.len() == 1).then(|| (words[0].as_str(), ""));
    for (first, second) in pairs.chain(single) {
        let hash = stable_hash(first.bytes().chain([b' ']).chain(second.bytes()));
        for (bit, weight) in weights.iter_mut().enumerate() {
            *weight += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    weights.iter().enumerate().fold(0, |hash, (bit, weight)| hash | u64::from(*weight > 0) << bit)
}

/// FNV-1a with a final avalanche (splitmix64): the same in every build, because it is kept in `newswire.seen`.
fn stable_hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "The ministry said on Monday that talks would resume next week in the capital after a pause \
                     of two months, and that delegates from nine economies had confirmed that they would come.";
    const B: &str = "Rain fell over the western valleys for a third day and the river rose by two metres, the \
                     water board reported, while volunteers filled sandbags along the old bridge until midnight.";

    #[test]
    fn layout_and_case_do_not_change_the_content() {
        assert_eq!(
            fingerprint("A b", "One two.\n\nThree").content_hash,
            fingerprint("A b", "one  TWO three").content_hash
        );
        assert_eq!(fingerprint("A — b!", "").title_hash, fingerprint("a b", "").title_hash);
    }

    #[test]
    fn an_edited_text_is_near_and_another_text_is_far() {
        let edited = A.replace("Monday", "Tuesday").replace("nine", "ten");
        let distance =
            |a: &str, b: &str| (fingerprint("", a).simhash ^ fingerprint("", b).simhash).count_ones();
        assert!(distance(A, &edited) <= SAME_TEXT_MAX_DISTANCE, "{}", distance(A, &edited));
        assert!(distance(A, B) > SAME_TEXT_MAX_DISTANCE, "{}", distance(A, B));
        assert!(fingerprint("one", A).is_another_text_than(&fingerprint("two", B)));
        assert!(!fingerprint("one", A).is_another_text_than(&fingerprint("one", B)));
    }
}
