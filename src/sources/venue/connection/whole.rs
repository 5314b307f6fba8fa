//! Whole messages, taken straight out of what has been read.
//!
//! [`Whole`] stands between the connection and the websocket client. A message that comes in one frame, as nearly all do,
//! is handed out from where it lies, without being copied; every other frame is for the client, which knows all the
//! rules: control frames, messages in several frames, large ones, texts that are not UTF-8, and whatever breaks the rules.
//! Nothing overtakes anything: the client gets no byte behind a whole message until that has been taken.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::sources::venue::Incoming;
use crate::sources::venue::forward::forward_writes;

/// How much is read at a time. A message that is larger is for the client.
const READ_BYTES: usize = 64 << 10;
/// A frame's header has so many bytes at the most.
const HEADER_BYTES_MAX: usize = 14;

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const MASKED: u8 = 0x80;

/// What has been read and not been handed out.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    /// So many bytes from `at` on, read or not, are for the client.
    for_client: u64,
    /// A message in several frames is under way.
    is_in_parts: bool,
    /// Everything is for the client from here on.
    is_over: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Not enough has been read to say.
    Unknown,
    /// Something for the client.
    ForClient,
    /// A message that is one frame: its text or bytes start and end here.
    Message {
        is_text: bool,
        start: usize,
        end: usize,
    },
}

impl Messages {
    /// The next message, if the next thing is a whole one.
    pub(crate) fn take(&mut self) -> Option<Incoming<'_>> {
        let Next::Message {
            is_text,
            start,
            end,
        } = self.next()
        else {
            return None;
        };
        let bytes = self.bytes.get(start..end)?;
        if !is_text {
            self.at = end;
            return Some(Incoming::Binary(bytes));
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.at = end;
            Some(Incoming::Text(text))
        } else {
            self.is_over = true;
            None
        }
    }

    /// Looks at what comes next.
    fn next(&mut self) -> Next {
        if self.is_over || self.for_client > 0 {
            return Next::ForClient;
        }
        let Some(rest) = self.bytes.get(self.at..self.end) else {
            return Next::Unknown;
        };
        let Some((head, length, header_bytes)) = header(rest) else {
            return Next::Unknown;
        };
        let is_whole = matches!(head[0] ^ FIN, TEXT | BINARY);
        let most = (READ_BYTES - HEADER_BYTES_MAX) as u64;
        if is_whole && head[1] & MASKED == 0 && !self.is_in_parts && length <= most {
            let start = self.at + header_bytes;
            let end = start + length as usize;
            if end > self.end {
                return Next::Unknown;
            }
            return Next::Message {
                is_text: head[0] & OPCODE == TEXT,
                start,
                end,
            };
        }
        match head[0] & !FIN {
            CONTINUATION | TEXT | BINARY if head[1] & MASKED == 0 => {
                self.is_in_parts = head[0] & FIN == 0;
            }
            PING | PONG if head[1] & MASKED == 0 => {}
            // A goodbye, or something that the client does not take either.
            _ => self.is_over = true,
        }
        self.for_client = length.saturating_add(header_bytes as u64);
        Next::ForClient
    }

    /// Room for what is read next.
    fn room(&mut self) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes.resize(READ_BYTES, 0);
        }
        self.bytes.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Gives the client what is for it; whether there was anything.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let Some(rest) = self.bytes.get(self.at..self.end) else {
            return false;
        };
        let most = if self.is_over {
            rest.len()
        } else {
            usize::try_from(self.for_client).unwrap_or(usize::MAX)
        };
        let count = most.min(rest.len()).min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        self.at += count;
        self.for_client = self.for_client.saturating_sub(count as u64);
        count > 0
    }
}

/// The first two bytes of a frame, the length of what it carries, and of its header; `None` while the header is not whole.
fn header(bytes: &[u8]) -> Option<([u8; 2], u64, usize)> {
    let (&head, rest) = bytes.split_first_chunk::<2>()?;
    let (length, length_bytes) = match head[1] & !MASKED {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
        short => (u64::from(short), 0),
    };
    let mask_bytes = if head[1] & MASKED == 0 { 0 } else { 4 };
    let header_bytes = 2 + length_bytes + mask_bytes;
    (bytes.len() >= header_bytes).then_some((head, length, header_bytes))
}

/// A connection from which whole messages can be taken.
#[derive(Debug)]
pub(crate) struct Whole<S> {
    inner: S,
    /// `None` until the websocket is open.
    messages: Option<Messages>,
}

impl<S> Whole<S> {
    /// Around a connection on which no websocket has been opened yet.
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            messages: None,
        }
    }

    /// What is read from.
    pub(crate) fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The websocket is open: what comes from here on are frames.
    pub(crate) fn opened(&mut self) {
        self.messages.get_or_insert_default();
    }

    /// What has been read, to take messages from; has to be given back with [`Self::put_back`] before the client is asked.
    pub(crate) fn messages(&mut self) -> Messages {
        self.messages
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// See [`Self::messages`].
    pub(crate) fn put_back(&mut self, messages: Messages) {
        if let Some(known) = &mut self.messages {
            *known = messages;
        }
    }

    /// Whether a message can be taken. The client waits until that has been done, and nothing wakes it: who asks the client
    /// looks here afterwards.
    pub(crate) fn has_message(&mut self) -> bool {
        self.messages
            .as_mut()
            .is_some_and(|messages| matches!(messages.next(), Next::Message { .. }))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Whole<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(messages) = &mut this.messages else {
            return Pin::new(&mut this.inner).poll_read(context, buffer);
        };
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            match messages.next() {
                Next::Message { .. } => return Poll::Pending,
                Next::ForClient if messages.give(buffer) => return Poll::Ready(Ok(())),
                Next::ForClient | Next::Unknown => {}
            }
            let mut into = ReadBuf::new(messages.room());
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut into))?;
            let count = into.filled().len();
            messages.end += count;
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

forward_writes!(Whole);

#[cfg(test)]
#[path = "whole/tests.rs"]
mod tests;
