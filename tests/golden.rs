//! What extraction makes of whole pages: `tests/golden/<publisher>/<case>/` holds `page.html`, `url.txt` and
//! `expected.json`. `UPDATE_GOLDEN=1` rewrites the expectations; read the diff before you commit it.

use newswire::extract::{Extractor, Page, PageHeaders};
use newswire::record::{Article, BlockKind};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use url::Url;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn extract(case: &Path) -> Article {
    let read = |name: &str| std::fs::read(case.join(name)).unwrap_or_else(|e| panic!("{case:?}/{name}: {e}"));
    let url = String::from_utf8(read("url.txt")).unwrap();
    let page = read("page.html");
    let decoded = newswire::extract::charset::decode(&page, None);
    let url = Url::parse(url.trim()).unwrap();
    Extractor::bundled().extract(&Page {
        url: &url,
        html: &decoded.text,
        headers: &PageHeaders::default(),
        fetched_at: None,
    })
}

/// The article as the expectation holds it; confidence is rounded so that a new model changes one digit.
fn told(article: &Article) -> Value {
    let mut value = serde_json::to_value(article).unwrap();
    value["confidence"] = json!((article.confidence * 10.0).round() / 10.0);
    value
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn every_golden_page_comes_out_as_expected() {
    let cases: Vec<PathBuf> =
        folders_in(&folder()).iter().flat_map(|publisher| folders_in(publisher)).collect();
    assert!(cases.len() >= 6, "only {} golden cases were found", cases.len());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    for case in cases {
        let found = told(&extract(&case));
        let file = case.join("expected.json");
        if update {
            std::fs::write(&file, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_else(|_| "null".into());
        let expected: Value = serde_json::from_str(&expected).unwrap();
        if found != expected {
            let found = serde_json::to_string_pretty(&found).unwrap();
            differing.push(format!("{} gave\n{found}", case.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}

#[test]
fn the_seed_page_comes_out_exactly() {
    let shared = std::env::var_os("NEWSWIRE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let seed = shared.join("data/seed");
    let Ok(expected) = std::fs::read_to_string(seed.join("expected.json")) else {
        eprintln!("no seed page at {}: nothing to compare", seed.display());
        return;
    };
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let html = std::fs::read_to_string(seed.join("page.html")).unwrap();
    let url = Url::parse(expected["url"].as_str().unwrap()).unwrap();
    let article = Extractor::bundled().extract(&Page {
        url: &url,
        html: &html,
        headers: &PageHeaders::default(),
        fetched_at: None,
    });
    assert_eq!(json!(article.title), expected["title"]);
    assert_eq!(json!(article.section), expected["section"]);
    assert_eq!(json!(article.short_links[0].url), expected["short_link"]);
    assert_eq!(json!(article.canonical_urls[0].url), expected["canonical_url"]);
    assert_eq!(json!(article.published.map(|p| p.at)), expected["published_at"]);
    assert_eq!(json!(article.authors), expected["authors"]);
    assert_eq!(article.language.as_deref().map(|l| &l[..2]), expected["language"].as_str());
    assert_eq!(json!(article.blocks), expected["paragraphs"]);
    assert!(article.blocks.iter().all(|b| matches!(b.kind, BlockKind::Paragraph | BlockKind::Heading)));
}
