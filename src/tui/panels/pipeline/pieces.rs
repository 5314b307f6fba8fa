//! Pieces of lines: words with their looks, drawn or dropped as a whole.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::super::market::{beginning, name_text};
use super::super::super::number::{bytes, compact, latency};
use super::super::super::panel::PanelContext;
use super::super::super::text::{UNKNOWN, cut, put, safe, width};
use super::measured;
use crate::pipeline::snapshot::{PipelineView, SourceView, WorkerView};

/// The longest name of a folder that is drawn.
const FOLDER_COLUMNS: usize = 200;

/// Text with its look.
pub(super) type Piece = (String, Style);

/// Draws pieces one after another and drops those that no longer fit as a whole.
pub(super) fn put_pieces(
    buffer: &mut Buffer,
    area: Rect,
    row: u16,
    gap: u16,
    pieces: &[Vec<Piece>],
) {
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
        x += gap;
    }
}

/// A word and what it is about.
pub(super) fn labelled(label: &str, value: String, context: &PanelContext<'_>) -> Vec<Piece> {
    vec![
        (format!("{label} "), context.theme.dim),
        (value, context.theme.text),
    ]
}

/// A count of the pipeline, once there is one.
pub(super) fn counted(label: &str, count: u64, context: &PanelContext<'_>) -> Vec<Piece> {
    let view = &context.snapshot.pipeline;
    labelled(label, measured(view, || count.to_string()), context)
}

/// A count of the pipeline that should be zero: it stands out when it is not.
pub(super) fn alarming_count(label: &str, count: u64, context: &PanelContext<'_>) -> Vec<Piece> {
    if context.snapshot.pipeline.processing.capacity == 0 {
        counted(label, count, context)
    } else {
        alarming(label, count, context)
    }
}

/// Where a recording goes, and how far it has come; nothing while there is none.
pub(super) fn recording(context: &PanelContext<'_>) -> Option<Vec<Vec<Piece>>> {
    let view = context.snapshot.recording.as_ref()?;
    let mut pieces = vec![
        labelled(
            "recording",
            beginning(&view.folder, FOLDER_COLUMNS),
            context,
        ),
        labelled("written", bytes(view.bytes as f64), context),
    ];
    if view.lost > 0 {
        pieces.push(alarming("lost", view.lost, context));
    }
    Some(pieces)
}

/// A rate of the pipeline.
pub(super) fn per_second(value: f64, context: &PanelContext<'_>) -> String {
    let view = &context.snapshot.pipeline;
    measured(view, || format!("{}/s", compact(value)))
}

/// A source's messages per second.
pub(super) fn message_rate(source: &SourceView, context: &PanelContext<'_>) -> String {
    let view = &context.snapshot.pipeline;
    measured(view, || compact(source.messages_per_s))
}

/// A source's bytes per second; a dash when messages flow and no bytes are counted, as in a source that makes its data.
pub(super) fn byte_rate(source: &SourceView, context: &PanelContext<'_>) -> String {
    if source.bytes_per_s <= 0.0 && source.messages_per_s > 0.0 {
        return UNKNOWN.to_owned();
    }
    let view = &context.snapshot.pipeline;
    measured(view, || bytes(source.bytes_per_s))
}

/// A count that should be zero: it stands out when it is not.
pub(super) fn alarming(label: &str, count: u64, context: &PanelContext<'_>) -> Vec<Piece> {
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

/// The three figures of the latency.
pub(super) fn latency_text(view: &PipelineView) -> String {
    format!(
        "p50 {} · p99 {} · max {}",
        latency(view.latency.p50_us),
        latency(view.latency.p99_us),
        latency(view.latency.max_us)
    )
}

/// A worker's name, safe to draw, with its source where another has the same symbol.
pub(super) fn worker_name(worker: &WorkerView, context: &PanelContext<'_>) -> String {
    let row = context.snapshot.rows.get(worker.id);
    row.map_or_else(
        || safe(worker.symbol.as_str()).into_owned(),
        |row| name_text(row, context.snapshot),
    )
}

/// What waits for all workers together.
pub(super) fn backlog_total(view: &PipelineView) -> u64 {
    view.workers.iter().map(|worker| worker.backlog).sum()
}
