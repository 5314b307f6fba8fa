//! Boards for tests: the same moment of the same day, always.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

pub mod charts;
pub mod live;

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::event::ServiceSet;
use crate::domain::indicator::{ChartPlace, IndicatorNames, IndicatorValues};
use crate::domain::outcome::{DayStats, ErrorKind, Severity};
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, SessionCalendar, Timeframe, UnixMs};
use crate::pipeline::Snapshot;
use crate::pipeline::meters::{ConnectionState, LoadingView, TransportView};
use crate::pipeline::snapshot::{
    ChannelView, ChartView, Direction, ErrorRow, LatencyView, PipelineView, Row, RowState,
    SourceView, Trend, WorkerState, WorkerView,
};
use crate::pipeline::source::Speed;

use super::draw::draw;
use super::model::Model;
use super::panel::{Panel, PanelContext};
use super::screen::plain_text;
use super::settings::{SessionState, TuiSettings};
use super::theme::{GlyphSet, Theme};

/// 2019-02-13 10:42 in New York.
pub const NOW: UnixMs = UnixMs(1_550_072_520_000);
/// The monotonic time of every board.
pub const TAKEN: Nanos = Nanos(3_600 * 1_000 * Nanos::PER_MS);

/// What a panel's test needs.
pub struct Scene {
    snapshot: Snapshot,
    theme: Theme,
}

impl Scene {
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            theme: Theme::default(),
        }
    }

    pub fn context(&self) -> PanelContext<'_> {
        PanelContext {
            snapshot: &self.snapshot,
            theme: &self.theme,
            glyphs: GlyphSet::Braille,
            zone: Tz::America__New_York,
            now: TAKEN,
            selected: None,
            is_frozen: false,
            focused: true,
            flash: true,
            stale_after_ms: 180_000,
        }
    }
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A symbol that has traded: its last price, its reference price, its volume, and how old it is.
pub fn row(id: u32, symbol: &str, last: &str, reference: f64, volume: f64, age_ms: i64) -> Row {
    let source = SourceName::new("replay");
    let mut row = Row::waiting(SymbolId(id), Symbol::new(symbol).unwrap(), source);
    let price: f64 = decimal(last).try_into().unwrap();
    row.state = RowState::Active;
    row.last = Some(decimal(last));
    row.day = DayStats {
        reference_price: Some(reference),
        open: Some(reference),
        high: Some(price.max(reference)),
        low: Some(price.min(reference)),
        volume: (volume > 0.0).then_some(volume),
        vwap: (volume > 0.0).then_some(f64::midpoint(price, reference)),
    };
    row.direction = match price.total_cmp(&reference) {
        std::cmp::Ordering::Greater => Direction::Up,
        std::cmp::Ordering::Less => Direction::Down,
        std::cmp::Ordering::Equal => Direction::Unchanged,
    };
    let mut trend = Trend::default();
    for step in 0..24u32 {
        let wave = f64::from((step * 7 + id * 3) % 5) - 2.0;
        let way = f64::from(step) / 23.0;
        trend.push((reference + (price - reference) * way + wave * 0.02 * price / 100.0) as f32);
    }
    row.trend = trend;
    row.updated = Some(NOW.plus_ms(-age_ms));
    row.results = 72;
    row
}

fn source() -> SourceView {
    SourceView {
        name: SourceName::new("replay"),
        label: "replay:bars-us-2019-02".to_owned(),
        origin: Origin::Replay,
        state: ConnectionState::Connected,
        state_since: Nanos(0),
        calendar: SessionCalendar::UsEquities,
        services: ServiceSet::ALL,
        transport: Some(TransportView {
            speed: Speed::Factor(600.0),
            paused: false,
            looping: false,
            progress: 0.41,
            loading: None,
            length_ms: None,
            is_cut: false,
        }),
        data_clock: Some(NOW),
        messages_per_s: 12_400.0,
        bytes_per_s: 3_100_000.0,
        last_message_age: Some(Duration::from_millis(40)),
        reconnects: 0,
        messages: 120_000,
        ignored: 0,
        rejected: 0,
        waiting_for: None,
        connections: Vec::new(),
    }
}

fn worker(row: &Row, events_per_s: f64) -> WorkerView {
    WorkerView {
        id: row.id,
        symbol: row.symbol.clone(),
        source: row.source.clone(),
        state: WorkerState::Running,
        events_per_s,
        backlog: 0,
        busy: None,
        restarts: 0,
        conflated: 0,
        dropped: 0,
    }
}

/// Candles of the first symbol since 09:30: a rise with waves.
fn chart() -> ChartView {
    let candles = (0..72_u32).map(|minute| {
        let at = f64::from(minute);
        let price =
            |at: f64| ((169.1 + at * 0.018 + (at / 6.0).sin() * 0.15) * 100.0).round() / 100.0;
        let (open, close) = (price(at), price(at + 1.0));
        Candle {
            start: NOW.plus_ms((i64::from(minute) - 72) * MINUTE_MS),
            open,
            high: open.max(close) + 0.03,
            low: open.min(close) - 0.04,
            close,
            volume: 1000.0 + f64::from(minute * 37 % 11) * 150.0,
        }
    });
    ChartView {
        symbol: SymbolId(0),
        timeframe: Timeframe::M1,
        calendar: SessionCalendar::UsEquities,
        candles: Arc::new(candles.collect()),
        studies: Vec::new(),
    }
}

/// A board on which everything is well.
pub fn full() -> Snapshot {
    let mut rows = vec![
        row(0, "AAPL", "170.42", 169.11, 21_400_000.0, 400),
        row(1, "AMZN", "1640.0200", 1645.0, 3_100_000.0, 400),
        row(2, "TSLA", "308.17", 308.17, 5_600_000.0, 12_000),
        row(3, "SPY", "274.99", 273.5, 812.0, 61_000),
        row(4, "MSFT", "106.81", 106.89, 18_000_000.0, 400),
        row(5, "BAC", "28.5", 28.4, 40_100_000.0, 400),
        row(6, "VIX", "15.65", 15.43, 0.0, 2_000),
    ];
    rows[0].bid = Some(decimal("170.41"));
    rows[0].ask = Some(decimal("170.43"));
    rows.push(Row::waiting(
        SymbolId(7),
        Symbol::new("DUD").unwrap(),
        SourceName::new("replay"),
    ));
    let workers = rows
        .iter()
        .enumerate()
        .map(|(at, row)| worker(row, 512.0 / (at + 1) as f64))
        .collect();
    Snapshot {
        version: 7,
        taken: TAKEN,
        wall: NOW,
        rows: rows.into_iter().collect(),
        pipeline: Arc::new(PipelineView {
            processing: ChannelView {
                depth: 1200,
                capacity: 4096,
            },
            results: ChannelView {
                depth: 3,
                capacity: 4096,
            },
            threads: 8,
            workers,
            events_per_s: 12_400.0,
            results_per_s: 12_398.0,
            results_total: 118_220,
            latency: LatencyView {
                p50_us: 21.0,
                p99_us: 38.0,
                max_us: 1_240.0,
            },
            history_bytes: 1_600_000,
            ..PipelineView::default()
        }),
        sources: vec![source()],
        charts: vec![Arc::new(chart())],
        ..Snapshot::default()
    }
}

/// A board whose rows have indicators, but for the last two that traded; the second row has fewer of them.
pub fn with_indicators() -> Snapshot {
    let mut names = IndicatorNames::default();
    let range = Some((0, 100));
    names.push("sma(20)".parse().unwrap(), &[""], ChartPlace::Overlay);
    names.push(
        "rsi(14)".parse().unwrap(),
        &[""],
        ChartPlace::Pane { range },
    );
    let few = Arc::new(names.clone());
    let outputs = &["upper", "middle", "lower"];
    names.push("bb(20,2)".parse().unwrap(), outputs, ChartPlace::Overlay);
    names.push("sma(20)@5m".parse().unwrap(), &[""], ChartPlace::Overlay);
    let all = Arc::new(names);
    let mut snapshot = full();
    for (id, rsi) in [71.5, 28.25, 50.0, 9.125, 55.5].into_iter().enumerate() {
        let row = snapshot.rows.get_mut(SymbolId(id as u32)).unwrap();
        let price: f64 = row.last.unwrap().try_into().unwrap();
        let values = [
            Some(price * 0.99),
            Some(rsi),
            Some(price * 1.01),
            Some(price * 0.99),
            Some(price * 0.97),
            None,
        ];
        let names = if id == 1 { &few } else { &all };
        row.indicators = Some(Arc::new(IndicatorValues {
            names: Arc::clone(names),
            values: values[..names.len()].into(),
        }));
    }
    snapshot
}

pub fn error(id: u64, message: &str, last_ms: i64) -> ErrorRow {
    ErrorRow {
        id,
        kind: ErrorKind::ConnectionError,
        severity: Severity::Error,
        message: message.to_owned(),
        next: None,
        source: Some(SourceName::new("replay")),
        symbol: None,
        location: None,
        sample: None,
        first: NOW.plus_ms(last_ms - 600_000),
        last: NOW.plus_ms(last_ms - 600_000),
        count: 1,
        acknowledged: false,
    }
}

/// A board with three kinds of trouble, two of them new.
pub fn with_errors() -> Snapshot {
    let mut snapshot = full();
    let mut stale = error(1, "no update for 4 min", 0);
    stale.kind = ErrorKind::Stale;
    stale.severity = Severity::Warning;
    stale.symbol = Some(Symbol::new("VIX").unwrap());
    stale.acknowledged = true;
    let mut decode = error(2, "expected a number, found 'n/a'", 120_000);
    decode.kind = ErrorKind::DecodeError;
    decode.location = Some("AMZN_1min.csv:118".to_owned());
    decode.sample = Some("2019-02-13 10:38:00,1640.1,n/a,1639.9,1640.0,2100".to_owned());
    decode.count = 3;
    let ended = error(3, "No more data available from API.", 300_000);
    snapshot.errors = Arc::new(vec![stale, decode, ended]);
    snapshot.errors_unread = 2;
    snapshot.errors_total = 5;
    snapshot.sources[0].state = ConnectionState::Ended;
    snapshot.sources[0].rejected = 3;
    let mut pipeline = PipelineView::clone(&snapshot.pipeline);
    pipeline.restarts = 4;
    pipeline.dropped = 17;
    pipeline.workers[1].state = WorkerState::Quarantined;
    pipeline.workers[1].restarts = 3;
    pipeline.workers[2].state = WorkerState::Stuck;
    pipeline.workers[2].busy = Some(Duration::from_secs(7));
    pipeline.workers[2].backlog = 4_812;
    snapshot.pipeline = Arc::new(pipeline);
    snapshot.rows.get_mut(SymbolId(1)).unwrap().state = RowState::Quarantined;
    snapshot
}

/// A board whose replay is jumping.
pub fn seeking() -> Snapshot {
    let mut snapshot = full();
    if let Some(transport) = &mut snapshot.sources[0].transport {
        transport.loading = Some(LoadingView {
            is_jump: true,
            progress: 0.438,
        });
    }
    snapshot
}

/// A board of live data on which nothing has moved for long.
pub fn stale() -> Snapshot {
    let mut snapshot = full();
    let source = &mut snapshot.sources[0];
    source.name = SourceName::new("alpaca");
    source.label = "alpaca:iex".to_owned();
    source.origin = Origin::Live;
    source.transport = None;
    source.data_clock = None;
    source.state = ConnectionState::Reconnecting;
    source.reconnects = 2;
    source.last_message_age = Some(Duration::from_secs(252));
    source.messages_per_s = 0.0;
    source.bytes_per_s = 0.0;
    snapshot.rows = snapshot
        .rows
        .iter()
        .cloned()
        .map(|mut row| {
            row.source = SourceName::new("alpaca");
            row.updated = row.updated.map(|time| time.plus_ms(-252_000));
            row
        })
        .collect();
    snapshot
}

/// A screen of this size that shows a board; without one it is the first frame.
pub fn screen(snapshot: Option<Snapshot>, width: u16, height: u16) -> Model {
    screen_with(TuiSettings::default(), snapshot, width, height)
}

pub fn screen_with(
    settings: TuiSettings,
    snapshot: Option<Snapshot>,
    width: u16,
    height: u16,
) -> Model {
    let mut model = Model::new(settings, SessionState::default());
    model.resize(width, height);
    model.tick(TAKEN, NOW);
    if let Some(snapshot) = snapshot {
        model.take(Arc::new(snapshot));
    }
    model.settle();
    model
}

/// What is on the screen, line by line.
pub fn picture(model: &mut Model) -> String {
    let mut terminal =
        Terminal::new(TestBackend::new(model.size.width, model.size.height)).unwrap();
    model.settle();
    terminal
        .draw(|frame| draw(model, frame.buffer_mut()))
        .unwrap();
    plain_text(terminal.backend().buffer())
}

/// What a panel draws, line by line.
pub fn drawn(panel: &mut dyn Panel, context: &PanelContext<'_>, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    panel.render(buffer.area, &mut buffer, context);
    plain_text(&buffer)
}
