//! Text on its way to the screen: made safe, measured, cut and placed.
//!
//! Everything that comes from data or files passes through [`safe`] before it is drawn.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
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
/// Letters keep their marks (composed where there is one character for both), and the non-joiners that scripts spell with;
/// joiners go, because each letter stands in a cell of its own. Of pictures that terminals draw in different widths the parts are shown: `DE` for a flag, each of several that are joined.
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
            ZERO_WIDTH_NON_JOINER
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
    is_visible(c) && !is_part_of_a_picture && columns(c) > 0
}

/// Whether a character is drawn over or under the one before it.
fn is_mark(c: char) -> bool {
    is_combining_mark(c) && columns(c) == 0
}

/// Whether a character stands beside the letter that it belongs to, as many vowels do. Some terminals give it a cell of
/// its own, others draw it with the letter.
pub(super) fn is_mark_beside(c: char) -> bool {
    is_combining_mark(c) && columns(c) > 0
}

/// How many columns a character has on most terminals, which look at each character for itself.
pub(super) fn columns(c: char) -> usize {
    match c {
        // Marks that stand beside their letter. Unicode counts them as part of it.
        '\u{9be}'
        | '\u{9d7}'
        | '\u{b3e}'
        | '\u{b57}'
        | '\u{bbe}'
        | '\u{bd7}'
        | '\u{cc0}'
        | '\u{cc2}'
        | '\u{cc7}'..='\u{cc8}'
        | '\u{cca}'..='\u{ccb}'
        | '\u{cd5}'..='\u{cd6}'
        | '\u{d3e}'
        | '\u{d57}'
        | '\u{dcf}'
        | '\u{ddf}'
        | '\u{1715}'
        | '\u{1734}'
        | '\u{1b35}'
        | '\u{1b3b}'
        | '\u{1b3d}'
        | '\u{1b43}'..='\u{1b44}'
        | '\u{1baa}'
        | '\u{1bf2}'..='\u{1bf3}'
        | '\u{a953}'
        | '\u{a9c0}' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// What stands in a text's cells: each character that has columns with the marks over it, and how many columns they are.
pub(super) fn parts(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| columns(*c) > 0 || c.is_control())
            .map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(end);
        rest = after;
        Some((part, columns(first)))
    })
}

/// Whether a letter is of a script that may be spelled with non-joiners; between others they would only hide.
fn is_spelled(c: char) -> bool {
    !c.is_ascii() && (c.is_alphabetic() || is_combining_mark(c))
}

/// How many columns a safe text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().map(columns).sum()
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
    for (part, wide) in parts(text) {
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        taken.push_str(part);
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
    // Most texts are plain; measuring their characters is what would cost most of a frame.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        let start = buffer.index_of(x, y);
        let cells = &mut buffer.content[start..start + usize::from(room)];
        let written = cells.len().min(text.len()) as u16;
        for (cell, byte) in cells.iter_mut().zip(text.bytes()) {
            cell.set_char(char::from(byte)).set_style(style);
        }
        return x + written;
    }
    let end = x + room;
    let mut x = x;
    for (part, columns) in parts(text).filter(|(_, columns)| *columns > 0) {
        let next = x.saturating_add(columns as u16);
        if next > end {
            break;
        }
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.set_symbol(part).set_style(style);
        }
        // What follows a wide character is under it.
        for hidden in x + 1..next {
            if let Some(cell) = buffer.cell_mut((hidden, y)) {
                cell.reset();
            }
        }
        x = next;
    }
    x
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

/// Marks what stands in a rectangle as selected. What has a colour keeps it; the terminal's own, which may be any, gives
/// way to one that can be read there.
pub fn select(buffer: &mut Buffer, area: Rect, style: Style) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            let own = cell.fg;
            cell.set_style(style);
            if own != Color::Reset {
                cell.fg = own;
            }
        }
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
        '─' | '╌' | '┄' | '┈' | '–' | '−' | '╴' | '╶' | '╸' | '╺' | '—' | '▃' | '▽' => {
            '-'
        }
        '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' | '┬' | '┴' | '┼' | '▅' | '△' => {
            '+'
        }
        '▲' | '↑' => '^',
        '▼' | '↓' | '✓' => 'v',
        '●' | '◆' | '▆' => '*',
        '◌' | '○' => 'o',
        '✖' | '×' => 'x',
        '⚠' => '!',
        '✉' => '@',
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
        assert_eq!(safe("क\u{94d}\u{200d}ष"), "क\u{94d}ष");
        let cells: Vec<(&str, usize)> = parts("വാർत्\u{902}日").collect();
        assert_eq!(
            cells,
            [
                ("വ", 1),
                ("\u{d3e}", 1),
                ("ർ", 1),
                ("त्\u{902}", 1),
                ("日", 2)
            ]
        );
        for text in ["ตลาดหุ้น", "🇩🇪 DAX", "e\u{301}日", "വാർത്ത"]
        {
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
