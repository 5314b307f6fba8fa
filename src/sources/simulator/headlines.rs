//! Made-up headlines, each labelled as such.

use crate::domain::news::News;

const GOOD: [&str; 8] = [
    "{} said to win a large order from an invented customer",
    "Imaginary analyst raises target on {}",
    "{} tops made-up estimates for the quarter",
    "Pretend survey finds growing demand for {} products",
    "{} announces a fictional buyback",
    "Invented index adds {}",
    "Fictional regulator clears a deal of {}",
    "{} guides above what nobody expected",
];

const BAD: [&str; 8] = [
    "{} said to lose a large order of an invented customer",
    "Imaginary analyst cuts rating of {}",
    "{} misses made-up estimates for the quarter",
    "Pretend survey finds weaker demand for {} products",
    "{} delays a product that does not exist",
    "Invented index drops {}",
    "Fictional regulator looks into {}",
    "{} guides below what nobody expected",
];

/// A headline about `name`, good or bad; `bits` chooses which.
#[must_use]
pub fn headline(name: &str, good: bool, bits: u64) -> News {
    let choice = if good { GOOD } else { BAD };
    let text = choice[(bits % 8) as usize].replace("{}", name);
    News {
        headline: format!("[synthetic] {text}"),
        source: Some("Synthetic Wire".to_owned()),
        url: Some(format!("https://example.com/synthetic/{:08x}", bits >> 32)),
        ..News::default()
    }
}
