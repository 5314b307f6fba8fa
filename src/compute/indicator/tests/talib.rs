//! The figures of TA-Lib in `fixtures/indicators.csv`, whose first line says how they were made.

use super::*;

/// What the columns of the table are.
const SPECS: [&str; 21] = [
    "sma(20)",
    "ema(20)",
    "wma(20)",
    "rsi(14)",
    "macd(12,26,9)",
    "bb(20,2)",
    "atr(14)",
    "stoch(14,3,3)",
    "adx(14)",
    "obv",
    "cci(20)",
    "mfi(14)",
    "donchian(20)",
    "keltner(20,10,2)",
    "roc(12)",
    "volatility(20,252)",
    "zscore(20)",
    "slope(20)",
    "rsi(2)",
    "adx(3)",
    "macd(6,3,2)",
];

#[test]
fn the_figures_are_those_of_ta_lib() {
    let table = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/indicators.csv"
    ));
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<Option<f64>>> = lines
        .map(|line| line.split(',').map(|field| field.parse().ok()).collect())
        .collect();
    let bars = rows.iter().enumerate().map(|(at, row)| {
        let candle = Candle {
            start: UnixMs(at as i64 * 60_000),
            open: row[0].unwrap(),
            high: row[1].unwrap(),
            low: row[2].unwrap(),
            close: row[3].unwrap(),
            volume: row[4].unwrap(),
        };
        (candle, UnixMs(0))
    });
    let set = IndicatorSet::new(&SPECS.map(spec)).unwrap();
    let columns = Bank::of_bars(&set, None).columns(bars);
    assert_eq!(header[5..].len(), columns.len());
    let mut compared = 0;
    for (name, column) in set.names().flat().iter().zip(&columns) {
        let at = header.iter().position(|field| field == name);
        let at = at.unwrap_or_else(|| panic!("the table has no column '{name}'"));
        for (row, (fields, found)) in rows.iter().zip(column).enumerate() {
            if let Some(expected) = fields[at] {
                let found = found.unwrap_or_else(|| panic!("{name} has no value in row {row}"));
                let is_equal = (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3);
                assert!(is_equal, "{name} in row {row}: {found}, not {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1500, "{compared}");
}
