//! The ladder's figures: levels put together by price, added up, and what lies between the sides.

use crate::domain::book::{BookTop, Level};
use crate::domain::{Decimal, to_f64};

/// The most decimals that a tick is taken to have.
const SCALE_MAX: u32 = 18;
/// The coarsest grouping: 10^24 ticks, more than any price has.
const ZOOM_MAX: u8 = 72;

/// One line of the ladder: everything between two prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// The price, as far as the grouping tells it.
    pub price: Decimal,
    /// Units on the line.
    pub size: Decimal,
    /// Units from the best level to this line.
    pub total: Decimal,
}

/// A book as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    /// Buy lines, best first.
    pub bids: Vec<Rung>,
    /// Sell lines, best first.
    pub asks: Vec<Rung>,
    /// The step between two lines.
    pub step: Decimal,
    /// Decimals of the step.
    pub scale: u32,
    /// The largest size of any line.
    pub size_max: Decimal,
    /// Best ask less best bid, of the levels as they came.
    pub spread: Option<Decimal>,
    /// The same in ten-thousandths of the mid.
    pub spread_bps: Option<f64>,
    /// Half way between the best levels.
    pub mid: Option<Decimal>,
}

/// Decimals of the finest price in a book: what its tick is inferred from. Zeros at the end say nothing.
#[must_use]
pub fn tick_scale(book: &BookTop) -> u32 {
    book.bids
        .iter()
        .chain(&book.asks)
        .map(|level| level.price.normalize().scale())
        .max()
        .unwrap_or(0)
        .min(SCALE_MAX)
}

/// The step of a grouping: 1, 2, 5, 10, 20, 50 … ticks, each tick being the last of `scale` decimals.
#[must_use]
pub fn step(zoom: u8, scale: u32) -> Decimal {
    let mantissa = [1, 2, 5][usize::from(zoom % 3)];
    let tens = u32::from(zoom.min(ZOOM_MAX) / 3);
    let scale = scale.min(SCALE_MAX);
    if tens <= scale {
        return Decimal::new(mantissa, scale - tens);
    }
    let factor = 10_i128.saturating_pow(tens - scale);
    Decimal::try_from_i128_with_scale(i128::from(mantissa).saturating_mul(factor), 0)
        .unwrap_or(Decimal::MAX)
}

/// The coarsest grouping that still tells prices of this book apart: its step is no larger than the best price.
#[must_use]
pub fn zoom_max(book: &BookTop, scale: u32) -> u8 {
    let price = book
        .bids
        .first()
        .or(book.asks.first())
        .map_or(Decimal::ZERO, |level| level.price.abs());
    let mut zoom = 0;
    while zoom < ZOOM_MAX && step(zoom + 1, scale) <= price {
        zoom += 1;
    }
    zoom
}

/// The line that a price belongs to: bids go down to it and asks up, so that a line never promises a better price than
/// there is.
fn line_of(price: Decimal, step: Decimal, is_bid: bool) -> Decimal {
    let Some(rest) = price.checked_rem(step).filter(|rest| !rest.is_zero()) else {
        return price;
    };
    let down = price.checked_sub(rest);
    let line = match (is_bid, rest.is_sign_negative()) {
        (true, false) | (false, true) => down,
        (true, true) => down.and_then(|line| line.checked_sub(step)),
        (false, false) => down.and_then(|line| line.checked_add(step)),
    };
    line.unwrap_or(price)
}

fn group(levels: &[Level], step: Decimal, is_bid: bool) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::with_capacity(levels.len());
    let mut total = Decimal::ZERO;
    for level in levels {
        let price = line_of(level.price, step, is_bid);
        total = total.saturating_add(level.size);
        match rungs.last_mut() {
            Some(last) if last.price == price => {
                last.size = last.size.saturating_add(level.size);
                last.total = total;
            }
            _ => rungs.push(Rung {
                price,
                size: level.size,
                total,
            }),
        }
    }
    rungs
}

impl Ladder {
    /// The lines of a book at a grouping; `scale` says how many decimals a tick has.
    #[must_use]
    pub fn new(book: &BookTop, zoom: u8, scale: u32) -> Self {
        let step = step(zoom, scale);
        let bids = group(&book.bids, step, true);
        let asks = group(&book.asks, step, false);
        let size_max = bids
            .iter()
            .chain(&asks)
            .map(|rung| rung.size)
            .max()
            .unwrap_or_default();
        let best = book.bids.first().zip(book.asks.first());
        let spread = best.and_then(|(bid, ask)| ask.price.checked_sub(bid.price));
        let mid = best.and_then(|(bid, ask)| {
            let sum = bid.price.checked_add(ask.price)?;
            sum.checked_div(Decimal::TWO)
        });
        let spread_bps = spread
            .zip(mid)
            .filter(|(_, mid)| !mid.is_zero())
            .map(|(spread, mid)| to_f64(spread) / to_f64(mid) * 10_000.0);
        Self {
            bids,
            asks,
            step,
            scale: step.scale(),
            size_max,
            spread,
            spread_bps,
            mid: mid.map(|mid| mid.normalize()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn level(price: &str, size: &str) -> Level {
        Level {
            price: price.parse().unwrap(),
            size: size.parse().unwrap(),
        }
    }

    fn rung(price: &str, size: &str, total: &str) -> Rung {
        Rung {
            price: price.parse().unwrap(),
            size: size.parse().unwrap(),
            total: total.parse().unwrap(),
        }
    }

    fn book() -> BookTop {
        BookTop {
            bids: vec![
                level("100.30", "1.5"),
                level("100.29", "2"),
                level("100.20", "3"),
                level("99.99", "4"),
            ],
            asks: vec![
                level("100.31", "1"),
                level("100.35", "2"),
                level("100.40", "3"),
                level("100.41", "4"),
            ],
            ..BookTop::default()
        }
    }

    #[test]
    fn steps_are_one_two_five_times_the_tick() {
        for (zoom, scale, expected) in [
            (0, 2, "0.01"),
            (1, 2, "0.02"),
            (2, 2, "0.05"),
            (3, 2, "0.1"),
            (6, 2, "1"),
            (8, 2, "5"),
            (9, 2, "10"),
            (4, 0, "20"),
        ] {
            assert_eq!(step(zoom, scale).to_string(), expected, "{zoom} {scale}");
        }
        assert!(step(u8::MAX, 0) > Decimal::ONE);
    }

    #[test]
    fn the_tick_is_that_of_the_finest_price_without_its_zeros() {
        assert_eq!(tick_scale(&book()), 2);
        let mut whole = book();
        whole.asks.truncate(0);
        whole.bids = vec![level("100.50000000", "1"), level("99", "1")];
        assert_eq!(tick_scale(&whole), 1);
        assert_eq!(tick_scale(&BookTop::default()), 0);
    }

    #[test]
    fn bids_go_down_and_asks_up_to_their_line() {
        let ladder = Ladder::new(&book(), 3, 2);
        assert_eq!(
            ladder.bids,
            [
                rung("100.3", "1.5", "1.5"),
                rung("100.2", "5", "6.5"),
                rung("99.9", "4", "10.5")
            ]
        );
        assert_eq!(
            ladder.asks,
            [rung("100.4", "6", "6"), rung("100.5", "4", "10")]
        );
        assert_eq!(ladder.size_max, Decimal::from(6));
        // What lies between is told of the levels themselves, whatever the grouping.
        assert_eq!(ladder.spread, Some("0.01".parse().unwrap()));
        assert_eq!(ladder.mid, Some("100.305".parse().unwrap()));
        let bps = ladder.spread_bps.unwrap();
        assert!((bps - 0.996_959).abs() < 1e-5, "{bps}");
    }

    #[test]
    fn one_side_alone_has_no_mid() {
        let mut one = book();
        one.asks.clear();
        let ladder = Ladder::new(&one, 0, 2);
        assert_eq!(
            (ladder.mid, ladder.spread, ladder.spread_bps),
            (None, None, None)
        );
        assert_eq!(ladder.bids.len(), 4);
    }

    #[test]
    fn the_largest_numbers_are_borne() {
        let huge = Level {
            price: Decimal::MAX,
            size: Decimal::MAX,
        };
        let book = BookTop {
            bids: vec![huge, huge],
            asks: vec![huge, huge],
            ..BookTop::default()
        };
        for zoom in [0, 1, 40, u8::MAX] {
            let ladder = Ladder::new(&book, zoom, tick_scale(&book));
            assert_eq!(ladder.size_max, Decimal::MAX);
            assert!(zoom_max(&book, 28) <= ZOOM_MAX);
        }
    }

    proptest! {
        #[test]
        fn grouping_keeps_every_unit_and_never_promises_a_better_price(
            prices in proptest::collection::btree_set(1..1_000_000_i64, 1..60),
            zoom in 0..20_u8,
        ) {
            let asks: Vec<Level> = prices
                .iter()
                .map(|price| Level { price: Decimal::new(*price, 3), size: Decimal::new(price % 97 + 1, 1) })
                .collect();
            let bids: Vec<Level> = asks.iter().rev().copied().collect();
            let sum: Decimal = asks.iter().map(|level| level.size).sum();
            let step = step(zoom, 3);
            for (rungs, best, is_bid) in [
                (group(&asks, step, false), asks[0].price, false),
                (group(&bids, step, true), bids[0].price, true),
            ] {
                prop_assert_eq!(rungs.iter().map(|rung| rung.size).sum::<Decimal>(), sum);
                prop_assert_eq!(rungs.last().unwrap().total, sum);
                prop_assert!(rungs.iter().all(|rung| (rung.price % step).is_zero()));
                let first = rungs[0].price;
                let away = if is_bid { best - first } else { first - best };
                prop_assert!(!away.is_sign_negative() && away < step);
                let is_sorted = rungs.windows(2).all(|pair| if is_bid { pair[0].price > pair[1].price } else { pair[0].price < pair[1].price });
                prop_assert!(is_sorted);
            }
        }
    }
}
