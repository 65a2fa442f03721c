//! Records of `newswire.seen` in any number, for benchmarks of memory and restore.

use newswire::identity::{AliasKey, ArticleId, Fingerprint};
use newswire::memory::SeenEntry;

/// Key and value for an article that has so many names; no two numbers share one.
pub fn record(number: u64, names: u64) -> ([u8; 16], Vec<u8>) {
    let entry = SeenEntry {
        version: 1,
        aliases: (0..names).map(|name| AliasKey(spread(number * 8 + name + 1))).collect(),
        fingerprint: Fingerprint { content_hash: number.into(), simhash: number, title_hash: number },
        topics_hash: number,
        candidate_offset: number as i64,
        first_seen: 1_790_000_000_000,
        last_seen: 1_790_000_000_000,
        forgotten: false,
    };
    (ArticleId(spread(u64::MAX - number)).0, entry.encode())
}

/// As even as SHA-256, and cheap.
fn spread(seed: u64) -> [u8; 16] {
    let mix = |seed: u64| {
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let [one, two] = [mix(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)), mix(!seed)];
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&one.to_le_bytes());
    bytes[8..].copy_from_slice(&two.to_le_bytes());
    bytes
}
