//! The numbers of the score. They are data (`config/topics/scoring.toml`), chosen by `tools/topics_fit.py`.

use super::Problem;
use super::schema::{Kind, Raw};
use super::taxonomy::Family;

/// How much one mention of each kind of word counts, and how the zones add up per family.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    kinds: [f64; Kind::ALL.len()],
    /// "Delhi Petroleum": a place inside a company's name.
    pub inside_organisation: f64,
    /// "Australian dollar".
    pub currency: f64,
    /// A leader's name, for a country that the document names as well.
    pub leader: f64,
    /// Any place in a dateline, a small town included.
    pub dateline: f64,
    families: [FamilyWeights; 4],
}

/// The log-odds that an article is about a topic; 0 is a score of one half. See `score`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FamilyWeights {
    pub bias: f64,
    /// Times the best mention of the title, of the dateline.
    pub title: f64,
    pub dateline: f64,
    /// Times `ln(1 + sum of the mentions)`.
    pub lead: f64,
    pub body: f64,
    /// In an enumeration of three, and once more of five.
    pub listed: f64,
    pub long_list: f64,
    /// Times the position of the body's first mention, 0 to 1.
    pub late: f64,
    /// Times the share of the family's strongest topic.
    pub rank: f64,
    /// The family's only topic.
    pub alone: f64,
    /// Times `ln(bytes of the body / 1000)`: one mention says more in a short text.
    pub length: f64,
}

impl Weights {
    /// All numbers at one, so that a taxonomy without a `[scoring]` still works.
    fn plain() -> Weights {
        let plain = FamilyWeights {
            bias: -1.0,
            title: 1.0,
            dateline: 1.0,
            lead: 1.0,
            body: 1.0,
            ..Default::default()
        };
        Weights {
            kinds: [1.0; Kind::ALL.len()],
            inside_organisation: 1.0,
            currency: 1.0,
            leader: 0.0,
            dateline: 1.0,
            families: [plain; 4],
        }
    }

    /// Reads the numbers of all files; unknown names are problems.
    pub(super) fn read(raw: &Raw) -> (Weights, Vec<Problem>) {
        let (mut weights, mut problems) = (Weights::plain(), Vec::new());
        for (section, key, number, place) in &raw.numbers {
            match weights.slot(section, key) {
                Some(slot) if number.is_finite() => *slot = *number,
                Some(_) => problems.push(problem(place, format!("\"{key}\" must be a finite number"))),
                None => problems.push(problem(place, format!("unknown key \"{key}\" in \"{section}\""))),
            }
        }
        (weights, problems)
    }

    pub(super) fn of_kind(&self, kind: Kind) -> f64 {
        let index = Kind::ALL.iter().position(|(_, k)| *k == kind);
        index.map_or(1.0, |index| self.kinds[index])
    }

    pub(super) fn of_family(&self, family: Family) -> &FamilyWeights {
        &self.families[family as usize]
    }

    fn slot(&mut self, section: &str, key: &str) -> Option<&mut f64> {
        let family = match section {
            "weights" => return self.word_slot(key),
            "country" => Family::Country,
            "org" => Family::Org,
            "person" => Family::Person,
            "theme" => Family::Theme,
            _ => return None,
        };
        let family = &mut self.families[family as usize];
        match key {
            "bias" => Some(&mut family.bias),
            "title" => Some(&mut family.title),
            "dateline" => Some(&mut family.dateline),
            "lead" => Some(&mut family.lead),
            "body" => Some(&mut family.body),
            "listed" => Some(&mut family.listed),
            "long_list" => Some(&mut family.long_list),
            "late" => Some(&mut family.late),
            "rank" => Some(&mut family.rank),
            "alone" => Some(&mut family.alone),
            "length" => Some(&mut family.length),
            _ => None,
        }
    }

    fn word_slot(&mut self, key: &str) -> Option<&mut f64> {
        match key {
            "inside_organisation" => Some(&mut self.inside_organisation),
            "currency" => Some(&mut self.currency),
            "dateline" => Some(&mut self.dateline),
            "leader" => Some(&mut self.leader),
            _ => Kind::ALL.iter().position(|(name, _)| *name == key).map(|i| &mut self.kinds[i]),
        }
    }
}

fn problem(place: &super::schema::Place, message: String) -> Problem {
    Problem { file: place.file.clone(), line: place.line, column: 0, message }
}
