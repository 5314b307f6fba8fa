//! A tree with its names looked up: what rows are put to.

use super::super::command_line::nearest;
use super::super::panels::watchlist::{Column, Mark, Standing, number as column_number};
use super::super::values::{Unresolved, ValueFinder, ValueNames};
use super::ExpressionError;
use super::parser::{Arithmetic, Comparison, Kind, Node, text_field};
use crate::pipeline::snapshot::Row;

/// What is known of a row.
#[derive(Debug, Clone, Copy)]
pub struct RowFacts<'a> {
    /// The row.
    pub row: &'a Row,
    /// How its data stands.
    pub standing: Standing,
    /// Data older than this, in milliseconds of the data's own time, is stale.
    pub stale_after_ms: i64,
}

/// A row's state that can be asked for by a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    Halted,
    Stale,
    Quarantined,
}

/// The words for states.
pub const FLAGS: [(&str, Flag); 3] = [
    ("halted", Flag::Halted),
    ("stale", Flag::Stale),
    ("quarantined", Flag::Quarantined),
];

/// The functions.
pub const FUNCTIONS: [&str; 3] = ["abs", "min", "max"];

/// Something that holds for a row or does not.
#[derive(Debug)]
pub struct Condition(Truth);

impl Condition {
    /// Whether it holds. A comparison with something unknown does not.
    #[must_use]
    pub fn holds(&self, facts: &RowFacts<'_>) -> bool {
        self.0.holds(facts)
    }
}

/// A number that rows have.
#[derive(Debug)]
pub struct NumberOf(Number);

impl NumberOf {
    /// The number; `None` when something in it is unknown, or it is none, as a quotient by zero.
    #[must_use]
    pub fn of(&self, facts: &RowFacts<'_>) -> Option<f64> {
        self.0.of(facts)
    }
}

#[derive(Debug)]
enum Truth {
    Compare(Comparison, Number, Number),
    Flag(Flag),
    Text {
        is_symbol: bool,
        text: String,
        is_equal: bool,
    },
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
}

#[derive(Debug)]
enum Number {
    Constant(f64),
    Column(Column),
    Age,
    Value(ValueFinder),
    Negate(Box<Number>),
    Abs(Box<Number>),
    Arithmetic(Arithmetic, Box<Number>, Box<Number>),
    Extreme { is_least: bool, of: Vec<Number> },
}

impl Truth {
    fn holds(&self, facts: &RowFacts<'_>) -> bool {
        match self {
            Self::Compare(how, left, right) => match (left.of(facts), right.of(facts)) {
                (Some(left), Some(right)) => compare(*how, left, right),
                _ => false,
            },
            Self::Flag(flag) => {
                let mark = Mark::of(facts.row, facts.standing, facts.stale_after_ms);
                match flag {
                    Flag::Halted => mark == Mark::Halted,
                    Flag::Stale => mark == Mark::Stale,
                    Flag::Quarantined => mark == Mark::Quarantined,
                }
            }
            Self::Text {
                is_symbol,
                text,
                is_equal,
            } => {
                let of_row = if *is_symbol {
                    facts.row.symbol.as_str()
                } else {
                    facts.row.source.as_str()
                };
                of_row.eq_ignore_ascii_case(text) == *is_equal
            }
            Self::Not(inner) => !inner.holds(facts),
            Self::And(left, right) => left.holds(facts) && right.holds(facts),
            Self::Or(left, right) => left.holds(facts) || right.holds(facts),
        }
    }
}

#[allow(
    clippy::float_cmp,
    reason = "equality is what was asked for: prices and sizes are what came in"
)]
fn compare(how: Comparison, left: f64, right: f64) -> bool {
    match how {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
    }
}

impl Number {
    fn of(&self, facts: &RowFacts<'_>) -> Option<f64> {
        let value = match self {
            Self::Constant(value) => *value,
            Self::Column(column) => column_number(facts.row, column)?,
            Self::Age => facts.standing.age_ms? as f64 / 1e3,
            Self::Value(finder) => finder.get(facts.row)?,
            Self::Negate(inner) => -inner.of(facts)?,
            Self::Abs(inner) => inner.of(facts)?.abs(),
            Self::Arithmetic(how, left, right) => {
                let (left, right) = (left.of(facts)?, right.of(facts)?);
                match how {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                }
            }
            Self::Extreme { is_least, of } => {
                let mut extreme: Option<f64> = None;
                for number in of {
                    let value = number.of(facts)?;
                    extreme = Some(match extreme {
                        Some(known) if *is_least => known.min(value),
                        Some(known) => known.max(value),
                        None => value,
                    });
                }
                extreme?
            }
        };
        value.is_finite().then_some(value)
    }
}

/// The condition that a tree is.
pub fn condition(node: &Node, names: &ValueNames) -> Result<Condition, ExpressionError> {
    truth_of(node, names).map(Condition)
}

/// The number that a tree is.
pub fn number(node: &Node, names: &ValueNames) -> Result<NumberOf, ExpressionError> {
    number_of(node, names).map(NumberOf)
}

fn truth_of(node: &Node, names: &ValueNames) -> Result<Truth, ExpressionError> {
    let truth = |node| truth_of(node, names).map(Box::new);
    Ok(match &node.kind {
        Kind::Compare(how, left, right) => {
            Truth::Compare(*how, number_of(left, names)?, number_of(right, names)?)
        }
        Kind::Text {
            is_symbol,
            text,
            is_equal,
        } => Truth::Text {
            is_symbol: *is_symbol,
            text: text.clone(),
            is_equal: *is_equal,
        },
        Kind::Not(inner) => Truth::Not(truth(inner)?),
        Kind::And(left, right) => Truth::And(truth(left)?, truth(right)?),
        Kind::Or(left, right) => Truth::Or(truth(left)?, truth(right)?),
        Kind::Name(name) if flag(name).is_some() => match flag(name) {
            Some(flag) => Truth::Flag(flag),
            None => return Err(unknown(node.at, name, names)),
        },
        Kind::Name(name) => {
            // A wrong name is said before what is wrong about it.
            number_of(node, names)?;
            return Err(ExpressionError::new(
                node.at,
                format!("'{name}' has to be compared with something, as in {name} > 1"),
            ));
        }
        _ => {
            return Err(ExpressionError::new(
                node.at,
                "this number has to be compared with something",
            ));
        }
    })
}

fn number_of(node: &Node, names: &ValueNames) -> Result<Number, ExpressionError> {
    let number = |node| number_of(node, names).map(Box::new);
    Ok(match &node.kind {
        Kind::Number(value) => Number::Constant(*value),
        Kind::Name(name) => named(node.at, name, names)?,
        Kind::Negate(inner) => Number::Negate(number(inner)?),
        Kind::Arithmetic(how, left, right) => {
            Number::Arithmetic(*how, number(left)?, number(right)?)
        }
        Kind::Call(name, arguments) => called(node.at, name, arguments, names)?,
        Kind::Text { .. } | Kind::Compare(..) => {
            return Err(ExpressionError::new(
                node.at,
                "a comparison is no number; join comparisons with 'and' or 'or'",
            ));
        }
        Kind::Not(_) | Kind::And(..) | Kind::Or(..) => {
            return Err(ExpressionError::new(
                node.at,
                "'and', 'or' and 'not' are no numbers",
            ));
        }
    })
}

fn called(
    at: usize,
    name: &str,
    arguments: &[Node],
    names: &ValueNames,
) -> Result<Number, ExpressionError> {
    let wrong = |message: String| Err(ExpressionError::new(at, message));
    let mut numbers = arguments
        .iter()
        .map(|argument| number_of(argument, names))
        .collect::<Result<Vec<_>, _>>()?;
    match name.to_ascii_lowercase().as_str() {
        "abs" => match (numbers.pop(), numbers.is_empty()) {
            (Some(only), true) => Ok(Number::Abs(Box::new(only))),
            _ => wrong("abs takes one number, as in abs(change)".to_owned()),
        },
        lower @ ("min" | "max") if !numbers.is_empty() => Ok(Number::Extreme {
            is_least: lower == "min",
            of: numbers,
        }),
        "min" | "max" => wrong(format!("{name} takes numbers, as in {name}(bid, ask)")),
        lower => match nearest(lower, FUNCTIONS) {
            Some(near) => wrong(format!("'{name}' is no function; did you mean '{near}'?")),
            None => wrong(format!(
                "'{name}' is no function; there are {}. An indicator is written as in sma_20",
                FUNCTIONS.join(", ")
            )),
        },
    }
}

fn flag(name: &str) -> Option<Flag> {
    FLAGS
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, flag)| *flag)
}

fn named(at: usize, name: &str, names: &ValueNames) -> Result<Number, ExpressionError> {
    if flag(name).is_some() {
        return Err(ExpressionError::new(
            at,
            format!("'{name}' holds or does not, and is no number"),
        ));
    }
    if text_field(name).is_some() {
        return Err(ExpressionError::new(
            at,
            format!("'{name}' is a text: compare it as in {name} = NAME"),
        ));
    }
    match Column::known(&name.to_ascii_lowercase()) {
        Some(Column::Trend) => {
            return Err(ExpressionError::new(at, "'trend' is a picture, no number"));
        }
        Some(Column::Age) => return Ok(Number::Age),
        Some(column) => return Ok(Number::Column(column)),
        None => {}
    }
    match names.resolve(name) {
        Ok(value) => Ok(Number::Value(ValueFinder::new(&value))),
        Err(Unresolved::Ambiguous(several)) => Err(ExpressionError::new(
            at,
            format!("'{name}' could be {}", several.join(", ")),
        )),
        Err(Unresolved::Unknown) => Err(unknown(at, name, names)),
    }
}

fn unknown(at: usize, name: &str, names: &ValueNames) -> ExpressionError {
    let message = match near_name(name, names) {
        Some(near) => format!(
            "'{name}' is no column or indicator; did you mean '{}'?",
            near.replace('-', "_")
        ),
        None if names.is_empty() => {
            format!("'{name}' is no column, and the board has no indicators yet")
        }
        None => format!("'{name}' is no column or indicator; Tab lists them"),
    };
    ExpressionError::new(at, message)
}

/// The name that may have been meant: a column's, a state's, a value's or the beginning of a value's.
#[must_use]
pub fn near_name<'a>(given: &str, names: &'a ValueNames) -> Option<&'a str> {
    let known = Column::NAMES
        .into_iter()
        .chain(names.iter())
        .chain(FLAGS.iter().map(|(word, _)| *word));
    let base = |name: &'a str| name.split(['_', '@']).next().unwrap_or(name);
    nearest(given, known).or_else(|| {
        let near = nearest(given, names.iter().map(base))?;
        names.iter().find(|name| base(name) == near)
    })
}
