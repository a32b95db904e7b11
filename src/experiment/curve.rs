//! The keep-alive curve: books while a cell is simulated, and from cells to a scenario.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::BATCHES;
use super::cell::CellResult;
use super::intervals::{of_replications, of_run};
use super::results::{CurvePoint, Estimate};
use crate::metric;
use crate::observe::{CurveBooks, CurveCounts, KeepAliveCurve, SummaryResult, Values, keep_alives};
use crate::units::Span;

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
pub(super) fn of_cells(cells: &[CellResult], measured: Span) -> Option<Vec<CurvePoint>> {
    let curves: Option<Vec<Curve<'_>>> = cells.iter().map(Curve::of).collect();
    let curves = curves?;
    let points = keep_alives().enumerate().map(|(place, keep_alive)| {
        let whole: Vec<Values> = curves.iter().map(|c| c.whole(place, measured)).collect();
        let estimates = match curves.as_slice() {
            [only] => of_run(&whole[0], &only.batches(place, measured)),
            _ => of_replications(whole.iter()),
        };
        CurvePoint {
            keep_alive,
            cold_starts: estimates.get(metric::COLD_STARTS),
            cold_start_ratio: estimates.get(metric::COLD_START_RATIO),
            idle_gb_s: estimates.get(metric::IDLE_GB_S),
            idle_instance_s: times(estimates.get(metric::IDLE_MEAN), measured.secs()),
        }
    });
    Some(points.collect())
}

fn times(estimate: Estimate, factor: f64) -> Estimate {
    Estimate {
        mean: estimate.mean.map(|mean| mean * factor),
        ci95: estimate
            .ci95
            .map(|(low, high)| (low * factor, high * factor)),
    }
}

/// The curve of a cell, with what it measured under its own keep-alive.
struct Curve<'a> {
    curve: &'a KeepAliveCurve,
    own: &'a SummaryResult,
}

impl<'a> Curve<'a> {
    fn of(cell: &'a CellResult) -> Option<Self> {
        Some(Self {
            curve: cell.keep_alive_curve.as_ref()?,
            own: &cell.summary,
        })
    }

    /// What the cell would have measured under the keep-alive at this place.
    fn whole(&self, place: usize, measured: Span) -> Values {
        let requests = self.own.values.get(metric::REQUESTS);
        values(&self.curve.whole, place, requests, measured)
    }

    /// The same of each batch.
    fn batches(&self, place: usize, measured: Span) -> Vec<Values> {
        let length = measured.part(1, u64::from(BATCHES));
        let batches = self.curve.batches.iter().zip(&self.own.batches);
        batches
            .map(|(counts, own)| values(counts, place, own.get(metric::REQUESTS), length))
            .collect()
    }
}

/// The measures that a curve tells, as a run of its own would, so that their intervals are made as
/// those of any other.
fn values(counts: &CurveCounts, place: usize, requests: Option<f64>, length: Span) -> Values {
    let (ran, cold) = (counts.ran as f64, counts.cold_starts[place] as f64);
    let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    Values::of([
        (metric::REQUESTS, requests),
        (metric::COLD_STARTS, Some(cold)),
        (metric::WARM_STARTS, Some(ran - cold)),
        (metric::COLD_START_RATIO, ratio(cold, ran)),
        (metric::IDLE_GB_S, Some(counts.idle_gb_s[place])),
        (
            metric::IDLE_MEAN,
            ratio(counts.idle_instance_s[place], length.secs()),
        ),
    ])
}
