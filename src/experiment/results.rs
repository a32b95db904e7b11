//! What an experiment found: every measure of every scenario with its interval.
//!
//! This is all that `report` sees. It knows no format.

use super::goals::Judged;
use super::way::Way;
use crate::metric::{METRICS, MetricId};
pub use crate::observe::{ClaimedLine, ClaimedPoint, TimelinePoint, Values};
use crate::stats::Histogram;
use crate::units::{Span, Time};

/// What an experiment found.
#[derive(Clone, Debug)]
pub struct Results {
    /// The file's stem.
    pub experiment: String,
    /// What it asked; empty where no question was given.
    pub question: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Replications asked for.
    pub replications: u32,
    /// Where the intervals come from.
    pub intervals: IntervalMethod,
    /// Measured time of each replication, in the shortest and in the longest scenario; they differ
    /// where `duration` is swept.
    pub durations: (Span, Span),
    /// What else must be known to run it again.
    pub facts: Facts,
    /// In the order of the file.
    pub scenarios: Vec<ScenarioResult>,
    /// What was asserted, held against every scenario that it is about.
    pub assertions: Vec<Judged>,
    /// The service-level objectives, held against every scenario.
    pub slo: Vec<Judged>,
}

/// What was run, of the first scenario where scenarios differ.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// Name of the platform.
    pub platform: String,
    /// Name of the price list; `None` where nothing is charged.
    pub prices: Option<String>,
    /// Simulated before measuring began.
    pub warm_up: Span,
    /// Keys that the command line has set, with their values as typed.
    pub set: Vec<(String, String)>,
    /// Whether arrivals are recorded ones, the same in every replication.
    pub recorded: bool,
    /// Whether functions were simulated apart, and in how many cells: changes no result.
    pub ways: Vec<(Way, usize)>,
}

/// Where the intervals come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntervalMethod {
    /// Student t over independent replications.
    Replications,
    /// Student t over this many equal parts of the one replication's measured time.
    BatchMeans {
        /// Parts.
        batches: u32,
    },
}

/// What one scenario gave.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// Name of the policy.
    pub policy: String,
    /// Swept keys with the names of their values, or the values as typed where they have none.
    pub set: Vec<(String, String)>,
    /// Every measure over all functions.
    pub metrics: Estimates,
    /// Every measure over all functions, replication by replication.
    pub replications: Vec<Values>,
    /// This scenario less the first one, measure by measure, paired by replication (or batch);
    /// `None` for the first scenario itself.
    pub paired: Option<Estimates>,
    /// Every measure function by function, in the order of the experiment.
    pub functions: Vec<FunctionResult>,
    /// Latencies of users' requests in nanoseconds, over all functions and replications.
    pub latency: Histogram,
    /// Instances by state over time, in the first replication.
    pub timeline: Timeline,
    /// What other keep-alives would have given, ascending; `None` where nobody asked.
    pub keep_alive_curve: Option<Vec<CurvePoint>>,
}

/// What a keep-alive would have given, all functions together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CurvePoint {
    /// How long every idle instance would have been kept.
    pub keep_alive: Span,
    /// Requests that would have been cold.
    pub cold_starts: Estimate,
    /// The same of each request that ran.
    pub cold_start_ratio: Estimate,
    /// Wasted memory time, in GB-seconds.
    pub idle_gb_s: Estimate,
    /// Time that instances would have been idle, in seconds.
    pub idle_instance_s: Estimate,
}

/// What one function gave in a scenario.
#[derive(Clone, Debug)]
pub struct FunctionResult {
    /// Its name.
    pub name: String,
    /// Every measure of this function.
    pub metrics: Estimates,
}

/// A value for each measure of the catalogue.
#[derive(Clone, Debug)]
pub struct Estimates(Vec<Estimate>);

/// A value with its 95 % confidence interval.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Estimate {
    /// The value; `None` where there is none, such as a ratio to no requests.
    pub mean: Option<f64>,
    /// Lower and upper end; `None` where fewer than two replications (or batches) gave a value.
    pub ci95: Option<(f64, f64)>,
}

/// Instances by state over the whole run, warm-up included.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Length of the part of the run that a point stands for.
    pub step: Span,
    /// One point a step, from the beginning of the run.
    pub points: Vec<TimelinePoint>,
    /// When measuring began.
    pub measured_from: Time,
    /// What each account claimed of its quota, by the same steps; empty where nobody asked.
    pub claimed: Vec<ClaimedLine>,
}

impl Estimates {
    /// One value for each measure, in the order of the catalogue.
    ///
    /// # Panics
    /// If there are not as many values as measures, which is a fault of the caller.
    pub fn new(values: Vec<Estimate>) -> Self {
        assert_eq!(values.len(), METRICS.len(), "one value a measure");
        Self(values)
    }

    /// The value of a measure.
    pub fn get(&self, metric: MetricId) -> Estimate {
        self.0[metric.index()]
    }

    /// Every measure with its value, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = (MetricId, Estimate)> + '_ {
        MetricId::all().zip(self.0.iter().copied())
    }
}

impl Results {
    /// Measured time of each replication, where it is the same in all scenarios.
    pub fn duration(&self) -> Option<Span> {
        let (shortest, longest) = self.durations;
        (shortest == longest).then_some(shortest)
    }

    /// The measures of the outputs, in the order of the catalogue: without those that belong to
    /// what no scenario has.
    pub fn measures(&self) -> Vec<MetricId> {
        let has = |id: &MetricId| {
            let mut scenarios = self.scenarios.iter();
            !id.is_optional() || scenarios.any(|s| s.metrics.get(*id).mean.is_some())
        };
        MetricId::all().filter(has).collect()
    }

    /// The same for a person: `7 days`, or `1 h to 7 days`.
    pub fn duration_text(&self) -> String {
        let (shortest, longest) = self.durations;
        match self.duration() {
            Some(duration) => duration.to_string(),
            None => format!("{shortest} to {longest}"),
        }
    }
}

impl ScenarioResult {
    /// The policy's name with the swept values, such as `snapshot, memory = 1 GB`.
    pub fn label(&self) -> String {
        crate::model::scenario_label(&self.policy, &self.set)
    }
}
