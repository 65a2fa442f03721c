//! The fitted chooser: sums of decision trees over a block's features, as `tools/fit_body_model.py` writes them.

use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::parse(include_str!("model/trees.txt")));

/// Most blocks are menus and teasers, decided after few trees: below this (a probability of one percent) the others,
/// which only refine, are not asked.
const HOPELESS: f32 = -4.6;
const TREES_BETWEEN_LOOKS: usize = 40;
/// Rows that go down a tree side by side: each step waits for the one before it, those of other rows do not.
const LANES: usize = 8;

/// A step down a tree. A leaf leads to itself: nothing is at most what is no number.
#[derive(Clone, Copy)]
struct Step {
    feature: u16,
    /// Where a larger value leads; every other goes to the next step.
    right: u16,
    at_most: f32,
}

/// In preorder, the root first, a leaf of no weight last.
#[derive(Default)]
struct Tree {
    steps: Vec<Step>,
    /// What a row is worth that ends there.
    worth: Vec<f32>,
    /// Steps to the deepest leaf.
    depth: usize,
}

impl Tree {
    /// What is not well formed leads to the leaf of no weight.
    fn parse(line: &str) -> Tree {
        let mut tree = Tree::default();
        // Steps whose right side is still to come.
        let mut waiting: Vec<usize> = Vec::new();
        let mut words = line.split(' ');
        while let Some(word) = words.next() {
            match word.strip_prefix('=') {
                Some(worth) => {
                    tree.leaf(worth.parse().unwrap_or(0.0));
                    if let Some(parent) = waiting.pop() {
                        tree.steps[parent].right = tree.steps.len() as u16;
                    }
                }
                None => {
                    waiting.push(tree.steps.len());
                    let at_most = words.next().and_then(|t| t.parse().ok()).unwrap_or(0.0);
                    tree.steps.push(Step { feature: word.parse().unwrap_or(0), right: 0, at_most });
                    tree.worth.push(0.0);
                }
            }
        }
        waiting.iter().for_each(|&at| tree.steps[at].right = tree.steps.len() as u16);
        tree.leaf(0.0);
        tree.depth = tree.depth();
        tree
    }

    fn leaf(&mut self, worth: f32) {
        self.steps.push(Step { feature: 0, right: self.steps.len() as u16, at_most: f32::NAN });
        self.worth.push(worth);
    }

    fn depth(&self) -> usize {
        let mut depths = vec![0; self.steps.len()];
        for (at, step) in self.steps.iter().enumerate().filter(|(_, step)| !step.at_most.is_nan()) {
            depths[at + 1] = depths[at] + 1;
            depths[usize::from(step.right)] = depths[at] + 1;
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// Adds to each sum what its row is worth.
    fn add(&self, rows: [&[f32]; LANES], sums: &mut [f32; LANES]) {
        let mut at = [0_usize; LANES];
        for _ in 0..self.depth {
            for (at, row) in at.iter_mut().zip(rows) {
                let step = self.steps[*at];
                let value = row.get(usize::from(step.feature)).copied().unwrap_or(0.0);
                *at = if value <= step.at_most { *at + 1 } else { usize::from(step.right) };
            }
        }
        sums.iter_mut().zip(at).for_each(|(sum, at)| *sum += self.worth[at]);
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
        for trees in self.0.chunks(TREES_BETWEEN_LOOKS) {
            for lanes in open.chunks(LANES) {
                // The last lanes may be fewer: what is left over goes down with the first and is not looked at.
                let side_by_side =
                    std::array::from_fn(|i| rows[*lanes.get(i).unwrap_or(&lanes[0])].as_slice());
                let mut added = [0.0; LANES];
                trees.iter().for_each(|tree| tree.add(side_by_side, &mut added));
                lanes.iter().zip(added).for_each(|(&at, added)| sums[at] += added);
            }
            open.retain(|&at| sums[at] >= HOPELESS);
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
    fn more_rows_than_lanes_are_all_told() {
        let rows: Vec<Vec<f32>> = (0..2 * LANES + 3).map(|i| vec![i as f32]).collect();
        let sums: Vec<f32> = (0..rows.len()).map(|i| if i <= 9 { -1.0 } else { 1.0 }).collect();
        check("0 9 =-1 =1\n", &rows, &sums);
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
            assert!(tree.worth.iter().all(|worth| worth.is_finite()));
            // Every step but the last, which is the leaf of no weight, is reached from one before it.
            let leaves = tree.steps.iter().filter(|step| step.at_most.is_nan()).count();
            assert_eq!(tree.steps.len(), 2 * (leaves - 1), "tree {}", number + 1);
        }
    }
}
