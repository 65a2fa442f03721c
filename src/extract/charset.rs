//! Bytes to text: BOM, then header, then meta, then detection.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;
use std::borrow::Cow;

/// How far a `<meta>` with the encoding is looked for: the HTML standard's 1024 bytes are often exceeded by comments
/// and scripts (a guess that costs nothing).
const META_WITHIN_BYTES: usize = 16 * 1024;

/// Decoded text and what was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The page itself where it is UTF-8.
    pub text: Cow<'a, str>,
    /// WHATWG name of the encoding.
    pub charset: &'static str,
    /// How many characters had to be replaced by U+FFFD.
    pub replaced: usize,
}

/// Decodes a page; `content_type` is the header's value as sent.
///
/// ```text
/// BOM -> UTF-16 by its zero bytes -> header -> meta -> detection
/// ```
/// A declaration is left where the bytes speak against it: text that is UTF-8 throughout is UTF-8 whatever a server's
/// default says, one that leaves holes gives way to one that leaves fewer, and meta and detection together outweigh the
/// header.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, bom_length)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[bom_length..]);
    }
    if let Some(encoding) = utf_16_without_a_mark(bytes) {
        return decode_as(encoding, bytes);
    }
    let header = content_type.and_then(|value| label_after_charset(value.as_bytes())).filter(is_in_bytes);
    let meta = meta_encoding(&bytes[..bytes.len().min(META_WITHIN_BYTES)]).filter(is_in_bytes);
    if let Some(text) = utf_8_throughout(bytes, header == Some(UTF_8) || meta == Some(UTF_8)) {
        return Decoded { text: text.into(), charset: UTF_8.name(), replaced: 0 };
    }
    let declared = match (header, meta) {
        (Some(header), Some(meta)) if header != meta && detect(bytes) == meta => Some(meta),
        (header, meta) => header.or(meta),
    };
    let Some(declared) = declared else { return decode_as(detect(bytes), bytes) };
    let decoded = decode_as(declared, bytes);
    if decoded.replaced == 0 || is_damaged_utf8(&decoded) {
        return decoded;
    }
    // A declaration that leaves holes is wrong as often as the bytes are: another wins where it leaves fewer.
    let others = [meta, Some(detect(bytes))].into_iter().flatten();
    others
        .map(|encoding| decode_as(encoding, bytes))
        .fold(decoded, |best, other| if other.replaced < best.replaced { other } else { best })
}

/// UTF-16 has a mark, or its zero bytes were seen before this is asked: named for other bytes it is a mistake. The
/// "replacement" encoding stands for some that no browser reads any more.
fn is_in_bytes(encoding: &&'static Encoding) -> bool {
    !matches!(encoding.name(), "UTF-16LE" | "UTF-16BE" | "replacement")
}

/// Markup begins with `<`, perhaps after blanks: in UTF-16 with a zero byte beside each.
fn utf_16_without_a_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let is_blank_or_tag = |byte: u8| byte == b'<' || byte.is_ascii_whitespace();
    match bytes {
        [a, 0, b, 0, ..] if is_blank_or_tag(*a) && *b != 0 => Some(UTF_16LE),
        [0, a, 0, b, ..] if is_blank_or_tag(*a) && *b != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Text in another encoding is next to never UTF-8 by chance: four characters are enough where nobody says so.
const UTF_8_BY_CHANCE: usize = 4;

fn utf_8_throughout(bytes: &[u8], is_declared: bool) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let least = if is_declared { 1 } else { UTF_8_BY_CHANCE };
    // ISO-2022-JP is ASCII throughout and told by its escapes alone.
    let foreign = text[Encoding::ascii_valid_up_to(bytes)..].chars().filter(|c| !c.is_ascii());
    (foreign.take(least).count() == least).then_some(text)
}

fn decode_as<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Decoded<'a> {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let replaced = memmem::find_iter(text.as_bytes(), "\u{fffd}".as_bytes()).count();
    // A page may hold U+FFFD of its own, written as such; only UTF-8 pages can, and then nothing was replaced.
    let own = if encoding == UTF_8 { memmem::find_iter(bytes, "\u{fffd}".as_bytes()).count() } else { 0 };
    Decoded { text, charset: encoding.name(), replaced: replaced.saturating_sub(own) }
}

/// Bytes of another encoding hardly ever form UTF-8 sequences: with as many good ones as holes it is UTF-8.
fn is_damaged_utf8(decoded: &Decoded<'_>) -> bool {
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

/// The first `<meta>` that names an encoding, or the XML declaration. UTF-16 told in ASCII bytes cannot be true: it
/// means UTF-8.
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

/// Tags in comments and scripts are none.
fn meta_tags(lower: &[u8]) -> Option<&'static Encoding> {
    let mut rest = lower;
    loop {
        rest = &rest[memchr::memchr(b'<', rest)?..];
        let skipped = [(&b"<!--"[..], &b"-->"[..]), (b"<script", b"</script"), (b"<style", b"</style")];
        if let Some((_, end)) = skipped.iter().find(|(begin, _)| rest.starts_with(begin)) {
            rest = &rest[memmem::find(rest, end)? + end.len()..];
            continue;
        }
        let Some(tag) = rest.strip_prefix(b"<meta") else {
            rest = &rest[1..];
            continue;
        };
        let (encoding, after) = encoding_of_meta(tag);
        if encoding.is_some() {
            return encoding;
        }
        rest = after;
    }
}

/// `charset="…"`, or `content="…; charset=…"` beside an `http-equiv`: a description may hold the word as well.
fn encoding_of_meta(mut tag: &[u8]) -> (Option<&'static Encoding>, &[u8]) {
    let (mut charset, mut content, mut is_http_equiv) = (None, None, false);
    while let Some((name, value, after)) = attribute(tag) {
        match name {
            b"charset" => charset = charset.or_else(|| Encoding::for_label(value)),
            b"content" => content = content.or_else(|| label_after_charset(value)),
            b"http-equiv" => is_http_equiv = true,
            _ => {}
        }
        tag = after;
    }
    (charset.or(content.filter(|_| is_http_equiv)), tag)
}

/// The next attribute of a tag with its value, and what follows. Always goes on by at least a byte.
fn attribute(tag: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let start = tag.iter().position(|byte| !is_gap(byte)).filter(|at| tag[*at] != b'>')?;
    let tag = &tag[start..];
    let ends_name = |byte: &u8| is_gap(byte) || matches!(byte, b'=' | b'>');
    let end = 1 + tag[1..].iter().position(ends_name).unwrap_or(tag.len() - 1);
    let (name, rest) = tag.split_at(end);
    let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { return Some((name, b"", rest)) };
    let value = value.trim_ascii_start();
    match value.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let inner = &value[1..];
            let end = memchr::memchr(*quote, inner).unwrap_or(inner.len());
            Some((name, &inner[..end], &inner[(end + 1).min(inner.len())..]))
        }
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
            let (value, rest) = value.split_at(value.iter().position(ends).unwrap_or(value.len()));
            Some((name, value, rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, charset: &str, text: &str, replaced: usize) {
        let decoded = decode(bytes, content_type);
        assert_eq!((decoded.charset, &*decoded.text, decoded.replaced), (charset, text, replaced));
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
