//! How the endpoint stands, by what it answers to each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::rig::{KEY, Reply, Rig, ok, reply};
use super::{QUOTES, price};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity, Status};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::SourceCommand;

const MANY: &str =
    "http://127.0.0.1:PORT/all?list={symbols}&items=@message&symbol=/s&last=/p&period_ms=2";

/// The symbols of a request for many.
fn listed(path: &str) -> Vec<&str> {
    path.split_once("list=").unwrap().1.split(',').collect()
}

/// A price for each of these.
fn prices(symbols: &[&str]) -> Reply {
    let rows = symbols
        .iter()
        .map(|name| format!(r#"{{"s":"{name}","p":1}}"#));
    ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}

/// The symbols that prices have come for.
fn heard(rig: &Rig) -> Vec<u32> {
    let mut heard: Vec<u32> = rig.events.iter().map(|event| event.symbol.0).collect();
    heard.sort_unstable();
    heard.dedup();
    heard
}

fn errors_of<'a>(rig: &'a Rig, name: &str) -> Vec<&'a ErrorInstance> {
    let is_its = |error: &&ErrorInstance| {
        error
            .symbol
            .as_ref()
            .is_some_and(|one| one.as_str() == name)
    };
    rig.errors.iter().filter(is_its).collect()
}

#[tokio::test]
async fn one_symbol_that_hangs_or_is_not_available_does_not_hold_the_others_up() {
    for never in [true, false] {
        let spec = format!("{QUOTES}&timeout_ms=400");
        let mut rig = Rig::new(
            &spec,
            &["A", "B", "BAD"],
            move |path, number, _| match path {
                "/q/BAD" => Reply {
                    never,
                    ..reply(503, "", "")
                },
                _ => price(number),
            },
        )
        .await;
        rig.until(|rig| rig.asked("/q/BAD") > 2 && rig.asked("/q/A") > 5 && rig.asked("/q/B") > 5)
            .await;
        assert!(!rig.has_status(Status::Reconnecting), "{:?}", rig.statuses);
        assert!(!errors_of(&rig, "BAD").is_empty());
        assert_eq!(rig.control.meters.state(), ConnectionState::Connected);
    }
}

#[tokio::test]
async fn while_an_endpoint_is_left_alone_a_late_answer_brings_its_data_and_nothing_else() {
    let late = Arc::new(Notify::new());
    let after = Arc::clone(&late);
    let mut rig = Rig::new(QUOTES, &["A", "B"], move |path, number, _| match path {
        "/q/A" => Reply {
            after: Some(Arc::clone(&after)),
            ..price(number)
        },
        _ => reply(429, "Retry-After: 3600\r\n", "slow down"),
    })
    .await;
    rig.until(|rig| rig.has_status(Status::Reconnecting)).await;
    assert!(rig.events.is_empty());
    late.notify_one();
    rig.until(|rig| !rig.events.is_empty()).await;
    let connection = &rig.control.meters.connections()[0];
    assert_eq!(connection.state, ConnectionState::Reconnecting);
    assert!(connection.next_retry.is_some());
    assert!(connection.last_message.is_some());
    assert!(!rig.has_status(Status::Connected), "{:?}", rig.statuses);
    assert_eq!(rig.asked("/q/A"), 1);
}

#[tokio::test]
async fn what_has_worked_is_tried_again_whatever_one_answer_says() {
    for status in [302, 400, 401, 403, 404, 410, 451] {
        for names in [&["A"][..], &["A", "B"]] {
            let mut rig = Rig::new(QUOTES, names, move |path, number, _| match (path, number) {
                ("/q/A", 2) => reply(status, "", "a deploy"),
                _ => price(number),
            })
            .await;
            rig.until(|rig| rig.asked("/q/A") > 6 && !rig.errors.is_empty())
                .await;
            assert!(rig.ended.is_none(), "{:?}", rig.ended);
            assert!(rig.errors[0].message.contains(&status.to_string()));
            assert!(rig.errors[0].next.is_some());
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_has_nothing_of_all_is_given_up_until_something_else_is_asked_for() {
    let mut rig = Rig::new(QUOTES, &["A", "B"], |path, number, _| match path {
        "/q/C" => price(number),
        _ => reply(404, "", "nope"),
    })
    .await;
    rig.until(|rig| rig.ended.is_some()).await;
    let (error, hopeless) = rig.ended.clone().unwrap();
    let error = error.unwrap();
    assert!(
        hopeless && error.kind == ErrorKind::ConfigError,
        "{error:?}"
    );
    assert!(error.message.contains("check the URL"), "{error:?}");
    assert_eq!((rig.asked("/q/A"), rig.asked("/q/B")), (1, 1));
    assert_eq!(rig.control.meters.state(), ConnectionState::Failed);
    let added = vec![rig.symbol("C")];
    let command = SourceCommand::Subscribe(added);
    rig.control.commands.send(command).unwrap();
    rig.until(|rig| rig.events.len() > 2).await;
    assert_eq!(rig.control.meters.state(), ConnectionState::Connected);
    assert_eq!((rig.asked("/q/A"), rig.asked("/q/B")), (1, 1));
}

#[tokio::test]
async fn a_symbol_that_is_not_there_leaves_the_others_of_its_request_alone() {
    for status in [400, 403, 404] {
        let script = move |path: &str, _: usize, _: &str| {
            let symbols = listed(path);
            if symbols.contains(&"NOPE") {
                return reply(status, "", "unknown symbol NOPE");
            }
            prices(&symbols)
        };
        // It comes later, or is there from the beginning.
        let mut rig = Rig::new(MANY, &["A", "B"], script).await;
        rig.until(|rig| rig.asked("/all?list=A,B") > 2).await;
        let added = vec![rig.symbol("NOPE"), rig.symbol("C")];
        let command = SourceCommand::Subscribe(added);
        rig.control.commands.send(command).unwrap();
        rig.until(|rig| !errors_of(rig, "NOPE").is_empty() && heard(rig) == [0, 1, 3])
            .await;
        assert!(rig.ended.is_none());
        assert!(!rig.has_status(Status::Reconnecting), "{:?}", rig.statuses);
        let mut rig = Rig::new(MANY, &["A", "B", "NOPE", "C", "D"], script).await;
        rig.until(|rig| !errors_of(rig, "NOPE").is_empty() && heard(rig) == [0, 1, 3, 4])
            .await;
        assert!(rig.ended.is_none());
        let refused = errors_of(&rig, "NOPE");
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].kind, ErrorKind::ConfigError);
        // In the end one request is enough again.
        rig.until(|rig| rig.control.meters.connections()[0].subscriptions == 4)
            .await;
        let all_together = |rig: &Rig| {
            let asked = rig.asked.lock().unwrap();
            asked.keys().any(|path| listed(path).len() == 4)
        };
        rig.until(all_together).await;
    }
    // Where nothing is ever given it is soon over.
    for (status, kind) in [(404, ErrorKind::ConfigError), (401, ErrorKind::AuthError)] {
        let names: Vec<String> = (0..90).map(|at| format!("S{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut rig = Rig::new(MANY, &names, move |_, _, _| reply(status, "", "no")).await;
        rig.until(|rig| rig.ended.is_some()).await;
        let error = rig.ended.clone().unwrap().0.unwrap();
        assert_eq!(error.kind, kind, "{error:?}");
        let asked: usize = rig.asked.lock().unwrap().values().sum();
        assert!(asked <= 45, "not each by itself: {asked}");
    }
}

#[tokio::test]
async fn no_request_is_longer_than_the_endpoint_takes() {
    // By the length of a URL, by what the endpoint says, by what was asked for.
    let names: Vec<String> = (0..90).map(|at| format!("{at:060}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all: Vec<u32> = (0..90).collect();
    for (options, longest, most) in [
        ("", 4100, 90),
        ("", 1500, 90),
        ("&symbols_per_request=7", 4100, 7),
    ] {
        let has_more = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&has_more);
        let mut rig = Rig::new(&format!("{MANY}{options}"), &names, move |path, _, _| {
            let symbols = listed(path);
            seen.fetch_or(symbols.len() > most, Ordering::Relaxed);
            if path.len() > longest {
                return reply(414, "", "too long");
            }
            prices(&symbols)
        })
        .await;
        rig.until(|rig| heard(rig) == all).await;
        assert!(
            rig.ended.is_none() && rig.errors.is_empty(),
            "{:?}",
            rig.errors
        );
        assert!(!has_more.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn what_stays_as_it_was_is_stale_where_it_has_a_time() {
    let spec =
        "http://127.0.0.1:PORT/q/{symbol}?last=/p&time=/t&period_ms=2&stale=0.05&session=utc";
    let mut rig = Rig::new(spec, &["A", "B", "C"], |path, number, _| match path {
        "/q/A" => ok(format!(r#"{{"p":{number},"t":{number}}}"#)),
        "/q/B" => reply(500, "", ""),
        _ => ok(r#"{"p":5,"t":1700000000000}"#),
    })
    .await;
    let stale = |rig: &Rig, name: &str| {
        let errors = errors_of(rig, name).into_iter();
        errors
            .filter(|error| error.kind == ErrorKind::Stale)
            .count()
    };
    rig.until(|rig| stale(rig, "B") > 0 && stale(rig, "C") > 0)
        .await;
    let warning = errors_of(&rig, "C")[0];
    assert_eq!(warning.severity, Severity::Warning);
    assert!(warning.message.contains("nothing for"), "{warning:?}");
}

#[tokio::test]
async fn an_endpoint_is_quoted_where_it_says_what_went_wrong() {
    let spec = format!("{QUOTES}&error=/error/text&headers=X-Key: {{env:K}}");
    let body = format!(r#"{{"error":{{"text":"No data found for {KEY}"}}}}"#);
    let mut rig = Rig::new(&spec, &["A", "GONE"], move |path, number, _| match path {
        "/q/A" => price(number),
        _ => reply(404, "", body.clone()),
    })
    .await;
    rig.until(|rig| !rig.errors.is_empty()).await;
    let message = &rig.errors[0].message;
    assert!(message.contains("404"), "{message}");
    assert!(
        message.contains("it says: No data found for ***"),
        "{message}"
    );
}
