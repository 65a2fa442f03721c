//! JSON as pages really write it: parsed strictly first, then with the repairs that cannot change its meaning.

use serde_json::Value;

/// The value, and whether it had to be repaired.
pub fn parse(text: &str) -> Option<(Value, bool)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == ';');
    if let Ok(value) = serde_json::from_str(text) {
        return Some((value, false));
    }
    let inner = strip_wrapping(text);
    let repaired = repair(inner);
    if let Ok(value) = serde_json::from_str(&repaired) {
        return Some((value, true));
    }
    // Several values one after the other, or something behind the first.
    let mut stream = serde_json::Deserializer::from_str(&repaired).into_iter::<Value>();
    let mut values = Vec::new();
    while let Some(Ok(value)) = stream.next() {
        values.push(value);
    }
    (!values.is_empty()).then_some((Value::Array(values), true))
}

/// HTML comments, CDATA marks and a variable's name around the value.
fn strip_wrapping(text: &str) -> &str {
    let start = text.find(['{', '[']).unwrap_or(0);
    let end = text.rfind(['}', ']']).map_or(text.len(), |i| i + 1);
    // `[CDATA[` has brackets of its own.
    let start = match text.find("[CDATA[") {
        Some(at) if at <= start => text[at + 7..].find(['{', '[']).map_or(start, |i| at + 7 + i),
        _ => start,
    };
    let end = match text.rfind("]]>") {
        Some(at) if at + 2 == end || at + 3 == end => text[..at].rfind(['}', ']']).map_or(end, |i| i + 1),
        _ => end,
    };
    text.get(start..end.max(start)).unwrap_or(text)
}

/// Control characters inside strings are escaped, bad escapes unescaped, trailing and double commas and comments dropped.
fn repair(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = characters.next() {
        if in_string {
            match c {
                '"' if !ends_string(&characters) => out.push_str("\\\""),
                '"' => {
                    in_string = false;
                    out.push(c);
                }
                // In `\'` and the like the backslash means nothing.
                '\\' => {
                    if let Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') = characters.peek() {
                        out.push(c);
                        out.extend(characters.next());
                    }
                }
                '\n' | '\r' | '\t' => out.push(' '),
                c if c.is_control() => {}
                c => out.push(c),
            }
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            ']' | '}' | ',' => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(c);
            }
            '/' if characters.peek() == Some(&'*') => skip_comment(&mut characters),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A quote ends its string when what follows could follow a string.
fn ends_string(after: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut rest = after.clone();
    match rest.find(|c| !c.is_whitespace()) {
        None | Some(':' | '}' | ']') => true,
        // In `"said "yes", he" ` the next thing after the comma is no key or value.
        Some(',') => matches!(
            rest.find(|c| !c.is_whitespace()),
            None | Some('"' | '{' | '[' | '}' | ']' | '0'..='9' | '-' | 't' | 'f' | 'n')
        ),
        _ => false,
    }
}

fn skip_comment(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut previous = ' ';
    for c in characters.by_ref() {
        if previous == '*' && c == '/' {
            return;
        }
        previous = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_pages_get_wrong_is_repaired() {
        for (text, expected) in [
            ("{\"a\": 1,}", json!({"a": 1})),
            ("{\"a\": \"x\ny\"}", json!({"a": "x y"})),
            ("{\"a\": \"it\\'s\"}", json!({"a": "it's"})),
            ("{\"a\": \"said \"yes\" twice\"}", json!({"a": "said \"yes\" twice"})),
            ("<!-- {\"a\": [1,,2]} -->", json!({"a": [1, 2]})),
            ("//<![CDATA[\n{\"a\": 1}\n//]]>", json!({"a": 1})),
            ("{\"a\": 1}{\"b\": 2}", json!([{"a": 1}, {"b": 2}])),
            ("{/* note */\"a\": 1};", json!({"a": 1})),
        ] {
            assert_eq!(parse(text), Some((expected, true)), "{text}");
        }
        assert_eq!(parse("{\"a\": 1}"), Some((json!({"a": 1}), false)));
        assert_eq!(parse("not json"), None);
    }
}
