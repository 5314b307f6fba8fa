//! Order, filter, columns and alignment.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::super::super::fixture::{NOW, Scene, TAKEN, drawn, full, row, stale, with_indicators};
use super::super::super::panel::{Panel, PanelAction, PanelMouse, Response};
use super::super::super::theme::{ColorDepth, Theme, ThemeName};
use super::*;
use crate::domain::clock::Nanos;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::DayStats;
use crate::domain::quote::{SymbolFacts, Trading};
use crate::domain::source::SourceName;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{RowState, Trend};

fn symbols(panel: &WatchlistPanel, snapshot: &Snapshot) -> Vec<String> {
    panel
        .ids()
        .iter()
        .map(|id| snapshot.rows.get(*id).unwrap().symbol.to_string())
        .collect()
}

#[test]
fn any_column_sorts_and_what_is_unknown_comes_last() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::ALL.to_vec(), Sort::default());
    for (column, descending, first, last) in [
        (Column::Symbol, false, "AAPL", "VIX"),
        (Column::Symbol, true, "VIX", "AAPL"),
        (Column::Last, true, "AMZN", "DUD"),
        (Column::Last, false, "VIX", "DUD"),
        (Column::ChangePercent, true, "VIX", "DUD"),
        (Column::ChangePercent, false, "AMZN", "DUD"),
        (Column::Volume, true, "BAC", "VIX"),
        (Column::Bid, true, "AAPL", "VIX"),
        (Column::Age, true, "SPY", "DUD"),
    ] {
        panel.set_sort(Sort {
            key: SortKey::Column(column.clone()),
            descending,
        });
        panel.refresh(&context);
        let order = symbols(&panel, context.snapshot);
        assert_eq!(order.first().unwrap(), first, "{column} {order:?}");
        assert_eq!(order.last().unwrap(), last, "{column} {order:?}");
        assert_eq!(order.len(), 8);
    }
}

#[test]
fn rows_do_not_jump_within_a_second_nor_while_the_user_moves() {
    let by_last = Sort {
        key: SortKey::Column(Column::Last),
        descending: true,
    };
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), by_last);
    let scene = Scene::new(full());
    panel.refresh(&scene.context());
    let before = panel.ids().to_vec();

    let mut moved = full();
    moved.rows.get_mut(SymbolId(0)).unwrap().last = Some(crate::domain::Decimal::new(9_999, 0));
    let scene = Scene::new(moved);
    let mut context = scene.context();
    let at = |ms: u64| Nanos(TAKEN.0 + ms * Nanos::PER_MS);
    context.now = at(999);
    panel.refresh(&context);
    assert_eq!(panel.ids(), before);
    panel.act(PanelAction::Down, &context);
    context.now = at(2_500);
    panel.refresh(&context);
    assert_eq!(panel.ids(), before, "the user has just moved");
    context.now = at(3_100);
    panel.refresh(&context);
    assert_eq!(panel.ids()[0], SymbolId(0));
}

#[test]
fn a_new_or_removed_symbol_shows_at_once() {
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    panel.refresh(&Scene::new(full()).context());
    let mut more = full();
    more.rows.insert(row(20, "NEW", "1.0", 1.0, 1.0, 0));
    panel.refresh(&Scene::new(more).context());
    assert!(panel.ids().contains(&SymbolId(20)));
    panel.refresh(&Scene::new(full()).context());
    assert!(!panel.ids().contains(&SymbolId(20)));
}

#[test]
fn the_filter_takes_words_in_any_case() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    for (filter, expected) in [
        ("a", 8),
        ("aa", 1),
        ("s", 3),
        ("aapl replay", 1),
        ("aapl sim", 0),
        ("", 8),
    ] {
        panel.set_filter(filter);
        panel.refresh(&context);
        // The source's name counts too: `a` and `replay` are in every row.
        assert_eq!(panel.ids().len(), expected, "{filter}");
    }
}

#[test]
fn decimal_points_stand_under_each_other_and_digits_stay_as_they_came() {
    let scene = Scene::new(full());
    let mut panel = WatchlistPanel::new(vec![Column::Symbol, Column::Last], Sort::default());
    let text = drawn(&mut panel, &scene.context(), 60, 10);
    assert!(text.contains("1640.0200"), "{text}");
    assert!(text.contains("28.5 ") || text.contains("28.5\n"), "{text}");
    let points: Vec<usize> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.find('.'))
        .collect();
    let bytes_of_mark = |line: &str| line.chars().nth(1).map_or(0, char::len_utf8);
    let columns: Vec<usize> = text
        .lines()
        .skip(1)
        .filter(|line| line.contains('.'))
        .zip(&points)
        .map(|(line, at)| at - bytes_of_mark(line))
        .collect();
    assert_eq!(columns.len(), 7);
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
    let waiting = text.lines().find(|line| line.contains("DUD")).unwrap();
    assert!(waiting.contains('–') && !waiting.contains('0'), "{waiting}");
}

#[test]
fn columns_stand_still_when_numbers_get_shorter() {
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let scene = Scene::new(full());
    let before = drawn(&mut panel, &scene.context(), 120, 10);
    let mut shorter = full();
    shorter.rows.get_mut(SymbolId(1)).unwrap().last = Some(crate::domain::Decimal::new(16_440, 1));
    let scene = Scene::new(shorter);
    let after = drawn(&mut panel, &scene.context(), 120, 10);
    assert_eq!(before.lines().next(), after.lines().next());
}

#[test]
fn whole_columns_go_when_there_is_no_room() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    for width in 1..140 {
        let text = drawn(&mut panel, &context, width, 10);
        for line in text.lines() {
            assert!(
                crate::tui::text::width(line) <= usize::from(width),
                "{width}: {line}"
            );
        }
        if width >= 24 {
            assert!(text.contains("1640.0200"), "{width}: {text}");
        }
    }
    let narrow = drawn(&mut panel, &context, 40, 10);
    assert!(
        narrow.contains("Chg%") && !narrow.contains("VWAP"),
        "{narrow}"
    );
}

#[test]
fn stale_rows_carry_a_mark_and_the_age_of_their_data() {
    let scene = Scene::new(stale());
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &scene.context(), 120, 10);
    let line = text.lines().find(|line| line.contains("AAPL")).unwrap();
    assert!(line.contains('◌') && line.contains("4m12"), "{line}");
    assert_eq!(scene.context().snapshot.wall, NOW);
}

#[test]
fn a_click_on_a_heading_sorts_and_a_second_one_reverses() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &context, 120, 10);
    let at = text.lines().next().unwrap().find("Chg%").unwrap() as u16;
    let click = PanelMouse::Click(Position::new(at, 0));
    panel.mouse(click, &context);
    assert_eq!(*panel.sort(), Sort::by(Column::ChangePercent));
    panel.mouse(click, &context);
    assert_eq!(*panel.sort(), Sort::by(Column::ChangePercent).reversed());
    drawn(&mut panel, &context, 120, 10);
    let row = panel.mouse(PanelMouse::Click(Position::new(5, 1)), &context);
    assert_eq!(
        row,
        Response::Select(SymbolId(1)),
        "the smallest change first"
    );
    let chart = panel.mouse(PanelMouse::DoubleClick(Position::new(5, 1)), &context);
    assert_eq!(chart, Response::OpenChart(SymbolId(1)));
}

#[test]
fn the_selected_row_stays_in_sight_while_moving() {
    let rows = (0..10_000).map(|id| row(id, &format!("S{id:05}"), "1.5", 1.0, 1.0, 0));
    let scene = Scene::new(Snapshot {
        rows: rows.collect(),
        ..full()
    });
    let mut context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    drawn(&mut panel, &context, 80, 11);
    for (action, expected) in [
        (PanelAction::End, "S09999"),
        (PanelAction::PageUp, "S09989"),
        (PanelAction::Up, "S09988"),
        (PanelAction::Home, "S00000"),
        (PanelAction::PageDown, "S00010"),
    ] {
        let Response::Select(id) = panel.act(action, &context) else {
            panic!("{action:?} selects nothing");
        };
        context.selected = Some(id);
        let text = drawn(&mut panel, &context, 80, 11);
        assert!(text.contains(expected), "{action:?}: {text}");
    }
}

#[test]
fn a_named_list_shows_its_symbols_alone() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let list = ["AAPL", "TSLA@replay", "SPY@sim", "NONE"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    panel.set_list(Some(("mine".to_owned(), list)));
    panel.refresh(&context);
    assert_eq!(symbols(&panel, context.snapshot), ["AAPL", "TSLA"]);
    assert!(
        panel
            .title(&context)
            .to_string()
            .starts_with("mine · 2 of 8")
    );
}

#[test]
fn flashes_end_and_can_be_turned_off() {
    let mut snapshot = full();
    snapshot.rows.get_mut(SymbolId(0)).unwrap().price_changed = TAKEN;
    let scene = Scene::new(snapshot);
    let mut context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    drawn(&mut panel, &context, 80, 10);
    assert_eq!(panel.flash_left_ms(), Some(cells::FLASH_MS));
    context.now = Nanos(TAKEN.0 + 400 * Nanos::PER_MS);
    drawn(&mut panel, &context, 80, 10);
    assert_eq!(panel.flash_left_ms(), Some(cells::FLASH_MS - 400));
    context.now = Nanos(TAKEN.0 + 600 * Nanos::PER_MS);
    drawn(&mut panel, &context, 80, 10);
    assert_eq!(panel.flash_left_ms(), None);
    context.now = TAKEN;
    context.flash = false;
    drawn(&mut panel, &context, 80, 10);
    assert_eq!(panel.flash_left_ms(), None);
}

#[test]
fn a_flash_can_be_read_on_the_selected_row() {
    let mut snapshot = full();
    snapshot.rows.get_mut(SymbolId(0)).unwrap().price_changed = TAKEN;
    let scene = Scene::new(snapshot);
    let mut context = scene.context();
    let theme = Theme::of(ThemeName::Dark, ColorDepth::TrueColor);
    context.theme = &theme;
    context.selected = Some(SymbolId(0));
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 10));
    panel.render(buffer.area, &mut buffer, &context);
    let looks = [theme.flash_up, theme.flash_down];
    let of_flash = |cell: &&ratatui::buffer::Cell| {
        looks
            .iter()
            .any(|look| Some(cell.bg) == look.bg && Some(cell.fg) == look.fg)
    };
    assert!(buffer.content.iter().filter(of_flash).count() >= 5);
}

#[test]
fn sorting_steps_through_the_columns_on_the_screen() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    // Before the first frame the only source has no column either.
    panel.act(PanelAction::SortNext, &context);
    assert_eq!(panel.sort().key.column(), Some(&Column::Last));
    let text = drawn(&mut panel, &context, 40, 10);
    let heading = text.lines().next().unwrap().to_owned();
    for _ in 0..8 {
        panel.act(PanelAction::SortNext, &context);
        let column = panel.sort().key.column().unwrap().clone();
        assert!(
            heading.split_whitespace().any(|it| it == column.heading()),
            "{column} is not in {heading}"
        );
    }
    // From a column that is not shown it goes on with the next one that is.
    panel.set_sort(Sort::by(Column::Age));
    panel.act(PanelAction::SortNext, &context);
    assert_eq!(panel.sort().key.column(), Some(&Column::Symbol));
}

#[test]
fn bid_and_ask_come_and_go_together() {
    let mut snapshot = full();
    for id in 0..7 {
        let row = snapshot.rows.get_mut(SymbolId(id)).unwrap();
        row.bid = row.last;
        row.ask = row.last;
        row.bid_size = row.last;
        row.ask_size = row.last;
    }
    let scene = Scene::new(snapshot);
    let context = scene.context();
    for columns in [Column::DEFAULT.to_vec(), Column::ALL.to_vec()] {
        for width in 20..200 {
            let mut panel = WatchlistPanel::new(columns.clone(), Sort::default());
            let text = drawn(&mut panel, &context, width, 10);
            let heading = text.lines().next().unwrap();
            assert_eq!(
                heading.contains("Bid"),
                heading.contains("Ask"),
                "{width}: {heading}"
            );
            assert_eq!(
                heading.contains("BSize"),
                heading.contains("ASize"),
                "{width}: {heading}"
            );
        }
    }
}

#[test]
fn room_that_is_left_is_used() {
    // Prices so long that the volume-weighted average does not fit, while bid and ask, still unknown, would.
    let mut snapshot = full();
    for id in 0..7 {
        let row = snapshot.rows.get_mut(SymbolId(id)).unwrap();
        row.day.vwap = Some(1e15);
        row.bid = None;
        row.ask = None;
    }
    let scene = Scene::new(snapshot);
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &scene.context(), 75, 10);
    let heading = text.lines().next().unwrap();
    assert!(
        heading.contains("Bid") && heading.contains("Ask") && !heading.contains("VWAP"),
        "{text}"
    );
}

#[test]
fn an_indicator_is_a_column_with_its_points_under_each_other() {
    let scene = Scene::new(with_indicators());
    let context = scene.context();
    let value = |name: &str| Column::Value(name.into());
    let columns = vec![
        Column::Symbol,
        Column::Last,
        value("rsi_14"),
        value("sma_20"),
    ];
    let mut panel = WatchlistPanel::new(columns, Sort::by(value("rsi_14")));
    let text = drawn(&mut panel, &context, 60, 10);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].contains("rsi_14") && lines[0].contains("sma_20"),
        "{text}"
    );
    // The largest first; what has none comes last and is a dash.
    assert!(
        lines[1].contains("AAPL") && lines[1].contains("71.50"),
        "{text}"
    );
    assert!(
        lines[5].contains("TSLA") || lines[5].contains("SPY"),
        "{text}"
    );
    assert!(lines[8].matches('–').count() >= 2, "{text}");
    let points: Vec<usize> = lines[1..6]
        .iter()
        .map(|line| {
            let chars: Vec<char> = line.chars().collect();
            let points: Vec<usize> = (0..chars.len()).filter(|at| chars[*at] == '.').collect();
            points[1]
        })
        .collect();
    assert!(points.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
    for width in 1..100 {
        drawn(&mut panel, &context, width, 10);
    }
}

#[test]
fn a_condition_filters_and_an_expression_sorts() {
    let scene = Scene::new(with_indicators());
    let context = scene.context();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    for (filter, expected) in [
        ("rsi < 30 and volume > 1e6", &["AMZN"][..]),
        ("rsi < 30", &["AMZN", "SPY"]),
        ("not rsi > 30", &["AMZN", "BAC", "DUD", "SPY", "VIX"]),
        ("symbol = aapl", &["AAPL"]),
        ("source != replay", &[]),
    ] {
        panel.set_filter(filter);
        panel.refresh(&context);
        assert_eq!(symbols(&panel, context.snapshot), expected, "{filter}");
        assert_eq!(panel.problem(), None);
    }
    panel.set_filter("rsx < 30");
    panel.refresh(&context);
    assert_eq!(panel.ids().len(), 8, "what is wrong hides nothing");
    let problem = panel.problem().unwrap().to_string();
    assert!(problem.contains("did you mean 'rsi_14'"), "{problem}");
    assert!(panel.title(&context).to_string().contains("✖"));
    panel.set_filter("");
    panel.set_sort(Sort::by_key("(last - vwap) / vwap".parse().unwrap()));
    panel.refresh(&context);
    assert_eq!(panel.problem(), None);
    let order = symbols(&panel, context.snapshot);
    assert_eq!(
        (order[0].as_str(), order[1].as_str()),
        ("AAPL", "SPY"),
        "{order:?}"
    );
    assert_eq!(
        order[7], "VIX",
        "without a volume there is no average: {order:?}"
    );
}

#[test]
fn what_a_condition_shows_changes_with_the_values() {
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    panel.set_filter("last > 1000");
    panel.refresh(&Scene::new(full()).context());
    assert_eq!(panel.ids(), [SymbolId(1)]);
    let mut moved = full();
    moved.rows.get_mut(SymbolId(0)).unwrap().last = Some(crate::domain::Decimal::new(9_999, 0));
    let scene = Scene::new(moved);
    let mut context = scene.context();
    context.now = Nanos(TAKEN.0 + 1_100 * Nanos::PER_MS);
    panel.refresh(&context);
    assert_eq!(panel.ids(), [SymbolId(0), SymbolId(1)]);
}

#[test]
fn sizes_stand_only_beside_their_prices() {
    let scene = Scene::new(full());
    let context = scene.context();
    let mut seen = (false, false);
    for width in 30..200 {
        let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
        let text = drawn(&mut panel, &context, width, 12);
        let heading: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        let (has_prices, has_sizes) = (heading.contains(&"Bid"), heading.contains(&"BSize"));
        assert!(has_prices || !has_sizes, "{width}: {heading:?}");
        seen = (seen.0 | has_prices, seen.1 | has_sizes);
    }
    assert_eq!(seen, (true, true));
    let mut panel = WatchlistPanel::new(vec![Column::Symbol, Column::BidSize], Sort::default());
    assert!(
        drawn(&mut panel, &context, 60, 12).contains("BSize"),
        "alone when that is wanted"
    );
}

#[test]
fn rows_of_one_name_are_told_apart_by_their_sources() {
    let mut snapshot = full();
    let mut twin = row(21, "AAPL", "170.50", 170.0, 1.0, 0);
    twin.source = SourceName::new("alpaca-2");
    twin.facts = Some(Arc::new(SymbolFacts {
        trading: Some(Trading::Halted),
        reason: Some("Trading Halt; News Pending".into()),
        ..SymbolFacts::default()
    }));
    let mut source = snapshot.sources[0].clone();
    source.name = twin.source.clone();
    snapshot.sources.push(source);
    snapshot.rows.insert(twin);
    let scene = Scene::new(snapshot);
    for width in [36, 76, 140] {
        let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
        let text = drawn(&mut panel, &scene.context(), width, 14);
        for name in ["AAPL@replay", "AAPL@alpaca-2 ‖ H"] {
            assert!(text.contains(name), "no {name} at {width}: {text}");
        }
        assert!(!text.contains("AMZN@"), "{text}");
    }
}

fn quoted(last: &[&str]) -> Snapshot {
    let rows = last.iter().enumerate().map(|(at, last)| {
        let mut row = row(at as u32, &format!("S{at}/USD"), last, 1.0, 1.0, 0);
        (row.bid, row.ask) = (row.last, row.last);
        row
    });
    Snapshot {
        rows: rows.collect(),
        ..full()
    }
}

#[test]
fn the_quote_outlasts_what_is_not_there() {
    let mut snapshot = quoted(&["170.25", "170.5"]);
    let scene = Scene::new(snapshot.clone());
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &scene.context(), 62, 10);
    assert!(text.contains("Bid") && text.contains("Chg"), "{text}");
    // Of a source without bars nothing but quotes is known.
    for id in 0..2 {
        let row = snapshot.rows.get_mut(SymbolId(id)).unwrap();
        row.day = DayStats::default();
        row.trend = Trend::default();
        (row.bid_size, row.ask_size) = (row.last, row.last);
    }
    let scene = Scene::new(snapshot);
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &scene.context(), 62, 10);
    let heading = text.lines().next().unwrap();
    for column in ["Last", "Bid", "BSize", "Ask", "ASize", "Age"] {
        assert!(heading.contains(column), "no {column}: {text}");
    }
}

#[test]
fn prices_of_all_magnitudes_are_shown() {
    let prices = [
        "123456789012.5",
        "0.00000123",
        "510.34999999999997",
        "45285.12",
    ];
    let scene = Scene::new(quoted(&prices));
    for width in [28, 50, 80, 140] {
        let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
        let text = drawn(&mut panel, &scene.context(), width, 10);
        for price in ["123456789012 ", "0.00000123 ", " 510.35 ", " 45285.12 "] {
            let shown = text.lines().any(|line| format!("{line} ").contains(price));
            assert!(shown, "no {price} at {width}: {text}");
        }
    }
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let mut context = scene.context();
    context.selected = Some(SymbolId(2));
    drawn(&mut panel, &context, 140, 10);
    let Response::Copy(text) = panel.act(PanelAction::Copy, &context) else {
        panic!("nothing copied");
    };
    assert!(text.contains("Bid 510.34999999999997\t"), "{text}");
}

#[test]
fn why_a_symbol_is_not_given_or_traded_has_the_room_that_is_left() {
    let reason = "Volatility Trading Pause until 10:45";
    let mut snapshot = quoted(&["170.25", "170.5"]);
    snapshot.rows.get_mut(SymbolId(0)).unwrap().facts = Some(Arc::new(SymbolFacts {
        trading: Some(Trading::Halted),
        reason: Some(reason.into()),
        ..SymbolFacts::default()
    }));
    let refused = snapshot.rows.get_mut(SymbolId(1)).unwrap();
    refused.state = RowState::Refused;
    refused.refusal = Some("Currency pair not supported".into());
    let scene = Scene::new(snapshot);
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    let text = drawn(&mut panel, &scene.context(), 170, 10);
    for part in [
        format!("S0/USD ‖ HALTED {reason} "),
        "✖ S1/USD ✖ Currency pair not supported ".to_owned(),
    ] {
        assert!(text.contains(&part), "no {part}: {text}");
    }
    let text = drawn(&mut panel, &scene.context(), 80, 10);
    assert!(text.contains("Last") && text.contains("Bid"), "{text}");
}

#[test]
fn news_alone_makes_no_row_and_marks_that_of_the_symbol() {
    let mut snapshot = quoted(&["170.25", "170.5"]);
    let news = SourceName::new("news");
    let mut source = snapshot.sources[0].clone();
    source.name = news.clone();
    source.services = ServiceSet::of(&[DataService::News]);
    snapshot.sources.push(source);
    for (id, symbol) in [(7, "S0/USD"), (8, "ELSE")] {
        let symbol = Symbol::new(symbol).unwrap();
        let row = Row::waiting(SymbolId(id), symbol, news.clone());
        snapshot.rows.insert(row);
    }
    let scene = Scene::new(snapshot);
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::default());
    panel.set_unread(HashSet::from([Symbol::new("S0/USD").unwrap()]));
    let text = drawn(&mut panel, &scene.context(), 100, 10);
    assert_eq!(panel.ids(), [SymbolId(8), SymbolId(0), SymbolId(1)]);
    assert!(!text.contains('@'), "{text}");
    let marked: Vec<&str> = text.lines().filter(|line| line.contains('✉')).collect();
    assert!(marked.len() == 1 && marked[0].contains("S0/USD"), "{text}");
    let title = panel.title(&scene.context()).to_string();
    assert!(title.starts_with("Watchlist · 3 ·"), "{title}");
}
