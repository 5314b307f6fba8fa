//! Frames: what changed on the screen, as one run of bytes.
//!
//! A frame goes out in synchronized-update brackets and in a single write. Nothing here ever asks the terminal
//! anything: some never answer.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::text::is_mark_beside;

/// Begins a synchronized update.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// Ends a synchronized update.
const END: &[u8] = b"\x1b[?2026l";

/// The picture on the terminal, and the one that comes next.
#[derive(Debug)]
pub struct Screen {
    current: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    must_repaint: bool,
}

impl Screen {
    /// An empty screen of this size.
    #[must_use]
    pub fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self {
            current: Buffer::empty(area),
            next: Buffer::empty(area),
            bytes: Vec::with_capacity(64 * 1024),
            must_repaint: true,
        }
    }

    /// Takes another size; the next frame is drawn as a whole.
    pub fn resize(&mut self, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        if area != self.next.area {
            self.current = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.must_repaint = true;
        }
    }

    /// Makes the next frame a whole one, whatever the terminal shows now.
    pub fn repaint(&mut self) {
        self.must_repaint = true;
    }

    /// The next picture, empty, to be drawn into.
    pub fn blank(&mut self) -> &mut Buffer {
        self.next.reset();
        &mut self.next
    }

    /// The picture that was composed last.
    #[must_use]
    pub fn picture(&self) -> &Buffer {
        &self.current
    }

    /// The bytes that turn the present picture into the next one, with `extra` after them; `None` when there is
    /// nothing to write.
    pub fn compose(&mut self, extra: &[u8]) -> Option<&[u8]> {
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        let empty_length = self.bytes.len();
        if std::mem::take(&mut self.must_repaint) {
            self.bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            self.current.reset();
        }
        bar_controls(&mut self.next);
        forget_marks(&mut self.current, &self.next);
        encode(&self.current, &self.next, &mut self.bytes);
        std::mem::swap(&mut self.current, &mut self.next);
        if self.bytes.len() == empty_length && extra.is_empty() {
            return None;
        }
        self.bytes.extend_from_slice(extra);
        self.bytes.extend_from_slice(END);
        Some(&self.bytes)
    }
}

/// The picture as lines of text without any looks.
#[must_use]
pub fn plain_text(picture: &Buffer) -> String {
    let mut text = String::new();
    for row in picture
        .content
        .chunks(usize::from(picture.area.width).max(1))
    {
        let mut line = String::new();
        let mut hidden = 0;
        for cell in row {
            // What follows a wide character is under it.
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            hidden = cell.symbol().width().saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A cell's look.
type Look = (Color, Color, Modifier);

/// The look after a reset.
const PLAIN: Look = (Color::Reset, Color::Reset, Modifier::empty());

/// Texts are made safe before they are drawn; this is the last gate, for what may have been forgotten.
pub fn bar_controls(picture: &mut Buffer) {
    for cell in &mut picture.content {
        let symbol = cell.symbol();
        let is_plain = symbol.len() == 1 && (0x20..0x7f).contains(&symbol.as_bytes()[0]);
        if !is_plain && (symbol.is_empty() || symbol.chars().any(char::is_control)) {
            cell.set_char('?');
        }
    }
}

/// Forgets the rows of a picture that have marks beside their letters, where they are to change: a terminal may have drawn
/// such a mark with the letter, which has to be drawn anew then.
fn forget_marks(current: &mut Buffer, next: &Buffer) {
    let columns = usize::from(next.area.width).max(1);
    let rows = current.content.chunks_mut(columns);
    for (row, next) in rows.zip(next.content.chunks(columns)) {
        if row.iter().any(has_mark_beside) && row != next {
            for cell in row {
                cell.set_symbol("");
            }
        }
    }
}

fn has_mark_beside(cell: &Cell) -> bool {
    !cell.symbol().is_ascii() && cell.symbol().chars().next().is_some_and(is_mark_beside)
}

fn encode(current: &Buffer, next: &Buffer, bytes: &mut Vec<u8>) {
    let right = next.area.right();
    // Writing to memory cannot fail.
    let go = |bytes: &mut Vec<u8>, x: u16, y: u16| {
        write!(bytes, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1).ok();
    };
    let mut cursor: Option<(u16, u16)> = None;
    let mut look = PLAIN;
    let mut is_first = true;
    for (x, y, cell) in current.diff_iter(next) {
        if std::mem::take(&mut is_first) {
            bytes.extend_from_slice(b"\x1b[0m");
        }
        if cursor != Some((x, y)) {
            go(bytes, x, y);
        }
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if wanted != look {
            set_look(bytes, wanted);
            look = wanted;
        }
        // A terminal that draws it with the letter before it would leave in its cell what was there.
        let is_mark = has_mark_beside(cell);
        if is_mark {
            bytes.push(b' ');
            go(bytes, x, y);
        }
        let is_plain = write_symbol(bytes, cell) && !is_mark;
        // Terminals do not agree on how wide anything unusual is, nor on where the cursor stands after the last
        // column: after either it is told where to go.
        cursor = (is_plain && x + 1 < right).then_some((x + 1, y));
    }
    if look != PLAIN {
        bytes.extend_from_slice(b"\x1b[0m");
    }
}

/// Writes a cell's text; tells whether it is one column wide beyond doubt.
fn write_symbol(bytes: &mut Vec<u8>, cell: &Cell) -> bool {
    let symbol = cell.symbol();
    bytes.extend_from_slice(symbol.as_bytes());
    let mut chars = symbol.chars();
    let first = chars.next().unwrap_or(' ');
    let is_usual = first.is_ascii() || ('\u{2500}'..='\u{28ff}').contains(&first);
    chars.next().is_none() && (is_usual || (symbol.width() == 1 && (first as u32) < 0x2300))
}

fn set_look(bytes: &mut Vec<u8>, (fg, bg, modifier): Look) {
    bytes.extend_from_slice(b"\x1b[0");
    for (flag, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if modifier.contains(flag) {
            write!(bytes, ";{code}").ok();
        }
    }
    set_color(bytes, fg, 30);
    set_color(bytes, bg, 40);
    bytes.push(b'm');
}

/// `base` is 30 for the text and 40 for what is behind it.
fn set_color(bytes: &mut Vec<u8>, color: Color, base: u8) {
    let ansi = |at: u8, bytes: &mut Vec<u8>| {
        let code = if at < 8 {
            base + at
        } else {
            base + 60 + at - 8
        };
        write!(bytes, ";{code}").ok();
    };
    match color {
        Color::Reset => {}
        Color::Black => ansi(0, bytes),
        Color::Red => ansi(1, bytes),
        Color::Green => ansi(2, bytes),
        Color::Yellow => ansi(3, bytes),
        Color::Blue => ansi(4, bytes),
        Color::Magenta => ansi(5, bytes),
        Color::Cyan => ansi(6, bytes),
        Color::Gray => ansi(7, bytes),
        Color::DarkGray => ansi(8, bytes),
        Color::LightRed => ansi(9, bytes),
        Color::LightGreen => ansi(10, bytes),
        Color::LightYellow => ansi(11, bytes),
        Color::LightBlue => ansi(12, bytes),
        Color::LightMagenta => ansi(13, bytes),
        Color::LightCyan => ansi(14, bytes),
        Color::White => ansi(15, bytes),
        Color::Indexed(at) => {
            write!(bytes, ";{};5;{at}", base + 8).ok();
        }
        Color::Rgb(red, green, blue) => {
            write!(bytes, ";{};2;{red};{green};{blue}", base + 8).ok();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use ratatui::style::Style;
    use unicode_normalization::char::is_combining_mark;
    use unicode_width::UnicodeWidthChar;

    use super::super::text::{put, safe};
    use super::*;

    fn text(screen: &mut Screen) -> Option<String> {
        screen
            .compose(b"")
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn only_what_changed_is_written_and_nothing_when_nothing_did() {
        let mut screen = Screen::new(20, 2);
        screen.blank().set_string(0, 0, "price 10.00", Style::new());
        let first = text(&mut screen).unwrap();
        assert!(first.starts_with("\x1b[?2026h\x1b[0m\x1b[2J"), "{first:?}");
        assert!(first.ends_with("\x1b[?2026l"), "{first:?}");
        screen.blank().set_string(0, 0, "price 10.01", Style::new());
        assert_eq!(
            text(&mut screen).unwrap(),
            "\x1b[?2026h\x1b[0m\x1b[1;11H1\x1b[?2026l"
        );
        screen.blank().set_string(0, 0, "price 10.01", Style::new());
        assert_eq!(text(&mut screen), None);
        screen.blank().set_string(0, 0, "price 10.01", Style::new());
        assert_eq!(
            screen.compose(b"\x07").unwrap(),
            b"\x1b[?2026h\x07\x1b[?2026l"
        );
    }

    #[test]
    fn looks_are_written_once_and_taken_back() {
        let mut screen = Screen::new(20, 1);
        let style = Style::new()
            .fg(Color::Rgb(1, 2, 3))
            .bg(Color::LightBlue)
            .add_modifier(Modifier::BOLD);
        screen.blank().set_string(0, 0, "ab", style);
        let frame = text(&mut screen).unwrap();
        assert!(
            frame.contains("\x1b[0;1;38;2;1;2;3;104mab\x1b[0m"),
            "{frame:?}"
        );
    }

    #[test]
    fn the_cursor_is_told_where_to_go_after_wide_text() {
        let mut screen = Screen::new(20, 1);
        screen.blank().set_string(0, 0, "日a", Style::new());
        let frame = text(&mut screen).unwrap();
        assert!(frame.contains("日\x1b[1;3Ha"), "{frame:?}");
    }

    #[test]
    fn sizes_of_nothing_are_no_trouble() {
        let mut screen = Screen::new(0, 0);
        screen.blank();
        assert!(screen.compose(b"").is_some());
        screen.resize(1, 1);
        screen.blank().set_string(0, 0, "x", Style::new());
        assert!(screen.compose(b"").is_some());
        screen.resize(0, 5);
        screen.blank();
        assert!(screen.compose(b"").is_some());
    }

    /// A terminal that gives each character that is not drawn over another cells of its own, whatever was written before
    /// it. Terminals do not agree on whether vowels beside a letter are such characters.
    struct Terminal {
        cells: Vec<String>,
        at: usize,
        has_cells_for_vowels: bool,
    }

    impl Terminal {
        fn columns(&self, c: char) -> usize {
            match c.width() {
                _ if is_combining_mark(c) && !self.has_cells_for_vowels => 0,
                Some(0) if matches!(c, '\u{9be}' | '\u{d3e}') => 1,
                width => width.unwrap(),
            }
        }

        fn write(&mut self, frame: &str) {
            let mut rest = frame.chars();
            while let Some(c) = rest.next() {
                if c == '\x1b' {
                    let parameters: String = rest
                        .by_ref()
                        .skip(1)
                        .take_while(|c| !c.is_alphabetic())
                        .collect();
                    // Of the sequences that a screen sends, those with a line and a column move the cursor.
                    if let Some(("1", column)) = parameters.split_once(';') {
                        self.at = column.parse::<usize>().unwrap() - 1;
                    }
                    continue;
                }
                let columns = self.columns(c);
                if columns == 0 {
                    self.cells[self.at - 1].push(c);
                    continue;
                }
                self.cells[self.at] = c.to_string();
                for cell in &mut self.cells[self.at + 1..self.at + columns] {
                    cell.clear();
                }
                self.at += columns;
                // What is left of a wide character is blank.
                let left = self.cells[self.at..].iter_mut();
                for cell in left.take_while(|cell| cell.is_empty()) {
                    cell.push(' ');
                }
            }
        }

        fn text(&self) -> String {
            self.cells.concat().trim_end().to_owned()
        }
    }

    #[test]
    fn no_letter_of_any_script_is_lost_or_left_behind() {
        let figures = "0 late 0 replaced 17 resyncs 0 history 1.2 MB · 0 B/s";
        for headline in [
            "सेबी के नए नियम: क्षेत्र में तेजी, बाज़ार षे",
            "தமிழ் செய்தி கொள்கை",
            "বাংলা খবর ক্ষতি",
            "ພາສາລາວ ກຳໄລ",
            "മലയാളം വാർത്ത",
            "กำไรสุทธิของบริษัทเพิ่มขึ้น น้ำมัน",
            "日経平均 한국",
        ] {
            let headline = safe(headline);
            for has_cells_for_vowels in [true, false] {
                let mut screen = Screen::new(70, 1);
                let mut terminal = Terminal {
                    cells: vec![" ".to_owned(); 70],
                    at: 0,
                    has_cells_for_vowels,
                };
                let mut frame = |text_at: &[(u16, &str)]| {
                    let buffer = screen.blank();
                    for (x, words) in text_at {
                        put(buffer, *x, 0, 70, words, Style::new());
                    }
                    terminal.write(&text(&mut screen).unwrap());
                    terminal.text()
                };
                let without_gaps = |text: &str| text.replace(' ', "");
                let drawn = frame(&[(0, &headline)]);
                assert_eq!(without_gaps(&drawn), without_gaps(&headline));
                let drawn = frame(&[(0, &headline), (60, "12")]);
                assert_eq!(without_gaps(&drawn), without_gaps(&headline) + "12");
                assert_eq!(frame(&[(0, figures)]), figures, "after {headline}");
                let drawn = frame(&[(1, &headline)]);
                assert_eq!(without_gaps(&drawn), without_gaps(&headline));
                assert_eq!(frame(&[(0, figures)]), figures, "after {headline}");
            }
        }
    }
}
