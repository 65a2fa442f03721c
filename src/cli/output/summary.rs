//! How the URLs of a run ended: a table whose numbers add up to what came in.

use crate::record::{Ending, Outcome, Reason};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts of (place of the outcome in `Outcome::ALL`, why).
#[derive(Debug, Default)]
pub struct Summary {
    counts: BTreeMap<(usize, &'static str), u64>,
}

impl Summary {
    pub fn add(&mut self, ending: &Ending) {
        let place = Outcome::ALL.iter().position(|outcome| *outcome == ending.outcome).unwrap_or_default();
        let why = ending.reason.map(Reason::as_str).or(ending.duplicate_through).unwrap_or_default();
        *self.counts.entry((place, why)).or_default() += 1;
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// For a person.
    pub fn table(&self) -> String {
        let mut table = String::new();
        let mut last = "";
        for ((place, why), count) in &self.counts {
            let outcome = Outcome::ALL[*place].as_str();
            let shown = if outcome == last { "" } else { outcome };
            // Writing to a String cannot fail.
            let _ = writeln!(table, "  {shown:<11} {why:<20} {count:>7}");
            last = outcome;
        }
        let _ = write!(table, "  {:<11} {:<20} {:>7}", "total", "", self.total());
        table
    }

    /// For a log line: `published=10 duplicate=4 rejected=6`.
    pub fn words(&self) -> String {
        let of = |place: usize| -> u64 {
            self.counts.iter().filter(|((at, _), _)| *at == place).map(|(_, count)| count).sum()
        };
        let words = Outcome::ALL.iter().enumerate().map(|(place, outcome)| (outcome.as_str(), of(place)));
        let words: Vec<String> =
            words.filter(|(_, count)| *count > 0).map(|(word, n)| format!("{word}={n}")).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(outcome: Outcome, reason: Option<Reason>, through: Option<&'static str>) -> Ending {
        Ending {
            outcome,
            reason,
            message: None,
            url: String::new(),
            site: String::new(),
            article_id: None,
            duplicate_through: through,
            version: None,
            duration_ms: None,
            source: String::new(),
            traceparent: None,
        }
    }

    #[test]
    fn the_table_adds_up() {
        let mut summary = Summary::default();
        for _ in 0..3 {
            summary.add(&ending(Outcome::Published, None, None));
        }
        summary.add(&ending(Outcome::Duplicate, None, Some("short_link")));
        summary.add(&ending(Outcome::Rejected, Some(Reason::NotFound), None));
        summary.add(&ending(Outcome::Rejected, Some(Reason::Noindex), None));
        let rows: Vec<Vec<String>> =
            summary.table().lines().map(|row| row.split_whitespace().map(str::to_owned).collect()).collect();
        let expected = [
            vec!["published", "3"],
            vec!["duplicate", "short_link", "1"],
            vec!["rejected", "noindex", "1"],
            vec!["not_found", "1"],
            vec!["total", "6"],
        ];
        assert_eq!(rows, expected);
        assert_eq!(summary.words(), "published=3 duplicate=1 rejected=2");
    }
}
