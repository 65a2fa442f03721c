//! From how likely each block is to which are kept: the threshold, and what no threshold sees.

use super::blocks::TextBlock;
use super::features::squash;
use hashbrown::HashMap;

/// Kept above this. The cross-validated F1 is flat from .4 to .5 (`tools/fit_body_model.py`).
const KEEP_ABOVE: f32 = 0.45;
/// Where nothing is that likely, the best of the page is kept down to this share of the likeliest block.
const FALLBACK_SHARE: f32 = 0.5;
/// Less text than this is no article: the fallback is tried.
const MIN_CHARS: u32 = 100;
/// Shorter texts may be said twice.
const MIN_REPEATED_CHARS: u32 = 60;

pub fn choose(blocks: &[TextBlock], likely: &[f32]) -> Vec<bool> {
    let above = |threshold: f32| likely.iter().map(|&p| p > threshold).collect::<Vec<bool>>();
    let chars =
        |keep: &[bool]| blocks.iter().zip(keep).filter(|(_, k)| **k).map(|(b, _)| b.chars).sum::<u32>();
    let mut keep = above(KEEP_ABOVE);
    if chars(&keep) < MIN_CHARS {
        let likeliest =
            blocks.iter().zip(likely).filter(|(b, _)| b.chars >= 40).map(|(_, p)| *p).fold(0.0, f32::max);
        keep = above((likeliest * FALLBACK_SHARE).clamp(0.02, KEEP_ABOVE));
    }
    drop_copies(blocks, likely, &mut keep);
    keep
}

/// A paragraph that stands twice (teaser, print or mobile copy) is kept where it is likeliest, the first among equals.
fn drop_copies(blocks: &[TextBlock], likely: &[f32], keep: &mut [bool]) {
    let mut best: HashMap<String, usize> = HashMap::new();
    for i in 0..blocks.len() {
        if !keep[i] || blocks[i].chars < MIN_REPEATED_CHARS {
            continue;
        }
        match best.entry(squash(&blocks[i].text)) {
            hashbrown::hash_map::Entry::Vacant(entry) => {
                entry.insert(i);
            }
            hashbrown::hash_map::Entry::Occupied(mut entry) => {
                let other = *entry.get();
                let replaces = likely[i] > likely[other] + 0.2;
                keep[if replaces { other } else { i }] = false;
                if replaces {
                    entry.insert(i);
                }
            }
        }
    }
}
