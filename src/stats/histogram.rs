//! A mergeable histogram of durations with 64 linear buckets an octave.
//!
//! Any quantile is right to 1/128 of itself (0.8 %) and to the nanosecond below 128 ns; count, sum,
//! least and greatest are exact. Recording is the simulator's hot path: an index from the position
//! of the leading bit, no search, no allocation once the range is touched. Memory is four bytes a
//! bucket between the least and the greatest touched: 256 bytes an octave.

mod joint;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use joint::Joint;

/// log2 of the linear buckets in an octave.
const STEP_BITS: u32 = 6;

/// Buckets that cover all of u64.
const BUCKETS: u32 = (64 - STEP_BITS + 1) << STEP_BITS;

/// Buckets that are touched at first, which many histograms need no more of.
const FIRST: u32 = 16;

/// Histogram of u64 nanoseconds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Sparse", into = "Sparse")]
pub struct Histogram {
    /// Counts modulo 2³² from bucket `first` on.
    counts: Vec<u32>,
    /// Bucket of `counts[0]`.
    first: u32,
    /// How often a bucket's count passed 2³², by bucket; nearly always empty.
    carries: Vec<(u32, u64)>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// A bucket that holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Least value it takes, in nanoseconds.
    pub lower: u64,
    /// Greatest value it takes, in nanoseconds.
    pub upper: u64,
    /// Values in it.
    pub count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram; allocates nothing.
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            first: 0,
            carries: Vec::new(),
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Records one value in nanoseconds.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        self.count += 1;
        self.sum += u128::from(ns);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
        let bucket = bucket_of(ns);
        // Below `first` wraps to beyond the end.
        match self
            .counts
            .get_mut(bucket.wrapping_sub(self.first) as usize)
        {
            Some(slot) if *slot < u32::MAX => *slot += 1,
            _ => self.add_slowly(bucket, 1),
        }
    }

    /// Records `times` times the same value.
    pub fn record_n(&mut self, ns: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.count += times;
        self.sum += u128::from(ns) * u128::from(times);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
        self.add_slowly(bucket_of(ns), times);
    }

    /// Adds all that `other` recorded.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (low, high) = (bucket_of(other.min), bucket_of(other.max));
        self.cover(low, high);
        let mine = &mut self.counts[(low - self.first) as usize..];
        let others = &other.counts[(low - other.first) as usize..=(high - other.first) as usize];
        let mut carries = other.carries.clone();
        for (bucket, (count, more)) in (low..).zip(mine.iter_mut().zip(others)) {
            let (sum, over) = count.overflowing_add(*more);
            *count = sum;
            if over {
                carries.push((bucket, 1));
            }
        }
        for (bucket, times) in carries {
            self.carry(bucket, times);
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their exact sum in nanoseconds.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Their mean in nanoseconds; `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The least value, exact; `None` when empty.
    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest value, exact; `None` when empty.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The `q` quantile in nanoseconds by nearest rank: the ⌈q·n⌉-th least value (the least at
    /// q = 0), within 1/128 of itself. `None` when empty or when `q` is outside 0 to 1.
    ///
    /// Answers the middle of that value's bucket, clamped to the least and greatest recorded; the
    /// first and last ranks are exact. A product q·n that rounding lifts just above a whole number
    /// counts as that number.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let [value] = self.quantiles([q]);
        value
    }

    /// Several quantiles, rising, in one pass over the buckets; see [`Self::quantile`].
    pub fn quantiles<const N: usize>(&self, qs: [f64; N]) -> [Option<u64>; N] {
        Joint::new([self, const { &Self::new() }], 0).quantiles(qs)
    }

    /// The buckets that hold something, in ascending order: a cumulative distribution to plot.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled().map(|(bucket, count)| {
            let (lower, upper) = bounds(bucket);
            Bucket {
                lower,
                upper,
                count,
            }
        })
    }

    /// (bucket, count) of those that hold something, ascending.
    fn filled(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (self.first..)
            .zip(&self.counts)
            .filter_map(|(bucket, &low)| {
                let count = u64::from(low) + self.carried(bucket);
                (count > 0).then_some((bucket, count))
            })
    }

    fn carried(&self, bucket: u32) -> u64 {
        match self.carries.iter().find(|(of, _)| *of == bucket) {
            Some((_, times)) => times << 32,
            None => 0,
        }
    }

    /// Adds to a bucket that may be untouched or about to overflow.
    #[cold]
    #[inline(never)]
    fn add_slowly(&mut self, bucket: u32, times: u64) {
        self.cover(bucket, bucket);
        let slot = &mut self.counts[(bucket - self.first) as usize];
        let total = u64::from(*slot) + (times & u64::from(u32::MAX));
        *slot = total as u32;
        let carry = (times >> 32) + (total >> 32);
        if carry > 0 {
            self.carry(bucket, carry);
        }
    }

    /// A bucket's count has passed 2³² so many times.
    fn carry(&mut self, bucket: u32, times: u64) {
        match self.carries.iter_mut().find(|(of, _)| *of == bucket) {
            Some((_, carried)) => *carried += times,
            None => self.carries.push((bucket, times)),
        }
    }

    /// Extends the touched range to hold `low..=high`: a little at first, then by octaves.
    fn cover(&mut self, low: u32, high: u32) {
        let step = if self.counts.is_empty() {
            FIRST
        } else {
            1 << STEP_BITS
        };
        let mut first = low / step * step;
        let mut end = (high / step + 1) * step;
        if !self.counts.is_empty() {
            let touched = self.first + self.counts.len() as u32;
            first = if low < self.first { first } else { self.first };
            end = if high >= touched { end } else { touched };
        }
        let length = (end - first) as usize;
        if length == self.counts.len() {
            return;
        }
        let mut counts = Vec::with_capacity(length);
        if !self.counts.is_empty() {
            counts.resize((self.first - first) as usize, 0);
            counts.extend_from_slice(&self.counts);
        }
        counts.resize(length, 0);
        self.counts = counts;
        self.first = first;
    }
}

/// Equal histograms show the same: how far a range was touched is not told.
impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            count,
            sum,
            min,
            max,
            ..
        } = self;
        write!(f, "{count} values, {sum} in all, {min} to {max}: ")?;
        f.debug_map().entries(self.filled()).finish()
    }
}

/// Equal when the same values were recorded, as far as buckets tell.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.sum, self.min, self.max) == (other.count, other.sum, other.min, other.max)
            && self.filled().eq(other.filled())
    }
}

impl Eq for Histogram {}

/// Half of the bucket that a value in nanoseconds falls into: how far a quantile may be off.
pub fn resolution(ns: f64) -> f64 {
    let (lower, upper) = bounds(bucket_of(ns as u64));
    (upper - lower) as f64 / 2.0
}

/// Values below 128 have a bucket each; above, the leading bit and the six that follow name it.
#[inline]
fn bucket_of(ns: u64) -> u32 {
    let octave = (ns | 1 << STEP_BITS).ilog2() - STEP_BITS;
    (octave << STEP_BITS) + (ns >> octave) as u32
}

/// Least and greatest value of a bucket.
fn bounds(bucket: u32) -> (u64, u64) {
    let octave = (bucket >> STEP_BITS).saturating_sub(1);
    let step = u64::from(bucket - (octave << STEP_BITS));
    let lower = step << octave;
    (lower, lower + ((1 << octave) - 1))
}

/// The written form: only buckets that hold something.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sparse {
    count: u64,
    /// Decimal text, since few formats hold a 128-bit number.
    sum_ns: String,
    min_ns: Option<u64>,
    max_ns: Option<u64>,
    /// Linear buckets an octave, so that a reader needs no source.
    buckets_per_octave: u32,
    /// (least value in nanoseconds, count), ascending.
    buckets: Vec<(u64, u64)>,
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        Self {
            count: histogram.count,
            sum_ns: histogram.sum.to_string(),
            min_ns: histogram.min(),
            max_ns: histogram.max(),
            buckets_per_octave: 1 << STEP_BITS,
            buckets: histogram.buckets().map(|b| (b.lower, b.count)).collect(),
        }
    }
}

impl TryFrom<Sparse> for Histogram {
    type Error = String;

    fn try_from(sparse: Sparse) -> Result<Self, String> {
        if sparse.buckets_per_octave != 1 << STEP_BITS {
            let found = sparse.buckets_per_octave;
            return Err(format!(
                "a histogram of {found} buckets an octave, not {}",
                1 << STEP_BITS
            ));
        }
        let mut histogram = Self::new();
        if let [(first, _), .., (last, _)] = sparse.buckets[..] {
            histogram.cover(bucket_of(first.min(last)), bucket_of(last.max(first)));
        }
        let mut total = 0_u64;
        for &(lower, count) in &sparse.buckets {
            let bucket = bucket_of(lower);
            if bounds(bucket).0 != lower {
                return Err(format!("no histogram bucket begins at {lower} ns"));
            }
            histogram.add_slowly(bucket, count);
            total = total
                .checked_add(count)
                .ok_or("histogram counts beyond 64 bits")?;
        }
        if total != sparse.count {
            return Err(format!(
                "histogram buckets hold {total} values, not {}",
                sparse.count
            ));
        }
        let first = histogram.filled().next();
        let last = histogram.filled().last();
        let ends = (
            first.map(|(bucket, _)| bucket),
            last.map(|(bucket, _)| bucket),
        );
        if ends != (sparse.min_ns.map(bucket_of), sparse.max_ns.map(bucket_of)) {
            return Err("histogram min_ns and max_ns lie outside its buckets".to_owned());
        }
        let Ok(sum) = sparse.sum_ns.parse() else {
            return Err(format!(
                "histogram sum_ns {:?} is not a whole number",
                sparse.sum_ns
            ));
        };
        histogram.count = sparse.count;
        histogram.sum = sum;
        histogram.min = sparse.min_ns.unwrap_or(u64::MAX);
        histogram.max = sparse.max_ns.unwrap_or(0);
        Ok(histogram)
    }
}

const _: () = assert!(BUCKETS == 3776 && BUCKETS.is_multiple_of(1 << STEP_BITS));
