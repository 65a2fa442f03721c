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

/// Blocks that are weighed side by side: as many numbers as any processor compares with one instruction (twice as many
/// took longer).
const LANES: usize = 4;
/// Leaves of a tree that count: a set of them is the bits of a number. The fitted trees have 28.
const MAX_LEAVES: usize = 32;

/// One number of every block.
type Lanes = [f32; LANES];

/// A step down a tree.
struct Step {
    feature: u16,
    threshold: f32,
    /// The leaves that a value above the threshold still leads to; every other leads to all.
    above: u32,
}

/// In preorder, the root first. Where a row ends is found without walking: every step takes out the leaves that it leads
/// away from, and the first that is left is it (QuickScorer, Lucchese et al. 2015). No branch has to be foretold, and
/// blocks go side by side.
struct Tree {
    steps: Vec<Step>,
    /// What a row is worth that ends there, the leaves from left to right; the last is that of no leaf.
    worths: [f32; MAX_LEAVES + 1],
}

impl Tree {
    /// What is not well formed leads to a leaf of no weight.
    fn parse(line: &str) -> Tree {
        let mut tree = Tree { steps: Vec::new(), worths: [0.0; MAX_LEAVES + 1] };
        let mut leaves = 0;
        // Steps whose right side is still to come, with the first leaf of their left side.
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        let mut words = line.split(' ');
        while let Some(word) = words.next() {
            match word.strip_prefix('=') {
                Some(worth) => {
                    tree.worths[leaves] = worth.parse().unwrap_or(0.0);
                    leaves = (leaves + 1).min(MAX_LEAVES);
                    if let Some((parent, first)) = waiting.pop() {
                        tree.steps[parent].above = !(bits_below(leaves) & !bits_below(first));
                    }
                }
                None => {
                    waiting.push((tree.steps.len(), leaves));
                    let threshold = words.next().and_then(|t| t.parse().ok()).unwrap_or(0.0);
                    let feature = word.parse().unwrap_or(u16::MAX);
                    tree.steps.push(Step { feature, threshold, above: u32::MAX });
                }
            }
        }
        tree.worths[MAX_LEAVES] = 0.0;
        tree
    }

    /// Adds what each of the blocks is worth; a feature that they do not have is 0.
    fn add_worths(&self, columns: &[Lanes], sums: &mut Lanes) {
        let mut leaves = [u32::MAX; LANES];
        for step in &self.steps {
            let column = columns.get(usize::from(step.feature)).unwrap_or(&[0.0; LANES]);
            for (leaves, value) in leaves.iter_mut().zip(column) {
                // All bits where the value is not above the threshold.
                let all = u32::from(*value <= step.threshold).wrapping_neg();
                *leaves &= all | step.above;
            }
        }
        for (sum, leaves) in sums.iter_mut().zip(leaves) {
            *sum += self.worths[leaves.trailing_zeros() as usize];
        }
    }
}

fn bits_below(leaf: usize) -> u32 {
    1_u32.checked_shl(leaf as u32).map_or(u32::MAX, |bit| bit - 1)
}

/// One tree a line.
struct Model(Vec<Tree>);

impl Model {
    fn parse(text: &str) -> Model {
        Model(text.lines().filter(|line| !line.is_empty()).map(Tree::parse).collect())
    }

    /// By rows of at most `width` numbers.
    fn probabilities(&self, mut rows: impl Iterator<Item = Vec<f32>>, width: usize) -> Vec<f32> {
        let mut probabilities = Vec::new();
        let mut columns = vec![[0.0; LANES]; width];
        loop {
            let mut taken = 0;
            for row in rows.by_ref().take(LANES) {
                columns.iter_mut().zip(row).for_each(|(column, value)| column[taken] = value);
                taken += 1;
            }
            if taken == 0 {
                return probabilities;
            }
            let sums = self.sums(&columns);
            probabilities.extend(sums[..taken].iter().map(|sum| 1.0 / (1.0 + (-sum).exp())));
        }
    }

    /// Kept apart from its caller: within that, changes elsewhere have made this loop slower.
    #[inline(never)]
    fn sums(&self, columns: &[Lanes]) -> Lanes {
        let (mut sums, mut is_open) = ([0.0; LANES], [true; LANES]);
        for (look, trees) in self.0.chunks(TREES_BETWEEN_LOOKS).enumerate() {
            let bound = hopeless(TREES_BETWEEN_LOOKS * look + trees.len());
            let mut worths = [0.0; LANES];
            trees.iter().for_each(|tree| tree.add_worths(columns, &mut worths));
            for ((sum, is_open), worth) in sums.iter_mut().zip(&mut is_open).zip(worths) {
                if *is_open {
                    *sum += worth;
                    *is_open = *sum >= bound;
                    *sum = if *is_open { *sum } else { sum.min(HOPELESS) };
                }
            }
            if is_open == [false; LANES] {
                break;
            }
        }
        sums
    }
}

/// How likely each block is the article's, by its row of features.
pub fn probabilities(rows: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    MODEL.probabilities(rows, super::features::COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trees: &str, rows: &[[f32; 2]], sums: &[f32]) {
        let told = Model::parse(trees).probabilities(rows.iter().map(|row| row.to_vec()), 2);
        assert_eq!(told.len(), rows.len());
        let expected: Vec<f32> = sums.iter().map(|sum| 1.0 / (1.0 + f32::exp(-sum))).collect();
        assert!(told.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{told:?} for {expected:?}");
    }

    #[test]
    fn a_tree_is_walked_by_its_thresholds() {
        let rows = [[1.0, 0.5], [1.5, 0.6], [1.6, 0.0], [1.0, 0.0], [1.5, 1.0]];
        check("0 1.5 1 0.5 =-1 =2 =3\n=0.25\n", &rows, &[-0.75, 2.25, 3.25, -0.75, 2.25]);
    }

    #[test]
    fn a_hopeless_block_is_not_shown_to_the_other_trees() {
        let trees = "0 1.5 =-0.2 =-0.1\n".repeat(TREES_BETWEEN_LOOKS) + "=5\n";
        check(&trees, &[[1.0, 0.0], [2.0, 0.0]], &[HOPELESS, 4.0]);
    }

    #[test]
    fn what_is_not_well_formed_weighs_nothing() {
        check("0 1.5 =2\nx\n0\n9 -1 =1 =1.5\n", &[[1.0, 0.0], [2.0, 0.0]], &[3.5, 1.5]);
        // Leaves beyond those that count.
        let deep = "0 9 ".repeat(50) + &"=1 ".repeat(51);
        check(deep.trim_end(), &[[1.0, 0.0], [10.0, 0.0]], &[1.0, 0.0]);
    }

    #[test]
    fn the_model_of_the_binary_is_whole() {
        let Model(trees) = &*MODEL;
        assert!(trees.len() >= 50);
        for (number, tree) in trees.iter().enumerate() {
            assert!(tree.steps.iter().all(|step| step.threshold.is_finite()));
            assert!(tree.worths.iter().all(|worth| worth.is_finite()));
            // Every step leads away from some leaves, and one more leaf than there are steps stands at the ends.
            assert!(tree.steps.iter().all(|step| step.above != u32::MAX));
            let reached = tree.worths[..=tree.steps.len()].iter().all(|worth| *worth != 0.0);
            assert!(
                reached && tree.worths[tree.steps.len() + 1..].iter().all(|worth| *worth == 0.0),
                "{number}"
            );
        }
    }
}
