use std::fs;
use std::path::Path;

use crossbeam_channel::{Receiver, unbounded};

use crate::compute::history::columns::{BarColumns, Chunk, Columns, Part, TradeRow};
use crate::compute::indicator::{Bank, IndicatorSet};
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::clock::{ManualClock, SystemClock};
use crate::domain::indicator::IndicatorValues;
use crate::domain::news::News;
use crate::domain::outcome::{ResultBody, ResultInstance};
use crate::domain::quote::Level1;
use crate::domain::source::{BarStamp, SourceName};
use crate::domain::symbol::{Symbol, SymbolId, SymbolSpec};
use crate::domain::time::{MINUTE_MS, SessionCalendar, UnixMs};
use crate::domain::to_f64;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};
use crate::pipeline::histories::SymbolHistory;
use crate::pipeline::sink::Sink;
use crate::pipeline::snapshot::NewsRow;
use crate::sinks::files::tests::names_in;
use crate::sinks::files::{FileSource, Format};

use super::*;

/// 2019-02-13 09:30 in New York.
const OPENING: i64 = 1_550_068_200_000;
/// Minutes from one opening to the next.
const DAY: i64 = 1440;
/// When all bars are over.
const LATER: UnixMs = UnixMs(2_000_000_000_000);
const DEADLINE: Duration = Duration::from_secs(60);

/// What a symbol's worker is given, with the times of results.
type Given = (SymbolId, Option<UnixMs>, ResultBody);

fn minute(minute: i64) -> UnixMs {
    UnixMs(OPENING + minute * MINUTE_MS)
}

fn bar(n: i64) -> Ohlcv {
    let price = |more: i64| Some(Decimal::new(10_000 + 37 * n + more, 2));
    Ohlcv {
        open: price(0),
        high: price(25),
        low: price(-25),
        close: price(7),
        volume: Some(Decimal::from(100 + n)),
    }
}

fn quote(n: i64) -> Level1 {
    Level1 {
        bid: Some(Decimal::new(9_990 + n, 2)),
        ask: Some(Decimal::new(10_010 + n, 2)),
        // It is not known at first.
        last: (n > 3).then(|| Decimal::new(10_000 + n, 2)),
        ..Level1::default()
    }
}

fn trade(n: i64) -> TimeAndSale {
    TimeAndSale {
        price: Some(Decimal::new(10_000 + n, 3)),
        size: Some(Decimal::from(n)),
        side: Some(Side::Sell).filter(|_| n % 2 == 0),
        trade_id: Some(TradeId::Number(n as u64)),
        conditions: ["@".into(), "I".into()].into(),
        action: match n {
            5 => TradeAction::Cancels(TradeId::Number(4)),
            _ => TradeAction::New,
        },
        ..TimeAndSale::default()
    }
}

fn news(text: &str) -> News {
    News {
        headline: text.to_owned(),
        source: Some("Wire, \"Inc\"".to_owned()),
        ..News::default()
    }
}

fn set() -> IndicatorSet {
    let specs = ["sma(2)", "sma(1)@5m"].map(|spec| spec.parse().unwrap());
    IndicatorSet::new(&specs).unwrap()
}

/// A symbol as its history keeps it, and the results that it has given: bars of two days, quotes, trades, headlines.
struct KeptSymbol {
    history: SymbolHistory,
    results: Vec<Given>,
}

fn symbol(id: u32, name: &str, bars: i64, bar_stamp: BarStamp) -> KeptSymbol {
    let minutes: Vec<i64> = (0..bars).chain(DAY..DAY + bars).collect();
    let mut results = Vec::new();
    let id = SymbolId(id);
    let mut own = Bank::of_bars(&set(), None);
    let mut fives = Bank::of_bars(&set(), Some(Timeframe::M5));
    let mut values = vec![None; 2];
    let mut bar_rows = Chunk::<5>::default();
    for (n, at) in minutes.iter().enumerate() {
        let (start, of_minute) = (minute(*at), bar(n as i64));
        let figures = [
            of_minute.open,
            of_minute.high,
            of_minute.low,
            of_minute.close,
            of_minute.volume,
        ]
        .map(|figure| to_f64(figure.unwrap()));
        let candle = crate::domain::bar::Candle {
            start,
            open: figures[0],
            high: figures[1],
            low: figures[2],
            close: figures[3],
            volume: figures[4],
        };
        bar_rows.times.push(start.0);
        for (column, figure) in bar_rows.values.iter_mut().zip(figures) {
            column.push(figure);
        }
        own.take(&candle, start);
        own.write(&mut values);
        // Only its close counts: that of the last of its minutes.
        if at % 5 == 4 {
            fives.take(&candle, start);
            fives.write(&mut values);
        }
        let time = match bar_stamp {
            BarStamp::Start => start,
            BarStamp::End => minute(at + 1),
        };
        let indicators = Arc::new(IndicatorValues {
            names: Arc::clone(set().names()),
            values: values.clone().into(),
        });
        let body = ResultBody::Ohlcv {
            bar: of_minute,
            timeframe: Timeframe::M1,
            partial: false,
            indicators: Some(indicators),
        };
        results.push((id, Some(time), body));
    }
    let mut quotes = Chunk::<7>::default();
    for n in 0..8 {
        let (time, quote) = (minute(n), quote(n));
        let number = |value: Option<Decimal>| value.map_or(f64::NAN, to_f64);
        quotes.times.push(time.0);
        let row = [
            quote.bid,
            None,
            quote.ask,
            None,
            quote.last,
            None,
            quote.volume,
        ];
        for (column, value) in quotes.values.iter_mut().zip(row) {
            column.push(number(value));
        }
        results.push((id, Some(time), ResultBody::Level1 { quote, facts: None }));
    }
    let trades: Vec<TradeRow> = (0..9)
        .map(|n| (Some(minute(n)).filter(|_| n != 7), Arc::new(trade(n))))
        .collect();
    for (time, trade) in &trades {
        results.push((id, *time, ResultBody::TimeAndSales(Arc::clone(trade))));
    }
    let rows = quotes.times.len();
    let history = SymbolHistory {
        id,
        symbol: Symbol::new(name).unwrap(),
        source: SourceName::new("replay"),
        calendar: SessionCalendar::UsEquities,
        interval: Timeframe::M1,
        bar_stamp,
        bars: BarColumns::new(vec![Part::new(Arc::new(bar_rows), 0..minutes.len())]),
        quotes: Columns::new(vec![Part::new(Arc::new(quotes), 0..rows)]),
        trades: trades.into(),
        at_close: Vec::new(),
        recent: Vec::new(),
        indicators: set(),
    };
    KeptSymbol { history, results }
}

/// Two symbols with their headlines, one of which is of both.
fn kept(bars: i64) -> (Material, Vec<Given>) {
    let [mut a, mut b] = [
        symbol(0, "A", bars, BarStamp::Start),
        symbol(1, "B/USD", bars, BarStamp::End),
    ];
    let row = |id, time, symbols: &[u32], text: &str| NewsRow {
        id,
        time,
        received: minute(0),
        source: SourceName::new("replay"),
        symbols: symbols.iter().copied().map(SymbolId).collect(),
        news: Arc::new(news(text)),
    };
    let rows = vec![
        row(0, Some(minute(1)), &[0, 1], "both\nof them"),
        row(1, None, &[1], "untimed"),
        row(2, Some(minute(2)), &[7], "of somebody who has left"),
    ];
    for (of, symbol) in [(0, &mut a), (1, &mut b)] {
        for row in rows
            .iter()
            .filter(|row| row.symbols.contains(&SymbolId(of)))
        {
            let body = ResultBody::News(Box::new((*row.news).clone()));
            symbol.results.push((SymbolId(of), row.time, body));
        }
    }
    let material = Material {
        histories: vec![a.history, b.history],
        news: Arc::new(rows),
        ..Material::default()
    };
    (material, [a.results, b.results].concat())
}

fn words(path: &Path, reply: Sender<Command>) -> Words {
    Words {
        clock: Arc::new(ManualClock::at(LATER)),
        next: Nanos(u64::MAX),
        path: path.display().to_string(),
        reply,
    }
}

fn export(order: &ExportOrder, material: &Material) -> Result<Written, String> {
    let words = words(&order.path, unbounded().0);
    let ended = write(order, material, words, &AtomicBool::new(false));
    ended.map_err(|error| error.to_string())
}

/// What the results make when they are written as they come.
fn written_as_they_come(settings: FilesSettings, material: &Material, results: &[Given]) {
    let clock = Arc::new(ManualClock::at(LATER));
    let (mut sink, handle) = FileSink::new(settings, clock).unwrap();
    for (id, time, body) in results {
        let history = &material.histories[id.index()];
        let result = ResultInstance {
            symbol: *id,
            time: *time,
            body: body.clone(),
            last: None,
        };
        sink.result(&result, &history.symbol, &history.source)
            .unwrap();
    }
    drop(sink);
    handle.wait(true).unwrap();
}

fn settings(target: Target, format: Format, services: &[DataService]) -> FilesSettings {
    FilesSettings {
        target,
        format,
        services: ServiceSet::of(services),
        timeframes: Vec::new(),
        from: None,
        until: None,
        indicators: set().names().flat().to_vec(),
        sources: [(
            SourceName::new("replay"),
            FileSource {
                calendar: SessionCalendar::UsEquities,
                is_live: false,
            },
        )]
        .into_iter()
        .collect(),
        overwrite: false,
        part_rows: PART_ROWS,
        part_age: Duration::MAX,
    }
}

#[test]
fn each_service_is_written_as_its_results_are() {
    let folder = tempfile::tempdir().unwrap();
    let (material, results) = kept(20);
    for service in KEPT {
        for format in [Format::Csv, Format::JsonLines] {
            let path = folder.path().join(format!("{service}.{format}"));
            let order = ExportOrder {
                services: vec![service],
                ..ExportOrder::to(&path)
            };
            let rows = export(&order, &material).unwrap().report.rows;
            let expected = folder.path().join("expected");
            let target = Target::File(expected.clone());
            written_as_they_come(settings(target, format, &[service]), &material, &results);
            let text = fs::read_to_string(&path).unwrap();
            // Symbols come in no order among each other.
            let lines = |text: &str| -> Vec<String> {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            let written = fs::read_to_string(&expected).unwrap();
            assert_eq!(lines(&text), lines(&written), "{service}");
            let heads = u64::from(format == Format::Csv);
            assert!(rows > 2 && text.lines().count() as u64 >= rows + heads);
            fs::remove_file(expected).unwrap();
        }
    }
    // A folder has them all, as if they were written while they come.
    let (to, expected) = (folder.path().join("to/"), folder.path().join("expected"));
    let order = ExportOrder {
        format: Some(Format::Csv),
        ..ExportOrder::to(folder.path().join("to/"))
    };
    let written = export(&order, &material).unwrap();
    let target = Target::Folder(expected.clone());
    written_as_they_come(settings(target, Format::Csv, &KEPT), &material, &results);
    let names = names_in(&to);
    assert_eq!(names, names_in(&expected));
    for name in &names {
        let text = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(text(&to), text(&expected), "{name}");
    }
    let day = |table: &str, day: &str, symbol: &str| {
        format!("{table}/date={day}/symbol={symbol}/part-0.csv")
    };
    assert!(names.contains(&day("bars", "2019-02-14", "B%2FUSD")));
    assert!(names.contains(&day("trades", "unknown", "A")), "{names:?}");
    let said = summary(&written.report, &written.target);
    assert!(
        said.ends_with("/to/ (bars, news, quotes, trades)") && said.contains(" rows in 1"),
        "{said}"
    );
}

#[cfg(feature = "frames")]
#[test]
fn parquet_and_arrow_read_back_equal_to_text() {
    use crate::sources::files::frames;

    let folder = tempfile::tempdir().unwrap();
    let (material, _) = kept(20);
    for service in KEPT {
        let to = |format: Format| {
            let path = folder.path().join(format!("{service}.{format}"));
            let order = ExportOrder {
                services: vec![service],
                ..ExportOrder::to(&path)
            };
            export(&order, &material).unwrap();
            path
        };
        let mut text = csv::Reader::from_path(to(Format::Csv)).unwrap();
        let names = text.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = text.records().map(Result::unwrap).collect();
        for format in [Format::Parquet, Format::Ipc] {
            let frame = frames::read(&to(format)).unwrap();
            assert_eq!((frame.height(), frame.width()), (rows.len(), names.len()));
            for (place, (name, column)) in names.iter().zip(frame.columns()).enumerate() {
                assert_eq!(column.name().as_str(), name);
                let is_equal = |at: usize, cell: &str| {
                    let number = || cell.parse::<f64>().ok();
                    match (name, column.f64(), column.str()) {
                        ("datetime", ..) => true,
                        ("unix_ts" | "part", ..) => {
                            column.i64().unwrap().get(at) == cell.parse().ok()
                        }
                        ("partial", ..) => column.bool().unwrap().get(at) == cell.parse().ok(),
                        (_, Ok(numbers), _) => numbers.get(at) == number(),
                        (_, _, Ok(texts)) => {
                            // In CSV a row is one line.
                            texts.get(at).unwrap_or_default().replace('\n', " ") == cell
                        }
                        _ => false,
                    }
                };
                for (at, row) in rows.iter().enumerate() {
                    let cell = row.get(place).unwrap();
                    assert!(is_equal(at, cell), "{service} {format}: {name} {cell}");
                }
            }
        }
    }
}

#[test]
fn symbols_times_and_lengths_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (material, _) = kept(20);
    let path = folder.path().join("chosen.csv");
    let rows = |order: ExportOrder| -> Vec<String> {
        let order = ExportOrder {
            overwrite: true,
            ..order
        };
        export(&order, &material).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    };
    let of = |symbol: &str| vec![symbol.parse::<SymbolSpec>().unwrap()];
    let first = rows(ExportOrder {
        symbols: of("A@replay"),
        from: Some("2019-02-13T09:35".parse().unwrap()),
        until: Some("2019-02-13T09:38".parse().unwrap()),
        ..ExportOrder::to(&path)
    });
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(
        first[0].starts_with("A,1550068500000,2019-02-13T14:35:00.000Z,101.85,"),
        "{first:?}"
    );
    // A time of day is that of the newest day, and bars have the stamps that they had in results.
    let newest = rows(ExportOrder {
        symbols: of("B/USD"),
        from: Some("09:35".parse().unwrap()),
        until: Some("09:38".parse().unwrap()),
        ..ExportOrder::to(&path)
    });
    assert_eq!(newest.len(), 3, "{newest:?}");
    assert!(
        newest[0].starts_with("B/USD,1550154900000,2019-02-14T14:35:00.000Z,108.88,"),
        "{newest:?}"
    );
    let longer = rows(ExportOrder {
        symbols: of("A"),
        timeframes: vec![Timeframe::M15],
        ..ExportOrder::to(&path)
    });
    assert_eq!(longer.len(), 4, "{longer:?}");
    let trades = rows(ExportOrder {
        services: vec![DataService::TimeAndSales],
        symbols: of("A"),
        from: Some("2019-02-13".parse().unwrap()),
        ..ExportOrder::to(&path)
    });
    assert_eq!(trades.len(), 8, "the one without a time is of no day");
    // Several lengths go to a folder.
    let order = ExportOrder {
        timeframes: vec![Timeframe::H1, Timeframe::M5, Timeframe::H1],
        services: vec![DataService::Ohlcv],
        ..ExportOrder::to(folder.path().join("lengths/"))
    };
    let written = export(&order, &material).unwrap();
    let tables: Vec<String> = written.report.tables.into_iter().collect();
    assert_eq!(tables, ["bars_1h", "bars_5m"]);
}

#[test]
fn what_cannot_be_written_is_told_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (material, _) = kept(20);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("mine.csv"), "mine").unwrap();
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/mine"), "mine").unwrap();
    let before = names_in(folder.path());
    let order = |name: &str| ExportOrder::to(at(name));
    let unknown = ExportOrder {
        symbols: vec!["level1".parse().unwrap()],
        ..order("new.csv")
    };
    let several = ExportOrder {
        services: vec![DataService::Ohlcv, DataService::News],
        ..order("new.csv")
    };
    let none = ExportOrder {
        from: Some("2030-01-01".parse().unwrap()),
        ..order("new.csv")
    };
    let books = ExportOrder {
        services: vec![DataService::Level2],
        ..order("new.csv")
    };
    for (order, part) in [
        (unknown, "'level1' is no symbol that is subscribed"),
        (several, "one file can hold bars alone, not news too"),
        (none, "nothing to export"),
        (books, "nothing to export"),
        (
            order("mine.csv"),
            "mine.csv is there already; export! replaces it",
        ),
        (
            order("full"),
            "full holds something already; export! adds to it",
        ),
        (order("new"), "or give format=csv"),
        (order("mine.csv/new.csv"), "cannot be written"),
    ] {
        let error = export(&order, &material).unwrap_err();
        assert!(error.contains(part), "{error}");
        assert_eq!(names_in(folder.path()), before, "{part}");
    }
    assert_eq!(fs::read_to_string(at("mine.csv")).unwrap(), "mine");
    let replaced = ExportOrder {
        overwrite: true,
        ..order("mine.csv")
    };
    assert_eq!(export(&replaced, &material).unwrap().report.rows, 80);
    let added = ExportOrder {
        overwrite: true,
        ..order("full")
    };
    for part in ["part-0", "part-1"] {
        export(&added, &material).unwrap();
        let names = names_in(folder.path());
        assert!(names.iter().any(|name| name.contains(part)), "{names:?}");
    }
}

#[test]
fn what_is_broken_off_leaves_no_half_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    // More than is given before it is asked whether to go on.
    let (material, _) = kept(900);
    let broken_off = |order: &ExportOrder| {
        let words = words(&order.path, unbounded().0);
        let ended = write(order, &material, words, &AtomicBool::new(true));
        ended.map(drop).unwrap_err().to_string()
    };
    let said = broken_off(&ExportOrder::to(folder.path().join("bars.csv")));
    assert!(
        said.contains("bars.csv was broken off; nothing was written"),
        "{said}"
    );
    assert!(names_in(folder.path()).is_empty());
    let order = ExportOrder {
        format: Some(Format::Csv),
        ..ExportOrder::to(folder.path().join("parts/"))
    };
    let said = broken_off(&order);
    assert!(
        said.contains("nothing was written") || said.contains("complete file"),
        "{said}"
    );
    for name in names_in(folder.path()) {
        assert!(name.ends_with("/part-0.csv"), "{name}");
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.ends_with('\n'), "{text}");
    }
}

fn told(replies: &Receiver<Command>) -> (String, bool) {
    match replies.recv_timeout(DEADLINE).unwrap() {
        Command::Tell(text, is_error) => (text, is_error),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn exports_to_the_same_place_at_the_same_time_do_not_touch_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let (material, _) = kept(900);
    let exporter = FileExporter::new(Arc::new(ManualClock::at(LATER)));
    let all_told = |order: &ExportOrder| -> Vec<(String, bool)> {
        let (reply, replies) = unbounded();
        for _ in 0..4 {
            exporter.export(order.clone(), material.clone(), reply.clone());
        }
        (0..4).map(|_| told(&replies)).collect()
    };
    let path = folder.path().join("bars.csv");
    let first_wins = all_told(&ExportOrder::to(&path));
    let refused = first_wins.iter().filter(|(_, is_error)| *is_error);
    assert_eq!(refused.clone().count(), 3, "{first_wins:?}");
    for (text, _) in refused {
        assert!(text.contains("is there already; export!"), "{text}");
    }
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 1 + 4 * 900);
    let last_wins = all_told(&ExportOrder {
        overwrite: true,
        ..ExportOrder::to(&path)
    });
    assert!(
        last_wins.iter().all(|(_, is_error)| !is_error),
        "{last_wins:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    assert_eq!(names_in(folder.path()), ["bars.csv"]);
    let to_parts = all_told(&ExportOrder {
        overwrite: true,
        services: vec![DataService::News],
        format: Some(Format::JsonLines),
        ..ExportOrder::to(folder.path().join("parts/"))
    });
    assert!(
        to_parts.iter().all(|(_, is_error)| !is_error),
        "{to_parts:?}"
    );
    let parts = names_in(&folder.path().join("parts"));
    assert_eq!(parts.len(), 4 * 3, "{parts:?}");
    assert!(
        parts.iter().all(|name| name.contains("/part-")),
        "{parts:?}"
    );
    assert!(exporter.finish().is_empty(), "everything has been told");
}

/// A clock whose every look takes a second.
struct SlowClock(ManualClock);

impl Clock for SlowClock {
    fn monotonic(&self) -> Nanos {
        self.0.advance_ms(1_000);
        self.0.monotonic()
    }

    fn wall(&self) -> UnixMs {
        self.0.wall()
    }
}

#[test]
fn what_takes_long_says_how_far_it_is_and_what_is_not_heard_is_said_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (material, _) = kept(900);
    let clock = SlowClock(ManualClock::at(LATER));
    let exporter = FileExporter::new(Arc::new(clock));
    let (reply, replies) = unbounded();
    let path = folder.path().join("bars.csv");
    exporter.export(ExportOrder::to(&path), material.clone(), reply);
    let said = told(&replies);
    let under_way = |how_far: &str| format!("exporting to {}: {how_far}", path.display());
    assert_eq!(said, (under_way("28 %"), false));
    let mut all = Vec::new();
    while let Ok(Command::Tell(text, is_error)) = replies.recv() {
        all.push((text, is_error));
    }
    let last = all.pop().unwrap();
    let is_of_kind = |(text, is_error): &(String, bool)| {
        !is_error && (text.ends_with(" %") || *text == under_way("the last rows are being written"))
    };
    assert!(all.iter().all(is_of_kind), "{all:?}");
    let done = format!("3600 rows in {} (bars)", path.display());
    assert_eq!(last, (done.clone(), false));

    let (reply, replies) = unbounded();
    drop(replies);
    let again = ExportOrder {
        overwrite: true,
        ..ExportOrder::to(&path)
    };
    exporter.export(again, material, reply);
    let is_done = || {
        let running = exporter.running.lock().unwrap();
        running.iter().all(JoinHandle::is_finished)
    };
    let clock = SystemClock::default();
    while !is_done() {
        assert!(clock.monotonic() < Nanos(0).after(DEADLINE));
        thread::park_timeout(LOOK_EVERY);
    }
    assert_eq!(exporter.finish(), [done]);
}
