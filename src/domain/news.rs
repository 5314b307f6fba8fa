//! News about a symbol.

/// One headline. The texts are as the source gave them: whoever draws them replaces control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The headline.
    pub headline: String,
    /// Who published it.
    pub source: Option<String>,
    /// Where the whole text is.
    pub url: Option<String>,
}
