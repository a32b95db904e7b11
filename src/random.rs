//! Random numbers from keyed streams: the same key gives the same numbers, whatever else a run
//! draws. There is no global generator.
//!
//! A key is (seed, replication, function, purpose). Arrivals and service times of a function
//! therefore do not depend on the policy, so scenarios of one experiment share them (common random
//! numbers).

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator of every stream: xoshiro256++ (Blackman and Vigna, 2019), 0.7 ns a number.
pub type Stream = Xoshiro256PlusPlus;

/// What a stream is drawn for. Adding a purpose leaves the other streams as they were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Instants of arrival.
    Arrivals = 1,
    /// Service times and errors, drawn an arrival.
    Service = 2,
    /// Phases of instance starts.
    Start = 3,
    /// Maximum lives. Idle lifetimes are drawn by the policy that decides them.
    Life = 4,
    /// Choice among idle instances (`routing = "random"`).
    Routing = 5,
    /// Back-off of clients that retry.
    Retry = 6,
    /// What a policy draws; one stream a policy and function.
    Policy = 7,
    /// Delays of provisioning.
    Provisioning = 8,
    /// The shard that a record goes to.
    Shards = 20,
    /// What gateways take, and when a run crashes.
    EventSource = 21,
    /// Memory that requests need.
    Memory = 17,
    /// Requests on top of those of a source, or left out of them.
    Traffic = 40,
    /// States of an MMPP and sizes of batches.
    ArrivalShape = 42,
    /// What is sampled of a log, and drawn to judge a fit.
    Fit = 41,
    /// Transitions, choices and calls of a workflow's executions.
    Workflow = 30,
}

/// Where streams come from: one source a replication.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    key: u64,
}

impl Streams {
    /// The streams of one replication of an experiment with this seed.
    pub fn new(seed: u64, replication: u32) -> Self {
        Self {
            key: mix(mix(seed) ^ mix(0x5EED_0000_0000 + u64::from(replication))),
        }
    }

    /// Streams of their own for one of many within these: of an execution of a workflow, or of a
    /// branch of an execution.
    #[must_use]
    pub fn within(&self, number: u64) -> Self {
        Self {
            key: mix(self.key ^ mix(0xB4A2_0000_0000_0000 ^ number)),
        }
    }

    /// The stream of a function for a purpose. `number` tells several of the same purpose apart.
    pub fn stream(&self, function: u32, purpose: Purpose, number: u32) -> Stream {
        let place = (u64::from(function) << 32) | u64::from(number);
        let key = mix(self.key ^ mix(place).wrapping_add(mix(0xD1CE ^ purpose as u64)));
        let mut state = [0; 32];
        for (i, word) in state.chunks_exact_mut(8).enumerate() {
            word.copy_from_slice(
                &mix(key.wrapping_add(GOLDEN.wrapping_mul(i as u64 + 1))).to_le_bytes(),
            );
        }
        Stream::from_seed(state)
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014): a bijection in which every input
/// bit moves every output bit. Used to make keys, never as a generator.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(GOLDEN);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn every_key_has_its_own_stream() {
        let mut firsts = BTreeSet::new();
        for seed in 0..4 {
            for replication in 0..4 {
                let streams = Streams::new(seed, replication);
                for function in 0..50 {
                    for purpose in [Purpose::Arrivals, Purpose::Service, Purpose::Policy] {
                        for number in 0..3 {
                            firsts.insert(streams.stream(function, purpose, number).next_u64());
                        }
                    }
                }
            }
        }
        assert_eq!(firsts.len(), 4 * 4 * 50 * 3 * 3);
    }

    #[test]
    fn streams_within_streams_are_their_own() {
        let outer = Streams::new(1, 0);
        let mut firsts = BTreeSet::new();
        for execution in 0..50 {
            let inner = outer.within(execution);
            firsts.insert(inner.stream(0, Purpose::Workflow, 0).next_u64());
            for branch in 0..50 {
                let inner = inner.within(branch);
                firsts.insert(inner.stream(0, Purpose::Workflow, 0).next_u64());
            }
        }
        firsts.insert(outer.stream(0, Purpose::Workflow, 0).next_u64());
        assert_eq!(firsts.len(), 50 + 50 * 50 + 1);
    }
}
