//! Workflows: their steps as a list in which each names the next, and how a platform runs them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::quantity::PositiveCount;
use crate::config::source::Place;
use crate::config::typed::experiment::Tables;
use crate::config::typed::workflow::{
    Kind, MapStep, Step, StepRetry, WorkflowEntry, WorkflowKinds, WorkflowRules,
};
use crate::config::typed::{Key, value};
use crate::ids::FunctionId;
use crate::model::{self, Process, RatePerSecond, Source, StepKind, WorkflowKind};
use crate::units::{Memory, Span};

use super::Context;
use super::experiment::Population;
use super::platform::{PlatformFacts, limit};

/// Steps within steps: as deep as anybody could read.
const DEEPEST: usize = 8;

/// Steps of a workflow that the simulator can number.
const MOST_STEPS: usize = 10_000;

/// Items of all maps that can be on their way at once in an execution.
const MOST_AT_ONCE: u32 = 10_000;

/// Tries of a step, the first included, where `retry` does not say: three after the first
/// (states-language.net, `MaxAttempts`).
const ATTEMPTS: u32 = 4;

/// Wait before the second (`IntervalSeconds`).
const FIRST_WAIT: Span = Span::from_nanos(1_000_000_000);

/// What each further wait is multiplied by (`BackoffRate`).
const FACTOR: f64 = 2.0;

/// Memory of an execution, where none is given: the least that is charged for.
const MEMORY_MB: f64 = 64.0;

/// The steps of a workflow so far.
struct Steps<'a> {
    workflow: &'a str,
    functions: &'a [(&'a str, FunctionId)],
    /// Whether functions are missing for a fault.
    incomplete: bool,
    /// Items on their way at once where steps are added now.
    at_once: u32,
    all: Vec<model::Step>,
}

/// The names of functions that workflows call.
pub(super) fn called(tables: &Key<Tables<WorkflowEntry>>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let tables = value(tables).map_or(&[][..], |tables| tables.0.as_slice());
    for entry in tables.iter().filter_map(Given::get) {
        if let Some(steps) = value(&entry.steps) {
            gather(steps, &mut names, 0);
        }
    }
    names
}

fn gather(steps: &[Given<Step>], names: &mut BTreeSet<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    for step in steps.iter().filter_map(Given::get) {
        names.extend(value(&step.call).cloned());
        let branches = value(&step.parallel).into_iter().flatten();
        for branch in branches.filter_map(Given::get) {
            gather(branch, names, depth + 1);
        }
        let ways = value(&step.choice).into_iter().flatten();
        for way in ways.filter_map(Given::get) {
            gather(
                value(&way.steps).map_or(&[], Vec::as_slice),
                names,
                depth + 1,
            );
        }
        if let Some(map) = value(&step.map) {
            gather(
                value(&map.steps).map_or(&[], Vec::as_slice),
                names,
                depth + 1,
            );
        }
    }
}

impl Context {
    /// How a platform runs workflows.
    pub(super) fn workflow_rules(
        &self,
        typed: Option<&WorkflowKinds>,
    ) -> [Option<model::WorkflowRules>; 2] {
        let Some(typed) = typed else {
            return [None, None];
        };
        [
            self.rules_of_kind(&typed.standard),
            self.rules_of_kind(&typed.express),
        ]
    }

    fn rules_of_kind(&self, key: &Key<WorkflowRules>) -> Option<model::WorkflowRules> {
        let given = key.as_ref()?;
        let rules = given.get()?;
        let what = "workflows of a kind";
        let transition = self.need(&rules.transition, given.place, what, "transition")?;
        Some(model::WorkflowRules {
            transition: transition.0.clone(),
            transitions: rate(&rules.transitions_per_second, &rules.transitions_burst),
            executions: rate(&rules.executions_per_second, &rules.executions_burst),
            max_duration: limit(&rules.max_duration).map(|length| length.0),
        })
    }

    /// Adds the workflows of an experiment to where requests come from.
    pub(super) fn workflows(
        &self,
        tables: &Key<Tables<WorkflowEntry>>,
        platform: &PlatformFacts,
        population: &mut Population,
    ) {
        let tables = value(tables).map_or(&[][..], |tables| tables.0.as_slice());
        let named = tables
            .iter()
            .filter_map(|table| Some((table.place, &table.get()?.name)));
        self.unique("workflow", named);
        let mut sources = Vec::new();
        let incomplete = population.incomplete;
        {
            let functions = population
                .functions
                .iter()
                .map(|f| f.function.name.as_str());
            let functions: Vec<_> = functions.zip((0..).map(FunctionId)).collect();
            for table in tables {
                let Some(entry) = table.get() else { continue };
                let known = (functions.as_slice(), incomplete);
                if let Some(workflow) = self.one_workflow(entry, table.place, known, platform) {
                    self.doubt_workflow_price(table, workflow.kind, platform);
                    sources.push((Source::Workflow(Arc::new(workflow)), table.place));
                }
            }
        }
        for (source, place) in sources {
            population.sources.push(source);
            population.places.push(place);
        }
    }

    fn one_workflow(
        &self,
        entry: &WorkflowEntry,
        table: Place,
        (functions, incomplete): (&[(&str, FunctionId)], bool),
        platform: &PlatformFacts,
    ) -> Option<model::Workflow> {
        let name = value(&entry.name)?;
        let kind = match value(&entry.kind) {
            Some(Kind::Express) => WorkflowKind::Express,
            Some(Kind::Standard) | None => WorkflowKind::Standard,
        };
        if platform.platform.workflows[kind as usize].is_none() {
            let place = entry.kind.as_ref().map_or(table, |key| key.place);
            let title = format!("the platform has no {} workflows", kind.name());
            let remedy = format!(
                "give it some: [platform-override.workflows.{}] with `transition`",
                kind.name()
            );
            self.fault(Fault::new(title).at(place).note(remedy));
        }
        let what = format!("workflow `{name}`");
        let process = if self
            .need(&entry.arrivals, table, &what, "arrivals")
            .is_some()
        {
            let arrivals = entry.arrivals.as_ref()?;
            let process = self.process(arrivals, name);
            if let Some(Process::Replay { .. }) = process {
                let title = "workflows cannot be started from a file in this version";
                let fault = Fault::new(title).at(arrivals.place);
                self.fault(fault.note("give an arrival process, such as `poisson`"));
                None
            } else {
                process
            }
        } else {
            None
        };
        let mut steps = Steps {
            workflow: name,
            functions,
            incomplete,
            at_once: 1,
            all: Vec::new(),
        };
        let first = self
            .need(&entry.steps, table, &what, "steps")
            .and_then(|typed| {
                let place = entry.steps.as_ref().map_or(table, |key| key.place);
                self.steps(typed, place, None, 0, &mut steps)
            });
        Some(model::Workflow {
            name: name.clone(),
            kind,
            process: process?,
            retry: limit_ref(&entry.retry).map(step_retry),
            memory: value(&entry.memory).map_or(Memory::from_mb(MEMORY_MB), |memory| memory.0),
            first: first?,
            steps: steps.all,
        })
    }

    /// Adds a list of steps; the last goes on at `after`. The place of the first.
    fn steps(
        &self,
        typed: &[Given<Step>],
        place: Place,
        after: Option<u32>,
        depth: usize,
        steps: &mut Steps<'_>,
    ) -> Option<u32> {
        if typed.is_empty() {
            let title = "a list of steps is empty";
            let note = "only a way of a `choice` may have no steps";
            self.fault(Fault::new(title).at(place).note(note));
            return None;
        }
        if depth > DEEPEST {
            let title = "steps are nested too deeply";
            let note = format!("allowed: {DEEPEST} steps within steps");
            self.fault(Fault::new(title).at(place).note(note));
            return None;
        }
        let mut next = after;
        let mut faulty = false;
        for given in typed.iter().rev() {
            match given
                .get()
                .and_then(|step| self.kind(step, given.place, next, depth, steps))
            {
                Some(kind) if steps.all.len() < MOST_STEPS => {
                    steps.all.push(model::Step { kind, next });
                    next = Some(steps.all.len() as u32 - 1);
                }
                Some(_) => {
                    let title = format!("workflow `{}` has too many steps", steps.workflow);
                    let note = format!("allowed: {MOST_STEPS}");
                    self.fault(Fault::new(title).at(given.place).note(note));
                    return None;
                }
                None => faulty = true,
            }
        }
        next.filter(|_| !faulty)
    }

    fn kind(
        &self,
        step: &Step,
        place: Place,
        next: Option<u32>,
        depth: usize,
        steps: &mut Steps<'_>,
    ) -> Option<StepKind> {
        let keys = [
            ("call", step.call.is_some()),
            ("wait", step.wait.is_some()),
            ("parallel", step.parallel.is_some()),
            ("choice", step.choice.is_some()),
            ("map", step.map.is_some()),
        ];
        let given = keys.iter().filter(|(_, is)| *is).count();
        if given == 0 && self.faults.has_unknown(place) {
            return None;
        }
        if given != 1 {
            let title = format!("a step has one of its keys, not {given}");
            let note = format!("keys: {}", list(keys.map(|(name, _)| name)));
            self.fault(Fault::new(title).at(place).note(note));
            return None;
        }
        if let Some(called) = &step.call {
            return self.call(called, steps).map(StepKind::Call);
        }
        if let Some(wait) = value(&step.wait) {
            return Some(StepKind::Wait(wait.0));
        }
        if let Some(branches) = &step.parallel {
            let mut firsts = Vec::new();
            let all = branches.get()?;
            self.not_empty(all, branches.place, "parallel")?;
            for branch in all {
                let typed = branch.get();
                firsts.push(
                    typed.and_then(|typed| self.steps(typed, branch.place, None, depth + 1, steps)),
                );
            }
            let firsts: Option<Vec<u32>> = firsts.into_iter().collect();
            return firsts.map(StepKind::Parallel);
        }
        if let Some(choice) = &step.choice {
            let all = choice.get()?;
            self.not_empty(all, choice.place, "choice")?;
            let mut ways = Vec::new();
            for given in all {
                ways.push(given.get().and_then(|way| {
                    let weight = value(&way.weight).map_or(1.0, |weight| weight.0);
                    let typed = self.need(&way.steps, given.place, "a way of a choice", "steps")?;
                    let first = if typed.is_empty() {
                        next
                    } else {
                        let place = way.steps.as_ref().map_or(given.place, |key| key.place);
                        Some(self.steps(typed, place, next, depth + 1, steps)?)
                    };
                    Some(model::Way { weight, first })
                }));
            }
            let ways: Option<Vec<model::Way>> = ways.into_iter().collect();
            return ways.map(StepKind::Choice);
        }
        let map = step.map.as_ref()?;
        self.map(map.get()?, map.place, depth, steps)
    }

    fn map(
        &self,
        map: &MapStep,
        place: Place,
        depth: usize,
        steps: &mut Steps<'_>,
    ) -> Option<StepKind> {
        let items = self.need(&map.items, place, "`map`", "items");
        let all = items.map_or(1, |items| items.0);
        let at_once = value(&map.max_concurrency)
            .map_or(all, |most| most.0)
            .min(all);
        let around = steps.at_once;
        steps.at_once = around.saturating_mul(at_once);
        if steps.at_once > MOST_AT_ONCE {
            let title = format!("a `map` has {} items at the same time", steps.at_once);
            let note = format!("allowed: {MOST_AT_ONCE}; give `max-concurrency`");
            self.fault(Fault::new(title).at(place).note(note));
            steps.at_once = around;
            return None;
        }
        let first = self
            .need(&map.steps, place, "`map`", "steps")
            .and_then(|typed| {
                let place = map.steps.as_ref().map_or(place, |key| key.place);
                self.steps(typed, place, None, depth + 1, steps)
            });
        steps.at_once = around;
        let items = items?.0;
        Some(StepKind::Map {
            items,
            at_once,
            first: first?,
        })
    }

    fn not_empty<T>(&self, all: &[T], place: Place, key: &str) -> Option<()> {
        if all.is_empty() {
            self.fault(Fault::new(format!("`{key}` is empty")).at(place));
            return None;
        }
        Some(())
    }

    fn call(&self, called: &Given<String>, steps: &Steps<'_>) -> Option<FunctionId> {
        let name = called.get()?;
        let names = || steps.functions.iter().map(|(name, _)| *name);
        if let Some((_, id)) = steps.functions.iter().find(|(known, _)| known == name) {
            return Some(*id);
        }
        if steps.incomplete {
            return None;
        }
        let title = format!(
            "workflow `{}` calls `{name}`, which no function is named",
            steps.workflow
        );
        let mut fault = Fault::new(title).at(called.place);
        if let Some(hint) = did_you_mean(name, names()) {
            fault = fault.note(hint);
        }
        self.fault(fault.note(format!("functions: {}", list(names()))));
        None
    }
}

fn rate(
    a_second: &Key<OrNone<PositiveCount>>,
    burst: &Key<PositiveCount>,
) -> Option<RatePerSecond> {
    limit(a_second).map(|rate| RatePerSecond {
        rate: rate.0,
        burst: value(burst).map_or(rate.0, |burst| burst.0),
    })
}

fn limit_ref<T>(key: &Key<OrNone<T>>) -> Option<&T> {
    match value(key) {
        Some(OrNone::Some(given)) => Some(given),
        _ => None,
    }
}

fn step_retry(typed: &StepRetry) -> model::StepRetry {
    model::StepRetry {
        attempts: value(&typed.attempts).map_or(ATTEMPTS, |attempts| attempts.0),
        first: value(&typed.first).map_or(FIRST_WAIT, |wait| wait.0),
        factor: value(&typed.factor).map_or(FACTOR, |factor| factor.0),
    }
}
