//! News about symbols.

use std::sync::Arc;

/// One headline. The texts are as the source gave them: whoever draws them replaces control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The headline.
    pub headline: String,
    /// Who published it.
    pub source: Option<String>,
    /// Where the whole text is.
    pub url: Option<String>,
    /// The beginning of the text, or what it says in short.
    pub summary: Option<String>,
    /// Every symbol that it concerns, as the source writes them; one who is subscribed to several gets it for each.
    pub symbols: Arc<[String]>,
}
