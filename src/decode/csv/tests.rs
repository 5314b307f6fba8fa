#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::domain::news::News;
use crate::domain::outcome::ErrorKind;
use crate::domain::quote::Level1;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};
use chrono_tz::America::New_York;
use proptest::prelude::*;

fn tell(header: &str, row: &str) -> Result<String, String> {
    let mut layout = Layout::new(header.as_bytes(), New_York).map_err(|error| error.reason)?;
    let row = layout.row(row.as_bytes()).map_err(|error| error.reason)?;
    let Some(row) = row else {
        return Ok("blank".to_owned());
    };
    let Payload::Ohlcv(bar) = row.payload else {
        return Ok(format!(
            "{:?} {:?}",
            row.time.map(|time| time.0),
            row.payload
        ));
    };
    let values: Vec<_> = [bar.open, bar.high, bar.low, bar.close, bar.volume]
        .iter()
        .map(|value| value.map_or("-".to_owned(), |value| value.to_string()))
        .collect();
    let time = row
        .time
        .map_or("-".to_owned(), |time| time.new_york().unwrap().to_rfc3339());
    let symbol = row.symbol.unwrap_or(Cow::Borrowed("-"));
    Ok(format!("{symbol} {time} {}", values.join(" ")))
}

#[test]
fn columns_are_found_by_name() {
    let expected = "- 2019-02-15T16:00:00-05:00 170.23 170.42 170.210 170.38 427888";
    for (header, row) in [
        (
            "datetime,open,high,low,close,volume",
            "2019-02-15 16:00:00,170.23,170.42,170.210,170.38,427888",
        ),
        (
            "Volume, CLOSE ,low,High,OPEN,Date",
            "427888,170.38,170.210,170.42,170.23,2019-02-15T21:00:00Z",
        ),
        (
            "\u{feff}timestamp,open,high,low,close,volume\r",
            "1550264400000,170.23,170.42,170.210,170.38,427888\r",
        ),
        (
            "\"time\",open,high,low,close,volume,note",
            "1550264400,\"170.23\", 170.42 ,170.210,170.38,427888,\"a, b\"\"c\"",
        ),
        (
            "date,time,open,high,low,close,volume",
            "2019-02-15,16:00:00,170.23,170.42,170.210,170.38,427888",
        ),
        (
            "date,time,open,high,low,close,volume",
            "20190215,160000,170.23,170.42,170.210,170.38,427888",
        ),
    ] {
        assert_eq!(
            tell(header, row).as_deref(),
            Ok(expected),
            "{header} / {row}"
        );
    }
    assert_eq!(
        tell(
            "date,Ticker,close,average,barCount",
            "2025-09-26 04:00:00-04:00, AAPL ,256.0,x,5"
        )
        .unwrap(),
        "AAPL 2025-09-26T04:00:00-04:00 - - - 256.0 -"
    );
}

#[test]
fn empty_fields_are_unknown() {
    assert_eq!(tell("date,open,close", ",,1.0").unwrap(), "- - - - - 1.0 -");
    assert_eq!(tell("date,open,close", "0,1,").unwrap(), "- - 1 - - - -");
    assert_eq!(tell("date,open,close", "").unwrap(), "blank");
    assert_eq!(tell("date,open,close", " \r").unwrap(), "blank");
}

#[test]
fn bad_headers_and_rows_name_what_is_wrong() {
    for (header, row, reason) in [
        (
            "date,price",
            "",
            "the header has no column named open, high, low, close or volume",
        ),
        (
            "open,close",
            "",
            "the header has no column named datetime, timestamp, date or time",
        ),
        (
            "date,open,Open",
            "",
            "the header has two columns named 'open'",
        ),
        (
            "date,close",
            "2019-02-15",
            "the row has 1 fields, the header 2",
        ),
        (
            "date,close",
            "2019-02-15,1,5",
            "the row has 3 fields, the header 2",
        ),
        (
            "date,close",
            "2019-02-15,NaN",
            "close: \"NaN\" is no number",
        ),
        (
            "date,close",
            "2019-02-15,\"1,5\"",
            "close: \"1,5\" is no number",
        ),
        (
            "date,close",
            "2019-02-15,1e400",
            "close: \"1e400\" is too large",
        ),
        (
            "date,close",
            "yesterday,1",
            "the time \"yesterday\" cannot be read",
        ),
        (
            "date,time,close",
            "2019-02-15,25:00,1",
            "the date \"2019-02-15\" and time \"25:00\" cannot be read",
        ),
    ] {
        assert_eq!(
            tell(header, row),
            Err(reason.to_owned()),
            "{header} / {row}"
        );
    }
    let mut layout = Layout::new(b"date,close", New_York).unwrap();
    assert_eq!(
        layout.row(b"\xff,1").unwrap_err().kind,
        ErrorKind::DecodeError
    );
    // An unclosed quote spoils its own row only.
    assert!(layout.row(b"\"2019-02-15,1").is_err());
    assert!(layout.row(b"2019-02-15,1").is_ok());
}

#[test]
fn other_tables_are_known_by_their_columns() {
    fn payload<'a>(header: &str, row: &'a str) -> Result<Row<'a>, String> {
        let mut layout = Layout::new(header.as_bytes(), New_York).unwrap();
        let row = layout.row(row.as_bytes()).map_err(|error| error.reason)?;
        Ok(row.unwrap())
    }
    let quote = payload(
        "symbol,unix_ts,bid,bid_size,ask,ask_size,last,last_size,volume,source",
        "A,1550000060000,1.5,,2,3,,,9,kraken",
    )
    .unwrap();
    assert_eq!(
        (quote.symbol.as_deref(), quote.time),
        (Some("A"), Some(UnixMs(1_550_000_060_000)))
    );
    let expected = Level1 {
        bid: Some(Decimal::new(15, 1)),
        ask: Some(2.into()),
        ask_size: Some(3.into()),
        volume: Some(9.into()),
        ..Level1::default()
    };
    assert_eq!(quote.payload, Payload::Level1(expected));

    let header = "symbol,unix_ts,price,size,side,conditions,trade_id,exchange,corrects,cancels";
    let trade = |row: &str| match payload(header, row)?.payload {
        Payload::TimeAndSales(trade) => Ok(trade),
        other => Err(format!("{other:?}")),
    };
    let expected = TimeAndSale {
        price: Some(5.into()),
        side: Some(Side::Sell),
        conditions: [" ".into(), "I".into()].into(),
        trade_id: Some(TradeId::Text("x 1".into())),
        action: TradeAction::Corrects(TradeId::Number(7)),
        exchange: Some("V".into()),
        ..TimeAndSale::default()
    };
    assert_eq!(trade("A,1,5,,sell,\" ,I\",x 1,V,7,"), Ok(expected));
    assert_eq!(
        trade("A,1,5,,,,9,,7,8").unwrap_err(),
        "cancels: a trade is corrected or cancelled, not both"
    );
    assert!(trade("A,1,5,,up,,9,,,").unwrap_err().starts_with("side: "));

    let header = "symbol,unix_ts,headline,publisher,url,summary,symbols,source";
    let news = payload(header, "A,1,\"Up, up\",Wire,,,\"A,B\",alpaca").unwrap();
    let expected = News {
        headline: "Up, up".to_owned(),
        source: Some("Wire".to_owned()),
        symbols: ["A".to_owned(), "B".to_owned()].into(),
        ..News::default()
    };
    assert_eq!(news.payload, Payload::News(Box::new(expected)));
    let depth = Layout::new(b"symbol,unix_ts,side,level,price,size", New_York);
    assert_eq!(depth.unwrap_err().reason, NO_BOOKS);
}

#[test]
fn a_row_may_say_how_long_its_bar_is() {
    let mut layout = Layout::new(b"unix_ts,close,timeframe", New_York).unwrap();
    let mut length = |row: &[u8]| {
        let row = layout.row(row).map_err(|error| error.reason)?;
        Ok::<_, String>(row.unwrap().timeframe)
    };
    assert_eq!(length(b"1,2,15m"), Ok(Some(Timeframe::M15)));
    assert_eq!(length(b"1,2,"), Ok(None));
    assert!(
        length(b"1,2,3m")
            .unwrap_err()
            .starts_with("timeframe: '3m'")
    );
}

#[test]
fn times_alone_can_be_asked_for() {
    let mut layout = Layout::new(b"date,close", New_York).unwrap();
    assert_eq!(
        layout.time_of(b"1550264400,x"),
        Some(UnixMs(1_550_264_400_000))
    );
    assert_eq!(layout.time_of(b"x,1"), None);
}

proptest! {
    #[test]
    fn any_bytes_at_all_are_survived(header in prop::collection::vec(any::<u8>(), 0..60), row in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(mut layout) = Layout::new(&header, New_York) {
            prop_assert!(layout.row(&row).is_ok() || layout.row(&row).is_err());
        }
        let mut layout = Layout::new(b"symbol,date,time,open,close", New_York).unwrap();
        prop_assert!(layout.row(&row).is_ok() || layout.row(&row).is_err());
    }

    #[test]
    fn times_in_any_text_are_survived(text in "[0-9TZ:+. /\u{e9}-]{0,30}") {
        let mut reader = TimeReader::new(New_York);
        let first = reader.read(&text);
        prop_assert_eq!(first, reader.read(&text));
        prop_assert!(reader.read_apart(&text, &text).is_none() || text.len() > 8);
    }
}
