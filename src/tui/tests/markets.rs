//! Pictures of order book, tape and news, and of what is said when a venue's connection is lost.

use std::sync::Arc;
use std::time::Duration;

use super::super::action::Action;
use super::super::fixture::live::{live, lost, recorded, resyncing};
use super::super::fixture::{NOW, TAKEN, full, picture, screen};
use super::super::model::Model;
use super::super::views::View;
use crate::domain::clock::Nanos;
use crate::pipeline::Snapshot;
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::snapshot::RecordingView;

fn shown(snapshot: Option<Snapshot>, view: View, width: u16, height: u16) -> Model {
    let mut model = screen(snapshot, width, height);
    model.act(Action::View(view));
    model
}

fn check(name: &str, view: View, snapshot: &dyn Fn() -> Option<Snapshot>) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let mut model = shown(snapshot(), view, width, height);
            let name = format!("{view}_{name}_{width}x{height}");
            insta::assert_snapshot!(name, picture(&mut model));
        }
    });
}

#[test]
fn full_views() {
    for view in [View::Depth, View::Tape, View::News] {
        check("full", view, &|| Some(live()));
    }
}

#[test]
fn empty_views() {
    for view in [View::Depth, View::Tape, View::News] {
        check("empty", view, &|| Some(full()));
    }
}

#[test]
fn views_of_a_book_that_is_asked_for_again() {
    check("resyncing", View::Depth, &|| Some(resyncing()));
}

#[test]
fn views_of_a_lost_connection() {
    for view in [View::Depth, View::Tape, View::Watchlist, View::Pipeline] {
        check("lost", view, &|| Some(lost()));
    }
}

#[test]
fn the_wide_view_has_all_three() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        let mut model = shown(Some(recorded()), View::Depth, 170, 30);
        insta::assert_snapshot!("depth_wide_170x30", picture(&mut model));
    });
}

#[test]
fn the_detail_of_a_headline() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        let mut model = shown(Some(live()), View::News, 80, 24);
        model.act(Action::Panel(super::super::panel::PanelAction::Open));
        insta::assert_snapshot!("news_detail_80x24", picture(&mut model));
    });
}

#[test]
fn the_countdown_goes_on_while_nothing_comes() {
    for view in View::ALL {
        let mut model = shown(Some(lost()), view, 140, 40);
        let mut seen = Vec::new();
        for second in 0..5_u64 {
            let now = Nanos(TAKEN.0 + second * 1_000 * Nanos::PER_MS);
            model.tick(now, NOW.plus_ms(second as i64 * 1_000));
            assert!(model.next_change_ms() <= 1_001);
            let picture = picture(&mut model);
            let header = picture.lines().next().unwrap().to_owned();
            let wait = ["4 s", "3 s", "2 s", "1 s", "0 s"]
                .into_iter()
                .find(|wait| header.contains(&format!("reconnecting in {wait}")));
            seen.push(wait.unwrap_or_else(|| panic!("{header}")));
        }
        assert_eq!(seen, ["4 s", "3 s", "2 s", "1 s", "0 s"], "{view}");
    }
}

#[test]
fn the_countdown_stands_in_the_narrowest_header() {
    let mut model = shown(Some(lost()), View::Watchlist, 40, 12);
    let picture = picture(&mut model);
    assert!(picture.lines().next().unwrap().contains("4 s"), "{picture}");
}

#[test]
fn rows_of_a_lost_source_are_stale_at_once_and_keep_their_values() {
    let mut snapshot = live();
    snapshot.sources[0].state = ConnectionState::Reconnecting;
    let mut model = shown(Some(snapshot), View::Watchlist, 120, 20);
    let picture = picture(&mut model);
    let line = |symbol: &str| {
        picture
            .lines()
            .find(|line| line.contains(symbol))
            .unwrap()
            .to_owned()
    };
    for (symbol, price) in [("BTC/USD", "45285.2"), ("ETH/USD", "2405.17")] {
        let line = line(symbol);
        assert!(line.contains('◌') && line.contains(price), "{line}");
    }
    let halted = line("TSLA");
    assert!(
        halted.contains('◌') && halted.contains("‖ HALTED T1"),
        "{halted}"
    );
}

#[test]
fn a_halt_is_said_in_words_at_every_width() {
    for width in [40, 80, 120] {
        let mut model = shown(Some(live()), View::Watchlist, width, 12);
        let picture = picture(&mut model);
        assert!(picture.contains("TSLA ‖ HALTED T1"), "{picture}");
    }
}

#[test]
fn a_recording_is_always_said() {
    for width in 60..200 {
        let mut snapshot = recorded();
        let mut model = shown(Some(snapshot.clone()), View::Overview, width, 20);
        let first = picture(&mut model).lines().next().unwrap().to_owned();
        assert!(
            first.contains("● REC") && first.contains("17 lost"),
            "{width}: {first}"
        );
        if let Some(RecordingView { lost, .. }) = &mut snapshot.recording {
            *lost = 0;
        }
        model.take(Arc::new(snapshot));
        let first = picture(&mut model).lines().next().unwrap().to_owned();
        assert!(!first.contains("lost"), "{first}");
        model.take(Arc::new(live()));
        assert!(!picture(&mut model).contains("REC"));
    }
}

#[test]
fn every_connection_has_its_line() {
    let mut model = shown(Some(lost()), View::Pipeline, 120, 40);
    let picture = picture(&mut model);
    let line = |part: &str| {
        picture
            .lines()
            .find(|line| line.contains(part))
            .unwrap_or_else(|| panic!("no {part}: {picture}"))
            .to_owned()
    };
    let troubled = line("ws.kraken.com:443");
    for part in ["◌ reconnecting in 4 s", "12s", "15s", " 2 ", " 3 "] {
        assert!(troubled.contains(part), "no {part}: {troubled}");
    }
    assert!(line("last error").contains("connection reset by peer"));
    let well = line("api.kraken.com:443");
    assert!(
        well.contains("● connected") && well.contains("12m34") && well.contains("38.4 ms"),
        "{well}"
    );
}

#[test]
fn many_connections_and_long_errors_leave_room_for_the_rest() {
    let mut snapshot = lost();
    let template = snapshot.sources[0].connections[0].clone();
    for at in 0..200 {
        let mut connection = template.clone();
        connection.host = format!("host-{at}.example.com:443");
        connection.last_error = Some((Duration::ZERO, "\u{202e}x".repeat(100_000)));
        connection.next_retry = Some(Duration::MAX);
        connection.state_age = Duration::MAX;
        snapshot.sources[0].connections.push(connection);
    }
    let mut model = shown(Some(snapshot), View::Pipeline, 100, 30);
    let picture = picture(&mut model);
    assert!(picture.contains("more connections"), "{picture}");
    assert!(picture.contains("Worker (") && picture.contains("processing"));
}

#[test]
fn the_folder_of_a_recording_is_told() {
    for (view, height) in [
        (View::Pipeline, 40),
        (View::Overview, 40),
        (View::Pipeline, 14),
    ] {
        let mut model = shown(Some(recorded()), view, 120, height);
        let picture = picture(&mut model);
        for part in ["recording session", "1.2 MB"] {
            assert!(picture.contains(part), "no {part}: {picture}");
        }
    }
}

#[test]
fn one_thread_is_one() {
    let mut snapshot = live();
    Arc::make_mut(&mut snapshot.pipeline).threads = 1;
    let mut model = shown(Some(snapshot), View::Pipeline, 120, 40);
    let picture = picture(&mut model);
    assert!(picture.contains("Pipeline · 1 thread "), "{picture}");
}
