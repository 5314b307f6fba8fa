//! `sources`: the kinds of sources, as the registry describes them.

use serde::Serialize;

use super::{line, to_json};
use crate::app::exit::{self, Exit};
use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::sources::KINDS;
use crate::sources::kind::{OptionValue, Rest, SourceKind};
use crate::sources::venue::VENUES;
use crate::sources::venue::options::Key;

/// Lists the kinds of sources, or explains one.
#[must_use]
pub fn sources(kind: Option<&str>, json: bool) -> Exit {
    let chosen: Vec<&SourceKind> = KINDS
        .iter()
        .copied()
        .filter(|entry| kind.is_none_or(|name| entry.name == name))
        .collect();
    let text = match (json, kind) {
        (true, _) => to_json(
            &chosen
                .iter()
                .map(|kind| KindEntry::of(kind))
                .collect::<Vec<_>>(),
        ),
        (false, Some(_)) => chosen.iter().map(|kind| explain(kind)).collect(),
        (false, None) => list(&chosen),
    };
    exit::print(text.as_bytes())
}

/// A kind of source as JSON.
#[derive(Debug, Serialize)]
struct KindEntry {
    kind: &'static str,
    form: String,
    summary: &'static str,
    delivery: &'static str,
    services: Vec<&'static str>,
    keys: Vec<KeyEntry>,
    options: Vec<OptionEntry>,
    examples: Vec<ExampleEntry>,
}

/// A secret that is taken from the environment.
#[derive(Debug, Serialize)]
struct KeyEntry {
    variable: &'static str,
    alternative: Option<&'static str>,
    what: &'static str,
    required: bool,
}

#[derive(Debug, Serialize)]
struct OptionEntry {
    name: &'static str,
    value: String,
    choices: Option<&'static [&'static str]>,
    default: &'static str,
    summary: &'static str,
}

#[derive(Debug, Serialize)]
struct ExampleEntry {
    spec: &'static str,
    effect: &'static str,
}

impl KindEntry {
    fn of(kind: &SourceKind) -> Self {
        let options = kind.options.iter().map(|option| OptionEntry {
            name: option.name,
            value: option.value.describe(),
            choices: match option.value {
                OptionValue::Choice(words) => Some(words),
                _ => None,
            },
            default: option.default,
            summary: option.summary,
        });
        let examples = kind.examples.iter().map(|example| ExampleEntry {
            spec: example.spec,
            effect: example.effect,
        });
        Self {
            kind: kind.name,
            form: form_of(kind),
            summary: kind.summary,
            delivery: delivery_of(kind),
            services: kind.services.iter().map(|service| service.name()).collect(),
            keys: keys_of(kind)
                .iter()
                .map(|key| KeyEntry {
                    variable: key.variable,
                    alternative: key.alternative,
                    what: key.what,
                    required: key.required,
                })
                .collect(),
            options: options.collect(),
            examples: examples.collect(),
        }
    }
}

/// What a venue wants of a person; other kinds want nothing.
fn keys_of(kind: &SourceKind) -> &'static [Key] {
    VENUES
        .iter()
        .find(|venue| venue.kind.name == kind.name)
        .map_or(&[], |venue| venue.keys)
}

fn delivery_of(kind: &SourceKind) -> &'static str {
    match kind.delivery {
        Delivery::Pausable => "pausable",
        Delivery::Live => "live",
    }
}

fn form_of(kind: &SourceKind) -> String {
    let name = kind.name;
    match (kind.rest, kind.options) {
        (Rest::Required(rest), []) => format!("{name}:{rest}"),
        (Rest::Required(rest), _) => format!("{name}:{rest}?OPTION=VALUE&…"),
        (Rest::Url, _) => match kind.schemes {
            [scheme, ..] => format!("{scheme}://HOST/PATH?OPTION=VALUE&…"),
            [] => format!("{name}:URL?OPTION=VALUE&…"),
        },
        (Rest::Options, _) => format!("{name}:OPTION=VALUE,…"),
        (Rest::Nothing, []) => format!("{name}:"),
        (Rest::Nothing, _) => format!("{name}:?OPTION=VALUE&…"),
    }
}

fn list(kinds: &[&SourceKind]) -> String {
    let width = kinds
        .iter()
        .map(|kind| form_of(kind).chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for kind in kinds {
        let form = form_of(kind);
        line(&mut text, format_args!("{form:width$}  {}", kind.summary));
    }
    line(
        &mut text,
        format_args!("\n'streamer-tui sources KIND' tells the options of one."),
    );
    text
}

fn explain(kind: &SourceKind) -> String {
    let mut text = String::new();
    let services: Vec<&str> = kind
        .services
        .iter()
        .map(|service: &DataService| service.name())
        .collect();
    let waits = match kind.delivery {
        Delivery::Pausable => "waits when the program cannot keep up; nothing is lost",
        Delivery::Live => {
            "cannot wait; what cannot be kept up with is conflated or dropped, and counted"
        }
    };
    line(&mut text, format_args!("{}\n", form_of(kind)));
    line(&mut text, format_args!("{}.\n", kind.summary));
    line(&mut text, format_args!("Delivers: {}", services.join(", ")));
    line(&mut text, format_args!("Pace:     it {waits}"));
    let keys = keys_of(kind);
    if !keys.is_empty() {
        line(&mut text, format_args!("\nEnvironment:"));
    }
    for key in keys {
        let need = if key.required { "required" } else { "optional" };
        let other = key
            .alternative
            .map_or_else(String::new, |name| format!(" (or {name})"));
        line(&mut text, format_args!("  {}{other}, {need}", key.variable));
        line(&mut text, format_args!("      {}", key.what));
    }
    if !kind.options.is_empty() {
        line(&mut text, format_args!("\nOptions:"));
    }
    for option in kind.options {
        line(
            &mut text,
            format_args!("  {}={}", option.name, option.value.describe()),
        );
        line(
            &mut text,
            format_args!("      {} [default: {}]", option.summary, option.default),
        );
    }
    line(&mut text, format_args!("\nExamples:"));
    for example in kind.examples {
        line(
            &mut text,
            format_args!("  --source '{}'\n      {}", example.spec, example.effect),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_listed_and_explained() {
        let text = list(KINDS);
        for kind in KINDS {
            assert!(text.contains(&form_of(kind)), "{}", kind.name);
            let explained = explain(kind);
            for option in kind.options {
                assert!(explained.contains(option.name) && explained.contains(option.summary));
            }
        }
    }

    #[test]
    fn the_explanation_of_a_kind_reads_well() {
        insta::assert_snapshot!(explain(&crate::sources::kind::sim::KIND));
    }
}
