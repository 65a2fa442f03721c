//! Names to addresses, every one of them judged by the guard before a connection may use it.

use super::guard::Guard;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Shorter than most TTLs, which the system's resolver does not tell.
const KEEP_FOR: Duration = Duration::from_secs(60);
const KEEP_FAILURE_FOR: Duration = Duration::from_secs(10);
/// About 1 MB. When it is full the cache starts anew: a refill costs one look-up a host.
const MAX_NAMES: usize = 8192;

/// Why a name gave no address.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DnsError {
    #[error("{0}")]
    Refused(String),
    #[error("cannot resolve {name}: {message}")]
    Unresolved { name: String, message: String, is_passing: bool },
}

type Answer = Result<Vec<IpAddr>, DnsError>;

/// The system's resolver behind the guard and a bounded cache.
pub struct GuardedResolver {
    guard: Guard,
    /// With a proxy nothing but its own name is resolved here, and its address is the operator's choice.
    only: Option<String>,
    cache: Arc<Mutex<HashMap<String, (Instant, Answer)>>>,
}

impl GuardedResolver {
    pub fn new(guard: Guard) -> GuardedResolver {
        GuardedResolver { guard, only: None, cache: Arc::default() }
    }

    pub fn only_for(proxy: &str) -> GuardedResolver {
        GuardedResolver { guard: Guard::default(), only: Some(proxy.to_owned()), cache: Arc::default() }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, only, cache) = (self.guard.clone(), self.only.clone(), self.cache.clone());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let answer = match only {
                Some(proxy) if proxy == name => lookup(&name).await,
                Some(_) => Err(DnsError::Refused(format!("{name} is for the proxy to resolve"))),
                None => match kept(&cache, &name) {
                    Some(answer) => answer,
                    None => {
                        keep(&cache, &name, lookup(&name).await.and_then(|all| judged(&guard, &name, all)))
                    }
                },
            };
            let addresses = answer?.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

async fn lookup(name: &str) -> Answer {
    let unresolved = |message: String| {
        // The C library has two words for it; only this one says that asking again may help.
        let is_passing = message.contains("emporary failure") || message.contains("ry again");
        DnsError::Unresolved { name: name.to_owned(), message, is_passing }
    };
    let found = tokio::net::lookup_host((name, 0)).await.map_err(|e| unresolved(e.to_string()))?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if addresses.is_empty() { Err(unresolved("it has no address".into())) } else { Ok(addresses) }
}

/// One bad address refuses the name: a name that mixes public and private addresses is no news site.
fn judged(guard: &Guard, name: &str, addresses: Vec<IpAddr>) -> Answer {
    for address in &addresses {
        guard.judge_address(*address).map_err(|why| {
            DnsError::Refused(format!("{name} resolves to an address that is refused: {why}"))
        })?;
    }
    Ok(addresses)
}

fn kept(cache: &Mutex<HashMap<String, (Instant, Answer)>>, name: &str) -> Option<Answer> {
    let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, answer) = cache.get(name)?;
    let keep_for = if answer.is_ok() { KEEP_FOR } else { KEEP_FAILURE_FOR };
    (at.elapsed() < keep_for).then(|| answer.clone())
}

fn keep(cache: &Mutex<HashMap<String, (Instant, Answer)>>, name: &str, answer: Answer) -> Answer {
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= MAX_NAMES {
        cache.clear();
    }
    cache.insert(name.to_owned(), (Instant::now(), answer.clone()));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_good_and_one_bad_address_is_refused() {
        let guard = Guard::new(&[], &[80]).unwrap();
        let check = |addresses: &[&str]| {
            judged(&guard, "a.example", addresses.iter().map(|a| a.parse().unwrap()).collect()).is_ok()
        };
        assert!(check(&["93.184.215.14", "2606:2800:21f::1"]));
        assert!(!check(&["93.184.215.14", "10.0.0.1"]));
        assert!(!check(&["93.184.215.14", "::ffff:10.0.0.1"]));
    }

    #[tokio::test]
    async fn with_a_proxy_no_other_name_is_resolved() {
        let resolver = GuardedResolver::only_for("proxy.example");
        let answer = resolver.resolve("localhost".parse().unwrap()).await;
        assert!(answer.err().unwrap().to_string().contains("for the proxy"));
    }
}
