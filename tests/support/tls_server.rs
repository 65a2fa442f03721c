//! HTTPS on loopback with certificates made on the spot: good ones, and every kind of bad one.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// An issuer of certificates that nobody knows but who is given its bundle.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// What is wrong with a certificate, if anything.
#[derive(Clone, Copy, Debug)]
pub enum Flaw {
    None,
    Expired,
    NotYetValid,
    OtherHost,
}

impl Authority {
    /// Two of one name are one to whoever looks for an issuer.
    pub fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate of its own").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A server's side of TLS with a certificate for 127.0.0.1 that has this flaw.
    fn server(&self, flaw: Flaw, protocols: &[&str]) -> ServerConfig {
        let name = if matches!(flaw, Flaw::OtherHost) { "other.example" } else { "127.0.0.1" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = match flaw {
            Flaw::Expired => (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1)),
            Flaw::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
            Flaw::None | Flaw::OtherHost => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth();
        let mut config =
            config.with_single_cert(vec![certificate.der().clone()], key).expect("a key that fits");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// Answers every request with the protocol's version and the number of its connection: `HTTP/2.0 0`.
pub struct TlsServer {
    pub port: u16,
    _serving: tokio::task::JoinHandle<()>,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self._serving.abort();
    }
}

impl TlsServer {
    pub async fn start(authority: &Authority, flaw: Flaw, protocols: &[&str]) -> TlsServer {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = tcp.local_addr().expect("a bound socket has an address").port();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(flaw, protocols)));
        let listener = TlsListener { tcp, acceptor, accepted: 0 };
        let router = Router::new().fallback(answer).into_make_service_with_connect_info::<Number>();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        TlsServer { port, _serving: serving }
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/story", self.port)
    }
}

async fn answer(
    ConnectInfo(number): ConnectInfo<Number>,
    request: Request,
) -> ([(&'static str, &'static str); 1], String) {
    let body = format!("{:?} {}", request.version(), number.0);
    ([("content-type", "text/html")], body)
}

/// The how-manieth connection it is.
#[derive(Clone, Copy, Debug)]
struct Number(usize);

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    accepted: usize,
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TlsListener>> for Number {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TlsListener>) -> Number {
        *stream.remote_addr()
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Number;

    async fn accept(&mut self) -> (Self::Io, Number) {
        loop {
            let (stream, _) = self.tcp.accept().await.expect("a listener that goes on");
            // A client that does not like the certificate goes away in the middle of it.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.accepted += 1;
                return (stream, Number(self.accepted - 1));
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Number> {
        self.tcp.local_addr().map(|_: SocketAddr| Number(0))
    }
}
