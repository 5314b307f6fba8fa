//! The query of a URL that is a specification: some of it are options, the rest belongs to the URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::{SourceSpec, SpecError};
use crate::sources::kind::{OptionValue, SourceKind};

/// What stands in a URL, or in an option's value, as it is.
pub(in crate::sources) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is called so in a query is a secret.
const KEY_NAMES: [&str; 12] = [
    "apikey",
    "api_key",
    "api-key",
    "key",
    "token",
    "access_token",
    "auth",
    "secret",
    "password",
    "signature",
    "appid",
    "crumb",
];

/// Puts what belongs to a URL's own query behind it, and gives back the options.
///
/// A part belongs to the URL when the kind has no option of its name, when `query.` stands before it, or when it holds
/// `{symbol}` and the option of its name is none that might.
pub(super) fn split(spec: &mut SourceSpec, query: &str) -> Result<String, SpecError> {
    let mut own = Vec::new();
    let mut options = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if let Some(of_url) = part.strip_prefix("query.") {
            own.push(of_url);
            continue;
        }
        let takes = |name: &str| spec.kind.options.iter().find(|option| option.name == name);
        let holds_symbol = value.contains("{symbol") || value.contains("%7Bsymbol");
        match takes(name) {
            Some(option) if !holds_symbol || option.value == OptionValue::Text("TEMPLATE") => {
                options.push(part);
            }
            Some(_) => own.push(part),
            None => {
                if !holds_symbol && let Some(nearest) = misspelt(name, spec.kind) {
                    return Err(SpecError::UnclearOption {
                        text: spec.text.clone(),
                        kind: spec.kind.name,
                        option: name.to_owned(),
                        nearest,
                    });
                }
                own.push(part);
            }
        }
    }
    for part in &own {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is_hidden = value.contains("{env:") || value.is_empty() || value == "demo";
        if KEY_NAMES.contains(&name.to_ascii_lowercase().as_str()) && !is_hidden {
            return Err(SpecError::PlainKey {
                url: spec.rest.clone(),
                name: name.to_owned(),
            });
        }
    }
    if !own.is_empty() {
        spec.rest.push('?');
        spec.rest.push_str(&own.join("&"));
    }
    Ok(options.join("&"))
}

/// The option that a name was probably meant to be.
fn misspelt(name: &str, kind: &SourceKind) -> Option<&'static str> {
    const LIKENESS_MIN: f64 = 0.93;
    let names = kind.options.iter().map(|option| option.name);
    names
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The names of the environment variables that a text refers to as `{env:NAME}`.
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("{env:")
        .skip(1)
        .filter_map(|after| after.split_once('}').map(|(name, _)| name))
}
