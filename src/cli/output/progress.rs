//! The progress bar of a long run: on a terminal only, and never in the way of logs and events.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write, stderr};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// A bar on standard error. Hidden where that is no terminal: then nothing is ever drawn.
#[derive(Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// `total` is not known when URLs come through a pipe.
    pub fn new(total: Option<u64>) -> Progress {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{bar:30} {pos}/{len} URLs  {per_sec}  {eta} left",
            None => "{spinner} {pos} URLs  {per_sec}  {elapsed}",
        };
        // indicatif paints nothing with these templates, so NO_COLOR asks nothing of the bar.
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress(bar)
    }

    pub fn one_done(&self) {
        self.0.inc(1);
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }

    /// Does something that writes to the terminal, with the bar out of its way.
    pub fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// For the logs.
    pub fn log_writer(&self) -> BoxMakeWriter {
        let progress = self.clone();
        BoxMakeWriter::new(move || AroundTheBar(progress.clone()))
    }
}

struct AroundTheBar(Progress);

impl Write for AroundTheBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.around(|| stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}
