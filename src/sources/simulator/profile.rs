//! What kind of instrument a name stands for: its price level, how much it moves and how much of it is traded.

use super::dice::mix;

/// The smallest price change, in units of 10⁻²: one cent.
pub const PRICE_SCALE: u32 = 2;

/// An instrument's character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Where the price starts and is loosely drawn back to, in ticks.
    pub price_ticks: i64,
    /// Standard deviation of a day's move, in 1/10,000 of the price.
    pub daily_move_bps: i64,
    /// How much of the whole market's move it takes part in, in 1/256.
    pub market_share: i64,
    /// The usual distance between bid and ask, in ticks.
    pub spread_ticks: i64,
    /// Distance between the levels of its book, in ticks.
    pub level_gap_ticks: i64,
    /// Units of an ordinary small trade.
    pub trade_units: u64,
}

/// Names whose price level people know: symbol, price in cents, daily move, market share, trade units.
const KNOWN: [(&str, i64, i64, i64, u64); 10] = [
    ("AAPL", 24_180, 150, 200, 420),
    ("AMZN", 22_940, 180, 220, 380),
    ("MSFT", 51_260, 130, 200, 210),
    ("NVDA", 18_135, 260, 300, 1_500),
    ("TSLA", 34_415, 330, 280, 900),
    ("GOOGL", 24_870, 170, 200, 330),
    ("META", 72_350, 190, 220, 160),
    ("JPM", 30_520, 120, 180, 120),
    ("SPY", 66_430, 80, 256, 650),
    ("QQQ", 59_710, 105, 256, 480),
];

impl Profile {
    /// The character that belongs to a name: a known one, else one that depends on seed and name alone.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        if let Some(&(_, price, moves, share, units)) =
            KNOWN.iter().find(|&&(known, ..)| known == name)
        {
            return Self::new(price, moves, share, units);
        }
        let bits = name
            .bytes()
            .fold(mix(seed), |sum, byte| mix(sum ^ u64::from(byte)));
        // Each doubling of the price from 8 to 512 is as likely as the next.
        let octave = 800_i64 << (bits % 6);
        let price = octave + octave * ((bits >> 8) & 0xff) as i64 / 256;
        let moves = 90 + ((bits >> 16) % 260) as i64;
        let share = 64 + ((bits >> 32) % 224) as i64;
        let units = 20 + (bits >> 48) % 700;
        Self::new(price, moves, share, units)
    }

    fn new(price_ticks: i64, daily_move_bps: i64, market_share: i64, trade_units: u64) -> Self {
        Self {
            price_ticks,
            daily_move_bps,
            market_share,
            spread_ticks: 1 + price_ticks / 20_000,
            level_gap_ticks: 1 + price_ticks / 25_000,
            trade_units,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_sane_character_of_its_own() {
        for number in 1..=2_000 {
            let profile = Profile::of(7, &format!("SIM{number:05}"));
            assert!((800..=51_200).contains(&profile.price_ticks), "{profile:?}");
            assert!((1..=4).contains(&profile.spread_ticks), "{profile:?}");
            assert!(profile.trade_units > 0, "{profile:?}");
        }
        assert_eq!(Profile::of(7, "XYZ"), Profile::of(7, "XYZ"));
        assert_ne!(Profile::of(7, "XYZ"), Profile::of(8, "XYZ"));
        assert_eq!(Profile::of(7, "AAPL"), Profile::of(8, "AAPL"));
    }
}
