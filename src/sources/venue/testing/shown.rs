//! What a protocol gives out, as short texts that a test can compare.

use crate::domain::Decimal;
use crate::domain::book::{BookUpdate, Level};
use crate::domain::event::{Event, Payload};
use crate::domain::quote::{Level1, SymbolFacts};
use crate::domain::trade::{BarRule, TimeAndSale, TradeAction};
use crate::sources::venue::{Notice, Output};

/// Every event, as `#SYMBOL @TIME WHAT`.
pub(crate) fn events(output: &Output) -> Vec<String> {
    output.events.iter().map(event).collect()
}

/// Every notice, shortly.
pub(crate) fn notices(output: &Output) -> Vec<String> {
    output.notices.iter().map(notice).collect()
}

/// All that is not secret of an output, for searching keys in it.
pub(crate) fn everything(output: &Output) -> String {
    format!("{output:?}")
}

fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Ready => "ready".to_owned(),
        Notice::Subscribed(id) => format!("subscribed #{}", id.0),
        Notice::Refused { symbol, reason } => format!("refused #{}: {reason}", symbol.0),
        Notice::Gap { symbol, kind, .. } => format!("gap #{}: {kind}", symbol.0),
        Notice::Rejected(rejection) => {
            let symbol = rejection.symbol.as_ref();
            let symbol = symbol.map_or_else(String::new, |symbol| format!(" {symbol}"));
            format!("{}{symbol}: {}", rejection.kind, rejection.reason)
        }
        Notice::Error(error) => format!("{}: {}", error.kind, error.message),
    }
}

fn event(event: &Event) -> String {
    let time = event
        .time
        .map_or_else(|| "-".to_owned(), |time| time.0.to_string());
    let what = match &event.payload {
        Payload::Ohlcv(bar) => {
            let numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume];
            format!("bar {}", numbers.map(number).join(" "))
        }
        Payload::Level1(quote) => format!("quote{}", level1(quote)),
        Payload::Facts(facts) => format!("facts{}", facts_text(facts)),
        Payload::Level2(update) => book(update),
        Payload::BookLost => "book lost".to_owned(),
        Payload::PastBars(bars) => {
            let shown = bars.iter().map(|past| {
                let close = past
                    .bar
                    .close
                    .map_or_else(|| "-".to_owned(), |close| close.to_string());
                format!("{}={close}", past.start.0)
            });
            format!("past {}", shown.collect::<Vec<_>>().join(" "))
        }
        Payload::Clock => "clock".to_owned(),
        Payload::TradesMissed => "trades missed".to_owned(),
        Payload::TradesResumed => "trades resumed".to_owned(),
        Payload::TimeAndSales(sale) => trade(sale),
        Payload::News(news) => format!("news {:?} {}", news.headline, news.symbols.join(",")),
    };
    format!("#{} @{time} {what}", event.symbol.0)
}

fn number(number: Option<Decimal>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn fields(fields: &[(&str, Option<String>)]) -> String {
    fields
        .iter()
        .filter_map(|(name, value)| Some(format!(" {name}={}", value.as_ref()?)))
        .collect()
}

fn level1(quote: &Level1) -> String {
    let text = |number: Option<Decimal>| number.map(|number| number.to_string());
    fields(&[
        ("bid", text(quote.bid)),
        ("bid_size", text(quote.bid_size)),
        ("ask", text(quote.ask)),
        ("ask_size", text(quote.ask_size)),
        ("last", text(quote.last)),
        ("last_size", text(quote.last_size)),
        ("volume", text(quote.volume)),
    ])
}

fn facts_text(facts: &SymbolFacts) -> String {
    let text = |number: Option<Decimal>| number.map(|number| number.to_string());
    fields(&[
        (
            "trading",
            facts.trading.map(|trading| trading.name().to_owned()),
        ),
        (
            "reason",
            facts.reason.as_ref().map(|reason| format!("{reason:?}")),
        ),
        ("close", text(facts.previous_close)),
        ("lower", text(facts.lower_limit)),
        ("upper", text(facts.upper_limit)),
    ])
}

fn book(update: &BookUpdate) -> String {
    let side = |levels: &[Level]| -> String {
        let texts: Vec<String> = levels
            .iter()
            .map(|level| format!("{}x{}", level.price, level.size))
            .collect();
        texts.join(",")
    };
    let what = if update.snapshot { "book" } else { "change" };
    format!(
        "{what} bids {} asks {}",
        side(&update.bids),
        side(&update.asks)
    )
}

fn trade(sale: &TimeAndSale) -> String {
    let side = sale.side.map_or("", |side| side.name());
    let rule = |rule: BarRule| {
        let mark = |counts: bool, letter: &'static str| if counts { letter } else { "-" };
        [
            mark(rule.open_close, "l"),
            mark(rule.high_low, "h"),
            mark(rule.volume, "v"),
        ]
        .concat()
    };
    let action = match &sale.action {
        TradeAction::New => String::new(),
        TradeAction::Corrects(id) => format!(" corrects {id}"),
        TradeAction::Cancels(id) => format!(" cancels {id}"),
    };
    let id = sale
        .trade_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" id {id}"));
    let exchange = sale
        .exchange
        .as_ref()
        .map_or_else(String::new, |exchange| format!(" on {exchange}"));
    format!(
        "trade {}x{} {side}[{}] {}{id}{exchange}{action}",
        number(sale.price),
        number(sale.size),
        sale.conditions.join(" "),
        rule(sale.bar_rule),
    )
}
