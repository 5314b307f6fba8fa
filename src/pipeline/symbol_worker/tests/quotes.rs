//! Quotes that come in another order than that of their times.

use super::*;

fn quote(bid: i64) -> Payload {
    Payload::Level1(Level1 {
        bid: Some(bid.into()),
        ..Level1::default()
    })
}

/// The bid and the time in seconds of each quote that goes out, and errors in words.
fn quotes(out: &[Outcome]) -> Vec<String> {
    let told = out.iter().map(|outcome| match outcome {
        Outcome::Result(ResultInstance {
            time,
            body: ResultBody::Level1 { quote, .. },
            ..
        }) => {
            let time = time.map(|time| (time.0 - 86_400_000) / 1000);
            format!("{} {time:?}", quote.bid.unwrap())
        }
        Outcome::Error(error) => format!("{} {}", error.kind, error.severity.name()),
        other => format!("{other:?}"),
    });
    told.collect()
}

#[test]
fn an_older_quote_is_counted_and_changes_nothing() {
    let mut worker = worker(Products::default());
    assert_eq!(quotes(&give(&mut worker, 40, quote(10))), ["10 Some(40)"]);
    let first = give(&mut worker, 38, quote(9));
    assert_eq!(quotes(&first), ["SequenceGap info"]);
    assert_eq!(quotes(&give(&mut worker, 39, quote(9))), [""; 0], "once");
    assert_eq!(worker.context.meters.late.get(), 2);
    assert_eq!(quotes(&give(&mut worker, 40, quote(11))), ["11 Some(40)"]);
    let kept = worker.context.history.snapshot().quotes;
    let bids: Vec<f64> = kept
        .parts()
        .iter()
        .flat_map(|part| part.column(0))
        .copied()
        .collect();
    assert_eq!(bids, [10.0, 11.0]);
    // What has no time of its own, and what follows a jump, counts as it comes.
    let mut event = Event {
        symbol: SymbolId(0),
        time: None,
        payload: quote(12),
    };
    let mut out = Vec::new();
    worker.take(&mut event, false, &mut out);
    assert_eq!(quotes(&out), ["12 None"]);
    worker.reset();
    assert_eq!(quotes(&give(&mut worker, 5, quote(13))), ["13 Some(5)"]);
    assert_eq!(worker.context.meters.late.get(), 2);
}

#[test]
fn a_quote_that_is_older_in_part_goes_out_with_the_time_of_the_newest() {
    let mut worker = worker(Products::default());
    give(&mut worker, 40, quote(10));
    let volume = Level1 {
        volume: Some(5.into()),
        ..Level1::default()
    };
    let out = give(&mut worker, 30, Payload::Level1(volume));
    assert_eq!(quotes(&out), ["10 Some(40)"]);
    assert_eq!(worker.day().volume, Some(5.0));
    assert_eq!(worker.context.meters.late.get(), 0);
}

#[test]
fn a_clock_that_has_been_set_back_is_told_once() {
    let mut worker = worker(Products::default());
    for hour in [1, 2, 3] {
        give(&mut worker, hour * 3600, quote(10));
        let late = give(&mut worker, hour * 3600 - 1800, quote(9));
        assert_eq!(late.len(), usize::from(hour == 1));
        let out = give(&mut worker, hour * 3600 - 1790, quote(9));
        let result = format!("9 Some({})", hour * 3600 - 1790);
        if hour == 1 {
            assert_eq!(quotes(&out), ["SequenceGap info", &result]);
        } else {
            assert_eq!(quotes(&out), [result]);
        }
    }
}
