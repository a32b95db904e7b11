//! The keep-alive curve: books while a cell is simulated, and from cells to a scenario.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cell::CellResult;
use super::fold::{LEVEL, estimate};
use super::results::{CurvePoint, Estimate};
use crate::observe::{CurveBooks, CurveCounts, KeepAliveCurve, keep_alives};
use crate::stats::intervals::{mean_interval, total_interval};

/// One number of a part of a run.
type Number<'a> = &'a dyn Fn(&CurveCounts) -> Option<f64>;

/// Books for functions that are simulated side by side: as many as are counted in at a time, for
/// they are too large for each function to have its own.
pub(super) struct CurveStock {
    empty: CurveBooks,
    books: Mutex<Vec<CurveBooks>>,
}

impl CurveStock {
    /// A stock of books like these, which are empty.
    pub(super) fn new(empty: CurveBooks) -> Self {
        Self {
            empty,
            books: Mutex::default(),
        }
    }

    /// Books that nobody counts in.
    pub(super) fn take(&self) -> CurveBooks {
        let free = self.lock().pop();
        free.unwrap_or_else(|| self.empty.clone())
    }

    /// Puts them back.
    pub(super) fn give(&self, books: CurveBooks) {
        self.lock().push(books);
    }

    /// What has been counted in any of them.
    pub(super) fn into_books(self) -> CurveBooks {
        let mut all = self.empty;
        for books in self
            .books
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            all.join(&books);
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CurveBooks>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A point for every keep-alive; `None` where the curve was not asked for.
pub(super) fn of_cells(cells: &[CellResult]) -> Option<Vec<CurvePoint>> {
    let curves: Option<Vec<&KeepAliveCurve>> = cells
        .iter()
        .map(|cell| cell.keep_alive_curve.as_ref())
        .collect();
    let curves = curves?;
    let points = keep_alives().enumerate().map(|(i, keep_alive)| {
        let cold = |counts: &CurveCounts| counts.cold_starts[i] as f64;
        CurvePoint {
            keep_alive,
            cold_starts: total(&curves, &|counts| Some(cold(counts))),
            cold_start_ratio: ratio(&curves, &|counts| {
                (counts.ran > 0).then(|| cold(counts) / counts.ran as f64)
            }),
            idle_gb_s: total(&curves, &|counts| Some(counts.idle_gb_s[i])),
            idle_instance_s: total(&curves, &|counts| Some(counts.idle_instance_s[i])),
        }
    });
    Some(points.collect())
}

/// What adds up over a run.
fn total(curves: &[&KeepAliveCurve], number: Number<'_>) -> Estimate {
    let [only] = curves else {
        return of_replications(curves, number);
    };
    let batches: Vec<f64> = only.batches.iter().filter_map(number).collect();
    Estimate {
        mean: number(&only.whole),
        ci95: total_interval(&batches, LEVEL).map(|interval| (interval.lo, interval.hi)),
    }
}

/// What averages over a run.
fn ratio(curves: &[&KeepAliveCurve], number: Number<'_>) -> Estimate {
    let [only] = curves else {
        return of_replications(curves, number);
    };
    let batches: Vec<f64> = only.batches.iter().filter_map(number).collect();
    let half = mean_interval(&batches, LEVEL).map(|interval| interval.half_width());
    let mean = number(&only.whole);
    Estimate {
        mean,
        ci95: mean
            .zip(half)
            .map(|(mean, half)| (mean - half, mean + half)),
    }
}

fn of_replications(curves: &[&KeepAliveCurve], number: Number<'_>) -> Estimate {
    let values: Vec<f64> = curves
        .iter()
        .filter_map(|curve| number(&curve.whole))
        .collect();
    estimate(&values)
}
