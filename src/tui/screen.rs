//! Frames: what changed on the screen, as one run of bytes.
//!
//! A frame goes out in synchronized-update brackets and in a single write. Nothing here ever asks the terminal
//! anything: some never answer.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

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

fn encode(current: &Buffer, next: &Buffer, bytes: &mut Vec<u8>) {
    let right = next.area.right();
    let mut cursor: Option<(u16, u16)> = None;
    let mut look = PLAIN;
    let mut is_first = true;
    for (x, y, cell) in current.diff_iter(next) {
        if std::mem::take(&mut is_first) {
            bytes.extend_from_slice(b"\x1b[0m");
        }
        if cursor != Some((x, y)) {
            // Writing to memory cannot fail.
            write!(bytes, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1).ok();
        }
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if wanted != look {
            set_look(bytes, wanted);
            look = wanted;
        }
        let is_plain = write_symbol(bytes, cell);
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
}
