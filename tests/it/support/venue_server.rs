//! A venue to talk to: a server on this machine that does, step by step, what a test tells it.
//!
//! Websockets and requests over HTTP come to one port. Nothing happens by itself: a websocket is not even open before
//! [`Server::accept`], and a request waits until [`Call::answer`]. Every wait has a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long anything may take before the test gives up.
const DEADLINE: Duration = Duration::from_secs(60);

/// The longest head of a request that is read.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What the server is certified as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Good for `localhost`.
    Good,
    /// For another host.
    WrongHost,
    /// Expired long ago.
    Expired,
}

/// A server on this machine.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    /// The authority that its certificate is signed by, as a PEM file's text.
    authority: Option<String>,
    sockets: Receiver<Knock>,
    calls: Receiver<Call>,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// A server without encryption.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// A server with TLS, whose certificate is signed by an authority that nobody knows; see [`Server::authority`].
    pub fn start_tls(certificate: Certificate) -> Self {
        Self::with(Some(certificate))
    }

    fn with(certificate: Option<Certificate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (socket_sender, sockets) = unbounded();
        let (call_sender, calls) = unbounded();
        let ended = Arc::new(AtomicBool::new(false));
        let (tls, authority) = certificate.map(certify).unzip();
        let stop = Arc::clone(&ended);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let tls = tls.clone();
                let (sockets, calls) = (socket_sender.clone(), call_sender.clone());
                std::thread::spawn(move || receive(stream, tls, &sockets, &calls));
            }
        });
        Self {
            address,
            scheme: if authority.is_some() { "s" } else { "" },
            authority,
            sockets,
            calls,
            ended,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for `url=`.
    pub fn url(&self) -> String {
        format!("ws{}://localhost:{}", self.scheme, self.address.port())
    }

    /// The URL for `rest_url=`.
    pub fn rest_url(&self) -> String {
        format!("http{}://localhost:{}", self.scheme, self.address.port())
    }

    /// The certificate of the authority that signed the server's, as PEM text.
    pub fn authority(&self) -> &str {
        self.authority.as_deref().expect("a server with TLS")
    }

    /// Waits for somebody who wants a websocket; it is for the test to accept or to refuse.
    pub fn knock(&self) -> Knock {
        self.sockets
            .recv_timeout(DEADLINE)
            .expect("a connection in time")
    }

    /// Somebody who wants a websocket, if one comes within this time.
    pub fn knock_within(&self, time: Duration) -> Option<Knock> {
        self.sockets.recv_timeout(time).ok()
    }

    /// Waits for a connection and opens it.
    pub fn accept(&self) -> Peer {
        self.knock().accept()
    }

    /// Waits for a request over HTTP.
    pub fn call(&self) -> Call {
        self.calls
            .recv_timeout(DEADLINE)
            .expect("a request in time")
    }

    /// A request over HTTP, if one comes within this time.
    pub fn call_within(&self, time: Duration) -> Option<Call> {
        self.calls.recv_timeout(time).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listening thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

/// A server's certificate, and the authority's that signed it.
fn certify(certificate: Certificate) -> (Arc<ServerConfig>, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let host = match certificate {
        Certificate::WrongHost => "elsewhere.example",
        Certificate::Good | Certificate::Expired => "localhost",
    };
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(vec![host.to_owned()]).unwrap();
    if certificate == Certificate::Expired {
        own.not_before = rcgen::date_time_ymd(2019, 1, 1);
        own.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let signed = own.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], key)
        .unwrap();
    (Arc::new(config), authority_pem)
}

/// Reads a request's head, and passes it on to whoever waits for its kind.
fn receive(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    sockets: &Sender<Knock>,
    calls: &Sender<Call>,
) {
    stream.set_nodelay(true).ok();
    stream.set_read_timeout(Some(DEADLINE)).ok();
    stream.set_write_timeout(Some(DEADLINE)).ok();
    let mut stream = match tls {
        None => Stream::Plain(stream),
        Some(config) => match ServerConnection::new(config) {
            Ok(connection) => Stream::Tls(Box::new(StreamOwned::new(connection, stream))),
            Err(_) => return,
        },
    };
    // One byte at a time, so that nothing behind the head is taken away.
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = Head::read(&String::from_utf8_lossy(&head));
    // A test that is over listens no more.
    match head.header("sec-websocket-key").map(str::to_owned) {
        Some(key) => sockets.send(Knock { stream, head, key }).unwrap_or(()),
        None => calls.send(Call { stream, head }).unwrap_or(()),
    }
}

/// The head of a request.
#[derive(Debug, Clone)]
pub struct Head {
    /// Path and query.
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Head {
    fn read(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let path = lines.next().unwrap_or("").split(' ').nth(1).unwrap_or("");
        Self {
            path: path.to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
        }
    }

    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name)?;
        Some(&found.1)
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}

/// Somebody who wants a websocket.
pub struct Knock {
    stream: Stream,
    /// What was asked for.
    pub head: Head,
    key: String,
}

impl Knock {
    /// Opens it.
    pub fn accept(self) -> Peer {
        self.accept_with(&[])
    }

    /// Opens it, with further headers in the answer.
    pub fn accept_with(mut self, headers: &[(&str, &str)]) -> Peer {
        let mut text = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
            derive_accept_key(self.key.as_bytes())
        );
        for (name, value) in headers {
            text.push_str(&[name, ": ", value, "\r\n"].concat());
        }
        text.push_str("\r\n");
        self.stream.write_all(text.as_bytes()).unwrap();
        self.stream.flush().unwrap();
        Peer {
            socket: WebSocket::from_raw_socket(self.stream, Role::Server, None),
            head: self.head,
        }
    }

    /// Refuses it with an HTTP status.
    pub fn refuse(mut self, status: u16, headers: &[(&str, &str)]) {
        let answer = response(status, headers, b"no");
        self.stream.write_all(&answer).unwrap();
        self.stream.end();
    }

    /// The bare stream, for whatever is no websocket.
    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

/// A request over HTTP that waits for its answer.
pub struct Call {
    stream: Stream,
    /// What was asked for.
    pub head: Head,
}

impl Call {
    /// Answers it.
    pub fn answer(mut self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let answer = response(status, headers, body.as_ref());
        // Whoever asked may have gone.
        if self.stream.write_all(&answer).is_ok() {
            self.stream.end();
        }
    }

    /// Answers it with a body that is fine.
    pub fn answer_json(self, body: &str) {
        self.answer(200, &[("Content-Type", "application/json")], body);
    }

    /// The bare stream, for whatever is no answer.
    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

/// The server's end of an open websocket.
pub struct Peer {
    socket: WebSocket<Stream>,
    /// What was asked for when it was opened.
    pub head: Head,
}

impl Peer {
    /// Sends a text. A client that has gone is no failure.
    pub fn send(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into()));
    }

    /// Sends a message of any kind.
    pub fn send_message(&mut self, message: Message) {
        if let Err(error) = self.socket.send(message) {
            println!("the client has gone: {error}");
        }
    }

    /// Puts a message on its way without pushing it out: many go faster together. End with [`Peer::flush`].
    pub fn put(&mut self, text: impl Into<String>) {
        self.socket.write(Message::text(text.into())).unwrap_or(());
    }

    /// Pushes out what was put.
    pub fn flush(&mut self) {
        self.socket.flush().unwrap_or(());
    }

    /// Sends a close frame, and waits until the other side has gone.
    pub fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.to_owned().into(),
        };
        self.socket.close(Some(frame)).unwrap_or(());
        self.socket.flush().unwrap_or(());
        while self.socket.read().is_ok() {}
    }

    /// Writes bytes as they are, below the websocket.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.flush();
        let stream = self.socket.get_mut();
        stream.write_all(bytes).unwrap_or(());
        stream.flush().unwrap_or(());
    }

    /// Ends the connection without a close frame.
    pub fn cut(self) {
        let mut socket = self.socket;
        socket.get_mut().end();
    }

    /// The next text that the client sends. Pings are answered meanwhile.
    pub fn text(&mut self) -> String {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return text.to_string(),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("a text was expected, and {other:?} came"),
            }
        }
    }

    /// Waits for a text that holds this; others are passed over.
    pub fn text_with(&mut self, part: &str) -> String {
        loop {
            let text = self.text();
            if text.contains(part) {
                return text;
            }
        }
    }

    /// A text that comes within this time.
    pub fn text_within(&mut self, time: Duration) -> Option<String> {
        let stream = self.socket.get_ref().tcp();
        stream.set_read_timeout(Some(time)).unwrap();
        let found = loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => break Some(text.to_string()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    break None;
                }
                other => panic!("a text was expected, and {other:?} came"),
            }
        };
        let stream = self.socket.get_ref().tcp();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        found
    }

    /// Waits for the client's ping; texts are passed over.
    pub fn ping(&mut self) {
        while !matches!(self.socket.read().expect("a ping"), Message::Ping(_)) {}
    }

    /// Waits until the client leaves; the code of its close frame, if it sent one.
    pub fn end(mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => code = frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    panic!("the client does not leave")
                }
                Err(_) => return code,
            }
        }
    }
}

/// Plain or encrypted.
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    /// What lies below.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Ends both directions, as TLS wants it if there is TLS.
    pub fn end(&mut self) {
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
            stream.flush().ok();
        }
        self.tcp().shutdown(Shutdown::Both).ok();
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
