//! What trades of US equities count for in bars: their sale conditions decide.
//!
//! The rules are the columns "Update High/Low", "Update Last" and "Update Volume" of the consolidated processing tables
//! that the two tapes publish: the Consolidated Tape System's Output Specification (CTA plan, tapes A and B) and the UTP
//! Data Feed Services Specification (tape C). Vendors number the same conditions in their own ways: Massive as its
//! reference of conditions says, Finnhub as its list of trade conditions says. A last price that a table makes depend on
//! what came before ("only if it is the first") does not count here, because the trade is late. A condition that is not
//! in a table lets the trade count for everything.
//!
//! The tables are about the day's official prices, for which trades outside regular hours (form T) count as volume
//! alone. Bars of those hours have nothing but such trades to be made of, in vendors' bars too: there they count.

use crate::domain::time::{Session, SessionCalendar, UnixMs};
use crate::domain::trade::BarRule;

/// The plan under which a trade was reported: some letters mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tape {
    /// Tapes A and B: what is listed on NYSE and its relatives.
    Cta,
    /// Tape C: what is listed on Nasdaq.
    Utp,
}

impl Tape {
    /// The plan of a tape's letter; `O`, for what is traded over the counter, uses tape C's codes.
    #[must_use]
    pub fn of_letter(letter: &str) -> Self {
        match letter {
            "A" | "B" => Self::Cta,
            _ => Self::Utp,
        }
    }
}

/// Tells trades of regular hours from those before and after. It remembers the day that it was asked about last.
#[derive(Debug, Clone, Default)]
pub struct TradeHours {
    session: Option<Session>,
}

impl TradeHours {
    /// Whether US equities were traded in regular hours at this time.
    pub fn is_regular(&mut self, time: UnixMs) -> bool {
        if !self
            .session
            .as_ref()
            .is_some_and(|session| session.contains(time))
        {
            self.session = SessionCalendar::UsEquities.session_of(time);
        }
        self.session
            .as_ref()
            .is_some_and(|session| session.regular_open <= time && time < session.regular_close)
    }
}

/// A row of the tables, by what it lets a trade count for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Everything.
    All,
    /// Not the last price: it is late, or its price was made elsewhere.
    NotLast,
    /// Volume alone: its price is not the market's.
    VolumeOnly,
    /// Nothing: an official price, not a trade.
    Nothing,
    /// Prices alone: a correction of what has been counted.
    PricesOnly,
    /// Outside regular hours.
    Extended,
    /// Outside regular hours, and late.
    ExtendedLate,
}

impl Row {
    fn rule(self, in_regular_hours: bool) -> BarRule {
        let volume_only = BarRule {
            volume: true,
            ..BarRule::NONE
        };
        let not_last = BarRule {
            open_close: false,
            ..BarRule::ALL
        };
        match self {
            Self::Extended | Self::ExtendedLate if in_regular_hours => volume_only,
            Self::All | Self::Extended => BarRule::ALL,
            Self::NotLast | Self::ExtendedLate => not_last,
            Self::VolumeOnly => volume_only,
            Self::Nothing => BarRule::NONE,
            Self::PricesOnly => BarRule {
                volume: false,
                ..BarRule::ALL
            },
        }
    }
}

/// What a trade counts for by the letters of its tape's plan.
pub fn by_letters<'a>(
    codes: impl IntoIterator<Item = &'a str>,
    tape: Tape,
    in_regular_hours: bool,
) -> BarRule {
    combined(
        codes.into_iter().map(|code| row_of_letter(code, tape)),
        in_regular_hours,
    )
}

/// What a trade counts for by Massive's numbers.
pub fn by_massive_numbers(codes: impl IntoIterator<Item = i64>, in_regular_hours: bool) -> BarRule {
    combined(
        codes.into_iter().map(row_of_massive_number),
        in_regular_hours,
    )
}

/// What a trade counts for by Finnhub's numbers, which come as texts.
pub fn by_finnhub_numbers<'a>(
    codes: impl IntoIterator<Item = &'a str>,
    in_regular_hours: bool,
) -> BarRule {
    combined(
        codes.into_iter().map(row_of_finnhub_number),
        in_regular_hours,
    )
}

fn combined(rows: impl Iterator<Item = Row>, in_regular_hours: bool) -> BarRule {
    rows.fold(BarRule::ALL, |rule, row| {
        rule.and(row.rule(in_regular_hours))
    })
}

fn row_of_letter(code: &str, tape: Tape) -> Row {
    match code {
        // Average price: B on tapes A and B, where on tape C it is a bunched trade, which counts.
        "B" if tape == Tape::Cta => Row::VolumeOnly,
        // Average price, cash, price variation, odd lot, next day, seller, contingent, qualified contingent.
        "W" | "C" | "H" | "I" | "N" | "R" | "V" | "7" => Row::VolumeOnly,
        // Bunched sold, prior reference price, sold out of sequence, derivatively priced, stopped stock out of sequence.
        "G" | "P" | "Z" | "4" | "3" => Row::NotLast,
        // Official close and open of a market center.
        "M" | "Q" => Row::Nothing,
        // Corrected consolidated close.
        "9" => Row::PricesOnly,
        "T" => Row::Extended,
        "U" => Row::ExtendedLate,
        _ => Row::All,
    }
}

fn row_of_massive_number(code: i64) -> Row {
    match code {
        // Average price, cash, next day, price variation, seller, odd lot, contingent, qualified contingent.
        2 | 7 | 20 | 21 | 29 | 37 | 52 | 53 => Row::VolumeOnly,
        // Bunched sold, derivatively priced, prior reference price, sold out of sequence, the same of stopped stock.
        5 | 10 | 22 | 32 | 33 => Row::NotLast,
        // Official close and open of a market center.
        15 | 16 => Row::Nothing,
        // Corrected consolidated close.
        38 => Row::PricesOnly,
        12 => Row::Extended,
        13 => Row::ExtendedLate,
        _ => Row::All,
    }
}

fn row_of_finnhub_number(code: &str) -> Row {
    match code {
        // Average price, cash, price variation, odd lot, next day, seller, contingent, qualified contingent.
        "3" | "5" | "10" | "12" | "17" | "22" | "26" | "37" => Row::VolumeOnly,
        // Bunched sold, prior reference price, sold out of sequence, derivatively priced.
        "9" | "21" | "30" | "32" => Row::NotLast,
        // Official close and open of a market center.
        "16" | "20" => Row::Nothing,
        // Corrected consolidated close.
        "39" => Row::PricesOnly,
        "24" => Row::Extended,
        "25" => Row::ExtendedLate,
        _ => Row::All,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// As `last high/low volume`, a letter for each that counts.
    fn shown(rule: BarRule) -> String {
        let mark = |counts: bool, letter: &'static str| if counts { letter } else { "-" };
        [
            mark(rule.open_close, "l"),
            mark(rule.high_low, "h"),
            mark(rule.volume, "v"),
        ]
        .concat()
    }

    #[test]
    fn letters_count_as_their_tape_says() {
        for (codes, tape, expected) in [
            ("", "A", "lhv"),
            ("@", "C", "lhv"),
            (" ", "A", "lhv"),
            ("F", "C", "lhv"),
            ("B", "A", "--v"),
            ("B", "B", "--v"),
            ("B", "C", "lhv"),
            ("W", "C", "--v"),
            ("I", "C", "--v"),
            ("@,F,I", "C", "--v"),
            ("P", "A", "-hv"),
            ("Z", "C", "-hv"),
            ("4", "C", "-hv"),
            ("P,I", "C", "--v"),
            ("M", "C", "---"),
            ("Q", "A", "---"),
            ("9", "A", "lh-"),
            ("9,4", "A", "-h-"),
            ("L", "A", "lhv"),
            ("O", "C", "lhv"),
            ("6", "C", "lhv"),
            ("ĳ", "C", "lhv"),
        ] {
            let codes = codes.split(',').filter(|code| !code.is_empty());
            let rule = by_letters(codes.clone(), Tape::of_letter(tape), true);
            assert_eq!(shown(rule), expected, "{codes:?} {tape}");
        }
    }

    #[test]
    fn trades_outside_regular_hours_make_bars_there_and_nowhere_else() {
        for (in_regular_hours, form_t, late) in [(true, "--v", "--v"), (false, "lhv", "-hv")] {
            let letters = |code: &'static str| by_letters([code], Tape::Utp, in_regular_hours);
            assert_eq!(shown(letters("T")), form_t);
            assert_eq!(shown(letters("U")), late);
            let numbers = |code| by_massive_numbers([code], in_regular_hours);
            assert_eq!(shown(numbers(12)), form_t);
            assert_eq!(shown(numbers(13)), late);
            let texts = |code: &'static str| by_finnhub_numbers([code], in_regular_hours);
            assert_eq!(shown(texts("24")), form_t);
            assert_eq!(shown(texts("25")), late);
        }
        assert_eq!(shown(by_letters(["@", "T", "I"], Tape::Utp, false)), "--v");
    }

    #[test]
    fn vendors_numbers_say_the_same_as_the_letters() {
        for (letter, massive, finnhub) in [
            ("W", 2, "3"),
            ("C", 7, "5"),
            ("N", 20, "17"),
            ("H", 21, "10"),
            ("R", 29, "22"),
            ("I", 37, "12"),
            ("V", 52, "26"),
            ("7", 53, "37"),
            ("G", 5, "9"),
            ("4", 10, "32"),
            ("P", 22, "21"),
            ("Z", 32, "30"),
            ("M", 15, "16"),
            ("Q", 16, "20"),
            ("9", 38, "39"),
            ("T", 12, "24"),
            ("U", 13, "25"),
            ("F", 14, "8"),
            ("A", 1, "2"),
            ("L", 30, "15"),
            ("X", 9, "28"),
        ] {
            for in_regular_hours in [true, false] {
                let expected = by_letters([letter], Tape::Utp, in_regular_hours);
                let by_massive = by_massive_numbers([massive], in_regular_hours);
                let by_finnhub = by_finnhub_numbers([finnhub], in_regular_hours);
                assert_eq!(by_massive, expected, "{letter} {massive}");
                assert_eq!(by_finnhub, expected, "{letter} {finnhub}");
            }
        }
        assert_eq!(by_massive_numbers([-1, 999, i64::MAX], true), BarRule::ALL);
        assert_eq!(by_finnhub_numbers(["", "x", "999"], true), BarRule::ALL);
    }

    #[test]
    fn regular_hours_follow_new_york() {
        let mut hours = TradeHours::default();
        for (local, expected) in [
            ("2026-03-06T09:29:59", false),
            ("2026-03-06T09:30:00", true),
            ("2026-03-06T15:59:59", true),
            ("2026-03-06T16:00:00", false),
            ("2026-03-09T09:30:00", true),
            ("2026-03-09T09:29:59", false),
            ("2025-11-28T12:59:59", true),
            ("2025-11-28T13:00:00", false),
            ("2026-04-03T11:00:00", false),
            ("2026-03-07T11:00:00", false),
        ] {
            let time = UnixMs::from_local(local.parse().unwrap(), chrono_tz::America::New_York);
            assert_eq!(hours.is_regular(time.unwrap()), expected, "{local}");
        }
        assert!(!hours.is_regular(UnixMs(i64::MAX)));
        assert!(!hours.is_regular(UnixMs(i64::MIN)));
    }
}
