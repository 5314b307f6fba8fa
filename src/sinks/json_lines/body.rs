//! The keys of each service's results: those before the times, and those after them.

use std::io::Write;

use crate::domain::book::{BookTop, Level};
use crate::domain::indicator::IndicatorValues;
use crate::domain::news::News;
use crate::domain::outcome::ResultBody;
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::time::Timeframe;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

use super::JsonLines;
use super::text::{push_decimal, push_float, push_text, push_whole};

impl<W: Write + Send> JsonLines<W> {
    /// What a script relies on.
    pub(super) fn body(&mut self, body: &ResultBody) {
        match body {
            ResultBody::Ohlcv { bar, .. } => {
                self.decimal("open", bar.open);
                self.decimal("high", bar.high);
                self.decimal("low", bar.low);
                self.decimal("close", bar.close);
                self.decimal("volume", bar.volume);
            }
            ResultBody::Level1 { quote, .. } => self.quote(quote),
            ResultBody::Level2(book) => self.book(book),
            ResultBody::TimeAndSales(trade) => self.trade(trade),
            ResultBody::News(news) => self.news(news),
        }
    }

    /// What is only there when there is something to say.
    pub(super) fn further(&mut self, body: &ResultBody) {
        match body {
            ResultBody::Ohlcv {
                timeframe,
                partial,
                indicators,
                ..
            } => {
                if *timeframe != Timeframe::M1 {
                    self.text("timeframe", timeframe.label());
                }
                if *partial {
                    self.buffer.extend_from_slice(b",\"partial\":true");
                }
                if let Some(indicators) = indicators {
                    self.indicators(indicators);
                }
            }
            ResultBody::Level1 {
                facts: Some(facts), ..
            } => self.facts(facts),
            ResultBody::Level1 { .. } | ResultBody::Level2(_) => {}
            ResultBody::TimeAndSales(trade) => {
                match &trade.action {
                    TradeAction::New => {}
                    TradeAction::Corrects(name) => self.trade_id("corrects", Some(name)),
                    TradeAction::Cancels(name) => self.trade_id("cancels", Some(name)),
                }
                self.optional_text("exchange", trade.exchange.as_deref());
            }
            ResultBody::News(news) => self.optional_text("summary", news.summary.as_deref()),
        }
    }

    /// An object with a number for each indicator, or an object of numbers where it gives several.
    fn indicators(&mut self, indicators: &IndicatorValues) {
        self.key("indicators");
        let mut separator = b'{';
        for column in indicators.names.columns() {
            self.buffer.push(separator);
            separator = b',';
            push_text(&mut self.buffer, &column.key);
            self.buffer.push(b':');
            let mut inner_separator = b'{';
            for (at, output) in column.outputs.iter().enumerate() {
                if !output.is_empty() {
                    self.buffer.push(inner_separator);
                    inner_separator = b',';
                    push_text(&mut self.buffer, output);
                    self.buffer.push(b':');
                }
                let value = indicators.values.get(column.first + at);
                push_float(&mut self.buffer, value.copied().flatten());
            }
            if inner_separator == b',' {
                self.buffer.push(b'}');
            }
        }
        self.buffer.push(b'}');
    }

    fn quote(&mut self, quote: &Level1) {
        for (name, number) in Level1::NAMES.into_iter().zip(quote.fields()) {
            self.decimal(name, number);
        }
    }

    fn facts(&mut self, facts: &SymbolFacts) {
        if let Some(trading) = facts.trading.filter(|trading| *trading != Trading::Open) {
            self.text("trading", trading.name());
            self.optional_text("reason", facts.reason.as_deref());
        }
        for (name, limit) in [
            ("lower_limit", facts.lower_limit),
            ("upper_limit", facts.upper_limit),
        ] {
            if limit.is_some() {
                self.decimal(name, limit);
            }
        }
    }

    fn book(&mut self, book: &BookTop) {
        self.levels("bids", &book.bids);
        self.levels("asks", &book.asks);
        self.text("integrity", book.integrity.name());
        self.key("sequence");
        match book.sequence {
            Some(sequence) => push_whole(&mut self.buffer, sequence),
            None => self.null(),
        }
    }

    fn levels(&mut self, name: &str, levels: &[Level]) {
        self.key(name);
        self.list(levels, |buffer, level| {
            buffer.push(b'[');
            push_decimal(buffer, level.price);
            buffer.push(b',');
            push_decimal(buffer, level.size);
            buffer.push(b']');
        });
    }

    fn trade(&mut self, trade: &TimeAndSale) {
        self.decimal("price", trade.price);
        self.decimal("size", trade.size);
        self.text_or_null("side", trade.side.map(Side::name));
        self.key("conditions");
        self.list(&trade.conditions, |buffer, code| push_text(buffer, code));
        self.trade_id("trade_id", trade.trade_id.as_ref());
    }

    fn trade_id(&mut self, name: &str, id: Option<&TradeId>) {
        self.key(name);
        match id {
            Some(TradeId::Number(number)) => push_whole(&mut self.buffer, *number),
            Some(TradeId::Text(text)) => push_text(&mut self.buffer, text),
            None => self.null(),
        }
    }

    /// The publisher has a key of its own: `source` is where the result comes from, as everywhere.
    fn news(&mut self, news: &News) {
        self.text("headline", &news.headline);
        self.text_or_null("publisher", news.source.as_deref());
        self.text_or_null("url", news.url.as_deref());
        self.key("symbols");
        self.list(&news.symbols, |buffer, symbol| push_text(buffer, symbol));
    }

    fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        } else {
            self.key(name);
            self.null();
        }
    }

    fn null(&mut self) {
        self.buffer.extend_from_slice(b"null");
    }

    fn list<T>(&mut self, items: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
        self.buffer.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.buffer.push(b',');
            }
            push(&mut self.buffer, item);
        }
        self.buffer.push(b']');
    }
}
