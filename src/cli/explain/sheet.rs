//! The page that `explain` fills: sections with labelled lines.

use crate::cli::paint::{Paint, plain};
use std::io::{self, Write, stdout};

/// Width of the labels.
const LABEL: usize = 18;

pub struct Sheet {
    paint: Paint,
    is_first: bool,
}

impl Sheet {
    pub fn on_stdout() -> Sheet {
        Sheet { paint: Paint::for_stdout(), is_first: true }
    }

    pub fn section(&mut self, name: &str) -> io::Result<()> {
        let blank = if std::mem::take(&mut self.is_first) { "" } else { "\n" };
        writeln!(stdout().lock(), "{blank}{}", self.paint.title(name.to_uppercase()))
    }

    /// A label and what it says; the text may be a page's.
    pub fn line(&self, label: &str, text: &str) -> io::Result<()> {
        let label = self.paint.dim(format!("{label:<LABEL$}"));
        writeln!(stdout().lock(), "  {label} {}", plain(text))
    }

    /// A line only where there is something to say.
    pub fn line_if(&self, label: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.line(label, text))
    }

    /// A topic with its score and evidence.
    pub fn topic(&self, score: f64, id: &str, evidence: &str, counts: bool) -> io::Result<()> {
        let head = format!("{score:.2} {id:<28}");
        let head = if counts { self.paint.topic(head) } else { self.paint.dim(head) };
        writeln!(stdout().lock(), "  {head} {}", plain(evidence))
    }
}
