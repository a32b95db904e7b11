//! From facts about requests to calls: what tells of the same call is put together, and a call that
//! two files tell of is one.

use std::io;

use super::call::{About, ByStream, Call, End, Fact, NEVER, NONE, NamelessError};
use super::sort::{Sorted, Sorter};

/// Reports of one request with the same duration and closer together tell of the same call: the
/// same line, taken from two places, or its text and its JSON. A retry comes a minute later.
const SAME_CALL: i64 = 1_000_000_000;
/// So far apart in nanoseconds durations of one call may be: lines of text have two decimals of a
/// millisecond, JSON three.
const ROUNDED: i64 = 10_000;

/// What came of putting facts together.
pub(super) struct Joined {
    /// By arrival.
    pub(super) calls: Sorted<Call>,
    /// Reports that told of a call again.
    pub(super) duplicates: u64,
    /// Calls with the request of an earlier one: the platform tried again.
    pub(super) retries: u64,
    /// Requests that began and of whose end the log has nothing.
    pub(super) unfinished: u64,
    /// Calls of other functions.
    pub(super) others: u64,
}

/// Puts facts together. Of several log groups only one is wanted.
pub(super) fn join(
    facts: Sorted<Fact>,
    group: Option<u32>,
    errors: &Sorted<NamelessError>,
) -> io::Result<Joined> {
    let mut joined = Joined {
        calls: Sorter::new().finish()?,
        duplicates: 0,
        retries: 0,
        unfinished: 0,
        others: 0,
    };
    let mut calls = Sorter::new();
    let mut by_stream = Sorter::new();
    let mut rows = facts.rows()?;
    let mut of_request: Vec<Fact> = Vec::new();
    loop {
        let next = rows.next()?;
        let same = next.is_some_and(|fact| {
            of_request
                .last()
                .is_none_or(|last| last.request == fact.request)
        });
        if !same {
            for call in put_together(&of_request, group, &mut joined) {
                // No error is looked for where none is, nor of a call without a time.
                if errors.len() > 0 && call.arrival().is_some() {
                    by_stream.push(ByStream(call))?;
                } else {
                    calls.push(call)?;
                }
            }
            of_request.clear();
        }
        match next {
            Some(fact) => of_request.push(fact),
            None => break,
        }
    }
    drop(rows);
    drop(facts);
    with_errors(&by_stream.finish()?, errors, &mut calls)?;
    joined.calls = calls.finish()?;
    Ok(joined)
}

/// Gives each error that names no request to the call that ran on its stream then: to the first of
/// two, for the next may begin in the millisecond in which the failed one ends.
fn with_errors(
    by_stream: &Sorted<ByStream>,
    errors: &Sorted<NamelessError>,
    calls: &mut Sorter<Call>,
) -> io::Result<()> {
    let (mut rows, mut errors) = (by_stream.rows()?, errors.rows()?);
    let mut error = errors.next()?;
    while let Some(ByStream(mut call)) = rows.next()? {
        let stream = call.0.stream;
        let at = call.arrival().unwrap_or(NEVER);
        let arrival = NamelessError { stream, at };
        while error.is_some_and(|error| error < arrival) {
            error = errors.next()?;
        }
        while error.is_some_and(|error| error.stream == stream && error.at <= call.0.at) {
            call.0.end = call.0.end.max(End::Error);
            error = errors.next()?;
        }
        calls.push(call)?;
    }
    Ok(())
}

/// The calls of one request. Its facts are in the order of what they are about, reports first.
fn put_together(facts: &[Fact], group: Option<u32>, joined: &mut Joined) -> Vec<Call> {
    let mut calls: Vec<Fact> = Vec::new();
    for fact in facts {
        if group.is_some_and(|group| fact.group != group && fact.group != NONE) {
            joined.others += u64::from(fact.about == About::Report);
            continue;
        }
        match fact.about {
            About::Report => match calls.iter_mut().find(|call| is_same(call, fact)) {
                Some(call) => {
                    joined.duplicates += 1;
                    add(call, fact);
                }
                None => calls.push(*fact),
            },
            About::Start => match nearest(&mut calls, fact.at) {
                Some(call) if call.at == NEVER && fact.at != NEVER => {
                    call.at = fact.at + call.run;
                }
                Some(_) => {}
                None => {
                    joined.unfinished += 1;
                    return Vec::new();
                }
            },
            About::End => {
                if let Some(call) = nearest(&mut calls, fact.at) {
                    call.end = call.end.max(fact.end);
                    if call.timeout_s.is_nan() {
                        call.timeout_s = fact.timeout_s;
                    }
                }
            }
        }
    }
    joined.retries += calls.len().saturating_sub(1) as u64;
    for call in &mut calls {
        // Before reports had a status: only of a call that was cut less is billed than it ran.
        if call.billed_ms.floor() + 1.0 <= call.run as f64 / 1e6 && call.billed_ms > 0.0 {
            call.end = End::Timeout;
        }
    }
    calls.into_iter().map(Call).collect()
}

fn is_same(call: &Fact, report: &Fact) -> bool {
    let near = call.at == NEVER || report.at == NEVER || (call.at - report.at).abs() <= SAME_CALL;
    let billed_alike = call.billed_ms.is_nan()
        || report.billed_ms.is_nan()
        || (call.billed_ms - report.billed_ms).abs() < 1e-6;
    let rounded = (call.run - report.run).abs() <= ROUNDED && billed_alike;
    near && (call.run == report.run || rounded)
}

/// Adds to a call what another report of it knows.
fn add(call: &mut Fact, other: &Fact) {
    if call.at == NEVER {
        call.at = other.at;
    }
    if call.stream == NONE {
        call.stream = other.stream;
    }
    if call.start < 0 {
        call.start = other.start;
        call.restored = other.restored;
    }
    if call.billed_ms.is_nan() {
        call.billed_ms = other.billed_ms;
    }
    for (mine, theirs) in [
        (&mut call.billed_restore_ms, other.billed_restore_ms),
        (&mut call.memory_mb, other.memory_mb),
        (&mut call.max_memory_mb, other.max_memory_mb),
        (&mut call.timeout_s, other.timeout_s),
    ] {
        if mine.is_nan() {
            *mine = theirs;
        }
    }
    call.end = call.end.max(other.end);
}

/// The call that ended nearest to a time.
fn nearest(calls: &mut [Fact], at: i64) -> Option<&mut Fact> {
    calls.iter_mut().min_by_key(|call| call.at.abs_diff(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(request: u128, stream: u32, end: i64) -> Fact {
        Fact {
            at: end,
            stream,
            run: 10,
            ..Fact::new(request, About::Report)
        }
    }

    #[test]
    fn an_error_without_a_request_is_of_the_call_that_ran_there_then() {
        let mut facts = Sorter::new();
        // Runs 90 to 100, 110 to 120 and 130 to 140 on one stream, 110 to 120 on another.
        for fact in [
            report(4, 1, 100),
            report(2, 1, 120),
            report(3, 1, 140),
            report(1, 2, 120),
        ] {
            facts.push(fact).unwrap();
        }
        let mut errors = Sorter::new();
        for (stream, at) in [(2, 125), (1, 140), (1, 105), (1, 115), (1, 112), (0, 115)] {
            errors.push(NamelessError { stream, at }).unwrap();
        }
        let (facts, errors) = (facts.finish().unwrap(), errors.finish().unwrap());
        let joined = join(facts, None, &errors).unwrap();
        let mut rows = joined.calls.rows().unwrap();
        let mut ended = Vec::new();
        while let Some(call) = rows.next().unwrap() {
            ended.push((call.0.request, call.0.end));
        }
        let expected = [
            (4, End::Plain),
            (1, End::Plain),
            (2, End::Error),
            (3, End::Error),
        ];
        assert_eq!(ended, expected);
    }

    #[test]
    fn an_error_is_of_one_call_though_the_next_begins_as_it_is_told() {
        let mut facts = Sorter::new();
        // Runs 90 to 100 and, on the same stream, 100 to 110 and 110 to 120.
        for fact in [report(1, 1, 100), report(2, 1, 110), report(3, 1, 120)] {
            facts.push(fact).unwrap();
        }
        let mut errors = Sorter::new();
        for at in [100, 115] {
            errors.push(NamelessError { stream: 1, at }).unwrap();
        }
        let (facts, errors) = (facts.finish().unwrap(), errors.finish().unwrap());
        let joined = join(facts, None, &errors).unwrap();
        let mut rows = joined.calls.rows().unwrap();
        let mut ended = Vec::new();
        while let Some(call) = rows.next().unwrap() {
            ended.push(call.0.end);
        }
        assert_eq!(ended, [End::Error, End::Plain, End::Error]);
    }

    #[test]
    fn durations_that_differ_by_their_rounding_are_of_one_call_and_no_others() {
        let call = Fact {
            run: 12_345_678,
            billed_ms: 13.0,
            ..report(1, 1, 0)
        };
        let other = |run: i64, billed_ms: f64, at: i64| Fact {
            at,
            run,
            billed_ms,
            ..call
        };
        assert!(is_same(&call, &other(12_350_000, 13.0, 1_000_000)));
        assert!(is_same(&call, &other(12_350_000, f64::NAN, 0)));
        assert!(!is_same(&call, &other(12_350_000, 14.0, 0)));
        assert!(!is_same(&call, &other(12_360_000, 13.0, 0)));
        assert!(!is_same(&call, &other(12_350_000, 13.0, 2 * SAME_CALL)));
    }
}
