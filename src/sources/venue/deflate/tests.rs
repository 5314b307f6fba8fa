#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::VecDeque;

use flate2::{Compress, Compression, FlushCompress};
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;

const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const PLAIN_HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n";

/// A connection that gives its bytes in pieces of the given lengths, over and over.
struct Pieces {
    bytes: VecDeque<u8>,
    lengths: Vec<usize>,
    next: usize,
    written: Vec<u8>,
}

impl Pieces {
    fn new(bytes: &[u8], lengths: &[usize]) -> Self {
        Self {
            bytes: bytes.iter().copied().collect(),
            lengths: lengths.to_vec(),
            next: 0,
            written: Vec::new(),
        }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.lengths[self.next % self.lengths.len()];
        self.next += 1;
        let count = length.min(buffer.remaining()).min(self.bytes.len());
        let bytes: Vec<u8> = self.bytes.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A server's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(short as u8),
        middle @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// A server's end of the compression.
struct Deflater(Compress);

impl Deflater {
    fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    fn deflate(&mut self, text: &[u8]) -> Vec<u8> {
        if text.is_empty() {
            // Some compressors give nothing when nothing has come since the last flush; this is what stands for it.
            return vec![0];
        }
        let mut packed = Vec::new();
        let mut rest = text;
        loop {
            packed.reserve(1024);
            let before = self.0.total_in();
            self.0
                .compress_vec(rest, &mut packed, FlushCompress::Sync)
                .unwrap();
            rest = &rest[(self.0.total_in() - before) as usize..];
            if rest.is_empty() && packed.len() < packed.capacity() {
                break;
            }
        }
        assert!(packed.ends_with(&[0, 0, 0xff, 0xff]));
        packed.truncate(packed.len() - 4);
        packed
    }

    /// A message of one frame.
    fn text(&mut self, text: &str) -> Vec<u8> {
        frame(0xc1, &self.deflate(text.as_bytes()))
    }
}

/// Everything that comes out, and what it ended with.
async fn read_all(bytes: &[u8], lengths: &[usize], max: usize) -> (Vec<u8>, Option<io::Error>) {
    let mut stream = Inflating::new(Pieces::new(bytes, lengths), max);
    let mut all = Vec::new();
    let mut buffer = [0; 700];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return (all, None),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// The messages that a websocket client makes of frames behind [`HEAD`].
async fn messages(frames: &[u8], lengths: &[usize]) -> (Vec<Message>, Option<Error>) {
    let bytes = [HEAD, frames].concat();
    let mut stream = Inflating::new(Pieces::new(&bytes, lengths), 1 << 20);
    let mut head = vec![0; HEAD.len()];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head, HEAD);
    let config = WebSocketConfig::default();
    let mut socket =
        tokio_tungstenite::WebSocketStream::from_raw_socket(stream, Role::Client, Some(config))
            .await;
    let mut all = Vec::new();
    loop {
        match socket.next().await {
            Some(Ok(message)) => all.push(message),
            Some(Err(error)) => return (all, Some(error)),
            None => return (all, None),
        }
    }
}

fn lines() -> Vec<String> {
    (0..40)
        .map(|at| format!("{{\"type\":\"trade\",\"price\":{at}}}").repeat(at + 1))
        .collect()
}

#[tokio::test]
async fn messages_come_out_as_they_went_in_whatever_the_pieces() {
    let mut server = Deflater::new();
    let frames: Vec<u8> = lines().iter().flat_map(|line| server.text(line)).collect();
    for lengths in [&[1][..], &[7], &[100_000], &[1, 500, 3]] {
        let (messages, end) = messages(&frames, lengths).await;
        let expected: Vec<Message> = lines().into_iter().map(Message::text).collect();
        assert_eq!(messages, expected);
        assert!(matches!(end, Some(Error::Protocol(_))), "{end:?}");
    }
}

#[tokio::test]
async fn a_server_may_forget_what_it_has_sent() {
    let head = [
        &HEAD[..HEAD.len() - 4],
        b"; server_no_context_takeover\r\n\r\n",
    ]
    .concat();
    let mut bytes = head.clone();
    let mut expected = head;
    for line in lines() {
        bytes.extend(Deflater::new().text(&line));
        expected.extend(frame(0x81, line.as_bytes()));
    }
    let (all, end) = read_all(&bytes, &[5], 1 << 20).await;
    assert!(end.is_none());
    assert!(all == expected);
}

#[tokio::test]
async fn fragments_controls_and_plain_messages_are_told_apart() {
    let mut server = Deflater::new();
    let long = "0123456789 abcdef ".repeat(400);
    let packed = server.deflate(long.as_bytes());
    let (first, rest) = packed.split_at(packed.len() / 2);
    let (second, third) = rest.split_at(1);
    let frames = [
        frame(0x41, first),
        frame(0x89, b"ping"),
        frame(0x00, second),
        frame(0x8a, b""),
        frame(0x00, b""),
        frame(0x80, third),
        frame(0x81, b"plain"),
        frame(0x01, b"pl"),
        frame(0x89, b"pong"),
        frame(0x80, b"ain"),
        server.text(&long),
        server.text(""),
        frame(0xc2, &server.deflate(&[0xff; 300])),
        frame(0x88, &[0x03, 0xe8]),
    ]
    .concat();
    for lengths in [&[1][..], &[100_000]] {
        let (messages, end) = messages(&frames, lengths).await;
        assert!(end.is_none(), "{end:?}");
        let texts: Vec<Message> = messages
            .iter()
            .filter(|message| message.is_text() || message.is_binary())
            .cloned()
            .collect();
        assert_eq!(
            texts,
            [
                Message::text(long.as_str()),
                Message::text("plain"),
                Message::text("plain"),
                Message::text(long.as_str()),
                Message::text(""),
                Message::binary(vec![0xff; 300]),
            ]
        );
        assert_eq!(messages.iter().filter(|one| one.is_ping()).count(), 2);
        assert!(messages.last().unwrap().is_close());
    }
}

/// The examples of RFC 7692 §7.2.3: a block, a stored block, one that ends the stream, two blocks.
#[tokio::test]
async fn the_examples_of_the_standard_say_hello() {
    let examples: [&[u8]; 4] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ],
    ];
    for example in examples {
        let (messages, _) = messages(&frame(0xc1, example), &[1]).await;
        assert_eq!(messages, [Message::text("Hello")], "{example:x?}");
    }
    // The second message refers to the first.
    let again = [
        frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
        frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
    ]
    .concat();
    let (messages, _) = messages(&again, &[100]).await;
    assert_eq!(messages, [Message::text("Hello"), Message::text("Hello")]);
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_is_whole() {
    let zeros = vec![b'0'; 4 << 20];
    let mut server = Deflater::new();
    let bomb = frame(0xc1, &server.deflate(&zeros));
    assert!(bomb.len() < 8000);
    let bytes = [HEAD, &frame(0x81, b"before"), &bomb].concat();
    let (all, error) = read_all(&bytes, &[4096], 1 << 20).await;
    let error = error.unwrap();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(
        error.to_string(),
        "a compressed message would be larger than 1048576 bytes"
    );
    assert_eq!(
        DeflateError::of(&error),
        Some(&DeflateError::TooLarge { bytes_max: 1 << 20 })
    );
    assert!(all.len() < (1 << 20) + (1 << 18), "{}", all.len());
    assert!(all.starts_with(&[HEAD, b"\x81\x06before"].concat()));
    // As large as is allowed goes through.
    let exact = [HEAD, &Deflater::new().text(&"0".repeat(1000))].concat();
    assert!(read_all(&exact, &[9], 1000).await.1.is_none());
    assert!(read_all(&exact, &[9], 999).await.1.is_some());
}

#[tokio::test]
async fn endless_empty_blocks_are_refused() {
    let empty = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(200);
    let mut bytes = [HEAD, &frame(0x41, &empty)].concat();
    for _ in 0..100 {
        bytes.extend(frame(0x00, &empty));
    }
    let (_, error) = read_all(&bytes, &[999], 1000).await;
    assert!(matches!(
        DeflateError::of(&error.unwrap()),
        Some(DeflateError::TooLarge { .. })
    ));
}

#[tokio::test]
async fn damage_is_an_error_and_stays_one() {
    let mut server = Deflater::new();
    let packed = server.deflate(b"some text");
    for bad in [
        // A block of a kind that does not exist.
        frame(0xc1, &[0xff; 20]),
        // A stored block whose length does not match its complement.
        frame(0xc1, &[0x00, 0x05, 0x00, 0x00, 0x00, 0x48]),
        // A message within a message.
        [frame(0x41, &packed), frame(0x81, b"x")].concat(),
        // Marked as compressed in the middle.
        [frame(0x41, &packed), frame(0xc0, b"x")].concat(),
        // Masked.
        vec![0xc1, 0x81, 1, 2, 3, 4, 5],
    ] {
        let bytes = [HEAD, &bad].concat();
        let mut stream = Inflating::new(Pieces::new(&bytes, &[3]), 1 << 20);
        let mut all = Vec::new();
        let error = stream.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bad:x?}");
        assert!(error.to_string().contains("damaged"), "{error}");
        assert!(stream.read(&mut [0; 9]).await.is_err());
    }
    let (_, error) = read_all(
        b"HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: x-surprise\r\n\r\n",
        &[1],
        9,
    )
    .await;
    assert!(error.unwrap().to_string().contains("x-surprise"));
}

#[tokio::test]
async fn without_the_extension_nothing_is_touched() {
    let refused = [
        b"HTTP/1.1 429 no\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n".as_slice(),
        &[0xc1, 5, 0xff, 1, 2],
    ]
    .concat();
    let plain = [PLAIN_HEAD, &frame(0xc1, &[0xff; 90]), &vec![0xc1; 40_000]].concat();
    for bytes in [refused, plain] {
        for lengths in [&[1][..], &[333], &[100_000]] {
            let (all, error) = read_all(&bytes, lengths, 10).await;
            assert!(error.is_none());
            assert!(all == bytes);
        }
    }
}

#[tokio::test]
async fn what_is_written_is_not_touched() {
    let mut stream = Inflating::new(Pieces::new(HEAD, &[9]), 10);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(stream.get_ref().written, b"GET / HTTP/1.1\r\n\r\n");
    assert!(!stream.is_compressed());
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(stream.is_compressed());
    stream.shutdown().await.unwrap();
}

/// The client's own handshake, with the offer and a server that takes it up.
#[tokio::test]
async fn a_client_shakes_hands_and_reads() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

    let (ours, mut theirs) = tokio::io::duplex(100);
    let server = async move {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(theirs.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap().to_ascii_lowercase();
        assert!(request.contains(
            "sec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n"
        ));
        (theirs, request)
    };
    let client = async {
        let mut request = "ws://venue.test/".into_client_request().unwrap();
        let (name, value) = offer();
        request.headers_mut().insert(name, value.parse().unwrap());
        let key = request.headers()["sec-websocket-key"].as_bytes().to_vec();
        (request, derive_accept_key(&key))
    };
    let (request, accept) = client.await;
    let serving = tokio::spawn(async move {
        let (mut theirs, _) = server.await;
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        );
        theirs.write_all(head.as_bytes()).await.unwrap();
        let text = Deflater::new().text("hello hello hello");
        theirs.write_all(&text).await.unwrap();
        theirs
    });
    let stream = Inflating::new(ours, 1 << 20);
    let (mut socket, response) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    let message = socket.next().await.unwrap().unwrap();
    assert_eq!(message, Message::text("hello hello hello"));
    socket.send(Message::text("plain")).await.unwrap();
    drop(serving.await.unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_in_any_fragments_and_pieces_come_out_the_same(
        payloads in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3000), any::<bool>(), 1..400_usize), 0..8),
        lengths in prop::collection::vec(1..5000_usize, 1..5),
    ) {
        let mut server = Deflater::new();
        let mut frames = HEAD.to_vec();
        for (payload, packed, fragment) in &payloads {
            let bytes = if *packed { server.deflate(payload) } else { payload.clone() };
            let mark = if *packed { 0x40 } else { 0 };
            let mut parts: Vec<&[u8]> = bytes.chunks(*fragment).collect();
            if parts.is_empty() {
                parts.push(&[]);
            }
            for (at, part) in parts.iter().enumerate() {
                let first = if at == 0 { 2 | mark } else { 0 };
                let last = if at + 1 == parts.len() { 0x80 } else { 0 };
                frames.extend(frame(first | last, part));
                frames.extend(frame(0x89, b"p"));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (messages, _) = runtime.block_on(messages(&frames[HEAD.len()..], &lengths));
        let data: Vec<Vec<u8>> = messages
            .into_iter()
            .filter(Message::is_binary)
            .map(|message| message.into_data().to_vec())
            .collect();
        let expected: Vec<Vec<u8>> = payloads.into_iter().map(|(payload, _, _)| payload).collect();
        prop_assert!(data == expected);
    }

    #[test]
    fn no_bytes_break_it(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        lengths in prop::collection::vec(1..100_usize, 1..5),
        has_head in any::<bool>(),
    ) {
        let bytes = if has_head { [HEAD, &bytes].concat() } else { bytes };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (all, _) = runtime.block_on(read_all(&bytes, &lengths, 1000));
        prop_assert!(all.len() <= bytes.len() + 200_000);
    }
}
