//! What the results say, in a sentence or two, computed from nothing but the results.

use super::frontier::{frontier, point};
use super::number;
use crate::experiment::{Estimate, Results, ScenarioResult};
use crate::observe::metric::{COLD_START_RATIO, COST_USD_PER_MONTH, LATENCY_MS_P99, MetricId};

/// More names than this in a sentence are counted instead.
const NAMES: usize = 5;

/// Which scenario has the least tail latency, which the least cost, and which nobody beats.
pub fn reading(results: &Results) -> String {
    match results.scenarios.as_slice() {
        [] => "No scenario was run.".to_owned(),
        [only] => alone(only),
        _ => among(results),
    }
}

fn alone(scenario: &ScenarioResult) -> String {
    let value = |metric| number::mean(scenario.metrics.get(metric));
    let mut parts = Vec::new();
    if let Some(ratio) = value(COLD_START_RATIO) {
        parts.push(format!(
            "{} of the requests are cold",
            number::percent(ratio)
        ));
    }
    if let Some(p99) = value(LATENCY_MS_P99) {
        parts.push(format!("p99 latency is {}", number::time_ms(p99)));
    }
    if let Some(cost) = value(COST_USD_PER_MONTH) {
        parts.push(format!("a month costs {}", number::usd(cost)));
    }
    if parts.is_empty() {
        return format!("“{}” measured no request.", scenario.label());
    }
    format!("“{}”: {}.", scenario.label(), parts.join(", "))
}

fn among(results: &Results) -> String {
    let fastest = least(results, LATENCY_MS_P99);
    let cheapest = least(results, COST_USD_PER_MONTH);
    let mut text = match (fastest, cheapest) {
        (None, None) => return "No scenario measured a latency or a cost.".to_owned(),
        (Some(fast), Some(cheap)) if fast == cheap => {
            let scenario = &results.scenarios[fast];
            format!(
                "“{}” has both the least p99 latency ({}) and the least cost ({} a month).",
                scenario.label(),
                latency(scenario),
                cost(scenario)
            )
        }
        _ => {
            let fast = fastest.map(|i| {
                let scenario = &results.scenarios[i];
                let label = scenario.label();
                format!("Least p99 latency: “{label}” ({}).", latency(scenario))
            });
            let cheap = cheapest.map(|i| {
                let scenario = &results.scenarios[i];
                let label = scenario.label();
                format!("Least cost: “{label}” ({} a month).", cost(scenario))
            });
            fast.into_iter().chain(cheap).collect::<Vec<_>>().join(" ")
        }
    };
    if let Some(close) = fastest.and_then(|i| overlapping(results, i, LATENCY_MS_P99)) {
        text.push(' ');
        text.push_str(&close);
    }
    let members = frontier(results);
    let with_both = results
        .scenarios
        .iter()
        .filter(|s| point(s).is_some())
        .count();
    if members.len() > 1 {
        text.push(' ');
        text.push_str(&frontier_sentence(results, &members, with_both));
    }
    text
}

fn frontier_sentence(results: &Results, members: &[usize], of: usize) -> String {
    if members.len() == of {
        return "Every scenario is on the frontier: each step down in latency costs more."
            .to_owned();
    }
    if members.len() > NAMES {
        return format!(
            "On the frontier (no other is both cheaper and faster): {} of {of} scenarios.",
            members.len()
        );
    }
    let names: Vec<String> = members
        .iter()
        .map(|&i| format!("“{}”", results.scenarios[i].label()))
        .collect();
    format!(
        "On the frontier (no other is both cheaper and faster): {}.",
        names.join(", ")
    )
}

/// The scenario with the least value; the first of equals.
fn least(results: &Results, metric: MetricId) -> Option<usize> {
    let values = results.scenarios.iter().enumerate();
    values
        .filter_map(|(i, s)| Some((number::mean(s.metrics.get(metric))?, i)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, i)| i)
}

/// A warning where the best is not told apart from others by its interval.
fn overlapping(results: &Results, best: usize, metric: MetricId) -> Option<String> {
    let (_, high) = results.scenarios[best].metrics.get(metric).ci95?;
    let close: Vec<String> = results
        .scenarios
        .iter()
        .enumerate()
        .filter(|(i, s)| {
            *i != best
                && s.metrics
                    .get(metric)
                    .ci95
                    .is_some_and(|(low, _)| low <= high)
        })
        .map(|(_, s)| format!("“{}”", s.label()))
        .collect();
    match close.len() {
        0 => None,
        1..=2 => Some(format!(
            "Its interval of p99 overlaps that of {}.",
            close.join(" and ")
        )),
        n => Some(format!("Its interval of p99 overlaps those of {n} others.")),
    }
}

fn latency(scenario: &ScenarioResult) -> String {
    text(scenario.metrics.get(LATENCY_MS_P99), number::time_ms)
}

fn cost(scenario: &ScenarioResult) -> String {
    text(scenario.metrics.get(COST_USD_PER_MONTH), number::usd)
}

fn text(estimate: Estimate, format: fn(f64) -> String) -> String {
    number::mean(estimate).map_or_else(|| number::NONE.to_owned(), format)
}
