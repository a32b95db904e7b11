//! Shares of calls, with their intervals.

use crate::stats::intervals::Interval;
use crate::stats::student::normal_quantile;

/// A share with its 95 % interval (Wilson 1927), which holds for few and for none.
pub(super) fn share(of: u64, all: u64) -> Interval {
    if all == 0 {
        return Interval {
            mean: 0.0,
            lo: 0.0,
            hi: 1.0,
        };
    }
    let (n, z) = (all as f64, normal_quantile(0.975));
    let share = of as f64 / n;
    let z2 = z * z / n;
    let centre = (share + z2 / 2.0) / (1.0 + z2);
    let half = z / (1.0 + z2) * (share * (1.0 - share) / n + z2 / (4.0 * n)).sqrt();
    Interval {
        mean: share,
        lo: if of == 0 {
            0.0
        } else {
            (centre - half).max(0.0)
        },
        hi: if of == all {
            1.0
        } else {
            (centre + half).min(1.0)
        },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn intervals_are_as_published() {
        // Newcombe 1998, table I: 81 of 263 and 0 of 20.
        let share = super::share(81, 263);
        assert!(
            (share.lo - 0.2553).abs() < 5e-4 && (share.hi - 0.3662).abs() < 5e-4,
            "{share:?}"
        );
        let none = super::share(0, 20);
        assert!(
            none.lo == 0.0 && (none.hi - 0.1611).abs() < 5e-4,
            "{none:?}"
        );
    }
}
