//! The first line: what data this is, from where, of when, how much, and what needs attention.

mod detail;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::source::Origin;
use crate::domain::time::UnixMs;
use crate::pipeline::meters::TransportView;
use crate::pipeline::snapshot::SourceView;

use super::action::Action;
use super::market::{countdown, loading_text, retry_left, state_text};
use super::model::Model;
use super::number::{age, bytes, compact, latency};
use super::panel::PanelContext;
use super::panels::pipeline::{connection_mark, connection_style, measured};
use super::text::{UNKNOWN, cut, put, safe, width};
use super::views::{PanelId, View};
use detail::{Clock, Detail};

/// A part of the header, kept or dropped as a whole.
struct Segment {
    /// The lower, the longer it stays.
    rank: u8,
    /// Whether it says more about what stands before it.
    belongs: bool,
    pieces: Vec<(String, Style)>,
    click: Option<Action>,
}

impl Segment {
    fn columns(&self) -> usize {
        self.pieces.iter().map(|(text, _)| width(text)).sum()
    }

    /// What stands before it, unless it is the first.
    fn separator(&self) -> &'static str {
        if self.belongs { " · " } else { " ▕ " }
    }
}

pub(super) fn draw(model: &mut Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let segments = fitted(model, usize::from(area.width).saturating_sub(2));
    let mut x = area.x + 1;
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            let separator = segment.separator();
            x = put(buffer, x, area.y, 3, separator, model.theme.border);
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

/// The header in so many columns: one thing after another is said in fewer words until everything fits, and what is
/// still too much is left out.
fn fitted(model: &mut Model, room: usize) -> Vec<Segment> {
    let is_quitting = model.is_quitting;
    let now = model.now;
    let unread = model.panels.news.unread(&model.shown).count();
    let frozen_ms = model
        .frozen_since
        .map(|since| now.since(since).as_millis() as i64);
    model.with_panel(PanelId::Pipeline, |_, context| {
        let total = |segments: &[Segment]| -> usize {
            let columns: usize = segments.iter().map(Segment::columns).sum();
            columns + 3 * segments.len().saturating_sub(1)
        };
        let mut detail = Detail::full(context);
        let segments_of = |detail: &Detail| {
            let mut segments = self::segments(is_quitting, frozen_ms, detail, context);
            add_unread(&mut segments, unread, context);
            segments
        };
        let mut segments = segments_of(&detail);
        for step in detail.steps() {
            if total(&segments) <= room {
                break;
            }
            detail.apply(step);
            segments = segments_of(&detail);
        }
        while segments.len() > 1 && total(&segments) > room {
            let worst = segments.iter().map(|segment| segment.rank).max();
            match segments
                .iter()
                .rposition(|segment| Some(segment.rank) == worst)
            {
                Some(at) => segments.remove(at),
                None => break,
            };
        }
        segments
    })
}

fn segments(
    is_quitting: bool,
    frozen_ms: Option<i64>,
    detail: &Detail,
    context: &PanelContext<'_>,
) -> Vec<Segment> {
    let theme = context.theme;
    let mut segments = Vec::new();
    if detail.has_program {
        segments.push(segment(9, "streamer-tui".to_owned(), theme.accent, None));
    }
    let alarm = theme.warning.add_modifier(Modifier::REVERSED);
    if is_quitting || context.snapshot.stopping {
        let text = if detail.has_advice {
            " FINISHING · Ctrl-C again leaves at once "
        } else {
            " FINISHING "
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
        add_sources(&mut segments, detail, context);
        add_recording(&mut segments, detail, context);
        add_figures(&mut segments, detail, context);
    }
    segments
}

fn segment(rank: u8, text: String, style: Style, click: Option<Action>) -> Segment {
    Segment {
        rank,
        belongs: false,
        pieces: vec![(text, style)],
        click,
    }
}

/// The sources, and the clock and controls with the one they belong to.
fn add_sources(segments: &mut Vec<Segment>, detail: &Detail, context: &PanelContext<'_>) {
    let theme = context.theme;
    let to_pipeline = Some(Action::View(View::Pipeline));
    let sources = &context.snapshot.sources;
    // With one source there is nothing to confuse it with.
    let belongs = sources.len() > 1;
    for shown in &detail.sources {
        let Some(source) = sources.get(shown.at) else {
            continue;
        };
        let is_main = detail.main == Some(shown.at);
        segments.push(Segment {
            rank: if is_main { 2 } else { 6 },
            belongs: false,
            pieces: source_pieces(source, *shown, context),
            click: to_pipeline,
        });
        if !is_main {
            continue;
        }
        if let Some(time) = clock_of(source, context)
            && let Some(text) = clock_text(time, detail.clock, context)
        {
            segments.push(Segment {
                belongs,
                ..segment(5, text, theme.text, None)
            });
        }
        if let Some(transport) = &source.transport {
            segments.push(Segment {
                rank: 4,
                belongs,
                pieces: transport_pieces(transport, detail.transport, context),
                click: Some(Action::TogglePause),
            });
        }
    }
    let hidden = sources.len().saturating_sub(detail.sources.len());
    if hidden > 0 {
        segments.push(segment(4, format!("+{hidden}"), theme.dim, to_pipeline));
    }
    let time = match &sources[..] {
        [only] => clock_of(only, context),
        _ => Some(context.snapshot.wall),
    };
    if detail.main.is_none()
        && let Some(time) = time
        && let Some(text) = clock_text(time, detail.clock, context)
    {
        segments.push(segment(5, text, theme.text, None));
    }
}

/// The time that a source's data has reached; none before the first, because the wall's clock is not that of a replay.
fn clock_of(source: &SourceView, context: &PanelContext<'_>) -> Option<UnixMs> {
    match source.origin {
        Origin::Live => Some(context.snapshot.wall),
        Origin::Replay | Origin::Synthetic => source.data_clock,
    }
}

/// That what comes in is being written, and what the disk was too slow for.
fn add_recording(segments: &mut Vec<Segment>, detail: &Detail, context: &PanelContext<'_>) {
    let theme = context.theme;
    let Some(recording) = &context.snapshot.recording else {
        return;
    };
    let mut text = "● REC".to_owned();
    if detail.has_rates {
        text.push(' ');
        text.push_str(&bytes(recording.bytes as f64));
    }
    let look = theme.error.add_modifier(Modifier::BOLD);
    let mut recording_segment = segment(3, text, look, None);
    if recording.lost > 0 {
        let lost = format!(" {} lost", recording.lost);
        recording_segment.pieces.push((lost, theme.warning));
    }
    segments.push(recording_segment);
}

/// Rates and errors.
fn add_figures(segments: &mut Vec<Segment>, detail: &Detail, context: &PanelContext<'_>) {
    let theme = context.theme;
    if detail.has_rates {
        let pipeline = &context.snapshot.pipeline;
        let rates = format!(
            "{} ev/s · p99 {}",
            measured(pipeline, || compact(pipeline.events_per_s)),
            latency(pipeline.latency.p99_us)
        );
        let to_pipeline = Some(Action::View(View::Pipeline));
        segments.push(segment(7, rates, theme.dim, to_pipeline));
    }
    let unread = context.snapshot.errors_unread;
    if unread > 0 {
        let style = theme.warning.add_modifier(Modifier::BOLD);
        let to_errors = Some(Action::View(View::Errors));
        segments.push(segment(3, format!("⚠ {unread}"), style, to_errors));
    }
}

/// Headlines that nobody has read.
fn add_unread(segments: &mut Vec<Segment>, unread: usize, context: &PanelContext<'_>) {
    if unread > 0 {
        let to_news = Some(Action::View(View::News));
        let text = format!("✉ {unread}");
        segments.push(segment(6, text, context.theme.info, to_news));
    }
}

/// The badge comes first and is never left out: recorded or made-up data is never taken for live.
fn source_pieces(
    source: &SourceView,
    detail: detail::Source,
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
    let label = match source.origin {
        Origin::Replay if !what.is_empty() => what,
        _ => &name,
    };
    let mut pieces = vec![(badge.to_owned(), look)];
    if detail.name_columns > 0 {
        let label = cut(label, detail.name_columns);
        pieces.push((format!(" {label}"), theme.text));
    }
    let (sign, _) = connection_mark(source.state);
    // How long until it is tried again is worth its columns even where the word is not.
    let state = match retry_left(source, context) {
        _ if detail.has_word => format!(" {sign} {}", state_text(source, context)),
        Some(left) => format!(" {sign} {}", countdown(left)),
        None => format!(" {sign}"),
    };
    pieces.push((state, connection_style(source.state, context)));
    pieces
}

/// The time that data has reached, as the detail wants it.
fn clock_text(time: UnixMs, detail: Clock, context: &PanelContext<'_>) -> Option<String> {
    let format = match detail {
        Clock::Full => "%a %Y-%m-%d %H:%M:%S %Z",
        Clock::Date => "%m-%d %H:%M:%S %Z",
        Clock::WithoutZone => "%m-%d %H:%M:%S",
        Clock::Time => "%H:%M:%S",
        Clock::Hidden => return None,
    };
    Some(match time.in_zone(context.zone) {
        Some(local) => local.format(format).to_string(),
        None => UNKNOWN.to_owned(),
    })
}

fn transport_pieces(
    transport: &TransportView,
    detail: detail::Transport,
    context: &PanelContext<'_>,
) -> Vec<(String, Style)> {
    let theme = context.theme;
    let (sign, look) = match transport.loading {
        _ if transport.paused => ("‖", theme.warning),
        Some(_) => ("»", theme.info),
        None => ("▶", theme.accent),
    };
    if let Some(loading) = transport.loading {
        return vec![(format!("{sign} {}", loading_text(loading)), look)];
    }
    let progress = if transport.progress.is_finite() {
        transport.progress.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let mut pieces = vec![(format!("{sign} {}", transport.speed), look)];
    if detail.bar_columns > 0 {
        let filled = (progress * detail.bar_columns as f64).round() as usize;
        pieces.push((format!(" {}", "━".repeat(filled)), theme.accent));
        pieces.push(("─".repeat(detail.bar_columns - filled), theme.border));
    }
    if detail.has_percent {
        pieces.push((format!(" {:.0}%", progress * 100.0), theme.dim));
    }
    if transport.looping && detail.has_loop {
        pieces.push((" loop".to_owned(), theme.dim));
    }
    pieces
}
