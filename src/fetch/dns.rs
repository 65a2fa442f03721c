//! Names to addresses, every one of them judged by the guard before a connection may use it.

use super::guard::Guard;
use futures::FutureExt;
use futures::future::BoxFuture;
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
type Cache = Mutex<HashMap<String, (Instant, Answer)>>;
/// Asks for a name's addresses.
type Lookup = dyn Fn(String) -> BoxFuture<'static, Answer> + Send + Sync;

/// The system's resolver behind the guard and a bounded cache.
#[derive(Clone)]
pub struct GuardedResolver {
    guard: Guard,
    /// With a proxy nothing but its own name is resolved here, and its address is the operator's choice.
    only: Option<String>,
    cache: Arc<Cache>,
    lookup: Arc<Lookup>,
}

impl GuardedResolver {
    pub fn new(guard: Guard) -> GuardedResolver {
        GuardedResolver::with(guard, |name| async move { lookup(&name).await }.boxed())
    }

    fn with(
        guard: Guard,
        lookup: impl Fn(String) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> GuardedResolver {
        GuardedResolver { guard, only: None, cache: Arc::default(), lookup: Arc::new(lookup) }
    }

    pub fn only_for(proxy: &str) -> GuardedResolver {
        GuardedResolver { only: Some(proxy.to_owned()), ..GuardedResolver::new(Guard::default()) }
    }

    async fn addresses(&self, name: &str) -> Answer {
        match &self.only {
            Some(proxy) if proxy == name => (self.lookup)(name.to_owned()).await,
            Some(_) => Err(DnsError::Refused(format!("{name} is for the proxy to resolve"))),
            None => match kept(&self.cache, name) {
                Some(answer) => answer,
                None => {
                    let found = (self.lookup)(name.to_owned()).await;
                    keep(&self.cache, name, found.and_then(|all| judged(&self.guard, name, all)))
                }
            },
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?.into_iter();
            let addresses = addresses.map(|address| SocketAddr::new(address, 0));
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

fn kept(cache: &Cache, name: &str) -> Option<Answer> {
    let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, answer) = cache.get(name)?;
    let keep_for = if answer.is_ok() { KEEP_FOR } else { KEEP_FAILURE_FOR };
    (at.elapsed() < keep_for).then(|| answer.clone())
}

fn keep(cache: &Cache, name: &str, answer: Answer) -> Answer {
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

    fn public() -> IpAddr {
        IpAddr::from([93, 184, 215, 14])
    }

    /// A resolver whose look-ups answer what `answer` says to the how-manieth, with the count of look-ups.
    fn resolver(
        answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> (GuardedResolver, Arc<std::sync::atomic::AtomicUsize>) {
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        let resolver = GuardedResolver::with(Guard::new(&[], &[80]).unwrap(), move |_| {
            let answer = answer(counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            async move { answer }.boxed()
        });
        (resolver, count)
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_whose_answer_changes_is_judged_by_the_answer_that_is_connected_to() {
        // The connection takes what this look-up gave: there is no second one in between that could say otherwise.
        let (resolver, _) =
            resolver(|n| Ok(vec![if n == 0 { public() } else { IpAddr::from([10, 0, 0, 1]) }]));
        assert_eq!(resolver.addresses("a.example").await.unwrap(), [public()]);
        tokio::time::advance(KEEP_FOR * 2).await;
        assert!(matches!(resolver.addresses("a.example").await, Err(DnsError::Refused(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_and_failures_are_kept_for_their_time() {
        let gone = || DnsError::Unresolved { name: "a".into(), message: "gone".into(), is_passing: false };
        for (is_there, keep_for) in [(true, KEEP_FOR), (false, KEEP_FAILURE_FOR)] {
            let (resolver, count) =
                resolver(move |_| if is_there { Ok(vec![public()]) } else { Err(gone()) });
            let asked = || count.load(std::sync::atomic::Ordering::Relaxed);
            for _ in 0..3 {
                assert_eq!(resolver.addresses("a.example").await.is_ok(), is_there);
            }
            assert_eq!(asked(), 1);
            tokio::time::advance(keep_for + Duration::from_millis(1)).await;
            let _ = resolver.addresses("a.example").await;
            assert_eq!(asked(), 2);
        }
    }

    #[tokio::test]
    async fn the_cache_is_bounded() {
        let (resolver, _) = resolver(|_| Ok(vec![public()]));
        for n in 0..2 * MAX_NAMES {
            resolver.addresses(&format!("host{n}.example")).await.unwrap();
            assert!(resolver.cache.lock().unwrap().len() <= MAX_NAMES);
        }
    }

    #[tokio::test]
    async fn with_a_proxy_no_other_name_is_resolved() {
        let resolver = GuardedResolver::only_for("proxy.example");
        let answer = resolver.resolve("localhost".parse().unwrap()).await;
        assert!(answer.err().unwrap().to_string().contains("for the proxy"));
    }
}
