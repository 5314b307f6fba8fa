//! The charts of several symbols beside one another.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::domain::symbol::SymbolId;
use crate::domain::time::Timeframe;
use crate::pipeline::snapshot::Row;
use crate::tui::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use crate::tui::text::{cut, put, safe, width};
use crate::tui::theme::GlyphSet;

use super::chart::ChartPanel;
use super::chart::scale::signed;

/// The most charts beside and above one another.
const ACROSS_MAX: u16 = 3;
/// The most charts.
pub const CHARTS_MAX: usize = (ACROSS_MAX * ACROSS_MAX) as usize;
/// A chart that is narrower says nothing.
const CHART_COLUMNS_MIN: u16 = 36;
/// A chart that is lower says nothing; its title is one of these rows.
const CHART_ROWS_MIN: u16 = 9;

/// The panel of several charts.
#[derive(Debug)]
pub struct ChartsPanel {
    charts: Vec<(SymbolId, ChartPanel)>,
    timeframe: Timeframe,
    zoom_level: usize,
    /// Where each was drawn last, its title included.
    areas: Vec<(SymbolId, Rect)>,
    /// Charts beside one another when it was drawn last.
    across: usize,
}

impl Default for ChartsPanel {
    fn default() -> Self {
        Self {
            charts: Vec::new(),
            timeframe: Timeframe::default(),
            // One cell for each candle: small charts have no room for more.
            zoom_level: 4,
            areas: Vec::new(),
            across: 1,
        }
    }
}

impl ChartsPanel {
    /// How many charts there is room for.
    #[must_use]
    pub fn capacity(&self, area: Rect) -> usize {
        let fit = |room: u16, least: u16| (room / least).clamp(1, ACROSS_MAX);
        usize::from(fit(area.width, CHART_COLUMNS_MIN) * fit(area.height, CHART_ROWS_MIN))
    }

    /// Shows these symbols, in this order.
    pub fn show(&mut self, symbols: &[SymbolId], timeframe: Timeframe) {
        self.timeframe = timeframe;
        let is_same = self.charts.iter().map(|(id, _)| id).eq(symbols);
        if !is_same {
            let mut known = std::mem::take(&mut self.charts);
            self.charts = symbols
                .iter()
                .map(|id| {
                    let at = known.iter().position(|(other, _)| other == id);
                    at.map_or_else(|| (*id, ChartPanel::small()), |at| known.swap_remove(at))
                })
                .collect();
        }
        for (_, chart) in &mut self.charts {
            if chart.timeframe() != timeframe {
                chart.set_timeframe(timeframe);
            }
            chart.set_zoom_level(self.zoom_level);
        }
    }

    /// The places of so many charts in `area`, in rows as even as can be.
    fn places(&self, area: Rect) -> (usize, Vec<Rect>) {
        let count = self.charts.len().max(1) as u16;
        let widest = (area.width / CHART_COLUMNS_MIN).clamp(1, ACROSS_MAX);
        let highest = (area.height / CHART_ROWS_MIN).clamp(1, ACROSS_MAX);
        // As square as can be: two are beside one another, three and four two by two.
        let mut across = 1;
        while across < widest && (across * across < count || count.div_ceil(across) > highest) {
            across += 1;
        }
        let down = count.div_ceil(across).max(1);
        let places = (0..count)
            .map(|at| {
                let (column, row) = (at % across, at / across);
                let edge = |part: u16, parts: u16, length: u16| {
                    (u32::from(length) * u32::from(part) / u32::from(parts)) as u16
                };
                let (left, right) = (
                    edge(column, across, area.width),
                    edge(column + 1, across, area.width),
                );
                let (top, bottom) = (
                    edge(row, down, area.height),
                    edge(row + 1, down, area.height),
                );
                // A free column keeps neighbours apart.
                let gap = u16::from(column + 1 < across);
                Rect {
                    x: area.x + left,
                    y: area.y + top,
                    width: (right - left).saturating_sub(gap),
                    height: bottom - top,
                }
            })
            .collect();
        (usize::from(across), places)
    }

    fn at(&self, position: Position) -> Option<SymbolId> {
        let mut areas = self.areas.iter();
        areas
            .find(|(_, area)| area.contains(position))
            .map(|(id, _)| *id)
    }

    /// The symbol so many charts on from the selected one; round at the ends when `wraps`.
    fn next(&self, selected: Option<SymbolId>, by: isize, wraps: bool) -> Option<SymbolId> {
        let count = self.charts.len() as isize;
        let at = self
            .charts
            .iter()
            .position(|(id, _)| Some(*id) == selected)
            .map_or(0, |at| at as isize + by);
        let at = if wraps && count > 0 {
            at.rem_euclid(count)
        } else {
            at
        };
        let at = usize::try_from(at).ok()?;
        self.charts.get(at).map(|(id, _)| *id)
    }
}

/// The title of one chart: symbol, last price, change since the reference price.
fn draw_title(buffer: &mut Buffer, area: Rect, row: &Row, context: &PanelContext<'_>) {
    let is_selected = context.selected == Some(row.id);
    let theme = context.theme;
    let line = if is_selected {
        theme.border_focused
    } else {
        theme.border
    };
    for x in area.x..area.right() {
        put(buffer, x, area.y, 1, "─", line);
    }
    let minus = if context.glyphs == GlyphSet::Ascii {
        '-'
    } else {
        '−'
    };
    let last = row.last.map(crate::domain::to_f64);
    let change = last
        .zip(row.day.reference_price)
        .filter(|(_, reference)| *reference > 0.0)
        .map(|(last, reference)| (last / reference - 1.0) * 100.0);
    let style = match change {
        Some(change) if change > 0.0 => theme.up,
        Some(change) if change < 0.0 => theme.down,
        _ => theme.text,
    };
    let mark = if is_selected { "▸" } else { "─" };
    let mut pieces: Vec<(String, Style)> = vec![
        (mark.to_owned(), line),
        (format!(" {} ", safe(row.symbol.as_str())), theme.accent),
    ];
    if let Some(last) = row.last {
        let text = format!("{last} ");
        pieces.push((text, style.add_modifier(Modifier::BOLD)));
    }
    if let Some(change) = change {
        pieces.push((format!("{}% ", signed(change, 2, minus)), style));
    }
    let mut x = area.x;
    for (text, style) in pieces {
        let room = area.right().saturating_sub(x);
        if usize::from(room) < width(&text).min(4) {
            break;
        }
        x = put(
            buffer,
            x,
            area.y,
            room,
            &cut(&text, usize::from(room)),
            style,
        );
    }
}

impl Panel for ChartsPanel {
    fn name(&self) -> &'static str {
        "charts"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        Line::from(vec![
            Span::styled("Charts", theme.accent),
            Span::styled(" · ", theme.dim),
            Span::styled(self.timeframe.label(), theme.text),
        ])
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        let area = area.intersection(*buffer.area());
        self.areas.clear();
        if self.charts.is_empty() || area.is_empty() {
            let text = "no symbol: a adds some";
            put(buffer, area.x, area.y, area.width, text, context.theme.dim);
            return;
        }
        let (across, places) = self.places(area);
        self.across = across;
        for ((id, chart), place) in self.charts.iter_mut().zip(places) {
            self.areas.push((*id, place));
            if let Some(row) = context.snapshot.rows.get(*id) {
                draw_title(buffer, Rect { height: 1, ..place }, row, context);
            }
            let inner = Rect {
                y: place.y + 1,
                height: place.height.saturating_sub(1),
                ..place
            };
            let context = PanelContext {
                selected: Some(*id),
                ..*context
            };
            chart.render(inner, buffer, &context);
        }
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        let across = self.across as isize;
        let by = |by: isize, wraps: bool| {
            self.next(context.selected, by, wraps)
                .map_or(Response::Done, Response::Select)
        };
        match action {
            PanelAction::Left | PanelAction::PreviousChart => by(-1, true),
            PanelAction::Right | PanelAction::NextChart => by(1, true),
            PanelAction::Up => by(-across, false),
            PanelAction::Down => by(across, false),
            PanelAction::Open => context
                .selected
                .map_or(Response::Ignored, Response::OpenChart),
            PanelAction::ZoomIn | PanelAction::ZoomOut => {
                for (id, chart) in &mut self.charts {
                    let context = PanelContext {
                        selected: Some(*id),
                        ..*context
                    };
                    chart.act(action, &context);
                    self.zoom_level = chart.zoom_level();
                }
                Response::Done
            }
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        match mouse {
            PanelMouse::Click(at) => self.at(at).map_or(Response::Ignored, Response::Select),
            PanelMouse::DoubleClick(at) => {
                self.at(at).map_or(Response::Ignored, Response::OpenChart)
            }
            PanelMouse::ScrollUp(_) => self.act(PanelAction::ZoomIn, context),
            PanelMouse::ScrollDown(_) => self.act(PanelAction::ZoomOut, context),
            PanelMouse::Drag(..) => Response::Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_fill_the_area_in_even_rows_without_touching() {
        let mut panel = ChartsPanel::default();
        for count in 1..=CHARTS_MAX as u32 {
            let ids: Vec<SymbolId> = (0..count).map(SymbolId).collect();
            panel.show(&ids, Timeframe::M1);
            for (width, height) in [(118, 36), (300, 80), (118, 60)] {
                let area = Rect::new(1, 2, width, height);
                assert_eq!(panel.capacity(area), CHARTS_MAX);
                let (across, places) = panel.places(area);
                assert_eq!(places.len(), ids.len());
                assert!(across <= 3 && places.len().div_ceil(across) <= 3);
                for (at, one) in places.iter().enumerate() {
                    assert!(one.width >= CHART_COLUMNS_MIN && one.height >= CHART_ROWS_MIN);
                    assert_eq!(one.intersection(area), *one);
                    assert!(places[at + 1..].iter().all(|other| !one.intersects(*other)));
                }
            }
        }
        assert_eq!(panel.capacity(Rect::new(0, 0, 38, 8)), 1);
        assert_eq!(panel.capacity(Rect::new(0, 0, 78, 20)), 4);
    }
}
