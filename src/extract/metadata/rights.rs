//! What the publisher allows, as page and headers say. robots.txt is the fetch stage's.

use super::evidence::Evidence;
use crate::extract::PageHeaders;
use crate::record::Rights;

/// The name under which a page may address every newswire, besides everybody and the operator's own.
const OUR_AGENT: &str = "newswire";

pub fn read(evidence: &Evidence, headers: &PageHeaders) -> Rights {
    let mut rights = Rights::default();
    let configured = headers.agent.as_deref().unwrap_or(OUR_AGENT).to_ascii_lowercase();
    let ours = if configured == OUR_AGENT { vec![OUR_AGENT] } else { vec![OUR_AGENT, &configured] };
    for name in std::iter::once("robots").chain(ours.iter().copied()) {
        for content in evidence.all_metas(name) {
            add_directives(&mut rights.robots_meta, content);
        }
    }
    for value in &headers.x_robots_tag {
        add_directives(&mut rights.robots_meta, addressed_to_us(value, &ours));
    }
    let reserved = |told: Option<&str>| match told.map(str::trim) {
        Some("1") => Some(true),
        Some("0") => Some(false),
        _ => None,
    };
    // TDMRep: the page itself over the response that brought it, and that over the file for the whole site.
    rights.tdm_opt_out = reserved(evidence.meta(&["tdm-reservation"]).map(|(_, value)| value))
        .or(reserved(headers.tdm_reservation.as_deref()))
        .or(headers.tdm_file);
    rights
}

fn add_directives(directives: &mut Vec<String>, content: &str) {
    for directive in content.split(',') {
        let directive = directive.trim().to_ascii_lowercase();
        if !directive.is_empty() && !directives.contains(&directive) {
            directives.push(directive);
        }
    }
}

/// `otherbot: noindex` is not for us; `newswire: noindex` and `noindex` are.
fn addressed_to_us<'a>(value: &'a str, ours: &[&str]) -> &'a str {
    match value.split_once(':') {
        Some((agent, directives)) if ours.iter().any(|name| agent.trim().eq_ignore_ascii_case(name)) => {
            directives
        }
        Some((agent, _)) if !is_directive_with_value(agent) => "",
        _ => value,
    }
}

/// Directives that carry a colon themselves.
fn is_directive_with_value(name: &str) -> bool {
    let last = name.rsplit(',').next().unwrap_or(name).trim().to_ascii_lowercase();
    ["max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"].contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::Dom;
    use url::Url;

    #[test]
    fn directives_for_others_are_not_ours() {
        let dom =
            Dom::parse("<meta name=ROBOTS content='NoArchive, follow'><meta name=tdm-reservation content=1>");
        let evidence = Evidence::gather(&dom, &Url::parse("https://a.example/").unwrap());
        let headers = PageHeaders {
            x_robots_tag: vec![
                "otherbot: noindex".into(),
                "newswire: nosnippet".into(),
                "max-snippet:5, noodp".into(),
            ],
            ..PageHeaders::default()
        };
        let rights = read(&evidence, &headers);
        assert_eq!(rights.robots_meta, ["noarchive", "follow", "nosnippet", "max-snippet:5", "noodp"]);
        assert_eq!(rights.tdm_opt_out, Some(true));
    }
}
