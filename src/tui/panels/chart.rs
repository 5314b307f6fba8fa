//! The chart of the selected symbol.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::domain::time::Timeframe;

use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::put;

/// The chart panel.
#[derive(Debug, Default)]
pub struct ChartPanel {
    timeframe: Timeframe,
}

impl ChartPanel {
    /// A chart of one-minute bars.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The length of its bars.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Sets the length of its bars.
    pub fn set_timeframe(&mut self, timeframe: Timeframe) {
        self.timeframe = timeframe;
    }
}

impl Panel for ChartPanel {
    fn name(&self) -> &'static str {
        "chart"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let symbol = context
            .selected
            .and_then(|id| context.snapshot.rows.get(id))
            .map_or_else(|| "no symbol".to_owned(), |row| row.symbol.to_string());
        Line::styled(
            format!("{symbol} · {}", self.timeframe),
            context.theme.accent,
        )
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        let text = "no bars yet";
        put(
            buffer,
            area.x + 1,
            area.y,
            area.width,
            text,
            context.theme.dim,
        );
    }

    fn act(&mut self, action: PanelAction, _context: &PanelContext<'_>) -> Response {
        let step = |by: usize| {
            let at = Timeframe::ALL
                .iter()
                .position(|timeframe| *timeframe == self.timeframe)
                .unwrap_or(0);
            Timeframe::ALL[(at + by) % Timeframe::ALL.len()]
        };
        match action {
            PanelAction::NextTimeframe => self.timeframe = step(1),
            PanelAction::PreviousTimeframe => self.timeframe = step(Timeframe::ALL.len() - 1),
            _ => return Response::Ignored,
        }
        Response::Done
    }

    fn mouse(&mut self, _mouse: PanelMouse, _context: &PanelContext<'_>) -> Response {
        Response::Ignored
    }
}
