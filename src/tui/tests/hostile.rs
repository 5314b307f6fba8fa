//! Whatever the data says, the terminal gets only what the screen means to send.

use std::sync::Arc;
use std::time::Duration;

use super::super::action::Action;
use super::super::draw::draw;
use super::super::fixture::live::{depth, live, news, tape};
use super::super::fixture::{error, full, screen};
use super::super::panel::Response;
use super::super::screen::Screen;
use super::super::views::View;
use crate::domain::news::News;
use crate::domain::quote::{SymbolFacts, Trading};
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::trade::{TimeAndSale, TradeId};
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{BookState, Row};

const HOSTILE: &str =
    "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\u{200b}e\u{301}\r\n\t\x00\u{7f}\u{85}日本\u{1f600}";

fn board() -> Snapshot {
    let mut snapshot = full();
    // A symbol cannot hold any of this, but what looks harmless can still be wide.
    let wide = Row::waiting(
        SymbolId(50),
        Symbol::new("日経平均株価指数先物取引所").unwrap(),
        SourceName::new(HOSTILE),
    );
    snapshot.rows.insert(wide);
    let mut row = error(9, HOSTILE, 1);
    row.location = Some(HOSTILE.to_owned());
    row.sample = Some(HOSTILE.repeat(20));
    row.source = Some(SourceName::new(HOSTILE));
    snapshot.errors = Arc::new(vec![row]);
    snapshot.sources[0].label = format!("replay:{HOSTILE}");
    snapshot.sources[0].name = SourceName::new(HOSTILE);
    snapshot.sources[0].waiting_for = Some(Symbol::new("日経").unwrap());
    add_market(&mut snapshot);
    snapshot
}

/// What a venue says of itself, its books, trades and news.
fn add_market(snapshot: &mut Snapshot) {
    let mut connection = live().sources[0].connections[0].clone();
    connection.host = HOSTILE.to_owned();
    connection.last_error = Some((Duration::MAX, HOSTILE.repeat(100)));
    snapshot.sources[0].connections = vec![connection];
    let mut depth = depth(5);
    depth.state = BookState::Lost(HOSTILE.repeat(100));
    snapshot.depths = vec![Arc::new(depth)];
    let mut tape = tape(200);
    for row in Arc::make_mut(&mut tape.rows) {
        row.trade = Arc::new(TimeAndSale {
            conditions: [HOSTILE; 3].map(Box::from).into(),
            trade_id: Some(TradeId::Text(HOSTILE.into())),
            ..TimeAndSale::clone(&row.trade)
        });
    }
    snapshot.tapes = vec![Arc::new(tape)];
    let mut headline = news(1, 0, &HOSTILE.repeat(20_000));
    headline.news = Arc::new(News {
        source: Some(HOSTILE.to_owned()),
        url: Some(HOSTILE.repeat(100)),
        summary: Some(HOSTILE.repeat(100)),
        symbols: [HOSTILE.to_owned()].into(),
        ..News::clone(&headline.news)
    });
    snapshot.news = Arc::new(vec![headline]);
    if let Some(row) = snapshot.rows.get_mut(SymbolId(0)) {
        row.facts = Some(Arc::new(SymbolFacts {
            trading: Some(Trading::Halted),
            reason: Some(HOSTILE.into()),
            ..SymbolFacts::default()
        }));
    }
}

/// Takes the sequences that the screen may send out of a frame; what is left must be text.
fn without_allowed(frame: &str) -> String {
    let mut rest = String::new();
    let mut left = frame;
    while let Some(at) = left.find('\x1b') {
        rest.push_str(&left[..at]);
        left = &left[at..];
        let end = left
            .char_indices()
            .skip(2)
            .find(|(_, c)| !(c.is_ascii_digit() || matches!(c, ';' | '?')))
            .map_or(left.len() - 1, |(at, _)| at);
        let sequence = &left[..=end];
        let is_allowed = matches!(sequence, "\x1b[?2026h" | "\x1b[?2026l" | "\x1b[2J")
            || (sequence.starts_with("\x1b[")
                && !sequence.contains('?')
                && (sequence.ends_with('m') || sequence.ends_with('H')));
        assert!(is_allowed, "{sequence:?}");
        left = &left[end + 1..];
    }
    rest.push_str(left);
    rest
}

#[test]
fn only_known_sequences_reach_the_terminal() {
    for (width, height) in [(40, 12), (80, 24), (133, 41)] {
        let mut model = screen(Some(board()), width, height);
        for view in View::ALL {
            for overlay in [false, true] {
                model.act(Action::View(view));
                if overlay && view == View::News {
                    model.respond(Response::ShowNews(1));
                } else if overlay {
                    model.respond(Response::ShowError(9));
                }
                model.act(Action::Filter);
                model.paste(HOSTILE);
                model.settle();
                let mut screen = Screen::new(width, height);
                draw(&mut model, screen.blank());
                let frame = screen.compose(b"").unwrap().to_vec();
                let frame = String::from_utf8(frame).unwrap();
                let text = without_allowed(&frame);
                let bad = text
                    .chars()
                    .find(|c| c.is_control() || !crate::domain::symbol::is_visible(*c));
                assert_eq!(bad, None, "{view} {width}x{height}");
                model.prompt = None;
                model.overlay = None;
                model.panels.watchlist.set_filter("");
                model.panels.errors.set_filter("");
                model.panels.news.set_filter("");
            }
        }
    }
}

#[test]
fn the_last_gate_holds_when_a_text_was_forgotten() {
    let mut screen = Screen::new(10, 1);
    screen.blank().content[0].set_symbol("\x1b");
    let frame = screen.compose(b"").unwrap().to_vec();
    let text = without_allowed(&String::from_utf8(frame).unwrap());
    assert_eq!(text, "?");
}
