//! Which scenarios nobody beats: the Pareto frontier of cost and tail latency.

use super::number;
use crate::experiment::{Results, ScenarioResult};
use crate::metric::{COST_USD_PER_MONTH, LATENCY_MS_P99, MetricId};

/// Cost a month and 99th-percentile latency, where a scenario has both.
pub(super) fn point(scenario: &ScenarioResult) -> Option<(f64, f64)> {
    point_of(scenario, LATENCY_MS_P99)
}

/// Cost a month and another measure, where a scenario has both.
pub(super) fn point_of(scenario: &ScenarioResult, metric: MetricId) -> Option<(f64, f64)> {
    let cost = number::mean(scenario.metrics.get(COST_USD_PER_MONTH))?;
    let value = number::mean(scenario.metrics.get(metric))?;
    Some((cost, value))
}

/// Scenarios for which no other is cheaper and no slower, or faster and no dearer; by cost, then
/// by latency, then in the order of the file. Equal ones are all members.
pub(super) fn frontier(results: &Results) -> Vec<usize> {
    frontier_of(results, LATENCY_MS_P99)
}

/// The same of cost and another measure of which less is better.
pub(super) fn frontier_of(results: &Results, metric: MetricId) -> Vec<usize> {
    let mut points: Vec<_> = results
        .scenarios
        .iter()
        .enumerate()
        .filter_map(|(i, scenario)| {
            point_of(scenario, metric).map(|(cost, value)| (cost, value, i))
        })
        .collect();
    points.sort_by(|a, b| {
        a.0.total_cmp(&b.0)
            .then(a.1.total_cmp(&b.1))
            .then(a.2.cmp(&b.2))
    });
    let mut members: Vec<usize> = Vec::new();
    let mut last: Option<(f64, f64)> = None;
    for (cost, p99, i) in points {
        // In this order a later one is a member only if it is faster than all before it.
        if last.is_none_or(|best| p99 < best.1 || (cost, p99) == best) {
            last = Some((cost, p99));
            members.push(i);
        }
    }
    members
}
