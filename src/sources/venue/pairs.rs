//! How people write pairs of currencies (`BTC/USD`, `BTC-USD`, `BTCUSDT`), and how venues do.
//!
//! Only the notation is changed, never a currency: `BTC/USD` at Binance is `BTCUSD`, whether it has that or not. What
//! cannot be understood is passed on as it stands, and the venue says what it thinks of it.

use std::borrow::Cow;

/// Currencies that things are priced in, as they stand at the end of a pair without a separator. Of those that fit, the
/// first counts; the longer of two with the same end stands first.
const QUOTES: &[&str] = &[
    "FDUSD", "RLUSD", "USDT", "USDC", "USDE", "USD1", "EURC", "EURI", "USD", "EUR", "GBP", "JPY",
    "CHF", "CAD", "AUD", "TRY", "BRL", "MXN", "PLN", "ARS", "ZAR", "UAH", "COP", "CZK", "DAI",
    "BNB", "BTC", "XBT", "ETH", "SOL",
];

/// Names that Kraken's older interfaces use, with those of its newer one.
const KRAKEN_NAMES: &[(&str, &str)] = &[
    ("XBT", "BTC"),
    ("XXBT", "BTC"),
    ("XETH", "ETH"),
    ("XLTC", "LTC"),
    ("XXRP", "XRP"),
    ("XDG", "DOGE"),
    ("XXDG", "DOGE"),
    ("XXLM", "XLM"),
    ("XXMR", "XMR"),
    ("XZEC", "ZEC"),
    ("XETC", "ETC"),
    ("ZUSD", "USD"),
    ("ZEUR", "EUR"),
    ("ZGBP", "GBP"),
    ("ZJPY", "JPY"),
    ("ZCAD", "CAD"),
    ("ZAUD", "AUD"),
];

/// A pair: what is traded, and what it is priced in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair<'a> {
    base: Cow<'a, str>,
    quote: Cow<'a, str>,
}

/// Understands a pair. Letters that are all small are taken for large ones; a mixture stays, because some names are one
/// (`AAPLx/USD`).
fn pair_of(text: &str) -> Option<Pair<'_>> {
    if let Some((base, quote)) = text.split_once(['/', '-', '_']) {
        let is_pair = !base.is_empty() && !quote.is_empty() && !quote.contains(['/', '-', '_']);
        return is_pair.then(|| Pair {
            base: large(base),
            quote: large(quote),
        });
    }
    let text = large(text);
    let quote = QUOTES
        .iter()
        .find(|quote| text.len() > quote.len() && text.ends_with(**quote))?;
    let base = text.get(..text.len() - quote.len())?;
    // Kraken's older names put a letter before each: XXBTZUSD.
    let (base, quote) = match base.strip_suffix('Z') {
        Some(start)
            if KRAKEN_NAMES
                .iter()
                .any(|(old, _)| *old == start && old.len() == 4) =>
        {
            (start, *quote)
        }
        _ => (base, *quote),
    };
    Some(Pair {
        base: Cow::Owned(base.to_owned()),
        quote: Cow::Borrowed(quote),
    })
}

fn large(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_ascii_uppercase())
    }
}

/// As Kraken writes it: `BTC/USD`.
#[must_use]
pub fn kraken(text: &str) -> String {
    let Some(pair) = pair_of(text) else {
        return text.to_owned();
    };
    let newer = |name: &str| {
        let known = KRAKEN_NAMES.iter().find(|(old, _)| *old == name);
        known.map_or_else(|| name.to_owned(), |(_, new)| (*new).to_owned())
    };
    format!("{}/{}", newer(&pair.base), newer(&pair.quote))
}

/// As Binance writes it: `BTCUSDT`. In the names of streams the letters are small.
#[must_use]
pub fn binance(text: &str) -> String {
    let joined: String = text
        .chars()
        .filter(|c| !matches!(c, '/' | '-' | '_'))
        .collect();
    joined.to_ascii_uppercase()
}

/// As Coinbase writes it: `BTC-USD`.
#[must_use]
pub fn coinbase(text: &str) -> String {
    match pair_of(text) {
        Some(pair) => format!("{}-{}", pair.base, pair.quote).to_ascii_uppercase(),
        None => text.to_ascii_uppercase(),
    }
}

/// As Coinbase calls it in its data: what is asked for in USDC is answered in USD, because both are one book.
#[must_use]
pub fn coinbase_answer(product: &str) -> Cow<'_, str> {
    match product.strip_suffix("-USDC") {
        Some(base) => Cow::Owned(format!("{base}-USD")),
        None => Cow::Borrowed(product),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notation_becomes_the_venues_own() {
        for (text, on_kraken, on_binance, on_coinbase) in [
            ("BTC/USD", "BTC/USD", "BTCUSD", "BTC-USD"),
            ("BTC-USD", "BTC/USD", "BTCUSD", "BTC-USD"),
            ("BTC_USD", "BTC/USD", "BTCUSD", "BTC-USD"),
            ("btc/usd", "BTC/USD", "BTCUSD", "BTC-USD"),
            ("BTCUSDT", "BTC/USDT", "BTCUSDT", "BTC-USDT"),
            ("btcusdt", "BTC/USDT", "BTCUSDT", "BTC-USDT"),
            ("BTCUSD", "BTC/USD", "BTCUSD", "BTC-USD"),
            ("ETHBTC", "ETH/BTC", "ETHBTC", "ETH-BTC"),
            ("USDTUSD", "USDT/USD", "USDTUSD", "USDT-USD"),
            ("BTCFDUSD", "BTC/FDUSD", "BTCFDUSD", "BTC-FDUSD"),
            ("XBT/USD", "BTC/USD", "XBTUSD", "XBT-USD"),
            ("XXBTZUSD", "BTC/USD", "XXBTZUSD", "XXBT-USD"),
            ("XTZUSD", "XTZ/USD", "XTZUSD", "XTZ-USD"),
            ("AAPLx/USD", "AAPLx/USD", "AAPLXUSD", "AAPLX-USD"),
            ("1INCH-EUR", "1INCH/EUR", "1INCHEUR", "1INCH-EUR"),
        ] {
            assert_eq!(kraken(text), on_kraken, "{text}");
            assert_eq!(binance(text), on_binance, "{text}");
            assert_eq!(coinbase(text), on_coinbase, "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_is_passed_on() {
        for text in [
            "AAPL", "USD", "/", "-USD", "BTC/", "A/B/C", "../../x", "日経", "é",
        ] {
            assert_eq!(kraken(text), text);
        }
        assert_eq!(coinbase("日経"), "日経");
        assert_eq!(coinbase_answer("BTC-USDC"), "BTC-USD");
        assert_eq!(coinbase_answer("BTC-USDT"), "BTC-USDT");
    }
}
