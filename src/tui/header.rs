//! The first line: what data this is, from where, of when, how much, and what needs attention.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::source::Origin;
use crate::domain::time::UnixMs;
use crate::pipeline::meters::TransportView;
use crate::pipeline::snapshot::SourceView;

use super::action::Action;
use super::model::Model;
use super::number::{age, compact, latency};
use super::panel::PanelContext;
use super::panels::pipeline::{connection_mark, connection_style};
use super::text::{cut, put, safe, width};
use super::views::{PanelId, View};

/// Sources that are named one by one.
const SOURCES_MAX: usize = 3;
/// The progress bar's width.
const BAR_COLUMNS: usize = 16;

/// A part of the header, kept or dropped as a whole.
struct Segment {
    /// The lower, the longer it stays.
    rank: u8,
    pieces: Vec<(String, Style)>,
    click: Option<Action>,
}

impl Segment {
    fn columns(&self) -> usize {
        self.pieces.iter().map(|(text, _)| width(text)).sum()
    }
}

/// How much is said of each thing.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Detail {
    Short,
    Medium,
    Full,
}

pub(super) fn draw(model: &mut Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let room = usize::from(area.width).saturating_sub(2);
    let total = |segments: &[Segment]| -> usize {
        segments.iter().map(Segment::columns).sum::<usize>() + 3 * segments.len().saturating_sub(1)
    };
    // The program's name and the rates go before anything that is left is said in fewer words.
    let steps = [
        (Detail::Full, 9),
        (Detail::Full, 8),
        (Detail::Medium, 9),
        (Detail::Medium, 8),
        (Detail::Medium, 6),
        (Detail::Short, 6),
    ];
    let mut segments = Vec::new();
    for (detail, rank_max) in steps {
        segments = self::segments(model, detail);
        segments.retain(|segment| segment.rank <= rank_max);
        if total(&segments) <= room {
            break;
        }
    }
    while segments.len() > 1 && total(&segments) > room {
        let Some(worst) = segments.iter().map(|segment| segment.rank).max() else {
            break;
        };
        if let Some(at) = segments.iter().rposition(|segment| segment.rank == worst) {
            segments.remove(at);
        }
    }
    let mut x = area.x + 1;
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            x = put(buffer, x, area.y, 3, " ▕ ", model.theme.border);
        }
        let start = x;
        for (text, style) in &segment.pieces {
            let left = usize::from(area.right().saturating_sub(x));
            x = put(buffer, x, area.y, left as u16, &cut(text, left), *style);
        }
        if let Some(action) = segment.click {
            let hit = Rect {
                x: start,
                y: area.y,
                width: x.saturating_sub(start),
                height: 1,
            };
            model.geometry.hits.push((hit, action));
        }
    }
}

fn segments(model: &mut Model, detail: Detail) -> Vec<Segment> {
    let now = model.now;
    let is_quitting = model.is_quitting;
    let frozen_ms = model
        .frozen_since
        .map(|since| now.since(since).as_millis() as i64);
    model.with_panel(PanelId::Pipeline, |_, context| {
        let theme = context.theme;
        let mut segments = vec![segment(9, "streamer-tui".to_owned(), theme.accent, None)];
        let alarm = theme.warning.add_modifier(Modifier::REVERSED);
        if is_quitting || context.snapshot.stopping {
            let text = match detail {
                Detail::Full => " FINISHING · Ctrl-C again leaves at once ",
                _ => " FINISHING ",
            };
            segments.push(segment(0, text.to_owned(), alarm, None));
        }
        if let Some(ms) = frozen_ms {
            let text = format!(" FROZEN {} ", age(ms));
            segments.push(segment(1, text, alarm, Some(Action::Freeze)));
        }
        if context.snapshot.version == 0 {
            segments.push(segment(2, "◌ starting".to_owned(), theme.info, None));
        } else {
            add_data(&mut segments, detail, context);
        }
        segments
    })
}

fn segment(rank: u8, text: String, style: Style, click: Option<Action>) -> Segment {
    Segment {
        rank,
        pieces: vec![(text, style)],
        click,
    }
}

/// Sources, clock, replay, rates, errors.
fn add_data(segments: &mut Vec<Segment>, detail: Detail, context: &PanelContext<'_>) {
    let theme = context.theme;
    let to_pipeline = Some(Action::View(View::Pipeline));
    let sources = &context.snapshot.sources;
    for source in sources.iter().take(SOURCES_MAX) {
        segments.push(Segment {
            rank: 2,
            pieces: source_pieces(source, detail, context),
            click: to_pipeline,
        });
    }
    if sources.len() > SOURCES_MAX {
        let more = format!("+{} sources", sources.len() - SOURCES_MAX);
        segments.push(segment(4, more, theme.dim, to_pipeline));
    }
    segments.push(segment(5, clock_text(detail, context), theme.text, None));
    if let Some(transport) = sources.iter().find_map(|source| source.transport.as_ref()) {
        segments.push(Segment {
            rank: 4,
            pieces: transport_pieces(transport, detail, context),
            click: Some(Action::TogglePause),
        });
    }
    let pipeline = &context.snapshot.pipeline;
    let rates = format!(
        "{} ev/s · p99 {}",
        compact(pipeline.events_per_s),
        latency(pipeline.latency.p99_us)
    );
    segments.push(segment(7, rates, theme.dim, to_pipeline));
    let unread = context.snapshot.errors_unread;
    if unread > 0 {
        let style = theme.warning.add_modifier(Modifier::BOLD);
        let to_errors = Some(Action::View(View::Errors));
        segments.push(segment(3, format!("⚠ {unread}"), style, to_errors));
    }
}

/// The badge comes first and is never left out: recorded or made-up data is never taken for live.
fn source_pieces(
    source: &SourceView,
    detail: Detail,
    context: &PanelContext<'_>,
) -> Vec<(String, Style)> {
    let theme = context.theme;
    let (badge, look) = match source.origin {
        Origin::Live => (" LIVE ", theme.live),
        Origin::Replay => (" REPLAY ", theme.replay),
        Origin::Synthetic => (" SYNTHETIC ", theme.replay),
    };
    let label = safe(&source.label).into_owned();
    // What stands before the colon is in the badge already, or is the name; of a path the end tells most.
    let rest = label.split_once(':').map_or("", |(_, rest)| rest);
    let last = rest.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let what = last.split(['?', '#']).next().unwrap_or("");
    let name = safe(source.name.as_str());
    let label = cut(
        match source.origin {
            Origin::Replay if !what.is_empty() => what,
            _ => &name,
        },
        match detail {
            Detail::Full => 28,
            Detail::Medium => 16,
            Detail::Short => 8,
        },
    )
    .into_owned();
    let (sign, word) = connection_mark(source.state);
    let state = match detail {
        Detail::Short => format!(" {sign}"),
        _ => format!(" {sign} {word}"),
    };
    let mut pieces = vec![(badge.to_owned(), look)];
    pieces.push((format!(" {label}"), theme.text));
    pieces.push((state, connection_style(source.state, context)));
    pieces
}

/// The time that the data has reached: the replayed clock of a replay, else the wall's.
fn clock_text(detail: Detail, context: &PanelContext<'_>) -> String {
    let snapshot = context.snapshot;
    let time: UnixMs = match snapshot.sources.as_slice() {
        [only] => snapshot.data_now(&only.name),
        sources => sources
            .iter()
            .find(|source| source.transport.is_some())
            .map_or(snapshot.wall, |source| snapshot.data_now(&source.name)),
    };
    let Some(local) = time.in_zone(context.zone) else {
        return super::text::UNKNOWN.to_owned();
    };
    let format = match detail {
        Detail::Full => "%a %Y-%m-%d %H:%M:%S %Z",
        Detail::Medium => "%m-%d %H:%M:%S %Z",
        Detail::Short => "%H:%M:%S",
    };
    local.format(format).to_string()
}

fn transport_pieces(
    transport: &TransportView,
    detail: Detail,
    context: &PanelContext<'_>,
) -> Vec<(String, Style)> {
    let theme = context.theme;
    let sign = if transport.paused { "‖" } else { "▶" };
    let progress = if transport.progress.is_finite() {
        transport.progress.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let look = if transport.paused {
        theme.warning
    } else {
        theme.accent
    };
    let mut pieces = vec![(format!("{sign} {}", transport.speed), look)];
    if detail == Detail::Full {
        let filled = (progress * BAR_COLUMNS as f64).round() as usize;
        pieces.push((format!(" {}", "━".repeat(filled)), theme.accent));
        pieces.push(("─".repeat(BAR_COLUMNS - filled), theme.border));
    }
    if detail > Detail::Short {
        pieces.push((format!(" {:.0}%", progress * 100.0), theme.dim));
    }
    if transport.looping && detail == Detail::Full {
        pieces.push((" loop".to_owned(), theme.dim));
    }
    pieces
}
