//! TLS: whom to trust, and what to say when that fails.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::{CertificateError, ClientConfig, RootCertStore};

/// What all connections share: the authorities that this machine trusts, or those in the file that `SSL_CERT_FILE` names.
///
/// # Errors
/// When TLS cannot be set up at all.
pub(crate) fn shared() -> Result<Arc<ClientConfig>, rustls::Error> {
    static SHARED: OnceLock<Result<Arc<ClientConfig>, rustls::Error>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!("a certificate authority could not be read: {error}");
        }
        let mut roots = RootCertStore::empty();
        let (taken, left) = roots.add_parsable_certificates(found.certs);
        tracing::debug!("{taken} certificate authorities are trusted, {left} could not be taken");
        trusting(roots).map(Arc::new)
    });
    shared.clone()
}

/// Trusts just these.
pub(crate) fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// What went wrong on the way to an encrypted connection, and what to do about it.
pub(crate) fn explain(error: &io::Error, host: &str) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(problem)) = inner else {
        return format!("no encrypted connection to {host}: {error}");
    };
    let what = match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired; check the clock of this machine".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet; check the clock of this machine".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "is signed by an authority that this machine does not know; if it is your own, name its file in SSL_CERT_FILE"
                .to_owned()
        }
        CertificateError::NotValidForName => "is for another host; check url=".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            format!("is for another host ({}); check url=", presented.join(", "))
        }
        CertificateError::Revoked => "has been revoked".to_owned(),
        other => format!("cannot be trusted: {other}"),
    };
    format!("the certificate of {host} {what}")
}
