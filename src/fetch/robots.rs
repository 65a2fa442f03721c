//! robots.txt (RFC 9309): bytes in, rules for one agent out. Pure.
//!
//! The longest matching rule wins, `allow` on a tie; `*` is any run of characters, `$` the end. Groups of the same
//! agent are one. Rules are kept for one agent only, so a cached file costs what concerns us.

use std::time::Duration;

/// RFC 9309 §2.5: at least this much of a file has to be parsed. What is beyond is not read.
pub const MAX_ROBOTS_BYTES: usize = 500 * 1024;

/// What a robots.txt says to one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Robots {
    rules: Vec<Rule>,
    pub crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    is_allow: bool,
    pattern: String,
}

enum Line<'a> {
    Agent(&'a str),
    Rule { is_allow: bool, path: &'a str },
    CrawlDelay(&'a str),
    Other,
}

impl Robots {
    pub fn allow_all() -> Robots {
        Robots::default()
    }

    /// Reads the rules that concern `agent` (a product token such as `newswire`), or else those for `*`.
    pub fn parse(bytes: &[u8], agent: &str) -> Robots {
        let bytes = &bytes[..bytes.len().min(MAX_ROBOTS_BYTES)];
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let (mut ours, mut anybodys) = (None, None);
        let mut named = Named::default();
        for line in text.split(['\n', '\r']).map(read_line) {
            match line {
                Line::Agent(name) => named.add(name, agent),
                Line::Other => {}
                rule => {
                    named.is_open = false;
                    for (is_named, group) in [(named.ours, &mut ours), (named.anybody, &mut anybodys)] {
                        if is_named {
                            take(group.get_or_insert_with(Robots::default), &rule);
                        }
                    }
                }
            }
            // A group without any rule counts: it says that its agent may go everywhere.
            if named.ours {
                ours.get_or_insert_with(Robots::default);
            }
        }
        ours.or(anybodys).unwrap_or_default()
    }

    /// Whether a path with its query may be fetched. `/robots.txt` itself always may.
    pub fn allows(&self, path_and_query: &str) -> bool {
        let path = normalized(path_and_query);
        if path == "/robots.txt" {
            return true;
        }
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let longest = matching.max_by_key(|rule| (rule.pattern.len(), rule.is_allow));
        longest.is_none_or(|rule| rule.is_allow)
    }

    /// Bytes held, for the cache's bound.
    pub fn size(&self) -> usize {
        self.rules.iter().map(|rule| rule.pattern.len() + size_of::<Rule>()).sum()
    }
}

/// Whom the group being read is for.
#[derive(Default)]
struct Named {
    ours: bool,
    anybody: bool,
    /// The last line that counts named an agent: the next one names another of the same group.
    is_open: bool,
}

impl Named {
    fn add(&mut self, name: &str, agent: &str) {
        if !self.is_open {
            *self = Named { is_open: true, ..Named::default() };
        }
        self.anybody |= name == "*" || name.starts_with("* ");
        self.ours |= product_token(name).eq_ignore_ascii_case(agent);
    }
}

/// `Newswire/1.0 (...)` is `Newswire`: a token ends at the first character that none may have (RFC 9309 §2.2.1).
fn product_token(name: &str) -> &str {
    let end = name.find(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_')).unwrap_or(name.len());
    &name[..end]
}

fn read_line(line: &str) -> Line<'_> {
    let line = line.split('#').next().unwrap_or_default().trim_matches(is_blank);
    // Files with a blank instead of the colon exist; other parsers read them, so site owners rely on it.
    let Some((key, value)) = line.split_once(':').or_else(|| line.split_once([' ', '\t'])) else {
        return Line::Other;
    };
    let (key, value) = (key.trim_matches(is_blank), value.trim_matches(is_blank));
    match key.to_ascii_lowercase().as_str() {
        "user-agent" | "useragent" | "user agent" => Line::Agent(value),
        "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => {
            Line::Rule { is_allow: false, path: value }
        }
        "allow" => Line::Rule { is_allow: true, path: value },
        "crawl-delay" | "crawldelay" | "crawl delay" => Line::CrawlDelay(value),
        _ => Line::Other,
    }
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{feff}' || c == '\0'
}

fn take(group: &mut Robots, line: &Line<'_>) {
    match line {
        // An empty path matches nothing.
        Line::Rule { path: "", .. } => {}
        Line::Rule { is_allow, path } => {
            let pattern = normalized(path);
            group.rules.push(Rule { is_allow: *is_allow, pattern });
        }
        Line::CrawlDelay(seconds) => {
            let seconds = seconds.parse::<f64>().ok().filter(|s| *s >= 0.0 && s.is_finite());
            let delay = seconds.map(|s| Duration::from_secs_f64(s.min(86_400.0)));
            group.crawl_delay = group.crawl_delay.max(delay);
        }
        Line::Agent(_) | Line::Other => {}
    }
}

/// One spelling for what RFC 9309 §2.2.2 calls equal: bytes beyond ASCII are encoded, encoded unreserved ones are
/// decoded, hex digits are upper case. An encoded reserved character stays what it is.
pub(super) fn normalized(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    if !path.starts_with(['/', '*', '$']) {
        out.push('/');
    }
    let bytes = path.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match encoded_at(bytes, at) {
            Some(decoded) if is_unreserved(decoded) => {
                out.push(char::from(decoded));
                at += 3;
            }
            Some(decoded) => {
                push_encoded(&mut out, decoded);
                at += 3;
            }
            None => {
                match byte {
                    0x21..=0x7e => out.push(char::from(byte)),
                    _ => push_encoded(&mut out, byte),
                }
                at += 1;
            }
        }
    }
    out
}

fn encoded_at(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let is_encoded = bytes.get(at) == Some(&b'%');
    is_encoded.then(|| Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)).flatten()
}

fn push_encoded(out: &mut String, byte: u8) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase();
    out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether a pattern matches the front of a path. Each piece between stars is looked for once, from left to right,
/// so the time is bounded by pieces × path whatever a file says.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, is_anchored) = match pattern.strip_suffix('$') {
        Some(front) => (front, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return !is_anchored || rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if is_anchored && pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}
