//! Why a text names no source.

/// Why a text names no source. The message quotes it and says what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// There is no colon.
    #[error(
        "'{text}' does not say what kind of source it is; write kind:rest, such as replay:{text}"
    )]
    NoKind {
        /// What was given.
        text: String,
    },
    /// No kind has this name.
    #[error("'{text}': there is no source kind '{kind}'{}; there are {known}", did_you_mean(.nearest.as_deref()))]
    UnknownKind {
        /// What was given.
        text: String,
        /// What stands before the colon.
        kind: String,
        /// The kind that looks most like it.
        nearest: Option<String>,
        /// All kinds.
        known: String,
    },
    /// Nothing follows the colon, and something should.
    #[error("'{text}': give what to open, as in {kind}:{form}")]
    MissingRest {
        /// What was given.
        text: String,
        /// The kind.
        kind: &'static str,
        /// What belongs after the colon.
        form: &'static str,
    },
    /// Something follows the colon, and nothing should.
    #[error("'{text}': {kind}: takes nothing after the colon")]
    UnexpectedRest {
        /// What was given.
        text: String,
        /// The kind.
        kind: &'static str,
    },
    /// The kind has no such option.
    #[error("'{text}': {kind} has no option '{option}'{}; {known}", did_you_mean(.nearest.as_deref()))]
    UnknownOption {
        /// What was given.
        text: String,
        /// The kind.
        kind: &'static str,
        /// The option's name as given.
        option: String,
        /// The option that looks most like it.
        nearest: Option<String>,
        /// All options, as a clause.
        known: String,
    },
    /// A part of a URL's query looks like an option that is misspelt.
    #[error(
        "'{text}': {kind} has no option '{option}', did you mean '{nearest}'? \
         What belongs to the URL itself is written query.{option}=…"
    )]
    UnclearOption {
        /// What was given.
        text: String,
        /// The kind.
        kind: &'static str,
        /// The name as given.
        option: String,
        /// The option that looks most like it.
        nearest: &'static str,
    },
    /// A key stands in a URL for everybody to see.
    #[error(
        "'{url}': '{name}' looks like a key; put it into an environment variable and write {name}={{env:VARIABLE}}"
    )]
    PlainKey {
        /// What was given, without its query.
        url: String,
        /// The name that the value has in the query.
        name: String,
    },
    /// An option is not written `key=value`, or is given twice, or cannot be decoded.
    #[error("'{text}': option '{option}' {reason}")]
    MalformedOption {
        /// What was given.
        text: String,
        /// The option as given.
        option: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The option does not take this value; or what stands after the colon cannot be used.
    #[error("'{text}': {}{reason}", given(.option, .value))]
    Value {
        /// What was given.
        text: String,
        /// The option's name; empty for what stands after the colon.
        option: String,
        /// Its value; empty where it is not given.
        value: String,
        /// What is allowed.
        reason: String,
    },
}

/// What the reason is about, with what separates it from that.
fn given(option: &str, value: &str) -> String {
    match (option, value) {
        ("", _) => String::new(),
        (option, "") => format!("{option} "),
        (option, value) => format!("{option}={value}: "),
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean '{name}'?"))
}
