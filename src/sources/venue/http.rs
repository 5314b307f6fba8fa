//! What requests over HTTP have in common, whoever makes them.

use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::ClientConfig;

use super::connection::tls;
use crate::domain::time::UnixMs;

/// What this program calls itself.
pub(crate) const USER_AGENT: &str = concat!("streamer-tui/", env!("CARGO_PKG_VERSION"));

/// The longest that is believed when a venue asks to be left alone: Binance bans for up to three days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3 * 24 * 3600);

/// A client that asks just what it is told to ask, and trusts whom the websockets trust.
pub(crate) fn client(trust: &ClientConfig, timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(trust.clone())
        .redirect(Policy::none())
        .referer(false)
        .user_agent(USER_AGENT)
        .timeout(timeout)
}

/// The body of an answer, unpacked; `None` when it is longer than `bytes_max`.
///
/// # Errors
/// When it does not come whole.
pub(crate) async fn body(
    mut response: reqwest::Response,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What went wrong, with its causes and without the URL, which may hold a key.
pub(crate) fn reason_of(error: reqwest::Error) -> String {
    let host = error.url().and_then(reqwest::Url::host_str);
    let host = host.unwrap_or("the endpoint").to_owned();
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer came in time".to_owned();
    }
    if tls::problem_in(&error).is_some() {
        return tls::explain(&error, &host);
    }
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        cause = inner.source();
    }
    reason
}

/// What `Retry-After` asks for: seconds, or a date.
pub(crate) fn retry_after(value: &str, now: UnixMs) -> Option<Duration> {
    let value = value.trim();
    let wait = if let Ok(seconds) = value.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until = chrono::DateTime::parse_from_rfc2822(value).ok()?;
        let ms = until.timestamp_millis().saturating_sub(now.0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now = UnixMs(1_445_412_470_000);
        for (text, expected) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("99999999999999", Some(259_200)),
            ("99999999999999999999999", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let wait = retry_after(text, now).map(|wait| wait.as_secs());
            assert_eq!(wait, expected, "{text}");
        }
    }
}
