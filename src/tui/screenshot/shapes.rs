//! Block elements, box drawing and braille as shapes that fill their cell to the edge, so that neighbours join
//! whatever font draws the text.

/// Width of a cell, in the picture's units.
pub const CELL_WIDTH: f32 = 8.0;
/// Height of a cell, in the picture's units.
pub const CELL_HEIGHT: f32 = 16.0;
const MIDDLE_X: f32 = CELL_WIDTH / 2.0;
const MIDDLE_Y: f32 = CELL_HEIGHT / 2.0;
/// Thickness of a light line.
const LIGHT: f32 = 1.0;
/// Thickness of a heavy line.
const HEAVY: f32 = 3.0;

/// A rectangle: left, top, width, height.
pub type Area = [f32; 4];

/// What a character looks like inside its cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Filled rectangles.
    Filled(Vec<Area>),
    /// A cell filled so many per cent.
    Shade(u16),
    /// A light line along this path, in the path's own letters.
    Stroke(&'static str),
    /// Dots around these places.
    Dots(Vec<[f32; 2]>),
}

/// The shape of a character; `None` is text.
#[must_use]
pub fn shape(glyph: char) -> Option<Shape> {
    match glyph {
        '░' => Some(Shape::Shade(25)),
        '▒' => Some(Shape::Shade(50)),
        '▓' => Some(Shape::Shade(75)),
        '\u{2580}'..='\u{259f}' => Some(Shape::Filled(block(glyph))),
        '╭' => Some(Shape::Stroke("M4 16V12Q4 8 8 8")),
        '╮' => Some(Shape::Stroke("M0 8Q4 8 4 12V16")),
        '╯' => Some(Shape::Stroke("M4 0V4Q4 8 0 8")),
        '╰' => Some(Shape::Stroke("M4 0V4Q4 8 8 8")),
        '╱' => Some(Shape::Stroke("M0 16L8 0")),
        '╲' => Some(Shape::Stroke("M0 0L8 16")),
        '╳' => Some(Shape::Stroke("M0 16L8 0M0 0L8 16")),
        '\u{2500}'..='\u{257f}' => dashes(glyph).or_else(|| lines(glyph)).map(Shape::Filled),
        '\u{2800}'..='\u{28ff}' => Some(Shape::Dots(dots(glyph))),
        _ => None,
    }
}

fn block(glyph: char) -> Vec<Area> {
    let (width, height) = (CELL_WIDTH, CELL_HEIGHT);
    let lower = |eighths: f32| {
        vec![[
            0.0,
            height * (1.0 - eighths / 8.0),
            width,
            height * eighths / 8.0,
        ]]
    };
    let left = |eighths: f32| vec![[0.0, 0.0, width * eighths / 8.0, height]];
    match glyph {
        '▀' => vec![[0.0, 0.0, width, height / 2.0]],
        '▁'..='█' => lower((glyph as u32 - 0x2580) as f32),
        '▉'..='▏' => left((0x2590 - glyph as u32) as f32),
        '▐' => vec![[width / 2.0, 0.0, width / 2.0, height]],
        '▔' => vec![[0.0, 0.0, width, height / 8.0]],
        '▕' => vec![[width * 7.0 / 8.0, 0.0, width / 8.0, height]],
        _ => quarters(glyph),
    }
}

/// The elements made of quarters, from U+2596 on: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
fn quarters(glyph: char) -> Vec<Area> {
    const QUARTERS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
    let bits = (glyph as u32)
        .checked_sub(0x2596)
        .and_then(|index| QUARTERS.get(index as usize))
        .copied()
        .unwrap_or(0);
    (0..4_u8)
        .filter(|quarter| bits & (1 << quarter) != 0)
        .map(|quarter| {
            [
                f32::from(quarter % 2) * MIDDLE_X,
                f32::from(quarter / 2) * MIDDLE_Y,
                MIDDLE_X,
                MIDDLE_Y,
            ]
        })
        .collect()
}

/// How many dashes a dashed line has, whether it is upright, and its thickness.
fn dashes(glyph: char) -> Option<Vec<Area>> {
    let (count, is_upright, thickness) = match glyph {
        '╌' => (2, false, LIGHT),
        '╍' => (2, false, HEAVY),
        '╎' => (2, true, LIGHT),
        '╏' => (2, true, HEAVY),
        '┄' => (3, false, LIGHT),
        '┅' => (3, false, HEAVY),
        '┆' => (3, true, LIGHT),
        '┇' => (3, true, HEAVY),
        '┈' => (4, false, LIGHT),
        '┉' => (4, false, HEAVY),
        '┊' => (4, true, LIGHT),
        '┋' => (4, true, HEAVY),
        _ => return None,
    };
    let length = if is_upright { CELL_HEIGHT } else { CELL_WIDTH };
    let period = length / count as f32;
    Some(
        (0..count)
            .map(|dash| {
                let start = period * (dash as f32 + 0.2);
                if is_upright {
                    [MIDDLE_X - thickness / 2.0, start, thickness, period * 0.6]
                } else {
                    [start, MIDDLE_Y - thickness / 2.0, period * 0.6, thickness]
                }
            })
            .collect(),
    )
}

/// The arms of U+2500 to U+257F as up, right, down, left: 0 none, 1 light, 2 heavy, 3 double. Dashes, arcs and
/// diagonals have none here.
const ARMS: [&[u8; 4]; 128] = [
    b"0101", b"0202", b"1010", b"2020", b"0000", b"0000", b"0000", b"0000", // ─━│┃
    b"0000", b"0000", b"0000", b"0000", b"0110", b"0210", b"0120", b"0220", // ┌┍┎┏
    b"0011", b"0012", b"0021", b"0022", b"1100", b"1200", b"2100",
    b"2200", // ┐┑┒┓└┕┖┗
    b"1001", b"1002", b"2001", b"2002", b"1110", b"1210", b"2110",
    b"1120", // ┘┙┚┛├┝┞┟
    b"2120", b"2210", b"1220", b"2220", b"1011", b"1012", b"2011",
    b"1021", // ┠┡┢┣┤┥┦┧
    b"2021", b"2012", b"1022", b"2022", b"0111", b"0112", b"0211",
    b"0212", // ┨┩┪┫┬┭┮┯
    b"0121", b"0122", b"0221", b"0222", b"1101", b"1102", b"1201",
    b"1202", // ┰┱┲┳┴┵┶┷
    b"2101", b"2102", b"2201", b"2202", b"1111", b"1112", b"1211",
    b"1212", // ┸┹┺┻┼┽┾┿
    b"2111", b"1121", b"2121", b"2112", b"2211", b"1122", b"1221",
    b"2212", // ╀╁╂╃╄╅╆╇
    b"1222", b"2122", b"2221", b"2222", b"0000", b"0000", b"0000", b"0000", // ╈╉╊╋
    b"0303", b"3030", b"0310", b"0130", b"0330", b"0013", b"0031",
    b"0033", // ═║╒╓╔╕╖╗
    b"1300", b"3100", b"3300", b"1003", b"3001", b"3003", b"1310",
    b"3130", // ╘╙╚╛╜╝╞╟
    b"3330", b"1013", b"3031", b"3033", b"0313", b"0131", b"0333",
    b"1303", // ╠╡╢╣╤╥╦╧
    b"3101", b"3303", b"1313", b"3131", b"3333", b"0000", b"0000", b"0000", // ╨╩╪╫╬
    b"0000", b"0000", b"0000", b"0000", b"0001", b"1000", b"0100", b"0010", // ╴╵╶╷
    b"0002", b"2000", b"0200", b"0020", b"0201", b"1020", b"0102",
    b"2010", // ╸╹╺╻╼╽╾╿
];

fn lines(glyph: char) -> Option<Vec<Area>> {
    let arms = ARMS.get((glyph as usize).checked_sub(0x2500)?)?;
    let [up, right, down, left] = arms.map(|arm| arm - b'0');
    // Arms reach into the crossing as far as the thicker of the two across them.
    let across_level = half_thickness(left).max(half_thickness(right));
    let across_upright = half_thickness(up).max(half_thickness(down));
    let mut areas = Vec::new();
    for (offset, thickness) in strokes(up) {
        let end = MIDDLE_Y + reach(across_level, left, right);
        areas.push([MIDDLE_X + offset - thickness / 2.0, 0.0, thickness, end]);
    }
    for (offset, thickness) in strokes(down) {
        let start = MIDDLE_Y - reach(across_level, left, right);
        areas.push([
            MIDDLE_X + offset - thickness / 2.0,
            start,
            thickness,
            CELL_HEIGHT - start,
        ]);
    }
    for (offset, thickness) in strokes(left) {
        let end = MIDDLE_X + reach(across_upright, up, down);
        areas.push([0.0, MIDDLE_Y + offset - thickness / 2.0, end, thickness]);
    }
    for (offset, thickness) in strokes(right) {
        let start = MIDDLE_X - reach(across_upright, up, down);
        areas.push([
            start,
            MIDDLE_Y + offset - thickness / 2.0,
            CELL_WIDTH - start,
            thickness,
        ]);
    }
    Some(areas)
}

/// A line that something crosses joins it; one that nothing crosses ends in the middle.
fn reach(half_thickness: f32, one: u8, other: u8) -> f32 {
    if one == 0 && other == 0 {
        0.0
    } else {
        half_thickness
    }
}

fn half_thickness(arm: u8) -> f32 {
    match arm {
        1 => LIGHT / 2.0,
        2 => HEAVY / 2.0,
        3 => 1.5 * LIGHT,
        _ => 0.0,
    }
}

/// The lines of an arm: how far from the middle, and how thick.
fn strokes(arm: u8) -> impl Iterator<Item = (f32, f32)> {
    let strokes: &[(f32, f32)] = match arm {
        1 => &[(0.0, LIGHT)],
        2 => &[(0.0, HEAVY)],
        3 => &[(-LIGHT, LIGHT), (LIGHT, LIGHT)],
        _ => &[],
    };
    strokes.iter().copied()
}

/// The middles of a braille pattern's dots.
fn dots(glyph: char) -> Vec<[f32; 2]> {
    const PLACES: [(f32, f32); 8] = [
        (0.0, 0.0),
        (0.0, 1.0),
        (0.0, 2.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (1.0, 2.0),
        (0.0, 3.0),
        (1.0, 3.0),
    ];
    let bits = glyph as u32 - 0x2800;
    PLACES
        .into_iter()
        .enumerate()
        .filter(|(dot, _)| bits & (1 << dot) != 0)
        .map(|(_, (column, row))| {
            [
                CELL_WIDTH / 4.0 + column * CELL_WIDTH / 2.0,
                CELL_HEIGHT / 8.0 + row * CELL_HEIGHT / 4.0,
            ]
        })
        .collect()
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]
mod tests {
    use super::*;

    fn areas(glyph: char) -> Vec<Area> {
        match shape(glyph) {
            Some(Shape::Filled(areas)) => areas,
            other => panic!("{glyph} is {other:?}"),
        }
    }

    #[test]
    fn blocks_fill_their_part_of_the_cell() {
        for (glyph, expected) in [
            ('█', [0.0, 0.0, 8.0, 16.0]),
            ('▄', [0.0, 8.0, 8.0, 8.0]),
            ('▁', [0.0, 14.0, 8.0, 2.0]),
            ('▇', [0.0, 2.0, 8.0, 14.0]),
            ('▏', [0.0, 0.0, 1.0, 16.0]),
            ('▌', [0.0, 0.0, 4.0, 16.0]),
            ('▉', [0.0, 0.0, 7.0, 16.0]),
            ('▝', [4.0, 0.0, 4.0, 8.0]),
        ] {
            assert_eq!(areas(glyph), [expected], "{glyph}");
        }
        assert_eq!(areas('▟').len(), 3);
        assert_eq!(areas('▚').len(), 2);
    }

    #[test]
    fn every_line_reaches_the_edges_that_its_arms_name_and_no_other() {
        for (index, arms) in ARMS
            .iter()
            .enumerate()
            .filter(|(_, arms)| **arms != b"0000")
        {
            let glyph = char::from_u32(0x2500 + index as u32).unwrap();
            let areas = areas(glyph);
            let touches = [
                areas.iter().any(|[_, y, ..]| *y == 0.0),
                areas.iter().any(|[x, _, w, _]| x + w == CELL_WIDTH),
                areas.iter().any(|[_, y, _, h]| y + h == CELL_HEIGHT),
                areas.iter().any(|[x, ..]| *x == 0.0),
            ];
            assert_eq!(touches, arms.map(|arm| arm != b'0'), "{glyph}");
        }
    }

    #[test]
    fn all_box_drawing_characters_are_shapes() {
        for code in (0x2500..=0x259f).chain(0x2800..=0x28ff) {
            let glyph = char::from_u32(code).unwrap();
            match shape(glyph).unwrap() {
                Shape::Filled(areas) => assert!(!areas.is_empty(), "{glyph}"),
                Shape::Dots(dots) => assert_eq!(dots.len(), (code & 0xff).count_ones() as usize),
                Shape::Shade(_) | Shape::Stroke(_) => {}
            }
        }
        assert_eq!(shape('A'), None);
    }
}
