//! What no venue can mean, whatever the protocol: it is left out aloud before it reaches the symbol's worker, where a single
//! wrong time would close minutes that are still to come.

use crate::decode::Rejection;
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::{Event, Payload};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, Timeframe, UnixMs};

use super::Output;

/// Data may come from so far ahead of this machine's clock: clocks differ. In milliseconds.
const AHEAD_MS_MAX: i64 = 10 * MINUTE_MS;

/// What events are held against.
pub(super) struct Plausible {
    /// The latest time of anything but a bar.
    latest: UnixMs,
    /// The latest time of a bar, which may stand for the end of its interval.
    latest_of_bars: UnixMs,
}

impl Plausible {
    /// What can be meant at `now`, where bars have this length.
    pub(super) fn at(now: UnixMs, interval: Timeframe) -> Self {
        let latest = now.plus_ms(AHEAD_MS_MAX);
        Self {
            latest,
            latest_of_bars: latest.plus_ms(interval.ms()),
        }
    }

    /// Takes out of the output's events, from `first` on, those that cannot be meant, and rejects them by the symbol that
    /// `name` knows. A book's change loses only its time, because the book would be wrong without it.
    pub(super) fn keep(
        &self,
        first: usize,
        output: &mut Output,
        name: impl Fn(SymbolId) -> Option<Symbol>,
    ) {
        let events = output.events.get(first..).unwrap_or_default();
        if events.iter().all(|event| self.fault(event).is_none()) {
            return;
        }
        for mut event in output.events.split_off(first.min(output.events.len())) {
            if let Some(reason) = self.fault(&event) {
                let mut rejection = Rejection::schema(reason);
                rejection.symbol = name(event.symbol);
                output.reject(rejection);
                if !matches!(event.payload, Payload::Level2(_)) {
                    continue;
                }
                event.time = None;
            }
            output.events.push(event);
        }
    }

    fn fault(&self, event: &Event) -> Option<String> {
        let latest = match event.payload {
            Payload::Ohlcv(_) => self.latest_of_bars,
            _ => self.latest,
        };
        if let Some(time) = event.time
            && time > latest
        {
            return Some(ahead(time, self.latest));
        }
        match &event.payload {
            Payload::TimeAndSales(trade)
                if !is_negative(trade.price) && !is_negative(trade.size) =>
            {
                None
            }
            Payload::Ohlcv(bar) => fault_of_bar(bar),
            Payload::Level1(quote) => negative(&[
                ("bid", quote.bid),
                ("bid size", quote.bid_size),
                ("ask", quote.ask),
                ("ask size", quote.ask_size),
                ("last price", quote.last),
                ("last size", quote.last_size),
                ("volume", quote.volume),
            ]),
            Payload::TimeAndSales(trade) => {
                negative(&[("price", trade.price), ("size", trade.size)])
            }
            _ => None,
        }
    }
}

/// Why a time is too late, said so that a person can see whether the venue's clock or the machine's is wrong.
fn ahead(time: UnixMs, latest: UnixMs) -> String {
    let now = latest.plus_ms(-AHEAD_MS_MAX);
    let shown = |time: UnixMs| {
        let shown = time.in_zone(chrono_tz::UTC);
        shown.map_or_else(
            || format!("{} ms", time.0),
            |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
    };
    format!(
        "its time, {}, is more than {} minutes ahead of the clock by which it came, {}; if that of all data is, that clock is wrong",
        shown(time),
        AHEAD_MS_MAX / MINUTE_MS,
        shown(now),
    )
}

fn fault_of_bar(bar: &Ohlcv) -> Option<String> {
    if let (Some(high), Some(low)) = (bar.high, bar.low)
        && high < low
    {
        return Some(format!("the high, {high}, is below the low, {low}"));
    }
    negative(&[
        ("open", bar.open),
        ("high", bar.high),
        ("low", bar.low),
        ("close", bar.close),
        ("volume", bar.volume),
    ])
}

fn negative(values: &[(&str, Option<Decimal>)]) -> Option<String> {
    let (name, value) = values.iter().find(|(_, value)| is_negative(*value))?;
    Some(format!("the {name}, {}, is below zero", (*value)?))
}

fn is_negative(value: Option<Decimal>) -> bool {
    value.is_some_and(|value| value.is_sign_negative() && !value.is_zero())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::book::BookUpdate;
    use crate::domain::outcome::ErrorKind;
    use crate::domain::quote::Level1;
    use crate::domain::trade::TimeAndSale;
    use crate::sources::venue::Notice;

    const NOW: UnixMs = UnixMs(1_720_522_860_000);

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn trade(price: &str, size: &str) -> Payload {
        Payload::TimeAndSales(TimeAndSale {
            price: Some(number(price)),
            size: Some(number(size)),
            ..TimeAndSale::default()
        })
    }

    fn bar(high: &str, low: &str, volume: &str) -> Payload {
        Payload::Ohlcv(Ohlcv {
            open: Some(number(low)),
            high: Some(number(high)),
            low: Some(number(low)),
            close: Some(number(low)),
            volume: Some(number(volume)),
        })
    }

    /// What is left of one event beside one that is right, and the reasons given.
    fn kept(time: Option<UnixMs>, payload: Payload) -> (Vec<Event>, Vec<String>) {
        let event = |time, payload| Event {
            symbol: SymbolId(3),
            time,
            payload,
        };
        let mut output = Output::default();
        // What was there before is not looked at.
        output
            .events
            .push(event(Some(UnixMs(i64::MAX)), Payload::Clock));
        output.events.push(event(time, payload));
        output.events.push(event(Some(NOW), trade("1", "1")));
        let symbol = Symbol::new("AAPL").unwrap();
        Plausible::at(NOW, Timeframe::M5).keep(1, &mut output, |id| {
            (id == SymbolId(3)).then(|| symbol.clone())
        });
        let reasons = output.notices.drain(..).map(|notice| match notice {
            Notice::Rejected(rejection) => {
                assert_eq!(rejection.symbol.as_ref(), Some(&symbol));
                assert_eq!(rejection.kind, ErrorKind::SchemaError);
                rejection.reason
            }
            other => unreachable!("{other:?}"),
        });
        let reasons = reasons.collect();
        output.events.remove(0);
        assert_eq!(output.events.pop().unwrap().payload, trade("1", "1"));
        (output.events, reasons)
    }

    #[test]
    fn a_time_far_ahead_is_left_out_and_one_a_little_ahead_is_not() {
        let at = |ms| Some(NOW.plus_ms(ms));
        for (time, payload, is_kept) in [
            (at(AHEAD_MS_MAX), trade("1", "1"), true),
            (at(AHEAD_MS_MAX + 1), trade("1", "1"), false),
            (at(i64::MAX), trade("1", "1"), false),
            (at(AHEAD_MS_MAX + 300_000), bar("1", "1", "1"), true),
            (at(AHEAD_MS_MAX + 300_001), bar("1", "1", "1"), false),
            (None, trade("1", "1"), true),
        ] {
            let (events, reasons) = kept(time, payload);
            assert_eq!(events.len(), usize::from(is_kept), "{time:?}");
            assert_eq!(reasons.len(), usize::from(!is_kept), "{time:?}");
            assert!(
                reasons
                    .iter()
                    .all(|reason| reason.contains("that clock is wrong"))
            );
        }
    }

    #[test]
    fn a_change_of_a_book_loses_only_its_time() {
        let book = Payload::Level2(Box::<BookUpdate>::default());
        let (events, reasons) = kept(Some(UnixMs(i64::MAX)), book.clone());
        assert_eq!((events[0].time, &events[0].payload), (None, &book));
        assert_eq!(reasons.len(), 1);
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_left_out_by_name() {
        let quote = Payload::Level1(Level1 {
            ask_size: Some(number("-3")),
            ..Level1::default()
        });
        for (payload, reason) in [
            (bar("0.5", "2", "1"), "the high, 0.5, is below the low, 2"),
            (bar("2", "1", "-5"), "the volume, -5, is below zero"),
            (trade("-5", "1"), "the price, -5, is below zero"),
            (trade("0", "-70"), "the size, -70, is below zero"),
            (quote, "the ask size, -3, is below zero"),
        ] {
            assert_eq!(
                kept(Some(NOW), payload),
                (Vec::new(), vec![reason.to_owned()])
            );
        }
        assert_eq!(kept(Some(NOW), trade("-0", "0")).1, Vec::<String>::new());
    }
}
