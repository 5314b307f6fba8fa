use super::standing::REFUSALS_MAX;
use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn symbol(id: u32) -> Wanted {
    (Symbol::new(&format!("S{id}")).unwrap(), SymbolId(id))
}

/// Requests of one symbol each, with the numbers from 1.
fn schedule(count: u32) -> Schedule {
    let mut schedule = Schedule::new(
        ms(1000),
        BackoffSettings::default(),
        REQUESTS_MAX,
        usize::MAX,
    );
    schedule.add((1..=count).map(|id| vec![symbol(id)]).collect(), ms(0));
    schedule
}

/// One request for so many symbols.
fn group(count: u32) -> Schedule {
    let mut schedule = schedule(0);
    schedule.add(vec![(1..=count).map(symbol).collect()], ms(0));
    schedule
}

fn begin(schedule: &mut Schedule, now: u64) -> Option<u64> {
    schedule.begin(ms(now)).map(|job| job.number)
}

/// The numbers of the symbols that are asked for together.
fn groups(schedule: &Schedule) -> Vec<Vec<u32>> {
    let ids = |job: &Job| job.symbols.iter().map(|(_, id)| id.0).collect();
    schedule.alive().map(ids).collect()
}

#[test]
fn requests_are_spread_over_the_period_and_come_again_a_period_after_they_began() {
    let mut schedule = schedule(4);
    let mut began = Vec::new();
    for now in (0..2500).step_by(50) {
        while let Some(number) = begin(&mut schedule, now) {
            began.push((now, number));
            schedule.end(number);
        }
    }
    let expected: Vec<(u64, u64)> = (0..10).map(|at| (at * 250, at % 4 + 1)).collect();
    assert_eq!(began, expected);
    assert_eq!(schedule.take_behind(), None);
}

#[test]
fn a_request_is_never_made_twice_at_a_time_and_a_late_one_not_twice_in_a_row() {
    let mut schedule = schedule(1);
    assert_eq!(begin(&mut schedule, 0), Some(1));
    assert_eq!(begin(&mut schedule, 5000), None);
    assert_eq!(schedule.next_due(), None);
    assert!(schedule.end(1));
    assert_eq!(begin(&mut schedule, 5000), Some(1));
    schedule.end(1);
    assert_eq!(begin(&mut schedule, 5999), None);
    assert_eq!(schedule.next_due(), Some(ms(6000)));
    // Once or twice is nothing to speak of.
    assert_eq!(schedule.take_behind(), None);
    for at in 1..4 {
        assert_eq!(begin(&mut schedule, 6000 + at * 4000), Some(1));
        schedule.end(1);
    }
    assert_eq!(schedule.take_behind(), Some(ms(4000)));
    assert_eq!(schedule.take_behind(), None);
}

#[test]
fn there_are_never_more_under_way_than_allowed() {
    let mut schedule = schedule(20);
    for _ in 0..REQUESTS_MAX {
        assert!(begin(&mut schedule, 2000).is_some());
    }
    assert_eq!(begin(&mut schedule, 2000), None);
    schedule.remove(SymbolId(1));
    assert!(!schedule.end(1));
    assert_eq!(begin(&mut schedule, 2000), Some(9));
}

#[test]
fn after_a_pause_one_request_shows_whether_the_endpoint_is_back() {
    let mut schedule = schedule(3);
    for number in 1..=3 {
        assert_eq!(begin(&mut schedule, 1000), Some(number));
    }
    schedule.end(1);
    assert!(schedule.is_witness(1));
    assert_eq!(schedule.pause(1, ms(3000), ms(1000)), ms(3000));
    // What was under way changes nothing, whatever comes of it.
    schedule.end(2);
    assert!(!schedule.succeeded(2, ms(2000)));
    assert!(!schedule.is_witness(2));
    assert_eq!(begin(&mut schedule, 3999), None);
    assert_eq!(schedule.next_due(), Some(ms(4000)));
    // It is not the one that led to the pause, as long as there are others.
    assert_eq!(begin(&mut schedule, 4000), Some(2));
    assert_eq!(begin(&mut schedule, 4000), None);
    schedule.end(3);
    assert!(!schedule.succeeded(3, ms(4000)));
    assert_eq!(begin(&mut schedule, 4000), None);
    schedule.end(2);
    assert!(schedule.succeeded(2, ms(4100)));
    assert_eq!(begin(&mut schedule, 4100), Some(1));
    assert_eq!(begin(&mut schedule, 4100), None, "not all of them at once");
    assert_eq!(begin(&mut schedule, 5000), Some(3));
}

#[test]
fn a_pause_makes_no_request_come_before_its_period_is_over() {
    let mut schedule = schedule(1);
    assert_eq!(begin(&mut schedule, 0), Some(1));
    schedule.end(1);
    assert_eq!(schedule.pause(1, ms(20), ms(100)), ms(900));
    assert_eq!(schedule.next_due(), Some(ms(1000)));
}

#[test]
fn one_that_finds_out_may_leave_or_fail_on_its_own_account() {
    let mut schedule = schedule(3);
    begin(&mut schedule, 2000);
    schedule.end(1);
    schedule.pause(1, ms(1000), ms(2000));
    let probe = begin(&mut schedule, 3000).unwrap();
    schedule.remove(SymbolId(u32::try_from(probe).unwrap()));
    assert!(!schedule.end(probe));
    let probe = begin(&mut schedule, 3000).unwrap();
    schedule.end(probe);
    // The others have not failed: the endpoint is there.
    schedule.fail(probe, ms(3000));
    assert!(schedule.is_witness(1));
    assert_eq!(begin(&mut schedule, 4000), Some(1));
}

#[test]
fn failures_put_one_request_off_and_all_of_them_make_the_endpoint_lost() {
    let mut schedule = schedule(2);
    for number in [1, 2] {
        assert!(!schedule.is_lost());
        begin(&mut schedule, 2000).unwrap();
        schedule.end(number);
        assert!(schedule.fail(number, ms(2000)) >= ms(1000));
    }
    assert!(schedule.is_lost());
    schedule.succeeded(2, ms(2000));
    assert!(!schedule.is_lost());
}

#[test]
fn what_has_worked_is_not_refused() {
    let mut schedule = schedule(3);
    schedule.succeeded(1, ms(0));
    assert_eq!(schedule.refuse(1, false, ms(0)), Refusal::Again);
    assert_eq!(schedule.refuse(2, false, ms(0)), Refusal::Final);
    assert_eq!(schedule.live(), 2);
    assert_eq!(schedule.deny(1, false), Denial::Open);
    assert_eq!(schedule.deny(3, false), Denial::OfThis);
    assert_eq!(schedule.refuse(3, false, ms(0)), Refusal::Final);
    assert_eq!(schedule.refuse(1, false, ms(0)), Refusal::Again);
    // A key may be taken away: that is said more than once.
    assert_eq!(schedule.deny(1, false), Denial::Open);
    assert_eq!(schedule.deny(1, false), Denial::OfAll);
}

#[test]
fn when_everything_is_refused_it_is_about_all_of_them() {
    let mut one = schedule(2);
    assert_eq!(one.refuse(1, false, ms(0)), Refusal::Final);
    assert_eq!(one.refuse(2, false, ms(0)), Refusal::OfAll);
    assert_eq!(one.next_due(), None);
    one.begin_anew(ms(0));
    assert_eq!(one.live(), 2);

    // Who asks for a thousand symbols at a time does not have to ask for each of them.
    let mut many = group(1000);
    let mut refused = 0;
    for now in 0.. {
        let number = begin(&mut many, now * 1000).unwrap();
        many.end(number);
        refused += 1;
        if many.refuse(number, true, ms(now * 1000)) == Refusal::OfAll {
            break;
        }
    }
    assert_eq!(refused, REFUSALS_MAX);
}

#[test]
fn a_symbol_that_is_not_there_is_found_among_many() {
    let mut schedule = group(100);
    let mut refused = Vec::new();
    for now in (0..10_000).step_by(10) {
        let Some(number) = begin(&mut schedule, now) else {
            continue;
        };
        schedule.end(number);
        let job = schedule.job(number).unwrap();
        let bad = job.symbols.iter().any(|(_, id)| id.0 == 77);
        if !bad {
            schedule.succeeded(number, ms(now));
            schedule.join(number, |symbols| symbols.len() <= 60);
        } else if schedule.refuse(number, true, ms(now)) == Refusal::Final {
            refused.push(now);
        }
    }
    assert_eq!(refused.len(), 1);
    assert_eq!(schedule.live(), 99);
    // What is left is asked for in as few requests as there is room for.
    let left = groups(&schedule);
    assert!(left.len() <= 3, "{left:?}");
}

#[test]
fn too_many_symbols_at_a_time_are_asked_for_in_as_many_requests_as_the_endpoint_likes() {
    let mut schedule = group(40);
    schedule.succeeded(1, ms(0));
    schedule.add(vec![vec![symbol(50)]], ms(0));
    schedule.succeeded(2, ms(0));
    schedule.join(2, |_| true);
    assert_eq!(groups(&schedule)[0].len(), 41);
    // Each of them has been there before: they are too many.
    assert_eq!(schedule.refuse(1, true, ms(0)), Refusal::Split);
    assert_eq!(schedule.symbols_max(), 21);
    for number in [1, 3] {
        schedule.succeeded(number, ms(0));
        schedule.join(number, |_| true);
    }
    assert_eq!(groups(&schedule).len(), 2);
    assert_eq!(schedule.live(), 41);
}
