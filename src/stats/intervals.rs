//! Confidence intervals of means, totals and paired differences.
//!
//! `level` is the coverage, for instance 0.95; it must lie strictly between 0 and 1.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::student::student_t_quantile;

/// A value and the interval that covers the true one at the level asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate, in the unit of the sample.
    pub mean: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// What a difference says at the level of its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The whole interval lies below 0.
    Lower,
    /// The interval holds 0: no difference shown.
    Unclear,
    /// The whole interval lies above 0.
    Higher,
}

impl Interval {
    fn around(mean: f64, half: f64) -> Self {
        Self {
            mean,
            lo: mean - half,
            hi: mean + half,
        }
    }

    /// Half its width.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.hi - self.lo)
    }

    /// Whether it holds `value`.
    pub fn contains(&self, value: f64) -> bool {
        (self.lo..=self.hi).contains(&value)
    }

    /// Which side of 0 it lies on: whether a difference is significant.
    pub fn sign(&self) -> Sign {
        if self.lo > 0.0 {
            Sign::Higher
        } else if self.hi < 0.0 {
            Sign::Lower
        } else {
            Sign::Unclear
        }
    }
}

/// Mean of independent values ± t·s/√n (Student). `None` below two values.
///
/// For replications, and for the means of batches of one long run.
pub fn mean_interval(values: &[f64], level: f64) -> Option<Interval> {
    let moments: Moments = values.iter().copied().collect();
    Some(Interval::around(
        moments.mean()?,
        half_width(&moments, level)?,
    ))
}

/// Sum of the totals of b batches of one run ± t·s·√b. `None` below two batches.
///
/// For counts and costs that add up over a run: the interval is for the whole run's total.
pub fn total_interval(batch_totals: &[f64], level: f64) -> Option<Interval> {
    let moments: Moments = batch_totals.iter().copied().collect();
    let batches = moments.count() as f64;
    Some(Interval::around(
        moments.mean()? * batches,
        half_width(&moments, level)? * batches,
    ))
}

/// t·s/√n.
fn half_width(moments: &Moments, level: f64) -> Option<f64> {
    let count = moments.count() as f64;
    let deviation = moments.standard_deviation()?;
    // The lower tail keeps its digits where the level is near 1.
    let t = -student_t_quantile(0.5 * (1.0 - level), count - 1.0);
    Some(t * deviation / count.sqrt())
}

/// Mean of `after` − `before`, pair by pair, ± t·s/√n. `None` below two pairs or when the lengths
/// differ.
///
/// For two policies run on common random numbers; [`Interval::sign`] says whether they differ.
pub fn paired_difference(before: &[f64], after: &[f64], level: f64) -> Option<Interval> {
    if before.len() != after.len() {
        return None;
    }
    let differences: Vec<f64> = before.iter().zip(after).map(|(b, a)| a - b).collect();
    mean_interval(&differences, level)
}
