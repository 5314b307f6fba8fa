//! The pipeline in full: tables of sources and workers, channels, figures.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pipeline::snapshot::{ChannelView, SourceView, WorkerState, WorkerView};

use super::super::super::market::short_state_text;
use super::super::super::number::{age, bytes, compact};
use super::super::super::panel::PanelContext;
use super::super::super::text::{UNKNOWN, cut, safe, width};
use super::pieces::{
    Piece, alarming_count, byte_rate, counted, labelled, latency_text, message_rate, per_second,
    put_pieces, recording, worker_name,
};
use super::{PipelinePanel, connection_mark, connection_style, measured};

/// The width of a channel's bar.
const BAR_COLUMNS: usize = 16;

/// A table's heading: as many whole words as fit, over columns of these widths.
pub(super) fn heading(columns: &[(&str, usize)], context: &PanelContext<'_>) -> Vec<Vec<Piece>> {
    columns
        .iter()
        .enumerate()
        .map(|(at, (name, columns))| {
            let text = if at < 2 {
                format!("{name:<columns$}")
            } else {
                format!("{name:>columns$}")
            };
            vec![(text, context.theme.dim)]
        })
        .collect()
}

/// The text in exactly so many columns: formatting counts characters, and some are wider.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let pad = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(pad))
}

/// The table of sources, `rows_max` of them; gives the row after it.
pub(super) fn draw_sources(
    area: Rect,
    rows_max: usize,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) -> u16 {
    let sources = &context.snapshot.sources;
    let columns = [
        ("Source", 12),
        ("State", 14),
        ("msg/s", 7),
        ("bytes/s", 9),
        ("last", 5),
        ("reconn.", 7),
        ("rejected", 8),
        ("ignored", 9),
    ];
    put_pieces(buffer, area, 0, 2, &heading(&columns, context));
    let mut row = 1;
    for source in sources.iter().take(rows_max) {
        put_pieces(buffer, area, row, 2, &source_line(source, context));
        row += 1;
    }
    if sources.len() > rows_max {
        let text = format!("and {} more sources", sources.len() - rows_max);
        put_pieces(buffer, area, row, 2, &[vec![(text, context.theme.dim)]]);
        row += 1;
    }
    row
}

fn source_line(source: &SourceView, context: &PanelContext<'_>) -> Vec<Vec<Piece>> {
    let theme = context.theme;
    let (sign, _) = connection_mark(source.state);
    let word = short_state_text(source, context);
    let count = |value: u64, columns: usize, is_alarm: bool| {
        let style = if is_alarm && value > 0 {
            theme.warning
        } else {
            theme.text
        };
        vec![(format!("{value:>columns$}"), style)]
    };
    let plain = |text: String| vec![(text, theme.text)];
    let last = source
        .last_message_age
        .map_or_else(|| UNKNOWN.to_owned(), |it| age(it.as_millis() as i64));
    let mut line = vec![
        plain(padded(&safe(source.name.as_str()), 12)),
        vec![(
            format!("{sign} {word:<12}"),
            connection_style(source.state, context),
        )],
        plain(format!("{:>7}", message_rate(source, context))),
        plain(format!("{:>9}", byte_rate(source, context))),
        plain(format!("{last:>5}")),
        count(source.reconnects, 7, true),
        count(source.rejected, 8, true),
        count(source.ignored, 9, false),
    ];
    if let Some(symbol) = &source.waiting_for {
        // What holds a source up matters more than how much it has ignored.
        let text = format!("waiting for {}", safe(symbol.as_str()));
        line.insert(2, vec![(text, theme.warning)]);
    }
    line
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
        (
            format!("{} ", "░".repeat(BAR_COLUMNS - filled)),
            context.theme.dim,
        ),
        (
            measured(&context.snapshot.pipeline, || {
                format!("{:>5}/{}", channel.depth, channel.capacity)
            }),
            context.theme.text,
        ),
    ]
}

/// Channels, rates and counts from a row on; gives the row after them.
pub(super) fn draw_figures(
    area: Rect,
    mut row: u16,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) -> u16 {
    let view = &context.snapshot.pipeline;
    let repeated = (view.repeated > 0).then(|| counted("repeated", view.repeated, context));
    let lines = [
        vec![
            channel_pieces("processing", view.processing, context),
            channel_pieces("results", view.results, context),
        ],
        vec![],
        vec![
            labelled("events", per_second(view.events_per_s, context), context),
            labelled("results", per_second(view.results_per_s, context), context),
            counted("in all", view.results_total, context),
            labelled("latency", latency_text(view), context),
        ],
        vec![
            alarming_count("dropped", view.dropped, context),
            counted("conflated", view.conflated, context),
            counted("late", view.late, context),
            counted("replaced", view.replaced, context),
            counted("resyncs", view.resyncs, context),
            labelled(
                "history",
                measured(view, || bytes(view.history_bytes as f64)),
                context,
            ),
        ]
        .into_iter()
        .chain(repeated)
        .collect(),
    ];
    let lines = recording(context).into_iter().chain(lines);
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
                put_pieces(buffer, area, row, 3, std::slice::from_ref(piece));
                row += 1;
            }
        } else {
            put_pieces(buffer, area, row, 3, &line);
            row += 1;
        }
    }
    row
}

/// The width of a worker's name, and of one that may come with its source.
const NAME_COLUMNS: (usize, usize) = (12, 15);

/// The columns of the table of workers after their names.
const WORKER_COLUMNS: [(&str, usize); 7] = [
    ("State", 13),
    ("events/s", 8),
    ("lag", 9),
    ("restarts", 9),
    ("conflated", 9),
    ("dropped", 9),
    ("source", 10),
];

fn name_columns(context: &PanelContext<'_>) -> usize {
    let (alone, with_source) = NAME_COLUMNS;
    match context.snapshot.sources.len() {
        0 | 1 => alone,
        _ => with_source,
    }
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
            padded(&worker_name(worker, context), name_columns(context)),
            theme.text,
        )],
        vec![(format!("{state:<13}"), look)],
        vec![(format!("{:>8}", compact(worker.events_per_s)), theme.text)],
        count(worker.backlog, false),
        count(worker.restarts, true),
        count(worker.conflated, false),
        count(worker.dropped, true),
        vec![(
            format!("{:>10}", cut(&safe(worker.source.as_str()), 10)),
            theme.dim,
        )],
    ]
}

impl PipelinePanel {
    /// The table of workers from a row on, as many as fit.
    pub(super) fn draw_workers(
        &mut self,
        area: Rect,
        row: u16,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let workers = &context.snapshot.pipeline.workers;
        if row >= area.height {
            self.workers_visible = 0;
            return;
        }
        let view = &context.snapshot.pipeline;
        let count = measured(view, || workers.len().to_string());
        let name = format!("Worker ({count})");
        let mut columns = vec![(name.as_str(), name_columns(context))];
        columns.extend(WORKER_COLUMNS);
        put_pieces(buffer, area, row, 2, &heading(&columns, context));
        self.workers_visible = usize::from(area.height.saturating_sub(row + 1));
        self.top = self
            .top
            .min(self.workers.saturating_sub(self.workers_visible));
        for (line, worker) in workers
            .iter()
            .skip(self.top)
            .take(self.workers_visible)
            .enumerate()
        {
            let y = row + 1 + line as u16;
            put_pieces(buffer, area, y, 2, &worker_line(worker, context));
        }
    }
}
