//! A bit per byte of a text: where its words are. Found for many bytes at once, without a branch: where a run of letters
//! ends cannot be foretold, and a wrong guess by the processor costs more than the test of a whole block.

use super::script::is_word_byte;

/// Bytes a block: the bits of an integer.
pub(super) const BLOCK: usize = 64;

/// A block of a text: a bit per byte, the first byte lowest.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    /// Letters and digits of ASCII.
    words: u64,
    /// Whatever else is neither white space nor a control character: signs, other scripts.
    others: u64,
    /// The words of the next block.
    next: u64,
    /// The block before ends inside a word.
    begins_inside: bool,
}

/// A text block by block.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let (whole, rest) = text.as_chunks();
    let mut blocks = Vec::with_capacity(whole.len() + 1);
    blocks.extend(whole.iter().map(Block::new));
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    blocks.push(Block::new(&last));
    for index in 1..blocks.len() {
        blocks[index - 1].next = blocks[index].words;
        blocks[index].begins_inside = blocks[index - 1].words >> (BLOCK - 1) == 1;
    }
    blocks
}

impl Block {
    fn new(bytes: &[u8; BLOCK]) -> Block {
        let words = bits(bytes, is_word_byte);
        Block { words, others: bits(bytes, |byte| byte > b' ') & !words, ..Block::default() }
    }

    /// Where words begin, and every byte that is in none.
    pub(super) fn places(&self) -> u64 {
        self.others | self.words & !(self.words << 1 | u64::from(self.begins_inside))
    }

    /// How many bytes of a word begin at this one; of longer words, as many as a block has.
    pub(super) fn word_length(&self, at: usize) -> usize {
        let own = (self.words >> at).trailing_ones() as usize;
        let goes_on = at + own == BLOCK;
        if goes_on { (own + self.next.trailing_ones() as usize).min(BLOCK) } else { own }
    }
}

/// A bit per byte that is so.
fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    flags.iter_mut().zip(block).for_each(|(flag, byte)| *flag = u8::from(is(*byte)));
    let (eights, _) = flags.as_chunks();
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | gathered(u64::from_le_bytes(*eight)))
}

/// The lowest bits of eight bytes, side by side: the multiplication moves byte n's bit to bit 56 + n.
fn gathered(flags: u64) -> u64 {
    flags.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, blocks};
    use crate::topics::script::is_word_byte;

    #[test]
    fn words_begin_and_end_at_every_byte_that_is_none() {
        for byte in 0..=255u8 {
            for length in [1, 3, 8, 62, 63, 64, 65, 130] {
                let text: Vec<u8> = std::iter::repeat_n(b'x', length).chain([byte, b'y', b' ']).collect();
                let blocks = blocks(&text);
                let places = |at: usize| blocks[at / BLOCK].places() >> (at % BLOCK) & 1 == 1;
                let (is_inside, what) = (is_word_byte(byte), format!("{byte:#x} behind {length}"));
                let expected = length + if is_inside { 2 } else { 0 };
                assert_eq!(blocks[0].word_length(0), expected.min(BLOCK), "{what}");
                assert!(places(0) && (1..length).all(|at| !places(at)), "{what}");
                assert_eq!(places(length), !is_inside && byte > b' ', "{what}");
                assert_eq!(places(length + 1), !is_inside, "{what}");
            }
        }
    }
}
