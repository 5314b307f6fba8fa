//! The views of many symbols: movers and correlation; and the watchlist's expressions on screen.

use std::sync::Arc;

use super::super::action::Action;
use super::super::fixture::{NOW, TAKEN, full, picture, row, screen, with_indicators};
use super::super::model::Model;
use super::super::panel::PanelAction;
use super::super::panels::correlation::SYMBOLS_MAX;
use super::super::views::View;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{MINUTE_MS, SessionCalendar, Timeframe};
use crate::pipeline::snapshot::ChartView;
use crate::pipeline::{Command, Snapshot};

use super::super::model::Effect;

/// Candles whose returns go with a common wave as closely as `weight` says.
fn chart(id: u32, weight: f64, count: i64) -> ChartView {
    let mut log = 4.0;
    let candles = (0..count).map(|minute| {
        let common = ((minute * 7 % 11) as f64 - 5.0) / 1_000.0;
        let own = ((minute * (5 + i64::from(id) * 2) % 13) as f64 - 6.0) / 1_000.0;
        log += weight * common + (1.0 - weight.abs()) * own;
        let close = f64::exp(log);
        Candle {
            start: NOW.plus_ms((minute - count) * MINUTE_MS),
            open: close,
            high: close,
            low: close,
            close,
            volume: 1.0,
        }
    });
    ChartView {
        symbol: SymbolId(id),
        timeframe: Timeframe::M1,
        calendar: SessionCalendar::UsEquities,
        candles: Arc::new(candles.collect()),
        studies: Vec::new(),
    }
}

fn with_charts() -> Snapshot {
    let charts = [
        (0, 1.0, 300),
        (1, -0.9, 300),
        (2, 0.6, 300),
        (3, 0.3, 120),
        (4, 0.8, 300),
        (5, 0.0, 300),
        (6, 0.7, 6),
    ];
    Snapshot {
        charts: charts
            .map(|(id, weight, count)| Arc::new(chart(id, weight, count)))
            .into(),
        ..full()
    }
}

fn check(name: &str, view: View, snapshot: &dyn Fn() -> Option<Snapshot>, keys: &[PanelAction]) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let mut model = screen(snapshot(), width, height);
            model.act(Action::View(view));
            picture(&mut model);
            for key in keys {
                model.act(Action::Panel(*key));
                picture(&mut model);
            }
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&mut model));
        }
    });
}

#[test]
fn movers() {
    check("movers_full", View::Movers, &|| Some(full()), &[]);
    check("movers_empty", View::Movers, &|| None, &[]);
    check(
        "movers_range",
        View::Movers,
        &|| Some(full()),
        &[
            PanelAction::Right,
            PanelAction::Right,
            PanelAction::NextRanking,
        ],
    );
}

#[test]
fn correlation() {
    check(
        "correlation_full",
        View::Correlation,
        &|| Some(with_charts()),
        &[PanelAction::Right],
    );
    check("correlation_empty", View::Correlation, &|| None, &[]);
}

#[test]
fn expressions_on_screen() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (name, text) in [
            ("condition", "rsi < 60 and volume > 1e6"),
            ("wrong", "rsi < 60 and volum > 1e6"),
            ("unfinished", "rsi < "),
        ] {
            for (width, height) in [(80, 24), (120, 40), (40, 12)] {
                let mut model = screen(Some(with_indicators()), width, height);
                model.act(Action::View(View::Watchlist));
                model.act(Action::CommandLine);
                model.paste("columns symbol last rsi sma_20 change-percent bb_20_2_upper volume");
                model.act(Action::Edit(super::super::action::Edit::Submit));
                model.act(Action::Filter);
                model.paste(text);
                insta::assert_snapshot!(
                    format!("watchlist_{name}_{width}x{height}"),
                    picture(&mut model)
                );
            }
        }
    });
}

fn select(model: &mut Model, actions: &[PanelAction]) -> String {
    for action in actions {
        model.act(Action::Panel(*action));
        picture(model);
    }
    let id = model.selected.unwrap();
    model.shown.rows.get(id).unwrap().symbol.to_string()
}

#[test]
fn movers_are_chosen_and_opened() {
    use PanelAction::{Down, End, Home, Left, Open, Right};
    let mut model = screen(Some(full()), 120, 40);
    model.act(Action::View(View::Movers));
    picture(&mut model);
    // Gainers: VIX +1.43 %, AAPL +0.77 %, SPY +0.55 %, BAC +0.35 %.
    assert_eq!(select(&mut model, &[Home]), "VIX");
    assert_eq!(select(&mut model, &[Down]), "AAPL");
    assert_eq!(select(&mut model, &[End]), "BAC");
    // Losers: AMZN −0.30 %, MSFT −0.07 %.
    assert_eq!(select(&mut model, &[Right, Home]), "AMZN");
    // Most active by volume times price: AMZN 5.1 billion, AAPL 3.6 billion.
    assert_eq!(select(&mut model, &[Right, Home, Down]), "AAPL");
    assert_eq!(select(&mut model, &[Left, Home]), "AMZN");
    model.act(Action::Panel(Open));
    assert_eq!(model.view, View::Chart);
}

#[test]
fn movers_change_with_the_board_but_not_under_the_hand() {
    let mut model = screen(Some(full()), 120, 40);
    model.act(Action::View(View::Movers));
    picture(&mut model);
    let later = |model: &mut Model, ms: u64| {
        let mut moved = full();
        moved.version += ms;
        moved.rows.get_mut(SymbolId(4)).unwrap().last = Some(crate::domain::Decimal::new(200, 0));
        model.tick(Nanos(TAKEN.0 + ms * Nanos::PER_MS), NOW);
        model.take(Arc::new(moved));
        picture(model)
    };
    let first = |text: &str| text.lines().nth(3).unwrap().to_owned();
    assert!(first(&later(&mut model, 900)).contains("VIX"));
    model.act(Action::Panel(PanelAction::Down));
    assert!(first(&later(&mut model, 2_000)).contains("VIX"));
    assert!(first(&later(&mut model, 3_000)).contains("MSFT"));
}

fn watched(model: &mut Model) -> Option<Vec<(SymbolId, Timeframe)>> {
    model
        .take_effects()
        .into_iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Send(Command::WatchCharts(charts)) => Some(charts),
            _ => None,
        })
}

#[test]
fn the_charts_of_the_matrix_are_asked_for_while_it_is_seen() {
    let rows = (0..100).map(|id| row(id, &format!("S{id:03}"), "1.5", 1.0, 1.0, 0));
    let mut model = screen(
        Some(Snapshot {
            rows: rows.collect(),
            ..full()
        }),
        120,
        40,
    );
    watched(&mut model);
    model.act(Action::View(View::Correlation));
    let text = picture(&mut model);
    assert!(text.contains("24 of 100"), "{text}");
    let charts = watched(&mut model).unwrap();
    assert_eq!(charts.len(), SYMBOLS_MAX);
    assert_eq!(charts[23], (SymbolId(23), Timeframe::M1));
    model.act(Action::Panel(PanelAction::NextTimeframe));
    picture(&mut model);
    assert_eq!(
        watched(&mut model).unwrap()[0],
        (SymbolId(0), Timeframe::M5)
    );
    model.act(Action::View(View::Watchlist));
    picture(&mut model);
    assert_eq!(watched(&mut model), Some(Vec::new()));
}

#[test]
fn the_matrix_is_symmetric_and_says_what_it_knows_of_a_pair() {
    use PanelAction::{Copy, Down, End, Home, Open, Right};
    let mut model = screen(Some(with_charts()), 120, 40);
    model.act(Action::View(View::Correlation));
    let text = picture(&mut model);
    assert!(text.contains("choose what it is put against"), "{text}");
    // The rows are in the watchlist's order: AAPL, AMZN, BAC, DUD, MSFT, SPY, TSLA, VIX.
    assert_eq!(select(&mut model, &[Home, Right]), "AAPL");
    let text = picture(&mut model);
    assert!(
        text.contains("AAPL × AMZN · −") && text.contains("239 returns of 1m"),
        "{text}"
    );
    model.act(Action::Panel(Copy));
    let copied = model
        .take_effects()
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        })
        .unwrap();
    let cells: Vec<Vec<&str>> = copied
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(cells[0][1], "AAPL");
    for (row, of_row) in cells.iter().enumerate().skip(1) {
        assert_eq!(of_row[row], "1.0000");
        for (column, of_column) in cells.iter().enumerate().skip(1) {
            assert_eq!(of_row[column], of_column[row]);
        }
    }
    // Six candles are too few, and one of them has none.
    assert_eq!(select(&mut model, &[End]), "VIX");
    assert!(picture(&mut model).contains("fewer than 10 common candles"));
    select(&mut model, &[Home, Right, Right]);
    assert!(picture(&mut model).contains("AAPL × DUD · loading DUD"));
    assert_eq!(select(&mut model, &[Home, Down, Open]), "AMZN");
    assert_eq!(model.view, View::Chart);
}

#[test]
fn no_size_is_too_small_for_many_symbols() {
    for view in [View::Movers, View::Correlation] {
        for width in [36, 37, 50, 65, 66, 67, 90, 200] {
            for height in [8, 9, 10, 12, 14, 60] {
                let mut model = screen(Some(with_charts()), width, height);
                model.act(Action::View(view));
                for action in [PanelAction::End, PanelAction::Right, PanelAction::Right] {
                    picture(&mut model);
                    model.act(Action::Panel(action));
                }
                picture(&mut model);
            }
        }
    }
}
