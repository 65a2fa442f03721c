//! Colour for a person at a terminal, none in a pipe or with NO_COLOR; and text that cannot paint by itself.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{IsTerminal, stdout};

/// Paints, or leaves as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    pub fn for_stdout() -> Paint {
        // https://no-color.org: set and not empty means no colour.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { on: stdout().is_terminal() && !refused }
    }

    pub fn title(&self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub fn topic(&self, text: impl Display) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    pub fn dim(&self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    fn paint(&self, style: Style, text: impl Display) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

/// Text of a page without control characters: a headline must not move the cursor of who reads it.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
