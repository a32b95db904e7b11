//! From cells to results, in the order of the file.

use super::BATCHES;
use super::cell::CellResult;
use super::curve;
use super::intervals::{of_batches, of_replications, of_run, paired};
use super::results::{
    Estimates, Facts, FunctionResult, IntervalMethod, Results, ScenarioResult, Timeline,
};
use crate::model::{Experiment, Scenario};
use crate::units::Span;

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
        facts: facts(experiment),
        scenarios,
    }
}

fn facts(experiment: &Experiment) -> Facts {
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
        keep_alive_curve: curve::of_cells(cells, scenario.plan.duration),
    }
}
