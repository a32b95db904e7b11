//! A window of requests drawn ahead, and put in order.

use crate::ids::FunctionId;
use crate::units::{Span, Time};

use super::Arrival;
use super::clock::NEVER;

/// A request as it lies in the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    at: u64,
    service: u64,
    function: u32,
    lane: u32,
    fails: bool,
}

impl Drawn {
    #[inline]
    pub(super) fn new(request: &Arrival, lane: usize) -> Self {
        Self {
            at: request.at.nanos(),
            service: request.service.nanos(),
            function: request.function.0,
            lane: lane as u32,
            fails: request.fails,
        }
    }

    /// The order of the merge; what has the same key is of one lane and keeps its order.
    #[inline]
    fn key(&self) -> (u64, u64) {
        (
            self.at,
            u64::from(self.function) << 32 | u64::from(self.lane),
        )
    }
}

/// Requests drawn ahead.
#[derive(Debug)]
pub(super) struct Window {
    /// In the order of the lanes, behind what had been drawn for an earlier window.
    drawn: Vec<Drawn>,
    /// Drawn, but later than the window.
    later: Vec<Drawn>,
    /// In order of time.
    sorted: Vec<Drawn>,
    /// How many of `sorted` have been sent.
    sent: usize,
    /// Where each bucket ends in `sorted`.
    buckets: Vec<u32>,
    begin: u64,
    /// The window is 2^`bits` nanoseconds long.
    bits: u32,
    /// Requests that a window should hold.
    aim: usize,
}

/// Requests a window holds at least, and at most: so many fit into the caches.
const AIMS: (usize, usize) = (512, 16_384);

/// Buckets of at most so many are sorted by insertion.
const SMALL: usize = 24;

const EMPTY: Drawn = Drawn {
    at: 0,
    service: 0,
    function: 0,
    lane: 0,
    fails: false,
};

impl Window {
    pub(super) fn new(lanes: usize) -> Self {
        let aim = (2 * lanes).next_power_of_two().clamp(AIMS.0, AIMS.1);
        Self {
            drawn: Vec::new(),
            later: Vec::new(),
            sorted: Vec::new(),
            sent: 0,
            buckets: Vec::new(),
            begin: 0,
            // A second to begin with; the length then follows the load.
            bits: 30,
            aim,
        }
    }

    /// Whether nothing is left to be popped.
    #[inline]
    pub(super) fn is_sent(&self) -> bool {
        self.sent >= self.sorted.len()
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Arrival> {
        let drawn = self.sorted.get(self.sent)?;
        self.sent += 1;
        Some(Arrival {
            at: Time::from_nanos(drawn.at),
            function: FunctionId(drawn.function),
            service: Span::from_nanos(drawn.service),
            fails: drawn.fails,
        })
    }

    /// Begins a window at the first request that is left, drawn already or (`undrawn`) not yet, and
    /// says when it ends; `None` where none is left.
    pub(super) fn begin(&mut self, undrawn: u64) -> Option<u64> {
        if self.sorted.len() < self.aim / 2 && self.later.is_empty() {
            self.bits = (self.bits + 1).min(62);
        } else if self.sorted.len() > 2 * self.aim {
            self.bits = self.bits.saturating_sub(1);
        }
        self.buckets.resize(self.aim, 0);
        self.drawn.clear();
        let left = self.later.iter().map(|drawn| drawn.at).min();
        self.begin = left.unwrap_or(NEVER).min(undrawn);
        if self.begin == NEVER {
            self.sorted.clear();
            return None;
        }
        let until = self.begin.saturating_add(1 << self.bits);
        self.drawn
            .extend(self.later.extract_if(.., |drawn| drawn.at < until));
        Some(until)
    }

    /// Whether the window should end earlier for want of room. A window of one nanosecond takes
    /// whatever there is.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.drawn.len() >= 4 * self.aim && self.bits > 0
    }

    /// Halves the window and says when it ends now. What has been drawn beyond is kept for later.
    #[cold]
    pub(super) fn halve(&mut self) -> u64 {
        self.bits -= 1;
        let until = self.begin.saturating_add(1 << self.bits);
        self.later
            .extend(self.drawn.extract_if(.., |drawn| drawn.at >= until));
        until
    }

    #[inline]
    pub(super) fn push(&mut self, drawn: Drawn) {
        self.drawn.push(drawn);
    }

    /// Ends drawing: the window can be popped, in order.
    pub(super) fn sort(&mut self) {
        let begin = self.begin;
        let shift = self
            .bits
            .saturating_sub(self.buckets.len().trailing_zeros());
        let bucket = |drawn: &Drawn| ((drawn.at - begin) >> shift) as usize;

        self.buckets.fill(0);
        for drawn in &self.drawn {
            self.buckets[bucket(drawn)] += 1;
        }
        let mut before = 0;
        for ends in &mut self.buckets {
            before += std::mem::replace(ends, before);
        }
        self.sorted.resize(self.drawn.len(), EMPTY);
        for drawn in &self.drawn {
            let place = &mut self.buckets[bucket(drawn)];
            self.sorted[*place as usize] = *drawn;
            *place += 1;
        }
        self.sent = 0;

        let mut start = 0;
        for end in &self.buckets {
            let end = *end as usize;
            sort_small(&mut self.sorted[start..end]);
            start = end;
        }
    }
}

/// Sorts what mostly is a handful of requests. Stable.
#[inline]
fn sort_small(drawn: &mut [Drawn]) {
    if drawn.len() > SMALL {
        drawn.sort_by_key(Drawn::key);
        return;
    }
    for end in 1..drawn.len() {
        let new = drawn[end];
        let mut place = end;
        while place > 0 && drawn[place - 1].key() > new.key() {
            drawn[place] = drawn[place - 1];
            place -= 1;
        }
        drawn[place] = new;
    }
}
