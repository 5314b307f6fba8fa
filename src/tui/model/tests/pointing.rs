//! The mouse, columns, panels, and what the header says.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::super::super::fixture::live::live;
use super::super::super::fixture::{NOW, TAKEN, full, picture, screen, stale};
use super::super::*;
use super::{press, selected};

#[test]
fn the_mouse_selects_scrolls_opens_and_clicks_hints() {
    let mut model = screen(Some(full()), 120, 40);
    let text = picture(&mut model);
    let find = |text: &str, word: &str| -> (u16, u16) {
        let (row, line) = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(word))
            .unwrap();
        let column = crate::tui::text::width(&line[..line.find(word).unwrap()]);
        (column as u16, row as u16)
    };
    let click = |model: &mut Model, (column, row): (u16, u16)| {
        for kind in [MouseEventKind::Down, MouseEventKind::Up] {
            model.mouse(&MouseEvent {
                kind: kind(MouseButton::Left),
                column,
                row,
                modifiers: KeyModifiers::NONE,
            });
        }
        model.settle();
    };
    click(&mut model, find(&text, "TSLA"));
    assert_eq!(selected(&model), "TSLA");
    click(&mut model, find(&text, "TSLA"));
    assert_eq!(model.view, View::Chart, "a double click opens the chart");
    press(&mut model, "1");
    let text = picture(&mut model);
    click(&mut model, find(&text, "Pipeline"));
    assert_eq!(model.focus, PanelId::Pipeline);
    click(&mut model, find(&text, "help"));
    assert!(model.overlay.is_some());
    picture(&mut model);
    click(&mut model, (0, 20));
    assert!(model.overlay.is_none(), "a click beside it closes it");
}

#[test]
fn columns_are_chosen_and_ordered() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "c");
    assert!(picture(&mut model).contains("Columns"));
    press(&mut model, "j j Space K K Esc");
    let columns = model.panels.watchlist.columns();
    assert!(!columns.contains(&Column::Last), "{columns:?}");
    press(&mut model, "c Down J Esc");
    let columns = model.panels.watchlist.columns();
    assert_eq!(
        columns[..3],
        [Column::Symbol, Column::Change, Column::Source]
    );
}

#[test]
fn panels_take_turns_and_one_can_fill_the_screen() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "Tab");
    assert_eq!(model.focus, PanelId::Chart);
    press(&mut model, "z");
    let alone = picture(&mut model);
    assert!(!alone.contains("Pipeline ·"), "{alone}");
    press(&mut model, "Tab");
    assert_eq!(model.focus, PanelId::Errors);
    press(&mut model, "Esc");
    assert!(!model.is_maximised);
}

#[test]
fn live_recorded_and_made_up_data_are_told_apart_at_every_width() {
    use crate::domain::source::Origin;
    for (origin, badge) in [
        (Origin::Live, "LIVE"),
        (Origin::Replay, "REPLAY"),
        (Origin::Synthetic, "SYNTHETIC"),
    ] {
        for width in [36, 40, 80, 120, 200] {
            let mut snapshot = full();
            snapshot.sources[0].origin = origin;
            let mut model = screen(Some(snapshot), width, 12);
            let text = picture(&mut model);
            let header = text.lines().next().unwrap();
            assert!(header.contains(badge), "{header}");
            assert!(header.contains('●'), "{header}");
        }
    }
}

#[test]
fn ages_grow_when_nothing_comes() {
    let mut model = screen(Some(stale()), 120, 40);
    assert!(picture(&mut model).contains("4m12"));
    let later = Nanos(TAKEN.0 + 60_000 * Nanos::PER_MS);
    assert!(model.tick(later, NOW.plus_ms(60_000)));
    assert!(picture(&mut model).contains("5m12"));
}

#[test]
fn each_key_of_a_hint_can_be_clicked() {
    let mut model = screen(Some(live()), 120, 40);
    press(&mut model, "6");
    let step = |model: &mut Model, word: &str| {
        let text = picture(model);
        let line = text.lines().last().unwrap();
        let at = crate::tui::text::width(&line[..line.find(word).unwrap()]);
        model.mouse(&MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: at as u16,
            row: 39,
            modifiers: KeyModifiers::NONE,
        });
        model.settle();
        picture(model)
    };
    assert!(
        picture(&mut model)
            .lines()
            .last()
            .unwrap()
            .contains("- + group")
    );
    assert!(step(&mut model, "- + group").contains("step 0.2"));
    assert!(step(&mut model, "group").contains("step 0.5"));
    assert!(step(&mut model, "+ group").contains("step 0.2"));
}
