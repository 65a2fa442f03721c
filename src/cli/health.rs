//! `newswire health`: the health check of a container, by the binary itself.

use super::args::{HealthArgs, SettingsArgs};
use super::failure::Failure;
use super::setup;
use std::io::{self, Read, Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A probe that takes longer has failed: Docker's own limit is 30 s, Kubernetes' is 1 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// More than any answer of ours.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

pub fn run(settings: &SettingsArgs, args: &HealthArgs) -> Result<(), Failure> {
    let address = match &args.address {
        Some(text) => resolve(text)?,
        None => local(setup::load_config(settings, Vec::new())?.config.telemetry.listen)?,
    };
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let answer =
        ask(address, path).map_err(|error| Failure::Failed(format!("cannot ask {address}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        return Ok(writeln!(stdout().lock(), "{}", body.trim())?);
    }
    Err(Failure::Failed(format!("{address}{path} answered: {}", body.trim())))
}

fn resolve(text: &str) -> Result<SocketAddr, Failure> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| Failure::usage(format!("--address {text}: not a host:port that resolves")))
}

/// A worker that listens on every address is asked on the loopback one.
fn local(listen: SocketAddr) -> Result<SocketAddr, Failure> {
    if listen.port() == 0 {
        return Err(Failure::usage("telemetry.listen has port 0: name the worker's port with --address"));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

/// One request of HTTP/1.0: the answer ends with the connection.
fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
