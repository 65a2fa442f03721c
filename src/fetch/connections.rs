//! The connections that are kept for another request, bounded over all hosts.
//!
//! reqwest bounds idle connections by host only: a worker that meets thousands of hosts a minute would run out of file
//! descriptors. So the pool is renewed after so many origins; the old one, with what is idle in it, is dropped as soon
//! as its last request has its response.

use reqwest::Client;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use url::Url;

/// Origins of one pool. At most two pools are alive beside what is under way, so sockets stay under `concurrency` and
/// twice this: 712 by default, below the 1024 file descriptors that processes are commonly given.
pub const MAX_ORIGINS: usize = 256;

type Build = Box<dyn Fn() -> Result<Client, String> + Send + Sync>;

pub struct Connections {
    build: Build,
    pool: Mutex<Pool>,
}

struct Pool {
    client: Client,
    origins: HashSet<String>,
}

impl Connections {
    /// `build` makes a client with an empty pool; called again whenever the pool is renewed.
    pub fn new(
        build: impl Fn() -> Result<Client, String> + Send + Sync + 'static,
    ) -> Result<Connections, String> {
        let client = build()?;
        Ok(Connections { build: Box::new(build), pool: Mutex::new(Pool { client, origins: HashSet::new() }) })
    }

    /// The client to ask `url` with: the one that may hold a connection to its host.
    pub fn client_for(&self, url: &Url) -> Client {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = &url[..url::Position::BeforePath];
        if !pool.origins.contains(origin) {
            if pool.origins.len() >= MAX_ORIGINS {
                pool.origins.clear();
                // It was built like this at the start; should it fail now, the pool in use goes on.
                if let Ok(client) = (self.build)() {
                    pool.client = client;
                }
            }
            pool.origins.insert(origin.to_owned());
        }
        pool.client.clone()
    }
}
