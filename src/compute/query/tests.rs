use std::sync::Arc;

use crate::compute::history::ValueColumns;
use crate::compute::history::columns::{BarColumns, Chunk, Part, QuoteColumns, TradeRows};
use crate::compute::indicator::IndicatorSet;
use crate::domain::Decimal;
use crate::domain::column::ColumnValues;
use crate::domain::outcome::{DayStats, ErrorKind, Severity};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::table::TABLES;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

use super::*;

/// 09:30 in New York on 2019-02-13.
const OPEN: i64 = 1_550_068_200_000;
const MINUTE: i64 = 60_000;

fn columns(rows: &[(i64, [f64; 5])]) -> BarColumns {
    let of = |at: usize| rows.iter().map(|row| row.1[at]).collect();
    let chunk = Chunk {
        times: rows.iter().map(|row| row.0).collect(),
        values: [of(0), of(1), of(2), of(3), of(4)],
    };
    // Two chunks, as histories have them.
    let chunk = Arc::new(chunk);
    let half = rows.len() / 2;
    BarColumns::new(vec![
        Part::new(Arc::clone(&chunk), 0..half),
        Part::new(chunk, half..rows.len()),
    ])
}

/// Bars whose close is `first`, `first + 1` and so on, one a minute.
fn rising(first: f64, minutes: std::ops::Range<i64>) -> Vec<(i64, [f64; 5])> {
    minutes
        .map(|minute| {
            let close = first + minute as f64;
            let time = OPEN + minute * MINUTE;
            (time, [close - 0.5, close + 1.0, close - 1.0, close, 10.0])
        })
        .collect()
}

fn symbol(name: &str, rows: &[(i64, [f64; 5])], indicators: &[&str]) -> SymbolData {
    let specs: Vec<_> = indicators.iter().map(|it| it.parse().unwrap()).collect();
    SymbolData {
        symbol: Symbol::new(name).unwrap(),
        source: SourceName::new("replay"),
        calendar: SessionCalendar::UsEquities,
        interval: Timeframe::M1,
        bars: columns(rows),
        quotes: QuoteColumns::default(),
        trades: TradeRows::default(),
        indicators: IndicatorSet::new(&specs).unwrap(),
        at_close: Vec::new(),
        recent: Vec::new(),
    }
}

fn two_symbols(indicators: &[&str]) -> Tables {
    Tables {
        symbols: vec![
            symbol("AAPL", &rising(100.0, 0..12), indicators),
            symbol("SPY", &rising(200.0, 0..4), &[]),
        ],
        ..Tables::default()
    }
}

fn try_ask(tables: &Tables, sql: &str) -> Result<AnswerFrame, QueryError> {
    ask(&Statement::new(sql)?, tables, &Cancel::default())
}

/// The answer as lines of cells, `|` between them.
fn lines(tables: &Tables, sql: &str) -> Vec<String> {
    let frame = try_ask(tables, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text = |cell| match cell {
        Cell::Null => "null".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Float(value) => value.to_string(),
        Cell::Text(text) | Cell::Time(text) | Cell::Json(text) => text.into(),
    };
    let line = |row: Vec<Cell>| row.into_iter().map(text).collect::<Vec<_>>().join("|");
    frame.rows().map(line).collect()
}

fn message(tables: &Tables, sql: &str) -> String {
    let error = try_ask(tables, sql).unwrap_err();
    assert!(error.is_mistake(), "{sql}: {error:?}");
    error.to_string()
}

#[test]
fn bars_of_all_symbols_are_one_table() {
    let tables = two_symbols(&[]);
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, max(high), min(low), sum(volume), count(*) FROM bars GROUP BY symbol ORDER BY symbol"
        ),
        ["AAPL|112|99|120|12", "SPY|204|199|40|4"]
    );
    assert_eq!(
        lines(&tables, "SELECT * FROM bars WHERE symbol = 'SPY' LIMIT 1"),
        ["SPY|1550068200000|2019-02-13T09:30:00-05:00|199.5|201|199|200|10|replay|2019-02-13"]
    );
    // Rows stand by symbol and time as they are.
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, close - lag(close) OVER (PARTITION BY symbol ORDER BY unix_ts) AS move FROM bars LIMIT 3"
        ),
        ["AAPL|null", "AAPL|1", "AAPL|1"]
    );
}

#[test]
fn tables_can_be_listed_and_described() {
    let tables = two_symbols(&["sma(2)"]);
    assert_eq!(
        lines(&tables, "SHOW TABLES"),
        TABLES.map(|table| table.name().to_owned())
    );
    let described = lines(&tables, "DESCRIBE bars");
    assert_eq!(described[0], "symbol|str");
    assert_eq!(described[1], "unix_ts|i64");
    assert!(described[2].contains("America/New_York"), "{described:?}");
    assert_eq!(described[9], "date|date");
    assert_eq!(described[10], "sma_2|f64");
    for table in TABLES {
        let name = table.name();
        let described = lines(&tables, &format!("DESCRIBE {name}"));
        let described: Vec<&str> = described
            .iter()
            .map(|line| line.split('|').next().unwrap())
            .collect();
        // What is listed elsewhere is what the tables are made of.
        let mut listed = table.columns().to_vec();
        if table.has_indicators() {
            listed.push("sma_2");
        }
        assert_eq!(described, listed, "{name}");
        let selected = try_ask(&tables, &format!("SELECT * FROM {name}")).unwrap();
        let selected = selected.columns().into_iter().map(|column| column.name);
        assert_eq!(selected.collect::<Vec<_>>(), listed, "{name}");
        // Nothing to ask of is no mistake.
        assert!(lines(&Tables::default(), &format!("SELECT * FROM {name}")).is_empty());
    }
    assert!(lines(&tables, "EXPLAIN SELECT close FROM bars")[0].len() > 3);
}

#[test]
fn longer_bars_are_built_within_trading_days() {
    let tables = two_symbols(&[]);
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, datetime, open, high, low, close, volume FROM bars_5m"
        ),
        [
            "AAPL|2019-02-13T09:30:00-05:00|99.5|105|99|104|50",
            "AAPL|2019-02-13T09:35:00-05:00|104.5|110|104|109|50",
            "AAPL|2019-02-13T09:40:00-05:00|109.5|112|109|111|20",
            "SPY|2019-02-13T09:30:00-05:00|199.5|204|199|203|40",
        ]
    );
    // 23:50, and ten past midnight; the day that begins then has minutes before trading opens, too.
    let night = (14 * 60 + 20) * MINUTE;
    let late: Vec<_> = rising(1.0, 0..25)
        .into_iter()
        .map(|(time, row)| (time + night, row))
        .collect();
    let tables = Tables {
        symbols: vec![symbol("AAPL", &late, &[])],
        ..Tables::default()
    };
    assert_eq!(
        lines(&tables, "SELECT datetime, volume FROM bars_1d"),
        [
            "2019-02-13T04:00:00-05:00|100",
            "2019-02-14T04:00:00-05:00|150"
        ]
    );
    assert_eq!(lines(&tables, "SELECT volume FROM bars_1h"), ["100", "150"]);
}

#[test]
fn an_indicator_of_another_timeframe_is_that_of_the_last_closed_bar() {
    let tables = two_symbols(&["sma(2)", "sma(2)@5m"]);
    let found = lines(
        &tables,
        "SELECT close, sma_2, \"sma_2@5m\" FROM bars WHERE symbol = 'AAPL'",
    );
    let expected: Vec<String> = (0..12)
        .map(|minute| {
            let close = 100 + minute;
            let sma = if minute == 0 {
                "null".to_owned()
            } else {
                (f64::from(close) - 0.5).to_string()
            };
            // The second five-minute bar closes with its last minute: 104 and 109 are known then.
            let long = if minute < 9 { "null" } else { "106.5" };
            format!("{close}|{sma}|{long}")
        })
        .collect();
    assert_eq!(found, expected);
    // Those who have none have nulls, and longer bars have their own; the last is still growing.
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, close, sma_2, sma_2@5m FROM bars_5m"
        ),
        [
            "AAPL|104|null|null",
            "AAPL|109|106.5|106.5",
            "AAPL|111|110|110",
            "SPY|203|null|null"
        ]
    );
}

#[test]
fn indicators_are_there_with_all_columns_or_by_name() {
    let tables = two_symbols(&["sma(2)"]);
    let names = |sql: &str| -> Vec<String> {
        let frame = try_ask(&tables, sql).unwrap();
        frame.columns().into_iter().map(|it| it.name).collect()
    };
    assert_eq!(names("SELECT * FROM bars").last().unwrap(), "sma_2");
    assert_eq!(names("SELECT b.* FROM bars AS b").last().unwrap(), "sma_2");
    assert_eq!(names("SELECT sma_2 FROM bars"), ["sma_2"]);
    assert_eq!(names("SELECT COLUMNS('^sma') FROM bars"), ["sma_2"]);
    let by_query = names("WITH t AS (SELECT * FROM bars) SELECT * FROM t");
    assert_eq!(by_query.last().unwrap(), "sma_2");
}

#[test]
fn one_column_has_one_zone() {
    let mut tables = two_symbols(&[]);
    tables.symbols[1].calendar = SessionCalendar::UtcDay;
    assert_eq!(
        lines(&tables, "SELECT datetime FROM bars LIMIT 1"),
        ["2019-02-13T14:30:00+00:00"]
    );
}

#[test]
fn what_is_not_there_is_named_with_what_is_near() {
    let tables = two_symbols(&["sma(20)"]);
    for (sql, parts) in [
        (
            "SELECT clsoe FROM bars",
            [
                "there is no column 'clsoe', did you mean 'close'?",
                "bars has symbol, unix_ts, datetime",
            ],
        ),
        (
            "SELECT close FROM bars WHERE smybol = 'A'",
            ["'smybol', did you mean 'symbol'?", "sma_20"],
        ),
        (
            "SELECT b.clos FROM bars b",
            ["'clos', did you mean 'close'?", "bars has"],
        ),
        (
            "SELECT symbol, max(hihg) FROM bars GROUP BY symbol",
            ["'hihg', did you mean 'high'?", "bars has"],
        ),
        (
            "SELECT * FROM barz",
            [
                "there is no table 'barz', did you mean 'bars'?",
                "quotes, trades, news",
            ],
        ),
        (
            "SELECT * FROM Bars",
            ["there is no table 'Bars', did you mean 'bars'?", "bars_1d"],
        ),
        (
            "DESCRIBE trade",
            ["'trade', did you mean 'trades'?", "errors"],
        ),
        (
            "SELECT * FROM read_csv('/etc/passwd')",
            ["'read_csv' is no table", "--source"],
        ),
        (
            "SELECT meen(close) FROM bars",
            ["there is no function 'meen'", "mean"],
        ),
        ("SELECT FROM WHERE", ["", ""]),
        ("SELECT close FROM bars WHERE", ["", ""]),
        ("SELECT 'x", ["", ""]),
        ("SELECT symbol + close FROM bars", ["", ""]),
    ] {
        let message = message(&tables, sql);
        for part in parts {
            assert!(message.contains(part), "{sql}: {message}");
        }
        assert!(message.len() < 1000, "{message}");
        assert!(
            check(&Statement::new(sql).unwrap(), &tables).is_err(),
            "{sql}"
        );
    }
}

#[test]
fn what_is_missing_is_told_with_what_to_write_instead() {
    let tables = two_symbols(&[]);
    for (sql, part) in [
        (
            "SELECT avg(close) OVER (ORDER BY unix_ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM bars",
            "sma(20)",
        ),
        (
            "SELECT avg(close) OVER (ORDER BY unix_ts ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING) FROM bars",
            "lag(close, 2)",
        ),
        (
            "SELECT sum(close) OVER (ORDER BY unix_ts RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) FROM bars",
            "sma(20)",
        ),
        (
            "SELECT * FROM bars WHERE close = (SELECT max(close) FROM bars)",
            "IN (SELECT max(close) FROM bars)",
        ),
        (
            "SELECT * FROM bars WHERE close > (SELECT avg(close) FROM bars)",
            "CROSS JOIN (SELECT avg(close)",
        ),
        (
            "SELECT (SELECT max(close) FROM bars) AS top FROM bars",
            "CROSS JOIN",
        ),
        (
            "SELECT * FROM bars WHERE unix_ts >= '2019-02-15'",
            "number of milliseconds",
        ),
        (
            "SELECT * FROM bars WHERE '2019-02-15' <= unix_ts",
            "number of milliseconds",
        ),
        (
            "SELECT * FROM bars WHERE unix_ts BETWEEN '2019-02-15' AND '2019-02-16'",
            "number of milliseconds",
        ),
        ("SELECT * FROM bars WHERE close > '5'", "text in quotes"),
        (
            "SELECT * FROM bars WHERE datetime >= '2019-02-15T10'",
            "'2019-02-15 10:00'",
        ),
        (
            "SELECT * FROM bars WHERE datetime >= '2019-02-15T10:00:00Z'",
            "without an offset",
        ),
        (
            "SELECT * FROM bars WHERE datetime >= 'yesterday'",
            "'2019-02-15 10:00'",
        ),
        (
            "SELECT b.close FROM bars a JOIN bars b ON a.unix_ts = b.unix_ts WHERE b.datetime >= '2019-02-13'",
            "JOIN (SELECT * FROM bars WHERE datetime >=",
        ),
    ] {
        let message = message(&tables, sql);
        assert!(message.contains(part), "{sql}: {message}");
        // It is known before there is any data.
        let checked = check(&Statement::new(sql).unwrap(), &tables);
        assert_eq!(checked.unwrap_err().to_string(), message, "{sql}");
    }
}

#[test]
fn what_is_to_be_written_instead_is_answered() {
    let tables = two_symbols(&["sma(2)"]);
    for (sql, rows) in [
        (
            "SELECT symbol, close FROM bars CROSS JOIN (SELECT avg(close) AS mean FROM bars) AS m WHERE close > mean",
            4,
        ),
        (
            "SELECT symbol FROM bars WHERE close IN (SELECT max(close) FROM bars)",
            1,
        ),
        (
            "SELECT lag(close, 2) OVER (PARTITION BY symbol ORDER BY unix_ts) FROM bars",
            16,
        ),
        (
            "SELECT sum(volume) OVER (PARTITION BY symbol ORDER BY unix_ts) FROM bars",
            16,
        ),
        ("SELECT * FROM bars WHERE datetime >= '2019-02-13'", 16),
        ("SELECT * FROM bars WHERE datetime >= '2019-02-13 09:40'", 2),
        ("SELECT * FROM bars WHERE datetime >= '2019-02-13T09:40'", 2),
        (
            "SELECT * FROM bars WHERE datetime >= '2019-02-13 09:40:30'",
            1,
        ),
        (
            "SELECT * FROM bars WHERE datetime BETWEEN '2019-02-13 09:30' AND '2019-02-13 09:31'",
            4,
        ),
        (
            "SELECT b.close FROM bars a JOIN bars b ON a.unix_ts = b.unix_ts AND a.symbol = b.symbol WHERE a.datetime >= '2019-02-13 09:40'",
            2,
        ),
        (
            "SELECT b.close FROM bars a JOIN (SELECT * FROM bars WHERE datetime >= '2019-02-13 09:40') AS b \
             ON a.unix_ts = b.unix_ts AND a.symbol = b.symbol",
            2,
        ),
    ] {
        assert_eq!(lines(&tables, sql).len(), rows, "{sql}");
    }
}

#[test]
fn joins_that_would_give_too_many_rows_are_refused() {
    let tables = Tables {
        symbols: ["AAPL", "SPY"]
            .map(|name| symbol(name, &rising(1.0, 0..6000), &[]))
            .into(),
        ..Tables::default()
    };
    for (sql, part) in [
        (
            "SELECT * FROM bars a JOIN bars b ON a.symbol = b.symbol",
            "72,000,000 rows",
        ),
        (
            "SELECT count(*) FROM bars a LEFT JOIN bars b ON a.symbol = b.symbol",
            "72,000,000 rows",
        ),
        (
            "SELECT count(*) FROM bars a, bars b WHERE a.symbol = b.symbol",
            "72,000,000 rows",
        ),
        (
            "WITH t AS (SELECT symbol, close FROM bars WHERE close > 1000) \
             SELECT count(*) FROM t JOIN (SELECT symbol AS name FROM bars) u ON t.symbol = u.name",
            "60,000,000 rows",
        ),
        ("SELECT count(*) FROM bars a, bars b", "144,000,000 pairs"),
        (
            "SELECT count(*) FROM bars a CROSS JOIN bars b",
            "144,000,000 pairs",
        ),
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.close < b.close",
            "71,988,000 rows",
        ),
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.unix_ts >= b.unix_ts AND a.close <= b.volume * 400",
            "32,008,000 rows",
        ),
        (
            "SELECT count(*) FROM bars a CROSS JOIN bars b WHERE a.close < b.close OR a.open > b.close",
            "144,000,000 pairs",
        ),
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.symbol = b.symbol AND a.unix_ts < b.unix_ts",
            "72,000,000 rows",
        ),
    ] {
        let Err(error) = try_ask(&tables, sql) else {
            panic!("{sql}");
        };
        let message = error.to_string();
        assert!(message.contains(part), "{sql}: {message}");
        assert!(message.contains("at most") && message.contains("WHERE"));
        // The statement would do for less data.
        assert!(!error.is_mistake());
        assert!(
            check(&Statement::new(sql).unwrap(), &tables).is_ok(),
            "{sql}"
        );
    }
    for (sql, answer) in [
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.symbol = b.symbol AND a.unix_ts = b.unix_ts",
            "12000",
        ),
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.symbol = b.symbol WHERE b.close < 1001",
            "12000000",
        ),
        (
            "SELECT count(*) FROM bars WHERE symbol IN (SELECT symbol FROM bars)",
            "12000",
        ),
        (
            "SELECT count(*) FROM bars a JOIN bars b ON a.unix_ts <= b.unix_ts AND a.unix_ts + 60000 > b.unix_ts",
            "24000",
        ),
        (
            "SELECT count(*) FROM (SELECT DISTINCT symbol FROM bars) a CROSS JOIN bars b",
            "24000",
        ),
    ] {
        assert_eq!(lines(&tables, sql), [answer], "{sql}");
    }
}

#[test]
fn what_nests_deeply_is_answered_or_refused_but_ends_nothing() {
    let tables = two_symbols(&[]);
    let sum = format!("SELECT {}close FROM bars", "close + ".repeat(900));
    let brackets = format!(
        "SELECT {}close{} FROM bars",
        "(".repeat(4000),
        ")".repeat(4000)
    );
    let queries = format!(
        "{}SELECT 1{}",
        "SELECT * FROM (".repeat(500),
        ") t".repeat(500)
    );
    for sql in [sum, brackets, queries] {
        let statement = Statement::new(&sql).unwrap();
        let tables = tables.clone();
        let worker = std::thread::Builder::new().stack_size(256 << 20);
        let answer = worker.spawn(move || ask(&statement, &tables, &Cancel::default()).is_ok());
        answer.unwrap().join().unwrap();
    }
}

#[test]
fn a_panic_is_an_error() {
    let panic: Box<dyn std::any::Any + Send> = Box::new("index out of bounds");
    let error = QueryError::of_panic(panic.as_ref());
    assert!(error.to_string().contains("index out of bounds"), "{error}");
    assert!(!error.is_mistake());
}

#[test]
fn what_is_given_up_is_not_begun() {
    let cancel = Cancel::default();
    cancel.cancel();
    let statement = Statement::new("SELECT * FROM bars").unwrap();
    let answer = ask(&statement, &two_symbols(&[]), &cancel);
    assert_eq!(answer.unwrap_err(), QueryError::Cancelled);
}

#[test]
fn numbers_that_are_none_are_nothing() {
    let tables = two_symbols(&[]);
    assert_eq!(
        lines(
            &tables,
            "SELECT 0.0 / 0.0 AS a, 1.0 / 0.0 AS b, sqrt(-1.0) AS c, 1.5 AS d, 2 AS e, true AS f, 'x' AS g, NULL AS h, DATE '2019-02-13' AS i"
        ),
        ["null|null|null|1.5|2|true|x|null|2019-02-13"]
    );
}

fn trade(price: i64, id: u64, action: TradeAction) -> (Option<UnixMs>, Arc<TimeAndSale>) {
    let trade = TimeAndSale {
        price: Some(Decimal::from(price)),
        size: Some(Decimal::from(1)),
        side: Some(Side::Buy),
        conditions: vec!["@".into(), "I".into()].into(),
        exchange: Some("V".into()),
        trade_id: Some(TradeId::Number(id)),
        action,
        ..TimeAndSale::default()
    };
    (Some(UnixMs(OPEN + id as i64)), Arc::new(trade))
}

#[test]
fn trades_are_as_they_became() {
    let mut tables = two_symbols(&[]);
    tables.symbols[0].trades = TradeRows::from(vec![
        trade(1, 1, TradeAction::New),
        trade(2, 2, TradeAction::New),
        trade(3, 3, TradeAction::New),
        trade(20, 4, TradeAction::Corrects(TradeId::Number(2))),
        trade(3, 3, TradeAction::Cancels(TradeId::Number(3))),
        trade(21, 5, TradeAction::Corrects(TradeId::Number(4))),
        trade(9, 9, TradeAction::Cancels(TradeId::Number(8))),
    ]);
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, price, size, side, conditions, trade_id, exchange, source FROM trades"
        ),
        [
            "AAPL|1|1|buy|@,I|1|V|replay",
            "AAPL|21|1|buy|@,I|5|V|replay"
        ]
    );
}

fn a_result() -> ResultRecord {
    ResultRecord {
        symbol: Symbol::new("SPY").unwrap(),
        source: SourceName::new("replay"),
        time: None,
        last: Some(Decimal::from(12)),
        bid: None,
        bid_size: None,
        ask: None,
        ask_size: None,
        day: DayStats {
            reference_price: Some(10.0),
            ..DayStats::default()
        },
        updates: 3,
        indicators: None,
        columns: None,
    }
}

#[test]
fn quotes_results_news_and_errors_are_tables() {
    let mut tables = two_symbols(&[]);
    let values = [1.0, f64::NAN, 2.0, f64::NAN, 1.5, f64::NAN, f64::NAN];
    let chunk = Chunk {
        times: vec![OPEN],
        values: values.map(|value| vec![value]),
    };
    tables.symbols[1].quotes = QuoteColumns::new(vec![Part::new(Arc::new(chunk), 0..1)]);
    tables.results.push(a_result());
    tables.news.push(NewsRecord {
        time: Some(UnixMs(OPEN)),
        headline: "A 'headline'".to_owned(),
        publisher: None,
        url: None,
        symbols: vec!["A".to_owned(), "B".to_owned()],
        source: SourceName::new("sim"),
        summary: None,
    });
    tables.errors.push(ErrorRecord {
        time: UnixMs(OPEN),
        kind: ErrorKind::DecodeError,
        severity: Severity::Warning,
        message: "bad".to_owned(),
        source: None,
        symbol: None,
        location: Some("a:1".to_owned()),
        count: 7,
    });
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, bid, bid_size, ask, last, volume FROM quotes"
        ),
        ["SPY|1|null|2|1.5|null"]
    );
    assert_eq!(
        lines(
            &tables,
            "SELECT symbol, datetime, last, change, change_percent, bid, updates FROM results"
        ),
        ["SPY|null|12|2|20|null|3"]
    );
    assert_eq!(
        lines(
            &tables,
            "SELECT headline, symbols, source FROM news WHERE summary IS NULL"
        ),
        ["A 'headline'|A,B|sim"]
    );
    assert_eq!(
        lines(
            &tables,
            "SELECT kind, severity, message, location, count FROM errors"
        ),
        ["DecodeError|warning|bad|a:1|7"]
    );
    // Questions across tables.
    assert_eq!(
        lines(
            &tables,
            "SELECT r.symbol, count(*) FROM results r JOIN bars b ON r.symbol = b.symbol GROUP BY r.symbol"
        ),
        ["SPY|4"]
    );
}

/// Half past nine in the morning and half past seven in the evening in New York, in winter: the evening is the next day in
/// London.
fn winter(calendar: SessionCalendar) -> Tables {
    let rows: Vec<_> = [0, 600]
        .map(|minute| (OPEN + minute * MINUTE, [1.0, 1.0, 1.0, 1.0, 10.0]))
        .into();
    let mut symbol = symbol("AAPL", &rows, &[]);
    symbol.calendar = calendar;
    Tables {
        symbols: vec![symbol],
        ..Tables::default()
    }
}

#[test]
fn dates_and_times_of_day_are_those_of_the_clock_that_datetime_shows() {
    let tables = winter(SessionCalendar::UsEquities);
    for day in [
        "CAST(datetime AS DATE)",
        "datetime::date",
        "date(datetime)",
        "DATE( datetime )",
        "date",
        "strftime(datetime, '%Y-%m-%d')",
        "CAST(strftime(datetime, '%Y-%m-%d') AS DATE)",
        "date(strftime(datetime, '%Y-%m-%d'))",
        "date(strftime(datetime, '%m/%d/%Y'), '%m/%d/%Y')",
    ] {
        assert_eq!(
            lines(
                &tables,
                &format!("SELECT {day} AS day, count(*) FROM bars GROUP BY day")
            ),
            ["2019-02-13|2"],
            "{day}"
        );
    }
    for time in [
        "CAST(datetime AS TIME)",
        "datetime::time",
        "strftime(datetime, '%H:%M:%S')",
    ] {
        assert_eq!(
            lines(&tables, &format!("SELECT {time} AS time FROM bars")),
            ["09:30:00", "19:30:00"],
            "{time}"
        );
    }
    let hours = "SELECT date_part('hour', datetime), EXTRACT(hour FROM datetime) FROM bars";
    assert_eq!(lines(&tables, hours), ["9|9", "19|19"]);
    assert_eq!(
        lines(
            &tables,
            "SELECT datetime, max(datetime) OVER () AS last, datetime::timestamp AS t FROM bars LIMIT 1"
        ),
        ["2019-02-13T09:30:00-05:00|2019-02-13T19:30:00-05:00|2019-02-13T09:30:00-05:00"]
    );
    for condition in [
        "datetime >= '2019-02-13 10:00'",
        "datetime >= '2019-02-13 10:00:00'",
        "datetime >= '2019-02-13T10:00'",
        "datetime >= TIMESTAMP '2019-02-13 10:00:00'",
        "datetime >= TIMESTAMP '2019-02-13 10:00'",
        "datetime BETWEEN '2019-02-13 10:00' AND '2019-02-13 23:00'",
        "datetime BETWEEN TIMESTAMP '2019-02-13 10:00:00' AND TIMESTAMP '2019-02-13 23:00:00'",
        "datetime >= timestamp('2019-02-13 10:00:00')",
        "datetime > DATE '2019-02-13' + INTERVAL '15 hours'",
        "CAST(datetime AS TIME) >= '10:00'",
        "datetime::time >= TIME '10:00:00'",
        "date = '2019-02-13' AND datetime > '2019-02-13 10:00'",
        "date = DATE '2019-02-13' AND datetime > '2019-02-13 10:00'",
        "date(datetime) = '2019-02-13' AND datetime > '2019-02-13 10:00'",
        "date(datetime) = DATE '2019-02-13' AND datetime > '2019-02-13 10:00'",
        "date_part('hour', datetime) > 9",
    ] {
        assert_eq!(
            lines(
                &tables,
                &format!("SELECT count(*), max(volume) FROM bars WHERE {condition}")
            ),
            ["1|10"],
            "{condition}"
        );
    }
}

#[test]
fn the_date_is_that_of_the_symbols_own_trading_day() {
    let mut tables = winter(SessionCalendar::UsEquities);
    let mut other = winter(SessionCalendar::UtcDay).symbols.remove(0);
    other.symbol = Symbol::new("BTC/USD").unwrap();
    tables.symbols.push(other);
    // One column has one zone, and that is UTC for both.
    assert_eq!(
        lines(&tables, "SELECT symbol, datetime, date FROM bars"),
        [
            "AAPL|2019-02-13T14:30:00+00:00|2019-02-13",
            "AAPL|2019-02-14T00:30:00+00:00|2019-02-13",
            "BTC/USD|2019-02-13T14:30:00+00:00|2019-02-13",
            "BTC/USD|2019-02-14T00:30:00+00:00|2019-02-14",
        ]
    );
    assert_eq!(
        lines(&tables, "SELECT symbol, date FROM bars_1d"),
        [
            "AAPL|2019-02-13",
            "BTC/USD|2019-02-13",
            "BTC/USD|2019-02-14"
        ]
    );
}

#[test]
fn indicators_on_quotes_are_there_as_they_were_when_each_bar_closed() {
    let mut tables = two_symbols(&["sma(1)", "spread(2)"]);
    // Nothing is known of the first bar, and two have no value.
    let rows: Vec<i64> = (1..12).map(|minute| OPEN + minute * MINUTE).collect();
    let figures: Vec<f64> = (1..12_i32)
        .map(|minute| {
            if minute % 4 == 0 {
                f64::NAN
            } else {
                f64::from(minute)
            }
        })
        .collect();
    let chunk = Chunk {
        times: rows,
        values: [figures],
    };
    let kept = ValueColumns::new(vec![Part::new(Arc::new(chunk), 0..11)]);
    tables.symbols[0].at_close = vec![kept.clone(), kept];
    let names = tables.symbols[0].indicators.names().flat().to_vec();
    let spread = &names[1];
    assert_eq!(
        lines(
            &tables,
            &format!("SELECT {spread}, sma_1 FROM bars WHERE symbol = 'AAPL' LIMIT 6")
        ),
        ["null|100", "1|101", "2|102", "3|103", "null|104", "5|105"]
    );
    assert_eq!(
        lines(
            &tables,
            &format!("SELECT {spread} FROM bars_5m WHERE symbol = 'AAPL'")
        ),
        ["null", "9", "11"]
    );
    assert_eq!(
        lines(
            &tables,
            &format!("SELECT count({spread}) FROM bars WHERE symbol = 'SPY'")
        ),
        ["0"]
    );
}

#[test]
fn columns_of_a_persons_own_are_in_results() {
    let mut tables = two_symbols(&[]);
    tables.results.push(a_result());
    tables.columns = vec!["gap".to_owned(), "width".to_owned()];
    assert_eq!(
        lines(&tables, "SELECT symbol, gap, width FROM results"),
        ["SPY|null|null"]
    );
    tables.results[0].columns = Some(Arc::new(ColumnValues {
        names: tables.columns.clone().into(),
        values: [Some(1.5), None].into(),
    }));
    assert_eq!(
        lines(&tables, "SELECT symbol, gap, width FROM results"),
        ["SPY|1.5|null"]
    );
    assert!(lines(&tables, "DESCRIBE results").contains(&"gap|f64".to_owned()));
    assert!(message(&tables, "SELECT gapp FROM results").contains("'gap'"));
}

#[test]
fn lists_and_fields_are_whole() {
    let tables = two_symbols(&[]);
    let all = lines(
        &tables,
        "SELECT array_agg(close) FROM bars WHERE symbol = 'AAPL'",
    );
    assert_eq!(
        all,
        ["[100.0,101.0,102.0,103.0,104.0,105.0,106.0,107.0,108.0,109.0,110.0,111.0]"]
    );
    let others = lines(
        &tables,
        "SELECT array_agg(symbol), array_agg(datetime), array_agg(lag) FROM \
         (SELECT symbol, datetime, lag(close) OVER (ORDER BY unix_ts) AS lag FROM bars WHERE symbol = 'AAPL' LIMIT 2)",
    );
    assert_eq!(
        others,
        [
            r#"["AAPL","AAPL"]|["2019-02-13T09:30:00-05:00","2019-02-13T09:31:00-05:00"]|[null,100.0]"#
        ]
    );
}

/// A day's bar of a file: the first open, the highest high, the lowest low, the last close, all volume.
type Day = (f64, f64, f64, f64, f64);

/// Reads a recorded file in its own way: minutes stamped at their end, the newest first, as bars and as days.
fn recorded(text: &str) -> (Vec<(i64, [f64; 5])>, Vec<Day>) {
    let mut rows = Vec::new();
    let mut days: Vec<(String, Day)> = Vec::new();
    let mut lines: Vec<&str> = text
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    lines.reverse();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let end = chrono::NaiveDateTime::parse_from_str(cells[0], "%Y-%m-%d %H:%M:%S").unwrap();
        // In February, New York is five hours behind.
        let time = end.and_utc().timestamp_millis() + 5 * 60 * MINUTE - MINUTE;
        let of = |at: usize| cells[at].parse::<f64>().unwrap();
        let row = [of(1), of(2), of(3), of(4), of(5)];
        rows.push((time, row));
        let date = cells[0][..10].to_owned();
        match days.last_mut() {
            Some((known, day)) if *known == date => {
                *day = (
                    day.0,
                    day.1.max(row[1]),
                    day.2.min(row[2]),
                    row[3],
                    day.4 + row[4],
                );
            }
            _ => days.push((date, (row[0], row[1], row[2], row[3], row[4]))),
        }
    }
    (rows, days.into_iter().map(|(_, day)| day).collect())
}

#[test]
fn days_of_a_recorded_week_are_what_a_plain_resample_gives() {
    let Some(root) = std::env::var_os("STREAMER_TUI_TEST_DATA") else {
        println!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return;
    };
    let mut tables = Tables::default();
    let mut expected = Vec::new();
    let folder = std::path::Path::new(&root).join("bars-us-2019-02");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix("_1min.csv") else {
            continue;
        };
        let (rows, days) = recorded(&std::fs::read_to_string(&path).unwrap());
        tables.symbols.push(symbol(name, &rows, &["sma(3)"]));
        expected.extend(days.into_iter().map(|day| (name.to_owned(), day)));
    }
    assert!(tables.symbols.len() > 20);
    let frame = try_ask(
        &tables,
        "SELECT symbol, open, high, low, close, volume FROM bars_1d",
    )
    .unwrap();
    let number = |cell: &Cell| match cell {
        Cell::Float(value) => *value,
        other => panic!("{other:?}"),
    };
    let found: Vec<(String, Day)> = frame
        .rows()
        .map(|row| {
            let Cell::Text(symbol) = &row[0] else {
                panic!("{row:?}");
            };
            let day = (
                number(&row[1]),
                number(&row[2]),
                number(&row[3]),
                number(&row[4]),
                number(&row[5]),
            );
            (symbol.to_string(), day)
        })
        .collect();
    assert_eq!(found, expected);
    // The same by SQL alone.
    let by_sql = lines(
        &tables,
        "SELECT symbol, max(high) AS high, min(low) AS low, sum(volume) AS volume, max(unix_ts) AS last FROM bars \
         GROUP BY symbol, CAST(datetime AS DATE) ORDER BY symbol, last",
    );
    assert_eq!(by_sql.len(), expected.len());
    // The last of each symbol's moving averages is the mean of its last closes.
    let last = lines(
        &tables,
        "SELECT abs(max(a.sma_3) - avg(b.close)) < 0.000000001 FROM \
         (SELECT symbol, sma_3, row_number() OVER (PARTITION BY symbol ORDER BY unix_ts DESC) AS place FROM bars) a JOIN \
         (SELECT symbol, close, row_number() OVER (PARTITION BY symbol ORDER BY unix_ts DESC) AS place FROM bars) b \
         ON a.symbol = b.symbol WHERE a.place = 1 AND b.place <= 3 GROUP BY a.symbol",
    );
    assert_eq!(last, vec!["true"; tables.symbols.len()]);
}
