//! TLS: whom to trust, and what to say when that fails.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::{CertificateError, ClientConfig, InvalidMessage, RootCertStore};

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

/// What went wrong with TLS, somewhere among the causes of an error.
pub(crate) fn problem_in<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An error of the system is no cause of its own.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| problem_in(inner)) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// What went wrong on the way to an encrypted connection, and what to do about it.
pub(crate) fn explain(error: &(dyn Error + 'static), host: &str) -> String {
    let problem = match problem_in(error) {
        Some(rustls::Error::InvalidCertificate(problem)) => problem,
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            return format!(
                "{host} does not answer with TLS on this port; check url=: a port without TLS is asked by ws:// or http://"
            );
        }
        Some(other) => return format!("no encrypted connection to {host}: {other}"),
        None => return format!("no encrypted connection to {host}: {error}"),
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
        // It has no name of its own among these.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "is that of an authority, which is no server's; make one for the server (with CA:FALSE), or one signed by that authority"
                .to_owned()
        }
        other => format!("cannot be trusted: {other}"),
    };
    format!("the certificate of {host} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_tls_is_found_among_the_causes_and_says_what_to_do() {
        let wrong = |problem| rustls::Error::InvalidCertificate(problem);
        let text = |error: rustls::Error| {
            let within = io::Error::other(io::Error::other(error));
            explain(&within, "feed.example")
        };
        for (error, expected) in [
            (wrong(CertificateError::UnknownIssuer), "SSL_CERT_FILE"),
            (wrong(CertificateError::NotValidForName), "for another host"),
            (
                rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "ws://",
            ),
            (
                rustls::Error::DecryptError,
                "no encrypted connection to feed.example",
            ),
        ] {
            let text = text(error);
            assert!(text.contains(expected), "{text}");
        }
        let plain = io::Error::other("cut");
        assert!(explain(&plain, "feed.example").ends_with(": cut"));
        assert!(problem_in(&plain).is_none());
    }
}
