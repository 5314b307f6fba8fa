#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::VecDeque;
use std::task::Waker;

use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use tokio::io::AsyncWrite;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::*;
use crate::sources::venue::testing::mutate;

/// A connection on which these bytes come, with a pause behind each piece, and then nothing more.
struct Wire {
    pieces: VecDeque<Vec<u8>>,
    is_pausing: bool,
    written: usize,
}

impl Wire {
    fn new(bytes: &[u8], piece_bytes: usize) -> Self {
        Self {
            pieces: bytes.chunks(piece_bytes).map(<[u8]>::to_vec).collect(),
            is_pausing: false,
            written: 0,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_pausing = !self.is_pausing;
        if self.is_pausing {
            return Poll::Pending;
        }
        if let Some(piece) = self.pieces.front_mut() {
            let count = piece.len().min(buffer.remaining());
            buffer.put_slice(&piece[..count]);
            piece.drain(..count);
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn config() -> WebSocketConfig {
    let most = Some(200 << 10);
    WebSocketConfig::default()
        .max_message_size(most)
        .max_frame_size(most)
}

fn shown(message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> String {
    match message {
        Some(Ok(message)) => format!("{message:?}"),
        Some(Err(error)) => format!("failed: {error}"),
        None => "gone".to_owned(),
    }
}

/// Everything that comes, up to a failure or the end, and how many bytes have been written for it.
fn read_by_client(wire: Wire) -> (Vec<String>, usize) {
    let client = WebSocketStream::from_raw_socket(wire, Role::Client, Some(config()));
    let mut client = client.now_or_never().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut found = Vec::new();
    loop {
        if let Poll::Ready(next) = client.poll_next_unpin(&mut context) {
            let is_end = !matches!(next, Some(Ok(_)));
            found.push(shown(next));
            if is_end {
                return (found, client.get_ref().written);
            }
        }
    }
}

/// The same, with whole messages taken out before; how many those were.
fn read_whole(wire: Wire) -> (Vec<String>, usize, usize) {
    let mut whole = Whole::new(wire);
    whole.opened();
    let client = WebSocketStream::from_raw_socket(whole, Role::Client, Some(config()));
    let mut client = client.now_or_never().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let (mut found, mut taken) = (Vec::new(), 0);
    loop {
        let mut messages = client.get_mut().messages();
        while let Some(message) = messages.take() {
            taken += 1;
            found.push(match message {
                Incoming::Text(text) => format!("{:?}", Message::text(text)),
                Incoming::Binary(bytes) => format!("{:?}", Message::binary(bytes.to_vec())),
            });
        }
        client.get_mut().put_back(messages);
        if let Poll::Ready(next) = client.poll_next_unpin(&mut context) {
            let is_end = !matches!(next, Some(Ok(_)));
            found.push(shown(next));
            if is_end {
                return (found, client.get_ref().inner.written, taken);
            }
        }
    }
}

fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match payload.len() {
        short @ 0..126 => bytes.push(short as u8),
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

fn agree(wire: &[u8], piece_bytes: usize) -> usize {
    let (expected, expected_bytes) = read_by_client(Wire::new(wire, piece_bytes));
    let (found, found_bytes, taken) = read_whole(Wire::new(wire, piece_bytes));
    assert_eq!(found, expected);
    assert_eq!(found_bytes, expected_bytes, "answers to pings and goodbyes");
    taken
}

#[test]
fn whole_messages_are_taken_out_and_everything_else_is_left_to_the_client() {
    let long = "x".repeat(300);
    let whole = [
        frame(0x81, b"first"),
        frame(0x82, &[0xff, 0]),
        frame(0x81, long.as_bytes()),
        frame(0x81, b""),
    ]
    .concat();
    let others = [
        frame(0x89, b"ping"),
        frame(0x01, b"in "),
        frame(0x89, b"between"),
        frame(0x80, b"parts"),
        frame(0x81, &b"y".repeat(100 << 10)),
        frame(0x8a, b""),
    ]
    .concat();
    let wire = [whole.clone(), others, whole, frame(0x88, &[3, 232])].concat();
    for piece_bytes in [1, 3, 100, 4096, 1 << 20] {
        assert_eq!(agree(&wire, piece_bytes), 8);
    }
}

#[test]
fn what_breaks_the_rules_is_found_by_the_client() {
    for bad in [
        frame(0x81, &[0xc3, 0x28]),
        frame(0xc1, b"reserved"),
        frame(0x83, b"unknown"),
        frame(0x80, b"the end of nothing"),
        frame(0x09, b"a ping in parts"),
        frame(0x89, &[0; 126]),
        [frame(0x01, b"part"), frame(0x81, b"whole")].concat(),
        vec![0x81, 0x81, 1, 2, 3, 4, 5],
        vec![0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x81, 127, 0, 0, 0, 0, 0, 4, 0, 0],
        vec![0x81, 5, b'c', b'u', b't'],
        vec![0x81],
        vec![],
    ] {
        let wire = [
            frame(0x81, b"good"),
            bad.clone(),
            frame(0x81, b"never seen"),
        ]
        .concat();
        for piece_bytes in [1, 7, 1 << 20] {
            agree(&wire, piece_bytes);
            let torn = [frame(0x81, b"good"), bad.clone()].concat();
            agree(&torn, piece_bytes);
        }
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![
        8 => Just(0x81_u8),
        2 => Just(0x82),
        1 => proptest::sample::select(vec![0x01_u8, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88]),
        1 => any::<u8>(),
    ];
    let length = prop_oneof![10 => 0..200_usize, 1 => 60_000..70_000_usize];
    (head, length, any::<u8>(), 0..30_u8).prop_map(|(head, length, byte, is_odd)| {
        let byte = if is_odd == 0 { byte } else { byte & 0x7f };
        frame(head, &vec![byte; length])
    })
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn nothing_is_lost_added_or_overtaken(
        frames in proptest::collection::vec(piece(), 0..30),
        piece_bytes in prop_oneof![1..300_usize, 1000..100_000_usize],
        cut in proptest::option::of(any::<usize>()),
    ) {
        let mut wire = frames.concat();
        if let Some(cut) = cut {
            wire.truncate(cut % (wire.len() + 1));
        }
        agree(&wire, piece_bytes);
    }
}
