//! How much more traffic there is than the sources say: all the time, and on launch days.

use std::sync::Arc;

use crate::ids::FunctionId;
use crate::units::{Span, Time};

use super::{BatchSize, Burst, MmppState, Process, Profile};

/// How many requests of users there are for each that the sources of a plan send.
#[derive(Clone, PartialEq, Debug)]
pub struct Traffic {
    /// All the time; above zero.
    pub times: f64,
    /// On top of that; no two at the same time for the same function.
    pub surges: Arc<[Surge]>,
}

/// A time in which more requests arrive than usually.
#[derive(Clone, PartialEq, Debug)]
pub struct Surge {
    /// When it begins.
    pub start: Time,
    /// How long it lasts.
    pub duration: Span,
    /// Requests for each that there usually is, at its height; above 1.
    pub times: f64,
    /// How long it takes to rise to that, and to fall again before its end; at most half of it.
    pub ramp: Span,
    /// The functions whose requests become more, rising; `None` is all of them, and workflows too.
    pub functions: Option<Arc<[FunctionId]>>,
}

impl Default for Traffic {
    /// What the sources say.
    fn default() -> Self {
        Self {
            times: 1.0,
            surges: Arc::new([]),
        }
    }
}

impl Traffic {
    /// Whether there is as much as the sources say.
    #[expect(
        clippy::float_cmp,
        reason = "exactly 1 is what was typed, or the default"
    )]
    pub fn is_usual(&self) -> bool {
        self.times == 1.0 && self.surges.is_empty()
    }

    /// The surges of a function, or those of workflows, in the order of time.
    pub fn surges_of(&self, function: Option<FunctionId>) -> Vec<&Surge> {
        let mut surges: Vec<&Surge> = self.surges.iter().filter(|s| s.is_of(function)).collect();
        surges.sort_by_key(|surge| surge.start);
        surges
    }
}

impl Surge {
    /// Whether it is one of a function, or of workflows.
    pub fn is_of(&self, function: Option<FunctionId>) -> bool {
        match (&self.functions, function) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(functions), Some(function)) => functions.binary_search(&function).is_ok(),
        }
    }

    /// When it is over.
    pub fn end(&self) -> Time {
        self.start + self.duration
    }
}

impl Process {
    /// The same process with so many times as many requests: where chance or a rate sends them that
    /// many times as often; where several come together, so many times as many each time. Requests
    /// by the calendar stay as they are, and recorded ones are for who reads them.
    #[must_use]
    pub fn times(&self, times: f64) -> Self {
        match self {
            Self::Poisson { rate } => Self::Poisson { rate: rate * times },
            Self::Every { interval, offset } => Self::Every {
                interval: sooner(*interval, times),
                offset: *offset,
            },
            Self::Renewal { gap } => Self::Renewal {
                gap: gap.scaled(1.0 / times),
            },
            Self::Mmpp { states } => Self::Mmpp {
                states: (states.iter())
                    .map(|state| MmppState {
                        rate: state.rate * times,
                        stay: state.stay,
                    })
                    .collect(),
            },
            Self::Profile(profile) => Self::Profile(Profile {
                period: profile.period,
                phase: profile.phase,
                rates: profile.rates.iter().map(|rate| rate * times).collect(),
            }),
            Self::Burst(burst) => Self::Burst(Burst {
                requests: (f64::from(burst.requests) * times).round() as u32,
                ..*burst
            }),
            Self::Batch { rate, size } => batch(*rate, size, times),
            Self::Schedule(_) | Self::Replay { .. } => self.clone(),
        }
    }
}

/// The length of time after which so many times as many fit into the same time.
fn sooner(interval: Span, times: f64) -> Span {
    let nanos = interval.nanos() as f64 / times;
    Span::from_nanos_f64(nanos).max(Span::from_nanos(1))
}

/// Batches so many times as large on average. A size that is no whole number is the one below or
/// above it by chance; where a geometric one would be below 1, batches of 1 become fewer instead.
fn batch(rate: f64, size: &BatchSize, times: f64) -> Process {
    let (rate, size) = match size {
        BatchSize::Geometric { mean } if mean * times < 1.0 => {
            (rate * mean * times, BatchSize::Constant(1))
        }
        BatchSize::Geometric { mean } => {
            let mean = mean * times;
            (rate, BatchSize::Geometric { mean })
        }
        BatchSize::Constant(size) => (rate, mixed(&[(*size, 1.0)], times)),
        BatchSize::Weights(sizes) => (rate, mixed(sizes, times)),
    };
    Process::Batch { rate, size }
}

/// Sizes with their cumulated probabilities, so many times as large.
fn mixed(sizes: &[(u32, f64)], times: f64) -> BatchSize {
    let mut larger: Vec<(u32, f64)> = Vec::with_capacity(2 * sizes.len());
    let mut before = 0.0;
    for (size, cumulated) in sizes {
        let wanted = f64::from(*size) * times;
        let weight = cumulated - before;
        before = *cumulated;
        let above = wanted - wanted.floor();
        larger.push((wanted.floor() as u32, weight * (1.0 - above)));
        larger.push((wanted.floor() as u32 + 1, weight * above));
    }
    larger.retain(|(_, weight)| *weight > 0.0);
    larger.sort_by_key(|(size, _)| *size);
    let mut sum = 0.0;
    for (_, weight) in &mut larger {
        sum += *weight;
        *weight = sum;
    }
    // Whatever was rounded, the last one is certain.
    if let Some((_, last)) = larger.last_mut() {
        *last = 1.0;
    }
    BatchSize::Weights(larger.into())
}
