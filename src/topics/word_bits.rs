//! A bit per byte of a text: where its words are. Found for many bytes at once, without a branch: where a run of letters
//! ends cannot be foretold, and a wrong guess by the processor costs more than the test of a whole block.

use super::script::is_word_byte;

/// Bytes a block: the bits of an integer.
pub(super) const BLOCK: usize = 64;

/// Which bytes are ASCII letters and digits.
pub(super) struct WordBits {
    blocks: Vec<u64>,
}

impl WordBits {
    pub(super) fn new(text: &[u8]) -> WordBits {
        WordBits { blocks: blocks(text).map(|block| bits(&block, is_word_byte)).collect() }
    }

    /// In a block of the text, the bytes that begin a word, and those of signs and of other scripts.
    pub(super) fn starts_and_signs(&self, index: usize, block: &[u8; BLOCK]) -> u64 {
        let words = self.blocks[index];
        let before = if index == 0 { 0 } else { self.blocks[index - 1] };
        let inside = words & (words << 1 | before >> (BLOCK - 1));
        bits(block, |byte| byte > b' ') & !inside
    }

    /// How many bytes of a word begin at this one; a word is looked at for one block at most.
    pub(super) fn length(&self, at: usize) -> usize {
        let (block, bit) = (at / BLOCK, at % BLOCK);
        let length = (!(self.blocks[block] >> bit)).trailing_zeros() as usize;
        let is_cut = bit + length == BLOCK;
        let rest = if is_cut { self.blocks.get(block + 1).map_or(0, |next| next.trailing_ones()) } else { 0 };
        length + rest as usize
    }
}

/// A text in blocks, the last one filled up with bytes that are no word's.
pub(super) fn blocks(text: &[u8]) -> impl ExactSizeIterator<Item = [u8; BLOCK]> {
    text.chunks(BLOCK).map(|chunk| {
        chunk.try_into().unwrap_or_else(|_| {
            let mut block = [0; BLOCK];
            block[..chunk.len()].copy_from_slice(chunk);
            block
        })
    })
}

/// A bit per byte that is so, the first byte lowest.
pub(super) fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    flags.iter_mut().zip(block).for_each(|(flag, byte)| *flag = u8::from(is(*byte)));
    let (eights, _) = flags.as_chunks();
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | gathered(u64::from_le_bytes(*eight)))
}

/// The lowest bits of eight bytes, side by side: the multiplication moves byte n's bit to bit 56 + n.
fn gathered(flags: u64) -> u64 {
    flags.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
