//! Executions of workflows on their way through their steps, and the functions that they call.
//!
//! An execution is a tree of threads: one for its steps, and under a step that goes several ways at
//! once one more for each of these. A thread waits for exactly one thing at a time: a transition, a
//! call, the end of a wait, or the threads under it.

mod steps;

use super::*;
use crate::model::{RatePerSecond, Workflow, WorkflowKind};
use crate::sim::instance::NONE;
use crate::sim::slab::Slab;
use crate::workload::Starts;

/// An execution of a workflow has ended, or the run ends with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkflowEnd {
    /// The workflow: its place among those of the plan.
    pub workflow: u32,
    /// Its kind.
    pub kind: WorkflowKind,
    /// When it was started.
    pub arrived: Time,
    /// When it ended.
    pub ended: Time,
    /// How.
    pub fate: WorkflowFate,
    /// Cold starts that its calls waited for until then.
    pub cold_starts: u32,
}

/// Most threads at once: some 100 bytes each, and as much for what each waits for.
pub(in crate::sim) const MOST_THREADS: usize = 4_000_000;

/// What became of an execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkflowFate {
    /// Its last step ended.
    Completed,
    /// A step failed for good, or it took too long.
    Failed,
    /// Too many were started.
    Refused,
    /// It has not ended when the run does.
    InFlight,
}

/// All workflows of a plan.
pub(super) struct Workflows<'a> {
    of_plan: Vec<(&'a Workflow, Starts)>,
    started: Vec<u64>,
    executions: Slab<Execution>,
    threads: Slab<Thread>,
    /// What the workflows of a kind share.
    kinds: [Shared; 2],
    streams: Streams,
}

/// What the workflows of a kind share.
struct Shared {
    executions: Option<TokenBucket>,
    transitions: Option<TokenBucket>,
    /// Threads that wait for a transition.
    queue: VecDeque<u32>,
    /// When the live timer of the queue fires; `NEVER` where there is none.
    timer: Time,
}

/// An execution on its way.
#[derive(Clone, Copy)]
struct Execution {
    workflow: u32,
    arrived: Time,
    /// When it has taken too long.
    deadline: Time,
    cold_starts: u32,
    /// Whether it has failed; its threads then end as soon as they come back.
    over: bool,
}

/// A place in the steps of an execution.
#[derive(Clone, Copy)]
struct Thread {
    execution: u32,
    /// The thread that waits for it; [`NONE`] for the execution itself.
    parent: u32,
    step: u32,
    /// Threads under it that have not ended.
    below: u32,
    /// Items of a map that have begun.
    begun: u32,
    /// Tries of a call, this one included.
    tries: u32,
    waits: Waits,
    streams: Streams,
}

/// What the event of a thread is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waits {
    /// The transition to its step is done.
    Transition,
    /// Its step is done.
    End,
    /// Its call is tried again.
    Retry,
}

impl<'a> Workflows<'a> {
    /// Those of a plan; `None` where it has none.
    pub(super) fn new(plan: &'a Plan, streams: &Streams) -> Option<Box<Self>> {
        let function = plan.functions.first()?;
        let of_plan: Vec<_> = (0..)
            .zip(plan.workflows())
            .map(|(number, workflow)| {
                let process = &workflow.process;
                let starts = Starts::new(process, function, streams, number, &plan.traffic);
                (workflow, starts)
            })
            .collect();
        if of_plan.is_empty() {
            return None;
        }
        let kinds = WorkflowKind::ALL.map(|kind| {
            let rules = plan.platform.workflows[kind as usize].as_ref();
            let bucket = |rate: RatePerSecond| {
                TokenBucket::new(rate.burst, rate.rate, Span::from_whole_secs(1))
            };
            Shared {
                executions: rules.and_then(|rules| rules.executions).map(bucket),
                transitions: rules.and_then(|rules| rules.transitions).map(bucket),
                queue: VecDeque::new(),
                timer: Time::NEVER,
            }
        });
        Some(Box::new(Self {
            started: vec![0; of_plan.len()],
            of_plan,
            executions: Slab::default(),
            threads: Slab::default(),
            kinds,
            streams: *streams,
        }))
    }

    fn workflow(&self, number: u32) -> &'a Workflow {
        self.of_plan[number as usize].0
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Waits for the first execution of each workflow.
    pub(super) fn begin_workflows(&mut self) {
        let all = self.workflows.as_ref().map_or(0, |all| all.of_plan.len());
        for workflow in 0..all as u32 {
            self.await_execution(workflow);
        }
    }

    fn await_execution(&mut self, workflow: u32) {
        let Some(all) = &mut self.workflows else {
            return;
        };
        let at = all.of_plan[workflow as usize].1.next_instant();
        if at < self.plan.end() {
            self.calendar.push(at, Event::Execution { workflow });
        }
    }

    /// An execution is started.
    pub(super) fn start_execution(&mut self, number: u32) {
        self.await_execution(number);
        let (now, plan) = (self.now, self.plan);
        let Some(all) = &mut self.workflows else {
            return;
        };
        let workflow = all.workflow(number);
        self.observer.workflow_started(now);
        let count = &mut all.started[number as usize];
        let streams = all.streams.within(u64::from(number)).within(*count);
        *count += 1;
        let max_duration = plan.platform.workflows[workflow.kind as usize]
            .as_ref()
            .and_then(|rules| rules.max_duration);
        let execution = Execution {
            workflow: number,
            arrived: now,
            deadline: max_duration.map_or(Time::NEVER, |most| now + most),
            cold_starts: 0,
            over: false,
        };
        let bucket = all.kinds[workflow.kind as usize].executions.as_mut();
        if !bucket.is_none_or(|bucket| bucket.take(now)) {
            self.end_execution(&execution, now, WorkflowFate::Refused);
            return;
        }
        let execution = all.executions.put(execution);
        let thread = Thread::new(execution, NONE, streams);
        self.begin_thread(number, thread, workflow.first);
    }

    /// Begins a thread, unless there are so many already that the run is given up.
    fn begin_thread(&mut self, workflow: u32, thread: Thread, first: u32) {
        let Some(all) = &mut self.workflows else {
            return;
        };
        if all.threads.len() >= MOST_THREADS {
            let workflow = all.workflow(workflow).name.clone();
            self.fault = Some(RunError::TooManyBranches { workflow });
            return;
        }
        let thread = all.threads.put(thread);
        self.enter(thread, first);
    }

    fn end_execution(&mut self, execution: &Execution, ended: Time, fate: WorkflowFate) {
        let Some(all) = &self.workflows else { return };
        self.observer.workflow_ended(&WorkflowEnd {
            workflow: execution.workflow,
            kind: all.workflow(execution.workflow).kind,
            arrived: execution.arrived,
            ended,
            fate,
            cold_starts: execution.cold_starts,
        });
    }

    /// Whether an execution has failed, of itself or because it has taken too long.
    fn is_over(&mut self, place: u32) -> bool {
        let now = self.now;
        let all = self.workflows.as_mut();
        let Some(execution) = all.and_then(|all| all.executions.get_mut(place)) else {
            return true;
        };
        if execution.over || now <= execution.deadline {
            return execution.over;
        }
        let deadline = execution.deadline;
        self.fail_execution(place, deadline);
        true
    }

    fn fail_execution(&mut self, place: u32, at: Time) {
        let all = self.workflows.as_mut();
        let Some(execution) = all.and_then(|all| all.executions.get_mut(place)) else {
            return;
        };
        if !execution.over {
            execution.over = true;
            let execution = *execution;
            self.end_execution(&execution, at, WorkflowFate::Failed);
        }
    }

    /// Tells of executions that are left when the run ends.
    pub(super) fn tell_executions_in_flight(&mut self) {
        let Some(all) = &self.workflows else { return };
        let left: Vec<Execution> = all.executions.iter().copied().collect();
        for execution in left.iter().filter(|execution| !execution.over) {
            if execution.deadline < self.now {
                self.end_execution(execution, execution.deadline, WorkflowFate::Failed);
            } else {
                self.end_execution(execution, self.now, WorkflowFate::InFlight);
            }
        }
    }
}
