//! The page at `/`: one file in the binary, nothing loaded from elsewhere. It asks `/status.json` for what it shows and
//! puts every text into the page as text, never as HTML.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const PAGE: &str = include_str!("status_page.html");

/// Only the style and the script of the page itself, by their hashes (CSP Level 3, §2.3.1); no other source at all.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |element: &str| BASE64_STANDARD.encode(Sha256::digest(content_of(element).as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash("style"),
        hash("script"),
    );
    HeaderValue::from_str(&policy).expect("the policy is ASCII")
});

/// What stands between `<name>` and `</name>`, which the page has once each.
fn content_of(name: &str) -> &'static str {
    let after = PAGE.split_once(&format!("<{name}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{name}>")).map_or("", |(content, _)| content)
}

pub(super) async fn page() -> ([(HeaderName, HeaderValue); 5], &'static str) {
    let fixed = HeaderValue::from_static;
    let headers = [
        (CONTENT_TYPE, fixed("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (CACHE_CONTROL, fixed("no-store")),
    ];
    (headers, PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_in_itself() {
        assert!(content_of("style").len() > 100 && content_of("script").len() > 100);
        for outside in ["src=", "href=\"http", "@import", "url(", "innerHTML", " style=", "onclick="] {
            assert!(!PAGE.contains(outside), "{outside} in the page");
        }
        let policy = POLICY.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}
