//! One draw of the whole screen, with every row changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::Decimal;
use crate::domain::clock::Nanos;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{Direction, Row, RowState, Rows};
use crate::tui::model::Model;
use crate::tui::screen::Screen;
use crate::tui::{SessionState, TuiSettings, draw};

use super::Quantiles;

const ROWS: u32 = 1_000;
const FRAMES: u32 = 600;
const SIZE: (u16, u16) = (120, 40);
/// Time between two frames on the screen's clock, so that rows are sorted again as often as in a real run.
const FRAME_MS: u64 = 16;

fn rows(frame: u32) -> anyhow::Result<Rows> {
    let source = SourceName::new("bench");
    (0..ROWS)
        .map(|id| {
            let mut row = Row::waiting(
                SymbolId(id),
                Symbol::new(&format!("SIM{id:05}"))?,
                source.clone(),
            );
            let cents = i64::from(10_000 + (id * 31 + frame * 7) % 500);
            row.state = RowState::Active;
            row.last = Some(Decimal::new(cents, 2));
            row.bid = Some(Decimal::new(cents - 1, 2));
            row.ask = Some(Decimal::new(cents + 1, 2));
            row.day.reference_price = Some(100.0);
            row.day.volume = Some(f64::from(id * 1_000 + frame));
            row.day.vwap = Some(101.5);
            row.direction = if (id + frame).is_multiple_of(2) {
                Direction::Up
            } else {
                Direction::Down
            };
            row.price_changed = Nanos(u64::from(frame) * FRAME_MS * Nanos::PER_MS);
            row.updated = Some(UnixMs(i64::from(frame)));
            for point in 0..32_u16 {
                row.trend.push(f32::from(point * 7 % 11));
            }
            Ok(row)
        })
        .collect()
}

/// Takes a snapshot, draws it and composes the bytes for the terminal, many times over.
pub(super) fn measure() -> anyhow::Result<Quantiles> {
    let mut model = Model::new(TuiSettings::default(), SessionState::default());
    model.resize(SIZE.0, SIZE.1);
    let mut screen = Screen::new(SIZE.0, SIZE.1);
    let mut times: Vec<Duration> = Vec::new();
    for frame in 0..FRAMES {
        let taken = Nanos(u64::from(frame) * FRAME_MS * Nanos::PER_MS);
        let snapshot = Arc::new(Snapshot {
            version: u64::from(frame),
            taken,
            rows: rows(frame)?,
            ..Snapshot::default()
        });
        let start = Instant::now();
        model.tick(taken, UnixMs(i64::from(frame)));
        model.take(snapshot);
        model.settle();
        draw::draw(&mut model, screen.blank());
        std::hint::black_box(screen.compose(b""));
        times.push(start.elapsed());
    }
    Ok(Quantiles {
        p50: super::quantile_us(&mut times, 0.5),
        p99: super::quantile_us(&mut times, 0.99),
    })
}
