//! How far the estimate of a long run may be off, out of equal parts of it: its batches.

use serde::{Deserialize, Serialize};

/// Sums over batches (y, x), for the ratio Σy ÷ Σx and its error. With x = 1 the ratio is the mean
/// of the batches; with x = how many, that of what is counted in them, however uneven they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchSums {
    count: u32,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl BatchSums {
    /// Sees one batch.
    pub fn record(&mut self, y: f64, x: f64) {
        self.count += 1;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    /// How many batches were seen.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Σx.
    pub fn weight(&self) -> f64 {
        self.x
    }

    /// Σy ÷ Σx; `None` without weight.
    pub fn ratio(&self) -> Option<f64> {
        (self.x > 0.0).then(|| self.y / self.x)
    }

    /// Standard error of an estimate of the whole run about which batches spread as y − estimate·x:
    /// the ratio itself (W. G. Cochran, Sampling Techniques, 1977, 6.4), or a quantile of the whole
    /// against those of its sections. `None` below two batches.
    pub fn error(&self, estimate: f64) -> Option<f64> {
        let n = f64::from(self.count);
        if self.count < 2 || self.x <= 0.0 {
            return None;
        }
        let terms = [
            self.yy,
            -2.0 * estimate * self.xy,
            estimate * estimate * self.xx,
        ];
        let squares: f64 = terms.iter().sum();
        // What rounding leaves of terms that cancel is no spread.
        let noise = 8.0 * f64::EPSILON * terms.iter().map(|term| term.abs()).sum::<f64>();
        let squares = if squares > noise { squares } else { 0.0 };
        Some((squares * n / (n - 1.0)).sqrt() / self.x)
    }

    /// How many batches of equal weight would tell as much: (Σx)² ÷ Σx² (L. Kish, Survey Sampling,
    /// 1965). Batches without weight tell nothing.
    pub fn effective(&self) -> f64 {
        effective(self.x, self.xx)
    }

    /// The same with y as the weight.
    pub fn effective_of_counts(&self) -> f64 {
        effective(self.y, self.yy)
    }
}

fn effective(sum: f64, squares: f64) -> f64 {
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(batches: &[(f64, f64)]) -> BatchSums {
        let mut sums = BatchSums::default();
        for (y, x) in batches {
            sums.record(*y, *x);
        }
        sums
    }

    #[test]
    fn batches_of_one_size_have_the_error_of_a_mean() {
        let even = sums(&[(1.0, 1.0), (2.0, 1.0), (6.0, 1.0)]);
        assert_eq!(even.ratio(), Some(3.0));
        // s² = (4 + 1 + 9) ÷ 2 = 7, s ÷ √3.
        let error = even.error(3.0).unwrap();
        assert!((error - (7.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{error}");
        assert!((even.effective() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_that_is_the_same_in_uneven_batches_has_no_error() {
        let uneven = sums(&[(1.0, 10.0), (0.0, 0.0), (20.0, 200.0)]);
        assert_eq!(uneven.ratio(), Some(0.1));
        assert!(uneven.error(0.1).unwrap() < 1e-9);
        assert!(uneven.effective() < 1.2, "{}", uneven.effective());
        assert_eq!(sums(&[(0.0, 0.0); 2]).error(0.0), None);
        assert_eq!(sums(&[(1.0, 1.0)]).error(1.0), None);
    }
}
