use proptest::prelude::*;

use crate::domain::time::UnixMs;

use super::*;

fn labels(low: f64, high: f64, rows: u16, apart: u16) -> Vec<String> {
    let ticks = PriceScale { low, high }.ticks(rows, apart);
    ticks
        .prices
        .iter()
        .map(|&price| price_text(price, ticks.decimals))
        .collect()
}

#[test]
fn steps_are_one_two_or_five() {
    for (low, high, rows, expected) in [
        (0.0, 10.0, 10, vec!["0", "2", "4", "6", "8", "10"]),
        (
            169.8,
            171.3,
            15,
            vec![
                "169.8", "170.0", "170.2", "170.4", "170.6", "170.8", "171.0", "171.2",
            ],
        ),
        (
            250_000.1,
            250_000.9,
            8,
            vec!["250000.2", "250000.4", "250000.6", "250000.8"],
        ),
        (
            0.000_012_31,
            0.000_012_37,
            6,
            vec!["0.00001232", "0.00001234", "0.00001236"],
        ),
        (-3.0, 3.0, 6, vec!["-2", "0", "2"]),
        (1000.0, 9000.0, 4, vec!["5000"]),
        (99.9, 100.1, 6, vec!["99.9", "100.0", "100.1"]),
    ] {
        assert_eq!(
            labels(low, high, rows, 2),
            expected,
            "{low} to {high} in {rows} rows"
        );
    }
}

#[test]
fn a_scale_has_room_around_prices_and_around_a_single_one() {
    let scale = PriceScale::around(100.0, 110.0);
    assert_eq!((scale.low(), scale.high()), (99.5, 110.5));
    for price in [100.0, 0.000_012_34, 250_000.5, -37.6, 0.0, 1e300, 5e-324] {
        let scale = PriceScale::around(price, price);
        assert!(scale.low() < scale.high(), "{price}");
        let middle = scale.part(price, 9);
        assert!((3..=5).contains(&middle), "{price} at {middle}");
    }
}

#[test]
fn parts_count_from_the_top_and_prices_outside_stay_at_the_ends() {
    let scale = PriceScale {
        low: 0.0,
        high: 10.0,
    };
    for (price, expected) in [
        (10.0, 0),
        (9.99, 0),
        (8.99, 1),
        (5.0, 5),
        (0.01, 9),
        (0.0, 9),
        (-5.0, 9),
        (99.0, 0),
    ] {
        assert_eq!(scale.part(price, 10), expected, "{price}");
    }
    assert_eq!(scale.part(5.0, 0), 0);
    for part in 0..40 {
        assert_eq!(scale.part(scale.price_at(part, 40), 40), part);
    }
}

#[test]
fn decimals_follow_the_prices() {
    let candles = |prices: &[f64]| -> Vec<Candle> {
        prices
            .iter()
            .map(|&price| Candle {
                start: UnixMs(0),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 0.0,
            })
            .collect()
    };
    for (prices, expected) in [
        (vec![170.42, 170.1, 170.0], 2),
        (vec![250_000.5, 250_001.0], 1),
        (vec![0.000_012_34], 8),
        (vec![5.0, 6.0], 0),
        ([vec![170.25; 6], vec![170.2461; 4]].concat(), 2),
        (vec![1.0842, 1.0840, 1.0843], 4),
        (vec![], 0),
    ] {
        assert_eq!(decimals_of(&candles(&prices)), expected, "{prices:?}");
    }
    assert_eq!(axis_decimals(1, 2, 170.0), 2);
    assert_eq!(axis_decimals(0, 1, 250_000.5), 0);
    assert_eq!(axis_decimals(8, 8, 0.000_012), 8);
}

#[test]
fn volumes_are_short() {
    for (volume, expected) in [
        (0.0, "0"),
        (0.0123, "0.0123"),
        (0.5, "0.5"),
        (0.999, "1"),
        (1.0, "1"),
        (12.345, "12.3"),
        (427.0, "427"),
        (999.0, "999"),
        (999.9, "1.00K"),
        (1521.0, "1.52K"),
        (42_788.0, "42.8K"),
        (427_888.0, "428K"),
        (999_700.0, "1.00M"),
        (21_400_000.0, "21.4M"),
        (3.2e9, "3.20B"),
        (7.77e12, "7.77T"),
        (1e18, "1e18"),
    ] {
        assert_eq!(volume_text(volume), expected, "{volume}");
    }
}

#[test]
fn signs_are_shown_and_zero_has_none() {
    assert_eq!(signed(0.256, 2, '−'), "+0.26");
    assert_eq!(signed(-4.98, 2, '−'), "−4.98");
    assert_eq!(signed(-0.001, 2, '−'), "0.00");
    assert_eq!(price_text(-0.000_1, 2), "0.00");
    assert_eq!(price_text(-37.63, 2), "-37.63");
}

proptest! {
    #[test]
    fn every_price_maps_inside_and_labels_differ(
        low in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        high in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        price in prop::num::f64::ANY,
        rows in 0..400_u16,
    ) {
        let scale = PriceScale::around(low, high);
        prop_assert!(scale.low() < scale.high());
        prop_assert!(scale.part(price, rows) < rows.max(1));
        let ticks = scale.ticks(rows, 2);
        prop_assert!(ticks.prices.len() <= usize::from(rows));
    }

    #[test]
    fn labels_at_everyday_prices_are_distinct_and_on_rows_of_their_own(
        price in 0.000_001..1e6_f64,
        share in 0.000_01..0.5_f64,
        rows in 4..100_u16,
    ) {
        let scale = PriceScale::around(price, price * (1.0 + share));
        let ticks = scale.ticks(rows, 2);
        let texts: Vec<String> = ticks.prices.iter().map(|&price| price_text(price, ticks.decimals)).collect();
        let places: Vec<u16> = ticks.prices.iter().map(|&price| scale.part(price, rows)).collect();
        prop_assert!(texts.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", texts);
        prop_assert!(places.windows(2).all(|pair| pair[0] > pair[1]), "{:?}", places);
    }
}
