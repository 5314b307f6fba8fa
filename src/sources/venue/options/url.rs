//! The URLs of venues, and those that options put in their place.

use crate::sources::spec::{SourceSpec, SpecError};

/// A venue's URL with scheme, host and port of an option, and its path if it has one.
pub(super) fn replaced(
    spec: &SourceSpec,
    option: &'static str,
    own: &str,
    insecure: bool,
) -> Result<String, SpecError> {
    let Some(given) = spec.option(option) else {
        return Ok(own.to_owned());
    };
    check_url(given, insecure).map_err(|reason| spec.wrong(option, reason))?;
    let path_of = |url: &str| -> String {
        let after = url.split_once("://").map_or(url, |(_, after)| after);
        after
            .find('/')
            .map_or_else(String::new, |at| after[at..].to_owned())
    };
    let path = path_of(given);
    if path.is_empty() {
        Ok(format!("{given}{}", path_of(own)))
    } else {
        Ok(given.trim_end_matches('/').to_owned())
    }
}

/// Checks that a URL can be used: its scheme, and that it is encrypted unless it stays on this machine.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the URL.
pub fn check_url(url: &str, insecure: bool) -> Result<(), String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("is no URL: {error}"))?;
    let Some(host) = parsed.host_str() else {
        return Err("names no host".to_owned());
    };
    if parsed.username() != "" || parsed.password().is_some() {
        return Err("holds a name or password; keys are taken from the environment".to_owned());
    }
    match parsed.scheme() {
        "wss" | "https" => Ok(()),
        "ws" | "http" if insecure || is_loopback(host) => Ok(()),
        "ws" | "http" => Err(
            "is not encrypted; use wss:// or https://, or allow it with insecure=true".to_owned(),
        ),
        scheme => Err(format!(
            "begins with {scheme}:, which is none of wss, https, ws, http"
        )),
    }
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_leaves_the_machine_is_encrypted() {
        for good in [
            "wss://a.example",
            "https://a.example/x",
            "ws://127.0.0.1:80",
            "http://[::1]:1/x",
            "ws://localhost",
        ] {
            assert_eq!(check_url(good, false), Ok(()), "{good}");
        }
        for bad in [
            "ws://a.example",
            "http://127.0.0.1.a.example",
            "ftp://a",
            "x",
            "wss://key:secret@a.example",
        ] {
            assert!(check_url(bad, false).is_err(), "{bad}");
        }
        assert_eq!(check_url("ws://a.example", true), Ok(()));
    }
}
