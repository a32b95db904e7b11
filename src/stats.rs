//! Placeholder until the statistics land: the part of the histogram that `report` reads.

use std::collections::BTreeMap;

/// A histogram of nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram(BTreeMap<u64, u64>);

/// A bucket that holds something.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Least value it takes.
    pub lower: u64,
    /// Greatest value it takes.
    pub upper: u64,
    /// Values in it.
    pub count: u64,
}

impl Histogram {
    /// An empty one.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a value `times` times.
    pub fn record_n(&mut self, ns: u64, times: u64) {
        *self.0.entry(ns).or_default() += times;
    }

    /// Values recorded.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The least value.
    pub fn min(&self) -> Option<u64> {
        self.0.keys().next().copied()
    }

    /// The greatest value.
    pub fn max(&self) -> Option<u64> {
        self.0.keys().next_back().copied()
    }

    /// The buckets that hold something, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.0.iter().map(|(&ns, &count)| Bucket {
            lower: ns,
            upper: ns,
            count,
        })
    }
}
