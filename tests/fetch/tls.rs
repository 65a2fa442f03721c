//! TLS on real sockets: what is believed, what is said of what is not, and HTTP/2.

use crate::fault_server::{FaultServer, Piece, page};
use crate::tls_server::{Authority, Flaw, TlsServer};
use crate::{fetch_job, job, settings, words};
use newswire::fetch::{Fetched, Fetcher, Settings};
use std::path::PathBuf;

struct Bundle {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Bundle {
    fn of(authority: &Authority) -> Bundle {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, format!("# our own root\n{}", authority.pem)).unwrap();
        Bundle { path, _folder: folder }
    }

    fn settings(&self, port: u16) -> Settings {
        Settings { ca_bundle: Some(self.path.clone()), ..settings(port) }
    }
}

fn message(fetched: &Fetched) -> String {
    match fetched {
        Fetched::Rejected { reason, message, .. } => format!("{reason}: {message}"),
        other => words(other),
    }
}

fn body(fetched: &Fetched) -> String {
    match fetched {
        Fetched::Page(page) => String::from_utf8_lossy(&page.body).into_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let bundle = Bundle::of(&known);
    for (authority, flaw, expected) in [
        (&known, Flaw::Expired, "tls_failed: the certificate has expired"),
        (&known, Flaw::NotYetValid, "tls_failed: the certificate is not valid yet"),
        (&known, Flaw::OtherHost, "tls_failed: the certificate is for another host"),
        (&unknown, Flaw::None, "tls_failed: the certificate's issuer is unknown"),
    ] {
        let server = TlsServer::start(authority, flaw, &["http/1.1"]).await;
        let fetcher = Fetcher::new(bundle.settings(server.port)).unwrap();
        let said = message(&fetch_job(&fetcher, &job(&server.url()), None).await);
        assert!(said.starts_with(expected), "{flaw:?}: {said}");
    }
}

#[tokio::test]
async fn an_issuer_is_believed_only_where_the_bundle_names_it() {
    let authority = Authority::new("our own");
    let server = TlsServer::start(&authority, Flaw::None, &["http/1.1"]).await;
    let without = Fetcher::new(settings(server.port)).unwrap();
    let said = message(&fetch_job(&without, &job(&server.url()), None).await);
    assert!(said.contains("issuer is unknown"), "{said}");
    let with = Fetcher::new(Bundle::of(&authority).settings(server.port)).unwrap();
    assert_eq!(body(&fetch_job(&with, &job(&server.url()), None).await), "HTTP/1.1 0");
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_a_connection_is_used_again() {
    let authority = Authority::new("our own");
    let bundle = Bundle::of(&authority);
    for (offered, expected) in [
        (["h2", "http/1.1"].as_slice(), ["HTTP/2.0 0", "HTTP/2.0 0"]),
        (&["http/1.1"], ["HTTP/1.1 0", "HTTP/1.1 0"]),
        (&[], ["HTTP/1.1 0", "HTTP/1.1 0"]),
    ] {
        let server = TlsServer::start(&authority, Flaw::None, offered).await;
        let fetcher = Fetcher::new(bundle.settings(server.port)).unwrap();
        let first = body(&fetch_job(&fetcher, &job(&server.url()), None).await);
        let second = body(&fetch_job(&fetcher, &job(&server.url()), None).await);
        assert_eq!([first.as_str(), second.as_str()], expected, "{offered:?}");
    }
}

#[tokio::test]
async fn what_speaks_no_tls_fails_without_a_panic() {
    for (pieces, expected) in [
        (page("<p>plain</p>"), "tls_failed: the TLS handshake failed"),
        (vec![Piece::Send(vec![0x16, 3, 1, 0xff, 0xff, 1, 2, 3])], "tls_failed: the TLS handshake failed"),
        (vec![], "retry"),
    ] {
        let server = FaultServer::of_bytes(pieces).await;
        let fetcher = Fetcher::new(settings(server.port)).unwrap();
        let url = format!("https://127.0.0.1:{}/", server.port);
        let said = message(&fetch_job(&fetcher, &job(&url), None).await);
        assert!(said.starts_with(expected), "{expected}: {said}");
    }
}
