//! Keys of workflows, and of how a platform runs them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::{Given, OrNone};
use crate::config::dist::Distribution;
use crate::config::quantity::{
    AtLeastOne, Bytes, Length, PositiveCount, PositiveLength, PositiveNumber,
};

use super::arrivals::Arrivals;
use super::{Key, overlay};

/// A workflow: what starts it, and the steps of an execution.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WorkflowEntry {
    /// Name; needed, and different for each workflow.
    pub(crate) name: Key<String>,
    /// Which rules and prices of the platform it has; without it "standard".
    pub(crate) kind: Key<Kind>,
    /// When executions are started; needed.
    pub(crate) arrivals: Key<Arrivals>,
    /// What becomes of a step whose call failed, timed out or was throttled; without it the
    /// execution fails.
    pub(crate) retry: Key<OrNone<StepRetry>>,
    /// Memory of an execution, which Express workflows are charged for; without it 64 MB.
    pub(crate) memory: Key<Bytes>,
    /// Steps, one after another; needed.
    pub(crate) steps: Key<Vec<Given<Step>>>,
}

/// The kind of a workflow.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Standard,
    Express,
}

/// Exponential back-off of a step.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct StepRetry {
    /// Tries in all, the first included; without it 4.
    pub(crate) attempts: Key<PositiveCount>,
    /// Wait before the second try; without it 1 s.
    pub(crate) first: Key<Length>,
    /// What each further wait is multiplied by; without it 2.
    pub(crate) factor: Key<AtLeastOne>,
}

/// A step: one of these keys.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Step {
    /// Calls this function and waits for its answer.
    pub(crate) call: Key<String>,
    /// Waits this long.
    pub(crate) wait: Key<Length>,
    /// Lists of steps that are done side by side.
    pub(crate) parallel: Key<Vec<Given<Vec<Given<Step>>>>>,
    /// Ways of which one is gone.
    pub(crate) choice: Key<Vec<Given<Way>>>,
    /// Steps that are done for each of several items.
    pub(crate) map: Key<MapStep>,
}

/// A way of a choice.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Way {
    /// How often it is gone, against the weights of the others; without it 1.
    pub(crate) weight: Key<PositiveNumber>,
    /// Its steps; an empty list goes straight on.
    pub(crate) steps: Key<Vec<Given<Step>>>,
}

/// Steps for each of several items.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct MapStep {
    /// Items; needed.
    pub(crate) items: Key<PositiveCount>,
    /// Items at the same time; without it all.
    pub(crate) max_concurrency: Key<PositiveCount>,
    /// Steps of each item; needed.
    pub(crate) steps: Key<Vec<Given<Step>>>,
}

/// How a platform runs workflows, by kind.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WorkflowKinds {
    /// Workflows that are charged by the transition.
    pub(crate) standard: Key<WorkflowRules>,
    /// Workflows that are charged by the execution and its length.
    pub(crate) express: Key<WorkflowRules>,
}

/// How a platform runs workflows of a kind.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WorkflowRules {
    /// What it takes from one step to the next; needed.
    pub(crate) transition: Key<Distribution>,
    /// Transitions a second of all workflows of the kind; those beyond wait; without it any number.
    pub(crate) transitions_per_second: Key<OrNone<PositiveCount>>,
    /// Transitions at once; without it as many as a second.
    pub(crate) transitions_burst: Key<PositiveCount>,
    /// Executions started a second; those beyond are refused; without it any number.
    pub(crate) executions_per_second: Key<OrNone<PositiveCount>>,
    /// Executions started at once; without it as many as a second.
    pub(crate) executions_burst: Key<PositiveCount>,
    /// When an execution that has not ended fails; without it never.
    pub(crate) max_duration: Key<OrNone<PositiveLength>>,
}

overlay!(WorkflowKinds {} { standard, express });
overlay!(WorkflowRules {
    transition, transitions_per_second, transitions_burst, executions_per_second,
    executions_burst, max_duration
} {});
