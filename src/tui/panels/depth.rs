//! The order book of the selected symbol as a ladder: asks above, bids below, the middle where it stands.

mod bars;
mod draw;
mod ladder;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::event::DataService;
use crate::pipeline::snapshot::{BookState, DepthView};

use super::super::market::{self, NumberRoom, QuantityFormat};
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::kept::{self, PerSymbol};
pub(super) use bars::bar;
use ladder::{Ladder, tick_scale, zoom_max};

/// The order book's panel.
#[derive(Debug, Default)]
pub struct DepthPanel {
    /// Which grouping is wanted of each symbol, whatever the book at hand allows; none is the book as it came.
    groupings: PerSymbol<u8>,
    /// Lines of each side passed over between the best and the next that is shown.
    passed: usize,
    /// Lines of each side in sight, of the last frame.
    visible: usize,
    /// What the last frame was made of; made anew when the book or the grouping is another.
    shown: Option<Shown>,
}

/// A book with its ladder.
#[derive(Debug)]
struct Shown {
    view: Arc<DepthView>,
    /// The grouping that was wanted.
    wanted: u8,
    /// The one that the book allows.
    zoom: u8,
    /// Decimals of the finest price that has been seen.
    tick_scale: u32,
    ladder: Ladder,
    room: Room,
}

/// How wide the columns are.
#[derive(Debug, Clone, Copy, Default)]
struct Room {
    price: usize,
    size: NumberRoom,
    total: NumberRoom,
    /// How the sizes and totals in sight are written.
    sizes: QuantityFormat,
    totals: QuantityFormat,
}

impl DepthPanel {
    /// Which groupings are wanted, to be kept.
    #[must_use]
    pub fn groupings(&self) -> &PerSymbol<u8> {
        &self.groupings
    }

    /// Groups as it was kept; a book that does not allow it is grouped as far as it does.
    pub fn set_groupings(&mut self, groupings: PerSymbol<u8>) {
        self.groupings = groupings;
    }

    /// Brings the ladder in line with the board; `None` while there is no book of the selected symbol.
    fn refresh(&mut self, context: &PanelContext<'_>) -> Option<&mut Shown> {
        let wanted = context.selected?;
        let grouping = self.groupings.get(context).unwrap_or(0);
        let view = context
            .snapshot
            .depths
            .iter()
            .find(|view| view.symbol == wanted);
        let Some(view) = view else {
            self.shown = None;
            return None;
        };
        let is_current = self
            .shown
            .as_ref()
            .is_some_and(|shown| Arc::ptr_eq(&shown.view, view) && shown.wanted == grouping);
        if !is_current {
            let before = self
                .shown
                .take()
                .filter(|shown| shown.view.symbol == wanted);
            if before.is_none() {
                self.passed = 0;
            }
            // A tick that has been seen stays: steps that change by themselves would be jumps.
            let known = before.as_ref().map_or(0, |shown| shown.tick_scale);
            let tick_scale = tick_scale(&view.book).max(known);
            let zoom = grouping.min(zoom_max(&view.book, tick_scale));
            let room = before
                .filter(|shown| shown.zoom == zoom)
                .map(|shown| shown.room)
                .unwrap_or_default();
            self.shown = Some(Shown {
                view: Arc::clone(view),
                wanted: grouping,
                zoom,
                tick_scale,
                ladder: Ladder::new(&view.book, zoom, tick_scale),
                room,
            });
        }
        self.shown.as_mut()
    }

    fn passed_max(&self) -> usize {
        let lines = self.shown.as_ref().map_or(0, |shown| {
            shown.ladder.bids.len().max(shown.ladder.asks.len())
        });
        match lines.saturating_sub(self.visible) {
            0 => 0,
            // One line tells how many are passed over.
            more => more + 1,
        }
    }

    fn pass(&mut self, by: i64) -> Response {
        if self.shown.is_none() {
            return Response::Ignored;
        }
        let max = self.passed_max() as i64;
        self.passed = (self.passed as i64).saturating_add(by).clamp(0, max) as usize;
        Response::Done
    }

    fn regroup(&mut self, by: i8, context: &PanelContext<'_>) -> Response {
        // Without levels there is nothing to see a step by.
        if let Some(shown) = &self.shown
            && (!shown.ladder.bids.is_empty() || !shown.ladder.asks.is_empty())
            && let Some(name) = kept::name(context)
        {
            let max = zoom_max(&shown.view.book, shown.tick_scale);
            let zoom = shown.zoom.saturating_add_signed(by).min(max);
            self.groupings
                .set(&name, Some(zoom).filter(|zoom| *zoom > 0));
            self.passed = 0;
        }
        Response::Done
    }
}

/// What to say while there is no book.
fn empty_text(context: &PanelContext<'_>) -> String {
    if context.snapshot.version == 0 {
        return "starting …".to_owned();
    }
    match market::selected_row(context) {
        None => "no symbol is selected: a adds one".to_owned(),
        Some(row) => market::missing_text("depth", row, DataService::Level2, context),
    }
}

/// The symbol's name after the panel's, where one is selected.
pub(super) fn title_of(name: &'static str, context: &PanelContext<'_>) -> Vec<Span<'static>> {
    let mut spans = vec![Span::styled(name, context.theme.accent)];
    if let Some(row) = market::selected_row(context) {
        let symbol = market::name_text(row, context.snapshot);
        spans.push(Span::styled(format!(" · {symbol}"), context.theme.text));
    }
    spans
}

impl Panel for DepthPanel {
    fn name(&self) -> &'static str {
        "depth"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let mut spans = title_of("Depth", context);
        if let Some(shown) = &self.shown {
            spans.push(Span::styled(
                format!(" · step {}", shown.ladder.step),
                context.theme.dim,
            ));
        }
        spans.extend(market::halt_span(context));
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        if area.is_empty() {
            return;
        }
        let Some(id) = self.refresh(context).map(|shown| shown.view.symbol) else {
            market::put_message(buffer, area, &empty_text(context), context.theme.dim);
            return;
        };
        self.draw(id, area, buffer, context);
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        let page = self.visible.saturating_sub(1).max(1) as i64;
        match action {
            PanelAction::Up => self.pass(-1),
            PanelAction::Down => self.pass(1),
            PanelAction::PageUp => self.pass(-page),
            PanelAction::PageDown => self.pass(page),
            PanelAction::Home => self.pass(i64::MIN),
            PanelAction::End => self.pass(i64::MAX),
            PanelAction::ZoomIn => self.regroup(-1, context),
            PanelAction::ZoomOut => self.regroup(1, context),
            PanelAction::Back if self.passed > 0 => self.pass(i64::MIN),
            PanelAction::Open => context.selected.map_or(Response::Done, Response::OpenChart),
            PanelAction::Copy => match &self.shown {
                Some(shown) => Response::Copy(copy_text(shown, context)),
                None => Response::Ignored,
            },
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, _context: &PanelContext<'_>) -> Response {
        match mouse {
            PanelMouse::ScrollUp(_) => self.pass(-3),
            PanelMouse::ScrollDown(_) => self.pass(3),
            _ => Response::Ignored,
        }
    }
}

/// The ladder as text for the clipboard: side, price, size, total.
fn copy_text(shown: &Shown, context: &PanelContext<'_>) -> String {
    let symbol = market::symbol_text(shown.view.symbol, context.snapshot);
    let state = match &shown.view.state {
        BookState::Whole => shown.view.book.integrity.name(),
        BookState::Waiting => "waiting",
        BookState::Lost(_) => "resyncing",
    };
    let mut text = format!("{symbol}\t{state}");
    let asks = shown.ladder.asks.iter().rev().map(|rung| ("ask", rung));
    let bids = shown.ladder.bids.iter().map(|rung| ("bid", rung));
    for (side, rung) in asks.chain(bids) {
        let line = format!("\n{side}\t{}\t{}\t{}", rung.price, rung.size, rung.total);
        text.push_str(&line);
    }
    text
}
