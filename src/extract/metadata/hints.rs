//! Which attribute values and scripts are worth a second look.

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

static STATE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new([
        "__NEXT_DATA__",
        "__INITIAL_STATE__",
        "__PRELOADED_STATE__",
        "__NUXT__",
        "__APOLLO_STATE__",
        "__STATE__",
        "__DATA__",
        "Fusion.globalContent",
        "__INITIAL_DATA__",
        "articleBody",
        "\"paragraphs\"",
        "\"content\":",
        "\"body\":",
    ])
    .expect("the patterns are fixed and few")
});

/// Whether a class, id or rel reads like a byline, a date, a title or a breadcrumb.
pub fn is_hint(value: &str) -> bool {
    HINTS.is_match(value)
}

/// Whether a script looks like page state as frameworks write it.
pub fn is_state_script(text: &str) -> bool {
    let head = text.char_indices().nth(400).map_or(text, |(at, _)| &text[..at]);
    STATE.is_match(head) || text.trim_start().starts_with(['{', '[']) || STATE.is_match(text)
}
