//! Running mean and variance.

use serde::{Deserialize, Serialize};

/// Mean and variance of numbers seen one at a time (Welford 1962), mergeable (Chan, Golub and
/// `LeVeque` 1979). Values must be finite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    /// Nothing seen.
    pub const fn new() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            squares: 0.0,
        }
    }

    /// Sees one value.
    #[inline]
    pub fn record(&mut self, value: f64) {
        self.count += 1;
        let delta = value - self.mean;
        self.mean += delta / self.count as f64;
        self.squares += delta * (value - self.mean);
    }

    /// Sees all that `other` saw.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let delta = other.mean - self.mean;
        self.count += other.count;
        self.mean += delta * (b / (a + b));
        self.squares += other.squares + delta * delta * (a * b / (a + b));
    }

    /// How many values were seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; `None` when there is none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Sample variance (divisor n − 1); `None` below two values.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Sample standard deviation; `None` below two values.
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::new();
        for value in values {
            moments.record(value);
        }
        moments
    }
}
