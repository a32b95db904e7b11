//! What is counted of executions of workflows: they call several functions each.

use crate::model::{Plan, Process, WorkflowKind};
use crate::sim::{WorkflowEnd, WorkflowFate};
use crate::stats::{Histogram, Joint};
use crate::units::{Memory, Span, Time};

use super::costs::Services;
use super::identities::Violation;
use super::measures::lengths_of_time;
use super::values::Sheet;
use crate::metric;

/// Counts of executions that were started in the measured time.
#[derive(Clone, Debug, Default)]
pub(super) struct Workflows {
    started: u64,
    /// Those among them that a scheduler started.
    scheduled: u64,
    completed: u64,
    failed: u64,
    refused: u64,
    in_flight: u64,
    /// Cold starts on the way of those that completed.
    cold_starts: u64,
    /// Those that completed with at least one.
    cold: u64,
    /// Transitions of every kind.
    transitions: u64,
    standard_transitions: u64,
    express_requests: u64,
    /// Charged nanoseconds of Express executions times their charged bytes of memory.
    express_byte_nanos: u128,
    /// From start to end of those that completed, in nanoseconds.
    latency: Histogram,
}

/// The workflows of a run, in its parts.
#[derive(Debug)]
pub(super) struct WorkflowBooks {
    /// Measuring begins.
    from: Time,
    /// Bytes that an execution of each is charged for.
    bytes: Vec<u64>,
    /// Whether a scheduler starts them, of each.
    scheduled: Vec<bool>,
    /// What the time of an Express execution is rounded up to.
    step: Span,
    /// Of the present part.
    present: Workflows,
    /// Of the parts before.
    before: Workflows,
}

impl WorkflowBooks {
    /// Those of a plan; `None` where it has none.
    pub(super) fn new(plan: &Plan) -> Option<Box<Self>> {
        let prices = plan.platform.prices.as_ref().map(|prices| &prices.services);
        let memory_step = prices.and_then(|prices| prices.express_memory_step);
        let charged = |memory: Memory| match memory_step.map(Memory::bytes) {
            Some(step) if step > 0 => memory.bytes().div_ceil(step).saturating_mul(step),
            _ => memory.bytes(),
        };
        let bytes: Vec<u64> = plan.workflows().map(|w| charged(w.memory)).collect();
        let by_schedule = |process: &Process| matches!(process, Process::Schedule(_));
        let scheduled = plan.workflows().map(|w| by_schedule(&w.process)).collect();
        (!bytes.is_empty()).then(|| {
            Box::new(Self {
                from: plan.measured_from(),
                bytes,
                scheduled,
                step: prices.map_or(Span::ZERO, |prices| prices.express_step),
                present: Workflows::default(),
                before: Workflows::default(),
            })
        })
    }

    pub(super) fn started(&mut self, at: Time) {
        self.present.started += u64::from(at >= self.from);
    }

    pub(super) fn transition(&mut self, kind: WorkflowKind, arrived: Time) {
        let counts = u64::from(arrived >= self.from);
        self.present.transitions += counts;
        if kind == WorkflowKind::Standard {
            self.present.standard_transitions += counts;
        }
    }

    pub(super) fn ended(&mut self, end: &WorkflowEnd) {
        if end.arrived < self.from {
            return;
        }
        let counts = &mut self.present;
        let scheduled = self.scheduled.get(end.workflow as usize);
        counts.scheduled += u64::from(scheduled.is_some_and(|is| *is));
        let length = end.ended - end.arrived;
        match end.fate {
            WorkflowFate::Completed => {
                counts.completed += 1;
                counts.cold_starts += u64::from(end.cold_starts);
                counts.cold += u64::from(end.cold_starts > 0);
                counts.latency.record(length.nanos());
            }
            WorkflowFate::Failed => counts.failed += 1,
            WorkflowFate::Refused => counts.refused += 1,
            WorkflowFate::InFlight => counts.in_flight += 1,
        }
        if end.kind == WorkflowKind::Express && end.fate != WorkflowFate::Refused {
            counts.express_requests += 1;
            if end.fate != WorkflowFate::InFlight {
                let bytes = self.bytes.get(end.workflow as usize).copied();
                counts.express_byte_nanos +=
                    u128::from(length.round_up(self.step).nanos()) * u128::from(bytes.unwrap_or(0));
            }
        }
    }

    /// Whether a scheduler starts any of them.
    pub(super) fn scheduled(&self) -> bool {
        self.scheduled.contains(&true)
    }

    /// What the present part has come to.
    pub(super) fn present(&self) -> &Workflows {
        &self.present
    }

    /// Puts the present part to those before.
    pub(super) fn end_part(&mut self) {
        let present = std::mem::take(&mut self.present);
        self.before.join(&present);
    }

    /// All parts.
    pub(super) fn whole(&self) -> Workflows {
        let mut whole = self.before.clone();
        whole.join(&self.present);
        whole
    }
}

impl Workflows {
    fn join(&mut self, other: &Self) {
        self.started += other.started;
        self.scheduled += other.scheduled;
        self.completed += other.completed;
        self.failed += other.failed;
        self.refused += other.refused;
        self.in_flight += other.in_flight;
        self.cold_starts += other.cold_starts;
        self.cold += other.cold;
        self.transitions += other.transitions;
        self.standard_transitions += other.standard_transitions;
        self.express_requests += other.express_requests;
        self.express_byte_nanos += other.express_byte_nanos;
        self.latency.merge(&other.latency);
    }

    /// Every execution has come to one end.
    pub(super) fn check(&self) -> Result<(), Violation> {
        Violation::unless_equal(
            "workflows = completed + failed + refused + in flight",
            u128::from(self.started),
            u128::from(self.completed + self.failed + self.refused + self.in_flight),
        )
    }

    /// What they are charged for, besides the functions that they call.
    pub(super) fn services(&self) -> Services {
        let gb = Memory::from_mb(1024.0).bytes() as f64;
        Services {
            scheduled: self.scheduled as f64,
            transitions: self.standard_transitions as f64,
            express_requests: self.express_requests as f64,
            express_gb_s: self.express_byte_nanos as f64 / 1e9 / gb,
            ..Services::default()
        }
    }

    /// Their measures.
    pub(super) fn set(&self, values: &mut Sheet) {
        let counts = [
            (metric::WORKFLOWS, self.started),
            (metric::WORKFLOWS_COMPLETED, self.completed),
            (metric::WORKFLOWS_FAILED, self.failed),
            (metric::WORKFLOWS_REFUSED, self.refused),
            (metric::WORKFLOWS_IN_FLIGHT, self.in_flight),
            (metric::TRANSITIONS, self.transitions),
        ];
        for (id, count) in counts {
            values.set(id, count as f64);
        }
        if self.completed > 0 {
            let completed = self.completed as f64;
            let mean = self.cold_starts as f64 / completed;
            values.set(metric::WORKFLOW_COLD_STARTS_MEAN, mean);
            values.set(metric::WORKFLOW_COLD_RATIO, self.cold as f64 / completed);
        }
        let latency = Joint::new([&self.latency, const { &Histogram::new() }], 0);
        lengths_of_time(values, metric::WORKFLOW_LATENCY_MS_MEAN, &latency);
    }
}
