//! Websocket frames of a server: compressed messages are inflated, all others passed as they are.

use flate2::{Decompress, FlushDecompress, Status};

use super::DeflateError;

/// What a sender leaves out at the end of each message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// A larger message is passed on as several frames of about this size.
const PIECE_BYTES: usize = 64 << 10;
/// Room that is made for inflated bytes at a time.
const ROOM_BYTES: usize = 4 << 10;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;

/// The frames as they come.
#[derive(Debug)]
pub(super) struct Messages {
    part: Part,
    inflater: Decompress,
    /// Every message stands for itself.
    forgets: bool,
    bytes_max: usize,
    /// The compressed message that is under way.
    message: Option<Message>,
    /// Inflated, and not yet passed on.
    piece: Vec<u8>,
    /// The inflater had no room for all that it has.
    holds_back: bool,
}

#[derive(Debug)]
enum Part {
    /// A frame's header, as far as it has come.
    Header { bytes: [u8; 14], count: usize },
    /// So much of a frame is passed as it is.
    Plain(u64),
    /// So much of a compressed frame is still to come.
    Packed { left: u64, is_last: bool },
    /// So much of [`TAIL`] has been inflated.
    Tail(usize),
}

const NEXT_FRAME: Part = Part::Header {
    bytes: [0; 14],
    count: 0,
};

#[derive(Debug)]
struct Message {
    opcode: u8,
    /// Some of it has been passed on.
    has_begun: bool,
    packed_bytes: u64,
    bytes: u64,
}

impl Messages {
    pub(super) fn new(forgets: bool, bytes_max: usize) -> Self {
        Self {
            part: NEXT_FRAME,
            inflater: Decompress::new(false),
            forgets,
            bytes_max,
            message: None,
            piece: Vec::new(),
            holds_back: false,
        }
    }

    /// Whether there is something to do without further input.
    pub(super) fn has_more(&self) -> bool {
        self.holds_back
            || match self.part {
                Part::Packed { left, .. } => left == 0,
                Part::Tail(_) => true,
                Part::Header { .. } | Part::Plain(_) => false,
            }
    }

    /// Works on `raw` from `at` on until there is something to give out, or nothing more can be done.
    pub(super) fn work(
        &mut self,
        raw: &[u8],
        at: &mut usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DeflateError> {
        while out.is_empty() && (*at < raw.len() || self.has_more()) {
            let rest = raw.get(*at..).unwrap_or_default();
            *at += self.step(rest, out)?;
        }
        Ok(())
    }

    /// Does the next thing; says how much of the input it has used up.
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, DeflateError> {
        match self.part {
            Part::Header {
                mut bytes,
                mut count,
            } => {
                let wanted = header_bytes(&bytes[..count]);
                let taken = input.len().min(wanted - count);
                bytes[count..count + taken].copy_from_slice(&input[..taken]);
                count += taken;
                self.part = Part::Header { bytes, count };
                if count == header_bytes(&bytes[..count]) {
                    self.frame(&bytes[..count], out)?;
                }
                Ok(taken)
            }
            Part::Plain(left) => {
                let taken = shorter(input.len(), left);
                out.extend_from_slice(&input[..taken]);
                let left = left - taken as u64;
                self.part = if left == 0 {
                    NEXT_FRAME
                } else {
                    Part::Plain(left)
                };
                Ok(taken)
            }
            Part::Packed { left, is_last } => {
                let part = &input[..shorter(input.len(), left)];
                let taken = self.inflate(part)?;
                let left = left - taken as u64;
                self.part = match (left, self.holds_back) {
                    (0, false) if is_last => Part::Tail(0),
                    (0, false) => NEXT_FRAME,
                    _ => Part::Packed { left, is_last },
                };
                self.pass_piece(out);
                Ok(taken)
            }
            Part::Tail(done) => {
                let done = done + self.inflate(&TAIL[done..])?;
                self.part = Part::Tail(done);
                if done < TAIL.len() || self.holds_back {
                    self.pass_piece(out);
                } else {
                    self.finish(out);
                }
                Ok(0)
            }
        }
    }

    /// A frame's header is whole.
    fn frame(&mut self, header: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateError> {
        let damaged = |what: &str| Err(DeflateError::Damaged(what.to_owned()));
        let (first, second) = (header[0], header[1]);
        let opcode = first & 0x0f;
        let is_control = opcode & 0x08 != 0;
        let is_packed = match (&self.message, opcode) {
            _ if is_control => false,
            (Some(_), 0) if first & RSV1 != 0 => {
                return damaged("it is marked as compressed in its middle");
            }
            (Some(_), 0) => true,
            (Some(_), _) => return damaged("another one begins within it"),
            // The client refuses whatever else has this mark.
            (None, _) => first & RSV1 != 0 && matches!(opcode, 1 | 2),
        };
        let left = payload_bytes(header);
        if !is_packed {
            out.extend_from_slice(header);
            self.part = if left == 0 {
                NEXT_FRAME
            } else {
                Part::Plain(left)
            };
            return Ok(());
        }
        if second & MASKED != 0 {
            return damaged("the server has masked it");
        }
        let message = self.message.get_or_insert(Message {
            opcode,
            has_begun: false,
            packed_bytes: 0,
            bytes: 0,
        });
        message.packed_bytes = message.packed_bytes.saturating_add(left);
        // What cannot be compressed grows by a few bytes in a thousand. Far more than that can only be empty blocks.
        if message.packed_bytes
            > (self.bytes_max as u64)
                .saturating_mul(2)
                .saturating_add(1024)
        {
            return Err(DeflateError::TooLarge {
                bytes_max: self.bytes_max,
            });
        }
        self.part = Part::Packed {
            left,
            is_last: first & FIN != 0,
        };
        Ok(())
    }

    /// Inflates some of the input; says how much of it.
    fn inflate(&mut self, input: &[u8]) -> Result<usize, DeflateError> {
        if input.is_empty() && !self.holds_back {
            return Ok(0);
        }
        self.piece.reserve(ROOM_BYTES);
        let (read_before, written_before) = (self.inflater.total_in(), self.inflater.total_out());
        let status = self
            .inflater
            .decompress_vec(input, &mut self.piece, FlushDecompress::Sync)
            .map_err(|error| DeflateError::Damaged(error.to_string()))?;
        let read = (self.inflater.total_in() - read_before) as usize;
        let written = self.inflater.total_out() - written_before;
        self.holds_back = self.piece.len() == self.piece.capacity();
        if status == Status::StreamEnd {
            // A sender may end the stream with each message; what follows is a new one.
            self.inflater.reset(false);
            self.holds_back = false;
        } else if read == 0 && written == 0 && !input.is_empty() {
            return Err(DeflateError::Damaged("it does not go on".to_owned()));
        }
        if let Some(message) = &mut self.message {
            message.bytes = message.bytes.saturating_add(written);
            if message.bytes > self.bytes_max as u64 {
                return Err(DeflateError::TooLarge {
                    bytes_max: self.bytes_max,
                });
            }
        }
        Ok(read)
    }

    /// Passes on what has been inflated, when it is much.
    fn pass_piece(&mut self, out: &mut Vec<u8>) {
        if self.piece.len() >= PIECE_BYTES {
            self.pass(false, out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.pass(true, out);
        self.message = None;
        self.part = NEXT_FRAME;
        if self.forgets {
            self.inflater.reset(false);
        }
    }

    fn pass(&mut self, is_last: bool, out: &mut Vec<u8>) {
        let Some(message) = &mut self.message else {
            return;
        };
        let opcode = if message.has_begun { 0 } else { message.opcode };
        message.has_begun = true;
        out.push(opcode | if is_last { FIN } else { 0 });
        match self.piece.len() {
            short @ 0..=125 => out.push(short as u8),
            middle @ 126..=0xffff => {
                out.push(126);
                out.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                out.push(127);
                out.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&self.piece);
        self.piece.clear();
    }
}

fn shorter(length: usize, left: u64) -> usize {
    usize::try_from(left).map_or(length, |left| left.min(length))
}

/// How long a header is that begins like this, as far as can be told.
fn header_bytes(begun: &[u8]) -> usize {
    let Some(second) = begun.get(1) else {
        return 2;
    };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & MASKED == 0 { 0 } else { 4 }
}

/// How much follows a header.
fn payload_bytes(header: &[u8]) -> u64 {
    let big_endian = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    match header[1] & 0x7f {
        126 => big_endian(&header[2..4]),
        127 => big_endian(&header[2..10]),
        short => u64::from(short),
    }
}
