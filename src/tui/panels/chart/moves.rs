//! What keys and the mouse do to the view.

use ratatui::layout::Position;

use crate::domain::time::{Timeframe, UnixMs};
use crate::tui::panel::{PanelAction, PanelContext, PanelMouse, Response};

use super::ChartPanel;
use super::frame::{Crosshair, Frame, end_at, fitting_zoom};
use super::zoom::level_last;

/// Steps of an arrow key that cross the screen.
const STEPS_ACROSS: usize = 24;

/// A drag that is under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drag {
    /// Where it began, or where the last part of it ended.
    from: Position,
    /// The index after the last visible candle when it was there.
    end: usize,
    /// Cells that were too few for a column so far.
    rest: i32,
    /// What of the movement from `from` has been used.
    used: i32,
}

impl ChartPanel {
    pub(super) fn act_on_view(
        &mut self,
        action: PanelAction,
        context: &PanelContext<'_>,
    ) -> Response {
        match action {
            PanelAction::NextTimeframe => self.step_timeframe(1),
            PanelAction::PreviousTimeframe => self.step_timeframe(-1),
            _ => match self.frame(context) {
                Some(frame) => self.act_on_frame(action, &frame),
                None => Response::Ignored,
            },
        }
    }

    fn step_timeframe(&mut self, step: isize) -> Response {
        let all = Timeframe::ALL;
        let at = all
            .iter()
            .position(|timeframe| *timeframe == self.view.timeframe)
            .unwrap_or(0);
        match at.checked_add_signed(step).and_then(|at| all.get(at)) {
            Some(timeframe) => {
                self.set_timeframe(*timeframe);
                Response::Done
            }
            None => Response::Ignored,
        }
    }

    fn act_on_frame(&mut self, action: PanelAction, frame: &Frame<'_>) -> Response {
        let screen = frame.columns.len();
        let step = (screen / STEPS_ACROSS).max(1) as isize;
        let page = screen.saturating_sub(1).max(1) as isize;
        let has_crosshair = self.view.crosshair.is_some();
        match action {
            PanelAction::Left if has_crosshair => self.move_crosshair(frame, -1),
            PanelAction::Right if has_crosshair => self.move_crosshair(frame, 1),
            PanelAction::Up if has_crosshair => self.lift_crosshair(frame, -1),
            PanelAction::Down if has_crosshair => self.lift_crosshair(frame, 1),
            PanelAction::Left => self.scroll(frame, -step),
            PanelAction::Right => self.scroll(frame, step),
            PanelAction::PageUp => self.scroll(frame, -page),
            PanelAction::PageDown => self.scroll(frame, page),
            PanelAction::Home => self.scroll_from(frame, 1, 0),
            PanelAction::End => self.view.anchor = None,
            PanelAction::ZoomIn => self.zoom_step(frame, -1, None),
            PanelAction::ZoomOut => self.zoom_step(frame, 1, None),
            PanelAction::Crosshair | PanelAction::Back if has_crosshair => {
                self.view.crosshair = None;
            }
            PanelAction::Crosshair => self.place_crosshair(frame, screen - 1),
            _ => return Response::Ignored,
        }
        Response::Done
    }

    pub(super) fn mouse_on_view(
        &mut self,
        mouse: PanelMouse,
        context: &PanelContext<'_>,
    ) -> Response {
        let Some(frame) = self.frame(context) else {
            return Response::Ignored;
        };
        if !matches!(mouse, PanelMouse::Drag(..)) {
            self.drag = None;
        }
        let pressed = self.pressed.take();
        match mouse {
            PanelMouse::Click(at) => {
                self.pressed = Some((at, self.view.crosshair));
                self.point(&frame, at);
            }
            PanelMouse::DoubleClick(_) => self.view.crosshair = None,
            PanelMouse::ScrollUp(at) => self.zoom_step(&frame, -1, Some(at.x)),
            PanelMouse::ScrollDown(at) => self.zoom_step(&frame, 1, Some(at.x)),
            PanelMouse::Drag(from, to) => {
                // The press that a drag begins with was reported as a click.
                if let Some((_, before)) = pressed.filter(|(at, _)| *at == from) {
                    self.view.crosshair = before;
                }
                self.drag(&frame, from, to);
            }
        }
        Response::Done
    }

    fn end(frame: &Frame<'_>) -> usize {
        frame.columns.last().map_or(0, |column| column.end)
    }

    /// Moves the view by columns, to the right where positive.
    fn scroll(&mut self, frame: &Frame<'_>, columns: isize) {
        self.scroll_from(frame, Self::end(frame), columns);
    }

    fn scroll_from(&mut self, frame: &Frame<'_>, end: usize, columns: isize) {
        let candles = columns.saturating_mul(isize::from(frame.zoom.merged as i16));
        let end = end.saturating_add_signed(candles);
        self.view.set_end(&frame.subject.chart.candles, end);
        self.clamp_to_first_screen(frame);
    }

    /// Lets the anchor be what is shown: a view cannot go to before the first screen.
    fn clamp_to_first_screen(&mut self, frame: &Frame<'_>) {
        let shown = Frame::new(&frame.subject, &self.view, self.area);
        if let Some(shown) = shown
            && self.view.anchor.is_some()
        {
            self.view
                .set_end(&frame.subject.chart.candles, Self::end(&shown));
        }
    }

    /// Zooms by one level; the candle at cell `x` of the screen stays there, or else the newest one at the right.
    fn zoom_step(&mut self, frame: &Frame<'_>, step: isize, x: Option<u16>) {
        let last = level_last(self.view.timeframe);
        let level = self
            .view
            .level
            .min(last)
            .saturating_add_signed(step)
            .min(last);
        self.view.level = level;
        let Some(x) = x.and_then(|x| x.checked_sub(frame.layout.plot.x)) else {
            return self.clamp_to_first_screen(frame);
        };
        let plot_width = frame.layout.plot.width;
        let (new, width) = fitting_zoom(level, self.view.timeframe, plot_width);
        let index = frame.columns[frame.column_at(x)].end;
        let columns_right = usize::from(width.saturating_sub(x + 1) / new.pitch);
        let end = index + columns_right * usize::from(new.merged);
        self.view.set_end(&frame.subject.chart.candles, end);
        self.clamp_to_first_screen(frame);
    }

    fn drag(&mut self, frame: &Frame<'_>, from: Position, to: Position) {
        // A terminal may report a drag from where it began or from where it last was.
        let drag = match self.drag {
            Some(drag) if drag.from == from => drag,
            before => Drag {
                from,
                end: Self::end(frame),
                rest: before.map_or(0, |drag| drag.rest + drag.used),
                used: 0,
            },
        };
        let pitch = i32::from(frame.zoom.pitch);
        let moved = i32::from(to.x) - i32::from(from.x);
        let columns = (moved + drag.rest) / pitch;
        self.drag = Some(Drag {
            used: moved - columns * pitch,
            ..drag
        });
        self.scroll_from(frame, drag.end, -(columns as isize));
    }

    fn place_crosshair(&mut self, frame: &Frame<'_>, column: usize) {
        if let Some(bar) = frame.bars.get(column) {
            self.view.crosshair = Some(Crosshair {
                time: time_of(frame, column),
                price: bar.close,
            });
        }
    }

    /// Puts the crosshair where the mouse is; outside the plot, its candle only.
    fn point(&mut self, frame: &Frame<'_>, at: Position) {
        let plot = frame.layout.plot;
        let column = frame.column_at(at.x.saturating_sub(plot.x));
        self.place_crosshair(frame, column);
        if plot.contains(at)
            && let Some(crosshair) = &mut self.view.crosshair
        {
            crosshair.price = frame.scale.price_at(at.y - plot.y, plot.height);
        }
    }

    /// Moves the crosshair by columns; at the edge the view goes along.
    fn move_crosshair(&mut self, frame: &Frame<'_>, columns: isize) {
        let Some(crosshair) = self.view.crosshair else {
            return;
        };
        let candles = &frame.subject.chart.candles;
        let Some(column) = frame.column_of(crosshair.time) else {
            let column = if end_at(candles, crosshair.time) <= frame.columns[0].first {
                0
            } else {
                frame.columns.len() - 1
            };
            return self.place_crosshair(frame, column);
        };
        let wanted = column.checked_add_signed(columns);
        if let Some(wanted) = wanted.filter(|wanted| *wanted < frame.columns.len()) {
            self.view.crosshair = Some(Crosshair {
                time: time_of(frame, wanted),
                ..crosshair
            });
            return;
        }
        let edge = frame.columns[column];
        let index = if columns < 0 {
            edge.first.checked_sub(1)
        } else {
            Some(edge.end).filter(|end| *end < candles.len())
        };
        if let Some(candle) = index.and_then(|index| candles.get(index)) {
            self.view.crosshair = Some(Crosshair {
                time: candle.start,
                ..crosshair
            });
            self.scroll(frame, columns);
        }
    }

    /// Moves the crosshair by rows, down where positive.
    fn lift_crosshair(&mut self, frame: &Frame<'_>, rows: i32) {
        let height = frame.layout.plot.height;
        let Some(crosshair) = &mut self.view.crosshair else {
            return;
        };
        let row = i32::from(frame.scale.part(crosshair.price, height)) + rows;
        let row = row.clamp(0, i32::from(height) - 1) as u16;
        crosshair.price = frame.scale.price_at(row, height);
    }
}

/// The start of a column's last candle.
fn time_of(frame: &Frame<'_>, column: usize) -> UnixMs {
    frame
        .columns
        .get(column)
        .and_then(|column| frame.subject.chart.candles.get(column.end - 1))
        .map_or(UnixMs(0), |candle| candle.start)
}
