#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::atomic::{AtomicU64, Ordering};

use polars::df;
use polars::prelude::{OptFlags, SortMultipleOptions, lit};

use super::*;

/// `count` rows, in which each key comes as often.
fn rows(count: i64, keys: i64) -> LazyFrame {
    let key: Vec<i64> = (0..count).map(|row| row % keys).collect();
    let row: Vec<i64> = (0..count).collect();
    df!("key" => key, "row" => row).unwrap().lazy()
}

fn joined(left: LazyFrame, right: LazyFrame, how: JoinType) -> PolarsResult<DataFrame> {
    let join = left.join(right, [col("key")], [col("key")], JoinArgs::new(how));
    collect(join, &Cancel::default())
}

fn refusal(result: PolarsResult<DataFrame>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_plan_ends_at_the_first_step_after_it_was_given_up() {
    let cancel = Cancel::default();
    let steps = Arc::new(AtomicU64::new(0));
    let counted = |frame: LazyFrame, gives_up: Option<Cancel>| {
        let steps = Arc::clone(&steps);
        let function = move |frame: DataFrame| {
            steps.fetch_add(1, Ordering::Relaxed);
            if let Some(cancel) = &gives_up {
                cancel.cancel();
            }
            Ok(frame)
        };
        frame.map(function, OptFlags::default(), None, None)
    };
    let first = counted(rows(10, 2), None);
    let second = counted(
        first.sort(["row"], SortMultipleOptions::default()),
        Some(cancel.clone()),
    );
    let last = counted(second.sort(["key"], SortMultipleOptions::default()), None);
    assert!(collect(last.clone(), &cancel).is_err());
    assert_eq!(steps.load(Ordering::Relaxed), 2);
    // Without anybody to give it up, it would have had three.
    steps.store(0, Ordering::Relaxed);
    assert!(collect(last, &Cancel::default()).is_ok());
    assert_eq!(steps.load(Ordering::Relaxed), 3);
}

#[test]
fn a_join_of_too_many_rows_is_refused_with_their_number() {
    // Each of two keys 5,000 times on both sides.
    let message = refusal(joined(rows(10_000, 2), rows(10_000, 2), JoinType::Inner));
    assert!(message.contains("50,000,000 rows"), "{message}");
    assert!(message.contains("at most 20,000,000"), "{message}");
    // What stands alone counts where it is in the answer.
    let few = rows(10_000, 2).filter(col("key").eq(lit(0)));
    for (how, count) in [
        (JoinType::Left, "25,005,000"),
        (JoinType::Full, "25,005,000"),
    ] {
        let message = refusal(joined(rows(10_000, 2), few.clone(), how));
        assert!(message.contains(count), "{message}");
    }
    let message = refusal(joined(few, rows(10_000, 2), JoinType::Right));
    assert!(message.contains("25,005,000"), "{message}");
}

#[test]
fn the_sides_of_a_join_may_be_anything() {
    // A filter, a grouping and a computed key: what counts is what comes to the join.
    let left = rows(30_000, 3).filter(col("row").lt(lit(15_000)));
    let right = rows(30_000, 3);
    let join = left.join(
        right,
        [col("key") * lit(2)],
        [col("key") + col("key")],
        JoinArgs::new(JoinType::Inner),
    );
    let message = refusal(collect(join, &Cancel::default()));
    assert!(message.contains("150,000,000 rows"), "{message}");
    let one_each = rows(30_000, 3)
        .group_by([col("key")])
        .agg([col("row").sum()]);
    let answer = joined(rows(30_000, 3), one_each, JoinType::Inner).unwrap();
    assert_eq!(answer.height(), 30_000);
}

#[test]
fn what_has_no_equal_columns_is_a_product() {
    let product = rows(10_000, 2).cross_join(rows(10_000, 2), None);
    let message = refusal(collect(product.clone(), &Cancel::default()));
    assert!(message.contains("100,000,000 pairs"), "{message}");
    // A few of its rows are no trouble.
    let few = collect(product.limit(10), &Cancel::default()).unwrap();
    assert_eq!(few.height(), 10);
    let small = rows(1_000, 2).cross_join(rows(1_000, 2), None);
    let count = collect(small.select([len()]), &Cancel::default()).unwrap();
    assert_eq!(count.height(), 1);
}

#[test]
fn a_join_that_gives_no_more_than_it_gets_is_made_whatever_its_size() {
    // Every row has one partner, though each side has many.
    let answer = joined(rows(50_000, 50_000), rows(50_000, 50_000), JoinType::Full).unwrap();
    assert_eq!(answer.height(), 50_000);
    let semi = joined(rows(10_000, 1), rows(10_000, 1), JoinType::Semi).unwrap();
    assert_eq!(semi.height(), 10_000);
}

#[test]
fn missing_keys_are_equal_to_nothing() {
    let none = |count: i64| {
        let row: Vec<i64> = (0..count).collect();
        df!("key" => vec![None::<i64>; count as usize], "row" => row)
            .unwrap()
            .lazy()
    };
    let answer = joined(none(10_000), none(10_000), JoinType::Inner).unwrap();
    assert_eq!(answer.height(), 0);
    let answer = joined(none(10_000), none(10_000), JoinType::Left).unwrap();
    assert_eq!(answer.height(), 10_000);
}

#[test]
fn wide_rows_may_be_fewer() {
    let wide = |prefix: &str| {
        let columns = (0..40).map(|at| lit(1.0).alias(format!("{prefix}{at}")));
        rows(5_000, 1).with_columns(columns.collect::<Vec<_>>())
    };
    // 25 million is too many in any case; 10 million are when each has eighty columns.
    let many = wide("a").filter(col("row").lt(lit(2_000)));
    let message = refusal(joined(many, wide("b"), JoinType::Inner));
    assert!(message.contains("10,000,000 rows"), "{message}");
}

#[test]
fn thousands_are_kept_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}
