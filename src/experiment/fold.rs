//! From cells to results, in the order of the file.

use super::BATCHES;
use super::cell::CellResult;
use super::curve;
use super::intervals::{of_batches, of_replications, of_run, paired};
use super::results::{
    Estimates, Facts, FunctionResult, IntervalMethod, Results, ScenarioResult, Timeline,
};
use super::way::Way;
use crate::model::{Assertion, Experiment, Scenario};

/// Joins the cells of an experiment, which are in order.
pub(super) fn fold(experiment: &Experiment, cells: &[CellResult]) -> Results {
    let replications = experiment.replications as usize;
    let mut scenarios: Vec<ScenarioResult> = Vec::with_capacity(experiment.scenarios.len());
    let first = &cells[..replications.min(cells.len())];
    for (number, cells) in cells.chunks(replications).enumerate() {
        let paired = (number > 0).then(|| paired(first, cells));
        scenarios.push(scenario(&experiment.scenarios[number], cells, paired));
    }
    let durations = || experiment.scenarios.iter().map(|s| s.plan.duration);
    let (shortest, longest) = (durations().min(), durations().max());
    let mut results = Results {
        experiment: experiment.name.clone(),
        question: experiment.question.clone(),
        seed: experiment.seed,
        replications: experiment.replications,
        intervals: if replications == 1 {
            IntervalMethod::BatchMeans { batches: BATCHES }
        } else {
            IntervalMethod::Replications
        },
        durations: (shortest.unwrap_or_default(), longest.unwrap_or_default()),
        facts: facts(experiment, cells),
        scenarios,
        assertions: Vec::new(),
        slo: Vec::new(),
    };
    results.assertions = results.judge(&experiment.assertions);
    let slo = experiment.slo.iter().cloned();
    let slo: Vec<Assertion> = slo.map(|goal| Assertion { policy: None, goal }).collect();
    results.slo = results.judge(&slo);
    results
}

fn facts(experiment: &Experiment, cells: &[CellResult]) -> Facts {
    let Some(first) = experiment.scenarios.first() else {
        return Facts::default();
    };
    let platform = &first.plan.platform;
    Facts {
        platform: platform.name.clone(),
        prices: platform.prices.as_ref().map(|prices| prices.name.clone()),
        warm_up: first.plan.warm_up,
        set: experiment.set.clone(),
        recorded: experiment.scenarios.iter().any(|s| s.plan.is_recorded()),
        ways: ways(cells),
    }
}

/// The ways that cells went, in the order in which they first did, and how many went each.
fn ways(cells: &[CellResult]) -> Vec<(Way, usize)> {
    let mut ways: Vec<(Way, usize)> = Vec::new();
    for cell in cells {
        match ways.iter_mut().find(|(way, _)| *way == cell.way) {
            Some((_, cells)) => *cells += 1,
            None => ways.push((cell.way, 1)),
        }
    }
    ways
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
        [_] => of_run(&summary.values, &summary.batches),
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
        replications: cells.iter().map(|c| c.summary.values.clone()).collect(),
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
            claimed: cells[0]
                .claimed
                .as_ref()
                .map_or_else(Vec::new, |(_, lines)| lines.clone()),
        },
        keep_alive_curve: curve::of_cells(cells, scenario.plan.duration),
    }
}
