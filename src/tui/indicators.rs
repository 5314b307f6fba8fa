//! Which indicators charts can have. The screen computes none: the program tells it what there is.

use crate::domain::indicator::IndicatorSpec;

/// An indicator that is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorOffer {
    /// With every number filled in.
    pub spec: IndicatorSpec,
    /// What it is, in a few words.
    pub title: String,
    /// Whether it is drawn over the candles, rather than below them.
    pub is_overlay: bool,
}

/// What there is.
#[derive(Debug, Clone)]
pub struct IndicatorCatalogue {
    /// The common ones, in the order in which they are offered.
    pub offers: Vec<IndicatorOffer>,
    /// Fills in the numbers that are left out, or says what is wrong.
    pub resolve: fn(&IndicatorSpec) -> Result<IndicatorSpec, String>,
}

impl Default for IndicatorCatalogue {
    fn default() -> Self {
        Self {
            offers: Vec::new(),
            resolve: |spec| Ok(spec.clone()),
        }
    }
}

/// Two catalogues are the same when they offer the same: there is one way only to fill in numbers.
impl PartialEq for IndicatorCatalogue {
    fn eq(&self, other: &Self) -> bool {
        self.offers == other.offers
    }
}

impl IndicatorCatalogue {
    /// Reads and completes an indicator, which follows the chart's candles and has no timeframe of its own.
    ///
    /// # Errors
    /// A sentence for the person who wrote it.
    pub fn read(&self, text: &str) -> Result<IndicatorSpec, String> {
        let spec: IndicatorSpec = text
            .parse()
            .map_err(|error: crate::domain::indicator::IndicatorSyntaxError| error.to_string())?;
        if let Some(timeframe) = spec.timeframe {
            return Err(format!(
                "a chart's indicators follow its candles: leave out @{timeframe}, and choose the chart's timeframe with 't'"
            ));
        }
        (self.resolve)(&spec)
    }

    /// Those of some texts that can be read, each once.
    #[must_use]
    pub fn read_all(&self, texts: &[String]) -> Vec<IndicatorSpec> {
        let mut specs = Vec::new();
        for spec in texts.iter().filter_map(|text| self.read(text).ok()) {
            if !specs.contains(&spec) {
                specs.push(spec);
            }
        }
        specs
    }
}
