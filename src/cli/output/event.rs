//! Events on standard output: JSON lines in a pipe, a short picture of each article on a terminal.

use crate::cli::paint::{Paint, plain};
use crate::record::{ArticleEvent, BlockKind};
use std::io::{self, IsTerminal, Write, stdout};

/// Characters of the body that a person is shown.
const EXCERPT_CHARS: usize = 220;

/// Topics that a person is shown.
const TOPICS_SHOWN: usize = 8;

pub struct EventPrinter {
    for_a_person: bool,
    paint: Paint,
}

impl EventPrinter {
    pub fn new() -> EventPrinter {
        EventPrinter { for_a_person: stdout().is_terminal(), paint: Paint::for_stdout() }
    }

    pub fn print(&self, event: &ArticleEvent) -> io::Result<()> {
        let text = match self.for_a_person {
            true => picture(event, &self.paint),
            false => serde_json::to_string(event)?,
        };
        // One write a line: whoever reads the pipe sees whole events.
        stdout().lock().write_all(format!("{text}\n").as_bytes())
    }
}

/// Title, where and when, names, topics, and how it begins.
fn picture(event: &ArticleEvent, paint: &Paint) -> String {
    let mut lines = vec![paint.title(plain(&event.title)), paint.dim(origin(event))];
    lines.push(format!("  {}", plain(&event.url)));
    if let Some(short_link) = &event.short_link {
        lines.push(paint.dim(format!("  short link {}", plain(short_link))));
    }
    if !event.topics.is_empty() {
        let shown = event.topics.iter().take(TOPICS_SHOWN);
        let topics: Vec<String> =
            shown.map(|topic| format!("{} {:.2}", paint.topic(&topic.id), topic.score)).collect();
        lines.push(format!("  {}", topics.join("  ")));
    }
    match &event.withheld {
        Some(withheld) => lines.push(paint.dim(format!("  text withheld: {}", withheld.because.join(", ")))),
        None => lines.push(format!("  {}", plain(&excerpt(event)))),
    }
    lines.push(String::new());
    lines.join("\n")
}

fn origin(event: &ArticleEvent) -> String {
    let authors: Vec<&str> = event.authors.iter().map(|author| author.name.as_str()).collect();
    let parts = [
        Some(event.publisher.name.clone().unwrap_or_else(|| event.host.clone())),
        event.section.clone(),
        event.published_at.map(|at| at.to_string()),
        (!authors.is_empty()).then(|| authors.join(", ")),
        event.language.clone(),
        Some(format!("{} words", event.word_count)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| plain(&part)).collect();
    format!("  {}", parts.join(" · "))
}

fn excerpt(event: &ArticleEvent) -> String {
    let first = event.paragraphs.iter().find(|block| block.kind == BlockKind::Paragraph);
    let text = first.map_or(event.body.as_str(), |block| block.text.as_str());
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
