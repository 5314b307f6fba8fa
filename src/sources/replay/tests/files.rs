//! What files hold, and in which order it comes.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_reference_example_gives_its_five_bars_and_the_error() {
    let fixture = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/ray_streamer.jsonl"
    ));
    let source = ReplaySource::open(fixture, at_max()).unwrap();
    assert_eq!(source.info().label, "replay:ray_streamer.jsonl");
    let mut rig = Rig::start(source, &["AAPL", "DUD", "AMZN"]);
    assert_eq!(rig.tell_next(2).await, ["connecting", "connected"]);
    let mut bars = Vec::new();
    loop {
        match rig.next().await {
            Message::Data(events) => bars.extend(events),
            other => {
                assert_eq!(rig.tell_of(&other), END);
                break;
            }
        }
    }
    let told: Vec<_> = bars
        .iter()
        .map(|event| {
            let Payload::Ohlcv(bar) = &event.payload else {
                panic!("{event:?}");
            };
            let values = [bar.open, bar.high, bar.low, bar.close, bar.volume];
            let values: Vec<_> = values
                .iter()
                .map(|value| value.unwrap().to_string())
                .collect();
            let time = event.time.unwrap();
            format!(
                "{} {} {} {}",
                rig.symbol(event.symbol),
                values.join("/"),
                time.0,
                time.new_york().unwrap().to_rfc3339()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "AMZN 199.79/199.84/199.79/199.84/1521 1720522800000 2024-07-09T07:00:00-04:00",
            "AAPL 227.99/228.0/227.95/227.95/3756 1720522860000 2024-07-09T07:01:00-04:00",
            "AMZN 199.85/199.85/199.85/199.85/204 1720522860000 2024-07-09T07:01:00-04:00",
            "AAPL 227.8/227.8/227.8/227.8/249 1720522920000 2024-07-09T07:02:00-04:00",
            "AMZN 199.8/199.8/199.8/199.8/1874 1720522920000 2024-07-09T07:02:00-04:00",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_symbol_that_never_came_and_looks_like_one_that_did_is_told_once() {
    let folder = folder(&[
        ("MSFT_1min.csv", &table(&[0, 1])),
        ("mixed.jsonl", &lines(&[1.0, 2.0], &["AAPL", "SPY"])),
    ]);
    let told = |symbol: &str, near: &str| {
        format!(
            "rejected ConfigError {symbol} is not in the data; did you mean {near}? It holds AAPL, MSFT, SPY | {symbol}"
        )
    };
    let wanted = ["AAPL", "APPL", "msft", "DUD"];
    let mut rig = Rig::start(open(&folder, at_max()), &wanted);
    let said = [told("APPL", "AAPL"), told("msft", "MSFT")];
    assert_eq!(
        rig.all().await,
        ["data AAPL@1", "data AAPL@2", &said[0], &said[1], END]
    );
    // One that is asked for when all has been read, and a look back at it.
    rig.add("SPI");
    assert_eq!(rig.told().await, told("SPI", "SPY"));
    rig.tell(TransportCommand::SeekBy(-600_000));
    let again = rig.all().await;
    assert!(
        !again.iter().any(|message| message.contains("did you mean")),
        "{again:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_symbol_that_another_source_is_asked_for_too_may_well_be_its_own() {
    let folder = folder(&[("mixed.jsonl", &lines(&[1.0], &["BTC/USD"]))]);
    let mut rig = Rig::start(open(&folder, at_max()), &["BTC/USD", "BTCUSD"]);
    let other = rig.directory.add_source(false);
    rig.directory
        .subscribe(other, &Symbol::new("BTCUSD").unwrap())
        .unwrap();
    assert_eq!(rig.all().await, ["data BTC/USD@1", END]);
}

#[tokio::test(start_paused = true)]
async fn files_are_merged_by_time_and_wanted_symbols_only() {
    let folder = folder(&[
        ("A_1min.csv", &table(&[0, 2, 4])),
        ("B_1min.csv", &table(&[5, 3, 1])),
        ("C_1min.csv", &table(&[0, 1])),
        ("bad_1min.csv", b"this is no table"),
        ("mixed.jsonl", &lines(&[1.5, 3.0], &["A", "X"])),
        ("notes.txt", b"not data"),
    ]);
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A", "B"]);
    assert_eq!(
        rig.all().await,
        [
            "data A@0",
            "data B@1",
            "data A@1.5",
            "data A@2",
            "data B@3",
            "data A@3",
            "data A@4",
            "data B@5",
            END
        ]
    );
    let meters = Arc::clone(&rig.control().meters);
    assert_eq!(meters.ignored.get(), 2);
    assert_eq!(meters.messages.get(), 8);
    assert_eq!(meters.transport().unwrap().progress, 1.0);
    assert_eq!(meters.data_clock(), Some(UnixMs(BEGIN + 5 * 60_000)));
}

#[tokio::test(start_paused = true)]
async fn without_symbols_all_are_taken() {
    let folder = folder(&[
        ("A.csv", &table(&[0])),
        (
            "t.csv",
            b"Date,Symbol,Close\n2024-07-09 07:01:00,B,1\n2024-07-09 07:01,C,2\n",
        ),
        ("u.json", &lines(&[2.0], &["D"])),
    ]);
    let mut rig = Rig::start(open(&folder, at_max()), &[]);
    assert_eq!(rig.all().await, ["data A@0 B@1 C@1", "data D@2", END]);
}

#[tokio::test(start_paused = true)]
async fn packed_files_are_read_as_they_are() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let members = [gzip(&lines(&[0.0], &["A"])), gzip(&lines(&[1.0], &["A"]))].concat();
    let whole = lines(&(0..2000).map(f64::from).collect::<Vec<_>>(), &["D"]);
    let torn = gzip(&whole);
    let torn_zstd = zstd::encode_all(&whole[..], 0).unwrap();
    let folder = folder(&[
        ("a.jsonl.gz", &members),
        (
            "B.csv.zst",
            &zstd::encode_all(&table(&[3, 2])[..], 0).unwrap(),
        ),
        ("d.ndjson.gz", &torn[..torn.len() / 2]),
        ("e.ndjson.zst", &torn_zstd[..torn_zstd.len() - 10]),
    ]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A", "B"]);
    let told = rig.all().await;
    let (errors, data): (Vec<_>, Vec<_>) =
        told.iter().partition(|told| told.starts_with("rejected"));
    assert_eq!(data, ["data A@0", "data A@1", "data B@2 B@3", END]);
    assert_eq!(errors.len(), 2, "{errors:?}");
    for (error, name) in errors.iter().zip(["d.ndjson.gz", "e.ndjson.zst"]) {
        let start = format!(
            "rejected DecodeError {name}: the compressed data ends too early; the lines before are kept | {name}:"
        );
        assert!(error.starts_with(&start), "{error}");
    }
    assert!(
        rig.control().meters.ignored.get() > 100,
        "lines before are kept"
    );
}

#[tokio::test(start_paused = true)]
async fn where_no_line_could_be_read_none_is_named() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let json = gzip(&lines(&[0.0], &["A"]));
    let rows: Vec<i64> = (0..2000).rev().collect();
    let backwards = gzip(&table(&rows));
    let header = gzip(b"datetime,close\n");
    let folder = folder(&[
        ("a.jsonl.gz", &json[..json.len() / 4]),
        ("B.csv.gz", &backwards[..backwards.len() / 2]),
        ("C.csv.gz", &header[..12]),
    ]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A", "B", "C"]);
    let told = rig.all().await;
    let mut errors: Vec<_> = told
        .iter()
        .filter(|told| told.starts_with("rejected"))
        .filter_map(|told| told.rsplit_once(" | "))
        .map(|(_, location)| location)
        .collect();
    errors.sort_unstable();
    assert_eq!(errors, ["B.csv.gz", "C.csv.gz", "a.jsonl.gz"]);
    assert!(
        told.iter().any(|told| told.starts_with("data B@")),
        "rows before are kept"
    );
}

#[tokio::test(start_paused = true)]
async fn bad_lines_and_rows_are_named_and_the_rest_is_read() {
    let mut json = lines(&[0.0], &["A"]);
    json.extend_from_slice(
        b"\r\n{\"A\":{\"close\":\"x\"},\"B\":{\"close\":1}}\r\nno json\n\xff\xfe\n",
    );
    json.extend(lines(&[1.0], &["A"]));
    let folder = folder(&[
        ("a.jsonl", &json),
        (
            "C.csv",
            b"\xef\xbb\xbfdatetime,close\r\n1720522800000,1.0\r\n\r\nsoon,1\r\n1720522860000,\"1\r\n1720522860000,2\r\n",
        ),
        ("D_x.csv", b"price\n"),
    ]);
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A", "B", "C", "D"]);
    assert_eq!(
        rig.all().await,
        [
            "rejected SchemaError the header has no column named open, high, low, close or volume | D_x.csv:1 | price",
            "data C@0",
            "rejected SchemaError the time \"soon\" cannot be read | C | C.csv:4 | soon,1",
            "data A@0",
            "data B@-",
            "rejected SchemaError close: expected a number, found the string \"x\" | A | a.jsonl:3 | {\"A\":{\"close\":\"x\"},\"B\":{\"close\":1}}",
            "rejected DecodeError no JSON: no such value (byte 1) | a.jsonl:4 | no json",
            "rejected DecodeError byte 1 is no UTF-8 | a.jsonl:5 | \u{fffd}\u{fffd}",
            "data C@1 C@1",
            "data A@1",
            END
        ]
    );
    assert_eq!(rig.control().meters.rejected.get(), 5);
}

#[tokio::test(start_paused = true)]
async fn very_long_lines_are_passed_over() {
    let mut json = lines(&[0.0], &["A"]);
    json.extend(std::iter::repeat_n(b'x', 20 << 20));
    json.push(b'\n');
    json.extend(lines(&[1.0, 2.0], &["A"]));
    let folder = folder(&[("a.jsonl", &json)]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A"]);
    let told = rig.all().await;
    assert_eq!(
        (told[0].as_str(), told[2].as_str(), told[3].as_str()),
        ("data A@0", "data A@1", "data A@2")
    );
    let sample = format!(
        "rejected DecodeError the line is longer than 16 MiB | a.jsonl:2 | {}",
        "x".repeat(200)
    );
    assert!(told[1].starts_with(&sample), "{}", told[1]);
}

#[tokio::test(start_paused = true)]
async fn lines_out_of_order_are_played_in_the_files_order() {
    let mut json = lines(&[5.0, 1.0], &["A"]);
    json.extend_from_slice(b"{\"A\":{\"close\":1}}\n");
    json.extend(lines(&[6.0], &["A"]));
    let folder = folder(&[("a.jsonl", &json), ("b.jsonl", &lines(&[4.0, 5.5], &["B"]))]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A", "B"]);
    assert_eq!(
        rig.all().await,
        [
            "data B@4",
            "data A@5",
            "data A@1",
            "data A@-",
            "data B@5.5",
            "data A@6",
            END
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn start_and_end_cut() {
    let folder = folder(&[("A.csv", &table(&[4, 3, 2, 1, 0]))]);
    let window = |stamp| ReplaySettings {
        start: at_max().read_time("2024-07-09T07:01"),
        end: at_max().read_time("2024-07-09T07:03:00-04:00"),
        bar_stamp: stamp,
        ..at_max()
    };
    let mut rig = Rig::start(open(&folder, window(BarStamp::Start)), &["A"]);
    assert_eq!(rig.all().await, ["data A@1 A@2", END]);
    let source = open(&folder, window(BarStamp::End));
    assert_eq!(source.info().bar_stamp, BarStamp::End);
    let mut rig = Rig::start(source, &["A"]);
    assert_eq!(rig.all().await, ["data A@2 A@3", END]);
    let empty = ReplaySettings {
        start: Some(UnixMs(2)),
        end: Some(UnixMs(2)),
        ..at_max()
    };
    assert!(ReplaySource::open(folder.path(), empty).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_session_in_memory_opens_in_the_middle() {
    let bytes = zstd::encode_all(&lines(&[0.0, 1.0, 2.0, 3.0], &["A"])[..], 0).unwrap();
    let settings = ReplaySettings {
        open_at: Some(UnixMs(BEGIN + 2 * 60_000)),
        looping: true,
        ..at_max()
    };
    let source =
        ReplaySource::in_memory(bytes.leak(), "bundled", Origin::Synthetic, settings).unwrap();
    assert_eq!(source.info().origin, Origin::Synthetic);
    let mut rig = Rig::start(source, &[]);
    assert_eq!(
        rig.tell_next(8).await,
        [
            "connecting",
            "connected",
            "history A@0 A@1",
            "data A@2",
            "data A@3",
            "reset",
            "history A@0 A@1",
            "seek 2024-07-09T07:02:00-04:00",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_a_session_is_that_of_its_time_where_that_is_known() {
    let bytes = zstd::encode_all(&lines(&[0.0, 1.0, 2.0, 3.0], &["A"])[..], 0).unwrap();
    let settings = ReplaySettings {
        open_at: Some(UnixMs(BEGIN + 2 * 60_000)),
        span: Some((UnixMs(BEGIN), UnixMs(BEGIN + 8 * 60_000))),
        ..at_sixty()
    };
    let source =
        ReplaySource::in_memory(bytes.leak(), "bundled", Origin::Synthetic, settings).unwrap();
    let mut rig = Rig::start(source, &[]);
    while rig.told().await != "data A@2" {}
    rig.until("a quarter of it", |rig| {
        let transport = rig.control().meters.transport();
        transport.is_some_and(|transport| (0.24..0.3).contains(&transport.progress))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn chunks_of_any_size_give_the_same_lines() {
    let minutes: Vec<f64> = (0..20_000).map(f64::from).collect();
    let rows: Vec<i64> = (0..20_000).collect();
    let backwards: Vec<i64> = rows.iter().rev().copied().collect();
    let expected: Vec<i64> = rows.iter().map(|minute| BEGIN + minute * 60_000).collect();
    for (name, bytes) in [
        ("A.jsonl", lines(&minutes, &["A"])),
        ("A.csv", table(&rows)),
        ("A.csv", table(&backwards)),
    ] {
        let folder = folder(&[(name, bytes.as_slice())]);
        let mut rig = Rig::start(open(&folder, at_max()), &["A"]);
        let mut times = Vec::new();
        loop {
            match rig.next().await {
                Message::Data(events) => {
                    times.extend(events.iter().map(|event| event.time.unwrap().0));
                }
                Message::Ended { .. } => break,
                Message::Status(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(times, expected, "{name}");
        assert_eq!(rig.control().meters.messages.get(), 20_000);
    }
}

#[cfg(feature = "frames")]
#[tokio::test(start_paused = true)]
async fn a_columnar_file_is_played_as_a_table_is() {
    use polars::prelude::{DataFrame, IntoColumn, NamedFrom, SerWriter, Series};
    use polars_io::ipc::IpcWriter;

    let folder = tempfile::tempdir().unwrap();
    let minutes: Vec<i64> = (0..3).map(|n| 1_550_000_040_000 + n * 60_000).collect();
    let mut columns = vec![
        Series::new("symbol".into(), ["A", "B", "A"]).into_column(),
        Series::new("unix_ts".into(), minutes.clone()).into_column(),
    ];
    for name in ["open", "high", "low", "close", "volume"] {
        columns.push(Series::new(name.into(), [1.25, 2.5, 3.0]).into_column());
    }
    let mut frame = DataFrame::new(3, columns).unwrap();
    let file = std::fs::File::create(folder.path().join("bars.arrow")).unwrap();
    IpcWriter::new(file).finish(&mut frame).unwrap();
    std::fs::write(folder.path().join("damaged.parquet"), "no parquet").unwrap();
    let mut rig = Rig::start(open(&folder, at_max()), &["A", "damaged"]);
    let mut times = Vec::new();
    let mut errors = Vec::new();
    loop {
        match rig.next().await {
            Message::Data(events) => times.extend(events.iter().map(|event| event.time.unwrap().0)),
            Message::Rejected(error) => errors.push(error.message.clone()),
            Message::Ended { .. } => break,
            _ => {}
        }
    }
    assert_eq!(times, [minutes[0], minutes[2]]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("damaged.parquet"), "{errors:?}");
}
