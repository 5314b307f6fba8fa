//! What the first line says.

use super::super::fixture::{NOW, full, picture, row, screen, seeking};
use super::super::text::width;
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::SymbolId;
use crate::pipeline::Snapshot;
use crate::pipeline::meters::LoadingView;
use crate::pipeline::snapshot::SourceView;
use crate::pipeline::source::Speed;

/// Two replays at different times and speeds, and a source of made-up data.
pub(super) fn three_sources() -> Snapshot {
    let mut snapshot = full();
    let replay = snapshot.sources[0].clone();
    let mut second = SourceView {
        name: SourceName::new("replay2"),
        label: "replay:session-2024-03-11.jsonl".to_owned(),
        data_clock: Some(NOW.plus_ms(86_400_000)),
        ..replay.clone()
    };
    if let Some(transport) = &mut second.transport {
        transport.speed = Speed::Factor(60.0);
        transport.progress = 0.9;
    }
    let sim = SourceView {
        name: SourceName::new("sim"),
        label: "sim".to_owned(),
        origin: Origin::Synthetic,
        transport: None,
        bytes_per_s: 0.0,
        ..replay
    };
    snapshot.sources.push(second);
    snapshot.sources.push(sim);
    for (id, symbol, source) in [(20, "GE", "replay2"), (21, "XYZ", "sim")] {
        let mut row = row(id, symbol, "9.5", 9.0, 1.0, 0);
        row.source = SourceName::new(source);
        snapshot.rows.insert(row);
    }
    snapshot
}

fn header_of(snapshot: Snapshot, selected: Option<u32>, columns: u16) -> String {
    let mut model = screen(Some(snapshot), columns, 20);
    model.selected = selected.map(SymbolId).or(model.selected);
    picture(&mut model).lines().next().unwrap().to_owned()
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn several_sources_keep_clock_speed_and_progress() {
    let header = header_of(three_sources(), None, 140);
    assert_eq!(count(&header, " REPLAY "), 2, "{header}");
    assert_eq!(count(&header, " SYNTHETIC "), 1, "{header}");
    assert_eq!(count(&header, "●"), 3, "{header}");
    for part in [
        "bars-us-2019-02 ● connected",
        "session-2024",
        "02-13 10:42:00 EST",
        "▶ 600× ━",
        "41%",
    ] {
        assert!(header.contains(part), "no {part}: {header}");
    }
}

#[test]
fn replays_of_one_recording_go_by_their_own_names() {
    let mut snapshot = full();
    let replay = snapshot.sources.remove(0);
    snapshot.sources = ["kraken", "alpaca"]
        .map(|name| SourceView {
            name: SourceName::new(name),
            label: "replay:market/rec".to_owned(),
            ..replay.clone()
        })
        .to_vec();
    for columns in [80, 140] {
        let header = header_of(snapshot.clone(), None, columns);
        for part in ["REPLAY  kraken ●", "REPLAY  alpaca ●"] {
            assert!(header.contains(part), "no {part}: {header}");
        }
    }
    snapshot.sources.truncate(1);
    let header = header_of(snapshot, None, 80);
    assert!(header.contains("REPLAY  rec ●"), "{header}");
}

#[test]
fn the_clock_stands_with_the_source_of_the_selected_row() {
    let first = header_of(three_sources(), Some(0), 160);
    let second = header_of(three_sources(), Some(20), 160);
    let sim = header_of(three_sources(), Some(21), 160);
    let order = |text: &str, parts: &[&str]| {
        let mut rest = text;
        for part in parts {
            let Some(at) = rest.find(part) else {
                panic!("no {part}: {text}");
            };
            rest = &rest[at + part.len()..];
        }
    };
    order(
        &first,
        &["bars-us", "02-13 10:42:00", "600×", "41%", "session"],
    );
    order(
        &second,
        &[
            "bars-us",
            "session",
            "02-14 10:42:00",
            "60×",
            "90%",
            "SYNTHETIC",
        ],
    );
    order(
        &sim,
        &["bars-us", "02-13 10:42:00", "600×", "41%", "session"],
    );
    assert!(
        !second.contains("600×") && !second.contains("41%"),
        "{second}"
    );
}

#[test]
fn what_does_not_fit_is_counted_and_nothing_else_is_left_out_of_a_source() {
    for columns in 36..240 {
        let header = header_of(three_sources(), None, columns);
        assert!(
            width(&header) <= usize::from(columns),
            "{columns}: {header}"
        );
        let badges = count(&header, " REPLAY ") + count(&header, " SYNTHETIC ");
        assert!(badges >= 1, "{columns}: {header}");
        assert_eq!(count(&header, "●"), badges, "{columns}: {header}");
        if badges < 3 {
            let more = format!("+{}", 3 - badges);
            assert!(header.contains(&more), "{columns}: {header}");
        }
        assert!(header.contains("600×"), "{columns}: {header}");
    }
    let mut many = three_sources();
    for at in 0..40 {
        let mut source = many.sources[2].clone();
        source.name = SourceName::new(&format!("sim{at}"));
        many.sources.push(source);
    }
    let header = header_of(many, Some(20), 80);
    assert!(
        header.contains("session") && header.contains("60×"),
        "{header}"
    );
    assert!(header.contains("+4"), "{header}");
}

#[test]
fn what_a_replay_loads_is_said_at_every_width() {
    for columns in 36..200 {
        let mut snapshot = seeking();
        let header = header_of(snapshot.clone(), None, columns);
        assert!(header.contains("» seeking 43%"), "{columns}: {header}");
        assert!(!header.contains('▶'), "{columns}: {header}");
        if let Some(transport) = &mut snapshot.sources[0].transport {
            transport.paused = true;
            transport.loading = Some(LoadingView {
                is_jump: false,
                progress: 0.9999,
            });
        }
        let header = header_of(snapshot, None, columns);
        assert!(header.contains("‖ loading 99%"), "{columns}: {header}");
    }
}

#[test]
fn one_replay_keeps_its_progress_bar_at_usual_widths() {
    for columns in [80, 100, 120, 140] {
        let header = header_of(full(), None, columns);
        assert!(
            header.contains('━') && header.contains("02-13"),
            "{columns}: {header}"
        );
    }
}
