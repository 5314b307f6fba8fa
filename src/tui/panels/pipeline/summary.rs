//! The pipeline in a few lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pipeline::snapshot::{ChannelView, SourceView};

use super::super::super::market::short_state_text;
use super::super::super::number::{age, compact};
use super::super::super::panel::PanelContext;
use super::super::super::text::{UNKNOWN, cut, safe};
use super::pieces::{
    Piece, alarming, alarming_count, backlog_total, byte_rate, counted, labelled, latency_text,
    message_rate, per_second, put_pieces, recording, worker_name,
};
use super::{connection_mark, connection_style, measured};

fn source_pieces(source: &SourceView, context: &PanelContext<'_>) -> Vec<Vec<Piece>> {
    let (sign, _) = connection_mark(source.state);
    let word = short_state_text(source, context);
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
            format!("{:>7} msg/s", message_rate(source, context)),
            context.theme.text,
        )],
        vec![(
            match byte_rate(source, context) {
                rate if rate == UNKNOWN => format!("{rate:>10}"),
                rate => format!("{rate:>8}/s"),
            },
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

/// A few lines, the most telling first.
pub(super) fn draw_summary(area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
    let view = &context.snapshot.pipeline;
    let mut row = 0;
    let sources = &context.snapshot.sources;
    let shown = usize::from(area.height.saturating_sub(2).max(1)).min(sources.len());
    for (at, source) in sources.iter().take(shown).enumerate() {
        let mut pieces = source_pieces(source, context);
        if at + 1 == shown && shown < sources.len() {
            let more = format!("+{} more", sources.len() - shown);
            pieces.insert(1, vec![(more, context.theme.dim)]);
        }
        put_pieces(buffer, area, row, 3, &pieces);
        row += 1;
    }
    let mut workers = vec![
        counted("workers", view.workers.len() as u64, context),
        counted("lag", backlog_total(view), context),
        alarming_count("restarts", view.restarts, context),
        alarming_count("dropped", view.dropped, context),
    ];
    if let Some(busiest) = view.workers.first() {
        workers.insert(
            1,
            labelled(
                "busiest",
                format!(
                    "{} {}/s",
                    worker_name(busiest, context),
                    compact(busiest.events_per_s)
                ),
                context,
            ),
        );
    }
    let channel =
        |channel: ChannelView| measured(view, || format!("{}/{}", channel.depth, channel.capacity));
    let recording = recording(context);
    let lines = [
        workers,
        vec![
            labelled("processing", channel(view.processing), context),
            labelled("results", channel(view.results), context),
        ],
        vec![labelled("latency", latency_text(view), context)],
        vec![
            labelled("results", per_second(view.results_per_s, context), context),
            counted("conflated", view.conflated, context),
            counted("late", view.late, context),
            counted("replaced", view.replaced, context),
        ],
    ];
    // It takes the place of what is least telling.
    for line in recording.into_iter().chain(lines) {
        put_pieces(buffer, area, row, 3, &line);
        row += 1;
    }
}
