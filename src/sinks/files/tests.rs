use std::fs;

use super::*;
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookTop, Level};
use crate::domain::clock::ManualClock;
use crate::domain::outcome::ResultBody;
use crate::domain::symbol::SymbolId;
use crate::domain::trade::{Side, TimeAndSale, TradeId};

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
        zone: chrono_tz::America::New_York,
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

fn names_in(folder: &Path) -> Vec<String> {
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
        "symbol,unix_ts,datetime,open,high,low,close,volume,source\n\
         BTC/USD,1550077200000,2019-02-13T12:00:00.000-05:00,1.5,1.5,,1.5,7,replay\n\
         BRK.B,1550077260000,2019-02-13T12:01:00.000-05:00,0.00000001,0.00000001,,0.00000001,7,replay\n"
    );
    let json = folder.path().join("out.jsonl");
    write(
        settings(Target::File(json.clone()), Format::JsonLines),
        &bars,
    )
    .unwrap();
    let lines = fs::read_to_string(json).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["symbol"], "BTC/USD");
    assert_eq!(first["low"], serde_json::Value::Null);
    assert_eq!(first["datetime"], "2019-02-13T12:00:00.000-05:00");
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
    assert!(trades.ends_with("5,,sell,@ I,9,,replay\n"), "{trades}");
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
    clock.advance_ms(61_000);
    sink.flush().unwrap();
    // Nothing is waiting any more, so that the end adds nothing.
    assert!(sink.partitions.take_all().is_empty());
    drop(sink);
    assert_eq!(handle.wait(true).unwrap().files.len(), 2);
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
                "symbol", "unix_ts", "datetime", "open", "high", "low", "close", "volume", "source"
            ]
        );
    }
}
