//! The line, its completion and its history; the table and what it costs.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use super::super::super::fixture::{Scene, drawn, full};
use super::super::super::panel::{Panel, PanelAction};
use super::completion::offer;
use super::line::HISTORY_MAX;
use super::*;
use crate::domain::table::TABLES;
use crate::domain::time::UnixMs;
use crate::pipeline::question::{AnswerCell, AnswerColumn, AnswerTable};

fn names() -> Names {
    Names {
        symbols: vec!["AAPL".into(), "AMZN".into(), "TSLA".into()],
        indicators: vec!["sma_20".into(), "bb_20_2_upper@5m".into()],
        columns: vec!["gap".into()],
    }
}

fn offered(before: &str) -> Vec<String> {
    offer(before, "", &names()).words
}

#[test]
fn what_can_stand_there_is_offered() {
    assert_eq!(offered("sel"), ["select"]);
    assert_eq!(offered("SEL"), ["SELECT"]);
    assert_eq!(
        offered("SELECT * FROM bars_1"),
        ["bars_15m", "bars_1h", "bars_1d"]
    );
    assert_eq!(offered("SELECT * FROM ").len(), TABLES.len());
    assert_eq!(
        offered("SELECT * FROM bars WHERE symbol = 'a"),
        ["AAPL", "AMZN"]
    );
    assert_eq!(offered("SELECT vol"), ["volume"]);
    assert_eq!(offered("SELECT sma"), ["sma_20"]);
    // What is more than a word stands in quotes.
    assert_eq!(offered("SELECT bb"), ["\"bb_20_2_upper@5m\""]);
    assert_eq!(offered("SELECT \"bb"), ["bb_20_2_upper@5m"]);
    assert_eq!(offered("SELECT b.clo"), ["close"]);
    assert!(offered("SELECT x FROM bars LIMIT 1").is_empty());
    // A word that is complete needs nothing more.
    assert!(offered("SELECT * FROM quotes").is_empty());
    assert!(offered("SELECT hea").contains(&"headline".to_owned()));
}

#[test]
fn columns_are_those_of_the_tables_that_are_named() {
    let of_quotes = offer("SELECT bid", " FROM quotes", &names());
    assert_eq!(of_quotes.words, ["bid", "bid_size"]);
    assert!(
        offer("SELECT sma", " FROM trades", &names())
            .words
            .is_empty()
    );
    assert_eq!(offer("SELECT ga", " FROM results", &names()).words, ["gap"]);
    assert!(offer("SELECT ga", " FROM bars", &names()).words.is_empty());
    assert!(offer("SELECT pri", " FROM bars", &names()).words.is_empty());
    assert_eq!(
        offer("SELECT pri", " FROM trades", &names()).words,
        ["price"]
    );
}

#[test]
fn nothing_breaks_completion() {
    for text in [
        "'",
        "\"",
        "日経",
        "'日",
        "SELECT é.",
        ".",
        "a.b.c.",
        "\"\"'",
        "FROM\t",
    ] {
        for end in text.char_indices().map(|(at, _)| at).chain([text.len()]) {
            let offer = offer(&text[..end], &text[end..], &names());
            assert!(offer.replaces <= end, "{text}");
        }
    }
}

fn typed(line: &mut QuestionLine, text: &str) {
    line.type_text(text, &names());
}

#[test]
fn tab_goes_through_the_offers_and_keeps_what_stands_behind() {
    let mut line = QuestionLine::default();
    typed(&mut line, "SELECT  FROM quotes");
    for _ in 0..12 {
        line.edit(Edit::Left, &names());
    }
    typed(&mut line, "as");
    assert_eq!(line.offer().0.words, ["ask", "ask_size", "as", "asc"]);
    line.edit(Edit::Complete, &names());
    assert_eq!(line.text(), "SELECT ask FROM quotes");
    line.edit(Edit::Complete, &names());
    assert_eq!(line.text(), "SELECT ask_size FROM quotes");
    line.edit(Edit::CompleteBack, &names());
    line.edit(Edit::CompleteBack, &names());
    assert_eq!(line.text(), "SELECT asc FROM quotes");
    assert_eq!(line.parts().1, " FROM quotes");
    // Esc takes the list away first, then it leaves.
    assert_eq!(line.edit(Edit::Cancel, &names()), LineOutcome::Stay);
    assert_eq!(line.edit(Edit::Cancel, &names()), LineOutcome::Leave);
    assert_eq!(line.text(), "SELECT asc FROM quotes");
}

#[test]
fn several_lines_become_one_and_comments_hide_nothing() {
    let mut line = QuestionLine::default();
    typed(
        &mut line,
        "SELECT symbol, -- the name\r\n    max(high) -- the top\nFROM bars\n  WHERE symbol = 'a -- b'\n",
    );
    assert_eq!(
        line.text(),
        "SELECT symbol, max(high) FROM bars WHERE symbol = 'a -- b'"
    );
    line.set("");
    typed(&mut line, "1 -- 2");
    assert_eq!(line.text(), "1 -- 2");
}

#[test]
fn what_was_asked_comes_back_once_each_and_not_without_end() {
    let mut line = QuestionLine::default();
    for question in ["one", "two", "one", "three", " three "] {
        line.set(question);
        let asked = line.edit(Edit::Submit, &names());
        assert_eq!(asked, LineOutcome::Ask(question.trim().to_owned()));
    }
    assert_eq!(line.history(), ["two", "one", "three"]);
    line.set("half a quest");
    let mut seen = Vec::new();
    for _ in 0..4 {
        line.edit(Edit::HistoryPrevious, &names());
        seen.push(line.text().to_owned());
    }
    assert_eq!(seen, ["three", "one", "two", "two"]);
    for _ in 0..5 {
        line.edit(Edit::HistoryNext, &names());
    }
    assert_eq!(line.text(), "half a quest");
    for at in 0..2 * HISTORY_MAX {
        line.remember(&format!("q{at}"));
    }
    assert_eq!(line.history().len(), HISTORY_MAX);
    assert_eq!(line.history().last().unwrap(), "q199");
    // A file that was changed by hand brings nothing that could not have been typed.
    line.set_history(vec!["a\nb\x1b".to_owned(), "a b".to_owned(), String::new()]);
    assert_eq!(line.history(), ["a b"]);
    line.set("  ");
    assert_eq!(line.edit(Edit::Submit, &names()), LineOutcome::Stay);
}

/// An answer with so many rows and columns, numbers of all lengths among them.
fn answer(rows: usize, columns: usize) -> Snapshot {
    let table = AnswerTable {
        columns: (0..columns)
            .map(|column| AnswerColumn {
                name: format!("column_{column}"),
                is_number: column % 5 != 0,
            })
            .collect(),
        rows: (0..rows)
            .map(|row| {
                (0..columns)
                    .map(|column| match column % 5 {
                        0 => AnswerCell::Text(format!("S{row:05}").into()),
                        1 => AnswerCell::Integer((row * 7919) as i64),
                        4 if row % 3 == 0 => AnswerCell::Null,
                        _ => AnswerCell::Float(row as f64 * 1.25 - 100.0),
                    })
                    .collect()
            })
            .collect(),
        rows_total: rows,
        ..AnswerTable::default()
    };
    let mut snapshot = full();
    snapshot.answer = Some(Arc::new(AnswerView {
        id: 0,
        sql: "SELECT".to_owned(),
        asked: UnixMs(0),
        answer: Some(Answer::Table(Arc::new(table))),
    }));
    snapshot
}

#[test]
fn only_what_is_in_sight_is_measured_and_written() {
    let scene = Scene::new(answer(10_000, 50));
    let mut panel = QueryPanel::default();
    drawn(&mut panel, &scene.context(), 120, 40);
    let columns = panel.table.drawn.1;
    assert!((4..15).contains(&columns), "{columns}");
    let (written, measured) = (panel.table.written, panel.table.measured);
    assert!(written <= columns * 40, "{written}");
    // The one beside the last is measured to learn that it does not fit.
    assert!(measured <= (columns + 1) * 10_000, "{measured}");
    panel.act(PanelAction::End, &scene.context());
    let picture = drawn(&mut panel, &scene.context(), 120, 40);
    assert!(
        picture.contains("S09999") && picture.contains("rows 9,964–10,000"),
        "{picture}"
    );
    assert!(panel.table.written <= 2 * columns * 40);
    assert_eq!(panel.table.measured, measured, "nothing is measured twice");
}

#[test]
fn the_table_moves_and_stops_at_its_ends() {
    let scene = Scene::new(answer(100, 12));
    let mut panel = QueryPanel::default();
    drawn(&mut panel, &scene.context(), 60, 13);
    let act = |panel: &mut QueryPanel, action| panel.act(action, &scene.context());
    for _ in 0..40 {
        act(&mut panel, PanelAction::Right);
        drawn(&mut panel, &scene.context(), 60, 13);
    }
    let picture = drawn(&mut panel, &scene.context(), 60, 13);
    assert!(
        picture.contains("column_11") && !picture.contains("column_0 "),
        "{picture}"
    );
    act(&mut panel, PanelAction::PageDown);
    assert_eq!(panel.table.row, 10);
    act(&mut panel, PanelAction::Up);
    assert_eq!(panel.table.row, 9);
    assert_eq!(
        act(&mut panel, PanelAction::Copy),
        Response::Copy(
            "S00009\t71271\t-88.75\t-88.75\t\tS00009\t71271\t-88.75\t-88.75\t\tS00009\t71271"
                .to_owned()
        )
    );
    act(&mut panel, PanelAction::Home);
    for _ in 0..40 {
        act(&mut panel, PanelAction::Left);
    }
    assert_eq!((panel.table.row, panel.table.column), (0, 0));
}

#[test]
fn numbers_stand_at_their_points() {
    let mut snapshot = answer(0, 2);
    let cells = [-1.5, 170.25, 1000.0, 0.333_333_333];
    let table = AnswerTable {
        columns: vec![
            AnswerColumn {
                name: "n".to_owned(),
                is_number: true,
            },
            AnswerColumn {
                name: "t".to_owned(),
                is_number: false,
            },
        ],
        rows: cells
            .iter()
            .map(|value| vec![AnswerCell::Float(*value), AnswerCell::Text("x".into())])
            .chain([vec![AnswerCell::Null, AnswerCell::Null]])
            .collect(),
        rows_total: 5,
        ..AnswerTable::default()
    };
    Arc::make_mut(snapshot.answer.as_mut().unwrap()).answer = Some(Answer::Table(Arc::new(table)));
    let scene = Scene::new(snapshot);
    let picture = drawn(&mut QueryPanel::default(), &scene.context(), 40, 10);
    let lines: Vec<&str> = picture.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "          n  t",
            "  −1.5       x",
            " 170.25      x",
            "1000         x",
            "   0.333333  x",
            "   –         –",
            "",
            ""
        ]
    );
}

#[test]
fn no_size_and_no_answer_breaks_the_panel() {
    let long = "SELECT 日本 ".repeat(20);
    for snapshot in [
        full(),
        answer(0, 0),
        answer(0, 3),
        answer(3, 0),
        answer(40, 7),
    ] {
        let scene = Scene::new(snapshot);
        let mut panel = QueryPanel::default();
        panel.start_typing();
        panel.type_text(&long, &full());
        panel.type_text("se", &full());
        for (width, height) in (0..50).flat_map(|width| (0..14).map(move |height| (width, height)))
        {
            drawn(&mut panel, &scene.context(), width, height);
            panel.act(PanelAction::PageDown, &scene.context());
            panel.act(PanelAction::Right, &scene.context());
        }
    }
}
