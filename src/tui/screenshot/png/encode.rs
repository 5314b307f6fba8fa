//! Pixels packed as a PNG file.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::canvas::Canvas;

/// What every PNG file begins with.
const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
/// Eight bits each of red, green, blue and cover; no interlacing.
const FORMAT: [u8; 5] = [8, 6, 0, 0, 0];
/// Each row as the difference to the one above it: screens repeat themselves downward.
const FILTER_UP: u8 = 2;

/// Packs a picture.
pub fn encode(canvas: &Canvas) -> io::Result<Vec<u8>> {
    let size = |value: usize| u32::try_from(value).map_err(io::Error::other);
    let mut head = Vec::with_capacity(13);
    head.extend_from_slice(&size(canvas.width)?.to_be_bytes());
    head.extend_from_slice(&size(canvas.height)?.to_be_bytes());
    head.extend_from_slice(&FORMAT);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let mut above = vec![[0_u8; 4]; canvas.width];
    let mut line = Vec::with_capacity(canvas.width * 4 + 1);
    for row in canvas.pixels.chunks(canvas.width.max(1)) {
        line.clear();
        line.push(FILTER_UP);
        for (pixel, before) in row.iter().zip(&above) {
            line.extend(
                pixel
                    .iter()
                    .zip(before)
                    .map(|(now, before)| now.wrapping_sub(*before)),
            );
        }
        packed.write_all(&line)?;
        above.copy_from_slice(row);
    }
    let mut file = SIGNATURE.to_vec();
    add(&mut file, *b"IHDR", &head)?;
    add(&mut file, *b"IDAT", &packed.finish()?)?;
    add(&mut file, *b"IEND", &[])?;
    Ok(file)
}

/// Adds a chunk: its length, its name, what it holds, and a checksum of the last two.
fn add(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(&name);
    file.extend_from_slice(content);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&name);
    sum.update(content);
    file.extend_from_slice(&sum.finalize().to_be_bytes());
    Ok(())
}
