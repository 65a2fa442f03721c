//! The page that `explain` fills: sections with labelled lines, on the terminal as they come or as HTML at the end.

use super::html::Page;
use crate::cli::paint::{Paint, plain};
use crate::record::{ArticleEvent, TopicTag};
use std::cell::RefCell;
use std::io::{self, Write, stdout};
use std::time::Duration;

/// Width of the labels.
const LABEL: usize = 18;

pub struct Sheet {
    paint: Paint,
    is_first: bool,
    timings: RefCell<Vec<(&'static str, Duration)>>,
    /// Where it is to become HTML: then nothing is printed before the end.
    page: Option<RefCell<Page>>,
}

impl Sheet {
    pub fn on_stdout() -> Sheet {
        Sheet { paint: Paint::for_stdout(), is_first: true, timings: RefCell::default(), page: None }
    }

    pub fn as_html() -> Sheet {
        Sheet { page: Some(RefCell::default()), ..Sheet::on_stdout() }
    }

    pub fn section(&mut self, name: &str) -> io::Result<()> {
        if let Some(page) = &self.page {
            page.borrow_mut().section(name);
            return Ok(());
        }
        let blank = if std::mem::take(&mut self.is_first) { "" } else { "\n" };
        writeln!(stdout().lock(), "{blank}{}", self.paint.title(name.to_uppercase()))
    }

    /// A label and what it says; the text may be a page's.
    pub fn line(&self, label: &str, text: &str) -> io::Result<()> {
        if let Some(page) = &self.page {
            page.borrow_mut().line(label, text);
            return Ok(());
        }
        let label = self.paint.dim(format!("{label:<LABEL$}"));
        writeln!(stdout().lock(), "  {label} {}", plain(text))
    }

    /// A line only where there is something to say.
    pub fn line_if(&self, label: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.line(label, text))
    }

    /// A topic with its score and evidence. In HTML it stands with the article.
    pub fn topic(&self, score: f64, id: &str, evidence: &str, counts: bool) -> io::Result<()> {
        if self.page.is_some() {
            return Ok(());
        }
        let head = format!("{score:.2} {id:<28}");
        let head = if counts { self.paint.topic(head) } else { self.paint.dim(head) };
        writeln!(stdout().lock(), "  {head} {}", plain(evidence))
    }

    /// How long a step took.
    pub fn timing(&self, what: &'static str, took: Duration) {
        self.timings.borrow_mut().push((what, took));
    }

    /// The article with its topics, for HTML.
    pub fn article(&self, event: &ArticleEvent, topics: &[TopicTag], threshold: f64) {
        if let Some(page) = &self.page {
            page.borrow_mut().article(event, topics, threshold);
        }
    }

    /// The timings; and in HTML all of it.
    pub fn finish(&mut self, url: &str) -> io::Result<()> {
        let timings = self.timings.take();
        if let Some(page) = self.page.take() {
            let mut page = page.into_inner();
            timings.into_iter().for_each(|(what, took)| page.timing(what, took));
            return stdout().lock().write_all(page.render(url).as_bytes());
        }
        self.section("timings")?;
        for (what, took) in timings {
            self.line(what, &format!("{:.1} ms", took.as_secs_f64() * 1000.0))?;
        }
        Ok(())
    }
}
