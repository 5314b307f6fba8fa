//! `export`: which of what is kept goes to which file.

use crate::domain::event::DataService;
use crate::domain::format::Format;
use crate::domain::symbol::SymbolSpec;
use crate::domain::time::Timeframe;
use crate::pipeline::export::ExportOrder;
use crate::pipeline::source::SeekTarget;

/// What is said of a service that leaves nothing behind.
const NO_BOOKS: &str = "books are not kept, so there is no LEVEL2 to export; 'record FOLDER' writes what comes from now on, \
                        and --sink parquet:FOLDER writes it as tables";

/// The words that can follow the path, apart from symbols.
pub(super) const WORDS: [&str; 15] = [
    "1m",
    "5m",
    "15m",
    "1h",
    "1d",
    "OHLCV",
    "LEVEL1",
    "TIMESALE",
    "NEWS",
    "from=",
    "until=",
    "format=parquet",
    "format=ipc",
    "format=csv",
    "format=jsonl",
];

/// Reads `PATH`, and behind it in any order lengths of bars, services, symbols, `from=`, `until=` and `format=`.
///
/// A word that is a length or a service is never a symbol; `NEWS@` is the symbol of that name.
pub(super) fn export(rest: &str, overwrite: bool) -> Result<ExportOrder, String> {
    let mut words = rest.split_whitespace();
    let path = words.next().ok_or(
        "name a file such as bars.parquet, .ipc, .csv or .jsonl, or a folder such as data/",
    )?;
    let mut order = ExportOrder {
        overwrite,
        ..ExportOrder::to(path)
    };
    for word in words {
        match option(word) {
            Some((name, value)) => set(&mut order, name, value)?,
            None => {
                for part in word.split(',').filter(|part| !part.is_empty()) {
                    add(&mut order, part)?;
                }
            }
        }
    }
    let services = &order.services;
    if let Some(length) = order.timeframes.first()
        && !services.is_empty()
        && !services.contains(&DataService::Ohlcv)
    {
        return Err(format!(
            "{length} is a length of bars, and OHLCV is not among the services"
        ));
    }
    Ok(order)
}

/// The name and the value of an option. Symbols such as `ES=F` are none, nor is what has a source.
fn option(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
    (is_name && !word.contains('@')).then_some((name, value))
}

fn set(order: &mut ExportOrder, name: &str, value: &str) -> Result<(), String> {
    let time = || value.parse::<SeekTarget>();
    let is_again = match name {
        "from" => order.from.replace(time()?).is_some(),
        "until" => order.until.replace(time()?).is_some(),
        "format" => order.format.replace(value.parse::<Format>()?).is_some(),
        _ => {
            return Err(format!(
                "'export' has no option '{name}='; there are from=, until= and format="
            ));
        }
    };
    if is_again {
        return Err(format!("'{name}=' is there twice"));
    }
    Ok(())
}

fn add(order: &mut ExportOrder, word: &str) -> Result<(), String> {
    if let Ok(timeframe) = word.parse::<Timeframe>() {
        order.timeframes.push(timeframe);
        return Ok(());
    }
    match word.parse::<DataService>() {
        Ok(DataService::Level2) => return Err(NO_BOOKS.to_owned()),
        Ok(service) => order.services.push(service),
        Err(_) => {
            let symbol = word.parse::<SymbolSpec>();
            let symbol = symbol
                .map_err(|error| format!("'{}': {error}", super::super::text::cut(word, 24)))?;
            order.symbols.push(symbol);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_follows_the_path_is_told_apart_in_any_order() {
        assert_eq!(
            export("bars.parquet", false),
            Ok(ExportOrder::to("bars.parquet"))
        );
        let order = export(
            "data/ until=2019-02-14 NEWS,TSLA 5m,1h from=10:30 ES=F,OHLCV  format=csv NEWS@ 1m@replay",
            true,
        )
        .unwrap();
        let symbol = |text: &str| text.parse::<SymbolSpec>().unwrap();
        assert_eq!(
            order,
            ExportOrder {
                path: PathBuf::from("data/"),
                overwrite: true,
                format: Some(Format::Csv),
                services: vec![DataService::News, DataService::Ohlcv],
                timeframes: vec![Timeframe::M5, Timeframe::H1],
                symbols: ["TSLA", "ES=F", "NEWS@", "1m@replay"].map(symbol).to_vec(),
                from: Some("10:30".parse().unwrap()),
                until: Some("2019-02-14".parse().unwrap()),
            }
        );
        assert_eq!(order.symbols[2].symbol.as_str(), "NEWS");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_there_is() {
        for (rest, part) in [
            ("", "name a file"),
            ("x.csv to=10:30", "from=, until= and format="),
            ("x.csv from=", "'' is no time"),
            ("x.csv from=soon", "'soon' is no time"),
            ("x.csv until=2019-02-13,AAPL", "is no time"),
            ("x.csv from=10:30 from=10:40", "'from=' is there twice"),
            (
                "x.csv format=xlsx",
                "'xlsx' is no format; there are parquet, ipc, csv, jsonl",
            ),
            ("x.csv LEVEL2", "--sink parquet:FOLDER"),
            ("data/ OHLCV,LEVEL2", "record FOLDER"),
            ("x.csv TIMESALE 5m", "5m is a length of bars"),
            ("x.csv A\u{7}", "cannot contain"),
        ] {
            let message = export(rest, false).unwrap_err();
            assert!(message.contains(part), "{rest}: {message}");
        }
    }

    #[test]
    fn every_word_that_is_offered_is_understood() {
        let of_lengths = Timeframe::ALL.map(Timeframe::label);
        let of_formats = Format::ALL.map(|format| format!("format={format}"));
        for word in of_lengths
            .into_iter()
            .chain(of_formats.iter().map(|it| &**it))
        {
            assert!(WORDS.contains(&word), "{word}");
        }
        for word in WORDS {
            let word = match word {
                "from=" | "until=" => format!("{word}10:30"),
                word => word.to_owned(),
            };
            let order = export(&format!("x.csv {word}"), false).unwrap();
            assert!(order.symbols.is_empty(), "{word}");
        }
    }
}
