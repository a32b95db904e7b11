//! Cost against a measure: every setting that was simulated.

use crate::experiment::{Estimates, IntervalMethod, Results, ScenarioResult};
use crate::metric::{COST_USD_PER_MONTH, METRICS, MetricId};
use crate::plan::Answer;
use crate::report::svg;

/// The picture of one measure of the answer.
pub(super) fn frontier(answer: &Answer, measure: MetricId) -> String {
    let place = answer.measures.iter().position(|other| *other == measure);
    let named = answer.candidates.iter().zip(super::names(answer));
    let scenarios = named.map(|(choice, name)| {
        let mut values = vec![crate::experiment::Estimate::default(); METRICS.len()];
        values[COST_USD_PER_MONTH.index()] = choice.cost;
        if let Some(place) = place {
            values[measure.index()] = choice.measures[place];
        }
        ScenarioResult {
            policy: name,
            set: Vec::new(),
            metrics: Estimates::new(values),
            paired: None,
            replications: Vec::new(),
            functions: Vec::new(),
            latency: crate::stats::Histogram::default(),
            timeline: crate::experiment::Timeline::default(),
            keep_alive_curve: None,
        }
    });
    let results = Results {
        experiment: answer.experiment.clone(),
        question: answer.question.clone(),
        seed: answer.seed,
        replications: answer.replications as u32,
        intervals: IntervalMethod::Replications,
        durations: (answer.duration, answer.duration),
        facts: crate::experiment::Facts::default(),
        scenarios: scenarios.collect(),
        slo: Vec::new(),
        assertions: Vec::new(),
    };
    let bounds = answer.goals.iter().filter(|goal| goal.metric == measure);
    let bounds: Vec<f64> = bounds.map(|goal| goal.bound).collect();
    svg::frontier_of(&results, measure, &bounds)
}
