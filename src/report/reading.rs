//! What the results say, in a sentence or two, computed from nothing but the results.

use super::frontier::{frontier, point};
use super::grid::failing;
use super::number;
use crate::experiment::{Estimate, Results, ScenarioResult};
use crate::metric::{COLD_START_RATIO, COST_USD_PER_MONTH, LATENCY_MS_P99, MetricId};

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
            "{} of the requests that ran are cold",
            number::percent(ratio)
        ));
    }
    if let Some(p99) = value(LATENCY_MS_P99) {
        parts.push(format!("p99 latency is {}", number::time_ms(p99)));
    }
    if let Some(cost) = value(COST_USD_PER_MONTH) {
        parts.push(format!("a month costs {}", number::usd(cost)));
    }
    if let Some(ratio) = failing(scenario) {
        parts.push(format!("{} of the requests fail", number::percent(ratio)));
    }
    if parts.is_empty() {
        return format!("“{}” measured no request.", scenario.label());
    }
    format!("“{}”: {}.", scenario.label(), parts.join(", "))
}

fn among(results: &Results) -> String {
    let fastest = least(results, LATENCY_MS_P99);
    let cheapest = least(results, COST_USD_PER_MONTH);
    let scenario = |ties: &[usize]| ties.first().map(|i| &results.scenarios[*i]);
    let mut parts = Vec::new();
    match (scenario(&fastest), scenario(&cheapest)) {
        (None, None) => return "No scenario measured a latency or a cost.".to_owned(),
        (Some(fast), Some(cheap)) if fastest == cheapest => parts.push(format!(
            "Both the least p99 latency ({}) and the least cost ({} a month): {}{}.",
            latency(fast),
            cost(cheap),
            who(results, &fastest),
            but(fast)
        )),
        (fast, cheap) => {
            parts.extend(fast.map(|s| {
                format!(
                    "Least p99 latency: {} ({}){}.",
                    who(results, &fastest),
                    latency(s),
                    but(s)
                )
            }));
            parts.extend(cheap.map(|s| {
                format!(
                    "Least cost: {} ({} a month){}.",
                    who(results, &cheapest),
                    cost(s),
                    but(s)
                )
            }));
        }
    }
    parts.extend(overlapping(results, &fastest));
    parts.extend(frontier_sentence(results));
    parts.join(" ")
}

/// What a scenario's latency and cost do not tell: what fails at once is fast and cheap.
fn but(scenario: &ScenarioResult) -> String {
    failing(scenario).map_or_else(String::new, |ratio| {
        format!(", but {} of its requests fail", number::percent(ratio))
    })
}

/// The first by name, more by number where they tie.
fn who(results: &Results, ties: &[usize]) -> String {
    let first = ties
        .first()
        .map_or_else(String::new, |i| results.scenarios[*i].label());
    match ties.len() {
        0 | 1 => format!("“{first}”"),
        2 => format!("“{first}” and “{}”", results.scenarios[ties[1]].label()),
        n => format!("“{first}” and {} others", n - 1),
    }
}

/// Which scenarios nobody beats; nothing where that is only one point.
fn frontier_sentence(results: &Results) -> Option<String> {
    let members = frontier(results);
    let mut points: Vec<_> = members
        .iter()
        .filter_map(|i| point(&results.scenarios[*i]))
        .collect();
    points.dedup();
    if points.len() < 2 {
        return None;
    }
    let of = results
        .scenarios
        .iter()
        .filter(|s| point(s).is_some())
        .count();
    if points.len() == of {
        return Some(
            "Every scenario is on the frontier: each step down in latency costs more.".to_owned(),
        );
    }
    let names = if members.len() > NAMES {
        format!("{} of {of} scenarios", members.len())
    } else {
        let names = members
            .iter()
            .map(|i| format!("“{}”", results.scenarios[*i].label()));
        names.collect::<Vec<_>>().join(", ")
    };
    Some(format!(
        "On the frontier (no other is both cheaper and faster): {names}."
    ))
}

/// The scenarios with the least value; none where no scenario has a value.
fn least(results: &Results, metric: MetricId) -> Vec<usize> {
    let value = |s: &ScenarioResult| number::mean(s.metrics.get(metric));
    let Some(least) = results
        .scenarios
        .iter()
        .filter_map(value)
        .min_by(f64::total_cmp)
    else {
        return Vec::new();
    };
    let all = results.scenarios.iter().enumerate();
    all.filter(|(_, s)| value(s) == Some(least))
        .map(|(i, _)| i)
        .collect()
}

/// A warning where the least latency is not told apart from others: by their paired difference
/// where there is one, which is to the first scenario, else by their own intervals.
fn overlapping(results: &Results, best: &[usize]) -> Option<String> {
    let of = |s: &ScenarioResult| s.metrics.get(LATENCY_MS_P99).ci95;
    let least = *best.first()?;
    let (_, high) = of(&results.scenarios[least])?;
    let alike = |i: usize, scenario: &ScenarioResult| {
        let paired = match (least, i) {
            (0, _) => scenario.paired.as_ref(),
            (_, 0) => results.scenarios[least].paired.as_ref(),
            _ => None,
        };
        match paired.and_then(|paired| paired.get(LATENCY_MS_P99).ci95) {
            Some((low, high)) => low <= 0.0 && high >= 0.0,
            None => of(scenario).is_some_and(|(low, _)| low <= high),
        }
    };
    let others = results
        .scenarios
        .iter()
        .enumerate()
        .filter(|(i, _)| !best.contains(i));
    let close: Vec<String> = others
        .filter(|(i, s)| alike(*i, s))
        .map(|(_, s)| format!("“{}”", s.label()))
        .collect();
    let whose = match close.len() {
        0 => return None,
        1 | 2 => format!("that of {}", close.join(" and ")),
        n => format!("those of {n} others"),
    };
    Some(format!("The least p99 is not told apart from {whose}."))
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
