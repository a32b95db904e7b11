//! The experiment: scenarios, each a plan that can be simulated.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::ids::FunctionId;
use crate::trace::Trace;
use crate::units::{Span, Time};

use super::{Assertion, Function, Goal, Platform, Process, Remedy, Traffic, Workflow};

/// A checked experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The file's stem.
    pub name: String,
    /// What it asks, in the user's words; empty where none was given.
    pub question: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Independent runs of each scenario.
    pub replications: u32,
    /// Keys that the command line has set, with their values as typed.
    pub set: Vec<(String, String)>,
    /// In the order of the file: for each point of the sweep, every policy.
    pub scenarios: Vec<Scenario>,
    /// What a plan has to meet.
    pub slo: Vec<Goal>,
    /// What a run is held to.
    pub assertions: Vec<Assertion>,
}

/// One policy at one point of the sweep.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Name of the policy.
    pub policy: String,
    /// Swept keys with the names of their values, or the values as typed where they have none.
    pub set: Vec<(String, String)>,
    /// What is simulated.
    pub plan: Plan,
    /// Whether cold starts and idle time are told for every keep-alive as well.
    pub keep_alive_curve: bool,
    /// Whether concurrency claimed of the quota is measured.
    pub claimed_concurrency: bool,
}

/// All that a simulation of one scenario needs. Scenarios share the parts that are the same.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The platform.
    pub platform: Arc<Platform>,
    /// The functions; a [`FunctionId`] is a place in this list.
    pub functions: Arc<[Function]>,
    /// Where their requests come from.
    pub sources: Arc<[Source]>,
    /// How many requests there are for each that they send.
    pub traffic: Traffic,
    /// What is done against cold starts, in declared order.
    pub remedies: Vec<Remedy>,
    /// Simulated before measuring begins.
    pub warm_up: Span,
    /// Measured; the run ends at `warm_up + duration`.
    pub duration: Span,
}

/// Where requests come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A process of one function.
    Process {
        /// The function.
        function: FunctionId,
        /// When its requests arrive.
        process: Process,
    },
    /// A trace of many functions.
    Trace {
        /// The trace, opened and indexed.
        trace: Arc<Trace>,
        /// The function of this experiment for each function of the trace.
        functions: Arc<[FunctionId]>,
    },
    /// A workflow, whose executions call functions.
    Workflow(Arc<Workflow>),
}

impl Experiment {
    /// Files and folders of recorded requests that are read while it runs, each once.
    pub fn recordings(&self) -> BTreeSet<&Path> {
        let sources = self.scenarios.iter().flat_map(|s| s.plan.sources.iter());
        let paths = sources.filter_map(|source| match source {
            Source::Trace { trace, .. } => Some(trace.path()),
            Source::Process {
                process: Process::Replay { file },
                ..
            } => Some(file.as_path()),
            Source::Process { .. } | Source::Workflow(_) => None,
        });
        paths.collect()
    }
}

impl Plan {
    /// When measuring begins.
    pub fn measured_from(&self) -> Time {
        Time::ZERO + self.warm_up
    }

    /// Whether any arrivals are recorded ones, the same in every replication.
    pub fn is_recorded(&self) -> bool {
        let the_same = self.traffic.is_usual();
        let recorded = |source: &Source| match source {
            Source::Process { process, .. } => matches!(process, Process::Replay { .. }),
            Source::Trace { .. } => true,
            Source::Workflow(_) => false,
        };
        the_same && self.sources.iter().any(recorded)
    }

    /// The workflows, in the order of the file.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.sources.iter().filter_map(|source| match source {
            Source::Workflow(workflow) => Some(&**workflow),
            Source::Process { .. } | Source::Trace { .. } => None,
        })
    }

    /// When the run ends.
    pub fn end(&self) -> Time {
        Time::ZERO + self.warm_up + self.duration
    }
}

impl Scenario {
    /// The policy's name with the swept values, such as `snapshot, memory = 1 GB`.
    pub fn label(&self) -> String {
        scenario_label(&self.policy, &self.set)
    }
}

/// A policy's name with swept values, each under the last part of its key.
pub fn scenario_label(policy: &str, set: &[(String, String)]) -> String {
    let mut label = policy.to_owned();
    for (key, value) in set {
        let short = key.rsplit('.').next().unwrap_or(key);
        label.push_str(", ");
        label.push_str(short);
        label.push_str(" = ");
        label.push_str(value);
    }
    label
}
