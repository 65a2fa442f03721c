//! The site: the registrable domain, which owns politeness, memory and a partition.

use sha2::{Digest, Sha256};
use url::{Host, Url};

/// The registrable domain by the Public Suffix List, ICANN and private parts (`psl` carries both).
/// An IP literal, a single label or a public suffix itself is its own site. Never empty for an http(s) URL.
pub fn site_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(domain)) => site_of_host(domain),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

/// `site_of` for a host name in lower case, as `Url` gives it. A trailing dot is not part of the name.
pub fn site_of_host(host: &str) -> String {
    let host = host.trim_end_matches('.');
    psl::domain_str(host).unwrap_or(host).to_owned()
}

/// The partition of a site: the first 64 bits of SHA-256 modulo the count, the same in every version of newswire,
/// because memory and politeness hang on it. `partitions` must not be 0.
pub fn partition_of_site(site: &str, partitions: u32) -> i32 {
    let digest = Sha256::digest(site.as_bytes());
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    (u64::from_be_bytes(first) % u64::from(partitions.max(1))) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_registrable_domain() {
        let check = |url: &str, site: &str| assert_eq!(site_of(&Url::parse(url).unwrap()), site, "{url}");
        check("https://www.news.example/a", "news.example");
        check("https://a.b.news.co.uk/", "news.co.uk");
        check("https://someone.github.io/x", "someone.github.io");
        check("http://192.168.0.1/", "192.168.0.1");
        check("http://[::1]:8080/", "[::1]");
        check("http://localhost/", "localhost");
        check("http://co.uk/", "co.uk");
        check("http://www.news.example./a", "news.example");
    }

    #[test]
    fn the_partition_of_a_site_never_changes() {
        assert_eq!(partition_of_site("news.example", 6), partition_of_site("news.example", 6));
        let spread: std::collections::HashSet<i32> =
            (0..100).map(|n| partition_of_site(&format!("site{n}.example"), 6)).collect();
        assert_eq!(spread.len(), 6);
        // A golden value: if this changes, every deployment would need a migration.
        assert_eq!(partition_of_site("news.example", 1_000_000), 411_662);
    }
}
