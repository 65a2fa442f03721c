//! `newswire extract --new-case`: a saved page becomes a folder of `tests/golden`, whose expectation a person looks through.

use super::failure::Failure;
use crate::extract::{Extractor, Page, PageHeaders, charset};
use crate::record::Article;
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::path::Path;
use url::Url;

/// Writes `page.html`, `url.txt` and `expected.json` into a folder that must not be there yet.
pub fn make(extractor: &Extractor, folder: &Path, url: &str, bytes: &[u8]) -> Result<(), Failure> {
    let page_url = Url::parse(url.trim())
        .map_err(|error| Failure::usage(format!("the URL {url:?} is none: {error}")))?;
    if folder.exists() {
        return Err(Failure::usage(format!("--new-case: {} is there already", folder.display())));
    }
    let html = charset::decode(bytes, None).text;
    let article = extractor.extract(&Page {
        url: &page_url,
        html: &html,
        headers: &PageHeaders::default(),
        fetched_at: None,
    });
    let expected = format!("{:#}\n", expectation(&article));
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("page.html"), bytes)?;
    std::fs::write(folder.join("url.txt"), format!("{page_url}\n"))?;
    std::fs::write(folder.join("expected.json"), expected)?;
    Ok(writeln!(stdout().lock(), "{}: look through expected.json", folder.display())?)
}

/// The article as golden cases hold it: the confidence rounded, so that a new model changes one digit.
fn expectation(article: &Article) -> Value {
    let mut value = serde_json::to_value(article).unwrap_or(Value::Null);
    value["confidence"] = json!((article.confidence * 10.0).round() / 10.0);
    value
}
