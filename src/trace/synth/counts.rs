//! How a function's requests are spread over days, hours and minutes: exactly as many as it has.
//!
//! Requests of a Poisson process, given how many they are, are spread like balls over boxes. So
//! each day takes a binomial share of what is left, each hour of its day, each minute of its hour.

use rand::Rng;
use rand::distr::Distribution;
use rand_distr::Binomial;

use super::population::{Function, Pattern, normal};
use super::trigger::Trigger;
use crate::random::Stream;

/// Minutes of a day.
pub(super) const DAY: usize = 1_440;

/// The weight of each day for a trigger: weekends are the sixth and seventh of each week, as the
/// release begins on a Monday (15 July 2019).
pub(super) fn day_weight(trigger: Trigger, day: u32) -> f64 {
    if day % 7 >= 5 { trigger.swing().1 } else { 1.0 }
}

/// What is left of a function's requests for days to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) requests: u64,
    /// The weights of those days.
    pub(super) weight: f64,
}

/// The counts of a function in a day, of which the first `counts.len()` minutes are covered.
pub(super) fn of_day(
    function: &Function,
    day: u32,
    left: &mut Left,
    stream: &mut Stream,
    counts: &mut [u32],
) -> u64 {
    counts.fill(0);
    match function.pattern {
        Pattern::Timer { period, phase } => timer(period, phase, day, counts),
        Pattern::Swing { peak, unrest } => {
            let weight = day_weight(function.trigger, day);
            let today = binomial(left.requests, weight / left.weight, stream);
            left.requests -= today;
            left.weight -= weight;
            if today > 0 {
                let depth = function.trigger.swing().0;
                swing(
                    today,
                    &mut hours(depth, peak, unrest, counts.len(), stream),
                    stream,
                    counts,
                );
            }
            today
        }
    }
}

/// A request each `period` seconds. Time goes on from day to day, as a reader puts them together.
fn timer(period: u32, phase: u32, day: u32, counts: &mut [u32]) -> u64 {
    let begin = u64::from(day) * counts.len() as u64 * 60;
    let (period, phase) = (u64::from(period), u64::from(phase));
    // Requests before an instant.
    let before = |second: u64| (second + period - 1 - phase) / period;
    for (minute, count) in (0..).zip(&mut *counts) {
        let second = begin + minute * 60;
        *count = (before(second + 60) - before(second)) as u32;
    }
    counts.iter().copied().map(u64::from).sum()
}

/// The weight of each hour, by the time of the day and by the function's unrest.
fn hours(depth: f64, peak: f64, unrest: f64, minutes: usize, stream: &mut Stream) -> Vec<f64> {
    (0..minutes.div_ceil(60))
        .map(|hour| {
            let length = (minutes - hour * 60).min(60) as f64;
            let angle = (hour as f64 * 60.0 + 30.0 - peak) / DAY as f64;
            let swing = 1.0 + depth * (std::f64::consts::TAU * angle).cos();
            length * swing * (unrest * normal(stream) - unrest * unrest / 2.0).exp()
        })
        .collect()
}

fn swing(requests: u64, hours: &mut [f64], stream: &mut Stream, counts: &mut [u32]) {
    // Many are drawn minute by minute, few one by one.
    const MANY: u64 = 180;
    let mut weight: f64 = hours.iter().sum();
    let mut left = requests;
    let last = hours.len() - 1;
    for (hour, (of_hour, minutes)) in hours.iter().zip(counts.chunks_mut(60)).enumerate() {
        let share = if hour == last { 1.0 } else { of_hour / weight };
        weight -= of_hour;
        let mut here = binomial(left, share, stream);
        left -= here;
        if here <= MANY {
            for _ in 0..here {
                minutes[place(minutes.len(), stream)] += 1;
            }
        } else {
            for (after, count) in (0..minutes.len()).rev().zip(minutes) {
                let now = binomial(here, 1.0 / (after + 1) as f64, stream);
                *count = now as u32;
                here -= now;
            }
        }
    }
}

/// One of so many places, all as likely.
fn place(places: usize, stream: &mut Stream) -> usize {
    ((u128::from(stream.next_u64()) * places as u128) >> u64::BITS) as usize
}

/// How many of `n` fall into a share of all; all of them where it is 1 or more.
fn binomial(n: u64, share: f64, stream: &mut Stream) -> u64 {
    if n == 0 || share <= 0.0 {
        return 0;
    }
    if share >= 1.0 - 1e-12 {
        return n;
    }
    Binomial::new(n, share).map_or(0, |law| law.sample(stream).min(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn every_request_has_its_minute() {
        let mut stream = Streams::new(1, 0).stream(0, Purpose::Arrivals, 0);
        for requests in [1, 59, 10_000, 4_000_000_000_u64] {
            for minutes in [1, 61, 480, DAY] {
                let mut counts = vec![0; minutes];
                let mut hours = hours(0.45, 840.0, 0.5, minutes, &mut stream);
                if requests / minutes as u64 > u64::from(u32::MAX) / 2 {
                    continue;
                }
                swing(requests, &mut hours, &mut stream, &mut counts);
                let sum: u64 = counts.iter().copied().map(u64::from).sum();
                assert_eq!(sum, requests, "{minutes} minutes");
            }
        }
    }

    #[test]
    fn timers_fire_to_the_second_over_days() {
        let mut counts = vec![0; DAY];
        assert_eq!(timer(1, 0, 3, &mut counts), 86_400);
        assert!(counts.iter().all(|count| *count == 60));
        assert_eq!(timer(300, 61, 0, &mut counts), 288);
        assert_eq!(counts[..7], [0, 1, 0, 0, 0, 0, 1]);
        // 7 minutes do not divide a day: the second day goes on where the first ended.
        timer(420, 0, 1, &mut counts);
        assert_eq!(counts.iter().position(|count| *count > 0), Some(2));
        let fired: u64 = (0..10).map(|day| timer(420, 0, day, &mut counts)).sum();
        assert_eq!(fired, 864_000_u64.div_ceil(420));
    }

    #[test]
    fn days_take_their_shares_and_leave_nothing() {
        let streams = Streams::new(1, 0);
        let mut left = Left {
            requests: 1_000_000,
            weight: (0..7).map(|day| day_weight(Trigger::Http, day)).sum(),
        };
        let function = Function {
            app: 0,
            hash: super::super::hash::Hash::draw(&mut streams.stream(9, Purpose::Life, 0)),
            trigger: Trigger::Http,
            requests: left.requests,
            pattern: Pattern::Swing {
                peak: 840.0,
                unrest: 0.1,
            },
            average: 1.0,
        };
        let mut counts = vec![0; DAY];
        let days: Vec<u64> = (0..7)
            .map(|day| {
                let mut stream = streams.stream(0, Purpose::Arrivals, day);
                of_day(&function, day, &mut left, &mut stream, &mut counts)
            })
            .collect();
        assert_eq!(days.iter().sum::<u64>(), 1_000_000);
        assert_eq!(left.requests, 0);
        let weekend = (days[5] + days[6]) as f64 / (days[0] + days[1]) as f64;
        assert!((weekend - 0.75).abs() < 0.01, "{days:?}");
    }
}
