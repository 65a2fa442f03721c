//! `explain --html`: one self-contained page with the article, its evidence highlighted, and how it was come by.
//!
//! Nothing is loaded and no script runs; every text of the page that is explained is escaped.

use crate::record::{ArticleEvent, Block, BlockKind, Field, Mention, TopicTag};
use std::fmt::Write;
use std::time::Duration;

const STYLE: &str = include_str!("explain.css");

/// What the sheet was told, for the page.
#[derive(Default)]
pub struct Page {
    sections: Vec<Section>,
    article: Option<ArticleEvent>,
    topics: Vec<TopicTag>,
    threshold: f64,
    timings: Vec<(&'static str, Duration)>,
}

struct Section {
    name: String,
    lines: Vec<(String, String)>,
}

impl Page {
    pub fn section(&mut self, name: &str) {
        self.sections.push(Section { name: name.to_owned(), lines: Vec::new() });
    }

    pub fn line(&mut self, label: &str, text: &str) {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push((label.to_owned(), text.to_owned()));
        }
    }

    pub fn timing(&mut self, what: &'static str, took: Duration) {
        self.timings.push((what, took));
    }

    pub fn article(&mut self, event: &ArticleEvent, topics: &[TopicTag], threshold: f64) {
        self.article = Some(event.clone());
        self.topics = topics.to_vec();
        self.threshold = threshold;
    }

    pub fn render(&self, url: &str) -> String {
        let title = self.article.as_ref().map_or(url, |article| article.title.as_str());
        let verdict = self.sections.iter().find(|section| section.name == "verdict");
        let verdict = verdict.and_then(|section| section.lines.first());
        // A URL that ends earlier has its end in the last line of the last step.
        let last = self.sections.last().and_then(|section| section.lines.last());
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{} · newswire explain</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n\
             <header><span class=\"brand\">newswire explain</span> <span class=\"soft url\">{}</span></header>\n",
            escaped(title),
            escaped(url),
        );
        if let Some((label, text)) = verdict.or(last) {
            let class = if label == "published" { "good" } else { "bad" };
            let _ = writeln!(
                page,
                "<p class=\"verdict\"><b class=\"{class}\">{}</b> {}</p>",
                escaped(label),
                escaped(text)
            );
        }
        page.push_str("<div class=\"columns\">\n<div>\n");
        if let Some(article) = &self.article {
            page.push_str(&self.article_html(article));
        }
        self.sections.iter().for_each(|section| page.push_str(&section_html(section)));
        page.push_str("</div>\n<aside>\n");
        page.push_str(&self.topics_html());
        page.push_str(&self.timings_html());
        page.push_str("</aside></div>\n</main></body></html>\n");
        page
    }

    fn article_html(&self, article: &ArticleEvent) -> String {
        let mentions = |field| mentions_of(&self.topics, field);
        let title = highlighted(&article.title, 0, &mentions(Field::Title), self.threshold);
        let mut html =
            format!("<article class=\"card\"><h1>{title}</h1>\n<p class=\"soft\">{}</p>\n", byline(article));
        let (in_body, mut offset) = (mentions(Field::Body), 0);
        for block in &article.paragraphs {
            // Captions are not in the body; offsets count its code points, blank lines between blocks included.
            let is_in_body = block.kind != BlockKind::Caption;
            let text = match is_in_body {
                true => highlighted(&block.text, offset, &in_body, self.threshold),
                false => escaped(&block.text),
            };
            html.push_str(&block_html(block, &text));
            if is_in_body {
                offset += block.text.chars().count() + 2;
            }
        }
        html.push_str("</article>\n");
        html
    }

    fn topics_html(&self) -> String {
        if self.topics.is_empty() {
            return String::new();
        }
        let mut html = String::from("<section class=\"card\"><h2>Topics</h2>\n");
        for topic in &self.topics {
            let class = if topic.score >= self.threshold { "" } else { " below" };
            let _ = writeln!(
                html,
                "<div class=\"topic{class}\"><div class=\"pair\"><span><i class=\"{family}\"></i>{name} <small>{id}</small></span>\
                 <b>{score:.2}</b></div>\
                 <svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\"><rect class=\"track\" width=\"100\" height=\"6\"/>\
                 <rect class=\"{family}\" width=\"{width:.1}\" height=\"6\"/>\
                 <line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"6\"/></svg>\
                 <small>{count} mention{s}</small></div>",
                family = family(&topic.id),
                name = escaped(&topic.name),
                id = escaped(&topic.id),
                score = topic.score,
                width = topic.score * 100.0,
                at = self.threshold * 100.0,
                count = topic.mentions.len(),
                s = if topic.mentions.len() == 1 { "" } else { "s" },
            );
        }
        html.push_str("</section>\n");
        html
    }

    fn timings_html(&self) -> String {
        let longest = self.timings.iter().map(|(_, took)| took.as_secs_f64()).fold(0.001, f64::max);
        let mut html = String::from("<section class=\"card\"><h2>Timings</h2>\n");
        for (what, took) in &self.timings {
            let _ = writeln!(
                html,
                "<div class=\"topic\"><div class=\"pair\"><span>{what}</span><b>{:.1} ms</b></div>\
                 <svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\"><rect class=\"track\" width=\"100\" height=\"6\"/>\
                 <rect class=\"time\" width=\"{:.2}\" height=\"6\"/></svg></div>",
                took.as_secs_f64() * 1000.0,
                100.0 * took.as_secs_f64() / longest,
            );
        }
        html.push_str("</section>\n");
        html
    }
}

fn section_html(section: &Section) -> String {
    let mut html = format!("<section class=\"card\"><h2>{}</h2><dl>\n", escaped(&section.name));
    for (label, text) in &section.lines {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(text));
    }
    html.push_str("</dl></section>\n");
    html
}

fn byline(article: &ArticleEvent) -> String {
    let authors: Vec<&str> = article.authors.iter().map(|author| author.name.as_str()).collect();
    let parts = [
        article.publisher.name.clone().or_else(|| Some(article.host.clone())),
        article.section.clone(),
        article.published_at.map(|at| at.to_string()),
        Some(authors.join(", ")).filter(|authors| !authors.is_empty()),
        article.language.clone(),
        Some(format!("{} words", article.word_count)),
    ];
    parts.into_iter().flatten().map(|part| escaped(&part)).collect::<Vec<_>>().join(" · ")
}

fn block_html(block: &Block, text: &str) -> String {
    match block.kind {
        BlockKind::Heading => format!("<h3>{text}</h3>\n"),
        BlockKind::Quote => format!("<blockquote>{text}</blockquote>\n"),
        BlockKind::ListItem => format!("<p class=\"item\">{text}</p>\n"),
        BlockKind::Caption => format!("<p class=\"caption\">{text}</p>\n"),
        BlockKind::TableRow => format!("<p class=\"row\">{text}</p>\n"),
        BlockKind::Paragraph => format!("<p>{text}</p>\n"),
    }
}

/// Mentions of one field with their topics, by place. Where one place names a person or a body and their country, the
/// country is the less telling of the two.
fn mentions_of(topics: &[TopicTag], field: Field) -> Vec<(&Mention, &TopicTag)> {
    let each = topics.iter().flat_map(|topic| topic.mentions.iter().map(move |mention| (mention, topic)));
    let mut mentions: Vec<_> = each.filter(|(mention, _)| mention.field == field).collect();
    mentions.sort_by_key(|(mention, topic)| {
        (mention.start, std::cmp::Reverse(mention.end), family(&topic.id) == "country")
    });
    mentions
}

/// The text that begins at code point `offset` of its field, with the mentions in it marked. Of two that overlap the
/// first is marked. Those of topics below the threshold are marked weakly.
fn highlighted(text: &str, offset: usize, mentions: &[(&Mention, &TopicTag)], threshold: f64) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut html, mut at) = (String::new(), 0);
    let plain = |from: usize, to: usize| escaped(&characters[from..to].iter().collect::<String>());
    for (mention, topic) in mentions {
        let place = |offset_in_field: u32| (offset_in_field as usize).checked_sub(offset);
        let (Some(start), Some(end)) = (place(mention.start), place(mention.end)) else { continue };
        if start < at || end <= start || end > characters.len() {
            continue;
        }
        let _ = write!(
            html,
            "{}<mark class=\"{}{}\" title=\"{} {}\">{}</mark>",
            plain(at, start),
            family(&topic.id),
            if topic.score < threshold { " weak" } else { "" },
            escaped(&topic.id),
            escaped(&topic.name),
            plain(start, end)
        );
        at = end;
    }
    html.push_str(&plain(at, characters.len()));
    html
}

/// The class of a topic's colour.
fn family(id: &str) -> &'static str {
    match id.split_once(':').map(|(family, _)| family) {
        Some("country") => "country",
        Some("org") => "org",
        Some("person") => "person",
        _ => "theme",
    }
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: &str, mentions: &[(u32, u32)]) -> TopicTag {
        let mention = |(start, end): &(u32, u32)| Mention {
            term: String::new(),
            field: Field::Body,
            start: *start,
            end: *end,
        };
        TopicTag {
            id: id.into(),
            name: "<Name>".into(),
            score: 0.7,
            wikidata: None,
            iptc: None,
            mentions: mentions.iter().map(mention).collect(),
        }
    }

    #[test]
    fn mentions_are_marked_by_code_points_and_texts_are_escaped() {
        let topics = [topic("country:kr", &[(12, 16)]), topic("org:x", &[(14, 20), (17, 18)])];
        let mentions = mentions_of(&topics, Field::Body);
        let html = highlighted("한국 <Seoul> & x", 10, &mentions, 0.5);
        let expected = "한국<mark class=\"country\" title=\"country:kr &lt;Name&gt;\"> &lt;Se</mark>o\
                        <mark class=\"org\" title=\"org:x &lt;Name&gt;\">u</mark>l&gt; &amp; x";
        assert_eq!(html, expected);
    }
}
