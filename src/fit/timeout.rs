//! What is known of the function timeout, and which calls it cut.
//!
//! A log of all lines says of each call that it was cut, and after how long. Reports alone, such as
//! columns of Logs Insights, may not. Then the user can give the timeout; without it, calls that
//! all ran for one and the same number of whole seconds, the longest of the log, are taken for cut:
//! timeouts are whole seconds, and runs are told to the hundredth of a millisecond.

use std::io;

use crate::units::Span;

use super::call::{Call, End};
use super::digits::{grouped, short};
use super::impossible::LONGEST_TIMEOUT_S;
use super::known::{Known, Origin};
use super::sort::{Sorted, Sorter};

const SECOND: i64 = 1_000_000_000;
/// A run is shown to the hundredth of a millisecond.
const SHOWN: i64 = 5_000;
/// So much longer than its timeout a call may have run when it was cut.
const LATE: i64 = SECOND;
/// Fewer calls of one length are chance.
const FEWEST: u64 = 2;
/// Among runs of whole seconds that are not the longest, this share shows that lengths are rounded.
const ROUNDED: f64 = 0.01;

/// What is known of how calls ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endings {
    /// Whether the log says which calls failed and which were cut.
    pub told: bool,
    /// Calls that were taken for cut for the length of their run.
    pub taken_for_cut: u64,
    /// The length that they share, in seconds.
    pub(super) pile_s: Option<i64>,
}

/// What a pass over all calls sees of their lengths.
#[derive(Clone, Copy, Default)]
struct Lengths {
    calls: u64,
    /// The longest run, with how many calls have it.
    longest: i64,
    of_longest: u64,
    /// Runs of whole seconds.
    whole: u64,
    /// Runs that no timeout of the user's may have cut so late.
    too_long: u64,
}

impl Lengths {
    fn of(calls: &Sorted<Call>, most: i64) -> io::Result<Self> {
        let mut lengths = Self::default();
        let mut rows = calls.rows()?;
        while let Some(call) = rows.next()? {
            let run = call.0.run;
            lengths.calls += 1;
            lengths.whole += u64::from(run % SECOND == 0 && run > 0);
            lengths.too_long += u64::from(run > most);
            if run > lengths.longest {
                (lengths.longest, lengths.of_longest) = (run, 0);
            }
            lengths.of_longest += u64::from(run == lengths.longest);
        }
        Ok(lengths)
    }

    /// The length that calls were likely cut at, in seconds.
    fn pile(&self) -> Option<i64> {
        let others = self.whole.saturating_sub(self.of_longest);
        let likely = self.longest > 0
            && self.longest % SECOND == 0
            && self.longest / SECOND <= LONGEST_TIMEOUT_S as i64
            && self.of_longest >= FEWEST
            && self.of_longest * 2 < self.calls
            && others as f64 <= ROUNDED * self.calls as f64;
        likely.then_some(self.longest / SECOND)
    }
}

/// Takes the calls for cut that the timeout cut; `given` is the user's, `told` whether the log says
/// itself how calls ended. An error in words where calls ran longer than what was given.
pub(super) fn cut(
    calls: &mut Sorted<Call>,
    given: Option<Span>,
    told: bool,
) -> io::Result<Result<Endings, String>> {
    let mut endings = Endings {
        told,
        taken_for_cut: 0,
        pile_s: None,
    };
    if given.is_none() && told {
        return Ok(Ok(endings));
    }
    let nanos = given.and_then(|given| i64::try_from(given.nanos()).ok());
    let lengths = Lengths::of(
        calls,
        nanos.map_or(i64::MAX, |nanos| nanos.saturating_add(LATE)),
    )?;
    if let (Some(given), true) = (given, lengths.too_long > 0) {
        return Ok(Err(format!(
            "error: --timeout {} s: {} calls ran longer than that, up to {} s\n  = help: a timeout \
             cuts every call: give the longest that the function had in this log",
            short(given.secs()),
            grouped(lengths.too_long),
            short(lengths.longest as f64 / SECOND as f64)
        )));
    }
    endings.pile_s = if given.is_none() {
        lengths.pile()
    } else {
        None
    };
    let Some(from) = nanos.or(endings.pile_s.map(|s| s * SECOND)) else {
        return Ok(Ok(endings));
    };
    let mut marked = Sorter::new();
    let mut rows = calls.rows()?;
    while let Some(mut call) = rows.next()? {
        if call.0.run >= from - SHOWN && call.0.end != End::Timeout {
            call.0.end = End::Timeout;
            endings.taken_for_cut += 1;
        }
        marked.push(call)?;
    }
    drop(rows);
    *calls = marked.finish()?;
    Ok(Ok(endings))
}

/// The timeout, with where it is known from; `cut_after_s` is what cut calls tell.
pub(super) fn known(given: Option<Span>, cut_after_s: Option<f64>, endings: &Endings) -> Known {
    let seconds = |s: f64| format!("{} s", short(s));
    match (given, cut_after_s) {
        (Some(given), _) => Known::new(seconds(given.secs()), Origin::Given),
        (None, Some(s)) if endings.pile_s.is_some() => Known::new(
            seconds(s),
            Origin::Guess(format!(
                "{} calls ran for exactly the longest time, so that they were likely cut; give \
                 --timeout",
                grouped(endings.taken_for_cut)
            )),
        ),
        (None, Some(s)) => Known::new(seconds(s), Origin::Log("after which calls were cut".into())),
        (None, None) => Known::new(
            seconds(LONGEST_TIMEOUT_S),
            Origin::Guess(
                "no call was cut, and this is the longest there is; give --timeout".into(),
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::{About, Fact};
    use super::*;

    fn calls(runs_ms: &[f64]) -> Sorted<Call> {
        let mut sorter = Sorter::new();
        for (number, run) in (0..).zip(runs_ms) {
            let fact = Fact {
                at: number * SECOND,
                run: (run * 1e6) as i64,
                ..Fact::new(number as u128, About::Report)
            };
            sorter.push(Call(fact)).unwrap();
        }
        sorter.finish().unwrap()
    }

    fn cut_of(runs_ms: &[f64], given: Option<Span>, told: bool) -> (u64, Option<i64>) {
        let endings = cut(&mut calls(runs_ms), given, told).unwrap().unwrap();
        (endings.taken_for_cut, endings.pile_s)
    }

    #[test]
    fn a_pile_at_the_longest_of_whole_seconds_was_cut() {
        let piled = [12.5, 80.25, 3000.0, 17.0, 3000.0, 33.3, 41.0];
        assert_eq!(cut_of(&piled, None, false), (2, Some(3)));
        // A log that says how calls ended needs no guess.
        assert_eq!(cut_of(&piled, None, true), (0, None));
        for no_pile in [
            &[12.5, 80.25, 3000.0, 17.0][..],
            &[12.5, 3000.0, 3000.0, 3000.01, 4.0],
            &[12.5, 2999.5, 2999.5, 4.0, 5.0],
            // All were cut, or it is how long they run.
            &[3000.0, 3000.0, 3000.0],
            // Lengths are rounded.
            &[1000.0, 2000.0, 3000.0, 3000.0, 1000.0, 500.5],
        ] {
            assert_eq!(cut_of(no_pile, None, false), (0, None), "{no_pile:?}");
        }
    }

    #[test]
    fn the_users_timeout_cuts_what_reached_it_and_no_more() {
        let runs = [2999.99, 3000.0, 3003.16, 3.0];
        let three = Some(Span::from_secs(3.0));
        assert_eq!(cut_of(&runs, three, false), (2, None));
        let refused = cut(&mut calls(&runs), Some(Span::from_secs(1.0)), true);
        let refused = refused.unwrap().unwrap_err();
        assert!(refused.contains("3 calls ran longer"), "{refused}");
    }
}
