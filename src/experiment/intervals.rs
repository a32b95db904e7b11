//! Intervals: over replications, or out of the batches of the one there is.
//!
//! An interval is given where it can be trusted: of one run not for its peaks and longest, which
//! no part of it tells, not where a few batches hold nearly all requests, and not for quantiles
//! that leave too few requests above them in some batch. What is impossible is cut off.

use super::BATCHES;
use super::cell::CellResult;
use super::results::{Estimate, Estimates};
use crate::metric::{self, Kind, MetricId};
use crate::observe::{Values, batch_sums};
use crate::stats::batches::BatchSums;
use crate::stats::histogram::resolution;
use crate::stats::intervals::mean_interval;
use crate::stats::student::student_t_quantile;

/// Coverage of every interval.
const LEVEL: f64 = 0.95;

/// Fewest batches, by what they weigh, that an interval is taken from.
const LEAST_EFFECTIVE: f64 = 10.0;

/// Means over replications with Student's t.
pub(super) fn of_replications<'a>(replications: impl Iterator<Item = &'a Values>) -> Estimates {
    let replications: Vec<&Values> = replications.collect();
    estimates(|metric| {
        let values: Vec<f64> = replications.iter().filter_map(|v| v.get(metric)).collect();
        estimate_at(metric, &values, LEVEL)
    })
}

/// The mean of a measure over replications with Student's t, at a coverage of its own; the interval
/// stands in the field for one of 95 %.
pub fn estimate_at(metric: MetricId, values: &[f64], level: f64) -> Estimate {
    let mean = mean_of(values);
    let half = mean_interval(values, level).map(|interval| interval.half_width());
    let half = half.zip(mean);
    around(
        metric,
        mean,
        half.map(|(half, mean)| half + rounding(metric, mean)),
    )
}

/// The one run's values, with intervals from the spread of its batches.
pub(super) fn of_batches(values: &Values, sums: &[BatchSums]) -> Estimates {
    estimates(|metric| {
        let whole = values.get(metric);
        let half = whole.and_then(|whole| batch_half_width(metric, whole, sums));
        around(metric, whole, half)
    })
}

/// The same, where the batches themselves were kept.
pub(super) fn of_run(values: &Values, batches: &[Values]) -> Estimates {
    of_batches(values, &batch_sums(batches))
}

/// Each measure less that of the first scenario, replication by replication or batch by batch.
pub(super) fn paired(first: &[CellResult], other: &[CellResult]) -> Estimates {
    if let ([first], [other]) = (first, other) {
        let sums = [first, other].map(|cell| batch_sums(&cell.summary.batches));
        return estimates(|metric| paired_batches(metric, [first, other], &sums));
    }
    estimates(|metric| {
        let pairs = first.iter().zip(other);
        let pairs: Vec<(f64, f64)> = pairs
            .filter_map(|(a, b)| {
                Some((a.summary.values.get(metric)?, b.summary.values.get(metric)?))
            })
            .collect();
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
        let roundings = |side: fn(&(f64, f64)) -> f64| {
            let mean = mean_of(&pairs.iter().map(side).collect::<Vec<_>>());
            mean.map_or(0.0, |mean| rounding(metric, mean))
        };
        let rounding = roundings(|pair| pair.0) + roundings(|pair| pair.1);
        Estimate {
            mean: mean_of(&differences),
            ci95: mean_interval(&differences, LEVEL)
                .map(|interval| (interval.lo - rounding, interval.hi + rounding)),
        }
    })
}

fn estimates(of_metric: impl FnMut(MetricId) -> Estimate) -> Estimates {
    Estimates::new(MetricId::all().map(of_metric).collect())
}

fn mean_of(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A value ± half a width, within what the measure can be.
fn around(metric: MetricId, mean: Option<f64>, half: Option<f64>) -> Estimate {
    let interval = mean
        .zip(half)
        .map(|(mean, half)| (mean - half, mean + half));
    Estimate {
        mean,
        ci95: interval.map(|interval| metric.metric().possible(interval)),
    }
}

/// How far a measure may be off because it was read off a histogram.
fn rounding(metric: MetricId, value: f64) -> f64 {
    match metric.metric().kind {
        // From milliseconds to nanoseconds and back.
        Kind::Quantile(_) => resolution(value * 1e6) / 1e6,
        _ => 0.0,
    }
}

/// The estimate of the whole that batches spread about, and what it is multiplied by.
fn centre(metric: MetricId, whole: f64, sums: &BatchSums) -> Option<(f64, f64)> {
    Some(match metric.metric().kind {
        Kind::Total => (sums.ratio()?, f64::from(sums.count())),
        Kind::OverTime => (sums.ratio()?, 1.0),
        _ => (whole, 1.0),
    })
}

/// Student's t for so many batches; `None` where they are too few.
fn student(metric: MetricId, sums: &[BatchSums]) -> Option<f64> {
    let of_metric = sums.get(metric.index())?;
    let requests = sums.get(metric::REQUESTS.index())?.effective_of_counts();
    let effective = requests.min(of_metric.effective());
    let enough = of_metric.count() == BATCHES && effective >= LEAST_EFFECTIVE;
    enough.then(|| student_t_quantile(0.5 + LEVEL / 2.0, effective - 1.0))
}

fn batch_half_width(metric: MetricId, whole: f64, sums: &[BatchSums]) -> Option<f64> {
    let t = student(metric, sums)?;
    let sums = sums.get(metric.index())?;
    let (centre, times) = centre(metric, whole, sums)?;
    Some(t * sums.error(centre)? * times + rounding(metric, whole))
}

/// The difference of two runs, with the spread of the differences of what each batch adds to the
/// error of the whole.
fn paired_batches(
    metric: MetricId,
    cells: [&CellResult; 2],
    sums: &[Vec<BatchSums>; 2],
) -> Estimate {
    let [first, other] = cells.map(|cell| cell.summary.values.get(metric));
    let (Some(first), Some(other)) = (first, other) else {
        return Estimate::default();
    };
    let errors = |side: usize, whole: f64| -> Option<Vec<f64>> {
        let of_metric = sums[side].get(metric.index())?;
        let (centre, times) = centre(metric, whole, of_metric)?;
        let batches = cells[side].summary.batches.iter();
        let weight = of_metric.weight();
        batches
            .map(|batch| {
                let (y, x) = batch.as_batch(metric)?;
                Some((y - centre * x) * times / weight)
            })
            .collect()
    };
    let half = || {
        let t = student(metric, &sums[0])?.max(student(metric, &sums[1])?);
        let errors = errors(0, first)?.into_iter().zip(errors(1, other)?);
        let squares: f64 = errors.map(|(a, b)| (b - a).powi(2)).sum();
        let n = f64::from(BATCHES);
        let error = (squares * n / (n - 1.0)).sqrt();
        Some(t * error + rounding(metric, first) + rounding(metric, other))
    };
    let mean = other - first;
    Estimate {
        mean: Some(mean),
        ci95: half().map(|half| (mean - half, mean + half)),
    }
}
