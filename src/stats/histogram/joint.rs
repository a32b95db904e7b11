//! Two histograms, and zeros, read as one.

use super::{Histogram, bounds};

/// Stands for the bucket after the last.
const NONE: (u32, u64) = (u32::MAX, 0);

/// What two histograms hold together, and so many zeros.
#[derive(Clone, Copy, Debug)]
pub struct Joint<'a> {
    parts: [&'a Histogram; 2],
    zeros: u64,
}

impl<'a> Joint<'a> {
    /// Reads them as one; nothing is copied.
    pub const fn new(parts: [&'a Histogram; 2], zeros: u64) -> Self {
        Self { parts, zeros }
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.parts[0].count + self.parts[1].count + self.zeros
    }

    /// Their mean in nanoseconds; `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        let sum = self.parts[0].sum + self.parts[1].sum;
        (self.count() > 0).then(|| sum as f64 / self.count() as f64)
    }

    /// All of it in a histogram of its own.
    pub fn histogram(&self) -> Histogram {
        let mut all = self.parts[0].clone();
        all.merge(self.parts[1]);
        all.record_n(0, self.zeros);
        all
    }

    fn min(&self) -> u64 {
        if self.zeros > 0 {
            0
        } else {
            self.parts[0].min.min(self.parts[1].min)
        }
    }

    fn max(&self) -> u64 {
        self.parts[0].max.max(self.parts[1].max)
    }

    /// Several quantiles, rising, in one pass over the buckets; see [`Histogram::quantile`].
    pub fn quantiles<const N: usize>(&self, qs: [f64; N]) -> [Option<u64>; N] {
        let (all, min, max) = (self.count(), self.min(), self.max());
        let [mut a, mut b] = self.parts.map(Histogram::filled);
        let mut next_a = a.next().unwrap_or(NONE);
        let mut next_b = b.next().unwrap_or(NONE);
        let mut seen = self.zeros;
        // The middle of the bucket that `seen` has come to.
        let mut middle = 0;
        qs.map(|q| {
            if all == 0 || !(0.0..=1.0).contains(&q) {
                return None;
            }
            let rank = nearest_rank(q, all);
            if rank == 1 {
                return Some(min);
            }
            if rank == all {
                return Some(max);
            }
            while seen < rank {
                let bucket = next_a.0.min(next_b.0);
                if bucket == NONE.0 {
                    return Some(max);
                }
                if next_a.0 == bucket {
                    seen += next_a.1;
                    next_a = a.next().unwrap_or(NONE);
                }
                if next_b.0 == bucket {
                    seen += next_b.1;
                    next_b = b.next().unwrap_or(NONE);
                }
                let (lower, upper) = bounds(bucket);
                middle = lower + (upper - lower) / 2;
            }
            Some(middle.clamp(min, max))
        })
    }
}

/// ⌈q·n⌉ within 1..=n.
fn nearest_rank(q: f64, n: u64) -> u64 {
    let rank = (q * n as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil();
    (rank as u64).clamp(1, n)
}
