//! The address guard: which URLs and which addresses may be connected to. Pure; the address judged here is the one
//! that the connection is made to (`dns` hands out only what passed).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// A range of addresses, `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `address/prefix`; an address alone is itself.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |p| p.trim().parse().ok())?;
        (prefix <= longest).then_some(Network { address, prefix })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let (ours, theirs, width) = match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            _ => return false,
        };
        let ignored = u32::from(width - self.prefix);
        ours.checked_shr(ignored).unwrap_or(0) == theirs.checked_shr(ignored).unwrap_or(0)
    }
}

/// What the guard goes by.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow_networks: Vec<Network>,
    allow_ports: Vec<u16>,
}

/// Special-purpose IPv4 (IANA registry, RFC 6890), and the metadata services of clouds that lie outside it.
const REFUSED_V4: &[(&str, u8, &str)] = &[
    ("0.0.0.0", 8, "this network"),
    ("10.0.0.0", 8, "private"),
    ("100.64.0.0", 10, "carrier-grade NAT"),
    ("127.0.0.0", 8, "loopback"),
    ("168.63.129.16", 32, "a cloud's metadata service"),
    ("169.254.0.0", 16, "link-local"),
    ("172.16.0.0", 12, "private"),
    ("192.0.0.0", 24, "protocol assignments"),
    ("192.0.2.0", 24, "documentation"),
    ("192.31.196.0", 24, "AS112"),
    ("192.52.193.0", 24, "automatic multicast tunnelling"),
    ("192.88.99.0", 24, "6to4 relay"),
    ("192.168.0.0", 16, "private"),
    ("192.175.48.0", 24, "AS112"),
    ("198.18.0.0", 15, "benchmarking"),
    ("198.51.100.0", 24, "documentation"),
    ("203.0.113.0", 24, "documentation"),
    ("224.0.0.0", 4, "multicast"),
    ("240.0.0.0", 4, "reserved"),
];

/// Of IPv6 only 2000::/3 is handed out to hosts; these lie within it, or carry an IPv4 address.
const REFUSED_V6: &[(&str, u8, &str)] = &[
    ("2001::", 23, "protocol assignments, Teredo, ORCHID"),
    ("2001:db8::", 32, "documentation"),
    ("2002::", 16, "6to4"),
    ("2620:4f:8000::", 48, "AS112"),
    ("3fff::", 20, "documentation"),
];

/// Names that mean this machine or its own network, whatever they resolve to.
const REFUSED_SUFFIXES: &[&str] = &["localhost", "local", "internal", "home.arpa", "localdomain"];

impl Guard {
    /// A network that does not parse is reported.
    pub fn new(allow_networks: &[String], allow_ports: &[u16]) -> Result<Guard, String> {
        let parse = |text: &String| {
            Network::parse(text).ok_or_else(|| format!("fetch.allow_networks: {text:?} is no network"))
        };
        let allow_networks = allow_networks.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Guard { allow_networks, allow_ports: allow_ports.to_vec() })
    }

    /// Judges a URL before anything is asked: scheme, credentials, port, literal addresses, local names.
    pub fn judge_url(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the scheme {} is not http or https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL carries credentials".into());
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if !self.allow_ports.contains(&port) {
            return Err(format!("port {port} is not in fetch.allow_ports"));
        }
        match url.host() {
            None => Err("the URL has no host".into()),
            Some(Host::Ipv4(address)) => self.judge_address(address.into()),
            Some(Host::Ipv6(address)) => self.judge_address(address.into()),
            Some(Host::Domain(name)) => self.judge_name(name),
        }
    }

    fn judge_name(&self, name: &str) -> Result<(), String> {
        let name = name.trim_end_matches('.');
        // A literal with a trailing dot, or one that some resolvers read as an address.
        if let Ok(address) = name.parse::<IpAddr>() {
            return self.judge_address(address);
        }
        let is_local = |suffix: &&&str| {
            name.strip_suffix(**suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        match REFUSED_SUFFIXES.iter().find(is_local) {
            Some(suffix) => Err(format!("{name} is a local name (.{suffix})")),
            None if name.is_empty() => Err("the URL has no host".into()),
            None => Ok(()),
        }
    }

    /// Judges an address that is about to be connected to.
    pub fn judge_address(&self, address: IpAddr) -> Result<(), String> {
        if self.allow_networks.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        let kind = match address {
            IpAddr::V4(v4) => special_v4(v4),
            IpAddr::V6(v6) => special_v6(v6),
        };
        kind.map_or(Ok(()), |kind| Err(format!("{address} is not public ({kind})")))
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    find(REFUSED_V4, IpAddr::V4(address))
}

/// A form that carries an IPv4 address is refused as a form: no public site needs it, and what it reaches is up to
/// a gateway.
fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let is_global_unicast = address.segments()[0] & 0xe000 == 0x2000;
    if !is_global_unicast {
        return Some("outside global unicast: loopback, local, mapped, NAT64 or multicast");
    }
    find(REFUSED_V6, IpAddr::V6(address))
}

fn find(table: &[(&str, u8, &'static str)], address: IpAddr) -> Option<&'static str> {
    let holds = |(network, prefix, _): &&(&str, u8, &str)| {
        network.parse().is_ok_and(|base| Network { address: base, prefix: *prefix }.contains(address))
    };
    table.iter().find(holds).map(|(_, _, kind)| *kind)
}
