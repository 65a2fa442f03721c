//! A TCP proxy between workers and a broker that can hold everything up, or break every connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Lives as long as the test binary: its threads end with it.
#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    is_paused: Arc<AtomicBool>,
    /// Connections made before the last cut end.
    generation: Arc<AtomicU64>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Listens now; forwards to `to` on loopback, whenever that is there.
    pub fn to(to: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound port").port();
        let (is_paused, generation, open) = Default::default();
        let proxy = Proxy { port, is_paused, generation, open };
        let own = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                own.connect(client, to);
            }
        });
        proxy
    }

    /// Nothing passes, and no connection breaks: a network that swallows.
    pub fn pause(&self) {
        self.is_paused.store(true, Ordering::Relaxed);
    }

    pub fn resume(&self) {
        self.is_paused.store(false, Ordering::Relaxed);
    }

    /// Every connection breaks.
    pub fn cut(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        for stream in self.open.lock().expect("nobody panics here").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn connect(&self, client: TcpStream, to: u16) {
        // A broker that is away: the client sees its connection closed.
        let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
        let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
        {
            let mut open = self.open.lock().expect("nobody panics here");
            open.retain(|stream| stream.peer_addr().is_ok());
            open.extend([client.try_clone(), server.try_clone()].into_iter().flatten());
        }
        for (from, to) in [(client, server), (server_too, client_too)] {
            let (is_paused, generation) = (self.is_paused.clone(), self.generation.clone());
            std::thread::spawn(move || forward(from, to, &is_paused, &generation));
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, is_paused: &AtomicBool, generation: &AtomicU64) {
    let own = generation.load(Ordering::Relaxed);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        while is_paused.load(Ordering::Relaxed) && generation.load(Ordering::Relaxed) == own {
            std::thread::sleep(Duration::from_millis(10));
        }
        let is_cut = generation.load(Ordering::Relaxed) != own;
        if count == 0 || is_cut || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
