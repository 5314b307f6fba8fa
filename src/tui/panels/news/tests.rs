//! What is read, what is shown, and where the reader is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::sync::Arc;

use ratatui::layout::Position;

use super::super::super::fixture::live::{live, news};
use super::super::super::fixture::{Scene, drawn};
use super::super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::NewsPanel;
use crate::domain::news::News;
use crate::domain::source::SourceName;
use crate::domain::symbol::SymbolId;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::NewsRow;

fn on(scene: &Scene) -> PanelContext<'_> {
    let mut context = scene.context();
    context.selected = Some(SymbolId(0));
    context
}

fn with_news(rows: Vec<NewsRow>) -> Scene {
    Scene::new(Snapshot {
        news: Arc::new(rows),
        ..live()
    })
}

fn many(count: u64) -> Vec<NewsRow> {
    (1..=count)
        .map(|id| news(id, (id % 2) as u32, &format!("headline {id:03}")))
        .collect()
}

#[test]
fn headlines_are_unread_until_they_are_opened_or_marked() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = NewsPanel::default();
    let first = drawn(&mut panel, &context, 80, 10);
    assert_eq!(first.matches('●').count(), 5, "{first}");
    assert!(panel.title(&context).to_string().contains("5 unread"));
    let opened = panel.act(PanelAction::Open, &context);
    assert_eq!(opened, Response::ShowNews(5), "the newest");
    panel.mark_read(5);
    panel.act(PanelAction::Down, &context);
    panel.act(PanelAction::Acknowledge, &context);
    assert!(panel.title(&context).to_string().contains("3 unread"));
    panel.act(PanelAction::AcknowledgeAll, &context);
    assert!(!panel.title(&context).to_string().contains("unread"));
    let mut more = live().news.to_vec();
    more.push(news(6, 1, "one more"));
    let scene = with_news(more);
    let text = drawn(&mut panel, &on(&scene), 80, 10);
    assert_eq!(text.matches('●').count(), 1, "{text}");
}

#[test]
fn the_scope_is_the_selected_symbol_or_all() {
    let scene = Scene::new(live());
    let mut context = on(&scene);
    let mut panel = NewsPanel::default();
    panel.act(PanelAction::Scope, &context);
    let text = drawn(&mut panel, &context, 80, 10);
    assert!(text.contains("Miner") && !text.contains("Tesla"), "{text}");
    context.selected = Some(SymbolId(2));
    let text = drawn(&mut panel, &context, 80, 10);
    assert!(text.contains("Tesla") && !text.contains("Miner"), "{text}");
    panel.act(PanelAction::Scope, &context);
    assert!(drawn(&mut panel, &context, 80, 10).contains("Miner"));
}

#[test]
fn the_reader_stays_at_the_headline_while_others_come_in() {
    let before = with_news(many(100));
    let mut panel = NewsPanel::default();
    drawn(&mut panel, &on(&before), 80, 10);
    panel.act(PanelAction::PageDown, &on(&before));
    panel.act(PanelAction::PageDown, &on(&before));
    drawn(&mut panel, &on(&before), 80, 10);
    let after = with_news(many(103));
    let text = drawn(&mut panel, &on(&after), 80, 10);
    assert!(text.contains("headline 080"), "{text}");
    assert_eq!(
        panel.act(PanelAction::Open, &on(&after)),
        Response::ShowNews(80)
    );
    panel.act(PanelAction::Home, &on(&after));
    assert!(drawn(&mut panel, &on(&after), 80, 10).contains("headline 103"));
}

#[test]
fn the_filter_takes_words_in_any_case() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = NewsPanel::default();
    for (filter, count) in [("tesla HALTED", 1), ("mstr", 5), ("zzz", 0), ("", 5)] {
        panel.set_filter(filter);
        drawn(&mut panel, &context, 80, 10);
        assert_eq!(panel.rows.shown.len(), count, "{filter}");
    }
    panel.set_filter("zzz");
    assert!(drawn(&mut panel, &context, 80, 10).contains("Esc shows all"));
    assert_eq!(panel.act(PanelAction::Back, &context), Response::Done);
    assert_eq!(panel.filter(), "");
}

#[test]
fn a_headline_is_opened_and_copied() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = NewsPanel::default();
    drawn(&mut panel, &context, 80, 10);
    let second = PanelMouse::DoubleClick(Position::new(20, 1));
    assert_eq!(panel.mouse(second, &context), Response::ShowNews(4));
    let Response::Copy(text) = panel.act(PanelAction::Copy, &context) else {
        panic!("nothing copied");
    };
    assert_eq!(
        text,
        "Tesla shares halted, news pending\nhttps://news.example.com/articles/4?from=stream"
    );
}

#[test]
fn hostile_news_of_any_length_is_drawn_at_any_size() {
    let hostile = "\x1b]0;x\u{7}\u{202e}\u{200b}日本\r\n".repeat(70_000);
    let row = NewsRow {
        news: Arc::new(News {
            headline: hostile.clone(),
            source: Some(hostile.clone()),
            url: Some(hostile.clone()),
            summary: Some(hostile.clone()),
            symbols: vec![hostile; 10].into(),
        }),
        ..news(1, 0, "")
    };
    let scene = with_news(vec![row]);
    let context = on(&scene);
    let mut panel = NewsPanel::default();
    for (width, height) in (0..60).map(|at| (at * 3, at % 30)) {
        let text = drawn(&mut panel, &context, width, height);
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'));
    }
    panel.set_filter("日本");
    drawn(&mut panel, &context, 80, 10);
    assert_eq!(panel.rows.shown.len(), 1);
}

#[test]
fn news_that_another_source_brings_is_of_the_symbol_too() {
    let mut snapshot = live();
    let mut twin = snapshot.rows.get(SymbolId(0)).unwrap().clone();
    twin.id = SymbolId(90);
    twin.source = SourceName::new("iex");
    snapshot.rows.insert(twin);
    let scene = Scene::new(snapshot);
    let mut context = scene.context();
    context.selected = Some(SymbolId(90));
    let mut panel = NewsPanel::default();
    panel.act(PanelAction::Scope, &context);
    let text = drawn(&mut panel, &context, 80, 10);
    assert!(text.contains("Miner") && !text.contains("Tesla"), "{text}");
}

#[test]
fn what_is_not_in_the_list_is_not_marked_with_all_of_it() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = NewsPanel::default();
    let unread = |panel: &mut NewsPanel| drawn(panel, &context, 80, 10).matches('●').count();
    panel.act(PanelAction::Scope, &context);
    panel.act(PanelAction::AcknowledgeAll, &context);
    assert_eq!(unread(&mut panel), 0);
    panel.act(PanelAction::Scope, &context);
    assert_eq!(unread(&mut panel), 2, "of the other symbols");
    panel.set_filter("tesla");
    panel.act(PanelAction::AcknowledgeAll, &context);
    panel.set_filter("");
    assert_eq!(unread(&mut panel), 1);
    panel.act(PanelAction::AcknowledgeAll, &context);
    assert_eq!(unread(&mut panel), 0);
}
