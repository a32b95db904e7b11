//! Numbers of which there may be any many: exact mean and spread, and a sample for the rest.

use crate::dist::uniform;
use crate::random::{Purpose, Stream, Streams};
use crate::stats::moments::Moments;

/// Numbers that are kept; of more, so many that each had the same chance.
const KEPT: usize = 1 << 16;

/// At most so many of what was seen, each with the same chance (Vitter's algorithm R, 1985).
#[derive(Clone, Debug)]
pub(super) struct Reservoir<T> {
    kept: Vec<T>,
    most: usize,
    seen: u64,
    chance: Stream,
}

impl<T> Reservoir<T> {
    pub(super) fn of(most: usize) -> Self {
        Self {
            kept: Vec::new(),
            most,
            seen: 0,
            chance: Streams::new(0, 0).stream(0, Purpose::Fit, 0),
        }
    }

    pub(super) fn see(&mut self, value: T) {
        self.seen += 1;
        if self.kept.len() < self.most {
            self.kept.push(value);
            return;
        }
        let place = uniform(&mut self.chance) * self.seen as f64;
        if let Some(kept) = self.kept.get_mut(place as usize) {
            *kept = value;
        }
    }

    pub(super) fn kept(&self) -> &[T] {
        &self.kept
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// How many of those seen one that was kept stands for.
    pub(super) fn weight(&self) -> f64 {
        self.seen as f64 / self.kept.len().max(1) as f64
    }
}

/// Numbers seen.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) moments: Moments,
    reservoir: Reservoir<f64>,
    least: f64,
    most: f64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            moments: Moments::new(),
            reservoir: Reservoir::of(KEPT),
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }
}

impl Sample {
    pub(super) fn see(&mut self, value: f64) {
        self.moments.record(value);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.reservoir.see(value);
    }

    pub(super) fn count(&self) -> u64 {
        self.moments.count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reservoir.kept.is_empty()
    }

    pub(super) fn mean(&self) -> f64 {
        self.moments.mean().unwrap_or(f64::NAN)
    }

    /// Zero where there is only one.
    pub(super) fn sd(&self) -> f64 {
        self.moments.standard_deviation().unwrap_or(0.0)
    }

    pub(super) fn most(&self) -> f64 {
        self.most
    }

    /// At most so many of what was kept, as random as what was seen, rising.
    pub(super) fn some(&self, most: usize) -> Vec<f64> {
        let kept = self.reservoir.kept();
        let step = kept.len().div_ceil(most).max(1);
        let mut some: Vec<f64> = kept.iter().step_by(step).copied().collect();
        some.sort_by(f64::total_cmp);
        some
    }

    /// What was kept, rising; with the least and the greatest of all at its ends.
    pub(super) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.reservoir.kept.clone();
        sorted.sort_by(f64::total_cmp);
        if let [first, .., last] = &mut sorted[..] {
            *first = self.least;
            *last = self.most;
        }
        sorted
    }
}

/// A quantile of rising numbers, linear between them. NaN where there is none.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - at.floor())
}

/// So many of rising numbers, spread evenly over them.
pub(super) fn thinned(sorted: &[f64], most: usize) -> Vec<f64> {
    if sorted.len() <= most {
        return sorted.to_vec();
    }
    let step = sorted.len() as f64 / most as f64;
    (0..most)
        .map(|place| sorted[((place as f64 + 0.5) * step) as usize])
        .collect()
}
