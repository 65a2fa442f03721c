//! Hundreds of short patterns, every place of each.
//!
//! An automaton of so many is larger than the first caches, and each of its steps waits for the one before. Here a byte
//! is looked at where it stands: do it and the two behind it begin a pattern? Few do, and only there one is compared.

use hashbrown::HashMap;
use smallvec::SmallVec;

pub struct Patterns {
    patterns: Vec<&'static str>,
    /// One bit a hash of three bytes with which a pattern begins.
    beginnings: Box<[u64; 1 << (HASH_BITS - 6)]>,
    /// Two bytes -> the patterns that begin with them.
    by_pair: HashMap<[u8; 2], Vec<u16>>,
}

/// Of a few hundred patterns, one in a hundred strange beginnings passes; the bits are 4 kB.
const HASH_BITS: u32 = 15;

fn hash(beginning: [u8; 3]) -> usize {
    let [a, b, c] = beginning.map(u32::from);
    ((a | b << 8 | c << 16).wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

impl Patterns {
    /// Of patterns in lower case with two bytes or more.
    pub fn new(patterns: impl Iterator<Item = &'static str>) -> Patterns {
        let mut all =
            Patterns { patterns: Vec::new(), beginnings: Box::new([0; _]), by_pair: HashMap::new() };
        for (pattern, number) in patterns.zip(0_u16..) {
            let bytes = pattern.as_bytes();
            let thirds = bytes.get(2).map_or(0..=u8::MAX, |third| *third..=*third);
            for third in thirds {
                let hash = hash([bytes[0], bytes[1], third]);
                all.beginnings[hash / 64] |= 1 << (hash % 64);
            }
            all.by_pair.entry([bytes[0], bytes[1]]).or_default().push(number);
            all.patterns.push(pattern);
        }
        all
    }

    /// Calls `found` with the pattern's number and the place of its first byte, whatever the case of ASCII letters.
    pub fn each(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        let mut lower: SmallVec<[u8; 512]> = SmallVec::from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        // So that the last two bytes are looked at as well.
        lower.extend([0, 0]);
        for (at, three) in lower.windows(3).enumerate() {
            let hash = hash([three[0], three[1], three[2]]);
            if self.beginnings[hash / 64] >> (hash % 64) & 1 == 0 {
                continue;
            }
            for &number in self.by_pair.get(&[three[0], three[1]]).into_iter().flatten() {
                if lower[at..text.len()].starts_with(self.patterns[usize::from(number)].as_bytes()) {
                    found(usize::from(number), at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERNS: [&str; 7] = ["ab", "aba", "bab", "abab", "©", "ab c", "更多"];

    proptest! {
        #[test]
        fn every_place_of_every_pattern_is_found(text in "[abABc© 更多\0]{0,40}") {
            let mut found = Vec::new();
            Patterns::new(PATTERNS.into_iter()).each(&text, |pattern, at| found.push((at, pattern)));
            let lower = text.to_ascii_lowercase();
            let begins = |at: usize, pattern: &str| lower.as_bytes()[at..].starts_with(pattern.as_bytes());
            let all = (0..text.len()).flat_map(|at| (0..PATTERNS.len()).map(move |pattern| (at, pattern)));
            let expected: Vec<_> = all.filter(|(at, pattern)| begins(*at, PATTERNS[*pattern])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
