use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;

fn picture(lines: &[&str], style: Style) -> String {
    let mut buffer = Buffer::with_lines(lines.iter().copied());
    buffer.set_style(buffer.area, style);
    to_svg(&buffer, "title", Paper::DARK)
}

/// The picture without what is the same in all.
fn content(svg: &str) -> &str {
    let start = svg.find("crispEdges\">").map_or(0, |at| at + 12);
    svg.get(start..svg.len() - "</g></svg>\n".len())
        .unwrap_or("")
}

#[test]
fn text_is_placed_by_cell_and_escaped() {
    let svg = picture(&["a<b & c   \"d\"", "é"], Style::new());
    assert_eq!(
        content(&svg),
        "</g><g fill=\"#d6dde6\"><text x=\"0\" y=\"12\" textLength=\"56\">a&lt;b &amp; c</text>\
         <text x=\"80\" y=\"12\" textLength=\"24\">&quot;d&quot;</text>\
         <text x=\"4\" y=\"28\" text-anchor=\"middle\">é</text></g>"
    );
}

#[test]
fn neighbours_of_one_shape_are_one_shape() {
    assert_eq!(
        content(&picture(&["██", "██"], Style::new())),
        "<path fill=\"#d6dde6\" d=\"M0 0h16v32h-16z\"/></g>"
    );
    assert_eq!(
        content(&picture(&["───"], Style::new())),
        "<path fill=\"#d6dde6\" d=\"M0 7.5h24v1h-24z\"/></g>"
    );
    assert_eq!(
        content(&picture(&["╮⠁"], Style::new())),
        "</g><path fill=\"none\" stroke=\"#d6dde6\" d=\"M0 8Q4 8 4 12V16\"/>\
         <path fill=\"none\" stroke=\"#d6dde6\" stroke-width=\"2.6\" stroke-linecap=\"round\" d=\"M10 2h0\"/>"
    );
    let second = picture(&["  ", " ╰"], Style::new());
    assert!(second.contains("M12 16V20Q12 24 16 24"), "{second}");
}

#[test]
fn colours_and_modifiers_are_what_a_terminal_makes_of_them() {
    let with = |style: Style| content(&picture(&["ab"], style)).to_owned();
    let red = Style::new().fg(Color::Rgb(255, 0, 0));
    assert!(
        with(red.bold().italic())
            .contains("<g fill=\"#f00\" font-weight=\"700\" font-style=\"italic\">")
    );
    assert!(with(red.underlined()).contains("<path fill=\"#f00\" d=\"M0 14h16v1h-16z\"/>"));
    let reversed = with(red.reversed());
    assert!(
        reversed.contains("<path fill=\"#f00\" d=\"M0 0h16v16h-16z\"/>"),
        "{reversed}"
    );
    assert!(reversed.contains("<g fill=\"#0d1117\">"), "{reversed}");
    assert!(with(red.dim()).contains("<g fill=\"#92080a\">"));
    assert!(
        with(Style::new().bg(Color::Indexed(196)))
            .contains("<path fill=\"#f00\" d=\"M0 0h16v16h-16z\"/>")
    );
    assert!(!with(red.hidden()).contains("<text"));
}

#[test]
fn wide_characters_cover_two_cells() {
    let svg = picture(&["日本x"], Style::new());
    assert!(
        svg.contains("<text x=\"8\" y=\"12\" text-anchor=\"middle\">日</text>"),
        "{svg}"
    );
    assert!(svg.contains("<text x=\"32\" y=\"12\">x</text>"), "{svg}");
}

#[test]
fn a_full_screen_stays_small_and_nothing_breaks_it() {
    let area = Rect::new(3, 4, 140, 40);
    let mut buffer = Buffer::empty(area);
    let glyphs = ['A', '█', '┃', '⣿', '▲', '\u{7}', '╭', 'z'];
    for (index, position) in area.positions().enumerate() {
        let style = Style::new().fg(Color::Indexed((index / 7 % 256) as u8));
        buffer[position]
            .set_char(glyphs[index % 8])
            .set_style(style);
    }
    let svg = to_svg(&buffer, "a title & more", Paper::DARK);
    assert!(svg.len() < 600_000, "{}", svg.len());
    assert!(svg.chars().all(|c| !c.is_control() || c == '\n'));
    assert!(svg.contains("a title &amp; more"));
    for (width, height) in [(0, 0), (1, 1), (3, 0), (300, 2)] {
        let svg = to_svg(
            &Buffer::empty(Rect::new(0, 0, width, height)),
            &"long ".repeat(99),
            Paper::LIGHT,
        );
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
