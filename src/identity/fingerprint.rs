//! What a text is, whatever its name: content hash, title hash and simhash.

use sha2::{Digest, Sha256};
use std::ops::Range;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

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
    let body = words_of(body);
    Fingerprint {
        content_hash: u128::from_be_bytes(first_16(&body)),
        simhash: simhash(&body),
        title_hash: (u128::from_be_bytes(first_16(&words_of(title))) >> 64) as u64,
    }
}

fn first_16(text: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(text)[..16]);
    first
}

/// NFKC, lower case, runs of letters and digits with a space between two; a character of a script without spaces is a
/// word of its own.
fn words_of(text: &str) -> Vec<u8> {
    let mut words = Words { joined: Vec::with_capacity(text.len() + 1), open: false };
    let mut read = 0;
    for run in foreign_runs(text) {
        if is_nfkc_quick(text[run.clone()].chars()) != IsNormalized::Yes {
            // Its first marks may join the letter before it.
            let start = run.start.saturating_sub(1);
            words.read(&text[read..start]);
            words.read(&text[start..run.end].nfkc().collect::<String>());
            read = run.end;
        }
    }
    words.read(&text[read..]);
    words.close();
    words.joined.pop();
    words.joined
}

/// The words so far, a space behind each that has ended.
struct Words {
    joined: Vec<u8>,
    /// The last may go on.
    open: bool,
}

impl Words {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let length = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (ascii, foreign) = rest.split_at(length);
            self.add_ascii(ascii.as_bytes());
            let mut foreign = foreign.chars();
            foreign.next().into_iter().for_each(|c| self.add(c));
            rest = foreign.as_str();
        }
    }

    /// Most of what is read, so without a branch: each byte is written, and stays if it is a word's or the first behind
    /// one.
    fn add_ascii(&mut self, text: &[u8]) {
        let start = self.joined.len();
        self.joined.resize(start + text.len(), 0);
        let (written, mut length, mut open) = (&mut self.joined[start..], 0, self.open);
        for byte in text {
            let letter = LOWER[usize::from(*byte)];
            written[length] = letter;
            length += usize::from(open | (letter != b' '));
            open = letter != b' ';
        }
        self.joined.truncate(start + length);
        self.open = open;
    }

    fn add(&mut self, c: char) {
        let mut utf8 = [0; 4];
        for c in c.to_lowercase() {
            let bytes = c.encode_utf8(&mut utf8).as_bytes();
            if is_unspaced(c) {
                self.close();
                self.push(bytes);
                self.close();
            } else if c.is_alphanumeric() {
                self.push(bytes);
            } else {
                self.close();
            }
        }
    }

    fn push(&mut self, letters: &[u8]) {
        self.joined.extend_from_slice(letters);
        self.open = true;
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.joined.push(b' ');
        }
    }
}

/// ASCII letters and digits in lower case, a space for every other byte.
const LOWER: [u8; 256] = {
    let mut lower = [b' '; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            lower[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// Thai, Lao, Khmer, Burmese, kana and CJK ideographs are written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// What stands between ASCII. That never changes under NFKC and ends what it follows (UAX #15), so only these are looked
/// at, each by itself.
fn foreign_runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].bytes().position(|byte| !byte.is_ascii())?;
        let length = text[start..].bytes().position(|byte| byte.is_ascii());
        at = length.map_or(text.len(), |length| start + length);
        Some(start..at)
    })
}

/// Of every two words that stand together, as they are joined; of a single word with the space behind it. Each bit is
/// what most of the pairs' hashes have there.
fn simhash(words: &[u8]) -> u64 {
    if words.is_empty() {
        return 0;
    }
    let mut votes = Votes::default();
    let mut before = None;
    for word in words.split(|byte| *byte == b' ') {
        // The end of one pair and the beginning of the next, side by side: neither waits for the other.
        let (mut pair, mut next) = (before.unwrap_or(BASIS), BASIS);
        for byte in word {
            (pair, next) = (hash_on(pair, *byte), hash_on(next, *byte));
        }
        if before.is_some() {
            votes.add(spread(pair));
        }
        before = Some(hash_on(next, b' '));
    }
    if votes.hashes == 0 {
        before.into_iter().for_each(|single| votes.add(spread(single)));
    }
    votes.majority()
}

/// How often each of the 64 bits was one, counted at once: a count stands upright, its lowest digit in the first word.
#[derive(Default)]
struct Votes {
    counts: [u64; 32],
    hashes: u64,
}

impl Votes {
    /// How far a carry goes cannot be foretold, so the lowest digits are added without a branch; past them seldom one
    /// goes.
    fn add(&mut self, hash: u64) {
        let (low, high) = self.counts.split_at_mut(10);
        let carry = Votes::carried(low, hash);
        if carry != 0 {
            Votes::carried(high, carry);
        }
        self.hashes += 1;
    }

    fn carried(counts: &mut [u64], hash: u64) -> u64 {
        counts.iter_mut().fold(hash, |carry, count| {
            let next = *count & carry;
            *count ^= carry;
            next
        })
    }

    fn majority(&self) -> u64 {
        let ones = |bit: u32| self.counts.iter().rev().fold(0, |ones, count| ones << 1 | (count >> bit & 1));
        (0..64).fold(0, |hash, bit| hash | u64::from(2 * ones(bit) > self.hashes) << bit)
    }
}

/// FNV-1a with a final avalanche (splitmix64): the same in every build, because it is kept in `newswire.seen`.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

fn hash_on(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn spread(hash: u64) -> u64 {
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

    /// They are kept in `newswire.seen`, so no build may come to others. Worked out by a script of its own.
    #[test]
    fn fingerprints_are_the_same_in_every_build() {
        for (text, content_hash, simhash) in [
            ("", 0xe3b0_c442_98fc_1c14_9afb_f4c8_996f_b924, 0),
            ("One", 0x7692_c3ad_3540_bb80_3c02_0b3a_ee66_cd88, 0x90a9_0ffe_25c3_69a7),
            (
                "The mayor's office said: 42 people, ﬁve dogs.",
                0x3d67_48e4_3579_954d_31ae_417c_ecb3_060b,
                0x32dc_6b7f_1875_8061,
            ),
            (
                "Straße Ünïcode é İstanbul",
                0x5d33_730d_be4d_0063_a62c_71f8_d0fd_5111,
                0x8520_5130_8a12_204a_u64,
            ),
            (
                "東京の天気は晴れ then rain",
                0x23ae_a2d5_6b03_3d6b_4790_ae16_273e_4cd9_u128,
                0x1303_9495_2ffc_8066,
            ),
        ] {
            let told = fingerprint("", text);
            assert_eq!((told.content_hash, told.simhash), (content_hash, simhash), "{text}");
        }
    }

    #[test]
    fn a_text_normalized_in_parts_is_that_normalized_as_a_whole() {
        for text in [
            "",
            "plain",
            "e\u{301}te\u{301} a\u{327}\u{301}b",
            "\u{301}x ﬁ… ½ Ａb①②x",
            "한\u{1112}\u{1161}\u{11ab} \u{1112}a\u{1161}",
            "q\u{307}\u{323}é\u{323}. Å Ω\u{a0}x\u{a0}",
        ] {
            let mut whole = Words { joined: Vec::new(), open: false };
            whole.read(&text.nfkc().collect::<String>());
            whole.close();
            whole.joined.pop();
            assert_eq!(words_of(text), whole.joined, "{text}");
        }
    }

    /// More than the ten lowest digits hold.
    #[test]
    fn the_most_votes_win_in_a_long_text() {
        let (many, few) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        let mut votes = Votes::default();
        (0..5000).for_each(|number| votes.add(if number % 5 < 3 { many } else { few }));
        assert_eq!(votes.majority(), many);
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
