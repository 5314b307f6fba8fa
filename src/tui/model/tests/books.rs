//! Which books are asked for, and what keys, lines and clicks do in the views of a market.

use super::super::super::fixture::live::live;
use super::*;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::quote::{SymbolFacts, Trading};
use crate::domain::source::SourceName;

fn books(model: &mut Model) -> Vec<Vec<SymbolId>> {
    model
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(Command::WatchBooks(symbols)) => Some(symbols),
            _ => None,
        })
        .collect()
}

#[test]
fn books_are_asked_for_while_they_can_be_seen() {
    let mut model = screen(Some(live()), 120, 40);
    assert!(books(&mut model).is_empty(), "the overview needs none");
    press(&mut model, "6");
    assert_eq!(books(&mut model), [vec![SymbolId(0)]]);
    press(&mut model, "7");
    assert!(books(&mut model).is_empty(), "it is the same one");
    press(&mut model, "l");
    assert_eq!(selected(&model), "ETH/USD");
    assert_eq!(books(&mut model), [vec![SymbolId(1)]]);
    press(&mut model, "h 8");
    assert_eq!(books(&mut model).last(), Some(&Vec::new()));
    press(&mut model, "6 z Tab");
    assert_eq!(model.focus, PanelId::Tape, "the next panel in its place");
    assert_eq!(books(&mut model), [vec![SymbolId(0)]]);
}

#[test]
fn the_views_are_reached_by_lines_too_and_can_be_completed() {
    let mut model = screen(Some(live()), 120, 40);
    for (name, view) in [
        ("depth", View::Depth),
        ("tape", View::Tape),
        ("news", View::News),
    ] {
        enter(&mut model, &format!("view {name}"));
        assert_eq!(model.view, view);
        assert_eq!(model.focus, view.main_panel());
    }
    press(&mut model, ":");
    model.paste("record o");
    press(&mut model, "Tab Enter");
    assert_eq!(commands(&mut model).last(), Some(&Command::Record(None)));
    press(&mut model, ":");
    model.paste("reconnect k");
    press(&mut model, "Tab Enter");
    let kraken = SourceName::new("kraken");
    assert_eq!(
        commands(&mut model).last(),
        Some(&Command::Reconnect(Some(kraken)))
    );
    enter(&mut model, "record night session");
    assert_eq!(
        commands(&mut model),
        [Command::Record(Some("night session".into()))]
    );
    enter(&mut model, "record");
    assert!(model.prompt.as_ref().unwrap().error.is_some());
}

#[test]
fn lines_change_the_tape_and_the_news() {
    let mut model = screen(Some(live()), 120, 40);
    enter(&mut model, "tape min 0.5");
    enter(&mut model, "tape window 250ms");
    enter(&mut model, "view tape");
    let tape = picture(&mut model);
    assert!(
        tape.contains("min 0.5") && tape.contains("merged 250 ms"),
        "{tape}"
    );
    enter(&mut model, "tape min lots");
    assert!(model.prompt.as_ref().unwrap().error.is_some());
    press(&mut model, "Esc");
    enter(&mut model, "news symbol");
    enter(&mut model, "view news");
    let news = picture(&mut model);
    assert!(news.contains("News · BTC/USD · 3"), "{news}");
}

#[test]
fn a_headline_opens_is_read_and_copied() {
    let mut model = screen(Some(live()), 100, 30);
    press(&mut model, "8 j Enter");
    let detail = picture(&mut model);
    for part in [
        "Tesla shares halted",
        "publisher  Benzinga",
        "2019-02-13 10:26:00",
        "https://news.example.com/articles/4",
        "forty-five days",
    ] {
        assert!(detail.contains(part), "no {part}:\n{detail}");
    }
    model.take_effects();
    press(&mut model, "y");
    let copied = model.take_effects();
    assert!(
        copied
            .iter()
            .any(|it| matches!(it, Effect::Copy(text) if text.starts_with("Tesla"))),
        "{copied:?}"
    );
    press(&mut model, "Esc");
    let list = picture(&mut model);
    assert!(list.contains("4 unread"), "{list}");
    press(&mut model, "M");
    assert!(!picture(&mut model).contains("unread"));
}

#[test]
fn the_filter_of_the_news_is_left_as_it_was() {
    let mut model = screen(Some(live()), 100, 30);
    press(&mut model, "8 /");
    model.paste("tesla");
    assert!(picture(&mut model).contains("News · all · 1"));
    press(&mut model, "Esc");
    assert!(picture(&mut model).contains("News · all · 5"));
}

#[test]
fn a_symbol_whose_source_has_no_books_shows_those_of_its_namesake() {
    let mut snapshot = live();
    let mut headlines = snapshot.sources[0].clone();
    headlines.name = SourceName::new("wire");
    headlines.services = ServiceSet::of(&[DataService::News]);
    snapshot.sources.push(headlines);
    let row = snapshot.rows.get(SymbolId(0)).unwrap().clone();
    let id = SymbolId(90);
    snapshot.rows.insert(Row {
        id,
        source: SourceName::new("wire"),
        ..row
    });
    let mut model = screen(Some(snapshot), 120, 40);
    model.selected = Some(id);
    press(&mut model, "6");
    assert_eq!(books(&mut model), [vec![SymbolId(0)]]);
    assert!(picture(&mut model).contains("verified"));
}

#[test]
fn a_picture_that_is_held_says_so_where_it_has_nothing_of_a_symbol() {
    for (key, word) in [("6", "depth"), ("7", "trades")] {
        let mut model = screen(Some(live()), 140, 40);
        press(&mut model, key);
        press(&mut model, "f l");
        let text = picture(&mut model);
        let expected = format!("no {word} for ETH/USD while the picture is held: f lets it go on");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn what_a_source_does_not_give_is_said_for_certain() {
    let mut snapshot = live();
    snapshot.sources[0].services = ServiceSet::of(&[DataService::Level1]);
    snapshot.depths.clear();
    snapshot.tapes.clear();
    for (key, service) in [("6", "LEVEL2"), ("7", "TIMESALE")] {
        let mut model = screen(Some(snapshot.clone()), 90, 40);
        press(&mut model, key);
        let text = picture(&mut model);
        assert!(
            text.contains(&format!("kraken does not give {service}")),
            "{text}"
        );
    }
}

#[test]
fn a_halt_is_told_in_full_above_chart_and_book_and_twins_with_their_source() {
    let mut snapshot = live();
    let reason = "Market-Wide Circuit Breaker Halt";
    snapshot.rows.get_mut(SymbolId(0)).unwrap().facts = Some(Arc::new(SymbolFacts {
        trading: Some(Trading::Halted),
        reason: Some(reason.into()),
        ..SymbolFacts::default()
    }));
    let row = snapshot.rows.get(SymbolId(0)).unwrap().clone();
    snapshot.rows.insert(Row {
        id: SymbolId(90),
        source: SourceName::new("iex"),
        ..row
    });
    let mut source = snapshot.sources[0].clone();
    source.name = SourceName::new("iex");
    snapshot.sources.push(source);
    let mut model = screen(Some(snapshot), 140, 40);
    model.selected = Some(SymbolId(0));
    for (key, panel) in [("3", ""), ("6", "Depth · ")] {
        press(&mut model, key);
        let text = picture(&mut model);
        for part in [
            format!("{panel}BTC/USD@kraken · "),
            format!("‖ HALTED {reason}"),
        ] {
            assert!(text.contains(&part), "no {part}: {text}");
        }
    }
    press(&mut model, "7");
    assert!(picture(&mut model).contains("Tape · BTC/USD@kraken"));
}

#[test]
fn grouping_and_tape_are_as_they_were_left() {
    let mut model = screen(Some(live()), 140, 40);
    press(&mut model, "6 - - -");
    enter(&mut model, "tape min 0.5");
    enter(&mut model, "tape window 250ms");
    enter(&mut model, "tape big 3x");
    let session = serde_json::to_string(&model.session()).unwrap();
    let session: SessionState = serde_json::from_str(&session).unwrap();
    let mut again = Model::new(TuiSettings::default(), session);
    again.resize(140, 40);
    again.take(Arc::new(live()));
    again.settle();
    let text = picture(&mut again);
    for part in ["step 1 ", "min 0.5", "merged 250 ms"] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    for name in [Some("BTC/USD@kraken"), Some("ETH/USD@kraken"), None] {
        let rules = model.panels.tape.rules_of(name);
        assert_eq!(again.panels.tape.rules_of(name), rules);
        assert_eq!(rules.size_min.is_some(), name == Some("BTC/USD@kraken"));
    }
}
