//! A websocket to a venue: how it is opened, and what its failures mean.

pub(crate) mod counted;
pub(crate) mod tls;
pub(crate) mod whole;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_with_config};

use crate::domain::outcome::ErrorKind;
use crate::domain::time::UnixMs;

use super::deflate::{self, DeflateError, Inflating};
use super::http::{self, USER_AGENT};
use super::{Ending, Endpoint};
use counted::Counted;
use whole::Whole;

/// The longest message that is taken.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// How much the websocket client reads at a time: only what [`Whole`] leaves to it.
const READ_BYTES: usize = 4 << 10;

/// How long the other side may take to hear a goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// An open websocket.
pub(crate) type Socket = WebSocketStream<Whole<Inflating<Counted<MaybeTlsStream<TcpStream>>>>>;

/// Why a connection could not be opened.
#[derive(Debug)]
pub(crate) enum DialError {
    /// The venue answered with an HTTP status.
    Refused {
        /// Which.
        status: u16,
        /// What `Retry-After` asks for.
        retry_after: Option<Duration>,
        /// Whether the opening request held a key.
        has_key: bool,
    },
    /// Something on the way failed: in words, with what a person can do.
    Failed(String),
    /// What was asked for cannot be meant; trying again would be useless.
    Useless(String),
}

/// Host and port of a URL, for people.
pub(crate) fn host_of(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return String::new();
    };
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Opens a connection within `limit`: name, TCP, TLS and the opening request together.
pub(crate) async fn dial(
    endpoint: Endpoint,
    trust: Arc<ClientConfig>,
    limit: Duration,
    now: UnixMs,
) -> Result<Socket, DialError> {
    let (url, request) = request_of(&endpoint)?;
    let has_key = endpoint.secret_query.is_some() || !endpoint.headers.is_empty();
    let host = url.host_str().unwrap_or_default().to_owned();
    let deadline = Instant::now() + limit;
    let late = |what: &str| {
        let seconds = limit.as_secs_f64();
        DialError::Failed(format!("no {what} {host} within {seconds} s"))
    };
    let tcp = connect(&url, deadline).await?;
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!("TCP_NODELAY cannot be set: {error}");
    }
    let stream = if url.scheme() == "wss" {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| DialError::Useless(format!("{host} is no name of a host; check url=")))?;
        let connector = tokio_rustls::TlsConnector::from(trust);
        let tls = timeout_at(deadline, connector.connect(name, tcp))
            .await
            .map_err(|_| late("encrypted connection to"))?
            .map_err(|error| DialError::Failed(tls::explain(&error, &host)))?;
        MaybeTlsStream::Rustls(tls)
    } else {
        MaybeTlsStream::Plain(tcp)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let stream = Whole::new(Inflating::new(Counted::new(stream), MESSAGE_BYTES_MAX));
    let opening = client_async_with_config(request, stream, Some(config));
    match timeout_at(deadline, opening).await {
        Err(_) => Err(late("answer to the opening request from")),
        Ok(Ok((mut socket, _))) => {
            socket.get_mut().opened();
            Ok(socket)
        }
        Ok(Err(tungstenite::Error::Http(response))) => Err(DialError::Refused {
            status: response.status().as_u16(),
            has_key,
            retry_after: response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| http::retry_after(value, now)),
        }),
        Ok(Err(error)) => Err(DialError::Failed(format!(
            "{host} does not open a websocket: {error}"
        ))),
    }
}

/// The opening request. No error names the query or a header's value, which may hold keys.
fn request_of(endpoint: &Endpoint) -> Result<(Url, Request), DialError> {
    let useless = |what: &str| DialError::Useless(format!("{}: {what}", endpoint.url));
    let url = Url::parse(&endpoint.url).map_err(|_| useless("this is no URL; check url="))?;
    let mut text = endpoint.url.clone();
    if let Some(query) = &endpoint.secret_query {
        text.push(if url.query().is_some() { '&' } else { '?' });
        text.push_str(query.expose_secret());
    }
    let mut request = text
        .into_client_request()
        .map_err(|_| useless("this cannot be asked for; check url= and the keys"))?;
    for (name, value) in &endpoint.headers {
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| {
            useless("a key holds characters that no header can hold; check the environment")
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(*name, value);
    }
    let (name, offer) = deflate::offer();
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static(offer));
    request
        .headers_mut()
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(USER_AGENT));
    Ok((url, request))
}

/// Tries the addresses of a host one after the other, each with its share of what is left of the time, so that one that
/// swallows everything does not use it all up.
async fn connect(url: &Url, deadline: Instant) -> Result<TcpStream, DialError> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or(443);
    let failed = |what: String| {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        DialError::Failed(format!("{what}{}", proxy_hint(is_set)))
    };
    let found = timeout_at(deadline, tokio::net::lookup_host((bare, port)))
        .await
        .map_err(|_| failed(format!("the name {host} was not found in time")))?
        .map_err(|error| failed(format!("the name {host} was not found: {error}")))?;
    let addresses: Vec<SocketAddr> = found.collect();
    let mut failure = format!("the name {host} stands for no address");
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = format!("no connection to {host} ({address}): {error}"),
            Err(_) => failure = format!("no connection to {host} ({address}): no answer in time"),
        }
    }
    Err(failed(failure))
}

/// What to know where connections are meant to go through a proxy.
fn proxy_hint(is_set: impl Fn(&str) -> bool) -> &'static str {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    if names.into_iter().any(is_set) {
        ". A proxy is set in the environment: requests over HTTP take it, websockets do not; url= may lead to a way through"
    } else {
        ""
    }
}

/// What the failure of an open connection means, and the code to leave it with.
pub(crate) fn ending_of(error: &tungstenite::Error) -> (Ending, Option<u16>) {
    use tungstenite::Error;
    let (kind, message, code) = match error {
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => (
            ErrorKind::Overload,
            format!("the venue sent a message of {size} bytes; {MESSAGE_BYTES_MAX} are taken"),
            Some(1009),
        ),
        Error::Utf8(_) => (
            ErrorKind::DecodeError,
            "the venue sent a text that is not UTF-8".to_owned(),
            Some(1007),
        ),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => (
            ErrorKind::ConnectionError,
            "the venue ended the connection without a word".to_owned(),
            None,
        ),
        Error::Protocol(problem) => (
            ErrorKind::DecodeError,
            format!("the venue broke the rules of websockets: {problem}"),
            Some(1002),
        ),
        Error::Io(error) => match DeflateError::of(error) {
            Some(DeflateError::TooLarge { .. }) => {
                (ErrorKind::Overload, error.to_string(), Some(1009))
            }
            Some(_) => (ErrorKind::DecodeError, error.to_string(), Some(1002)),
            None => (
                ErrorKind::ConnectionError,
                format!("the connection broke: {error}"),
                None,
            ),
        },
        other => (
            ErrorKind::ConnectionError,
            format!("the connection broke: {other}"),
            None,
        ),
    };
    (Ending::retry(kind, message), code)
}

/// Says goodbye with a code. Whether it is heard no longer matters.
pub(crate) async fn leave(mut socket: Socket, code: u16) {
    let frame = CloseFrame {
        code: code.into(),
        reason: "".into(),
    };
    let goodbye = socket.send(Message::Close(Some(frame)));
    if !matches!(timeout(GOODBYE, goodbye).await, Ok(Ok(()))) {
        tracing::debug!("a connection could not be left properly");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_websockets_do_not_take_is_spoken_of() {
        assert_eq!(proxy_hint(|_| false), "");
        assert_eq!(proxy_hint(|name| name == "NO_PROXY"), "");
        assert!(proxy_hint(|name| name == "https_proxy").contains("websockets do not"));
    }
}
