//! The demo's pages, bundled: `demo/site.toml` says which URL answers what.

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::HashMap;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// What the demo asks for: URL records, one a line.
pub fn url_records() -> Vec<String> {
    let text = FILES.get_file("urls.txt").and_then(|file| file.contents_utf8()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// One answer of the demo's web.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    url: String,
    #[serde(default = "ok")]
    pub status: u16,
    /// Where it redirects to.
    pub redirect: Option<String>,
    file: Option<String>,
    /// What the file, which is UTF-8, is sent as.
    charset: Option<String>,
    #[serde(default = "html")]
    pub content_type: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(skip)]
    pub body: Vec<u8>,
}

fn ok() -> u16 {
    200
}

fn html() -> String {
    "text/html; charset=UTF-8".to_owned()
}

/// The answers by URL. `Err` where `demo/` contradicts itself, which a test rules out.
pub fn answers() -> Result<HashMap<String, Answer>, String> {
    #[derive(Deserialize)]
    struct Site {
        page: Vec<Answer>,
    }
    let text = FILES
        .get_file("site.toml")
        .and_then(|file| file.contents_utf8())
        .ok_or("demo/site.toml is missing")?;
    let site: Site = toml::from_str(text).map_err(|error| format!("demo/site.toml: {error}"))?;
    let with_body = |mut answer: Answer| {
        answer.body = body(&answer)?;
        Ok((answer.url.clone(), answer))
    };
    site.page.into_iter().map(with_body).collect()
}

fn body(answer: &Answer) -> Result<Vec<u8>, String> {
    let Some(name) = &answer.file else { return Ok(Vec::new()) };
    let file = FILES.get_file(name).ok_or_else(|| format!("demo/{name} is missing"))?;
    let (Some(charset), Some(text)) = (&answer.charset, file.contents_utf8()) else {
        return Ok(file.contents().to_vec());
    };
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes())
        .ok_or_else(|| format!("demo/site.toml: unknown charset {charset}"))?;
    Ok(encoding.encode(text).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_there_and_every_redirect_leads_somewhere() {
        let answers = answers().unwrap();
        for answer in answers.values() {
            assert!(answer.redirect.is_some() != answer.file.is_some(), "{answer:?}");
        }
        let hangul = &answers["http://www.hanbit.example/view.php?ud=20251118000417"].body;
        assert!(std::str::from_utf8(hangul).is_err(), "it is sent as EUC-KR");
        // A character that the charset lacks would be sent as a numeric reference.
        assert!(!hangul.windows(2).any(|pair| pair == b"&#"));
    }
}
