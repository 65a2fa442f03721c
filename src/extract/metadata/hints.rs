//! Which attribute values are worth a second look.

use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

static HINTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build([
            "author",
            "byline",
            "autor",
            "auteur",
            "writer",
            "journalist",
            "reporter",
            "contributor",
            "editor",
            "redakteur",
            "verfasser",
            "skribent",
            "date",
            "datum",
            "fecha",
            "publish",
            "time",
            "posted",
            "pubdate",
            "created",
            "updated",
            "breadcrumb",
            "byl",
            "headline",
            "title",
            "shortlink",
            "short-link",
            "meta",
            "info",
            "source",
            "dateline",
        ])
        .expect("the patterns are fixed and few")
});

/// Whether a class, id or rel reads like a byline, a date, a title or a breadcrumb.
pub fn is_hint(value: &str) -> bool {
    HINTS.is_match(value)
}
