//! The Hodges–Lehmann estimate: a centre of a sample that outliers hardly move.
//!
//! It is the median of the Walsh averages (xᵢ + xⱼ)/2, i ≤ j. They are counted, not stored: memory
//! O(n), time O(n log n).

use super::intervals::Interval;
use super::student::normal_quantile;

/// One-sample Hodges–Lehmann estimate, in the unit of the sample. `None` for an empty sample or one
/// with a NaN or an infinity.
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    Some(Walsh::new(values)?.median())
}

/// [`hodges_lehmann`] with the interval of the signed-rank test at `level` (normal approximation,
/// good from about 20 values). `None` below two values, too.
pub fn hodges_lehmann_interval(values: &[f64], level: f64) -> Option<Interval> {
    let walsh = Walsh::new(values)?;
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let z = -normal_quantile(0.5 * (1.0 - level));
    let spread = z * (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
    let cut = (walsh.count() as f64 / 2.0 - spread).max(1.0) as u64;
    Some(Interval {
        mean: walsh.median(),
        lo: walsh.smallest(cut),
        hi: walsh.smallest(walsh.count() + 1 - cut),
    })
}

/// The Walsh averages of a sorted sample.
struct Walsh {
    sorted: Vec<f64>,
}

impl Walsh {
    fn new(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self { sorted })
    }

    fn count(&self) -> u64 {
        let n = self.sorted.len() as u64;
        n * (n + 1) / 2
    }

    fn median(&self) -> f64 {
        let count = self.count();
        middle(
            self.smallest(count.div_ceil(2)),
            self.smallest(count / 2 + 1),
        )
    }

    /// The `rank`-th smallest average, `rank` from 1: bisects the bit patterns of the numbers, so
    /// the answer is exactly one of the averages.
    fn smallest(&self, rank: u64) -> f64 {
        let mut low = ordered(self.sorted[0]);
        let mut high = ordered(self.sorted[self.sorted.len() - 1]);
        while low < high {
            let between = low + (high - low) / 2;
            if self.at_most(number(between)) < rank {
                low = between + 1;
            } else {
                high = between;
            }
        }
        number(low)
    }

    /// How many averages are ≤ `bound`.
    fn at_most(&self, bound: f64) -> u64 {
        let mut end = self.sorted.len();
        let mut count = 0;
        for (i, &low) in self.sorted.iter().enumerate() {
            while end > i && middle(low, self.sorted[end - 1]) > bound {
                end -= 1;
            }
            if end <= i {
                break;
            }
            count += (end - i) as u64;
        }
        count
    }
}

/// Halves first, so that it cannot overflow.
fn middle(a: f64, b: f64) -> f64 {
    0.5 * a + 0.5 * b
}

/// Maps a number to an integer of the same order.
fn ordered(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// Inverse of [`ordered`].
fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 {
        key & !(1 << 63)
    } else {
        !key
    })
}
