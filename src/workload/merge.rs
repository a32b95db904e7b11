//! All sources of a plan in time order: one request is pulled ahead of each, and a loser tree says
//! which comes first. Memory is that of the sources, whatever the number of requests.

use crate::ids::FunctionId;
use crate::model::{Plan, Source};
use crate::random::Streams;
use crate::trace::TraceFault;
use crate::units::Time;

use super::source::FunctionArrivals;
use super::{Arrival, Arrivals};

/// The requests of a plan in time order, up to its end.
#[derive(Debug)]
pub struct Workload {
    /// By function, then in the order of the plan.
    lanes: Vec<FunctionArrivals>,
    heads: LoserTree,
    /// Nanoseconds; a request at this instant is not sent.
    end: u64,
}

/// When the next request of a lane comes: (nanoseconds, function, lane) in one number, so that the
/// order of equal times needs no second comparison.
type Key = u128;

/// The key of a lane without a further request.
const NO_KEY: Key = Key::MAX;

fn key(at: u64, function: FunctionId, lane: usize) -> Key {
    (Key::from(at) << 64) | (Key::from(function.0) << 32) | lane as Key
}

impl Workload {
    /// All requests of a plan.
    ///
    /// # Errors
    /// The files that cannot be read.
    pub fn new(plan: &Plan, streams: &Streams) -> Result<Self, Vec<TraceFault>> {
        Self::gather(plan, *streams, |_| true)
    }

    /// The requests of one function of a plan: the same as [`Self::new`] gives for it.
    ///
    /// # Errors
    /// The files that cannot be read.
    pub fn of_function(
        plan: &Plan,
        streams: &Streams,
        function: FunctionId,
    ) -> Result<Self, Vec<TraceFault>> {
        Self::gather(plan, *streams, |id| id == function)
    }

    fn gather(
        plan: &Plan,
        streams: Streams,
        wanted: impl Fn(FunctionId) -> bool,
    ) -> Result<Self, Vec<TraceFault>> {
        let mut lanes = Vec::new();
        let mut faults = Vec::new();
        // How many sources a function has had so far: the number of the next one's streams.
        let mut numbers = vec![0; plan.functions.len()];
        for source in plan.sources.iter() {
            match source {
                Source::Process { function, process } => {
                    if !wanted(*function) {
                        continue;
                    }
                    let number = &mut numbers[function.index()];
                    let model = &plan.functions[function.index()];
                    match FunctionArrivals::of_process(*function, model, process, &streams, *number)
                    {
                        Ok(parts) => {
                            *number += parts.len() as u32;
                            lanes.extend(parts);
                        }
                        Err(fault) => faults.push(fault),
                    }
                }
                Source::Trace { trace, .. } => faults.push(TraceFault {
                    file: trace.path().to_owned(),
                    row: None,
                    message: "cannot be read yet".to_owned(),
                }),
            }
        }
        if faults.is_empty() {
            Ok(Self::merge(lanes, plan.end()))
        } else {
            Err(faults)
        }
    }

    fn merge(mut lanes: Vec<FunctionArrivals>, end: Time) -> Self {
        lanes.sort_by_key(|lane| lane.function);
        let end = end.nanos();
        let heads = lanes
            .iter_mut()
            .enumerate()
            .map(|(number, lane)| head(lane, number, end))
            .collect();
        Self {
            lanes,
            heads: LoserTree::new(heads),
            end,
        }
    }
}

/// Pulls the next instant of a lane.
#[inline]
fn head(lane: &mut FunctionArrivals, number: usize, end: u64) -> Key {
    let at = lane.next_instant();
    if at < end {
        key(at, lane.function, number)
    } else {
        NO_KEY
    }
}

impl Arrivals for Workload {
    #[inline]
    fn next_arrival(&mut self) -> Option<Arrival> {
        let first = self.heads.first;
        if first == NO_KEY {
            return None;
        }
        let number = first as u32 as usize;
        let lane = &mut self.lanes[number];
        let arrival = lane.request(Time::from_nanos((first >> 64) as u64));
        let next = head(lane, number, self.end);
        self.heads.replace_first(number, next);
        Some(arrival)
    }
}

/// A tournament whose inner nodes hold the losers: to replace the winner, its new key is played
/// against the losers on its way up, one comparison a level and no branch that depends on it.
#[derive(Debug)]
struct LoserTree {
    first: Key,
    /// Node n plays the winners of nodes 2n and 2n + 1; the leaves come after the last node. Node 0
    /// is not used.
    losers: Vec<Key>,
}

impl LoserTree {
    fn new(mut keys: Vec<Key>) -> Self {
        let leaves = keys.len().next_power_of_two();
        keys.resize(leaves, NO_KEY);
        let mut losers = vec![NO_KEY; leaves];
        // The winners of a level, then of the one above it, and so on.
        while keys.len() > 1 {
            let level = keys.len() / 2;
            for node in 0..level {
                let (a, b) = (keys[2 * node], keys[2 * node + 1]);
                losers[level + node] = a.max(b);
                keys[node] = a.min(b);
            }
            keys.truncate(level);
        }
        Self {
            first: keys[0],
            losers,
        }
    }

    /// Replaces the key of `leaf`, which holds the first.
    #[inline]
    fn replace_first(&mut self, leaf: usize, mut key: Key) {
        let mut node = (leaf + self.losers.len()) >> 1;
        while node > 0 {
            let loser = &mut self.losers[node];
            let (winner, lost) = if *loser < key {
                (*loser, key)
            } else {
                (key, *loser)
            };
            *loser = lost;
            key = winner;
            node >>= 1;
        }
        self.first = key;
    }
}
