//! Writes the features of every text block, for `tools/fit_body_model.py`: JSON lines `{"id","url","html"}` in,
//! `{"id","blocks":[{"text","features"}]}` out.

use newswire::extract::{Extractor, Page, PageHeaders};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use url::Url;

fn main() {
    let extractor = Extractor::bundled();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let input: Value = serde_json::from_str(&line).expect("each line is JSON");
        let url = input["url"].as_str().and_then(|u| Url::parse(u).ok());
        let url = url.unwrap_or_else(|| Url::parse("https://unknown.example/").expect("a constant URL"));
        let html = input["html"].as_str().unwrap_or_default();
        let blocks =
            extractor.trace(&Page { url: &url, html, headers: &PageHeaders::default(), fetched_at: None });
        let blocks: Vec<Value> =
            blocks.iter().map(|b| json!({"text": b.text, "features": b.features})).collect();
        writeln!(out, "{}", json!({"id": input["id"], "blocks": blocks})).expect("standard output is open");
    }
}
