//! Workflows: steps that call functions one after another, side by side, by choice or item by item.

use crate::dist::Dist;
use crate::ids::FunctionId;
use crate::units::{Memory, Span};

use super::Process;

/// A state machine and what starts its executions.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Name in the experiment.
    pub name: String,
    /// Which rules and prices it has.
    pub kind: WorkflowKind,
    /// When executions are started.
    pub process: Process,
    /// What becomes of a step whose call failed, timed out or was throttled; `None` is that the
    /// execution fails.
    pub retry: Option<StepRetry>,
    /// Memory of an execution, which Express workflows are charged for.
    pub memory: Memory,
    /// Every step, in the order of the file; a step names others by their places here.
    pub steps: Vec<Step>,
    /// The first step.
    pub first: u32,
}

/// The kind of a workflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WorkflowKind {
    /// Charged by the transition (Step Functions Standard).
    Standard = 0,
    /// Charged by the execution and its length (Step Functions Express).
    Express = 1,
}

impl WorkflowKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Express];

    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Express => "express",
        }
    }
}

/// A step, and where it goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The step after it; `None` at the end of a branch, of an item or of the workflow.
    pub next: Option<u32>,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum StepKind {
    /// Calls a function and waits for its answer.
    Call(FunctionId),
    /// Waits.
    Wait(Span),
    /// Goes one of several ways, which meet at the step after it.
    Choice(Vec<Way>),
    /// Goes all ways at once and waits for the last. These are the first steps of each.
    Parallel(Vec<u32>),
    /// Does the same for each of so many items, and waits for the last.
    Map {
        /// Items, 1 or more.
        items: u32,
        /// Items at the same time, 1 or more.
        at_once: u32,
        /// The first step of each.
        first: u32,
    },
}

/// A way of a choice.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Way {
    /// How often it is chosen, against the weights of the other ways.
    pub weight: f64,
    /// Its first step, or that after the choice where it has none.
    pub first: Option<u32>,
}

/// Tries of a step, with exponential back-off.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepRetry {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Wait before the second try.
    pub first: Span,
    /// What each further wait is multiplied by.
    pub factor: f64,
}

impl StepRetry {
    /// Wait before the try after `tries` tries.
    pub fn wait(&self, tries: u32) -> Span {
        let factor = self.factor.powf(f64::from(tries.saturating_sub(1)));
        Span::from_secs(self.first.secs() * factor)
    }
}

/// How a platform runs workflows of a kind. What they share, all workflows of the kind share.
#[derive(Clone, PartialEq, Debug)]
pub struct WorkflowRules {
    /// What it takes from one step to the next.
    pub transition: Dist,
    /// Transitions a second; those beyond wait.
    pub transitions: Option<RatePerSecond>,
    /// Executions started a second; those beyond are refused.
    pub executions: Option<RatePerSecond>,
    /// When an execution that has not ended fails; `None` is never.
    pub max_duration: Option<Span>,
}

/// A token bucket that is refilled each second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RatePerSecond {
    /// Tokens a second.
    pub rate: u32,
    /// Tokens at once.
    pub burst: u32,
}
