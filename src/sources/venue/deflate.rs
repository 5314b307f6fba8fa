//! Compressed websocket messages (RFC 7692, permessage-deflate), below a websocket client that knows nothing of them.
//!
//! [`Inflating`] stands between the connection and the client. It reads the server's answer to the opening request as it
//! passes; where the server agrees to compress, every compressed message is passed on as the same message uncompressed.
//! What is sent is not touched: a client may send uncompressed at any time.

mod extension;
mod inflate;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::forward::forward_writes;
use extension::{Agreed, Head};
use inflate::Messages;

/// How much is read from the connection at a time.
const READ_BYTES: usize = 16 << 10;

/// The header with which an opening request offers to take compressed messages: name and value.
#[must_use]
pub fn offer() -> (&'static str, &'static str) {
    (
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_no_context_takeover",
    )
}

/// Why compressed messages cannot be taken. It is inside the [`io::Error`] that reading gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeflateError {
    /// What is sent as a few bytes would be far more: a mistake, or an attack.
    #[error("a compressed message would be larger than {bytes_max} bytes")]
    TooLarge {
        /// The most that is taken.
        bytes_max: usize,
    },
    /// The compressed data, or the frames that hold it, are not as they have to be.
    #[error("a compressed message is damaged: {0}")]
    Damaged(String),
    /// The server has agreed to something that it was not asked.
    #[error("the server wants websocket extensions that were not offered: {0}")]
    NotOffered(String),
}

impl DeflateError {
    /// The one inside an error of reading, if it is one of these.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<DeflateError> for io::Error {
    fn from(error: DeflateError) -> Self {
        let kind = match error {
            DeflateError::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            DeflateError::Damaged(_) | DeflateError::NotOffered(_) => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// A connection whose compressed messages come out uncompressed.
#[derive(Debug)]
pub struct Inflating<S> {
    inner: S,
    stage: Stage,
    message_bytes_max: usize,
    /// Read, and not looked at from `at` on.
    raw: Vec<u8>,
    at: usize,
    /// To be given out from `given` on.
    out: Vec<u8>,
    given: usize,
}

#[derive(Debug)]
enum Stage {
    /// The server's answer to the opening request.
    Head(Head),
    /// Nothing is compressed here.
    Through,
    /// Frames.
    Messages(Box<Messages>),
    /// Nothing more can be read.
    Failed(DeflateError),
}

impl<S> Inflating<S> {
    /// Around a connection on which the opening request with the header [`offer`] is still to be sent. No message comes
    /// out of it that was compressed and is larger than `message_bytes_max`.
    #[must_use]
    pub fn new(inner: S, message_bytes_max: usize) -> Self {
        Self {
            inner,
            stage: Stage::Head(Head::default()),
            message_bytes_max,
            raw: Vec::new(),
            at: 0,
            out: Vec::new(),
            given: 0,
        }
    }

    /// The connection.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The connection. Reading from it directly breaks what is read here.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Whether the server compresses; `false` until it has answered.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        matches!(self.stage, Stage::Messages(_))
    }

    /// Works on what has been read until there is something to give out, or nothing left.
    fn work(&mut self) {
        let step = match &mut self.stage {
            Stage::Head(head) => {
                let rest = &self.raw[self.at..];
                let (taken, agreed) = head.take(rest);
                self.out.extend_from_slice(&rest[..taken]);
                self.at += taken;
                match agreed {
                    Ok(None) => return,
                    Ok(Some(Agreed::Nothing)) => Ok(Some(Stage::Through)),
                    Ok(Some(Agreed::Deflate { forgets })) => {
                        let messages = Messages::new(forgets, self.message_bytes_max);
                        Ok(Some(Stage::Messages(Box::new(messages))))
                    }
                    Err(error) => Err(error),
                }
            }
            Stage::Through => {
                self.out.extend_from_slice(&self.raw[self.at..]);
                self.at = self.raw.len();
                Ok(None)
            }
            Stage::Messages(messages) => messages
                .work(&self.raw, &mut self.at, &mut self.out)
                .map(|()| None),
            Stage::Failed(_) => Ok(None),
        };
        match step {
            Ok(None) => {}
            Ok(Some(stage)) => self.stage = stage,
            Err(error) => self.stage = Stage::Failed(error),
        }
    }

    fn has_work(&self) -> bool {
        match &self.stage {
            Stage::Messages(messages) => self.at < self.raw.len() || messages.has_more(),
            Stage::Failed(_) => false,
            Stage::Head(_) | Stage::Through => self.at < self.raw.len(),
        }
    }

    /// Gives out what there is; whether there was anything.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let rest = &self.out[self.given..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.given += count;
        if self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
        }
        count > 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Inflating<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if this.give(buffer) {
                return Poll::Ready(Ok(()));
            }
            if this.has_work() {
                this.work();
                continue;
            }
            match &this.stage {
                Stage::Through => return Pin::new(&mut this.inner).poll_read(context, buffer),
                Stage::Failed(error) => return Poll::Ready(Err(error.clone().into())),
                Stage::Head(_) | Stage::Messages(_) => {}
            }
            this.raw.resize(READ_BYTES, 0);
            let mut into = ReadBuf::new(&mut this.raw);
            let result = Pin::new(&mut this.inner).poll_read(context, &mut into);
            let count = into.filled().len();
            this.raw.truncate(count);
            this.at = 0;
            ready!(result)?;
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

forward_writes!(Inflating);
