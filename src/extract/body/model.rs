//! The fitted chooser: sums of decision trees over a block's features, as `tools/fit_body_model.py` writes them.

use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::parse(include_str!("model/trees.txt")));

/// Most blocks are menus and teasers, decided after few trees. What is below `hopeless` counts as this (a probability of
/// one percent), and the other trees, which only refine, are not asked.
const HOPELESS: f32 = -4.6;
const TREES_BETWEEN_LOOKS: usize = 10;

/// The sum after so many trees from which no block comes back, or too few to matter: a soft cascade (Bourdev and Brandt
/// 2005), for trees of the learning rate in `tools/fit_body_model.py`. By the pages that each fold was not fitted to,
/// 84 trees a block instead of 150, and no F1 fell by .0001.
fn hopeless(trees: usize) -> f32 {
    (-1.2 - 0.03 * trees as f32).max(-3.0)
}

/// What a leaf's `feature` says.
const LEAF: u16 = u16::MAX;

/// A step down a tree: eight bytes, so that a tree is a few lines of the processor's cache.
#[derive(Clone, Copy)]
struct Step {
    feature: u16,
    /// Where a larger value leads; every other goes to the next step.
    right: u16,
    /// The threshold, or what a row is worth that ends here.
    value: f32,
}

/// In preorder, the root first, a leaf of no weight last.
#[derive(Default)]
struct Tree(Vec<Step>);

impl Tree {
    /// What is not well formed leads to the leaf of no weight.
    fn parse(line: &str) -> Tree {
        let mut steps: Vec<Step> = Vec::new();
        // Steps whose right side is still to come.
        let mut waiting: Vec<usize> = Vec::new();
        let mut words = line.split(' ');
        while let Some(word) = words.next() {
            match word.strip_prefix('=') {
                Some(worth) => {
                    steps.push(Step { feature: LEAF, right: 0, value: worth.parse().unwrap_or(0.0) });
                    if let Some(parent) = waiting.pop() {
                        steps[parent].right = steps.len() as u16;
                    }
                }
                None => {
                    waiting.push(steps.len());
                    let value = words.next().and_then(|t| t.parse().ok()).unwrap_or(0.0);
                    steps.push(Step { feature: word.parse().unwrap_or(LEAF - 1), right: 0, value });
                }
            }
        }
        waiting.iter().for_each(|&at| steps[at].right = steps.len() as u16);
        steps.push(Step { feature: LEAF, right: 0, value: 0.0 });
        Tree(steps)
    }

    /// What a row is worth.
    fn worth(&self, row: &[f32]) -> f32 {
        let mut at = 0;
        loop {
            let step = self.0[at];
            if step.feature == LEAF {
                return step.value;
            }
            let value = row.get(usize::from(step.feature)).copied().unwrap_or(0.0);
            at = if value <= step.value { at + 1 } else { usize::from(step.right) };
        }
    }
}

/// One tree a line.
struct Model(Vec<Tree>);

impl Model {
    fn parse(text: &str) -> Model {
        Model(text.lines().filter(|line| !line.is_empty()).map(Tree::parse).collect())
    }

    /// Some trees over all rows, then the next: so they stay in the processor's cache.
    fn probabilities(&self, rows: &[Vec<f32>]) -> Vec<f32> {
        let mut sums = vec![0.0; rows.len()];
        let mut open: Vec<usize> = (0..rows.len()).collect();
        for (look, trees) in self.0.chunks(TREES_BETWEEN_LOOKS).enumerate() {
            let bound = hopeless(TREES_BETWEEN_LOOKS * look + trees.len());
            open.retain(|&at| {
                sums[at] += trees.iter().map(|tree| tree.worth(&rows[at])).sum::<f32>();
                if sums[at] < bound {
                    sums[at] = sums[at].min(HOPELESS);
                }
                sums[at] >= bound
            });
        }
        sums.into_iter().map(|sum: f32| 1.0 / (1.0 + (-sum).exp())).collect()
    }
}

/// How likely each block is the article's, by its row of features.
pub fn probabilities(rows: &[Vec<f32>]) -> Vec<f32> {
    MODEL.probabilities(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trees: &str, rows: &[Vec<f32>], sums: &[f32]) {
        let told = Model::parse(trees).probabilities(rows);
        let expected: Vec<f32> = sums.iter().map(|sum| 1.0 / (1.0 + f32::exp(-sum))).collect();
        assert!(told.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{told:?} for {expected:?}");
    }

    #[test]
    fn a_tree_is_walked_by_its_thresholds() {
        let rows = [vec![1.0, 0.5], vec![1.5, 0.6], vec![1.6, 0.0]];
        check("0 1.5 1 0.5 =-1 =2 =3\n=0.25\n", &rows, &[-0.75, 2.25, 3.25]);
    }

    #[test]
    fn a_hopeless_block_is_not_shown_to_the_other_trees() {
        let trees = "0 1.5 =-0.2 =-0.1\n".repeat(TREES_BETWEEN_LOOKS) + "=5\n";
        check(&trees, &[vec![1.0], vec![2.0]], &[HOPELESS, 4.0]);
    }

    #[test]
    fn what_is_not_well_formed_weighs_nothing() {
        check("0 1.5 =2\nx\n0\n", &[vec![1.0], vec![2.0], vec![]], &[2.0, 0.0, 2.0]);
    }

    #[test]
    fn the_model_of_the_binary_is_whole() {
        let Model(trees) = &*MODEL;
        assert!(trees.len() >= 50);
        for (number, tree) in trees.iter().enumerate() {
            assert!(tree.0.iter().all(|step| step.value.is_finite()));
            // Every step but the last, which is the leaf of no weight, is reached from one before it.
            let leaves = tree.0.iter().filter(|step| step.feature == LEAF).count();
            assert_eq!(tree.0.len(), 2 * (leaves - 1), "tree {}", number + 1);
        }
    }
}
