//! Runs the engine's plan within bounds: it ends where the question was given up, and a join that would give more rows
//! than can be worked on is refused before it is begun.
//!
//! Once the engine has decided how it will go about a statement, a look is put between each two steps of its plan. Each
//! asks whether the question was given up; those on the two sides of a join count, when both have come, how many rows it
//! will give, which is exact: for each value of the columns that have to be equal, the rows on the left times those on
//! the right; or the pairs that one or two conditions such as `a.unix_ts < b.unix_ts` let through, where nothing has to be
//! equal. So it does not matter whether the sides are tables, subqueries or other joins.
//!
//! What is not looked at:
//! - A step that has begun goes on to its end: a sort, a grouping, a window, a join within the limit.
//! - Conditions beside equalities are put to the rows once they have been joined, so they make no join smaller. Where
//!   there is neither an equality nor such an order, all pairs count.
//! - Texts can be made longer (by `||`, `concat`, `replace`): a row's share of memory counts without its texts. No function
//!   makes rows or texts of nothing: there is no `generate_series` and no `repeat`, and `VALUES` and `unnest` give what the
//!   statement spells out.
//! - `UNION ALL` of a table with itself, again and again, gives what the statement, which is short, can name.

mod pairs;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use polars::error::polars_err;
use polars::prelude::{
    DataFrame, DataType, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, PolarsResult, Schema, col,
    len,
};
use polars_plan::prelude::{
    AExpr, Arena, FunctionIR, IR, JoinOptionsIR, JoinTypeOptionsIR, Node, Operator,
};

use super::Cancel;
use pairs::Order;

/// The most rows that a join may give, unless it has more on its sides already.
pub const JOIN_ROWS_MAX: u64 = 20_000_000;
/// The most memory that its rows may take, in bytes.
const JOIN_BYTES_MAX: u64 = 2 << 30;

/// What is told of a question that was given up; whoever asked is told in other words.
const GIVEN_UP: &str = "the question was given up";

/// Runs a plan to its end, or to the first step before which there is a reason not to go on.
pub(super) fn collect(frame: LazyFrame, cancel: &Cancel) -> PolarsResult<DataFrame> {
    frame._collect_post_opt(|root, plans, expressions, _| {
        guard(root, plans, expressions, cancel);
        Ok(())
    })
}

/// What is done with the rows that come from one step before the next one has them.
type Look = Box<dyn Fn(&DataFrame) -> PolarsResult<()> + Send + Sync>;

fn guard(root: Node, plans: &mut Arena<IR>, expressions: &Arena<AExpr>, cancel: &Cancel) {
    let mut seen = HashSet::new();
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        if !seen.insert(node) {
            continue;
        }
        let inputs: Vec<Node> = plans.get(node).inputs().collect();
        waiting.extend(&inputs);
        let mut looks = looks_of(plans.get(node), expressions).into_iter();
        let guarded: Vec<Node> = inputs
            .into_iter()
            .map(|input| plans.add(step(input, looks.next(), cancel.clone())))
            .collect();
        for (input, guarded) in plans.get_mut(node).inputs_mut().zip(guarded) {
            *input = guarded;
        }
    }
}

/// A step that gives on what it gets, when there is no reason against it.
fn step(input: Node, look: Option<Look>, cancel: Cancel) -> IR {
    let function = move |frame: DataFrame| {
        if cancel.is_given_up() {
            return Err(polars_err!(ComputeError: "{}", GIVEN_UP));
        }
        if let Some(look) = &look {
            look(&frame)?;
        }
        Ok(frame)
    };
    IR::MapFunction {
        input,
        function: FunctionIR::Opaque {
            function: Arc::new(function),
            schema: None,
            predicate_pd: false,
            projection_pd: false,
            streamable: false,
            fmt_str: "look".into(),
        },
    }
}

/// How the rows on a join's sides are looked at; nothing for any other step.
fn looks_of(plan: &IR, expressions: &Arena<AExpr>) -> Vec<Look> {
    let IR::Join {
        left_on,
        right_on,
        options,
        schema,
        ..
    } = plan
    else {
        return Vec::new();
    };
    // These give some of the rows on their left.
    if options.args.how.is_semi_anti() {
        return Vec::new();
    }
    let keys = [left_on, right_on].map(|keys| {
        let keys = keys.iter().map(|key| key.to_expr(expressions));
        keys.collect::<Vec<Expr>>()
    });
    let join = Arc::new(Join {
        how: options.args.how.clone(),
        keys,
        orders: orders_of(options),
        nulls_equal: options.args.nulls_equal,
        // What is cut off a product of two sides is not made.
        kept: options.args.slice.map(|(_, rows)| rows as u64),
        row_bytes: row_bytes(schema),
        first: Mutex::new(None),
    });
    [Side::Left, Side::Right]
        .map(|side| -> Look {
            let join = Arc::clone(&join);
            Box::new(move |frame| join.arrived(side, frame))
        })
        .into()
}

/// The conditions of a join on columns that stand in an order, if it is one; a second that is not there holds always.
fn orders_of(options: &JoinOptionsIR) -> Option<[Order; 2]> {
    let Some(JoinTypeOptionsIR::IEJoin(conditions)) = &options.options else {
        return None;
    };
    let first = Order::of(Operator::from(conditions.operator1))?;
    let second = conditions.operator2.map(Operator::from);
    let second = second.map_or(Some(Order::ANY), Order::of)?;
    Some([first, second])
}

/// How much memory a row takes: numbers and times eight bytes each, a text's place sixteen.
fn row_bytes(schema: &Schema) -> u64 {
    let of_kind = |kind: &DataType| if kind.is_string() { 16 } else { 8 };
    schema.iter_values().map(of_kind).sum()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A join that is going to be made.
struct Join {
    how: JoinType,
    /// What has to be equal or to stand in an order, on the left and on the right.
    keys: [Vec<Expr>; 2],
    orders: Option<[Order; 2]>,
    nulls_equal: bool,
    kept: Option<u64>,
    row_bytes: u64,
    /// The rows of the side that came first.
    first: Mutex<Option<DataFrame>>,
}

impl Join {
    fn arrived(&self, side: Side, frame: &DataFrame) -> PolarsResult<()> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(other) = first.take() else {
            *first = Some(frame.clone());
            return Ok(());
        };
        drop(first);
        match side {
            Side::Left => self.check(frame, &other),
            Side::Right => self.check(&other, frame),
        }
    }

    fn check(&self, left: &DataFrame, right: &DataFrame) -> PolarsResult<()> {
        let (on_left, on_right) = (left.height() as u64, right.height() as u64);
        let by_memory = JOIN_BYTES_MAX / self.row_bytes.max(1);
        let rows_max = JOIN_ROWS_MAX.min(by_memory).max(on_left + on_right);
        let product = on_left.saturating_mul(on_right);
        if product.saturating_add(on_left + on_right) <= rows_max {
            return Ok(());
        }
        let kept = self.kept.unwrap_or(u64::MAX);
        let counted = match (&self.how, &self.orders) {
            (JoinType::Cross, _) => Ok(product.min(kept)),
            (_, Some(orders)) => self.in_order(left, right, *orders),
            (JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full, None) => {
                self.equal(left, right)
            }
            _ => Ok(product),
        };
        // What cannot be counted cannot be joined either, which is told when it is tried.
        let Ok(rows) = counted else {
            return Ok(());
        };
        if rows <= rows_max {
            return Ok(());
        }
        let (rows, rows_max) = (grouped(rows), grouped(rows_max));
        Err(if self.how.is_cross() {
            polars_err!(ComputeError:
                "each row of one side would be put to each of the other, {} pairs, and at most {} can be worked on; join on \
                 columns that are equal, as in ON a.symbol = b.symbol AND a.unix_ts = b.unix_ts, or take fewer rows of \
                 each side by WHERE, GROUP BY or DISTINCT before they are joined", rows, rows_max
            )
        } else {
            polars_err!(ComputeError:
                "a join would give {} rows, and at most {} can be worked on; join on more columns, as in ON a.symbol = \
                 b.symbol AND a.unix_ts = b.unix_ts, or take fewer rows of each side by WHERE, GROUP BY or DISTINCT \
                 before they are joined", rows, rows_max
            )
        })
    }

    /// How many rows a join on equal columns gives.
    fn equal(&self, left: &DataFrame, right: &DataFrame) -> PolarsResult<u64> {
        let [left_keys, right_keys] = &self.keys;
        let names: Vec<String> = (0..left_keys.len()).map(|at| format!("key {at}")).collect();
        let columns: Vec<Expr> = names.iter().map(col).collect();
        let rows_by_key = |frame: &DataFrame, keys: &[Expr], count: &str| {
            let keys = keys.iter().zip(&names);
            let keys = keys.map(|(key, name)| key.clone().alias(name));
            frame
                .clone()
                .lazy()
                .with_columns(keys.collect::<Vec<_>>())
                .group_by(&columns)
                .agg([len().cast(DataType::Float64).alias(count)])
        };
        let args = JoinArgs {
            nulls_equal: self.nulls_equal,
            ..JoinArgs::new(JoinType::Inner)
        };
        let sums = rows_by_key(left, left_keys, "left")
            .join(
                rows_by_key(right, right_keys, "right"),
                &columns,
                &columns,
                args,
            )
            .select([
                (col("left") * col("right")).sum().alias("pairs"),
                col("left").sum(),
                col("right").sum(),
            ])
            .collect()?;
        let sum_of = |name: &str| -> PolarsResult<u64> {
            let sum = sums.column(name)?.f64()?.get(0);
            Ok(sum.unwrap_or_default() as u64)
        };
        let alone =
            |frame: &DataFrame, matched: u64| (frame.height() as u64).saturating_sub(matched);
        let alone_left = alone(left, sum_of("left")?);
        let alone_right = alone(right, sum_of("right")?);
        let pairs = sum_of("pairs")?;
        Ok(match self.how {
            JoinType::Left => pairs.saturating_add(alone_left),
            JoinType::Right => pairs.saturating_add(alone_right),
            JoinType::Full => pairs.saturating_add(alone_left + alone_right),
            _ => pairs,
        })
    }
}

impl Join {
    /// How many rows a join on columns in an order gives.
    fn in_order(
        &self,
        left: &DataFrame,
        right: &DataFrame,
        orders: [Order; 2],
    ) -> PolarsResult<u64> {
        let numbers = |frame: &DataFrame, keys: &[Expr]| -> PolarsResult<Vec<[f64; 2]>> {
            let keys = keys.iter().zip(["first", "second"]);
            let keys = keys.map(|(key, name)| key.clone().cast(DataType::Float64).alias(name));
            let keys = frame.clone().lazy().with_columns(keys.collect::<Vec<_>>());
            let keys = keys.collect()?;
            let first = keys.column("first")?.f64()?.iter();
            let rows: Vec<[f64; 2]> = if self.keys[0].len() > 1 {
                let second = keys.column("second")?.f64()?.iter();
                let both = first.zip(second).filter_map(|(a, b)| Some([a?, b?]));
                both.collect()
            } else {
                first.filter_map(|a| Some([a?, 0.0])).collect()
            };
            Ok(rows)
        };
        let [left_keys, right_keys] = &self.keys;
        let (left, right) = (numbers(left, left_keys)?, numbers(right, right_keys)?);
        Ok(pairs::count(&left, &right, orders))
    }
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "guard/tests.rs"]
mod tests;
