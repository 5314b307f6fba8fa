//! Mappings as people write them: as options of a source, or as tables of a TOML file.

use super::mapping::{Field, Mapping, Snapshot, TimeUnit};
use super::{Condition, Place, Pointer};
use crate::domain::event::DataService;

use DataService::{Level1, Level2, News, Ohlcv, TimeAndSales};

/// A mapping cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// The option that is wrong; empty when it is all of them together.
    pub option: String,
    /// What is wrong, as the end of a sentence that begins with the value.
    pub reason: String,
}

impl MappingProblem {
    fn new(option: &str, reason: impl Into<String>) -> Self {
        Self {
            option: option.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Every field, its name in options, and the services that have it.
const FIELD_NAMES: &[(&str, Field, &[DataService])] = &[
    ("bid", Field::Bid, &[Level1]),
    ("bid_size", Field::BidSize, &[Level1]),
    ("ask", Field::Ask, &[Level1]),
    ("ask_size", Field::AskSize, &[Level1]),
    ("last", Field::Last, &[Level1]),
    ("last_size", Field::LastSize, &[Level1]),
    ("volume", Field::Volume, &[Level1, Ohlcv]),
    ("open", Field::Open, &[Ohlcv]),
    ("high", Field::High, &[Ohlcv]),
    ("low", Field::Low, &[Ohlcv]),
    ("close", Field::Close, &[Ohlcv]),
    ("price", Field::Price, &[TimeAndSales]),
    ("size", Field::Size, &[TimeAndSales]),
    ("side", Field::Side, &[TimeAndSales]),
    ("trade_id", Field::TradeId, &[TimeAndSales]),
    ("headline", Field::Headline, &[News]),
    ("publisher", Field::Publisher, &[News]),
    ("link", Field::Link, &[News]),
    ("summary", Field::Summary, &[News]),
    ("bids", Field::Bids, &[Level2]),
    ("asks", Field::Asks, &[Level2]),
    ("sequence", Field::Sequence, &[Level2]),
];

/// The other options of a mapping.
const OTHER_NAMES: [&str; 10] = [
    "service",
    "match",
    "items",
    "columns",
    "symbol",
    "time",
    "time_unit",
    "snapshot",
    "level_price",
    "level_size",
];

/// Whether an option belongs to a mapping.
#[must_use]
pub fn is_mapping_option(name: &str) -> bool {
    OTHER_NAMES.contains(&name) || FIELD_NAMES.iter().any(|(field, _, _)| *field == name)
}

/// The mapping that options describe; `None` when none of them belongs to one. Other options are passed over.
///
/// # Errors
/// What cannot mean anything.
pub fn from_options<'o>(
    options: impl IntoIterator<Item = (&'o str, &'o str)>,
) -> Result<Option<Mapping>, MappingProblem> {
    let options: Vec<(&str, &str)> = options
        .into_iter()
        .filter(|(name, _)| is_mapping_option(name))
        .collect();
    if options.is_empty() {
        return Ok(None);
    }
    let option = |wanted: &str| {
        let found = options.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| *value)
    };
    let place = |name: &str| {
        let place = option(name).map(Place::parse).transpose();
        place.map_err(|reason| MappingProblem::new(name, reason))
    };
    let pointer = |name: &str| {
        let pointer = option(name).map(Pointer::parse).transpose();
        pointer.map_err(|reason| MappingProblem::new(name, reason))
    };
    let mut fields = Vec::new();
    for (name, field, _) in FIELD_NAMES {
        if let Some(place) = place(name)? {
            if place == Place::Key {
                return Err(MappingProblem::new(name, "can be the symbol alone"));
            }
            fields.push((*field, place));
        }
    }
    let service = service_of(option("service"), &options)?;
    let mut conditions = Vec::new();
    for (_, list) in options.iter().filter(|(name, _)| *name == "match") {
        for text in list.split(',') {
            let condition = Condition::parse(text);
            conditions.push(condition.map_err(|reason| MappingProblem::new("match", reason))?);
        }
    }
    let level = |name: &str, default: &str| match pointer(name)? {
        Some(pointer) => Ok(pointer),
        None => Pointer::parse(default).map_err(|reason| MappingProblem::new(name, reason)),
    };
    Ok(Some(Mapping {
        service,
        conditions,
        items: items_of(option("items"))?,
        columns: boolean("columns", option("columns"))?,
        symbol: place("symbol")?,
        time: place("time")?,
        time_unit: time_unit_of(option("time_unit"))?,
        fields,
        snapshot: match option("snapshot") {
            None | Some("true") => Snapshot::Always,
            Some("false") => Snapshot::Never,
            Some(_) => place("snapshot")?.map_or(Snapshot::Always, Snapshot::At),
        },
        level: [level("level_price", "/0")?, level("level_size", "/1")?],
        strict: false,
    }))
}

/// Where the items are: `@message` when the message itself is the list of them.
fn items_of(value: Option<&str>) -> Result<Option<Pointer>, MappingProblem> {
    let text = value.map(|text| if text == "@message" { "" } else { text });
    let pointer = text.map(Pointer::parse).transpose();
    pointer.map_err(|reason| MappingProblem::new("items", reason))
}

fn boolean(name: &str, value: Option<&str>) -> Result<bool, MappingProblem> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(MappingProblem::new(name, "must be true or false")),
    }
}

fn time_unit_of(value: Option<&str>) -> Result<TimeUnit, MappingProblem> {
    Ok(match value {
        None | Some("ms") => TimeUnit::Milliseconds,
        Some("s") => TimeUnit::Seconds,
        Some("us") => TimeUnit::Microseconds,
        Some("ns") => TimeUnit::Nanoseconds,
        Some("rfc3339") => TimeUnit::Rfc3339,
        Some(_) => {
            return Err(MappingProblem::new(
                "time_unit",
                "must be one of s, ms, us, ns, rfc3339",
            ));
        }
    })
}

/// The service that is named; else the one that has all the fields.
fn service_of(
    asked: Option<&str>,
    options: &[(&str, &str)],
) -> Result<DataService, MappingProblem> {
    let fields = || {
        options.iter().filter_map(|(option, _)| {
            let known = FIELD_NAMES.iter().find(|(name, _, _)| name == option)?;
            Some((known.0, known.2))
        })
    };
    let Some(first) = fields().next() else {
        return Err(MappingProblem::new(
            "",
            "no field is mapped; give one or more of bid, ask, last, open, high, low, close, volume, price, bids, asks, headline",
        ));
    };
    let service = match asked {
        Some(name) => DataService::from_name(&name.to_ascii_uppercase()).ok_or_else(|| {
            let names = DataService::ALL.map(DataService::name).join(", ");
            MappingProblem::new("service", format!("must be one of {names}"))
        })?,
        // Volume alone is of a quote: bars have prices.
        None => [Level1, Ohlcv, TimeAndSales, Level2, News]
            .into_iter()
            .find(|service| fields().all(|(_, services)| services.contains(service)))
            .unwrap_or(first.1[0]),
    };
    if let Some((stray, _)) = fields().find(|(_, services)| !services.contains(&service)) {
        let names: Vec<&str> = FIELD_NAMES
            .iter()
            .filter(|(_, _, services)| services.contains(&service))
            .map(|(name, _, _)| *name)
            .collect();
        return Err(MappingProblem::new(
            stray,
            format!("is no field of {service}, which has {}", names.join(", ")),
        ));
    }
    let needed = match service {
        TimeAndSales => Some("price"),
        News => Some("headline"),
        Level1 | Level2 | Ohlcv => None,
    };
    match needed {
        Some(needed) if !fields().any(|(name, _)| name == needed) => Err(MappingProblem::new(
            needed,
            format!("is what {service} cannot be without"),
        )),
        _ => Ok(service),
    }
}

/// The mappings of a TOML file: a table `[[mapping]]` for each, whose keys are the names of the options.
///
/// # Errors
/// What cannot mean anything, and in which mapping.
pub fn from_toml(text: &str) -> Result<Vec<Mapping>, String> {
    let document: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("is no TOML: {}", error.message()))?;
    if document.contains_key("error") {
        return Err("has 'error', which is given as error=/pointer beside map=".to_owned());
    }
    if let Some(key) = document.keys().find(|key| *key != "mapping") {
        return Err(format!("has '{key}' where only [[mapping]] tables belong"));
    }
    let Some(toml::Value::Array(tables)) = document.get("mapping") else {
        return Err("has no [[mapping]] table".to_owned());
    };
    let mut mappings = Vec::new();
    for (number, table) in (1..).zip(tables) {
        let mapping = from_table(table).map_err(|problem| {
            let MappingProblem { option, reason } = problem;
            format!("mapping {number}: {option} {reason}")
        })?;
        mappings.push(mapping);
    }
    if mappings.is_empty() {
        return Err("has no [[mapping]] table".to_owned());
    }
    Ok(mappings)
}

fn from_table(table: &toml::Value) -> Result<Mapping, MappingProblem> {
    let table = table
        .as_table()
        .ok_or_else(|| MappingProblem::new("", "is no table"))?;
    let mut options: Vec<(&str, String)> = Vec::new();
    for (name, value) in table {
        if name == "error" {
            let reason = "is of the whole feed, not of a mapping: give error=/pointer beside map=";
            return Err(MappingProblem::new(name, reason));
        }
        if !is_mapping_option(name) {
            return Err(MappingProblem::new(name, "is no key of a mapping"));
        }
        match value {
            toml::Value::String(text) => options.push((name, text.clone())),
            toml::Value::Boolean(value) => options.push((name, value.to_string())),
            toml::Value::Array(list) if name == "match" => {
                for one in list {
                    let text = one
                        .as_str()
                        .ok_or_else(|| MappingProblem::new(name, "must be a list of texts"))?;
                    options.push((name, text.to_owned()));
                }
            }
            _ => return Err(MappingProblem::new(name, "must be a text")),
        }
    }
    from_options(options.iter().map(|(name, value)| (*name, value.as_str())))?
        .ok_or_else(|| MappingProblem::new("", "is empty"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Option<Mapping>, MappingProblem> {
        from_options(pairs.iter().copied())
    }

    #[test]
    fn the_service_follows_from_the_fields() {
        let service = |fields: &[&str]| {
            let pairs: Vec<_> = fields.iter().map(|field| (*field, "/x")).collect();
            from(&pairs).unwrap().unwrap().service
        };
        assert_eq!(service(&["bid", "ask", "volume"]), Level1);
        assert_eq!(service(&["volume"]), Level1);
        assert_eq!(service(&["close", "volume"]), Ohlcv);
        assert_eq!(service(&["price", "size", "side"]), TimeAndSales);
        assert_eq!(service(&["bids"]), Level2);
        assert_eq!(service(&["headline", "link"]), News);
        assert_eq!(from(&[("subscribe", "x")]).unwrap(), None);
    }

    #[test]
    fn what_cannot_mean_anything_is_refused_by_name() {
        for (pairs, option, reason) in [
            (&[("symbol", "/s")][..], "", "no field is mapped"),
            (&[("bid", "b")], "bid", "no JSON pointer"),
            (
                &[("bid", "/b"), ("price", "/p")],
                "price",
                "no field of LEVEL1",
            ),
            (&[("size", "/q")], "price", "cannot be without"),
            (&[("link", "/q")], "headline", "cannot be without"),
            (
                &[("bid", "/b"), ("service", "QUOTES")],
                "service",
                "LEVEL1, LEVEL2",
            ),
            (
                &[("bid", "/b"), ("time_unit", "h")],
                "time_unit",
                "must be one of",
            ),
            (
                &[("bid", "/b"), ("columns", "yes")],
                "columns",
                "true or false",
            ),
            (
                &[("bid", "/b"), ("match", "type=x")],
                "match",
                "no JSON pointer",
            ),
            (
                &[("bid", "/b"), ("items", "@key")],
                "items",
                "no JSON pointer",
            ),
            (
                &[("bid", "/b"), ("items", "@message/x")],
                "items",
                "no JSON pointer",
            ),
            (&[("bid", "@key")], "bid", "symbol alone"),
            (
                &[("bids", "/b"), ("snapshot", "yes")],
                "snapshot",
                "no JSON pointer",
            ),
        ] {
            let problem = from(pairs).unwrap_err();
            assert_eq!(problem.option, option, "{pairs:?}");
            assert!(problem.reason.contains(reason), "{}", problem.reason);
        }
    }

    #[test]
    fn a_file_holds_several_mappings() {
        let mappings = from_toml(
            "[[mapping]]\nservice='TIMESALE'\nmatch=['/type=trade','/v=1']\nprice='/p'\n\
             [[mapping]]\nbids='/b'\nsnapshot=false\n",
        )
        .unwrap();
        assert_eq!(mappings.len(), 2);
        assert_eq!(mappings[1].snapshot, Snapshot::Never);
        for (text, expected) in [
            ("", "no [[mapping]]"),
            ("x", "no TOML"),
            ("a=1", "only [[mapping]]"),
            ("mapping=[]", "no [[mapping]]"),
            (
                "[[mapping]]\nbid='/b'\nbdi='/b'",
                "mapping 1: bdi is no key",
            ),
            (
                "[[mapping]]\nbid='/b'\nerror='/e'",
                "error is of the whole feed, not of a mapping: give error=/pointer beside map=",
            ),
            ("[[mapping]]\nbid=1", "must be a text"),
            ("[[mapping]]\nbid='/b'\n[[mapping]]", "mapping 2:  is empty"),
        ] {
            let problem = from_toml(text).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
