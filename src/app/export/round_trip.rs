//! What is written is played again, and gives the same.

use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

use proptest::prelude::*;

use crate::config::settings::history_spec;
use crate::domain::Decimal;
use crate::domain::outcome::{ErrorInstance, ResultBody, ResultInstance, Severity, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::domain::to_f64;
use crate::pipeline::settings::EngineSettings;
use crate::pipeline::sink::SinkClosed;

use super::*;

/// 2019-02-13 09:30 in New York.
const OPENING: i64 = 1_550_068_200_000;
const MINUTE: i64 = 60_000;
/// Formats that this build has.
const FORMATS: &[Format] = if cfg!(feature = "frames") {
    &Format::ALL
} else {
    &[Format::Csv, Format::JsonLines]
};

/// What has been seen: results by symbol and service in their order, and what was wrong.
#[derive(Debug, Default, Clone, PartialEq)]
struct Seen {
    results: Vec<String>,
    troubles: Vec<String>,
}

struct Collector(Arc<Mutex<Seen>>);

impl Sink for Collector {
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        _: &SourceName,
    ) -> Result<(), SinkClosed> {
        let time = result.time.map_or(-1, |time| time.0 - OPENING);
        let told = format!("{symbol} {time} {}", tell(&result.body));
        self.0.lock().unwrap().results.push(told);
        Ok(())
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        let is_end = error.message == crate::sources::replay::END_OF_DATA;
        if !is_end && error.severity != Severity::Info {
            let trouble = format!("{:?} {}", error.location, error.message);
            self.0.lock().unwrap().troubles.push(trouble);
        }
        Ok(())
    }

    fn status(&mut self, _: &StatusChange) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// A result in words, with the numbers that files hold.
fn tell(body: &ResultBody) -> String {
    let numbers = |numbers: &[Option<Decimal>]| {
        let numbers: Vec<_> = numbers.iter().map(|number| number.map(to_f64)).collect();
        format!("{numbers:?}")
    };
    match body {
        ResultBody::Ohlcv { bar, timeframe, .. } => {
            let figures = numbers(&[bar.open, bar.high, bar.low, bar.close, bar.volume]);
            format!("bar {timeframe} {figures}")
        }
        ResultBody::Level1 { quote, .. } => format!(
            "quote {}",
            numbers(&[
                quote.bid,
                quote.bid_size,
                quote.ask,
                quote.ask_size,
                quote.last,
                quote.last_size,
                quote.volume
            ])
        ),
        ResultBody::Level2(book) => format!("book {book:?}"),
        ResultBody::TimeAndSales(trade) => format!(
            "trade {} {:?} {:?} {:?} {:?} {:?}",
            numbers(&[trade.price, trade.size]),
            trade.side,
            trade.conditions,
            trade.trade_id,
            trade.action,
            trade.exchange
        ),
        ResultBody::News(news) => format!("news {news:?}"),
    }
}

fn settings_of(spec: &str) -> Settings {
    let loaded = Layers::default().load().unwrap();
    Settings {
        sources: vec![spec.parse().unwrap()],
        speed: Some(Speed::Max),
        ..loaded.settings
    }
}

fn try_plan_of(spec: &str) -> Result<Plan, plan::PlanError> {
    let variables = crate::config::environment::Environment::default();
    let surroundings = Surroundings::without_recording(&variables);
    plan::open_all(&settings_of(spec), &surroundings)
}

fn plan_of(spec: &str) -> Plan {
    try_plan_of(spec).unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

/// Plays a source to its end into these sinks; gives what came.
fn play(spec: &str, timeframes: &[Timeframe], mut sinks: Vec<Box<dyn Sink>>) -> Seen {
    let Plan { sources, failures } = plan_of(spec);
    assert!(failures.is_empty(), "{}", failures[0].to_error().message);
    let seen: Arc<Mutex<Seen>> = Arc::default();
    sinks.push(Box::new(Collector(Arc::clone(&seen))));
    let settings = EngineSettings {
        stop_when_ended: true,
        timeframes: timeframes.to_vec(),
        ..EngineSettings::default()
    };
    let engine = engine::start(settings, sources, sinks, clock(), None).unwrap();
    assert!(!engine.join().all_hopeless);
    let mut seen = seen.lock().unwrap().clone();
    // Symbols and services come in no order among each other.
    let key = |told: &String| {
        let words: Vec<&str> = told.split(' ').collect();
        let length = if words[2] == "bar" { words[3] } else { "" };
        (words[0].to_owned(), words[2].to_owned(), length.to_owned())
    };
    seen.results.sort_by_key(key);
    seen
}

/// Writes what a source gives; gives what came of it.
fn export(spec: &str, target: Target, format: Format, timeframes: &[Timeframe]) -> Seen {
    let services = files::default_services(&target);
    let settings = FilesSettings {
        target,
        format,
        services,
        timeframes: timeframes.to_vec(),
        from: None,
        until: None,
        indicators: Vec::new(),
        sources: known(&plan_of(spec).sources),
        overwrite: false,
        part_rows: PART_ROWS,
        part_age: Duration::MAX,
    };
    let (sink, handle) = FileSink::new(settings, clock()).unwrap();
    let longer = timeframes.iter().copied();
    let longer: Vec<Timeframe> = longer.filter(|it| *it != Timeframe::M1).collect();
    let seen = play(spec, &longer, vec![Box::new(sink)]);
    handle.wait(true).unwrap();
    seen
}

fn of_kind(seen: &Seen, what: &str) -> Vec<String> {
    let is_it = |told: &&String| told.contains(what);
    seen.results.iter().filter(is_it).cloned().collect()
}

/// A number as it comes, or none.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("null".to_owned()),
        6 => (0..9_999_999_i64, 0..9_u32).prop_map(|(digits, scale)| Decimal::new(digits, scale).to_string()),
    ]
}

/// A text as it comes, or none.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        "[ -~é\u{4e2d}]{0,12}[!-~]".prop_map(|text| serde_json::to_string(&text).unwrap())
    ]
}

fn trade() -> impl Strategy<Value = String> {
    let side = prop::sample::select(vec!["null", "\"buy\"", "\"sell\""]);
    let conditions = prop::collection::vec("[@A-Z ]{1,2}", 0..3);
    let id = prop_oneof![
        Just("null".to_owned()),
        any::<u64>().prop_map(|id| id.to_string()),
        "[a-z][a-z0-9-]{0,9}".prop_map(|id| format!("{id:?}"))
    ];
    let action = prop::sample::select(vec!["", r#","corrects":7"#, r#","cancels":"x""#]);
    let exchange = prop::sample::select(vec!["", r#","exchange":"V""#]);
    (number(), number(), side, conditions, id, action, exchange).prop_map(
        |(price, size, side, conditions, id, action, exchange)| {
            format!(
                r#"TIMESALE {{"price":{price},"size":{size},"side":{side},"conditions":{conditions:?},"trade_id":{id}{action}{exchange}"#
            )
        },
    )
}

/// Lines of every service but books, for two symbols.
fn lines() -> impl Strategy<Value = String> {
    let bar = prop::collection::vec(number(), 5).prop_map(|it| {
        format!(
            r#"OHLCV {{"open":{},"high":{},"low":{},"close":{},"volume":{}"#,
            it[0], it[1], it[2], it[3], it[4]
        )
    });
    let quote = prop::collection::vec(number(), 7).prop_map(|it| {
        format!(
            r#"LEVEL1 {{"bid":{},"bid_size":{},"ask":{},"ask_size":{},"last":{},"last_size":{},"volume":{}"#,
            it[0], it[1], it[2], it[3], it[4], it[5], it[6]
        )
    });
    let symbols = prop::sample::select(vec!["null", r#"["A","B/USD"]"#]);
    let news = (text(), text(), symbols).prop_map(|(publisher, summary, symbols)| {
        format!(
            r#"NEWS {{"headline":"Up, \"up\"","publisher":{publisher},"summary":{summary},"symbols":{symbols}"#
        )
    });
    let event = prop_oneof![bar, quote, trade(), news];
    prop::collection::vec((event, any::<bool>()), 1..40).prop_map(|events| {
        let mut text = String::new();
        for (at, (event, is_second)) in events.into_iter().enumerate() {
            let (service, payload) = event.split_once(' ').unwrap();
            let symbol = if is_second { "B/USD" } else { "A" };
            // Until the evening, which has another date in UTC.
            let time = OPENING + at as i64 * 37 * MINUTE;
            writeln!(
                text,
                r#"{{"timestamp":{time},"service":"{service}","symbols":{{"{symbol}":{payload},"datetime":{time}}}}}}}"#
            )
            .unwrap();
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_folder_of_any_format_gives_the_same_again(lines in lines()) {
        for &format in FORMATS {
            let folder = tempfile::tempdir().unwrap();
            let input = folder.path().join("in.jsonl");
            fs::write(&input, &lines).unwrap();
            let output = folder.path().join("out");
            let source = format!("replay:{}", input.display());
            let given = export(&source, Target::Folder(output.clone()), format, &[]);
            prop_assert_eq!(&given.troubles, &Vec::<String>::new());
            let again = play(&format!("replay:{}", output.display()), &[], Vec::new());
            prop_assert_eq!(again, given, "{}", format);
        }
    }
}

/// A morning of two symbols' minutes.
fn minutes(count: i64) -> String {
    let mut text = "symbol,datetime,open,high,low,close,volume\n".to_owned();
    for minute in 0..count {
        for (symbol, price) in [("A", 10), ("B/USD", 2000)] {
            let (time, open) = (OPENING + minute * MINUTE, price + minute);
            let high = open + 1;
            writeln!(
                text,
                "{symbol},{time},{open}.25,{high},{open},{open}.5,{minute}"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn bars_of_every_length_come_back_with_it() {
    for &format in FORMATS {
        for stamp in ["start", "end"] {
            let folder = tempfile::tempdir().unwrap();
            let input = folder.path().join("in.csv");
            fs::write(&input, minutes(200)).unwrap();
            let source = format!("replay:{}?stamp={stamp}", input.display());
            let output = folder.path().join("out");
            let all = Timeframe::ALL;
            let given = export(&source, Target::Folder(output.clone()), format, &all);
            for timeframe in all {
                let expected = of_kind(&given, &format!(" bar {timeframe} "));
                assert!(!expected.is_empty());
                // One file, which says the length itself.
                let file = folder.path().join(format!("{timeframe}.{format}"));
                export(&source, Target::File(file.clone()), format, &[timeframe]);
                let file = format!("replay:{}?stamp={stamp}", file.display());
                let again = play(&file, &[], Vec::new());
                assert_eq!(again.results, expected, "{file}");
                assert_eq!(again.troubles, Vec::<String>::new());
                // The folder of all tables.
                let output = output.display();
                let spec = format!("replay:{output}?stamp={stamp}&interval={timeframe}");
                assert_eq!(play(&spec, &[], Vec::new()).results, expected, "{spec}");
            }
            // Of the folder, the shortest bars are played, and give the longer ones again.
            let spec = format!("replay:{}?stamp={stamp}", output.display());
            assert_eq!(play(&spec, &all[1..], Vec::new()), given);
            is_history(
                &format!("{}?stamp={stamp}", output.display()),
                |timeframe| of_kind(&given, &format!(" bar {timeframe} ")).len(),
            );
        }
    }
}

/// As history, each length is what it is; two symbols have so many bars of it.
fn is_history(path: &str, count: impl Fn(Timeframe) -> usize) {
    let spec = history_spec(path).unwrap();
    let (past, troubles) = past::read(&[spec], &EngineSettings::default(), &clock());
    assert_eq!(troubles, []);
    for timeframe in Timeframe::ALL {
        let symbol = Symbol::new("B/USD").unwrap();
        let bars: Vec<_> = past.of(&symbol, timeframe, None).collect();
        assert_eq!(bars.len() * 2, count(timeframe), "{timeframe}");
        let calendar = SessionCalendar::UsEquities;
        let session = calendar.session_of(UnixMs(OPENING)).unwrap();
        let (start, _) = timeframe.interval_of(bars[0].start, &session);
        assert_eq!(bars[0].start, start, "{timeframe}");
    }
}

#[test]
fn what_is_not_played_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let depth = folder.path().join("depth/date=2019-02-13/symbol=A");
    fs::create_dir_all(&depth).unwrap();
    let table = "symbol,unix_ts,side,level,price,size,sequence,source\nA,1,bid,1,2,3,,x\n";
    fs::write(depth.join("part-0.csv"), table).unwrap();
    let told = |options: &str| {
        let plan = try_plan_of(&format!("replay:{}{options}", folder.path().display()));
        plan.err().map(|error| format!("{error:?}"))
    };
    let only_books = told("").unwrap();
    assert!(only_books.contains("--record"), "{only_books}");
    let bars = "symbol,unix_ts,close,timeframe\nA,1,2,5m\n";
    fs::write(folder.path().join("b5.csv"), bars).unwrap();
    assert_eq!(told(""), None);
    let no_length = told("?interval=1h").unwrap();
    assert!(
        no_length.contains("no bars of 1h; there are those of 5m"),
        "{no_length}"
    );
}
