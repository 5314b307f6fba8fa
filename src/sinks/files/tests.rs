use std::fs;

use super::*;
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookTop, Level};
use crate::domain::clock::ManualClock;
use crate::domain::outcome::ResultBody;
use crate::domain::symbol::SymbolId;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

const NOON: UnixMs = UnixMs(1_550_077_200_000);

fn settings(target: Target, format: Format) -> FilesSettings {
    FilesSettings {
        services: ServiceSet::ALL,
        target,
        format,
        timeframes: Vec::new(),
        from: None,
        until: None,
        indicators: Vec::new(),
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
        part_rows: 1000,
        part_age: Duration::from_secs(60),
    }
}

fn result(time: UnixMs, body: ResultBody) -> ResultInstance {
    ResultInstance {
        symbol: SymbolId(0),
        time: Some(time),
        body,
        last: None,
    }
}

fn bar(minute: i64, close: &str) -> ResultInstance {
    let price = Some(close.parse::<Decimal>().unwrap());
    let body = ResultBody::Ohlcv {
        bar: Ohlcv {
            open: price,
            high: price,
            low: None,
            close: price,
            volume: Some(7.into()),
        },
        timeframe: Timeframe::M1,
        partial: false,
        indicators: None,
    };
    result(NOON.plus_ms(minute * 60_000), body)
}

/// What writing these results comes to.
fn write(
    settings: FilesSettings,
    results: &[(&str, ResultInstance)],
) -> Result<FilesReport, FilesError> {
    let (mut sink, handle) = FileSink::new(settings, Arc::new(ManualClock::at(NOON)))?;
    for (symbol, result) in results {
        let symbol = Symbol::new(symbol).unwrap();
        if sink
            .result(result, &symbol, &SourceName::new("replay"))
            .is_err()
        {
            break;
        }
    }
    drop(sink);
    handle.wait(true)
}

/// Every file below a folder, hidden ones too, by its name from there.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn csv_and_json_lines_hold_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [("BTC/USD", bar(0, "1.50")), ("BRK.B", bar(1, "0.00000001"))];
    let csv = folder.path().join("out.csv");
    let report = write(settings(Target::File(csv.clone()), Format::Csv), &bars).unwrap();
    assert_eq!((report.rows, report.files.len()), (2, 1));
    assert_eq!(
        fs::read_to_string(csv).unwrap(),
        "symbol,unix_ts,datetime,open,high,low,close,volume,source,timeframe,partial,part\n\
         BTC/USD,1550077200000,2019-02-13T17:00:00.000Z,1.5,1.5,,1.5,7,replay,1m,false,0\n\
         BRK.B,1550077260000,2019-02-13T17:01:00.000Z,0.00000001,0.00000001,,0.00000001,7,replay,1m,false,0\n"
    );
    let json = folder.path().join("out.jsonl");
    write(
        settings(Target::File(json.clone()), Format::JsonLines),
        &bars,
    )
    .unwrap();
    let lines = fs::read_to_string(json).unwrap();
    assert_eq!(
        lines.lines().next().unwrap(),
        r#"{"symbol":"BTC/USD","unix_ts":1550077200000,"datetime":"2019-02-13T17:00:00.000Z","open":1.5,"high":1.5,"low":null,"close":1.5,"volume":7.0,"source":"replay","timeframe":"1m","partial":false,"part":0}"#
    );
    assert_eq!(names_in(folder.path()), ["out.csv", "out.jsonl"]);
}

#[test]
fn a_folder_has_parts_by_table_day_and_symbol() {
    let folder = tempfile::tempdir().unwrap();
    let trade = TimeAndSale {
        price: Some(5.into()),
        side: Some(Side::Sell),
        trade_id: Some(TradeId::Number(9)),
        conditions: ["@".into(), "I".into()].into(),
        action: TradeAction::Cancels(TradeId::Number(8)),
        ..TimeAndSale::default()
    };
    let level = |price: i64| Level {
        price: price.into(),
        size: 1.into(),
    };
    let book = BookTop {
        bids: vec![level(9), level(8)],
        asks: vec![level(10)],
        ..BookTop::default()
    };
    let day = 24 * 60;
    let results = [
        ("A/B", bar(0, "1")),
        ("A/B", bar(1, "2")),
        ("Z", bar(1, "2")),
        ("A/B", bar(day, "3")),
        (
            "A/B",
            result(NOON, ResultBody::TimeAndSales(Arc::new(trade))),
        ),
        ("A/B", result(NOON, ResultBody::Level2(Box::new(book)))),
    ];
    let target = Target::Folder(folder.path().to_owned());
    let report = write(settings(target.clone(), Format::Csv), &results).unwrap();
    assert_eq!(report.rows, 4 + 1 + 3);
    assert_eq!(
        names_in(folder.path()),
        [
            "bars/date=2019-02-13/symbol=A%2FB/part-0.csv",
            "bars/date=2019-02-13/symbol=Z/part-0.csv",
            "bars/date=2019-02-14/symbol=A%2FB/part-0.csv",
            "depth/date=2019-02-13/symbol=A%2FB/part-0.csv",
            "trades/date=2019-02-13/symbol=A%2FB/part-0.csv",
        ]
    );
    let trades = "trades/date=2019-02-13/symbol=A%2FB/part-0.csv";
    let trades = fs::read_to_string(folder.path().join(trades)).unwrap();
    assert!(
        trades.ends_with("5,,sell,\"@,I\",9,,,8,replay\n"),
        "{trades}"
    );
    // What comes later stands beside it.
    write(settings(target, Format::Csv), &results[..1]).unwrap();
    let names = names_in(folder.path());
    assert!(names.contains(&"bars/date=2019-02-13/symbol=A%2FB/part-1.csv".to_owned()));
}

#[test]
fn a_part_is_written_when_it_is_full_or_old() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(Target::Folder(folder.path().to_owned()), Format::JsonLines);
    settings.part_rows = 2;
    let clock = Arc::new(ManualClock::at(NOON));
    let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let (mut sink, handle) = FileSink::new(settings, as_clock).unwrap();
    let (symbol, source) = (Symbol::new("X").unwrap(), SourceName::new("replay"));
    for minute in 0..3 {
        sink.result(&bar(minute, "1"), &symbol, &source).unwrap();
    }
    sink.result(&bar(3, "1"), &symbol, &source).unwrap();
    clock.advance_ms(61_000);
    sink.flush().unwrap();
    // Nothing is waiting any more but the newest bar, which may grow.
    assert!(sink.partitions.take_all().is_empty());
    drop(sink);
    let report = handle.wait(true).unwrap();
    assert_eq!((report.files.len(), report.rows), (3, 4));
}

#[test]
fn times_lengths_and_services_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let results: Vec<_> = (0..10).map(|minute| ("X", bar(minute, "1"))).collect();
    let mut chosen = settings(Target::File(path.clone()), Format::JsonLines);
    chosen.from = Some(NOON.plus_ms(2 * 60_000));
    chosen.until = Some(NOON.plus_ms(5 * 60_000));
    assert_eq!(write(chosen.clone(), &results).unwrap().rows, 3);
    chosen.overwrite = true;
    chosen.timeframes = vec![Timeframe::M5];
    assert_eq!(
        write(chosen.clone(), &results).unwrap(),
        FilesReport::default()
    );
    chosen.timeframes = Vec::new();
    chosen.services = ServiceSet::of(&[DataService::News]);
    assert_eq!(write(chosen, &results).unwrap(), FilesReport::default());
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 3);
}

#[test]
fn nothing_is_replaced_unless_told_and_nothing_half_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "mine").unwrap();
    let bars = [("X", bar(0, "1"))];
    let mut settings = settings(Target::File(path.clone()), Format::Csv);
    let refused = write(settings.clone(), &bars).unwrap_err().to_string();
    assert!(refused.contains("--force"), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    settings.overwrite = true;
    let (mut sink, handle) =
        FileSink::new(settings.clone(), Arc::new(ManualClock::at(NOON))).unwrap();
    let (symbol, source) = (Symbol::new("X").unwrap(), SourceName::new("replay"));
    for minute in 0..=super::FILE_ROWS as i64 {
        sink.result(&bar(minute, "1"), &symbol, &source).unwrap();
    }
    drop(sink);
    assert_eq!(handle.wait(false).unwrap(), FilesReport::default());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(names_in(folder.path()), ["out.csv"]);

    // Two tables do not go into one file, and then there is none.
    let mixed = [
        ("X", bar(0, "1")),
        ("X", result(NOON, ResultBody::TimeAndSales(Arc::default()))),
    ];
    let error = write(settings, &mixed).unwrap_err().to_string();
    assert!(error.contains("bars alone, not trades"), "{error}");
    assert_eq!(names_in(folder.path()), ["out.csv"]);
}

#[test]
fn what_is_given_up_is_not_written_on() {
    let folder = tempfile::tempdir().unwrap();
    let (file, parts) = (folder.path().join("out.csv"), folder.path().join("parts"));
    for target in [Target::File(file), Target::Folder(parts)] {
        let clock = Arc::new(ManualClock::at(NOON));
        let settings = settings(target, Format::Csv);
        let (mut sink, handle) = FileSink::new(settings, clock).unwrap();
        let (symbol, source) = (Symbol::new("X").unwrap(), SourceName::new("replay"));
        handle.give_up();
        for minute in 0..=super::FILE_ROWS as i64 {
            sink.result(&bar(minute, "1"), &symbol, &source).unwrap();
        }
        drop(sink);
        assert_eq!(handle.wait(false).unwrap(), FilesReport::default());
    }
    assert_eq!(names_in(folder.path()), [] as [String; 0]);

    let path = folder.path().join("out.txt");
    let mut output = super::output::WantedFile {
        file: fs::File::create(&path).unwrap(),
        is_given_up: Arc::default(),
    };
    let write = |output: &mut super::output::WantedFile| std::io::Write::write(output, b"x");
    assert_eq!(write(&mut output).unwrap(), 1);
    let ordering = std::sync::atomic::Ordering::Relaxed;
    output.is_given_up.store(true, ordering);
    assert!(write(&mut output).is_err());
    assert_eq!(fs::read_to_string(path).unwrap(), "x");
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let inside = Target::File(file.join("out.csv"));
    let error = write(settings(inside, Format::Csv), &[("X", bar(0, "1"))]).unwrap_err();
    assert!(
        error.to_string().contains("file/out.csv cannot be written"),
        "{error}"
    );
}

#[cfg(feature = "frames")]
#[test]
fn parquet_and_arrow_read_back_equal() {
    use polars::prelude::{DataFrame, DataType};
    use polars_io::SerReader;

    let folder = tempfile::tempdir().unwrap();
    // More than one batch, and digits that no shorter number has.
    let count = super::FILE_ROWS as i64 + 10;
    let results: Vec<_> = (0..count)
        .map(|minute| {
            (
                "X",
                bar(minute, &format!("{}.{:07}", minute, minute * 7 % 9_999_999)),
            )
        })
        .collect();
    let read: [fn(fs::File) -> DataFrame; 2] = [
        |file| {
            polars_io::parquet::read::ParquetReader::new(file)
                .finish()
                .unwrap()
        },
        |file| polars_io::ipc::IpcReader::new(file).finish().unwrap(),
    ];
    for (format, read) in [Format::Parquet, Format::Ipc].into_iter().zip(read) {
        let path = folder.path().join(format!("out.{format}"));
        let report = write(settings(Target::File(path.clone()), format), &results).unwrap();
        assert_eq!(report.rows, count as u64);
        let frame = read(fs::File::open(path).unwrap());
        assert_eq!(frame.height() as i64, count);
        let closes = frame.column("close").unwrap().f64().unwrap();
        for (at, (_, result)) in results.iter().enumerate() {
            let ResultBody::Ohlcv { bar, .. } = &result.body else {
                unreachable!()
            };
            assert_eq!(closes.get(at), bar.close.map(crate::domain::to_f64));
        }
        assert_eq!(frame.column("low").unwrap().null_count() as i64, count);
        let datetime = frame.column("datetime").unwrap().dtype().clone();
        assert!(matches!(datetime, DataType::Datetime(..)), "{datetime}");
        assert_eq!(
            frame.get_column_names(),
            [
                "symbol",
                "unix_ts",
                "datetime",
                "open",
                "high",
                "low",
                "close",
                "volume",
                "source",
                "timeframe",
                "partial",
                "part"
            ]
        );
    }
}

/// The times and closes of a file's rows, with `partial` and `part`, in words.
fn rows_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let minute = (fields[1].parse::<i64>().unwrap() - NOON.0) / 60_000;
        let [.., partial, part] = fields.as_slice() else {
            unreachable!()
        };
        format!("{minute} {} {partial} {part}", fields[6])
    };
    text.lines().skip(1).map(row).collect()
}

fn grown(minute: i64, closes: &[&str]) -> Vec<(&'static str, ResultInstance)> {
    closes
        .iter()
        .map(|close| ("X", bar(minute, close)))
        .collect()
}

#[test]
fn a_bar_that_grows_is_one_row_and_a_late_one_stands_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let mut results = grown(0, &["1", "2", "3"]);
    results.extend(grown(1, &["4"]));
    results.extend(grown(5, &["5"]));
    // A late one, and corrections of one that is written and of one that may still grow.
    results.extend(grown(2, &["6"]));
    results.extend(grown(0, &["7"]));
    results.extend(grown(5, &["8"]));
    let report = write(settings(Target::File(path.clone()), Format::Csv), &results).unwrap();
    assert_eq!(report.rows, 4);
    // The last one has grown, and nobody knows that it is over.
    let expected = ["0 7 false 0", "1 4 false 0", "2 6 false 0", "5 8 true 0"];
    assert_eq!(rows_of(&path), expected);
    // With something later from the source, it is over.
    let path = folder.path().join("over.csv");
    let trade = result(
        NOON.plus_ms(6 * 60_000),
        ResultBody::TimeAndSales(Arc::default()),
    );
    results.push(("Y", trade));
    let mut chosen = settings(Target::File(path.clone()), Format::Csv);
    chosen.services = ServiceSet::of(&[DataService::Ohlcv]);
    write(chosen, &results).unwrap();
    assert_eq!(rows_of(&path)[3], "5 8 false 0");
}

#[test]
fn the_newest_row_is_the_one_of_the_last_part() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Folder(folder.path().to_owned());
    let chosen = |part_rows| FilesSettings {
        part_rows,
        ..settings(target.clone(), Format::Csv)
    };
    let mut results: Vec<_> = (0..3).flat_map(|minute| grown(minute, &["1"])).collect();
    results.extend(grown(0, &["9"]));
    write(chosen(2), &results).unwrap();
    write(chosen(100), &grown(1, &["7"])).unwrap();
    let part = |number: u32| {
        let name = format!("bars/date=2019-02-13/symbol=X/part-{number}.csv");
        rows_of(&folder.path().join(name))
    };
    assert_eq!(part(0), ["0 1 false 0", "1 1 false 0"]);
    assert_eq!(part(1), ["0 9 false 1", "2 1 false 1"]);
    assert_eq!(part(2), ["1 7 false 2"]);
}

#[test]
fn a_live_bar_is_written_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut chosen = settings(Target::Folder(folder.path().to_owned()), Format::Csv);
    let is_live = FileSource {
        calendar: SessionCalendar::UtcDay,
        is_live: true,
    };
    chosen.sources = [(SourceName::new("kraken"), is_live)].into_iter().collect();
    let clock = Arc::new(ManualClock::at(NOON.plus_ms(20_000)));
    let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let (mut sink, handle) = FileSink::new(chosen, as_clock).unwrap();
    let source = SourceName::new("kraken");
    let [x, y] = ["X", "Y"].map(|symbol| Symbol::new(symbol).unwrap());
    sink.result(&bar(0, "1"), &x, &source).unwrap();
    clock.advance_ms(45_000);
    sink.flush().unwrap();
    sink.result(&bar(1, "2"), &y, &source).unwrap();
    assert_eq!(sink.growing.len(), 1, "the first is over");
    drop(sink);
    assert_eq!(handle.wait(true).unwrap().rows, 2);
    let rows = |symbol: &str| {
        let name = format!("bars/date=2019-02-13/symbol={symbol}/part-0.csv");
        rows_of(&folder.path().join(name))
    };
    assert_eq!(rows("X"), ["0 1 false 0"]);
    assert_eq!(rows("Y"), ["1 2 true 0"]);
}

#[test]
fn every_day_and_source_has_the_same_types() {
    // The evening in New York is the next day in UTC; the date is that of the trading day.
    let folder = tempfile::tempdir().unwrap();
    let evening = [("X", bar(8 * 60, "1"))];
    let target = Target::Folder(folder.path().to_owned());
    write(settings(target.clone(), Format::Csv), &evening).unwrap();
    let other = FilesSettings {
        sources: FxHashMap::default(),
        ..settings(target, Format::Csv)
    };
    write(other, &evening).unwrap();
    assert_eq!(
        names_in(folder.path()),
        [
            "bars/date=2019-02-13/symbol=X/part-0.csv",
            "bars/date=2019-02-14/symbol=X/part-0.csv"
        ]
    );
    for name in names_in(folder.path()) {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.contains(",2019-02-14T01:00:00.000Z,"), "{text}");
    }
}
