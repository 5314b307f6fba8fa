//! Indicators as they are named, and the values that they give.

use std::fmt;
use std::sync::Arc;

use super::time::Timeframe;

/// The most numbers that an indicator takes.
const PARAMETERS_MAX: usize = 8;

/// An indicator as a person writes it: `sma(20)`, `bb(20,2)`, `rsi(14)@5m`, `obv`.
///
/// Which indicators there are, what their numbers mean and which are left to their defaults is not known here.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorSpec {
    /// In lower case.
    pub name: String,
    /// In their order.
    pub parameters: Vec<f64>,
    /// The bars that it is computed from; `None` is the bars as the source gives them.
    pub timeframe: Option<Timeframe>,
}

impl IndicatorSpec {
    /// The name in results and tables: `sma_20`, `bb_20_2`, `rsi_14@5m`, `obv`.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = self.name.clone();
        for parameter in &self.parameters {
            key.push('_');
            key.push_str(&parameter.to_string());
        }
        if let Some(timeframe) = self.timeframe {
            key.push('@');
            key.push_str(timeframe.label());
        }
        key
    }
}

impl fmt::Display for IndicatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.parameters.is_empty() {
            let texts: Vec<String> = self.parameters.iter().map(f64::to_string).collect();
            write!(f, "({})", texts.join(","))?;
        }
        match self.timeframe {
            Some(timeframe) => write!(f, "@{timeframe}"),
            None => Ok(()),
        }
    }
}

/// Why a text is no indicator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no indicator: {reason}; write it as in sma(20), bb(20,2) or rsi(14)@5m")]
pub struct IndicatorSyntaxError {
    text: String,
    reason: String,
}

impl std::str::FromStr for IndicatorSpec {
    type Err = IndicatorSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason: &str| IndicatorSyntaxError {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (head, timeframe) = match text.rsplit_once('@') {
            Some((head, timeframe)) => {
                let timeframe = timeframe.trim().parse::<Timeframe>();
                (head, Some(timeframe.map_err(|reason| wrong(&reason))?))
            }
            None => (text, None),
        };
        let head = head.trim();
        let (name, inner) = match head.split_once('(') {
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')');
                (
                    name,
                    Some(inner.ok_or_else(|| wrong("')' is missing at its end"))?),
                )
            }
            None => (head, None),
        };
        let name = name.trim().to_ascii_lowercase();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_word) {
            return Err(wrong("a name of letters and digits has to come first"));
        }
        let parameters = match inner.map(str::trim) {
            None | Some("") => Vec::new(),
            Some(inner) => inner
                .split(',')
                .map(|part| match part.trim().parse::<f64>() {
                    Ok(number) if number.is_finite() => Ok(number),
                    _ => Err(wrong(&format!("'{}' is no number", part.trim()))),
                })
                .collect::<Result<_, _>>()?,
        };
        if parameters.len() > PARAMETERS_MAX {
            return Err(wrong("no indicator takes so many numbers"));
        }
        Ok(Self {
            name,
            parameters,
            timeframe,
        })
    }
}

/// Where an indicator belongs on a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartPlace {
    /// Over the candles: it is a price.
    Overlay,
    /// In a pane of its own below them.
    Pane {
        /// The range that it always has, such as 0 to 100; `None` where it follows the values.
        range: Option<(i32, i32)>,
    },
}

/// One indicator of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorColumn {
    /// With every parameter filled in.
    pub spec: IndicatorSpec,
    /// Its [`IndicatorSpec::key`].
    pub key: String,
    /// The names of its values; a single value has no name of its own and stands here as `""`.
    pub outputs: &'static [&'static str],
    /// Where its first value stands among all values of the set.
    pub first: usize,
    /// Where it is drawn.
    pub place: ChartPlace,
}

/// The indicators of a symbol, in the order in which they were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndicatorNames {
    columns: Vec<IndicatorColumn>,
    /// `sma_20`, `bb_20_2_upper`: one name for each value.
    flat: Vec<String>,
}

impl IndicatorNames {
    /// Appends an indicator, whose values stand behind those that are there.
    pub fn push(
        &mut self,
        spec: IndicatorSpec,
        outputs: &'static [&'static str],
        place: ChartPlace,
    ) {
        let key = spec.key();
        let first = self.flat.len();
        for output in outputs {
            self.flat.push(flat_name(&spec, output));
        }
        self.columns.push(IndicatorColumn {
            spec,
            key,
            outputs,
            first,
            place,
        });
    }

    /// The indicators.
    #[must_use]
    pub fn columns(&self) -> &[IndicatorColumn] {
        &self.columns
    }

    /// The name of each value, as tables have it: the indicator's key with the name of the value behind it
    /// (`bb_20_2_upper`, `macd_12_26_9_signal@5m`).
    #[must_use]
    pub fn flat(&self) -> &[String] {
        &self.flat
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flat.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flat.is_empty()
    }
}

/// The name of one value in a table.
fn flat_name(spec: &IndicatorSpec, output: &str) -> String {
    if output.is_empty() {
        return spec.key();
    }
    let key = IndicatorSpec {
        timeframe: None,
        ..spec.clone()
    }
    .key();
    match spec.timeframe {
        Some(timeframe) => format!("{key}_{output}@{timeframe}"),
        None => format!("{key}_{output}"),
    }
}

/// The values of all indicators of a symbol at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorValues {
    /// What they are.
    pub names: Arc<IndicatorNames>,
    /// One for each of [`IndicatorNames::flat`]; `None` while it is not ready. Never NaN, never infinite.
    pub values: Box<[Option<f64>]>,
}

impl IndicatorValues {
    /// The value of this name of [`IndicatorNames::flat`]; `None` when there is none of it, or it is not ready.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let at = self.names.flat.iter().position(|flat| flat == name)?;
        self.values.get(at).copied().flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn indicators_are_read_and_named() {
        for (text, shown, key) in [
            ("sma(20)", "sma(20)", "sma_20"),
            (" BB( 20 , 2.5 ) ", "bb(20,2.5)", "bb_20_2.5"),
            ("rsi(14)@5m", "rsi(14)@5m", "rsi_14@5m"),
            ("obv", "obv", "obv"),
            ("obv()", "obv", "obv"),
        ] {
            let spec: IndicatorSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), shown);
            assert_eq!(spec.key(), key);
            assert_eq!(shown.parse::<IndicatorSpec>().unwrap(), spec);
        }
    }

    #[test]
    fn what_is_no_indicator_is_quoted_with_a_reason() {
        for (text, reason) in [
            ("", "a name"),
            ("20", "a name"),
            ("sma(", "')' is missing"),
            ("sma(20", "')' is missing"),
            ("sma(a)", "'a' is no number"),
            ("sma(NaN)", "'NaN' is no number"),
            ("sma(1e999)", "'1e999' is no number"),
            ("sma(1,2,3,4,5,6,7,8,9)", "so many"),
            ("sma(20)@7m", "7m"),
        ] {
            let message = text.parse::<IndicatorSpec>().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert!(message.contains(&format!("'{text}'")), "{message}");
        }
    }

    #[test]
    fn values_are_found_by_their_flat_names() {
        let mut names = IndicatorNames::default();
        names.push("sma(20)".parse().unwrap(), &[""], ChartPlace::Overlay);
        names.push(
            "bb(20,2)@5m".parse().unwrap(),
            &["upper", "middle", "lower"],
            ChartPlace::Overlay,
        );
        assert_eq!(
            names.flat(),
            [
                "sma_20",
                "bb_20_2_upper@5m",
                "bb_20_2_middle@5m",
                "bb_20_2_lower@5m"
            ]
        );
        let values = IndicatorValues {
            names: Arc::new(names),
            values: vec![Some(1.0), Some(2.0), None, Some(4.0)].into(),
        };
        assert_eq!(values.get("bb_20_2_upper@5m"), Some(2.0));
        assert_eq!(values.get("bb_20_2_middle@5m"), None);
        assert_eq!(values.get("sma_21"), None);
    }
}
