//! The pipeline: how sources, channels and workers are doing.

mod connections;
mod full;
mod pieces;
mod summary;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::pipeline::meters::ConnectionState;
use crate::pipeline::snapshot::{PipelineView, WorkerState};

use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::{UNKNOWN, cut, put};

/// Below this height the panel is a summary of a few lines.
const FULL_HEIGHT: u16 = 12;

/// The pipeline panel.
#[derive(Debug, Default)]
pub struct PipelinePanel {
    /// The first worker in sight.
    top: usize,
    workers: usize,
    workers_visible: usize,
}

/// The sign and word of a connection state.
#[must_use]
pub fn connection_mark(state: ConnectionState) -> (&'static str, &'static str) {
    match state {
        ConnectionState::Connecting => ("◌", "connecting"),
        ConnectionState::Connected => ("●", "connected"),
        ConnectionState::Reconnecting => ("◌", "reconnecting"),
        ConnectionState::Paused => ("‖", "paused"),
        ConnectionState::Ended => ("○", "ended"),
        ConnectionState::Failed => ("✖", "failed"),
    }
}

/// The look of a connection state.
#[must_use]
pub fn connection_style(state: ConnectionState, context: &PanelContext<'_>) -> Style {
    match state {
        ConnectionState::Connected => context.theme.up,
        ConnectionState::Connecting | ConnectionState::Paused => context.theme.info,
        ConnectionState::Reconnecting => context.theme.warning,
        ConnectionState::Ended => context.theme.dim,
        ConnectionState::Failed => context.theme.error,
    }
}

/// A figure of the pipeline's health, or a dash as long as none has been taken: the first ones come after a second.
#[must_use]
pub fn measured(view: &PipelineView, figure: impl FnOnce() -> String) -> String {
    // A channel that holds nothing does not exist.
    if view.processing.capacity == 0 {
        UNKNOWN.to_owned()
    } else {
        figure()
    }
}

impl Panel for PipelinePanel {
    fn name(&self) -> &'static str {
        "pipeline"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let view = &context.snapshot.pipeline;
        let troubled = view
            .workers
            .iter()
            .filter(|worker| worker.state != WorkerState::Running)
            .count();
        let threads = measured(view, || view.threads.to_string());
        let word = if view.threads == 1 {
            "thread"
        } else {
            "threads"
        };
        let mut spans = vec![
            Span::styled("Pipeline", context.theme.accent),
            Span::styled(format!(" · {threads} {word}"), context.theme.dim),
        ];
        if troubled > 0 {
            spans.push(Span::styled(
                format!(" · {troubled} in trouble"),
                context.theme.warning,
            ));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.workers = context.snapshot.pipeline.workers.len();
        if area.is_empty() {
            return;
        }
        let inside = Rect {
            x: area.x + 1,
            width: area.width.saturating_sub(2),
            ..area
        };
        if context.snapshot.version == 0 {
            put(
                buffer,
                inside.x,
                inside.y,
                inside.width,
                &cut("starting …", usize::from(inside.width)),
                context.theme.dim,
            );
            return;
        }
        if area.height < FULL_HEIGHT {
            summary::draw_summary(inside, buffer, context);
            return;
        }
        let sources_max = usize::from(area.height / 4).max(1);
        let row = full::draw_sources(inside, sources_max, buffer, context);
        let lines_max = usize::from(area.height / 3).max(2);
        let row = connections::draw_connections(inside, row + 1, lines_max, buffer, context);
        let row = full::draw_figures(inside, row + 1, buffer, context);
        self.draw_workers(inside, row + 1, buffer, context);
    }

    fn act(&mut self, action: PanelAction, _context: &PanelContext<'_>) -> Response {
        let last_top = self.workers.saturating_sub(self.workers_visible);
        let page = self.workers_visible.max(1);
        self.top = match action {
            PanelAction::Up => self.top.saturating_sub(1),
            PanelAction::Down => (self.top + 1).min(last_top),
            PanelAction::PageUp => self.top.saturating_sub(page),
            PanelAction::PageDown => (self.top + page).min(last_top),
            PanelAction::Home => 0,
            PanelAction::End => last_top,
            _ => return Response::Ignored,
        };
        Response::Done
    }

    fn mouse(&mut self, mouse: PanelMouse, _context: &PanelContext<'_>) -> Response {
        let last_top = self.workers.saturating_sub(self.workers_visible);
        match mouse {
            PanelMouse::ScrollUp(_) => self.top = self.top.saturating_sub(3),
            PanelMouse::ScrollDown(_) => self.top = (self.top + 3).min(last_top),
            _ => return Response::Ignored,
        }
        Response::Done
    }
}
