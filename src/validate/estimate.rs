//! An estimate out of batches of one run, or out of replications, with its standard error.

use crate::stats::intervals::Interval;
use crate::stats::student::student_t_quantile;

/// A value with the standard error of its batches.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Batches or replications that the error comes from.
    pub batches: usize,
}

impl Estimate {
    /// Σy ÷ Σx over batches (y, x), with the error of a ratio of sums: batches may differ in size,
    /// which the mean of their ratios would not allow.
    pub fn ratio(batches: &[(f64, f64)]) -> Self {
        let n = batches.len() as f64;
        let (above, below) = batches
            .iter()
            .fold((0.0, 0.0), |(y, x), batch| (y + batch.0, x + batch.1));
        let value = above / below;
        let squares: f64 = batches.iter().map(|(y, x)| (y - value * x).powi(2)).sum();
        Self {
            value,
            error: (squares * n / (n - 1.0)).sqrt() / below,
            batches: batches.len(),
        }
    }

    /// The mean of values that count alike.
    pub fn mean(values: &[f64]) -> Self {
        let batches: Vec<_> = values.iter().map(|value| (*value, 1.0)).collect();
        Self::ratio(&batches)
    }

    /// The estimate of a multiple.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            error: self.error * factor.abs(),
            ..self
        }
    }

    /// The error of a proportion of so many trials cannot be told from few successes: at least that
    /// of independent trials with probability `expected`.
    #[must_use]
    pub fn or_binomial(self, expected: f64, trials: f64) -> Self {
        let binomial = (expected * (1.0 - expected) / trials).sqrt();
        Self {
            error: self.error.max(binomial),
            ..self
        }
    }

    /// The 95 % interval (Student).
    pub fn interval(&self) -> Interval {
        let half = student_t_quantile(0.975, self.batches as f64 - 1.0) * self.error;
        Interval {
            mean: self.value,
            lo: self.value - half,
            hi: self.value + half,
        }
    }
}
