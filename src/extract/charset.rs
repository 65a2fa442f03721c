//! Bytes to text: BOM, then header, then meta, then detection.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;

/// How far a `<meta>` with the encoding is looked for: the HTML standard's 1024 bytes are often exceeded by comments
/// and scripts (a guess that costs nothing).
const META_WITHIN_BYTES: usize = 16 * 1024;

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
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some((encoding, bom_length)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[bom_length..]);
    }
    let declared = content_type
        .and_then(|value| label_after_charset(value.as_bytes()))
        .or_else(|| meta_encoding(&bytes[..bytes.len().min(META_WITHIN_BYTES)]));
    let decoded = match declared {
        Some(encoding) => decode_as(encoding, bytes),
        None => return decode_as(detect(bytes), bytes),
    };
    if decoded.replaced == 0 || is_damaged_utf8(&decoded) {
        return decoded;
    }
    // A declaration that leaves holes is wrong as often as the bytes are: detection wins where it leaves fewer.
    let detected = decode_as(detect(bytes), bytes);
    if detected.replaced < decoded.replaced { detected } else { decoded }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let replaced = memmem::find_iter(text.as_bytes(), "\u{fffd}".as_bytes()).count();
    // A page may hold U+FFFD of its own, written as such; only UTF-8 pages can, and then nothing was replaced.
    let own = if encoding == UTF_8 { memmem::find_iter(bytes, "\u{fffd}".as_bytes()).count() } else { 0 };
    Decoded { text: text.into_owned(), charset: encoding.name(), replaced: replaced.saturating_sub(own) }
}

/// Bytes of another encoding hardly ever form UTF-8 sequences: with as many good ones as holes it is UTF-8.
fn is_damaged_utf8(decoded: &Decoded) -> bool {
    let good = decoded.text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    decoded.charset == UTF_8.name() && good >= decoded.replaced
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

fn label_after_charset(text: &[u8]) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let after = memmem::find(&lower, b"charset")? + "charset".len();
    let rest = &lower[after..];
    let equals = rest.iter().position(|b| !b.is_ascii_whitespace()).filter(|&i| rest[i] == b'=')?;
    let value = &rest[equals + 1..];
    let start = value.iter().position(|b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\''))?;
    let label = &value[start..];
    let end = label
        .iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b';' | b'>' | b'/' | b','))
        .unwrap_or(label.len());
    Encoding::for_label(&label[..end])
}

/// The first `<meta …charset…>` or XML declaration. UTF-16 told in ASCII bytes cannot be true: it means UTF-8.
fn meta_encoding(head: &[u8]) -> Option<&'static Encoding> {
    let lower = head.to_ascii_lowercase();
    let encoding = if lower.starts_with(b"<?xml") {
        let end = memchr::memchr(b'>', &lower)?;
        let declaration = String::from_utf8_lossy(&lower[..end]).replace("encoding", "charset");
        label_after_charset(declaration.as_bytes()).or_else(|| meta_tags(&lower))
    } else {
        meta_tags(&lower)
    }?;
    let misread = encoding == UTF_16LE || encoding == UTF_16BE;
    Some(if misread { UTF_8 } else { encoding })
}

fn meta_tags(lower: &[u8]) -> Option<&'static Encoding> {
    memmem::find_iter(lower, b"<meta").find_map(|at| {
        let tag = &lower[at..];
        let end = memchr::memchr(b'>', tag)?;
        label_after_charset(&tag[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, charset: &str, text: &str, replaced: usize) {
        let decoded = decode(bytes, content_type);
        assert_eq!((decoded.charset, decoded.text.as_str(), decoded.replaced), (charset, text, replaced));
    }

    #[test]
    fn the_mark_wins_over_the_header_and_the_header_over_the_meta() {
        check(b"\xef\xbb\xbfcaf\xc3\xa9", Some("text/html; charset=iso-8859-1"), "UTF-8", "café", 0);
        check(b"\xff\xfea\0b\0", None, "UTF-16LE", "ab", 0);
        let meta = b"<meta charset=koi8-r>\xe9";
        check(meta, Some("text/html; Charset = \"ISO-8859-1\""), "windows-1252", "<meta charset=koi8-r>é", 0);
        check(meta, Some("text/html"), "KOI8-R", "<meta charset=koi8-r>И", 0);
    }

    #[test]
    fn what_nobody_declares_is_detected() {
        let korean = encoding_rs::EUC_KR
            .encode("한국 정부는 오늘 회담을 열었다고 밝혔다. 정상은 서울에서 만났다.")
            .0
            .into_owned();
        assert_eq!(decode(&korean, None).charset, "EUC-KR");
        assert_eq!(decode("Größe".as_bytes(), None).text, "Größe");
    }

    #[test]
    fn replaced_characters_are_counted_and_a_false_declaration_is_not_believed() {
        check(b"a\xffb<meta charset=utf-8>\xc3\xa9", None, "UTF-8", "a\u{fffd}b<meta charset=utf-8>é", 1);
        let greek =
            encoding_rs::WINDOWS_1253.encode("Η κυβέρνηση ανακοίνωσε σήμερα νέα μέτρα για την οικονομία").0;
        assert_eq!(decode(&greek, Some("text/html; charset=utf-8")).replaced, 0);
    }
}
