//! Extracts many pages: JSON lines `{"id","url","html"}` on standard input,
//! `{"id","title","body","author","date"}` on standard output; `--without-rules` leaves the publisher rules out.
//! For evaluation; the worker has `extract --batch`.

use newswire::extract::{Extractor, Page, PageHeaders};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use url::Url;

fn main() {
    let without_rules = std::env::args().any(|a| a == "--without-rules");
    let extractor = if without_rules { Extractor::default() } else { Extractor::bundled() };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let input: Value = serde_json::from_str(&line).expect("each line is JSON");
        let url = input["url"].as_str().and_then(|u| Url::parse(u).ok());
        let url = url.unwrap_or_else(|| Url::parse("https://unknown.example/").expect("a constant URL"));
        let html = input["html"].as_str().unwrap_or_default();
        let article =
            extractor.extract(&Page { url: &url, html, headers: &PageHeaders::default(), fetched_at: None });
        let authors: Vec<&str> = article.authors.iter().map(|a| a.name.as_str()).collect();
        let answer = json!({
            "id": input["id"],
            "title": article.title,
            "body": article.body(),
            "author": authors,
            "date": article.published.map(|p| p.at.to_string()),
            "language": article.language,
            "confidence": article.confidence,
            "sources": article.sources,
        });
        writeln!(out, "{answer}").expect("standard output is open");
    }
}
