//! Text of attributes and JSON as a reader would see it.

use crate::extract::dom::push_collapsed;

/// White space collapsed, tags dropped, entities decoded: JSON-LD often holds text that was escaped for HTML.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    if !text.contains(['<', '&']) {
        push_collapsed(&mut out, text);
        out.truncate(out.trim_end().len());
        return out;
    }
    let mut unescaped = decode_entities(text);
    if unescaped.contains('&') {
        unescaped = decode_entities(&unescaped);
    }
    push_collapsed(&mut out, &without_tags(&unescaped));
    out.truncate(out.trim_end().len());
    out
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..];
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match tag.find('>') {
            Some(close) if is_tag => {
                out.push(' ');
                rest = &tag[close + 1..];
            }
            _ => {
                out.push('<');
                rest = &tag[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The entities that occur in metadata; others stay as they are.
fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let entity = &rest[at + 1..];
        let end = entity.bytes().take(10).position(|b| b == b';');
        match end.and_then(|end| character(&entity[..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &entity[end + 1..];
            }
            None => {
                out.push('&');
                rest = entity;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "sbquo" => '‚',
        "laquo" => '«',
        "raquo" => '»',
        "hellip" => '…',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ecirc" => 'ê',
        "acirc" => 'â',
        "ocirc" => 'ô',
        "aacute" => 'á',
        "iacute" => 'í',
        "oacute" => 'ó',
        "uacute" => 'ú',
        "ntilde" => 'ñ',
        "middot" => '·',
        "bull" => '•',
        "euro" => '€',
        "shy" => '\u{ad}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_markup_reads_as_text() {
        for (text, expected) in [
            ("  a \n b ", "a b"),
            ("A &amp;amp; B", "A & B"),
            ("It&#8217;s &quot;x&quot;", "It’s \"x\""),
            ("<p>One</p><p>two</p>", "One two"),
            ("1 < 2 & 3 &unknown; x", "1 < 2 & 3 &unknown; x"),
            ("soft\u{ad}hyphen", "softhyphen"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
