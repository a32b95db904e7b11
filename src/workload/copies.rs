//! More requests than were recorded: copies of them near them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::dist::uniform;
use crate::ids::FunctionId;
use crate::model::Traffic;
use crate::random::{Purpose, Stream, Streams};

use super::clock::NEVER;
use super::curve::Curve;
use super::surge::Change;

/// A copy of a recorded request lies within so many nanoseconds of it: small against the shape of a
/// day, and long against what a request takes, so that copies do not queue for the same instance.
const RADIUS: u64 = 30_000_000_000;

/// Copies recorded requests of one function, or leaves some of them out.
#[derive(Debug)]
pub(super) struct Copier {
    times: f64,
    curve: Option<Curve>,
    stream: Stream,
    /// How far from the request a copy may lie.
    radius: u64,
    end: u64,
}

impl Copier {
    /// `number` tells the sources of a function apart; `None` where there is as much as recorded.
    pub(super) fn new(
        traffic: &Traffic,
        function: FunctionId,
        streams: &Streams,
        number: u32,
        end: u64,
    ) -> Option<Self> {
        let change = Change::of(traffic, Some(function))?;
        Some(Self {
            times: change.times,
            curve: change.curve,
            stream: streams.stream(function.0, Purpose::Traffic, number),
            radius: RADIUS.min(end / 2),
            end,
        })
    }

    /// How often the request at an instant is there.
    fn count(&mut self, at: u64) -> u32 {
        let surge = self.curve.as_ref().map_or(1.0, |curve| curve.at(at));
        whole(self.times * surge, &mut self.stream)
    }

    /// Another instant near this one, within the run.
    fn near(&mut self, at: u64) -> u64 {
        let moved = (uniform(&mut self.stream) * (2 * self.radius) as f64) as u64;
        match (at + moved).checked_sub(self.radius) {
            None => self.radius - (at + moved),
            Some(near) if near >= self.end => 2 * self.end - 1 - near,
            Some(near) => near,
        }
    }
}

/// Requests that were read, until no other that is still to be read can lie before them.
#[derive(Debug)]
pub(super) struct Held<T> {
    /// By instant, then in the order in which they came.
    requests: BinaryHeap<Reverse<(u64, u64, T)>>,
    pushed: u64,
    /// The last instant that was read; [`NEVER`] after the last request.
    read: u64,
}

impl<T: Ord + Copy> Held<T> {
    pub(super) fn new() -> Self {
        Self {
            requests: BinaryHeap::new(),
            pushed: 0,
            read: 0,
        }
    }

    /// The next request, where it is certain which one that is.
    pub(super) fn due(&mut self) -> Option<(u64, T)> {
        let Reverse((at, ..)) = self.requests.peek()?;
        let certain = self.read == NEVER || at.saturating_add(RADIUS) <= self.read;
        if !certain {
            return None;
        }
        let Reverse((at, _, what)) = self.requests.pop()?;
        Some((at, what))
    }

    /// Whether nothing is to come any more, but what is held.
    pub(super) fn is_over(&self) -> bool {
        self.read == NEVER
    }

    /// Takes in a request that was read, with its copies where somebody makes some; [`NEVER`] is
    /// that there was none.
    pub(super) fn read(&mut self, at: u64, what: T, copier: Option<&mut Copier>) {
        self.read = at;
        if at == NEVER {
            return;
        }
        let Some(copier) = copier.filter(|copier| at < copier.end) else {
            self.push(at, what);
            return;
        };
        for number in 0..copier.count(at) {
            let at = if number == 0 { at } else { copier.near(at) };
            self.push(at, what);
        }
    }

    fn push(&mut self, at: u64, what: T) {
        self.pushed += 1;
        self.requests.push(Reverse((at, self.pushed, what)));
    }
}

/// A whole number with this mean, next to it.
fn whole(mean: f64, stream: &mut Stream) -> u32 {
    let below = mean.floor();
    let above = mean > below && uniform(stream) < mean - below;
    below as u32 + u32::from(above)
}
