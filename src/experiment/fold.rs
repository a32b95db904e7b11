//! From cells to results: means, intervals, paired differences.

use super::BATCHES;
use super::cell::CellResult;
use super::curve;
use super::results::{
    Estimate, Estimates, FunctionResult, IntervalMethod, Results, ScenarioResult, Timeline,
};
use crate::model::{Experiment, Scenario};
use crate::observe::Values;
use crate::observe::metric::{Kind, MetricId};
use crate::stats::intervals::mean_interval;
use crate::stats::moments::Moments;
use crate::stats::student::student_t_quantile;
use crate::units::Span;

/// Coverage of every interval.
pub(super) const LEVEL: f64 = 0.95;

/// Joins the cells of an experiment, which are in order.
pub(super) fn fold(experiment: &Experiment, cells: &[CellResult]) -> Results {
    let replications = experiment.replications as usize;
    let mut scenarios: Vec<ScenarioResult> = Vec::with_capacity(experiment.scenarios.len());
    let first = &cells[..replications.min(cells.len())];
    for (number, cells) in cells.chunks(replications).enumerate() {
        let paired = (number > 0).then(|| paired(first, cells));
        scenarios.push(scenario(&experiment.scenarios[number], cells, paired));
    }
    let duration = experiment
        .scenarios
        .first()
        .map_or(Span::ZERO, |s| s.plan.duration);
    Results {
        experiment: experiment.name.clone(),
        question: experiment.question.clone(),
        seed: experiment.seed,
        replications: experiment.replications,
        intervals: if replications == 1 {
            IntervalMethod::BatchMeans { batches: BATCHES }
        } else {
            IntervalMethod::Replications
        },
        duration,
        scenarios,
    }
}

fn scenario<'a>(
    scenario: &Scenario,
    cells: &'a [CellResult],
    paired: Option<Estimates>,
) -> ScenarioResult {
    let mut latency = cells[0].summary.latency.clone();
    for cell in &cells[1..] {
        latency.merge(&cell.summary.latency);
    }
    let summary = &cells[0].summary;
    let metrics = match cells {
        [_] => of_batches(&summary.values, &moments_of(&summary.batches)),
        _ => of_replications(cells.iter().map(|cell| &cell.summary.values)),
    };
    let functions = scenario
        .plan
        .functions
        .iter()
        .enumerate()
        .map(|(place, function)| {
            let of_cell = |cell: &'a CellResult| &cell.summary.functions[place];
            let metrics = match cells {
                [only] => of_batches(&of_cell(only).values, &of_cell(only).batches),
                _ => of_replications(cells.iter().map(|cell| &of_cell(cell).values)),
            };
            FunctionResult {
                name: function.name.clone(),
                metrics,
            }
        });
    ScenarioResult {
        policy: scenario.policy.clone(),
        set: scenario.set.clone(),
        metrics,
        paired,
        functions: functions.collect(),
        latency,
        timeline: Timeline {
            step: cells[0].timeline_step(),
            points: cells[0]
                .timeline
                .as_ref()
                .map_or_else(Vec::new, |(_, points)| points.clone()),
            measured_from: scenario.plan.measured_from(),
        },
        keep_alive_curve: curve::of_cells(cells),
    }
}

/// Means over replications with Student's t.
fn of_replications<'a>(replications: impl Iterator<Item = &'a Values>) -> Estimates {
    let replications: Vec<&Values> = replications.collect();
    let of_metric = |metric| {
        let values: Vec<f64> = replications.iter().filter_map(|v| v.get(metric)).collect();
        estimate(&values)
    };
    Estimates::new(MetricId::all().map(of_metric).collect())
}

pub(super) fn estimate(values: &[f64]) -> Estimate {
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let ci95 = mean_interval(values, LEVEL).map(|interval| (interval.lo, interval.hi));
    Estimate { mean, ci95 }
}

/// The one run's values, with intervals from the spread of its batches.
fn of_batches(values: &Values, batches: &[Moments]) -> Estimates {
    let of_metric = |metric: MetricId| {
        let mean = values.get(metric);
        let half = batches
            .get(metric.index())
            .and_then(|moments| half_width(metric, moments));
        Estimate {
            mean,
            ci95: mean
                .zip(half)
                .map(|(mean, half)| (mean - half, mean + half)),
        }
    };
    Estimates::new(MetricId::all().map(of_metric).collect())
}

/// Half the width of an interval from batches: t·s·√b for what adds up, t·s/√b for means.
fn half_width(metric: MetricId, batches: &Moments) -> Option<f64> {
    let sd = batches.standard_deviation()?;
    let b = batches.count() as f64;
    let t = student_t_quantile(0.5 + LEVEL / 2.0, b - 1.0);
    Some(match metric.metric().kind {
        Kind::Total => t * sd * b.sqrt(),
        Kind::Mean => t * sd / b.sqrt(),
    })
}

fn moments_of(batches: &[Values]) -> Vec<Moments> {
    MetricId::all()
        .map(|metric| {
            batches
                .iter()
                .filter_map(|values| values.get(metric))
                .collect()
        })
        .collect()
}

/// Each measure less that of the first scenario, replication by replication or batch by batch.
fn paired(first: &[CellResult], other: &[CellResult]) -> Estimates {
    if let ([first], [other]) = (first, other) {
        return paired_batches(first, other);
    }
    let of_metric = |metric| {
        let pairs = first.iter().zip(other);
        let differences: Vec<f64> = pairs
            .filter_map(|(a, b)| difference(&a.summary.values, &b.summary.values, metric))
            .collect();
        estimate(&differences)
    };
    Estimates::new(MetricId::all().map(of_metric).collect())
}

fn paired_batches(first: &CellResult, other: &CellResult) -> Estimates {
    let of_metric = |metric: MetricId| {
        let mean = difference(&first.summary.values, &other.summary.values, metric);
        let pairs = first.summary.batches.iter().zip(&other.summary.batches);
        let differences: Moments = pairs
            .filter_map(|(a, b)| difference(a, b, metric))
            .collect();
        let half = half_width(metric, &differences);
        Estimate {
            mean,
            ci95: mean
                .zip(half)
                .map(|(mean, half)| (mean - half, mean + half)),
        }
    };
    Estimates::new(MetricId::all().map(of_metric).collect())
}

fn difference(first: &Values, other: &Values, metric: MetricId) -> Option<f64> {
    Some(other.get(metric)? - first.get(metric)?)
}
