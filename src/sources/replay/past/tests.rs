#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeMap;
use std::path::Path;

use crate::sources::replay::ReplaySettings;

use super::*;

#[derive(Default)]
struct Taken {
    bars: BTreeMap<String, BTreeMap<i64, Candle>>,
    shares: Vec<f64>,
}

impl PastTaker for Taken {
    fn take(&mut self, bar: FileBar<'_>) {
        assert_eq!(bar.interval, Timeframe::M1);
        let of_symbol = self.bars.entry(bar.symbol.to_string()).or_default();
        of_symbol.insert(bar.bar.start.0, bar.bar);
    }

    fn progress(&mut self, share: f64) {
        self.shares.push(share);
    }
}

fn read(path: &Path, settings: ReplaySettings) -> (Taken, Vec<ErrorInstance>) {
    let mut taken = Taken::default();
    let errors = ReplaySource::open(path, settings)
        .unwrap()
        .read_past(&mut taken);
    (taken, errors)
}

#[test]
fn the_recorded_week_is_read_whole() {
    let Some(root) = std::env::var_os("STREAMER_TUI_TEST_DATA") else {
        eprintln!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return;
    };
    let path = Path::new(&root).join("bars-us-2019-02");
    let settings = ReplaySettings {
        bar_stamp: BarStamp::End,
        ..ReplaySettings::default()
    };
    let (taken, errors) = read(&path, settings);
    assert_eq!(errors, []);
    assert_eq!(taken.bars.len(), 24);
    for (symbol, bars) in taken.bars {
        let text = std::fs::read_to_string(path.join(format!("{symbol}_1min.csv"))).unwrap();
        let rows = text.lines().skip(1).filter(|row| !row.is_empty()).count();
        assert_eq!(bars.len(), rows, "{symbol}");
    }
    assert!(taken.shares.is_sorted());
    assert!((taken.shares.last().unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn a_table_may_name_its_symbols_and_a_window_cuts_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    let text = "symbol,unix_ts,open,high,low,close,volume\n\
                A,1550000060000,1,1,1,1,1\nB,1550000060000,2,2,2,2,2\nA,1550000120000,3,3,3,3,\nA,1550000180000,4,4,,4,4\nA,1550000240000,5,5,5,5,5\n";
    std::fs::write(&path, text).unwrap();
    let settings = ReplaySettings {
        end: Some(UnixMs(1_550_000_240_000)),
        ..ReplaySettings::default()
    };
    let (taken, errors) = read(&path, settings);
    assert_eq!(errors, []);
    let closes = |symbol: &str| -> Vec<(i64, f64)> {
        let bars = &taken.bars[symbol];
        bars.iter()
            .map(|(start, bar)| (*start - 1_550_000_000_000, bar.close))
            .collect()
    };
    assert_eq!(closes("A"), [(60_000, 1.0), (120_000, 3.0)]);
    assert_eq!(closes("B"), [(60_000, 2.0)]);
}

#[test]
fn what_is_wrong_is_said_once_for_each_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("A.csv"),
        "datetime,close\n2019-02-13,x\n2019-02-14,y\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("B.csv"), "colour,taste\nred,sweet\n").unwrap();
    std::fs::write(folder.path().join("C.csv"), "").unwrap();
    std::fs::write(folder.path().join("D.jsonl"), "{}\n[1,\n").unwrap();
    let (taken, errors) = read(folder.path(), ReplaySettings::default());
    assert!(taken.bars.is_empty());
    let places: Vec<&str> = errors
        .iter()
        .map(|error| error.location.as_deref().unwrap())
        .collect();
    assert_eq!(places, ["A.csv:2", "B.csv", "D.jsonl:2"]);
    assert!(
        errors[0]
            .message
            .ends_with("(and 1 more lines of this file)")
    );
}

#[cfg(feature = "frames")]
#[test]
fn columnar_files_are_read_as_tables_are() {
    use polars::prelude::{DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A_1m.parquet");
    let times: Vec<i64> = (0..5000).map(|n| 1_550_000_040_000 + n * 60_000).collect();
    let prices: Vec<f64> = (0..5000).map(|n| f64::from(n) / 8.0).collect();
    let mut columns = vec![Series::new("unix_ts".into(), times.clone()).into_column()];
    for name in ["open", "high", "low", "close", "volume"] {
        columns.push(Series::new(name.into(), prices.clone()).into_column());
    }
    let mut frame = DataFrame::new(times.len(), columns).unwrap();
    ParquetWriter::new(std::fs::File::create(&path).unwrap())
        .finish(&mut frame)
        .unwrap();
    let (taken, errors) = read(&path, ReplaySettings::default());
    assert_eq!(errors, []);
    let bars = &taken.bars["A"];
    assert!(bars.keys().eq(&times));
    assert!(bars.values().map(|bar| bar.close).eq(prices));
}
