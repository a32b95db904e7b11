//! One replication of one scenario.

use serde::{Deserialize, Serialize};

use super::request_parts::RequestParts;
use super::{BATCHES, Failure};
use crate::model::Experiment;
use crate::observe::{
    KeepAliveCurve, KeepAliveCurveTap, Summary, SummaryResult, TimelinePoint, TimelineTap,
};
use crate::policy;
use crate::random::Streams;
use crate::sim::{self, Control};
use crate::units::Span;
use crate::workload::Workload;

/// Points of a timeline.
const TIMELINE_STEPS: u32 = 300;

/// Place of a cell in its experiment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct CellId {
    /// Place of the scenario.
    pub scenario: u32,
    /// Replication, from 0.
    pub replication: u32,
}

/// What a cell gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellResult {
    /// Every measure.
    pub summary: SummaryResult,
    /// Length of a step and instances by state in each; only of the first replication.
    pub timeline: Option<(u64, Vec<TimelinePoint>)>,
    /// Cold starts and idle time under every keep-alive, where they were asked for.
    pub keep_alive_curve: Option<KeepAliveCurve>,
}

impl CellId {
    /// Every cell of an experiment, in the order in which results are folded.
    pub fn all(experiment: &Experiment) -> Vec<Self> {
        let scenarios = 0..experiment.scenarios.len() as u32;
        scenarios
            .flat_map(|scenario| {
                (0..experiment.replications).map(move |replication| Self {
                    scenario,
                    replication,
                })
            })
            .collect()
    }
}

/// Simulates a cell.
pub(super) fn run(
    experiment: &Experiment,
    id: CellId,
    requests: Option<&RequestParts>,
    control: &Control,
) -> Result<CellResult, Failure> {
    let scenario = &experiment.scenarios[id.scenario as usize];
    let plan = &scenario.plan;
    let streams = Streams::new(experiment.seed, id.replication);
    let mut workload = Workload::new(plan, &streams).map_err(Failure::Trace)?;
    let batches = if experiment.replications == 1 {
        BATCHES
    } else {
        1
    };
    let summary = Summary::new(plan, batches);
    let timeline = (id.replication == 0)
        .then(|| TimelineTap::new(plan.end().since(crate::units::Time::ZERO), TIMELINE_STEPS));
    let log = requests.map(|parts| parts.open(scenario, id)).transpose()?;
    let curve = scenario
        .keep_alive_curve
        .then(|| KeepAliveCurveTap::new(plan, batches));
    let mut observer = (summary, (timeline, (log, curve)));
    let policies = policy::of_plan(plan);
    sim::run(
        plan,
        &streams,
        policies,
        &mut workload,
        &mut observer,
        control,
    )
    .map_err(|error| Failure::Run {
        scenario: scenario.label(),
        error,
    })?;
    let (summary, (timeline, (log, curve))) = observer;
    if let (Some(parts), Some(log)) = (requests, log) {
        parts.close(log, id)?;
    }
    if let Some(fault) = workload.fault() {
        return Err(Failure::Trace(vec![fault.clone()]));
    }
    let unended = || Failure::Run {
        scenario: scenario.label(),
        error: sim::RunError::Stopped,
    };
    let summary = summary
        .into_result()
        .ok_or_else(unended)?
        .map_err(|violation| Failure::Identity {
            scenario: scenario.label(),
            seed: experiment.seed,
            replication: id.replication,
            violation,
        })?;
    Ok(CellResult {
        summary,
        timeline: timeline.map(|tap| (tap.step().nanos(), tap.into_points())),
        keep_alive_curve: curve.map(KeepAliveCurveTap::into_curve),
    })
}

impl CellResult {
    /// Length of a timeline's step.
    pub fn timeline_step(&self) -> Span {
        Span::from_nanos(self.timeline.as_ref().map_or(0, |(step, _)| *step))
    }
}
