//! The connections that are kept for another request, bounded over all hosts.
//!
//! reqwest bounds idle connections by host only: a worker that meets thousands of hosts a minute would run out of file
//! descriptors. So each origin has a client of its own, and only those asked last have one: an origin's idle connection
//! goes with its client, or as soon as the client's last request has its response.

use reqwest::Client;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use url::Url;

/// Origins that may have an idle connection. Sockets stay under `concurrency` and this: 456 by default, below the 1024
/// file descriptors that processes are commonly given.
pub const MAX_ORIGINS: usize = 256;

type Build = Box<dyn Fn() -> Result<Client, String> + Send + Sync>;

pub struct Connections {
    build: Build,
    /// For an origin whose own client cannot be built, though this one could.
    spare: Client,
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    /// With the number of the request that asked for it last.
    by_origin: HashMap<String, (Client, u64)>,
    asked: u64,
}

impl Connections {
    /// `build` makes a client with an empty pool; called again for every origin that has none.
    pub fn new(
        build: impl Fn() -> Result<Client, String> + Send + Sync + 'static,
    ) -> Result<Connections, String> {
        let spare = build()?;
        Ok(Connections { build: Box::new(build), spare, clients: Mutex::default() })
    }

    /// The client to ask `url` with: the one that may hold a connection to its host.
    pub fn client_for(&self, url: &Url) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.asked += 1;
        let (asked, origin) = (clients.asked, &url[..url::Position::BeforePath]);
        if let Some((client, last)) = clients.by_origin.get_mut(origin) {
            *last = asked;
            return client.clone();
        }
        let Ok(client) = (self.build)() else { return self.spare.clone() };
        if clients.by_origin.len() >= MAX_ORIGINS {
            let oldest = clients.by_origin.iter().min_by_key(|(_, (_, last))| *last);
            let oldest = oldest.map(|(origin, _)| origin.clone()).unwrap_or_default();
            clients.by_origin.remove(&oldest);
        }
        clients.by_origin.insert(origin.to_owned(), (client.clone(), asked));
        client
    }
}
