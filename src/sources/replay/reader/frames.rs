//! What a recording's file holds: zstd frames, each of them given out whole or not at all, so that a damaged one is never
//! taken for data. Reading goes on at the next frame. Only what has no checksum is given out as it is read: recordings of
//! earlier versions, and the last frame of a file that breaks off.

use std::io::{self, Read};

use memchr::memmem;
use zstd::stream::raw::{Decoder as RawDecoder, Operation};
use zstd::stream::read::Decoder;

/// What every frame begins with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How much is read at once.
const READ_BYTES: usize = 128 << 10;
/// The largest frame that is taken, compressed or not. It is far above what is ever written.
const FRAME_BYTES_MAX: usize = 128 << 20;
/// The largest block of a frame, as the format has it.
const BLOCK_BYTES_MAX: usize = 128 << 10;

/// A part of a file that makes no sense. Reading goes on behind it.
#[derive(Debug, thiserror::Error)]
#[error("bytes {from} to {to} are damaged")]
pub(super) struct Damaged {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// Reads the content of frames.
pub(super) struct Frames<R> {
    input: R,
    has_read_all: bool,
    /// What has been read; before `start` it has been made use of.
    stored: Vec<u8>,
    start: usize,
    /// Where `stored` begins in the file.
    offset: u64,
    /// Content of a frame; before `given` it has been given out.
    content: Vec<u8>,
    given: usize,
    /// A frame without checksum that is under way.
    unchecked: Option<RawDecoder<'static>>,
    /// A frame had a checksum, so all have one.
    has_checked: bool,
    end: End,
    damaged_from: Option<u64>,
}

/// Whether what has been read is all of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotSeen,
    /// The last frame was empty, which is how a file ends; or there is no telling, behind damage.
    Seen,
    /// It ends within a frame.
    BrokenOff,
}

/// What there is of a frame.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    /// All of it: so many bytes.
    Whole(usize),
    /// More has to be read.
    Short,
    /// It is no frame.
    Wrong,
    /// It has no checksum.
    Unchecked,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            has_read_all: false,
            stored: Vec::new(),
            start: 0,
            offset: 0,
            content: Vec::new(),
            given: 0,
            unchecked: None,
            has_checked: false,
            end: End::NotSeen,
            damaged_from: None,
        }
    }

    fn rest(&self) -> &[u8] {
        self.stored.get(self.start..).unwrap_or_default()
    }

    fn place(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Reads some more; whether there was more.
    fn read_more(&mut self) -> io::Result<bool> {
        if self.has_read_all {
            return Ok(false);
        }
        self.stored.drain(..self.start);
        self.offset += self.start as u64;
        self.start = 0;
        let input = self.input.by_ref().take(READ_BYTES as u64);
        let read = { input }.read_to_end(&mut self.stored)?;
        self.has_read_all = read < READ_BYTES;
        Ok(read > 0)
    }

    /// Finds more content. `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        self.content.clear();
        self.given = 0;
        if self.end == End::BrokenOff {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.unchecked.is_some() {
            return self.go_on_unchecked();
        }
        loop {
            let place = self.place();
            match extent(self.rest()) {
                Extent::Unchecked if !self.has_checked => {
                    self.unchecked = Some(RawDecoder::new()?);
                    self.tell_damage(place)?;
                    return Ok(true);
                }
                Extent::Whole(length) if self.take_whole(length) => {
                    self.tell_damage(place)?;
                    return Ok(true);
                }
                Extent::Whole(_) | Extent::Wrong | Extent::Unchecked => self.pass_damaged()?,
                Extent::Short if self.read_more()? => {}
                Extent::Short if self.rest().is_empty() => {
                    self.tell_damage(place)?;
                    // A file that has come to its end says so.
                    if self.has_checked && self.end == End::NotSeen {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    return Ok(false);
                }
                Extent::Short if self.next_magic().is_some() => self.pass_damaged()?,
                Extent::Short => {
                    self.take_broken_off();
                    self.tell_damage(place)?;
                    return Ok(true);
                }
            }
        }
    }

    /// Takes a frame that is all there. `false` when it is damaged.
    fn take_whole(&mut self, length: usize) -> bool {
        let end = self.start + length;
        let frame = self.stored.get(self.start..end).unwrap_or_default();
        if decode(frame, &mut self.content).is_err() {
            self.content.clear();
            return false;
        }
        self.start = end;
        self.has_checked = true;
        self.end = if self.content.is_empty() {
            End::Seen
        } else {
            End::NotSeen
        };
        true
    }

    /// Takes what there is of the last frame.
    fn take_broken_off(&mut self) {
        // It fails where it breaks off.
        drop(decode(
            self.stored.get(self.start..).unwrap_or_default(),
            &mut self.content,
        ));
        self.start = self.stored.len();
        self.end = End::BrokenOff;
    }

    fn go_on_unchecked(&mut self) -> io::Result<bool> {
        let Some(decoder) = &mut self.unchecked else {
            return Ok(true);
        };
        self.content.resize(READ_BYTES, 0);
        let rest = self.stored.get(self.start..).unwrap_or_default();
        let status = decoder.run_on_buffers(rest, &mut self.content)?;
        self.content.truncate(status.bytes_written);
        self.start += status.bytes_read;
        if status.remaining == 0 {
            self.unchecked = None;
        } else if status.bytes_read == 0 && status.bytes_written == 0 && !self.read_more()? {
            self.end = End::BrokenOff;
        }
        Ok(true)
    }

    /// Where the next frame seems to begin in what has been read.
    fn next_magic(&self) -> Option<usize> {
        let later = self.rest().get(1..)?;
        memmem::find(later, &MAGIC).map(|at| self.start + 1 + at)
    }

    /// Goes on to where the next frame seems to begin, or to the end.
    fn pass_damaged(&mut self) -> io::Result<()> {
        let place = self.place();
        self.damaged_from.get_or_insert(place);
        loop {
            if let Some(at) = self.next_magic() {
                self.start = at;
                return Ok(());
            }
            // The beginning of it may have been read; the search goes on behind `start`.
            let passed = self.stored.len().saturating_sub(MAGIC.len());
            self.start = self.start.max(passed);
            if !self.read_more()? {
                self.start = self.stored.len();
                self.end = End::Seen;
                return Ok(());
            }
        }
    }

    /// Tells of damage that ends at `to`, before what comes behind it.
    fn tell_damage(&mut self, to: u64) -> io::Result<()> {
        match self.damaged_from.take() {
            Some(from) => Err(io::Error::other(Damaged { from, to })),
            None => Ok(()),
        }
    }
}

/// Decodes one frame.
fn decode(frame: &[u8], content: &mut Vec<u8>) -> io::Result<()> {
    let mut decoder = Decoder::with_buffer(frame)?.single_frame();
    let read = decoder
        .by_ref()
        .take(FRAME_BYTES_MAX as u64)
        .read_to_end(content)?;
    if read == FRAME_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

/// What there is at the beginning of `bytes`, by the lengths that the frame and its blocks give.
fn extent(bytes: &[u8]) -> Extent {
    if !bytes.starts_with(&MAGIC) {
        let may_be = MAGIC.starts_with(bytes);
        return if may_be { Extent::Short } else { Extent::Wrong };
    }
    let Some(&flags) = bytes.get(4) else {
        return Extent::Short;
    };
    if flags & 4 == 0 {
        return Extent::Unchecked;
    }
    let is_single = flags & 0x20 != 0;
    let window = usize::from(!is_single);
    let dictionary = [0, 1, 2, 4][usize::from(flags & 3)];
    let size = [usize::from(is_single), 2, 4, 8][usize::from(flags >> 6)];
    let mut at = 5 + window + dictionary + size;
    while at <= FRAME_BYTES_MAX {
        let Some(&[low, middle, high]) = bytes.get(at..at + 3) else {
            return Extent::Short;
        };
        let block = u32::from_le_bytes([low, middle, high, 0]);
        let size = (block >> 3) as usize;
        at += 3;
        at += match block >> 1 & 3 {
            _ if size > BLOCK_BYTES_MAX => return Extent::Wrong,
            0 | 2 => size,
            // One byte, so many times.
            1 => 1,
            _ => return Extent::Wrong,
        };
        if block & 1 == 1 {
            let end = at + 4;
            let is_whole = bytes.len() >= end;
            return if is_whole {
                Extent::Whole(end)
            } else {
                Extent::Short
            };
        }
    }
    Extent::Wrong
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.content.get(self.given..).unwrap_or_default();
            if !left.is_empty() || buffer.is_empty() {
                let count = left.len().min(buffer.len());
                buffer[..count].copy_from_slice(&left[..count]);
                self.given += count;
                return Ok(count);
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::io::Write;

    use super::*;

    fn frame(text: &str) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// What is given out between errors, and the errors.
    fn read(bytes: &[u8]) -> (Vec<String>, Vec<io::Error>) {
        let mut frames = Frames::new(bytes);
        let (mut given, mut errors) = (Vec::new(), Vec::new());
        loop {
            let mut content = Vec::new();
            let result = frames.read_to_end(&mut content);
            given.push(String::from_utf8(content).unwrap());
            match result {
                Ok(_) => return (given, errors),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    errors.push(error);
                    return (given, errors);
                }
                Err(error) => errors.push(error),
            }
        }
    }

    fn texts() -> [String; 4] {
        let text = |from: u64, count: u64| {
            let numbers = (from..from + count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let lines = numbers.map(|number| format!("{number:x}\n"));
            lines.collect::<Vec<_>>().concat()
        };
        [text(0, 1), text(100, 40), text(200, 3), text(300, 20)]
    }

    #[test]
    fn whatever_bit_is_wrong_nothing_is_given_out_that_was_not_written() {
        let texts = texts();
        let frames: Vec<Vec<u8>> = texts.iter().map(|text| frame(text)).collect();
        let mut bytes = frames.concat();
        bytes.extend(frame(""));
        assert_eq!(read(&bytes).0, [texts.concat()]);
        let ends = frames.iter().scan(0, |end, frame| {
            *end += frame.len();
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        for bit in 0..bytes.len() * 8 {
            let at = bit / 8;
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << (bit % 8);
            let (given, errors) = read(&wrong);
            let given = given.concat();
            let hit = ends.iter().filter(|&&end| end <= at).count();
            let others = texts.iter().enumerate().filter(|&(of, _)| of != hit);
            let others: String = others.map(|(_, text)| text.as_str()).collect();
            let is_all = given == texts.concat();
            assert!(is_all || given == others, "bit {bit}");
            // A bit of the header may mean nothing; otherwise it is told.
            assert!(
                is_all && errors.len() <= 1 || errors.len() == 1,
                "bit {bit}"
            );
            if let (false, Some(damaged)) = (is_all, errors.first().and_then(|one| one.get_ref())) {
                let damaged: &Damaged = damaged.downcast_ref().unwrap();
                let begin = if hit == 0 { 0 } else { ends[hit - 1] };
                let expected = (begin as u64, ends[hit] as u64);
                assert_eq!((damaged.from, damaged.to), expected, "bit {bit}");
            }
        }
    }

    #[test]
    fn a_file_that_breaks_off_gives_what_it_holds_and_is_not_taken_for_whole() {
        let texts = texts();
        let bytes = [frame(&texts[0]), frame(&texts[1])].concat();
        for length in 1..=bytes.len() {
            let (given, errors) = read(&bytes[..length]);
            assert!(texts.concat().starts_with(&given.concat()), "{length}");
            assert_eq!(errors.len(), 1, "{length}: {errors:?}");
            assert_eq!(errors[0].kind(), io::ErrorKind::UnexpectedEof);
        }
        assert_eq!(read(&bytes).0.concat(), texts[..2].concat());
        assert!(read(&[]).1.is_empty());
    }

    #[test]
    fn frames_without_checksum_are_read_as_they_were() {
        let texts = texts();
        let old = |text: &String| zstd::encode_all(text.as_bytes(), 3).unwrap();
        let bytes = texts.iter().map(old).collect::<Vec<_>>().concat();
        let (given, errors) = read(&bytes);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(given, [texts.concat()]);
        let (given, errors) = read(&bytes[..bytes.len() - 20]);
        assert_eq!(given.concat(), texts[..3].concat());
        assert_eq!(errors[0].kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_missing_or_foreign_is_passed() {
        let texts = texts();
        let frames: Vec<Vec<u8>> = texts.iter().map(|text| frame(text)).collect();
        let half = |frame: &Vec<u8>| frame[..frame.len() / 2].to_vec();
        // The frame behind it begins in one read, and ends in another.
        let zeros = |split| vec![0; 3 * READ_BYTES - frames[0].len() - split];
        let mut middles = vec![half(&frames[1]), b"no zstd".to_vec()];
        middles.extend((0..6).map(zeros));
        for middle in middles {
            let (first, last, end) = (frames[0].clone(), frames[2].clone(), frame(""));
            let bytes = [first, middle.clone(), last, end].concat();
            let (given, errors) = read(&bytes);
            assert_eq!(given, [texts[0].clone(), texts[2].clone()]);
            let (from, to) = (frames[0].len(), frames[0].len() + middle.len());
            let expected = format!("bytes {from} to {to} are damaged");
            assert_eq!(errors[0].to_string(), expected);
        }
        let (given, errors) = read(b"no zstd at all");
        assert_eq!((given.concat().len(), errors.len()), (0, 1));
    }
}
