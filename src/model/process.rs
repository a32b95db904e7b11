//! Arrival processes as the user describes them, checked.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dist::Dist;
use crate::schedule::Schedule;
use crate::units::{Span, Time};

/// When the requests of one function arrive.
#[derive(Clone, Debug)]
pub enum Process {
    /// Memoryless arrivals.
    Poisson {
        /// Requests a second; zero is none at all.
        rate: f64,
    },
    /// One request each interval.
    Every {
        /// From one request to the next; above zero.
        interval: Span,
        /// The first request.
        offset: Time,
    },
    /// Gaps drawn independently; the first request is one gap after the beginning.
    Renewal {
        /// From one request to the next, with a mean above zero.
        gap: Dist,
    },
    /// Poisson arrivals whose rate jumps between states (Markov-modulated).
    Mmpp {
        /// The states; after an exponential stay the next one follows, after the last the first.
        states: Vec<MmppState>,
    },
    /// Poisson arrivals with a rate that repeats by time of day or week.
    Profile(Profile),
    /// So many requests within some time, once or again and again.
    Burst(Burst),
    /// Poisson arrivals of several requests at the same instant.
    Batch {
        /// Batches a second.
        rate: f64,
        /// Requests a batch.
        size: BatchSize,
    },
    /// So many requests whenever the calendar says.
    Schedule(TimedRequests),
    /// Recorded requests: a CSV with a header and the column `arrival_s`, optionally `service_ms`
    /// and `function`; where it has `function`, only the rows of this function's name.
    Replay {
        /// The file.
        file: PathBuf,
    },
}

/// A state of a Markov-modulated Poisson process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MmppState {
    /// Requests a second.
    pub rate: f64,
    /// Mean stay.
    pub stay: Span,
}

/// A rate that repeats.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// After which it repeats.
    pub period: Span,
    /// How far into a period the run begins.
    pub phase: Span,
    /// Requests a second in equal parts of the period.
    pub rates: Arc<[f64]>,
}

/// So many requests within some time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Burst {
    /// When the (first) burst begins.
    pub at: Time,
    /// Requests a burst.
    pub requests: u32,
    /// The time they are spread over evenly; zero is all at once.
    pub over: Span,
    /// From one burst to the next; `None` is a single one.
    pub every: Option<Span>,
    /// Bursts in all, where they do not overlap (`over` ≤ `every`); `None` is without end.
    pub times: Option<u32>,
}

/// So many requests whenever the calendar says.
#[derive(Clone, PartialEq, Debug)]
pub struct TimedRequests {
    /// When.
    pub at: Schedule,
    /// Requests each time.
    pub requests: u32,
    /// How late each of them is.
    pub jitter: Dist,
    /// When the run ends, and nothing is drawn any more.
    pub until: Time,
}

/// How many requests a batch has.
#[derive(Clone, PartialEq, Debug)]
pub enum BatchSize {
    /// Always as many.
    Constant(u32),
    /// Geometric with this mean: P(size ≥ k) = (1 − 1/mean)^(k−1).
    Geometric {
        /// Mean size, 1 or more.
        mean: f64,
    },
    /// (size, cumulated probability of 1), rising in both.
    Weights(Arc<[(u32, f64)]>),
}
