//! `/.well-known/tdmrep.json` (TDM Reservation Protocol): which paths a publisher reserves from text and data mining.
//! Pure.

use super::robots::{matches, normalized};
use serde_json::Value;

/// More than any site needs; what is beyond is not read.
pub const MAX_TDMREP_BYTES: usize = 256 * 1024;
/// Of one file.
const MAX_RULES: usize = 10_000;

/// What a file says, in the order of its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tdmrep {
    rules: Vec<(String, bool)>,
}

impl Tdmrep {
    /// Reads a list of `{"location": "/path*", "tdm-reservation": 0 or 1}`. Entries that are none are passed over, and
    /// so is a file that is no JSON: neither can be told from a page that the server gives for every path.
    pub fn parse(bytes: &[u8]) -> Tdmrep {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let rules = match serde_json::from_slice(bytes) {
            Ok(Value::Array(rules)) => rules,
            // One rule without the list around it is met as well.
            Ok(rule @ Value::Object(_)) => vec![rule],
            _ => Vec::new(),
        };
        Tdmrep { rules: rules.iter().take(MAX_RULES).filter_map(read_rule).collect() }
    }

    /// Whether a path with its query is reserved; `None` where no rule is about it. The longest pattern wins as in
    /// robots.txt, the reservation on a tie.
    pub fn reserves(&self, path_and_query: &str) -> Option<bool> {
        let path = normalized(path_and_query);
        let matching = self.rules.iter().filter(|(pattern, _)| matches(pattern, &path));
        matching
            .max_by_key(|(pattern, is_reserved)| (pattern.len(), *is_reserved))
            .map(|(_, reserved)| *reserved)
    }

    /// Bytes held, for the cache's bound.
    pub fn size(&self) -> usize {
        self.rules.iter().map(|(pattern, _)| pattern.len() + size_of::<(String, bool)>()).sum()
    }
}

fn read_rule(rule: &Value) -> Option<(String, bool)> {
    let location = rule.get("location")?.as_str()?.trim();
    let is_reserved = match rule.get("tdm-reservation")? {
        Value::Number(number) => number.as_f64()? != 0.0,
        Value::Bool(is_reserved) => *is_reserved,
        Value::String(text) => match text.trim() {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        _ => return None,
    };
    (!location.is_empty()).then(|| (normalized(location), is_reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, path: &str, expected: Option<bool>) {
        assert_eq!(Tdmrep::parse(file.as_bytes()).reserves(path), expected, "{file} on {path}");
    }

    #[test]
    fn the_longest_location_decides() {
        let file = r#"[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/policy"},
            {"location": "/press/", "tdm-reservation": 0}, {"location": "/*.pdf$", "tdm-reservation": 0}]"#;
        check(file, "/news/1", Some(true));
        check(file, "/press/1", Some(false));
        check(file, "/news/1.pdf", Some(false));
        check(file, "/news/1.pdf?x", Some(true));
    }

    #[test]
    fn spellings_that_are_met() {
        check(r#"{"location": "/", "tdm-reservation": 1}"#, "/a", Some(true));
        check("\u{feff}[{\"location\": \"/*\", \"tdm-reservation\": \"1\"}]", "/a", Some(true));
        check(r#"[{"location": "news/", "tdm-reservation": true}]"#, "/news/a", Some(true));
        check(r#"[{"location": "/%C3%BC", "tdm-reservation": 1}]"#, "/ü", Some(true));
        let tie = r#"[{"location": "/a", "tdm-reservation": 1}, {"location": "/a", "tdm-reservation": 0}]"#;
        check(tie, "/a", Some(true));
    }

    #[test]
    fn what_says_nothing() {
        for file in [
            "",
            "[]",
            "<html>not found</html>",
            "[1, null, {}]",
            r#"[{"location": "/"}]"#,
            r#"[{"tdm-reservation": 1}]"#,
            r#"[{"location": "", "tdm-reservation": 1}]"#,
            r#"[{"location": "/", "tdm-reservation": "maybe"}]"#,
            r#"[{"location": "/other", "tdm-reservation": 1}]"#,
            "\u{0}[",
        ] {
            check(file, "/a", None);
        }
        assert_eq!(Tdmrep::parse(&[0xff, 0xfe, b'[']), Tdmrep::default());
        let deep = "[".repeat(200_000);
        assert_eq!(Tdmrep::parse(deep.as_bytes()), Tdmrep::default());
    }
}
