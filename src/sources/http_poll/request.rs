//! One request and its answer.

use std::time::Duration;

use reqwest::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;

use super::plan::Plan;
use super::schedule::Validators;
use crate::domain::time::UnixMs;

/// The longest body that is taken, once unpacked.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The longest that an endpoint may ask to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What requests are made with.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

/// What came back.
#[derive(Debug)]
pub enum Response {
    /// An answer.
    Answer(Whole),
    /// A body that was not taken whole.
    TooLarge,
    /// No answer, and why.
    Failed(String),
}

/// An answer.
#[derive(Debug)]
pub struct Whole {
    /// The HTTP status.
    pub status: u16,
    /// What the answer is called.
    pub validators: Validators,
    /// What `Retry-After` says.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// What the requests of a plan are made with.
    ///
    /// # Errors
    /// When the system gives no certificates to trust.
    pub fn new(plan: &Plan) -> Result<Self, String> {
        // Another part of the program may have chosen the same already.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("streamer-tui/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(plan.timeout)
            .timeout(plan.timeout);
        if plan.is_loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build();
        client.map(Self).map_err(reason_of)
    }

    /// Makes a request for these symbols.
    pub async fn get(&self, plan: &Plan, symbols: &[&str], known: &Validators) -> Response {
        let url = plan.url(symbols);
        let mut request = self
            .0
            .get(url.expose_secret())
            .headers(plan.headers(symbols));
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(time) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, time);
        }
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => Response::Failed(reason_of(error)),
        }
    }
}

async fn read(mut response: reqwest::Response) -> Response {
    let header = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let mut whole = Whole {
        status: response.status().as_u16(),
        validators: Validators {
            etag: header(ETAG),
            last_modified: header(LAST_MODIFIED),
        },
        retry_after: header(RETRY_AFTER),
        body: Vec::new(),
    };
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if whole.body.len() + chunk.len() > BODY_BYTES_MAX => {
                return Response::TooLarge;
            }
            Ok(Some(chunk)) => whole.body.extend_from_slice(&chunk),
            Ok(None) => return Response::Answer(whole),
            Err(error) => return Response::Failed(reason_of(error)),
        }
    }
}

/// What went wrong, without the URL, which may hold a key.
fn reason_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer came in time".to_owned();
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

/// How long `Retry-After` asks to wait: it gives seconds, or a date.
#[must_use]
pub fn wait_of(retry_after: &str, now: UnixMs) -> Option<Duration> {
    let wait = if let Ok(seconds) = retry_after.trim().parse() {
        Duration::from_secs(seconds)
    } else {
        let date = chrono::DateTime::parse_from_rfc2822(retry_after.trim()).ok()?;
        let ms = date.timestamp_millis().saturating_sub(now.0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_gives_seconds_or_a_date() {
        let now = UnixMs(1_445_412_470_000);
        for (text, expected) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("99999999999999", Some(86_400)),
            ("99999999999999999999999", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                wait_of(text, now).map(|wait| wait.as_secs()),
                expected,
                "{text}"
            );
        }
    }
}
