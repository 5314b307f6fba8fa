//! Rows of tables as columns that grow.

use rustc_hash::FxHashMap;

use crate::decode::field::SEPARATOR;
use crate::domain::book::{BookTop, Level};
use crate::domain::news::News;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::domain::trade::{TimeAndSale, TradeAction};
use crate::domain::{Decimal, to_f64};

use super::rows::{BarRecord, FileRow, Kind, Record};

/// The columns of a table between `datetime` and `source`.
fn own_columns(kind: Kind) -> &'static [(&'static str, Type)] {
    use Type::{Float, Integer, Text};
    match kind {
        Kind::Bars(_) => &[
            ("open", Float),
            ("high", Float),
            ("low", Float),
            ("close", Float),
            ("volume", Float),
        ],
        Kind::Quotes => &[
            ("bid", Float),
            ("bid_size", Float),
            ("ask", Float),
            ("ask_size", Float),
            ("last", Float),
            ("last_size", Float),
            ("volume", Float),
        ],
        Kind::Depth => &[
            ("side", Text),
            ("level", Integer),
            ("price", Float),
            ("size", Float),
            ("sequence", Integer),
        ],
        Kind::Trades => &[
            ("price", Float),
            ("size", Float),
            ("side", Text),
            ("conditions", Text),
            ("trade_id", Text),
            ("exchange", Text),
            ("corrects", Text),
            ("cancels", Text),
        ],
        Kind::News => &[
            ("headline", Text),
            ("publisher", Text),
            ("url", Text),
            ("summary", Text),
            ("symbols", Text),
        ],
    }
}

/// The columns of bars between `source` and the indicators.
const OF_BARS: [(&str, Type); 3] = [
    ("timeframe", Type::Text),
    ("partial", Type::Flag),
    (PART, Type::Integer),
];
/// Which part of a folder, or batch of a file, a bar stands in.
const PART: &str = "part";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Integer,
    Float,
    Flag,
}

/// A column's values; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    /// Milliseconds since 1970.
    Time(Vec<Option<i64>>),
    Flag(Vec<Option<bool>>),
}

impl Values {
    fn empty(of: Type) -> Self {
        match of {
            Type::Text => Self::Text(Vec::new()),
            Type::Integer => Self::Integer(Vec::new()),
            Type::Float => Self::Float(Vec::new()),
            Type::Flag => Self::Flag(Vec::new()),
        }
    }

    /// The same in another order: `order[n]` is which value comes at `n`.
    fn reorder(&mut self, order: &[usize]) {
        match self {
            Self::Text(values) => take_in_order(values, order),
            Self::Integer(values) | Self::Time(values) => take_in_order(values, order),
            Self::Float(values) => take_in_order(values, order),
            Self::Flag(values) => take_in_order(values, order),
        }
    }
}

fn take_in_order<T>(values: &mut Vec<Option<T>>, order: &[usize]) {
    let each = order
        .iter()
        .map(|&at| values.get_mut(at).and_then(Option::take));
    *values = each.collect();
}

/// Which bar a row is, among those of a table.
type BarKey = (Symbol, SourceName, UnixMs);

/// Rows of one table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub kind: Kind,
    pub columns: Vec<(String, Values)>,
    rows: usize,
    /// Where each bar stands, so that one that comes again takes its own place.
    places: FxHashMap<BarKey, usize>,
    /// Whether a bar has come after a later one of its kind.
    is_unsorted: bool,
    /// The newest bar of each symbol.
    newest: FxHashMap<(Symbol, SourceName), UnixMs>,
}

impl Table {
    /// An empty table; bars have a column for each of `indicators`.
    pub fn new(kind: Kind, indicators: &[String]) -> Self {
        let mut columns = vec![
            ("symbol".to_owned(), Values::Text(Vec::new())),
            ("unix_ts".to_owned(), Values::Integer(Vec::new())),
            ("datetime".to_owned(), Values::Time(Vec::new())),
        ];
        let typed = |(name, of): &(&str, Type)| ((*name).to_owned(), Values::empty(*of));
        columns.extend(own_columns(kind).iter().map(typed));
        columns.push(("source".to_owned(), Values::Text(Vec::new())));
        if matches!(kind, Kind::Bars(_)) {
            columns.extend(OF_BARS.iter().map(typed));
            let floats = |name: &String| (name.clone(), Values::Float(Vec::new()));
            columns.extend(indicators.iter().map(floats));
        }
        Self {
            kind,
            columns,
            rows: 0,
            places: FxHashMap::default(),
            is_unsorted: false,
            newest: FxHashMap::default(),
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends what is of the table's kind: one row, or for a book one for each level. A bar that is there already is
    /// replaced.
    pub fn append(&mut self, row: &FileRow<'_>) {
        let place = match (row.record, row.time) {
            (Record::Bar(_), Some(time)) => self.place_of(row, time),
            _ => self.rows,
        };
        let mut cells = Cells {
            table: self,
            row,
            place,
            at: 0,
        };
        match &row.record {
            Record::Bar(bar) => cells.bar(bar),
            Record::Quote(numbers) => cells.whole(|cells| cells.floats(*numbers)),
            Record::Book(book) => cells.book(book),
            Record::Trade(trade) => cells.whole(|cells| cells.trade(trade)),
            Record::News(news) => cells.whole(|cells| cells.news(news)),
        }
    }

    /// Where a bar belongs: in its own place when it has one.
    fn place_of(&mut self, row: &FileRow<'_>, time: UnixMs) -> usize {
        let of = (row.symbol.clone(), row.source.clone());
        let newest = self.newest.entry(of).or_insert(time);
        self.is_unsorted |= time < *newest;
        *newest = time.max(*newest);
        let key = (row.symbol.clone(), row.source.clone(), time);
        *self.places.entry(key).or_insert(self.rows)
    }

    /// Makes it ready to be written, as the part or batch of this number: bars that have come late go to their places
    /// among those of their symbol.
    pub fn finish(&mut self, number: u32) {
        for (name, values) in &mut self.columns {
            if let (PART, Values::Integer(values)) = (name.as_str(), values) {
                values.fill(Some(i64::from(number)));
            }
        }
        if std::mem::take(&mut self.is_unsorted) {
            let order = self.order();
            for (_, values) in &mut self.columns {
                values.reorder(&order);
            }
        }
    }

    /// The rows by their times, each symbol's in the places that it has.
    fn order(&self) -> Vec<usize> {
        let mut bars: Vec<(&BarKey, usize)> =
            self.places.iter().map(|(key, at)| (key, *at)).collect();
        bars.sort_unstable();
        let mut order: Vec<usize> = (0..self.rows).collect();
        for bars in bars.chunk_by(|(one, _), (other, _)| (&one.0, &one.1) == (&other.0, &other.1)) {
            let mut places: Vec<usize> = bars.iter().map(|(_, at)| *at).collect();
            places.sort_unstable();
            for (place, (_, at)) in places.into_iter().zip(bars) {
                if let Some(slot) = order.get_mut(place) {
                    *slot = *at;
                }
            }
        }
        order
    }
}

/// Writes the cells of a row from left to right.
struct Cells<'a> {
    table: &'a mut Table,
    row: &'a FileRow<'a>,
    /// The row's number.
    place: usize,
    at: usize,
}

/// Puts a value into its row, which is there or the next.
fn put<T>(values: &mut Vec<T>, place: usize, value: T) {
    match values.get_mut(place) {
        Some(slot) => *slot = value,
        None => values.push(value),
    }
}

impl Cells<'_> {
    /// Writes a row, of which `own` writes what stands between its time and its source.
    fn whole(&mut self, own: impl FnOnce(&mut Self)) {
        self.at = 0;
        self.text(Some(self.row.symbol.to_string()));
        let time = self.row.time.map(|time| time.0);
        self.integer(time);
        self.integer(time);
        own(self);
        self.text(Some(self.row.source.to_string()));
        self.table.rows = self.table.rows.max(self.place + 1);
    }

    fn text(&mut self, value: Option<String>) {
        if let Some((_, Values::Text(values))) = self.table.columns.get_mut(self.at) {
            put(values, self.place, value);
        }
        self.at += 1;
    }

    /// A whole number or a time.
    fn integer(&mut self, value: Option<i64>) {
        if let Some((_, Values::Integer(values) | Values::Time(values))) =
            self.table.columns.get_mut(self.at)
        {
            put(values, self.place, value);
        }
        self.at += 1;
    }

    fn flag(&mut self, value: bool) {
        if let Some((_, Values::Flag(values))) = self.table.columns.get_mut(self.at) {
            put(values, self.place, Some(value));
        }
        self.at += 1;
    }

    fn floats(&mut self, numbers: impl IntoIterator<Item = Option<f64>>) {
        for number in numbers {
            if let Some((_, Values::Float(values))) = self.table.columns.get_mut(self.at) {
                put(values, self.place, number);
            }
            self.at += 1;
        }
    }

    fn decimals(&mut self, values: &[Option<Decimal>]) {
        self.floats(values.iter().map(|value| value.map(to_f64)));
    }

    fn bar(&mut self, bar: &BarRecord<'_>) {
        self.whole(|cells| cells.floats(bar.figures));
        self.text(Some(bar.timeframe.label().to_owned()));
        self.flag(bar.partial);
        // Known when it is written.
        self.integer(None);
        let columns = self.table.columns.len().saturating_sub(self.at);
        let unknown = std::iter::repeat(None);
        let values = bar.indicators.iter().copied().chain(unknown);
        self.floats(values.take(columns));
    }

    fn book(&mut self, book: &BookTop) {
        let mut side = |name: &str, levels: &[Level]| {
            for (at, level) in levels.iter().enumerate() {
                self.whole(|cells| {
                    cells.text(Some(name.to_owned()));
                    cells.integer(Some(at as i64 + 1));
                    cells.decimals(&[Some(level.price), Some(level.size)]);
                    cells.integer(book.sequence.and_then(|number| i64::try_from(number).ok()));
                });
                self.place += 1;
            }
        };
        side("bid", &book.bids);
        side("ask", &book.asks);
    }

    fn trade(&mut self, trade: &TimeAndSale) {
        self.decimals(&[trade.price, trade.size]);
        self.text(trade.side.map(|side| side.name().to_owned()));
        let conditions: Vec<&str> = trade.conditions.iter().map(AsRef::as_ref).collect();
        self.list(&conditions);
        self.text(trade.trade_id.as_ref().map(ToString::to_string));
        self.text(trade.exchange.as_deref().map(str::to_owned));
        let (corrects, cancels) = match &trade.action {
            TradeAction::New => (None, None),
            TradeAction::Corrects(id) => (Some(id), None),
            TradeAction::Cancels(id) => (None, Some(id)),
        };
        self.text(corrects.map(ToString::to_string));
        self.text(cancels.map(ToString::to_string));
    }

    /// Several texts in one; none is null.
    fn list(&mut self, texts: &[&str]) {
        let joined = texts.join(&SEPARATOR.to_string());
        self.text((!texts.is_empty()).then_some(joined));
    }

    fn news(&mut self, news: &News) {
        self.text(Some(news.headline.clone()));
        self.text(news.source.clone());
        self.text(news.url.clone());
        self.text(news.summary.clone());
        let symbols: Vec<&str> = news.symbols.iter().map(String::as_str).collect();
        self.list(&symbols);
    }
}
