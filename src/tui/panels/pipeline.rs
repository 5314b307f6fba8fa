//! The pipeline: how sources, channels and workers are doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::pipeline::meters::ConnectionState;
use crate::pipeline::snapshot::{ChannelView, PipelineView, SourceView, WorkerState, WorkerView};

use super::super::number::{age, bytes, compact, latency};
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::{UNKNOWN, cut, put, safe, width};

/// Below this height the panel is a summary of a few lines.
const FULL_HEIGHT: u16 = 12;
/// The width of a channel's bar.
const BAR_COLUMNS: usize = 16;

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

type Piece = (String, Style);

/// Draws pieces one after another and drops those that no longer fit as a whole.
fn put_pieces(buffer: &mut Buffer, area: Rect, row: u16, pieces: &[Vec<Piece>]) {
    if row >= area.height {
        return;
    }
    let mut x = area.x;
    for group in pieces {
        let needed: usize = group.iter().map(|(text, _)| width(text)).sum();
        if usize::from(area.right().saturating_sub(x)) < needed {
            // The first is cut rather than lost.
            if x > area.x {
                return;
            }
        }
        for (text, style) in group {
            let room = area.right().saturating_sub(x);
            x = put(
                buffer,
                x,
                area.y + row,
                room,
                &cut(text, usize::from(room)),
                *style,
            );
        }
        x += 3;
    }
}

fn labelled(label: &str, value: String, context: &PanelContext<'_>) -> Vec<Piece> {
    vec![
        (format!("{label} "), context.theme.dim),
        (value, context.theme.text),
    ]
}

/// A count that should be zero: it stands out when it is not.
fn alarming(label: &str, count: u64, context: &PanelContext<'_>) -> Vec<Piece> {
    let style = if count > 0 {
        context.theme.warning
    } else {
        context.theme.text
    };
    vec![
        (format!("{label} "), context.theme.dim),
        (count.to_string(), style),
    ]
}

fn source_pieces(source: &SourceView, context: &PanelContext<'_>) -> Vec<Vec<Piece>> {
    let (sign, word) = connection_mark(source.state);
    let look = connection_style(source.state, context);
    let mut pieces = vec![
        vec![
            (
                format!("{:<10}", cut(&safe(source.name.as_str()), 10)),
                context.theme.text,
            ),
            (format!(" {sign} {word:<12}"), look),
        ],
        vec![(
            format!("{:>7} msg/s", compact(source.messages_per_s)),
            context.theme.text,
        )],
        vec![(
            format!("{:>8}/s", bytes(source.bytes_per_s)),
            context.theme.text,
        )],
        labelled(
            "last",
            format!(
                "{:<5}",
                source
                    .last_message_age
                    .map_or_else(|| UNKNOWN.to_owned(), |it| age(it.as_millis() as i64))
            ),
            context,
        ),
        alarming("reconnects", source.reconnects, context),
        alarming("rejected", source.rejected, context),
        labelled("ignored", source.ignored.to_string(), context),
    ];
    if let Some(symbol) = &source.waiting_for {
        let at = 1;
        pieces.insert(
            at,
            vec![(
                format!("waiting for {}", safe(symbol.as_str())),
                context.theme.warning,
            )],
        );
    }
    pieces
}

fn channel_pieces(name: &str, channel: ChannelView, context: &PanelContext<'_>) -> Vec<Piece> {
    let share = channel.depth as f64 / channel.capacity.max(1) as f64;
    let filled = (share * BAR_COLUMNS as f64).ceil().min(BAR_COLUMNS as f64) as usize;
    let look = if share >= 0.9 {
        context.theme.warning
    } else {
        context.theme.volume
    };
    vec![
        (format!("{name:<10} "), context.theme.dim),
        ("█".repeat(filled), look),
        ("░".repeat(BAR_COLUMNS - filled), context.theme.dim),
        (
            format!(" {:>5}/{}", channel.depth, channel.capacity),
            context.theme.text,
        ),
    ]
}

fn latency_text(view: &PipelineView) -> String {
    format!(
        "p50 {} · p99 {} · max {}",
        latency(view.latency.p50_us),
        latency(view.latency.p99_us),
        latency(view.latency.max_us)
    )
}

fn backlog_total(view: &PipelineView) -> u64 {
    view.workers.iter().map(|worker| worker.backlog).sum()
}

/// A few lines, the most telling first.
fn draw_summary(area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
    let view = &context.snapshot.pipeline;
    let mut row = 0;
    for source in context
        .snapshot
        .sources
        .iter()
        .take(usize::from(area.height.saturating_sub(2).max(1)))
    {
        put_pieces(buffer, area, row, &source_pieces(source, context));
        row += 1;
    }
    let mut workers = vec![
        labelled("workers", view.workers.len().to_string(), context),
        labelled("lag", backlog_total(view).to_string(), context),
        alarming("restarts", view.restarts, context),
        alarming("dropped", view.dropped, context),
    ];
    if let Some(busiest) = view.workers.first() {
        workers.insert(
            1,
            labelled(
                "busiest",
                format!(
                    "{} {}/s",
                    safe(busiest.symbol.as_str()),
                    compact(busiest.events_per_s)
                ),
                context,
            ),
        );
    }
    let channel = |channel: ChannelView| format!("{}/{}", channel.depth, channel.capacity);
    let lines = [
        workers,
        vec![
            labelled("processing", channel(view.processing), context),
            labelled("results", channel(view.results), context),
        ],
        vec![labelled("latency", latency_text(view), context)],
        vec![
            labelled(
                "results",
                format!("{}/s", compact(view.results_per_s)),
                context,
            ),
            labelled("conflated", view.conflated.to_string(), context),
            labelled("late", view.late.to_string(), context),
            labelled("replaced", view.replaced.to_string(), context),
        ],
    ];
    for line in lines {
        put_pieces(buffer, area, row, &line);
        row += 1;
    }
}

fn draw_figures(area: Rect, mut row: u16, buffer: &mut Buffer, context: &PanelContext<'_>) -> u16 {
    let view = &context.snapshot.pipeline;
    let lines = [
        vec![
            channel_pieces("processing", view.processing, context),
            channel_pieces("results", view.results, context),
        ],
        vec![],
        vec![
            labelled(
                "events",
                format!("{}/s", compact(view.events_per_s)),
                context,
            ),
            labelled(
                "results",
                format!("{}/s", compact(view.results_per_s)),
                context,
            ),
            labelled("in all", view.results_total.to_string(), context),
            labelled("latency", latency_text(view), context),
        ],
        vec![
            alarming("dropped", view.dropped, context),
            labelled("conflated", view.conflated.to_string(), context),
            labelled("late", view.late.to_string(), context),
            labelled("replaced", view.replaced.to_string(), context),
            labelled("unserved", view.unserved.to_string(), context),
            labelled("history", bytes(view.history_bytes as f64), context),
        ],
    ];
    for line in lines {
        // Two channels do not fit side by side on a narrow screen.
        let needed: usize = line
            .iter()
            .flatten()
            .map(|(text, _)| width(text))
            .sum::<usize>()
            + 3 * line.len();
        if line.len() == 2 && needed > usize::from(area.width) {
            for piece in &line {
                put_pieces(buffer, area, row, std::slice::from_ref(piece));
                row += 1;
            }
        } else {
            put_pieces(buffer, area, row, &line);
            row += 1;
        }
    }
    row
}

fn worker_line(worker: &WorkerView, context: &PanelContext<'_>) -> Vec<Vec<Piece>> {
    let theme = context.theme;
    let (state, look) = match worker.state {
        WorkerState::Running => ("● running".to_owned(), theme.up),
        WorkerState::Stuck => (
            format!(
                "⚠ stuck {}",
                worker
                    .busy
                    .map_or_else(String::new, |busy| age(busy.as_millis() as i64))
            ),
            theme.warning,
        ),
        WorkerState::Quarantined => ("✖ quarantined".to_owned(), theme.error),
    };
    let count = |value: u64, alarm: bool| {
        let style = if alarm && value > 0 {
            theme.warning
        } else {
            theme.text
        };
        vec![(format!("{value:>9}"), style)]
    };
    vec![
        vec![(
            format!("{:<12}", cut(&safe(worker.symbol.as_str()), 12)),
            theme.text,
        )],
        vec![(format!("{state:<13}"), look)],
        vec![(format!("{:>9}", compact(worker.events_per_s)), theme.text)],
        count(worker.backlog, false),
        count(worker.restarts, true),
        count(worker.conflated, false),
        count(worker.dropped, true),
        vec![(
            cut(&safe(worker.source.as_str()), 12).into_owned(),
            theme.dim,
        )],
    ]
}

impl PipelinePanel {
    fn draw_workers(
        &mut self,
        area: Rect,
        row: u16,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let view = &context.snapshot.pipeline;
        let heading = format!(
            "{:<12}   {:<13}   {:>9}   {:>9}   {:>9}   {:>9}   {:>9}   {}",
            format!("Worker ({})", view.workers.len()),
            "State",
            "events/s",
            "lag",
            "restarts",
            "conflated",
            "dropped",
            "source"
        );
        if row >= area.height {
            self.workers_visible = 0;
            return;
        }
        put(
            buffer,
            area.x,
            area.y + row,
            area.width,
            &cut(&heading, usize::from(area.width)),
            context.theme.dim,
        );
        self.workers_visible = usize::from(area.height.saturating_sub(row + 1));
        self.top = self
            .top
            .min(self.workers.saturating_sub(self.workers_visible));
        for (line, worker) in view
            .workers
            .iter()
            .skip(self.top)
            .take(self.workers_visible)
            .enumerate()
        {
            put_pieces(
                buffer,
                area,
                row + 1 + line as u16,
                &worker_line(worker, context),
            );
        }
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
        let mut spans = vec![
            Span::styled("Pipeline", context.theme.accent),
            Span::styled(format!(" · {} threads", view.threads), context.theme.dim),
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
            draw_summary(inside, buffer, context);
            return;
        }
        let mut row = 0;
        let sources_max = usize::from(area.height / 3).max(1);
        for source in context.snapshot.sources.iter().take(sources_max) {
            put_pieces(buffer, inside, row, &source_pieces(source, context));
            row += 1;
        }
        let hidden = context.snapshot.sources.len().saturating_sub(sources_max);
        if hidden > 0 {
            let text = format!("and {hidden} more sources");
            put(
                buffer,
                inside.x,
                inside.y + row,
                inside.width,
                &text,
                context.theme.dim,
            );
            row += 1;
        }
        row = draw_figures(inside, row + 1, buffer, context);
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
