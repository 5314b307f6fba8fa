//! How many pairs two conditions of the kind `a.x < b.y` let through, without making them.

use polars_plan::prelude::Operator;

/// One condition: whether a number of the left may be paired with one of the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The left has to be the larger, not the smaller.
    is_larger: bool,
    or_equal: bool,
}

impl Order {
    /// Two numbers that are all equal: everything may be paired.
    pub const ANY: Self = Self {
        is_larger: false,
        or_equal: true,
    };

    /// The order of an operator, if it is one.
    pub fn of(operator: Operator) -> Option<Self> {
        let (is_larger, or_equal) = match operator {
            Operator::Lt => (false, false),
            Operator::LtEq => (false, true),
            Operator::Gt => (true, false),
            Operator::GtEq => (true, true),
            _ => return None,
        };
        Some(Self {
            is_larger,
            or_equal,
        })
    }

    /// Turned so that the left has to be the smaller in every case.
    fn turned(self, number: f64) -> f64 {
        if self.is_larger { -number } else { number }
    }

    fn lets(self, left: f64, right: f64) -> bool {
        left < right || (self.or_equal && left <= right)
    }
}

/// How many pairs of a row of the left and one of the right there are in which both numbers stand in their order.
pub(super) fn count(left: &[[f64; 2]], right: &[[f64; 2]], orders: [Order; 2]) -> u64 {
    let turned = |rows: &[[f64; 2]]| -> Vec<[f64; 2]> {
        let turn = |row: &[f64; 2]| [orders[0].turned(row[0]), orders[1].turned(row[1])];
        let mut rows: Vec<_> = rows.iter().map(turn).collect();
        rows.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        rows
    };
    let (left, right) = (turned(left), turned(right));
    let mut seconds: Vec<f64> = left.iter().map(|row| row[1]).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    let mut seen = Seen(vec![0; seconds.len() + 1]);
    let mut waiting = left.iter().peekable();
    let mut pairs = 0_u64;
    for [first, second] in right {
        while let Some(row) = waiting.next_if(|row| orders[0].lets(row[0], first)) {
            seen.add(seconds.partition_point(|known| *known < row[1]));
        }
        let below = seconds.partition_point(|known| orders[1].lets(*known, second));
        pairs = pairs.saturating_add(seen.below(below));
    }
    pairs
}

/// Counts by place: how many have been added below one is known after a few steps (a Fenwick tree).
struct Seen(Vec<u64>);

impl Seen {
    fn add(&mut self, place: usize) {
        let mut at = place + 1;
        while let Some(count) = self.0.get_mut(at) {
            *count += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, place: usize) -> u64 {
        let mut sum = 0;
        let mut at = place;
        while at > 0 {
            sum += self.0.get(at).copied().unwrap_or_default();
            at -= at & at.wrapping_neg();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order() -> impl Strategy<Value = Order> {
        (any::<bool>(), any::<bool>()).prop_map(|(is_larger, or_equal)| Order {
            is_larger,
            or_equal,
        })
    }

    fn rows() -> impl Strategy<Value = Vec<[f64; 2]>> {
        // Few values, so that many are equal.
        let number = || (-4_i8..4).prop_map(f64::from);
        let row = (number(), number()).prop_map(|(a, b)| [a, b]);
        proptest::collection::vec(row, 0..40)
    }

    proptest! {
        #[test]
        fn as_many_are_counted_as_there_are(left in rows(), right in rows(), first in order(), second in order()) {
            let holds = |order: Order, a: f64, b: f64| match (order.is_larger, order.or_equal) {
                (false, false) => a < b,
                (false, true) => a <= b,
                (true, false) => a > b,
                (true, true) => a >= b,
            };
            let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
            let expected = pairs
                .filter(|(a, b)| holds(first, a[0], b[0]) && holds(second, a[1], b[1]))
                .count();
            prop_assert_eq!(count(&left, &right, [first, second]), expected as u64);
        }
    }
}
