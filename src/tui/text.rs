//! Text on its way to the screen: made safe, measured, cut and placed.
//!
//! Everything that comes from data or files passes through [`safe`] before it is drawn.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::symbol::is_visible;

/// Stands for a character that must not reach the terminal.
const REPLACEMENT: char = '\u{fffd}';

/// What is shown where nothing is known.
pub const UNKNOWN: &str = "–";

/// The most marks that are drawn over or under one letter.
const MARKS_MAX: usize = 4;

/// The text without anything that could act on the terminal, hide, or be drawn wider than it is counted.
///
/// Control characters (C0 and C1), bidi overrides and what has no width are replaced; line ends and tabs become spaces.
/// Letters keep their marks (composed where there is one character for both), and the joiners that scripts spell with.
/// Of pictures that terminals draw in different widths the parts are shown: `DE` for a flag, each of several that are joined.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut last = ' ';
    let mut marks = 0;
    let mut rest = text.nfc().peekable();
    while let Some(c) = rest.next() {
        let shown = match c {
            '\n' | '\t' => ' ',
            // A carriage return belongs to its line end; a variation, a tone of skin and a joiner of pictures to what
            // stands before them.
            '\r' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => continue,
            '\u{1f1e6}'..='\u{1f1ff}' => char::from(b'A' + (c as u32 - 0x1f1e6) as u8),
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER
                if is_spelled(last) && rest.peek().copied().is_some_and(is_spelled) =>
            {
                c
            }
            ZERO_WIDTH_JOINER if !last.is_ascii() => continue,
            c if is_mark(c) && (last.is_alphanumeric() || is_mark(last)) => {
                marks += 1;
                if marks > MARKS_MAX {
                    continue;
                }
                c
            }
            c if stays(c) => c,
            _ => REPLACEMENT,
        };
        if !is_mark(shown) {
            marks = 0;
        }
        clean.push(shown);
        last = shown;
    }
    Cow::Owned(clean)
}

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Whether a character is drawn as it is, in as many columns as every terminal takes it for.
fn stays(c: char) -> bool {
    let is_part_of_a_picture = matches!(c, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}');
    is_visible(c) && !is_part_of_a_picture && c.width().is_some_and(|width| width > 0)
}

/// Whether a character is drawn over or under the one before it.
fn is_mark(c: char) -> bool {
    is_combining_mark(c) && c.width() == Some(0)
}

/// Whether a letter is of a script that may be spelled with joiners; between others they would only hide.
fn is_spelled(c: char) -> bool {
    !c.is_ascii() && (c.is_alphabetic() || is_combining_mark(c))
}

/// How many columns a safe text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.graphemes(true).map(UnicodeWidthStr::width).sum()
    }
}

/// The text in at most `columns` columns, its end replaced by an ellipsis when it is longer.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut taken = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        taken.push_str(grapheme);
    }
    taken.push('…');
    Cow::Owned(taken)
}

/// Writes `text` at a place, cut at `columns` and at the buffer's edge; gives the column after it.
///
/// The text has to be [`safe`]. Places outside the buffer are no error: nothing is written there.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let room = columns.min(area.right() - x);
    if room == 0 {
        return x;
    }
    // Most texts are plain; looking for graphemes in them is what would cost most of a frame.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        let start = buffer.index_of(x, y);
        let cells = &mut buffer.content[start..start + usize::from(room)];
        let written = cells.len().min(text.len()) as u16;
        for (cell, byte) in cells.iter_mut().zip(text.bytes()) {
            cell.set_char(char::from(byte)).set_style(style);
        }
        return x + written;
    }
    buffer.set_stringn(x, y, text, usize::from(room), style).0
}

/// Writes pieces of text one after another within a row of `area`; gives the column after them.
pub fn put_spans<'a>(
    buffer: &mut Buffer,
    area: Rect,
    row: u16,
    spans: impl IntoIterator<Item = (Cow<'a, str>, Style)>,
) -> u16 {
    let mut x = area.x;
    if row >= area.height {
        return x;
    }
    for (text, style) in spans {
        let room = area.right().saturating_sub(x);
        x = put(buffer, x, area.y + row, room, &text, style);
    }
    x
}

/// Lays a style over a rectangle, as far as it is inside the buffer.
pub fn paint(buffer: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buffer.area);
    if !area.is_empty() {
        buffer.set_style(area, style);
    }
}

/// Empties a rectangle, for what is drawn over other things.
pub fn clear(buffer: &mut Buffer, area: Rect) {
    let area = area.intersection(buffer.area);
    // A wide character that begins just before the edge would reach into the rectangle.
    for y in area.top()..area.bottom() {
        if area.x > buffer.area.x
            && let Some(cell) = buffer.cell_mut((area.x - 1, y))
            && cell.symbol().width() > 1
        {
            cell.set_symbol(" ");
        }
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// The nearest character that ASCII has, one column wide like the original.
#[must_use]
pub fn ascii(c: char) -> char {
    match c {
        ' '..='~' => c,
        '│' | '┃' | '▕' | '▏' | '┤' | '├' | '╷' | '╵' | '╎' | '┆' | '┊' | '▌' | '▐' | '▍' | '▎' => {
            '|'
        }
        '─' | '╌' | '┄' | '┈' | '–' | '−' | '╴' | '╶' | '╸' | '╺' | '—' | '▃' => {
            '-'
        }
        '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' | '┬' | '┴' | '┼' | '▅' => {
            '+'
        }
        '▲' | '↑' => '^',
        '▼' | '↓' | '✓' => 'v',
        '●' | '◆' | '▆' => '*',
        '◌' | '○' => 'o',
        '✖' | '×' => 'x',
        '⚠' => '!',
        '▶' | '▸' | '›' | '→' => '>',
        '◀' | '‹' | '←' => '<',
        '‖' | '━' | '▄' => '=',
        '·' | '…' | '▂' => '.',
        'µ' => 'u',
        '▁' => '_',
        '▇' => '%',
        '█' | '▓' | '▊' | '▉' | '▋' => '#',
        '░' | '▒' | '⋮' => ':',
        _ => '?',
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_on_the_terminal_is_replaced() {
        for (hostile, expected) in [
            ("plain", "plain"),
            ("日経 225", "日経 225"),
            ("\x1b[31mred", "\u{fffd}[31mred"),
            ("a\u{9b}31mb", "a\u{fffd}31mb"),
            ("\u{202e}evil", "\u{fffd}evil"),
            ("AA\u{200b}PL", "AA\u{fffd}PL"),
            ("\u{301}x", "\u{fffd}x"),
            ("AA\u{200c}PL", "AA\u{fffd}PL"),
            ("AA\u{200d}PL", "AA\u{fffd}PL"),
            ("one\r\ntwo\tthree", "one two three"),
            ("bell\u{7}", "bell\u{fffd}"),
            ("\u{feff}bom\u{7f}", "\u{fffd}bom\u{fffd}"),
            ("tag\u{e0041}", "tag\u{fffd}"),
        ] {
            assert_eq!(safe(hostile), expected, "{hostile:?}");
        }
    }

    #[test]
    fn every_script_can_be_read_and_what_terminals_disagree_on_is_taken_apart() {
        for text in ["ตลาดหุ้นไทยวันนี้", "बाज़ार में तेजी", "می\u{200c}خواهم", "שָׁלוֹם"]
        {
            let composed: String = text.nfc().collect();
            assert_eq!(safe(text), composed);
            assert!(!safe(text).contains(REPLACEMENT), "{text}");
        }
        assert_eq!(safe("Cafe\u{301}"), "Café");
        assert_eq!(safe("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(safe("🇩🇪 DAX"), "DE DAX");
        assert_eq!(safe("👩🏽\u{200d}💻 up"), "👩💻 up");
        let piled = format!("x{}", "\u{336}".repeat(50));
        assert_eq!(safe(&piled).chars().count(), 1 + MARKS_MAX);
        for text in ["ตลาดหุ้น", "🇩🇪 DAX", "e\u{301}日"] {
            let clean = safe(text);
            for columns in 0..10 {
                assert!(width(&cut(&clean, columns)) <= columns);
            }
        }
    }

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("日経平均", 5), "日経…");
        assert_eq!(cut("日経平均", 4), "日…");
        assert_eq!(cut("日", 1), "…");
        assert_eq!(cut("ab", 0), "");
        for columns in 0..10 {
            assert!(width(&cut("日a経b平c", columns)) <= columns);
        }
    }

    #[test]
    fn writing_outside_the_buffer_does_nothing() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        assert_eq!(put(&mut buffer, 5, 0, 9, "x", Style::new()), 5);
        assert_eq!(put(&mut buffer, 0, 7, 9, "x", Style::new()), 0);
        put(&mut buffer, 1, 0, 99, "long text", Style::new());
        assert_eq!(buffer.cell((2, 0)).unwrap().symbol(), "o");
        let mut nothing = Buffer::empty(Rect::new(0, 0, 0, 0));
        put(&mut nothing, 0, 0, 9, "x", Style::new());
        clear(&mut nothing, Rect::new(0, 0, 9, 9));
    }
}
