//! Chance, the same on every machine: a portable generator and integer arithmetic only.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// The standard deviation of [`Dice::bell`].
pub const BELL_DEVIATION: i64 = 37_837;

/// A seeded source of chance.
#[derive(Debug, Clone)]
pub struct Dice(Pcg64Mcg);

impl Dice {
    /// Dice that depend on the seed and the name alone.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let low = mix(seed ^ hash(name));
        let high = mix(low ^ 0x9e37_79b9_7f4a_7c15);
        Self(Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low)))
    }

    /// 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from zero to `limit` - 1, each as likely as the other; zero when `limit` is zero.
    pub fn below(&mut self, limit: u32) -> u32 {
        (((self.roll() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// True in `of_256` of 256 cases.
    pub fn chance(&mut self, of_256: u32) -> bool {
        (self.roll() >> 56) < u64::from(of_256)
    }

    /// A bell-shaped number around zero: the sum of four uniform ones, at most ±131,072.
    pub fn bell(&mut self) -> i64 {
        let bits = self.roll();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        sum as i64 - 2 * 0xffff
    }
}

/// A number that depends on the text alone (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads the bits of a number over all 64 (the finaliser of `SplitMix64`).
#[must_use]
pub fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_repeat_for_a_seed_and_a_name_and_differ_otherwise() {
        let rolls = |seed, name| {
            let mut dice = Dice::new(seed, name);
            [dice.roll(), dice.roll(), dice.roll()]
        };
        assert_eq!(rolls(7, "AAPL"), rolls(7, "AAPL"));
        assert_ne!(rolls(7, "AAPL"), rolls(8, "AAPL"));
        assert_ne!(rolls(7, "AAPL"), rolls(7, "AMZN"));
    }

    #[test]
    fn the_bell_is_centred_and_as_wide_as_it_says() {
        let mut dice = Dice::new(1, "");
        let rolls: Vec<i64> = (0..100_000).map(|_| dice.bell()).collect();
        let mean = rolls.iter().sum::<i64>() / 100_000;
        let variance = rolls.iter().map(|roll| roll * roll).sum::<i64>() / 100_000;
        assert!(mean.abs() < 500, "{mean}");
        let deviation = variance.isqrt();
        assert!((deviation - BELL_DEVIATION).abs() < 400, "{deviation}");
    }
}
