//! One request and its answer.

use reqwest::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use secrecy::ExposeSecret;

use super::plan::Plan;
use super::schedule::Validators;
use crate::sources::venue::connection::tls;
use crate::sources::venue::http::{self, reason_of};

/// The longest body that is taken, once unpacked.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

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
    /// No connection, and why.
    Unreachable(String),
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
        let trust = tls::shared().map_err(|error| format!("TLS: {error}"))?;
        let mut builder = http::client(&trust, plan.timeout).connect_timeout(plan.timeout);
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
            Err(error) if error.is_connect() => Response::Unreachable(reason_of(error)),
            Err(error) => Response::Failed(reason_of(error)),
        }
    }
}

async fn read(response: reqwest::Response) -> Response {
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
    match http::body(response, BODY_BYTES_MAX).await {
        Ok(Some(body)) => {
            whole.body = body;
            Response::Answer(whole)
        }
        Ok(None) => Response::TooLarge,
        Err(error) => Response::Failed(reason_of(error)),
    }
}
