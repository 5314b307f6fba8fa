//! Indicators as columns, conditions and expressions: typed, refused, completed and kept.

use super::super::super::fixture::{full, picture, screen, with_indicators};
use super::super::super::panels::watchlist::{Column, SortKey};
use super::super::*;
use super::{enter, press};

fn error(model: &mut Model, line: &str) -> String {
    enter(model, line);
    let prompt = model.prompt.as_ref().unwrap();
    let error = prompt.error.clone().unwrap();
    press(model, "Esc");
    error
}

#[test]
fn columns_and_orders_of_values_are_typed_and_kept() {
    let mut model = screen(Some(with_indicators()), 120, 40);
    enter(&mut model, "columns symbol last rsi bb_20_2_upper");
    enter(&mut model, "sort rsi asc");
    let columns = model.panels.watchlist.columns();
    assert_eq!(columns[2], Column::Value("rsi_14".into()));
    let text = picture(&mut model);
    assert!(
        text.contains("by rsi_14 ↑") && text.contains("bb_20_2_upper"),
        "{text}"
    );
    let kept = serde_json::to_string(&model.session()).unwrap();
    let session: SessionState = serde_json::from_str(&kept).unwrap();
    let mut again = Model::new(TuiSettings::default(), session);
    again.resize(120, 40);
    // Nothing is known of the board yet: the columns are there, and what they show is unknown.
    again.take(Arc::new(full()));
    assert!(picture(&mut again).contains("rsi_14"));
    again.take(Arc::new(with_indicators()));
    again.panels.watchlist.set_list(None);
    assert!(picture(&mut again).contains("71.50"));

    enter(&mut model, "sort (last - vwap) / vwap");
    let key = &model.panels.watchlist.sort().key;
    assert!(matches!(key, SortKey::Expression(_)));
    let kept = serde_json::to_string(&model.session()).unwrap();
    let session: SessionState = serde_json::from_str(&kept).unwrap();
    assert_eq!(session.sort.as_ref(), Some(model.panels.watchlist.sort()));
    press(&mut model, "r");
    assert!(picture(&mut model).contains("by (last - vwap) / vwap ↑"));
}

#[test]
fn wrong_names_are_refused_with_what_was_meant() {
    let mut model = screen(Some(with_indicators()), 120, 40);
    for (line, part) in [
        ("columns symbol rsx", "did you mean 'rsi_14'"),
        ("columns symbol volum", "did you mean 'volume'"),
        ("columns symbol bb", "could be bb_20_2_lower"),
        ("columns rsi rsi_14", "twice"),
        ("sort volum", "did you mean 'volume'"),
        ("sort last / vwop", "did you mean 'vwap'"),
        ("sort last > 1", "a comparison is no number"),
        (
            "filter rsx > 1",
            "did you mean 'rsi_14'? (column 1 of the expression)",
        ),
    ] {
        let error = error(&mut model, line);
        assert!(error.contains(part), "{line}: {error}");
    }
    let mut model = screen(Some(full()), 120, 40);
    let error = error(&mut model, "columns symbol rsi_14");
    assert!(error.contains("no indicators yet"), "{error}");
}

#[test]
fn a_wrong_condition_is_not_taken_and_hides_nothing() {
    let mut model = screen(Some(with_indicators()), 120, 40);
    press(&mut model, "/");
    model.paste("rsi < ");
    press(&mut model, "Enter");
    let prompt = model.prompt.as_ref().unwrap();
    assert!(!prompt.problem.as_ref().unwrap().is_unfinished);
    let text = picture(&mut model);
    assert!(
        text.contains("Watchlist · 8") && text.contains("column 7:"),
        "{text}"
    );
    // The mark stands over the place.
    let lines: Vec<&str> = text.lines().collect();
    let column = |line: &str, c: char| line.chars().position(|it| it == c).unwrap();
    assert_eq!(column(lines[38], '▼'), 2 + 6);
    model.paste("30");
    press(&mut model, "Enter");
    assert!(model.prompt.is_none());
    let text = picture(&mut model);
    assert!(
        text.contains("2 of 8") && text.contains("/rsi < 30"),
        "{text}"
    );
    press(&mut model, "Esc");
    assert!(picture(&mut model).contains("Watchlist · 8"));
}

#[test]
fn names_are_completed_in_the_filter_and_the_columns_are_offered() {
    let mut model = screen(Some(with_indicators()), 120, 40);
    press(&mut model, "/");
    model.paste("volume > 1k and rs");
    press(&mut model, "Tab");
    let prompt = model.prompt.as_ref().unwrap();
    assert_eq!(prompt.input.text(), "volume > 1k and rsi_14 ");
    press(&mut model, "Esc c");
    let Some(Overlay::Columns { entries, .. }) = &model.overlay else {
        panic!("no choice of columns");
    };
    let offered = (Column::Value("rsi_14".into()), false);
    assert!(entries.contains(&offered));
    assert!(picture(&mut model).contains("rsi_14"));
}
