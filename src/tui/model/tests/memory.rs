//! What is kept: bells, lists, the session.

use super::super::super::fixture::{NOW, TAKEN, full, picture, screen, screen_with, with_errors};
use super::super::*;
use super::{commands, enter, press};

#[test]
fn a_new_error_rings_when_that_is_set_and_not_too_often() {
    let settings = TuiSettings {
        bell: true,
        ..TuiSettings::default()
    };
    let mut model = screen_with(settings, Some(full()), 80, 24);
    let rings = |model: &mut Model| model.take_effects().contains(&Effect::Bell);
    assert!(!rings(&mut model));
    let with_total = |total| {
        let mut snapshot = with_errors();
        snapshot.errors_total = total;
        Arc::new(snapshot)
    };
    model.take(with_total(1));
    assert!(rings(&mut model));
    model.take(with_total(2));
    assert!(!rings(&mut model), "within a second");
    model.tick(Nanos(TAKEN.0 + 1_100 * Nanos::PER_MS), NOW);
    model.take(with_total(2));
    assert!(!rings(&mut model), "nothing new");
    model.take(with_total(3));
    assert!(rings(&mut model));
}

#[test]
fn named_lists_are_made_shown_changed_and_kept() {
    let mut model = screen(Some(full()), 120, 40);
    enter(&mut model, "list new tech AAPL NVDA");
    assert_eq!(
        commands(&mut model),
        [Command::Add(vec!["NVDA".parse().unwrap()])]
    );
    assert!(picture(&mut model).contains("tech · 1 of 8"));
    enter(&mut model, "list add MSFT");
    assert!(picture(&mut model).contains("tech · 2 of 8"));
    enter(&mut model, "list remove NVDA");
    let session = model.session();
    assert_eq!(session.watchlist.as_deref(), Some("tech"));
    assert_eq!(session.watchlists["tech"], ["AAPL", "MSFT"]);

    let mut again = Model::new(TuiSettings::default(), session);
    again.resize(120, 40);
    again.take(Arc::new(full()));
    again.settle();
    assert!(picture(&mut again).contains("tech · 2 of 8"));
    press(&mut again, "w");
    assert!(picture(&mut again).contains("Watchlist · 8"));
    enter(&mut again, "list tehc");
    assert!(picture(&mut again).contains("did you mean 'tech'?"));
    press(&mut again, "Esc");
    enter(&mut again, "list delete tech");
    assert!(again.lists.is_empty());
}

#[test]
fn the_session_is_restored() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "j j s 3 z");
    let session = model.session();
    let mut again = Model::new(TuiSettings::default(), session.clone());
    again.resize(120, 40);
    again.take(Arc::new(full()));
    again.settle();
    assert_eq!(again.session(), session);
    assert_eq!(again.view, View::Chart);
    assert!(again.is_maximised);
}
