//! When requests arrived, of which a log tells only when they began to run.
//!
//! A cold call is in the log from the beginning of its runtime on. Before that the platform made it
//! a sandbox and fetched its code, for as long as the platform's model says on average. And no
//! instance was idle when its request arrived: where one became idle within the time that this may
//! take, and was not called since, the request arrived before that. Without this, requests that met
//! a busy instance would find it idle in a simulation of their arrivals, and be warm.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io;

use super::call::{Call, NONE};
use super::platform::Unseen;
use super::sort::{Rows, Sorted};

/// Calls in the order in which their requests arrived.
pub(super) struct Arrivals<'a> {
    calls: Rows<'a, Call>,
    unseen: Unseen,
    idle: Idle,
    /// Calls that a later one may precede, with their arrival and place.
    held: BinaryHeap<Reverse<(i64, u64, Held)>>,
    read: u64,
    /// No call arrives before this any more.
    certain: i64,
}

/// A call, which is in no order of its own.
struct Held(Call);

impl PartialEq for Held {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Instances by the end of the last call of each.
#[derive(Default)]
struct Idle {
    ends: BTreeSet<(i64, u32)>,
    of_stream: BTreeMap<u32, i64>,
}

impl Idle {
    /// Forgets those that have been idle since before an instant.
    fn forget(&mut self, before: i64) {
        while let Some((end, stream)) = self.ends.first().copied().filter(|(end, _)| *end < before)
        {
            self.ends.remove(&(end, stream));
            self.of_stream.remove(&stream);
        }
    }

    /// An instance runs a call to its end.
    fn run(&mut self, stream: u32, end: i64) {
        if let Some(before) = self.of_stream.insert(stream, end) {
            self.ends.remove(&(before, stream));
        }
        self.ends.insert((end, stream));
    }

    /// Since when one has been idle at an instant, of those that are.
    fn since(&self, at: i64) -> Option<i64> {
        let (end, _) = self.ends.first()?;
        (*end <= at).then_some(*end)
    }
}

impl<'a> Arrivals<'a> {
    pub(super) fn new(calls: &'a Sorted<Call>, unseen: Unseen) -> io::Result<Self> {
        Ok(Self {
            calls: calls.rows()?,
            unseen,
            idle: Idle::default(),
            held: BinaryHeap::new(),
            read: 0,
            certain: i64::MIN,
        })
    }

    /// The next request: when it arrived, in nanoseconds since 1970, and its call.
    pub(super) fn next(&mut self) -> io::Result<Option<(i64, Call)>> {
        loop {
            let first = self.held.peek().map(|Reverse((at, ..))| *at);
            if first.is_some_and(|at| at <= self.certain) {
                let held = self.held.pop();
                return Ok(held.map(|Reverse((at, _, Held(call)))| (at, call)));
            }
            match self.calls.next()? {
                Some(call) => self.take(call),
                None if first.is_none() => return Ok(None),
                None => self.certain = i64::MAX,
            }
        }
    }

    fn take(&mut self, call: Call) {
        let Some(began) = call.arrival() else { return };
        let most = self.unseen.most;
        self.certain = began.saturating_sub(most);
        self.idle.forget(self.certain);
        let mut arrived = began;
        if call.is_cold() {
            arrived -= self.unseen.mean;
            if let Some(idle) = self.idle.since(began) {
                arrived = arrived.min(idle - 1);
            }
        }
        if call.0.stream != NONE {
            self.idle.run(call.0.stream, call.0.at);
        }
        self.read += 1;
        self.held
            .push(Reverse((arrived.max(self.certain), self.read, Held(call))));
    }
}
