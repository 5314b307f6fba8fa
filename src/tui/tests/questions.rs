//! The query view: its pictures, and what keys do in it.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::action::Action;
use super::super::fixture::{NOW, full, picture, screen};
use super::super::model::{Effect, Model};
use super::super::views::View;
use crate::pipeline::question::{Answer, AnswerCell, AnswerColumn, AnswerTable, AnswerView};
use crate::pipeline::{Command, Snapshot};

const QUESTION: &str =
    "SELECT symbol, datetime, open, high, low, close, volume, sma_20 FROM bars WHERE volume > 1e6";

fn with(answer: Option<Answer>) -> Snapshot {
    Snapshot {
        version: 8,
        answer: Some(Arc::new(AnswerView {
            id: 4,
            sql: QUESTION.to_owned(),
            asked: NOW.plus_ms(-3_400),
            answer,
        })),
        ..full()
    }
}

/// Bars of some symbols, more of them than fit, and more still that were not kept.
fn table() -> Answer {
    let column = |name: &str, is_number| AnswerColumn {
        name: name.to_owned(),
        is_number,
    };
    let numbers = ["open", "high", "low", "close", "volume", "sma_20"];
    let columns = [column("symbol", false), column("datetime", false)]
        .into_iter()
        .chain(numbers.map(|name| column(name, true)))
        .chain([column("is_late", false), column("note", false)])
        .collect();
    let rows = (0..10_000_i64)
        .map(|at| {
            let price = 170.0 + (at % 37) as f64 * 0.25;
            let minute = at % 60;
            vec![
                AnswerCell::Text(["AAPL", "AMZN", "日経", "BRK.B"][(at % 4) as usize].into()),
                AnswerCell::Time(format!("2019-02-13T10:{minute:02}:00-05:00").into()),
                AnswerCell::Float(price),
                AnswerCell::Float(price + 0.125),
                AnswerCell::Float(price - 1.5),
                AnswerCell::Float(price * 10.0),
                AnswerCell::Integer(1_000 + at * 7_919),
                if at < 19 {
                    AnswerCell::Null
                } else {
                    AnswerCell::Float(-price / 3.0)
                },
                AnswerCell::Bool(at % 3 == 0),
                AnswerCell::Text(
                    format!("a long\nnote \x1b[31m of row {at}, and so on and on and on").into(),
                ),
            ]
        })
        .collect();
    Answer::Table(Arc::new(AnswerTable {
        columns,
        rows,
        rows_total: 1_234_567,
        took: Duration::from_micros(12_400),
    }))
}

fn key(model: &mut Model, code: KeyCode) {
    model.key(&KeyEvent::from(code));
    model.settle();
}

fn check(name: &str, snapshot: &Snapshot, act: &dyn Fn(&mut Model)) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let mut model = screen(Some(snapshot.clone()), width, height);
            model.act(Action::View(View::Query));
            act(&mut model);
            insta::assert_snapshot!(format!("query_{name}_{width}x{height}"), picture(&mut model));
        }
    });
}

#[test]
fn nothing_asked_yet() {
    check("empty", &full(), &|_| {});
    check("typing", &full(), &|model| {
        model.paste("SELECT symbol, max(high)\nFROM b");
    });
}

#[test]
fn a_question_under_way() {
    check("running", &with(None), &|_| {});
}

#[test]
fn an_answer_of_many_columns_that_is_scrolled() {
    check("answer", &with(Some(table())), &|_| {});
    check("scrolled", &with(Some(table())), &|model| {
        picture(model);
        for _ in 0..3 {
            key(model, KeyCode::Right);
        }
        for _ in 0..2 {
            key(model, KeyCode::PageDown);
        }
    });
}

#[test]
fn a_question_that_cannot_be_answered() {
    let reason = "unable to find column \"closee\"; valid columns: [\"symbol\", \"unix_ts\", \"datetime\", \"open\", \"high\", \
                  \"low\", \"close\", \"volume\"]\n\nResolved plan until failure:\n\n\t---> FAILED HERE RESOLVING 'select' <---\n\
                  DF [\"symbol\", \"unix_ts\", \"datetime\", \"open\", ...]; PROJECT */8 COLUMNS\x1b[2J";
    check(
        "error",
        &with(Some(Answer::Failed(reason.to_owned()))),
        &|_| {},
    );
}

#[test]
fn a_question_that_was_given_up() {
    check("cancelled", &with(Some(Answer::Cancelled)), &|_| {});
}

fn sent(model: &mut Model) -> Vec<Command> {
    model
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(command @ (Command::Ask(_) | Command::CancelQuestion)) => Some(command),
            _ => None,
        })
        .collect()
}

#[test]
fn a_question_is_typed_asked_cancelled_and_remembered() {
    let mut model = screen(Some(full()), 100, 30);
    key(&mut model, KeyCode::Char('Q'));
    // Letters are letters here, whatever they mean elsewhere.
    for letter in "select q".chars() {
        key(&mut model, KeyCode::Char(letter));
    }
    assert!(!model.is_quitting());
    key(&mut model, KeyCode::Enter);
    assert_eq!(sent(&mut model), [Command::Ask("select q".to_owned())]);
    assert!(picture(&mut model).contains("running · Esc cancels"));
    key(&mut model, KeyCode::Esc);
    assert_eq!(sent(&mut model), [Command::CancelQuestion]);
    assert_eq!(model.session().questions, ["select q"]);

    // An answer is read with the keys of a list; Enter goes back to the line, Esc leaves it, then the view.
    model.take(Arc::new(with(Some(table()))));
    key(&mut model, KeyCode::Char('j'));
    key(&mut model, KeyCode::Enter);
    key(&mut model, KeyCode::Char('j'));
    assert!(picture(&mut model).contains("select qj"));
    key(&mut model, KeyCode::Up);
    assert!(picture(&mut model).contains("select q "));
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Query);
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Overview);
    assert!(sent(&mut model).is_empty());
}

fn enter(model: &mut Model, line: &str) {
    key(model, KeyCode::Char(':'));
    model.paste(line);
    key(model, KeyCode::Enter);
}

#[test]
fn the_command_line_asks_and_has_the_answer_written() {
    let mut model = screen(Some(full()), 100, 30);
    enter(&mut model, "answer a.csv");
    assert!(picture(&mut model).contains("there is no answer"));
    key(&mut model, KeyCode::Esc);
    enter(&mut model, "sql SELECT 1");
    assert_eq!(sent(&mut model), [Command::Ask("SELECT 1".to_owned())]);
    assert_eq!(model.view, View::Query);
    model.take(Arc::new(with(Some(table()))));
    model.settle();
    enter(&mut model, "answer! some/a.jsonl");
    let written = model.take_effects().into_iter().any(|effect| match effect {
        Effect::WriteAnswer(order, table) => {
            order.overwrite && order.path.ends_with("a.jsonl") && table.rows_total == 1_234_567
        }
        _ => false,
    });
    assert!(written);
    enter(&mut model, "answer a.xlsx");
    assert!(picture(&mut model).contains(".csv, .jsonl or .txt"));
    key(&mut model, KeyCode::Esc);
    // The line is the question's again.
    enter(&mut model, "sql");
    key(&mut model, KeyCode::Char('5'));
    assert!(picture(&mut model).contains("SELECT 15"));
}

#[test]
fn an_answer_is_seen_while_the_picture_is_held() {
    let mut model = screen(Some(with(None)), 100, 30);
    model.act(Action::View(View::Query));
    model.act(Action::Freeze);
    model.take(Arc::new(with(Some(table()))));
    let picture = picture(&mut model);
    assert!(picture.contains("first 10,000 of 1.2 M rows"), "{picture}");
}
