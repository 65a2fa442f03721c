//! The fitted chooser: sums of decision trees over a block's features, as `tools/fit_body_model.py` writes them.

use std::sync::LazyLock;

static TREES: LazyLock<Trees> = LazyLock::new(|| Trees::parse(include_str!("model/trees.txt")));

/// Most blocks are menus and teasers, decided after few trees: below this (a probability of one percent) the others,
/// which only refine, are not asked.
const HOPELESS: f32 = -4.6;
const TREES_BETWEEN_LOOKS: usize = 40;

/// What a leaf's `feature` says.
const LEAF: u16 = u16::MAX;

/// In preorder: the left child follows its parent.
struct Node {
    feature: u16,
    /// The threshold, or the leaf's value.
    value: f32,
    right: u32,
}

struct Trees {
    nodes: Vec<Node>,
    roots: Vec<u32>,
}

impl Trees {
    /// One tree a line; a word that is none of ours ends its tree as a leaf of no weight.
    fn parse(text: &str) -> Trees {
        let mut trees = Trees { nodes: Vec::new(), roots: Vec::new() };
        for line in text.lines().filter(|l| !l.is_empty()) {
            trees.roots.push(trees.nodes.len() as u32);
            trees.tree(line);
        }
        trees
    }

    fn tree(&mut self, line: &str) {
        // Nodes whose right child is still to come.
        let mut waiting: Vec<usize> = Vec::new();
        let mut words = line.split(' ');
        while let Some(word) = words.next() {
            let at = self.nodes.len();
            match word.strip_prefix('=') {
                Some(value) => {
                    self.nodes.push(Node { feature: LEAF, value: value.parse().unwrap_or(0.0), right: 0 });
                    if let Some(parent) = waiting.pop() {
                        self.nodes[parent].right = at as u32 + 1;
                    }
                }
                None => {
                    let feature = word.parse().unwrap_or(LEAF);
                    let value = words.next().and_then(|t| t.parse().ok()).unwrap_or(0.0);
                    self.nodes.push(Node { feature, value, right: 0 });
                    waiting.push(at);
                }
            }
        }
    }

    fn probability(&self, row: &[f32]) -> f32 {
        let mut sum = 0.0;
        for trees in self.roots.chunks(TREES_BETWEEN_LOOKS) {
            sum += trees.iter().map(|&root| self.leaf(root as usize, row)).sum::<f32>();
            if sum < HOPELESS {
                break;
            }
        }
        1.0 / (1.0 + (-sum).exp())
    }

    fn leaf(&self, mut at: usize, row: &[f32]) -> f32 {
        loop {
            let Some(node) = self.nodes.get(at) else { return 0.0 };
            if node.feature == LEAF {
                return node.value;
            }
            let value = row.get(usize::from(node.feature)).copied().unwrap_or(0.0);
            at = if value <= node.value { at + 1 } else { node.right as usize };
        }
    }
}

/// How likely a block is the article's.
pub fn probability(row: &[f32]) -> f32 {
    TREES.probability(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_walked_by_its_thresholds() {
        let trees = Trees::parse("0 1.5 1 0.5 =-1 =2 =3\n=0.25\n");
        for (row, sum) in [([1.0, 0.5], -0.75), ([1.5, 0.6], 2.25), ([1.6, 0.0], 3.25)] {
            let expected = 1.0 / (1.0 + f32::exp(-sum));
            assert!((trees.probability(&row) - expected).abs() < 1e-6, "{row:?}");
        }
    }

    #[test]
    fn the_model_of_the_binary_is_whole() {
        let trees = &*TREES;
        assert!(trees.roots.len() >= 50);
        for (at, node) in trees.nodes.iter().enumerate() {
            assert!(node.value.is_finite());
            let right = node.right as usize;
            assert!(node.feature == LEAF || (right > at && right < trees.nodes.len()), "node {at}");
        }
    }
}
