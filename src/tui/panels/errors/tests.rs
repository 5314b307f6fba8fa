//! Order, choice and filter.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::super::super::fixture::{self, Scene};
use super::*;

#[test]
fn the_newest_stands_first_and_the_chosen_one_stays_chosen() {
    let scene = Scene::new(fixture::with_errors());
    let context = scene.context();
    let mut panel = ErrorsPanel::default();
    panel.act(PanelAction::Down, &context);
    let second = panel.rows.chosen.unwrap();
    let times: Vec<UnixMs> = panel
        .rows
        .shown
        .iter()
        .map(|at| context.snapshot.errors[*at].last)
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");

    let mut later = fixture::with_errors();
    let mut errors = later.errors.to_vec();
    errors.push(fixture::error(99, "fresh", 1_000_000));
    later.errors = Arc::new(errors);
    let scene = Scene::new(later);
    let context = scene.context();
    assert_eq!(
        panel.act(PanelAction::Open, &context),
        Response::ShowError(second)
    );
}

#[test]
fn the_filter_looks_at_every_text() {
    let scene = Scene::new(fixture::with_errors());
    let context = scene.context();
    let mut panel = ErrorsPanel::default();
    for (filter, count) in [
        ("", 3),
        ("decode", 1),
        ("VIX", 1),
        ("replay error", 2),
        ("nonsense", 0),
    ] {
        panel.set_filter(filter);
        panel.refresh(&context);
        assert_eq!(panel.rows.shown.len(), count, "{filter}");
    }
}

#[test]
fn a_filter_that_matches_nothing_does_not_say_that_there_are_no_errors() {
    let scene = Scene::new(fixture::with_errors());
    let context = scene.context();
    let mut panel = ErrorsPanel::default();
    panel.set_filter("open");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 4));
    panel.render(buffer.area, &mut buffer, &context);
    let text = super::super::super::screen::plain_text(&buffer);
    assert!(
        text.contains("none of 3 matches 'open' · Esc shows all"),
        "{text}"
    );
}

#[test]
fn clearing_drops_the_filter() {
    let scene = Scene::new(fixture::with_errors());
    let context = scene.context();
    let mut panel = ErrorsPanel::default();
    panel.set_filter("open");
    assert_eq!(
        panel.act(PanelAction::Clear, &context),
        Response::Send(Command::ClearErrors)
    );
    assert_eq!(panel.filter(), "");
}
