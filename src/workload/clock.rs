//! The instants at which one source of one function asks.

use crate::dist::{Dist, exponential, uniform};
use crate::model::{BatchSize, Burst};
use crate::random::Stream;
use crate::trace::MinuteClock;
use crate::units::{NANOS_PER_SECOND, Span};

use super::rates::{MmppClock, ProfileClock};
use super::surge::Surged;
use super::timed::TimedClock;

/// Later than any request, in nanoseconds.
pub(super) const NEVER: u64 = u64::MAX;

/// A process at some instant. Small, so that the clocks of many functions stay in the cache: what
/// needs more than two words is boxed.
#[derive(Debug)]
pub(super) enum Clock {
    /// No (further) request.
    Silent,
    Poisson {
        at: u64,
        /// Nanoseconds.
        mean_gap: f64,
    },
    Every {
        next: u64,
        interval: u64,
    },
    Renewal {
        at: u64,
        gap: Box<Dist>,
    },
    Mmpp(Box<MmppClock>),
    Profile(Box<ProfileClock>),
    Burst(Box<BurstClock>),
    Batch(Box<BatchClock>),
    Timed(Box<TimedClock>),
    Minutes(Box<MinuteClock>),
    Surged(Box<Surged>),
}

impl Clock {
    /// `rate` in requests a second.
    pub(super) fn poisson(rate: f64) -> Self {
        if rate > 0.0 {
            Self::Poisson {
                at: 0,
                mean_gap: NANOS_PER_SECOND as f64 / rate,
            }
        } else {
            Self::Silent
        }
    }

    /// A clock of the same process with so many times its rate, where it is a Poisson process, as
    /// one with a rate that changes is. Nobody asks for what comes after `end`.
    pub(super) fn memoryless(&self, times: f64, end: u64) -> Self {
        match self {
            Self::Poisson { at, mean_gap } => Self::Poisson {
                at: *at,
                mean_gap: mean_gap / times,
            },
            Self::Mmpp(clock) => Self::Mmpp(Box::new(clock.times(times, end))),
            Self::Profile(clock) => Self::Profile(Box::new(clock.times(times))),
            _ => Self::Silent,
        }
    }

    /// Lets no request come before an instant, which is none in the past. What remembers nothing
    /// goes on from there as if it had drawn none in between.
    pub(super) fn skip_to(&mut self, instant: u64) {
        match self {
            Self::Poisson { at, .. } => *at = instant,
            Self::Mmpp(clock) => clock.skip_to(instant),
            Self::Profile(clock) => clock.skip_to(instant),
            _ => {}
        }
    }

    /// The next instant in nanoseconds, never before the last one; [`NEVER`] after the last.
    #[expect(
        clippy::inline_always,
        reason = "drawn once a request: the calls were a tenth of the instructions of a draw"
    )]
    #[inline(always)]
    pub(super) fn next(&mut self, stream: &mut Stream) -> u64 {
        match self {
            Self::Poisson { at, mean_gap } => {
                let gap = Span::from_nanos_f64(exponential(stream) * *mean_gap);
                *at = at.saturating_add(gap.nanos());
                *at
            }
            Self::Minutes(clock) => clock.next(stream).unwrap_or(NEVER),
            other => other.next_of_others(stream),
        }
    }

    /// Kept out of the way of the commonest processes, which are inlined.
    #[inline(never)]
    fn next_of_others(&mut self, stream: &mut Stream) -> u64 {
        match self {
            Self::Silent | Self::Poisson { .. } | Self::Minutes(_) => NEVER,
            Self::Every { next, interval } => {
                let at = *next;
                *next = at.saturating_add(*interval);
                at
            }
            Self::Renewal { at, gap } => {
                *at = at.saturating_add(gap.sample(stream).nanos());
                *at
            }
            Self::Mmpp(clock) => clock.next(stream),
            Self::Profile(clock) => clock.next(stream),
            Self::Burst(clock) => clock.next(),
            Self::Batch(clock) => clock.next(stream),
            Self::Timed(clock) => clock.next(stream),
            Self::Surged(clock) => clock.next(stream),
        }
    }
}

/// Bursts that do not overlap, at some instant.
#[derive(Clone, Debug)]
pub(super) struct BurstClock {
    start: u64,
    sent: u32,
    requests: u32,
    over: u64,
    every: u64,
    /// Bursts still to come after this one.
    left: u32,
}

impl BurstClock {
    fn next(&mut self) -> u64 {
        if self.sent == self.requests {
            if self.left == 0 {
                return NEVER;
            }
            self.left -= 1;
            self.sent = 0;
            self.start = self.start.saturating_add(self.every);
        }
        let at = self
            .start
            .saturating_add(nth(self.sent, self.requests, self.over));
        self.sent += 1;
        at
    }
}

/// When the `number`-th of `requests` is sent that are spread evenly over `over`.
fn nth(number: u32, requests: u32, over: u64) -> u64 {
    (u128::from(over) * u128::from(number) / u128::from(requests)) as u64
}

/// The clocks of a burst. Bursts that overlap (`over` longer than `every`) need several, each in
/// order by itself: either every m-th burst, or the i-th request of all bursts, whichever gives
/// fewer.
///
/// # Panics
/// If bursts are to follow each other after no time at all, which the model rules out.
pub(super) fn bursts(burst: &Burst) -> Vec<Clock> {
    if burst.requests == 0 {
        return Vec::new();
    }
    let (at, over) = (burst.at.nanos(), burst.over.nanos());
    let every = burst.every.map_or(NEVER, Span::nanos);
    assert!(every > 0, "bursts without time between them: {burst:?}");
    let overlap = over.div_ceil(every).max(1);
    if overlap > u64::from(burst.requests) {
        return (0..burst.requests)
            .map(|number| Clock::Every {
                next: at.saturating_add(nth(number, burst.requests, over)),
                interval: every,
            })
            .collect();
    }
    (0..overlap)
        .map(|number| {
            Clock::Burst(Box::new(BurstClock {
                start: at.saturating_add(every.saturating_mul(number)),
                sent: 0,
                requests: burst.requests,
                over,
                every: every.saturating_mul(overlap),
                left: burst
                    .times
                    .map_or(u32::MAX, |times| times.saturating_sub(1)),
            }))
        })
        .collect()
}

/// Batches of requests, at some instant.
#[derive(Clone, Debug)]
pub(super) struct BatchClock {
    at: u64,
    /// Nanoseconds.
    mean_gap: f64,
    size: BatchSize,
    left: u64,
    /// Draws sizes alone, so that batches come when they would with any other sizes.
    sizes: Stream,
}

impl BatchClock {
    /// `None` where there is never a request. `rate` in batches a second.
    pub(super) fn new(rate: f64, size: &BatchSize, sizes: Stream) -> Option<Self> {
        let ever = match size {
            BatchSize::Constant(size) => *size > 0,
            BatchSize::Geometric { .. } => true,
            BatchSize::Weights(sizes) => sizes.iter().any(|(size, _)| *size > 0),
        };
        (ever && rate > 0.0).then(|| Self {
            at: 0,
            mean_gap: NANOS_PER_SECOND as f64 / rate,
            size: size.clone(),
            left: 0,
            sizes,
        })
    }

    fn next(&mut self, stream: &mut Stream) -> u64 {
        while self.left == 0 {
            let gap = Span::from_nanos_f64(exponential(stream) * self.mean_gap);
            self.at = self.at.saturating_add(gap.nanos());
            if self.at == NEVER {
                return NEVER;
            }
            self.left = draw_size(&self.size, &mut self.sizes);
        }
        self.left -= 1;
        self.at
    }
}

fn draw_size(size: &BatchSize, stream: &mut Stream) -> u64 {
    match size {
        BatchSize::Constant(size) => u64::from(*size),
        // The number of failures before a success is the floor of an exponential.
        BatchSize::Geometric { mean } if *mean > 1.0 => {
            let per_failure = -(-1.0 / mean).ln_1p();
            ((exponential(stream) / per_failure) as u64).saturating_add(1)
        }
        BatchSize::Geometric { .. } => 1,
        BatchSize::Weights(sizes) => {
            let u = uniform(stream);
            let drawn = sizes.iter().find(|(_, up_to)| u < *up_to).or(sizes.last());
            drawn.map_or(0, |(size, _)| u64::from(*size))
        }
    }
}
