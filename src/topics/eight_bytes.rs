//! Tests of eight bytes at once: where a run of letters ends cannot be foretold, and a wrong guess by the processor
//! costs more than all eight tests. What a test finds is the highest bit of each byte, the first byte lowest.

/// Found everywhere.
pub(super) const ALL: u64 = HIGH;

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// The first eight bytes of a text, where it has so many.
pub(super) fn first(text: &[u8]) -> Option<u64> {
    text.first_chunk().map(|head| u64::from_le_bytes(*head))
}

/// How many bytes lie before the first one that a test found; 8 where it found none.
pub(super) fn before(found: u64) -> usize {
    found.trailing_zeros() as usize / 8
}

/// Bytes that are no ASCII letters or digits.
pub(super) fn outside_words(bytes: u64) -> u64 {
    let in_word = within(bytes | (0x20 * EACH), b'a', b'z') | within(bytes, b'0', b'9');
    not(in_word) | bytes & HIGH
}

/// Bytes that are neither printing ASCII nor a space, or are the grave accent.
pub(super) fn not_plain(bytes: u64) -> u64 {
    not(within(bytes, b' ', b'~')) | equal(bytes, b'`') | bytes & HIGH
}

pub(super) fn spaces(bytes: u64) -> u64 {
    equal(bytes, b' ') & !bytes
}

/// The last byte's bit of a test becomes the first one's of the next eight bytes, the others move one on.
pub(super) fn shifted(found: u64, last_before: u64) -> u64 {
    found << 8 | last_before >> 56
}

/// The bytes from `first` to `last`, as far as they are ASCII.
fn within(bytes: u64, first: u8, last: u8) -> u64 {
    from(bytes, first) & not(from(bytes, last + 1))
}

fn equal(bytes: u64, byte: u8) -> u64 {
    not(from(bytes ^ (u64::from(byte) * EACH), 1))
}

/// Below 0x80 an addition reaches the highest bit from a limit on, and never the next byte.
fn from(bytes: u64, first: u8) -> u64 {
    ((bytes & !HIGH) + EACH * u64::from(0x80 - first)) & HIGH
}

fn not(found: u64) -> u64 {
    !found & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_told_apart_in_each_place() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                let mut text = *b"aaaaaaaa";
                text[place] = byte;
                let (bytes, c) = (u64::from_le_bytes(text), char::from(byte));
                let expected = |is_found: bool| if is_found { place } else { 8 };
                assert_eq!(before(outside_words(bytes)), expected(!c.is_ascii_alphanumeric()), "{byte:#x}");
                let is_plain = matches!(byte, b' '..=b'_' | b'a'..=b'~');
                assert_eq!(before(not_plain(bytes)), expected(!is_plain), "{byte:#x}");
                assert_eq!(before(spaces(bytes)), expected(byte == b' '), "{byte:#x}");
            }
        }
    }
}
