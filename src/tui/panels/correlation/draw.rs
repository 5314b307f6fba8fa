//! How the matrix is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::symbol::SymbolId;
use crate::tui::number::signed;
use crate::tui::panel::PanelContext;
use crate::tui::text::{UNKNOWN, cut, put, safe, select, width};
use crate::tui::theme::Theme;

use super::CorrelationPanel;
use super::pearson::COMMON_MIN;

/// The room for a figure and the space before it.
const FIGURE_COLUMNS: u16 = 6;
/// A heading is cut at this width.
const HEADING_COLUMNS_MAX: u16 = 8;
/// The names at the left are cut at this width.
const NAME_COLUMNS_MAX: u16 = 10;

/// Where the parts of the matrix stand.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// The figures.
    pub body: Rect,
    /// The width of a column with the space before it.
    pub pitch: u16,
    /// The width of the names.
    pub names: u16,
    /// Whether there is room for a line about the marked pair.
    pub has_detail: bool,
}

impl Grid {
    /// The places in an area, for the names as they were measured.
    pub fn of(panel: &CorrelationPanel, area: Rect) -> Self {
        let longest = panel.longest_name;
        let names = longest.clamp(4, NAME_COLUMNS_MAX);
        let pitch = (longest.min(HEADING_COLUMNS_MAX) + 1).max(FIGURE_COLUMNS);
        let has_detail = area.height >= 5;
        Self {
            body: Rect {
                x: (area.x + 1 + names).min(area.right()),
                y: area.y + u16::from(area.height > 0),
                width: area.width.saturating_sub(1 + names),
                height: area.height.saturating_sub(1 + u16::from(has_detail)),
            },
            pitch,
            names,
            has_detail,
        }
    }

    fn columns(&self) -> usize {
        usize::from(self.body.width / self.pitch)
    }
}

/// The look of a coefficient by its strength; its sign and size stand there too.
fn style(coefficient: f64, theme: &Theme) -> Style {
    let (color, strong) = if coefficient >= 0.0 {
        (theme.up, theme.flash_up)
    } else {
        (theme.down, theme.flash_down)
    };
    match coefficient.abs() {
        size if size >= 0.8 => strong,
        size if size >= 0.5 => color.add_modifier(Modifier::BOLD),
        size if size >= 0.2 => color,
        _ => theme.dim,
    }
}

fn name(id: SymbolId, context: &PanelContext<'_>) -> String {
    context.snapshot.rows.get(id).map_or_else(
        || UNKNOWN.to_owned(),
        |row| safe(row.symbol.as_str()).into_owned(),
    )
}

pub fn draw(panel: &mut CorrelationPanel, buffer: &mut Buffer, context: &PanelContext<'_>) {
    let area = panel.area;
    let theme = context.theme;
    let names: Vec<String> = panel.symbols.iter().map(|id| name(*id, context)).collect();
    panel.longest_name = names
        .iter()
        .map(|name| width(name) as u16)
        .max()
        .unwrap_or(0);
    if names.len() < 2 {
        let text = match names.len() {
            0 if context.snapshot.version == 0 => "waiting for the first data …",
            0 => "no symbols · press a to add some",
            _ => "one symbol alone has nothing to move with · press a to add more",
        };
        let room = area.width.saturating_sub(2);
        let text = cut(text, usize::from(room));
        put(buffer, area.x + 1, area.y + 1, room, &text, theme.dim);
        return;
    }
    let grid = Grid::of(panel, area);
    let row = panel.row(context.selected);
    place(panel, &grid, row);
    let shown = (panel.left..names.len()).take(grid.columns());
    for (at, column) in shown.clone().enumerate() {
        let heading = cut(&names[column], usize::from(grid.pitch - 1)).into_owned();
        let x = grid.body.x + (at as u16 + 1) * grid.pitch - width(&heading) as u16;
        let look = if column == panel.column {
            theme.accent
        } else {
            theme.dim
        };
        put(buffer, x, area.y, grid.pitch, &heading, look);
    }
    let visible = usize::from(grid.body.height);
    for (line, at) in (panel.top..names.len()).take(visible).enumerate() {
        let y = grid.body.y + line as u16;
        let look = if at == row { theme.accent } else { theme.text };
        let text = cut(&names[at], usize::from(grid.names));
        put(buffer, area.x + 1, y, grid.names, &text, look);
        for (place, column) in shown.clone().enumerate() {
            let x = grid.body.x + place as u16 * grid.pitch;
            let (text, look) = cell(panel, at, column, theme);
            let start = x + grid.pitch - width(&text) as u16;
            put(buffer, start, y, grid.pitch, &text, look);
            if at == row && column == panel.column && context.focused {
                let cell = Rect {
                    x: x + 1,
                    y,
                    width: grid.pitch - 1,
                    height: 1,
                };
                select(buffer, cell, theme.selection.add_modifier(Modifier::BOLD));
            }
        }
    }
    if grid.has_detail {
        let text = detail(panel, &names, row);
        let room = area.width.saturating_sub(2);
        let y = area.bottom() - 1;
        put(
            buffer,
            area.x + 1,
            y,
            room,
            &cut(&text, usize::from(room)),
            theme.text,
        );
    }
}

/// Brings the marked cell into the picture.
fn place(panel: &mut CorrelationPanel, grid: &Grid, row: usize) {
    let count = panel.symbols.len();
    let fit = |first: usize, at: usize, visible: usize| {
        let visible = visible.max(1);
        first
            .clamp((at + 1).saturating_sub(visible), at)
            .min(count.saturating_sub(visible))
    };
    panel.top = fit(panel.top, row, usize::from(grid.body.height));
    panel.left = fit(panel.left, panel.column, grid.columns());
}

fn cell(panel: &CorrelationPanel, row: usize, column: usize, theme: &Theme) -> (String, Style) {
    if row == column {
        return ("1".to_owned(), theme.dim);
    }
    match panel.figure(row, column) {
        Some(figure) => (
            signed(figure.coefficient, 2),
            style(figure.coefficient, theme),
        ),
        None => (UNKNOWN.to_owned(), theme.dim),
    }
}

/// All about the marked pair.
fn detail(panel: &CorrelationPanel, names: &[String], row: usize) -> String {
    let column = panel.column;
    let (Some(one), Some(other)) = (names.get(row), names.get(column)) else {
        return String::new();
    };
    if row == column {
        return format!("{one} · ←→ choose what it is put against · Enter opens its chart");
    }
    let pair = format!("{one} × {other}");
    if let Some(figure) = panel.figure(row, column) {
        return format!(
            "{pair} · {} · {} returns of {}",
            signed(figure.coefficient, 3),
            figure.common - 1,
            panel.timeframe
        );
    }
    let missing: Vec<&str> = [(row, one), (column, other)]
        .into_iter()
        .filter(|(at, _)| !panel.has_candles(*at))
        .map(|(_, name)| name.as_str())
        .collect();
    if missing.is_empty() {
        format!(
            "{pair} · fewer than {COMMON_MIN} common candles of {}, or one that never moved",
            panel.timeframe
        )
    } else {
        format!("{pair} · loading {}", missing.join(" and "))
    }
}

/// The matrix as text with tabs, for the clipboard.
pub fn text(panel: &CorrelationPanel, context: &PanelContext<'_>) -> String {
    let names: Vec<String> = panel.symbols.iter().map(|id| name(*id, context)).collect();
    let mut text = panel.timeframe.label().to_owned();
    for name in &names {
        text.push('\t');
        text.push_str(name);
    }
    for (row, name) in names.iter().enumerate() {
        text.push('\n');
        text.push_str(name);
        for column in 0..names.len() {
            let figure = panel.figure(row, column).map(|it| it.coefficient);
            let value = if row == column { Some(1.0) } else { figure };
            text.push('\t');
            text.push_str(&value.map_or_else(String::new, |value| format!("{value:.4}")));
        }
    }
    text
}
