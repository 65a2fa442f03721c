//! What comes in: one URL, bare or as a JSON object.

use super::Reason;
use serde_json::{Map, Value};

/// A URL record (DESIGN §7): UTF-8, a bare URL, or an object if its first byte is `{`.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlRecord {
    pub url: String,
    /// Passed through to the event as it is.
    pub context: Option<Map<String, Value>>,
    /// Skips `recent`: the page is fetched although it was fetched lately.
    pub force: bool,
}

impl UrlRecord {
    /// Reads a record; unknown keys are ignored. What cannot be read is `Reason::BadRecord` with a message.
    pub fn parse(bytes: &[u8]) -> Result<UrlRecord, (Reason, String)> {
        let bad = |message: String| (Reason::BadRecord, message);
        let text = std::str::from_utf8(bytes).map_err(|e| bad(format!("the record is not UTF-8: {e}")))?;
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        if text.is_empty() {
            return Err(bad("the record is empty".into()));
        }
        if !text.starts_with('{') {
            return Ok(UrlRecord { url: text.to_owned(), context: None, force: false });
        }
        let value: Value =
            serde_json::from_str(text).map_err(|e| bad(format!("the record is not JSON: {e}")))?;
        let url = match value.get("url") {
            Some(Value::String(url)) if !url.trim().is_empty() => url.trim().to_owned(),
            Some(Value::String(_)) | None => return Err(bad("the record has no \"url\"".into())),
            Some(other) => return Err(bad(format!("\"url\" is not a string but {other}"))),
        };
        let context = match value.get("context") {
            None | Some(Value::Null) => None,
            Some(Value::Object(context)) => Some(context.clone()),
            Some(_) => return Err(bad("\"context\" is not an object".into())),
        };
        let force = match value.get("force") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(force)) => *force,
            Some(_) => return Err(bad("\"force\" is neither true nor false".into())),
        };
        Ok(UrlRecord { url, context, force })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_url_or_an_object() {
        let bare = UrlRecord::parse(b" https://a.example/x \n").unwrap();
        assert_eq!((bare.url.as_str(), bare.force), ("https://a.example/x", false));
        let object =
            UrlRecord::parse(br#"{"url":"https://a.example/","context":{"k":1},"force":true,"x":0}"#)
                .unwrap();
        assert!(object.force && object.context.unwrap()["k"] == 1);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for bad in
            [&b""[..], b"  ", b"\xff\xfe", b"{", b"{}", b"{\"url\":3}", b"{\"url\":\"u\",\"context\":[]}"]
        {
            assert_eq!(UrlRecord::parse(bad).unwrap_err().0, Reason::BadRecord);
        }
    }
}
