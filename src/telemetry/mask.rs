//! URLs as they may stand in a log: without userinfo, and without the values of parameters that name a person or
//! open a door.

use std::borrow::Cow;

/// A parameter whose name has one of these is masked: DESIGN §4 names tokens, mail and sessions; the rest are their kin.
const TELLTALE: [&str; 12] = [
    "token",
    "mail",
    "sess",
    "passw",
    "secret",
    "oauth",
    "authorization",
    "apikey",
    "api_key",
    "api-key",
    "signature",
    "credential",
];

/// Names too short to look for inside others.
const TELLTALE_WHOLE: [&str; 7] = ["auth", "sid", "sig", "key", "pwd", "jwt", "code"];

/// A record may be megabytes of anything; a log line should not be.
const MAX_CHARS: usize = 2048;

const MASK: &str = "***";

/// Works on the text, because what cannot be parsed as a URL is logged too.
pub fn masked_url(url: &str) -> String {
    let mut out = String::with_capacity(url.len().min(MAX_CHARS));
    let (head, query) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    out.push_str(&without_userinfo(head));
    for piece in query.split_inclusive(['?', '&', '#', ';']) {
        out.push_str(&masked_parameter(piece));
    }
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    match out.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => out[..end].chars().map(printable).chain(['…']).collect(),
        None => out.chars().map(printable).collect(),
    }
}

/// `https://user:password@host/x` -> `https://***@host/x`. Browsers take `\` for `/`, so it ends the host too.
fn without_userinfo(head: &str) -> Cow<'_, str> {
    let start = head.find("//").map_or(0, |at| at + 2);
    let end = head[start..].find(['/', '\\']).map_or(head.len(), |at| start + at);
    match head[start..end].rfind('@') {
        Some(at) => format!("{}{MASK}{}", &head[..start], &head[start + at..]).into(),
        None => head.into(),
    }
}

/// `token=abc&` -> `token=***&`.
fn masked_parameter(piece: &str) -> Cow<'_, str> {
    let body = piece.trim_end_matches(['?', '&', '#', ';']);
    let Some((name, value)) = body.split_once('=') else { return piece.into() };
    let lower = name.to_ascii_lowercase();
    let telltale =
        TELLTALE.iter().any(|word| lower.contains(word)) || TELLTALE_WHOLE.contains(&lower.as_str());
    if !telltale || value.is_empty() {
        return piece.into();
    }
    format!("{name}={MASK}{}", &piece[body.len()..]).into()
}

#[cfg(test)]
mod tests {
    use super::masked_url;

    fn check(url: &str, expected: &str) {
        assert_eq!(masked_url(url), expected);
    }

    #[test]
    fn what_names_a_person_or_opens_a_door_is_masked() {
        check("https://u:p@a.example/x", "https://***@a.example/x");
        check("//u:p@q@a.example", "//***@a.example");
        check(
            "https://a.example/x?id=7&access_token=abc&page=2",
            "https://a.example/x?id=7&access_token=***&page=2",
        );
        check(
            "https://a.example/?Email=me%40b.example;sid=1#id_token=x",
            "https://a.example/?Email=***;sid=***#id_token=***",
        );
        check("https://a.example/?PHPSESSID=12", "https://a.example/?PHPSESSID=***");
    }

    #[test]
    fn the_rest_stays_as_it_is() {
        for url in [
            "https://a.example/2025/11/x?p=123&author=kim&q=a@b#top",
            "https://a.example/@writer/story",
            "https://a.example/?token=",
            "not a url",
            "",
        ] {
            check(url, url);
        }
    }

    #[test]
    fn a_line_stays_a_line_of_bounded_length() {
        check("https://a.example/\n\u{1b}[31m", "https://a.example/\u{fffd}\u{fffd}[31m");
        assert_eq!(masked_url(&"é".repeat(10_000)).chars().count(), 2049);
    }
}
