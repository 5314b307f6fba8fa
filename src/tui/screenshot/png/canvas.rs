//! Pixels to draw on, in the picture's units.

use super::super::palette::Rgb;
use super::super::shapes::Area;
use super::fonts::Fonts;

/// A place in the picture's units.
pub type Point = (f32, f32);

/// How many pieces a curve is drawn in.
const CURVE_PIECES: usize = 8;

/// A picture of pixels.
#[derive(Debug)]
pub struct Canvas {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Red, green, blue and how much of it covers what is behind the picture; row by row.
    pub pixels: Vec<[u8; 4]>,
    scale: f32,
    origin: Point,
}

impl Canvas {
    /// A ground of one colour; sizes in the picture's units, `scale` pixels to each.
    pub fn new(width: f32, height: f32, scale: f32, ground: Rgb) -> Self {
        let (width, height) = (
            (width * scale).ceil() as usize,
            (height * scale).ceil() as usize,
        );
        let [red, green, blue] = ground;
        Self {
            width,
            height,
            pixels: vec![[red, green, blue, 255]; width.saturating_mul(height)],
            scale,
            origin: (0.0, 0.0),
        }
    }

    /// Sets where the places to draw at are counted from.
    pub fn move_origin(&mut self, x: f32, y: f32) {
        self.origin = (x, y);
    }

    fn pixel_at(&self, (x, y): Point) -> Point {
        (
            (x + self.origin.0) * self.scale,
            (y + self.origin.1) * self.scale,
        )
    }

    /// Draws with the cover that `cover` gives for the middle of each pixel of a rectangle, given by its edges.
    fn draw(
        &mut self,
        [left, top, right, bottom]: [f32; 4],
        color: Rgb,
        cover: impl Fn(f32, f32) -> f32,
    ) {
        let clamp = |value: f32, limit: usize| value.clamp(0.0, limit as f32) as usize;
        let columns = clamp(left.floor(), self.width)..clamp(right.ceil(), self.width);
        for y in clamp(top.floor(), self.height)..clamp(bottom.ceil(), self.height) {
            let row = &mut self.pixels[y * self.width..(y + 1) * self.width];
            for (pixel, x) in row[columns.clone()].iter_mut().zip(columns.clone()) {
                let cover = cover(x as f32 + 0.5, y as f32 + 0.5);
                mix(pixel, color, cover);
            }
        }
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, [x, y, width, height]: Area, color: Rgb) {
        let (left, top) = self.pixel_at((x, y));
        let (right, bottom) = self.pixel_at((x + width, y + height));
        self.draw([left, top, right, bottom], color, |x, y| {
            overlap(left, right, x) * overlap(top, bottom, y)
        });
    }

    /// Draws a line of this thickness with round ends; one of a single place is a dot.
    pub fn stroke(&mut self, line: &[Point], thickness: f32, color: Rgb) {
        let line: Vec<Point> = line.iter().map(|point| self.pixel_at(*point)).collect();
        let half = thickness * self.scale / 2.0;
        let Some(first) = line.first().copied() else {
            return;
        };
        let mut edges = [first.0, first.1, first.0, first.1];
        for (x, y) in &line {
            edges = [
                edges[0].min(*x),
                edges[1].min(*y),
                edges[2].max(*x),
                edges[3].max(*y),
            ];
        }
        let reach = half + 1.0;
        let [left, top, right, bottom] = edges;
        let edges = [left - reach, top - reach, right + reach, bottom + reach];
        self.draw(edges, color, |x, y| {
            let far = line
                .windows(2)
                .map(|ends| distance((x, y), ends[0], ends[1]))
                .fold(f32::INFINITY, f32::min);
            (half - far + 0.5).clamp(0.0, 1.0)
        });
    }

    /// The edge of a window as large as the picture, with round corners beyond which there is nothing.
    pub fn window(&mut self, (width, height): Point, radius: f32, edge: Rgb) {
        let (width, height) = (width * self.scale, height * self.scale);
        let (radius, line) = (radius * self.scale, self.scale);
        for y in 0..self.height {
            for x in 0..self.width {
                let far = outside((x as f32 + 0.5, y as f32 + 0.5), (width, height), radius);
                if far < -line - 1.0 {
                    continue;
                }
                let Some(pixel) = self.pixels.get_mut(y * self.width + x) else {
                    continue;
                };
                mix(pixel, edge, (far + line + 0.5).clamp(0.0, 1.0));
                pixel[3] = ((0.5 - far).clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
    }

    /// Writes a character in the middle of so much room from a place on the baseline on.
    pub fn glyph(
        &mut self,
        fonts: &mut Fonts,
        c: char,
        is_bold: bool,
        at: Point,
        room: f32,
        color: Rgb,
    ) {
        if c == ' ' {
            return;
        }
        let (x, y) = self.pixel_at(at);
        let room = room * self.scale;
        let Some(glyph) = fonts.glyph(c, is_bold, room) else {
            // What no font has is seen to be missing.
            self.missing(at, room / self.scale, color);
            return;
        };
        let (left, top) = (x.round() as i64 + glyph.left, y.round() as i64 + glyph.top);
        for (row, covers) in (top..).zip(glyph.covers.chunks(glyph.width.max(1))) {
            for (column, cover) in (left..).zip(covers) {
                let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row)) else {
                    continue;
                };
                if column < self.width
                    && let Some(pixel) = self.pixels.get_mut(row * self.width + column)
                {
                    mix(pixel, color, *cover);
                }
            }
        }
    }

    fn missing(&mut self, (x, y): Point, room: f32, color: Rgb) {
        let (left, right, top, bottom) = (x + 1.5, x + room - 1.5, y - 8.5, y + 0.5);
        let around = [
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        self.stroke(&around, 0.8, color);
    }
}

fn mix(pixel: &mut [u8; 4], color: Rgb, cover: f32) {
    if cover <= 0.0 {
        return;
    }
    for (below, above) in pixel.iter_mut().zip(color) {
        let value = f32::from(*below) + (f32::from(above) - f32::from(*below)) * cover.min(1.0);
        *below = value.round() as u8;
    }
}

/// How much of the pixel with its middle at `middle` lies between two edges.
fn overlap(low: f32, high: f32, middle: f32) -> f32 {
    (high.min(middle + 0.5) - low.max(middle - 0.5)).clamp(0.0, 1.0)
}

/// How far a place is from a line between two others.
fn distance(place: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((place.0 - from.0) * dx + (place.1 - from.1) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (place.0 - from.0 - along * dx).hypot(place.1 - from.1 - along * dy)
}

/// How far outside a rectangle with round corners a place is; negative inside.
fn outside((x, y): Point, (width, height): Point, radius: f32) -> f32 {
    let beyond_x = (x - width / 2.0).abs() - (width / 2.0 - radius);
    let beyond_y = (y - height / 2.0).abs() - (height / 2.0 - radius);
    beyond_x.max(0.0).hypot(beyond_y.max(0.0)) + beyond_x.max(beyond_y).min(0.0) - radius
}

/// The lines of a path: `M`, `L`, `Q` and `V` with absolute coordinates, and `h0` for a dot.
pub fn points(path: &str) -> Vec<Vec<Point>> {
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        let end = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let numbers: Vec<f32> = rest[..end]
            .split(' ')
            .filter_map(|part| part.parse().ok())
            .collect();
        rest = &rest[end..];
        let last = lines.last().and_then(|line| line.last()).copied();
        let (Some(line), Some(last)) = (lines.last_mut().filter(|_| letter != 'M'), last) else {
            if let [x, y] = numbers[..] {
                lines.push(vec![(x, y)]);
            }
            continue;
        };
        match (letter, &numbers[..]) {
            ('L', [x, y]) => line.push((*x, *y)),
            ('V', [y]) => line.push((last.0, *y)),
            ('h', [by]) => line.push((last.0 + by, last.1)),
            ('Q', [x1, y1, x2, y2]) => {
                for piece in 1..=CURVE_PIECES {
                    let t = piece as f32 / CURVE_PIECES as f32;
                    let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
                    line.push((a * last.0 + b * x1 + c * x2, a * last.1 + b * y1 + c * y2));
                }
            }
            _ => {}
        }
    }
    lines
}
