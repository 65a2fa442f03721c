//! URL normalization (DESIGN §2): what can differ without naming another page is made the same; nothing else is touched.
//!
//! Scheme and host in lower case, IDNA, percent-decoded host, default port, dot segments (all by the WHATWG URL
//! Standard, crate `url`); then fragment, empty query, a host's trailing dot and tracking parameters go, and
//! percent-encodings of unreserved characters are decoded (RFC 3986 §6.2.2.2). Path case, unknown parameters and
//! their order stay. Idempotent.

use std::fmt;
use url::Url;

/// Names of query parameters that say where a reader came from, never what is read. A final `*` matches any rest.
/// From the documentation of the tools that add them; matched without regard to case.
const TRACKING: &[&str] = &[
    "utm_*",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "ysclid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "igshid",
    "igsh",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "_hsenc",
    "_hsmi",
    "__hstc",
    "__hssc",
    "__hsfp",
    "hsctatracking",
    "vero_id",
    "vero_conv",
    "oly_enc_id",
    "oly_anon_id",
    "_openstat",
    "wickedid",
    "s_cid",
    "ncid",
    "cmpid",
    "ocid",
    "at_medium",
    "at_campaign",
    "at_custom*",
    "at_link*",
    "pk_campaign",
    "pk_kwd",
    "pk_source",
    "pk_medium",
    "mtm_*",
    "piwik_*",
    "_ga",
    "_gl",
    "xtor",
    "ns_mchannel",
    "ns_source",
    "ns_campaign",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "spm",
    "smid",
    "smtyp",
    "sr_share",
    "ftag",
    "wt_mc",
    "wt.mc_id",
    "wtmc",
    "zanpid",
    "epik",
    "ref_src",
    "ref_url",
    "__twitter_impression",
];

/// The list of tracking parameters in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingParameters(Vec<String>);

impl Default for TrackingParameters {
    fn default() -> TrackingParameters {
        TrackingParameters(TRACKING.iter().map(|name| (*name).to_owned()).collect())
    }
}

impl TrackingParameters {
    /// The built-in list and more of the same form.
    pub fn with(more: &[String]) -> TrackingParameters {
        let mut list = TrackingParameters::default();
        list.0.extend(more.iter().map(|name| name.to_ascii_lowercase()));
        list
    }

    fn contains(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.0.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
    }
}

/// Why a text is no URL that newswire can fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAUrl(pub String);

impl fmt::Display for NotAUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest URL taken, in bytes: what the widely used servers and proxies take at most (8 KiB request lines).
const MAX_URL_BYTES: usize = 8 << 10;

/// Reads and normalizes an absolute http(s) URL.
pub fn normalize(text: &str, tracking: &TrackingParameters) -> Result<Url, NotAUrl> {
    let text = text.trim();
    if text.len() > MAX_URL_BYTES {
        return Err(NotAUrl(format!("a URL of {} bytes is over {MAX_URL_BYTES}", text.len())));
    }
    let mut url = Url::parse(text).map_err(|e| NotAUrl(format!("not an absolute URL: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotAUrl(format!("the scheme {:?} is not http or https", url.scheme())));
    }
    url.set_fragment(None);
    trim_host(&mut url)?;
    let path = decode_unreserved(url.path());
    url.set_path(&path);
    let query = url.query().map(|query| clean_query(query, tracking));
    url.set_query(query.as_deref().filter(|query| !query.is_empty()));
    Ok(url)
}

/// `news.example.` and `news.example` are the same host to every resolver.
fn trim_host(url: &mut Url) -> Result<(), NotAUrl> {
    let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')) else { return Ok(()) };
    let host = host.trim_end_matches('.').to_owned();
    url.set_host(Some(&host)).map_err(|e| NotAUrl(format!("not a host name: {host:?}: {e}")))
}

fn clean_query(query: &str, tracking: &TrackingParameters) -> String {
    let is_tracking = |pair: &str| {
        let name = pair.split('=').next().unwrap_or(pair);
        tracking.contains(&percent_encoding::percent_decode_str(name).decode_utf8_lossy())
    };
    let kept: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_tracking(pair))
        .map(decode_unreserved)
        .collect();
    kept.join("&")
}

/// `%41` -> `A`, `%7e` -> `~`; every other escape stays, its hex digits in upper case (RFC 3986 §6.2.2.1).
fn decode_unreserved(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))) {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => {
                out.push(char::from(byte));
                at += 3;
            }
            Some(byte) => {
                out.push_str(&format!("%{byte:02X}"));
                at += 3;
            }
            None => {
                // `Url` leaves only ASCII in paths and queries, so a byte is a character.
                out.push(char::from(bytes[at]));
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normalized(text: &str) -> Option<String> {
        normalize(text, &TrackingParameters::default()).ok().map(String::from)
    }

    #[test]
    fn the_table_of_urls() {
        let table = include_str!("../../tests/tables/normalize.csv");
        for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
            let (given, expected) = line.split_once(" -> ").expect("given -> expected");
            assert_eq!(normalized(given).as_deref().unwrap_or("refused"), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(text in "https?://[a-zA-Z0-9.%-]{1,20}(:[0-9]{1,4})?(/[ -~é]{0,30})?(\\?[ -~ü]{0,30})?") {
            if let Some(once) = normalized(&text) {
                prop_assert_eq!(normalized(&once), Some(once.clone()));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = normalized(&text);
            let _ = normalized(&format!("http://{text}"));
        }
    }
}
