//! What triggers a function, and how often where that is a timer.

use super::population::Pattern;
use crate::dist::uniform;
use crate::random::Stream;

/// Groups of triggers (the release's description).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trigger {
    Http,
    Queue,
    Event,
    Orchestration,
    Timer,
    Storage,
    Others,
}

impl Trigger {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Queue => "queue",
            Self::Event => "event",
            Self::Orchestration => "orchestration",
            Self::Timer => "timer",
            Self::Storage => "storage",
            Self::Others => "others",
        }
    }

    /// How far the rate swings by the hour of the day, of the mean, and what is left of it at a
    /// weekend. Half of the load does not swing at all (Shahrad et al., ATC'20, figure 4); how that
    /// half is spread over triggers is an assumption.
    pub(super) fn swing(self) -> (f64, f64) {
        match self {
            Self::Http => (0.45, 0.75),
            Self::Timer => (0.0, 1.0),
            _ => (0.2, 0.9),
        }
    }
}

/// Shares of functions and of requests (Shahrad et al., ATC'20, figure 2). The text gives those of
/// event, queue and timer to the tenth; how storage and others divide their 5 % is an assumption.
const SHARES: [(Trigger, f64, f64); 6] = [
    (Trigger::Http, 0.55, 0.36),
    (Trigger::Queue, 0.152, 0.335),
    (Trigger::Event, 0.022, 0.247),
    (Trigger::Orchestration, 0.07, 0.02),
    (Trigger::Storage, 0.03, 0.007),
    (Trigger::Others, 0.02, 0.01),
];

/// Share of functions with a timer, and how many of those ask more than once a minute (as above,
/// section 3.2).
const TIMERS: f64 = 0.156;
const FAST_TIMERS: f64 = 0.05;

/// Periods in seconds: what people write, an assumption.
const PERIODS: [u32; 16] = [
    1, 5, 10, 15, 20, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/// So many of the most popular functions get their triggers by share of requests, for they make
/// nearly all of them; the others by share of functions.
const POPULAR: f64 = 0.02;

/// The trigger of each function, with the pattern of those that have a timer.
pub(super) fn assign(
    expected: &[f64],
    minutes: f64,
    stream: &mut Stream,
) -> Vec<(Trigger, Option<Pattern>)> {
    let mut assigned: Vec<_> = timers(expected, minutes, stream)
        .into_iter()
        .map(|pattern| pattern.map(|pattern| (Trigger::Timer, Some(pattern))))
        .collect();
    let mut by_popularity: Vec<usize> = (0..expected.len()).collect();
    by_popularity.retain(|function| assigned[*function].is_none());
    by_popularity.sort_by(|a, b| expected[*b].total_cmp(&expected[*a]));
    by_popularity.truncate((expected.len() as f64 * POPULAR).ceil() as usize);
    let sum: f64 = by_popularity.iter().map(|f| expected[*f]).sum();
    let mut owed = SHARES.map(|(trigger, _, requests)| (trigger, requests * sum));
    for function in by_popularity {
        if let Some(most) = owed.iter_mut().max_by(|a, b| a.1.total_cmp(&b.1)) {
            most.1 -= expected[function];
            assigned[function] = Some((most.0, None));
        }
    }
    let all: f64 = SHARES.iter().map(|(_, functions, _)| functions).sum();
    let mut draw = || {
        let mut left = uniform(stream) * all;
        let found = SHARES.iter().find(|(_, functions, _)| {
            left -= functions;
            left < 0.0
        });
        (
            found.map_or(Trigger::Http, |(trigger, _, _)| *trigger),
            None,
        )
    };
    assigned
        .into_iter()
        .map(|found| found.unwrap_or_else(&mut draw))
        .collect()
}

/// Timers, where the popularity of a function is one that a timer may have.
fn timers(expected: &[f64], minutes: f64, stream: &mut Stream) -> Vec<Option<Pattern>> {
    let seconds = minutes * 60.0;
    // From once a day (with room for the nearest period), if the trace is that long, up to once a
    // second.
    let least = 0.7 * (seconds / 86_400.0).max(1.0);
    let is_fast = |requests: f64| requests > minutes && requests <= seconds;
    let is_slow = |requests: f64| requests >= least && requests <= minutes;
    let count = |which: &dyn Fn(f64) -> bool| expected.iter().filter(|e| which(**e)).count();
    let wanted = TIMERS * expected.len() as f64;
    let chance = |share: f64, of: usize| (wanted * share / of.max(1) as f64).min(0.9);
    let fast = chance(FAST_TIMERS, count(&is_fast));
    let slow = chance(1.0 - FAST_TIMERS, count(&is_slow));
    expected
        .iter()
        .map(|requests| {
            let u = uniform(stream);
            let timer = (is_fast(*requests) && u < fast) || (is_slow(*requests) && u < slow);
            let gap = seconds / requests;
            let distance = |period: &u32| (f64::from(*period) / gap).ln().abs();
            let possible = PERIODS
                .iter()
                .filter(|period| f64::from(**period) <= seconds);
            let period = possible.min_by(|a, b| distance(a).total_cmp(&distance(b)));
            let period = *period.filter(|_| timer)?;
            let phase = (uniform(stream) * f64::from(period)) as u32;
            Some(Pattern::Timer { period, phase })
        })
        .collect()
}
