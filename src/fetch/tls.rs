//! Which certificates are believed, and what is said of one that is not.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::path::Path;

/// TLS for all connections: HTTP/2 where the server offers it, certificates verified against the system's store,
/// Mozilla's roots and `ca_bundle`. A bundle that cannot be read, or that holds no certificate, is said in the error.
pub fn client_config(ca_bundle: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // Mozilla's roots are in the binary: a container without a store of its own still verifies. What of the system's
    // store cannot be read or parsed, old stores have such entries, is passed over.
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in ca_bundle.map(read_bundle).transpose()?.unwrap_or_default() {
        roots.add(certificate).map_err(|e| format!("fetch.ca_bundle: a certificate is unusable: {e}"))?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| format!("cannot set up TLS: {e}"))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read_bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |e: rustls::pki_types::pem::Error| format!("fetch.ca_bundle {}: {e}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(cannot)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(cannot)?;
    match certificates.is_empty() {
        true => Err(format!("fetch.ca_bundle {} holds no certificate", path.display())),
        false => Ok(certificates),
    }
}

/// Tells the causes apart that a site owner, or the operator with a root of their own, can act on.
pub fn failure_message(error: &rustls::Error) -> String {
    let kind = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another host"
            }
            CertificateError::UnknownIssuer => "the certificate's issuer is unknown",
            CertificateError::Revoked => "the certificate has been revoked",
            _ => "the certificate is invalid",
        },
        _ => "the TLS handshake failed",
    };
    format!("{kind}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_is_none_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, content: Option<&str>, expected: &str| {
            let path = folder.path().join(name);
            content.iter().for_each(|text| std::fs::write(&path, text).unwrap());
            let problem = client_config(Some(&path)).unwrap_err();
            assert!(problem.contains(expected) && problem.contains("fetch.ca_bundle"), "{problem}");
        };
        check("missing.pem", None, "missing.pem");
        check("empty.pem", Some(""), "holds no certificate");
        check("words.pem", Some("no certificate at all\n"), "holds no certificate");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        check("broken.pem", Some(broken), "unusable");
        assert!(client_config(None).is_ok());
    }
}
