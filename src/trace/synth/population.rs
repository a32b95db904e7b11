//! Apps and functions: how many belong together, how popular they are, what triggers them, how long
//! they run and what memory they take.

use rand::distr::Distribution;
use rand_distr::StandardNormal;

use super::hash::Hash;
use super::popularity::{fit, requests_a_day, whole};
use super::trigger::{Trigger, assign};
use super::{SynthError, SynthSpec};
use crate::dist::uniform;
use crate::random::Stream;

/// An app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) owner: Hash,
    pub(super) hash: Hash,
    /// The one its functions begin at.
    pub(super) first: u32,
    /// Average, in MB.
    pub(super) memory: f64,
}

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) app: u32,
    pub(super) hash: Hash,
    pub(super) trigger: Trigger,
    /// Requests in the whole trace.
    pub(super) requests: u64,
    pub(super) pattern: Pattern,
    /// Average length of an execution, in seconds.
    pub(super) average: f64,
}

/// When a function is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Pattern {
    /// In seconds, from the beginning of the trace.
    Timer { period: u32, phase: u32 },
    /// By a rate that swings with day and week.
    Swing {
        /// Minute of the day with the highest rate.
        peak: f64,
        /// Spread of the logarithm of an hour's rate around that.
        unrest: f64,
    },
}

#[derive(Debug)]
pub(super) struct Population {
    pub(super) apps: Vec<App>,
    pub(super) functions: Vec<Function>,
}

/// Up to how many functions an app has, with shares of the apps (Shahrad et al., ATC'20, figure 1:
/// 54 % have one, 95 % at most 10). Within a range all are as likely: an assumption.
const SIZES: [(u32, u32, f64); 5] = [
    (1, 1, 0.54),
    (2, 2, 0.16),
    (3, 3, 0.10),
    (4, 5, 0.08),
    (6, 10, 0.07),
];

/// The rest have 11 or more by a power law, none more than 302, as the release; the exponent gives
/// its 2.98 functions an app on average (both counted from the release, see `popularity`).
const LARGE: (f64, f64, u32) = (11.0, 2.4, 302);

/// Spread of the logarithm of how requests are shared within an app: an assumption.
const SHARING: f64 = 2.0;

/// Mean and spread of ln(seconds) of a function's average execution (Shahrad et al., ATC'20,
/// figure 7).
const DURATION: (f64, f64) = (-0.38, 2.36);

/// Nothing runs for longer than this on average, in seconds: an assumption, which 1 function in
/// 7,000 needs.
const LONGEST: f64 = 3_600.0;

/// At most so many executions of a function at a time, on average: instances of an app of Azure
/// Functions' consumption plan (learn.microsoft.com/azure/azure-functions/functions-scale). Without
/// it some of the most popular functions would be among the slowest.
const CONCURRENT: f64 = 200.0;

/// c, k, λ in MB of an app's average memory (Shahrad et al., ATC'20, figure 8). An app of the
/// consumption plan has at most 1,536 MB.
const MEMORY: (f64, f64, f64) = (11.652, 0.221, 107.083);
const LEAST_AND_MOST_MEMORY: (f64, f64) = (10.0, 1_536.0);

/// Median and spread of the unrest of a function: assumptions, within what the busiest apps of the
/// release have from minute to minute (0.05 to 0.7).
const UNREST: (f64, f64, f64) = (0.25, 1.0, 1.5);

impl Population {
    pub(super) fn draw(spec: &SynthSpec, stream: &mut Stream) -> Result<Self, SynthError> {
        let sizes = sizes(spec.functions, stream);
        let minutes = f64::from(spec.days) * f64::from(spec.minutes);
        let mut expected = expected(&sizes, minutes / 1_440.0, stream);
        let total = spec.total();
        let few = || {
            let least = spec.functions;
            SynthError::Size(format!(
                "{total} requests are too few for {least} functions with at least one each"
            ))
        };
        if !fit(&mut expected, minutes, total as f64) {
            return Err(few());
        }
        let triggers = assign(&expected, minutes, stream);
        let requests = requests(&triggers, &mut expected, minutes, total).ok_or_else(few)?;

        let mut population = Self {
            apps: Vec::with_capacity(sizes.len()),
            functions: Vec::with_capacity(expected.len()),
        };
        let mut each = triggers.into_iter().zip(requests);
        let mut owner = Hash::draw(stream);
        for size in sizes {
            // That an owner often has several apps is an assumption.
            if uniform(stream) < 0.7 {
                owner = Hash::draw(stream);
            }
            let app = population.apps.len() as u32;
            population.apps.push(App {
                owner,
                hash: Hash::draw(stream),
                first: population.functions.len() as u32,
                memory: memory(stream),
            });
            for ((trigger, pattern), requests) in each.by_ref().take(size as usize) {
                let a_second = requests as f64 / (minutes * 60.0);
                population.functions.push(Function {
                    app,
                    hash: Hash::draw(stream),
                    trigger,
                    requests,
                    pattern: pattern.unwrap_or_else(|| swing(stream)),
                    average: average(a_second, stream),
                });
            }
        }
        Ok(population)
    }
}

/// How many functions each app has.
fn sizes(functions: u32, stream: &mut Stream) -> Vec<u32> {
    let mut sizes = Vec::new();
    let mut left = functions;
    while left > 0 {
        let mut u = uniform(stream);
        let range = SIZES.iter().find(|(_, _, share)| {
            u -= share;
            u < 0.0
        });
        let size = if let Some((least, most, _)) = range {
            least + (uniform(stream) * f64::from(most - least + 1)) as u32
        } else {
            let (least, exponent, most) = LARGE;
            ((least * (1.0 - uniform(stream)).powf(-1.0 / exponent)) as u32).min(most)
        };
        let size = size.min(left);
        left -= size;
        sizes.push(size);
    }
    sizes
}

/// Requests that each function should have in so many days. Apps stand in random order, at evenly
/// spread places of the curve.
fn expected(sizes: &[u32], days: f64, stream: &mut Stream) -> Vec<f64> {
    let count = sizes.len();
    let mut ranks: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        ranks.swap(place, (uniform(stream) * (place + 1) as f64) as usize);
    }
    let mut expected = Vec::new();
    for (size, rank) in sizes.iter().zip(ranks) {
        let place = (rank as f64 + uniform(stream)) / count as f64;
        let requests = requests_a_day(place) * days;
        let shares: Vec<f64> = (0..*size)
            .map(|_| (SHARING * normal(stream)).exp())
            .collect();
        let all: f64 = shares.iter().sum();
        expected.extend(shares.iter().map(|share| requests * share / all));
    }
    expected
}

/// Requests of each function: those of timers follow from their periods, the others make up the
/// total. `None` where timers alone are more than the total allows.
fn requests(
    triggers: &[(Trigger, Option<Pattern>)],
    expected: &mut [f64],
    minutes: f64,
    total: u64,
) -> Option<Vec<u64>> {
    let timed = |pattern: &Option<Pattern>| match pattern {
        Some(Pattern::Timer { period, phase }) => {
            let seconds = (minutes * 60.0) as u64;
            Some((seconds - 1 - u64::from(*phase)) / u64::from(*period) + 1)
        }
        _ => None,
    };
    let of_timers: u64 = triggers.iter().filter_map(|(_, p)| timed(p)).sum();
    let left = total.checked_sub(of_timers)?;
    let mut others: Vec<f64> = triggers
        .iter()
        .zip(&*expected)
        .filter_map(|((_, pattern), expected)| pattern.is_none().then_some(*expected))
        .collect();
    if (others.is_empty() && left > 0) || !fit(&mut others, minutes, left as f64) {
        return None;
    }
    let mut others = whole(&others, left).into_iter();
    let each = triggers
        .iter()
        .map(|(_, pattern)| timed(pattern).or_else(|| others.next()));
    each.collect()
}

fn swing(stream: &mut Stream) -> Pattern {
    let (median, spread, most) = UNREST;
    Pattern::Swing {
        // The highest load of the release is in the afternoon, UTC (Shahrad et al., figure 4); that
        // functions differ by two hours or so is an assumption.
        peak: 840.0 + 120.0 * normal(stream),
        unrest: (median * (spread * normal(stream)).exp()).min(most),
    }
}

/// A function's average execution in seconds.
fn average(requests_a_second: f64, stream: &mut Stream) -> f64 {
    let (mu, sigma) = DURATION;
    let most = (CONCURRENT / requests_a_second).min(LONGEST);
    let mut draw = || (mu + sigma * normal(stream)).exp();
    let drawn = (0..100).map(|_| draw()).find(|average| *average <= most);
    drawn.unwrap_or(most)
}

/// An app's average memory in MB: the inverse of 1 − (1 + (x/λ)^c)^−k.
fn memory(stream: &mut Stream) -> f64 {
    let (c, k, lambda) = MEMORY;
    let (least, most) = LEAST_AND_MOST_MEMORY;
    let u = uniform(stream);
    (lambda * ((1.0 - u).powf(-1.0 / k) - 1.0).powf(1.0 / c)).clamp(least, most)
}

pub(super) fn normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream)
}
