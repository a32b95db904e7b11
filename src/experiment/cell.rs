//! One replication of one scenario.

use serde::{Deserialize, Serialize};

use super::apart::{self, Ended, Outcome, Wanted};
use super::request_parts::RequestParts;
use super::way::Way;
use super::{BATCHES, Failure};
use crate::model::{Experiment, Plan, Scenario};
use crate::observe::{
    ClaimedLine, ClaimedTap, CurveBooks, KeepAliveCurve, KeepAliveCurveTap, Summary, SummaryResult,
    TimelinePoint, TimelineSteps, TimelineTap, Violation,
};
use crate::policy;
use crate::random::Streams;
use crate::sim::{self, Control, Observer};
use crate::units::{Span, Time};
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
    /// Length of a step and what each account claimed in each; only of the first replication, where
    /// it was asked for.
    pub claimed: Option<(u64, Vec<ClaimedLine>)>,
    /// Cold starts and idle time under every keep-alive, where they were asked for.
    pub keep_alive_curve: Option<KeepAliveCurve>,
    /// Whether its functions were simulated apart.
    pub way: Way,
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

/// Simulates a cell: its functions apart where they share no limit that binds.
pub(super) fn run(
    experiment: &Experiment,
    id: CellId,
    requests: Option<&RequestParts>,
    control: &Control,
) -> Result<CellResult, Failure> {
    let cell = Cell::new(experiment, id, control);
    let way = match Way::together(
        cell.plan,
        requests.is_some(),
        cell.scenario.claimed_concurrency,
    ) {
        Some(way) => way,
        None => match cell.run_apart()? {
            Ok(result) => return Ok(result),
            Err(way) => way,
        },
    };
    cell.run_together(way, requests)
}

/// Simulates a cell with all functions together, even where they could be simulated apart; the
/// result is the same. For tests and benches, on the calling thread.
///
/// # Errors
/// See [`Failure`].
pub fn run_together(
    experiment: &Experiment,
    id: CellId,
    control: &Control,
) -> Result<CellResult, Failure> {
    Cell::new(experiment, id, control).run_together(Way::Asked, None)
}

/// Simulates a cell as [`super::run`] does, on the calling thread and the pool that it is of.
///
/// # Errors
/// See [`Failure`].
pub fn run_cell(
    experiment: &Experiment,
    id: CellId,
    control: &Control,
) -> Result<CellResult, Failure> {
    run(experiment, id, None, control)
}

/// Simulates a cell with all functions together for another observer, on the calling thread.
///
/// # Errors
/// See [`Failure`].
pub fn watch_cell(
    experiment: &Experiment,
    id: CellId,
    observer: &mut impl Observer,
    control: &Control,
) -> Result<(), Failure> {
    let cell = Cell::new(experiment, id, control);
    let mut workload = Workload::new(cell.plan, &cell.streams).map_err(Failure::Trace)?;
    let policies = policy::of_plan(cell.plan);
    sim::run(
        cell.plan,
        &cell.streams,
        policies,
        &mut workload,
        observer,
        control,
    )
    .map_err(|error| cell.failed(error))?;
    match workload.fault() {
        Some(fault) => Err(Failure::Trace(vec![fault.clone()])),
        None => Ok(()),
    }
}

struct Cell<'a> {
    experiment: &'a Experiment,
    id: CellId,
    scenario: &'a Scenario,
    plan: &'a Plan,
    streams: Streams,
    batches: u32,
    control: &'a Control,
}

impl<'a> Cell<'a> {
    fn new(experiment: &'a Experiment, id: CellId, control: &'a Control) -> Self {
        let scenario = &experiment.scenarios[id.scenario as usize];
        Self {
            experiment,
            id,
            scenario,
            plan: &scenario.plan,
            streams: Streams::new(experiment.seed, id.replication),
            batches: if experiment.replications == 1 {
                BATCHES
            } else {
                1
            },
            control,
        }
    }

    /// Each function by itself; why not, where that cannot be.
    fn run_apart(&self) -> Result<Result<CellResult, Way>, Failure> {
        let workloads = Workload::of_each_function(self.plan, &self.streams);
        let Some(workloads) = workloads.map_err(Failure::Trace)? else {
            return Ok(Err(Way::OneFile));
        };
        let wanted = Wanted {
            batches: self.batches,
            timeline: self.timeline(TimelineSteps::new),
            keep_alive_curve: self.scenario.keep_alive_curve,
        };
        match apart::run(self.plan, &self.streams, workloads, wanted, self.control) {
            Ok(Outcome::Binds(limit)) => Ok(Err(Way::Binds(limit))),
            Ok(Outcome::Done(done)) => Ok(Ok(CellResult {
                summary: done.summary,
                timeline: done
                    .timeline
                    .map(|steps| (steps.step().nanos(), steps.into_points())),
                claimed: None,
                keep_alive_curve: done.keep_alive_curve.map(CurveBooks::into_curve),
                way: Way::Apart,
            })),
            Err(Ended::Run(error)) => Err(self.failed(error)),
            Err(Ended::Trace(fault)) => Err(Failure::Trace(vec![fault])),
            Err(Ended::Identity(violation)) => Err(self.violated(violation)),
        }
    }

    /// All functions together.
    fn run_together(
        &self,
        way: Way,
        requests: Option<&RequestParts>,
    ) -> Result<CellResult, Failure> {
        let mut workload = Workload::new(self.plan, &self.streams).map_err(Failure::Trace)?;
        let summary = Summary::new(self.plan, self.batches);
        let timeline = self.timeline(TimelineTap::new);
        let log = requests
            .map(|parts| parts.open(self.scenario, self.id))
            .transpose()?;
        let curve = self
            .scenario
            .keep_alive_curve
            .then(|| KeepAliveCurveTap::new(self.plan, self.batches));
        let wanted = self.scenario.claimed_concurrency;
        let claimed = wanted.then(|| ClaimedTap::new(self.plan, self.batches, TIMELINE_STEPS));
        // What few ask for is one look where nobody does.
        let rare = (curve.is_some() || claimed.is_some()).then_some((curve, claimed));
        let mut observer = (summary, (timeline, (log, rare)));
        sim::run(
            self.plan,
            &self.streams,
            policy::of_plan(self.plan),
            &mut workload,
            &mut observer,
            self.control,
        )
        .map_err(|error| self.failed(error))?;
        let (summary, (timeline, (log, rare))) = observer;
        let (curve, claimed) = rare.unwrap_or_default();
        if let (Some(parts), Some(log)) = (requests, log) {
            parts.close(log, self.id)?;
        }
        if let Some(fault) = workload.fault() {
            return Err(Failure::Trace(vec![fault.clone()]));
        }
        let mut summary = summary
            .into_result()
            .ok_or_else(|| self.failed(sim::RunError::Stopped))?
            .map_err(|violation| self.violated(violation))?;
        let claimed = claimed.map(|tap| (tap.step().nanos(), tap.finish(&mut summary)));
        Ok(CellResult {
            summary,
            timeline: timeline.map(|tap| (tap.step().nanos(), tap.into_points())),
            claimed: claimed.filter(|_| self.id.replication == 0),
            keep_alive_curve: curve.map(|tap| tap.into_books().into_curve()),
            way,
        })
    }

    /// The timeline of the first replication.
    fn timeline<T>(&self, new: fn(Span, u32) -> T) -> Option<T> {
        let run = self.plan.end().since(Time::ZERO);
        (self.id.replication == 0).then(|| new(run, TIMELINE_STEPS))
    }

    fn failed(&self, error: sim::RunError) -> Failure {
        Failure::Run {
            scenario: self.scenario.label(),
            error,
        }
    }

    fn violated(&self, violation: Violation) -> Failure {
        Failure::Identity {
            scenario: self.scenario.label(),
            seed: self.experiment.seed,
            replication: self.id.replication,
            violation,
        }
    }
}

impl CellResult {
    /// Length of a timeline's step.
    pub fn timeline_step(&self) -> Span {
        Span::from_nanos(self.timeline.as_ref().map_or(0, |(step, _)| *step))
    }
}
