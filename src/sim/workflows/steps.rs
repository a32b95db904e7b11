//! Steps: transitions and what throttles them, calls and their retries, branches and items.

use super::{Thread, Waits, WorkflowFate};
use crate::dist::uniform;
use crate::ids::FunctionId;
use crate::model::{StepKind, Way};
use crate::random::{Purpose, Stream, Streams};
use crate::sim::calendar::Event;
use crate::sim::instance::{NONE, Request, Via};
use crate::sim::sources::Tried;
use crate::sim::{Observer, Sender, Simulation};
use crate::units::Time;

impl Thread {
    pub(super) fn new(execution: u32, parent: u32, streams: Streams) -> Self {
        Self {
            execution,
            parent,
            step: 0,
            below: 0,
            begun: 0,
            tries: 1,
            waits: Waits::Transition,
            streams,
        }
    }

    /// What a try of its step draws: the same whatever happens elsewhere.
    fn draws(&self) -> Stream {
        let try_and_what = self.tries.wrapping_mul(2);
        self.streams
            .stream(self.step, Purpose::Workflow, try_and_what)
    }

    /// What the transition to it draws.
    fn transition_draws(&self) -> Stream {
        let try_and_what = self.tries.wrapping_mul(2).wrapping_add(1);
        self.streams
            .stream(self.step, Purpose::Workflow, try_and_what)
    }
}

impl<O: Observer> Simulation<'_, O> {
    fn thread(&mut self, place: u32) -> Option<&mut Thread> {
        self.workflows.as_mut()?.threads.get_mut(place)
    }

    /// The kind of a thread's workflow, by its number.
    fn kind_of(&mut self, thread: u32) -> Option<usize> {
        let all = self.workflows.as_mut()?;
        let execution = all.threads.get(thread)?.execution;
        let workflow = all.executions.get(execution)?.workflow;
        Some(all.workflow(workflow).kind as usize)
    }

    /// A thread goes on to a step.
    pub(super) fn enter(&mut self, place: u32, step: u32) {
        if let Some(thread) = self.thread(place) {
            thread.step = step;
            thread.tries = 1;
            thread.begun = 0;
            self.ask_for_transition(place);
        }
    }

    /// A thread waits for its transition, and before it for its turn.
    fn ask_for_transition(&mut self, place: u32) {
        let now = self.now;
        let Some(kind) = self.kind_of(place) else {
            return;
        };
        let Some(all) = &mut self.workflows else {
            return;
        };
        let shared = &mut all.kinds[kind];
        let bucket = shared.transitions.as_mut();
        if shared.queue.is_empty() && bucket.is_none_or(|bucket| bucket.take(now)) {
            self.transit(place, kind);
        } else {
            shared.queue.push_back(place);
            self.await_transitions(kind);
        }
    }

    /// Sees to it that the live timer of a kind's queue fires when a token has come.
    fn await_transitions(&mut self, kind: usize) {
        let Some(all) = &mut self.workflows else {
            return;
        };
        let shared = &mut all.kinds[kind];
        let at = shared
            .transitions
            .as_ref()
            .map_or(self.now, super::super::limits::TokenBucket::next_token_at);
        if at < shared.timer {
            shared.timer = at;
            let kind = kind as u32;
            self.calendar.push(at, Event::Transitions { kind });
        }
    }

    /// A transition may be allowed again.
    pub(in crate::sim) fn release_transitions(&mut self, kind: usize) {
        let now = self.now;
        if let Some(all) = &mut self.workflows {
            all.kinds[kind].timer = Time::NEVER;
        }
        while let Some(all) = &mut self.workflows
            && let Some(&place) = all.kinds[kind].queue.front()
        {
            let Some(execution) = all.threads.get(place).map(|thread| thread.execution) else {
                all.kinds[kind].queue.pop_front();
                continue;
            };
            let over = self.is_over(execution);
            let Some(all) = &mut self.workflows else {
                return;
            };
            let shared = &mut all.kinds[kind];
            if over {
                shared.queue.pop_front();
                self.move_on(place);
            } else if shared.transitions.as_mut().is_none_or(|b| b.take(now)) {
                shared.queue.pop_front();
                self.transit(place, kind);
            } else {
                self.await_transitions(kind);
                return;
            }
        }
    }

    fn transit(&mut self, place: u32, kind: usize) {
        let plan = self.plan;
        let Some(all) = &mut self.workflows else {
            return;
        };
        let Some(thread) = all.threads.get_mut(place) else {
            return;
        };
        thread.waits = Waits::Transition;
        let mut draws = thread.transition_draws();
        let execution = thread.execution;
        let arrived = all.executions.get(execution).map(|e| e.arrived);
        let length = plan.platform.workflows[kind]
            .as_ref()
            .map(|rules| rules.transition.sample(&mut draws));
        if let (Some(arrived), Some(length)) = (arrived, length) {
            let kind = crate::model::WorkflowKind::ALL[kind];
            self.observer.transition(self.now, kind, arrived);
            let event = Event::Step { thread: place };
            self.calendar.push(self.now + length, event);
        }
    }

    /// What a thread waited for has come.
    pub(in crate::sim) fn step(&mut self, place: u32) {
        let Some(thread) = self.thread(place) else {
            return;
        };
        let (execution, waits) = (thread.execution, thread.waits);
        if self.is_over(execution) {
            self.move_on(place);
            return;
        }
        match waits {
            Waits::Transition => self.do_step(place),
            Waits::End => self.move_on(place),
            Waits::Retry => self.ask_for_transition(place),
        }
    }

    fn do_step(&mut self, place: u32) {
        let Some(all) = &mut self.workflows else {
            return;
        };
        let Some(thread) = all.threads.get(place).copied() else {
            return;
        };
        let Some(workflow) = all.executions.get(thread.execution).map(|e| e.workflow) else {
            return;
        };
        match &all.workflow(workflow).steps[thread.step as usize].kind {
            StepKind::Call(function) => self.call_step(place, *function),
            StepKind::Wait(length) => self.wait(place, Waits::End, self.now + *length),
            StepKind::Choice(ways) => match chosen(ways, &mut thread.draws()) {
                Some(first) => self.enter(place, first),
                None => self.move_on(place),
            },
            StepKind::Parallel(branches) => {
                for (number, first) in (0..).zip(branches) {
                    self.branch(place, number, *first);
                }
            }
            StepKind::Map {
                items,
                at_once,
                first,
            } => {
                for number in 0..*at_once.min(items) {
                    self.branch(place, number, *first);
                }
            }
        }
    }

    fn wait(&mut self, place: u32, waits: Waits, until: Time) {
        if let Some(thread) = self.thread(place) {
            thread.waits = waits;
            self.calendar.push(until, Event::Step { thread: place });
        }
    }

    /// One more thread under a step.
    fn branch(&mut self, parent: u32, number: u32, first: u32) {
        let Some(all) = &mut self.workflows else {
            return;
        };
        let Some(above) = all.threads.get_mut(parent) else {
            return;
        };
        above.below += 1;
        above.begun += 1;
        let streams = above.streams.within(u64::from(number));
        let thread = Thread::new(above.execution, parent, streams);
        if let Some(workflow) = all.executions.get(thread.execution).map(|e| e.workflow) {
            self.begin_thread(workflow, thread, first);
        }
    }

    /// Calls a function for a thread.
    fn call_step(&mut self, place: u32, function: FunctionId) {
        let Some(thread) = self.thread(place) else {
            return;
        };
        let mut draws = thread.draws();
        let of = &self.plan.functions[function.index()];
        let work = of.service.cpu.sample(&mut draws) + of.service.io.sample(&mut draws);
        let request = Request {
            function,
            sender: Sender::User,
            via: Via::Step,
            fails: of.error_rate > 0.0 && uniform(&mut draws) < of.error_rate,
            errors: 0,
            outgrows: false,
            attempts: 1,
            batch: place,
            number: 0,
            arrived: self.now,
            called: self.now,
            service: work + of.extension_overhead.sample(&mut draws),
        };
        let request = self.begin_request(request);
        self.attempt(request);
    }

    /// The call of a thread has ended.
    pub(in crate::sim) fn call_tried(&mut self, request: &Request, tried: Tried, cold: bool) {
        let place = request.batch;
        let Some(all) = &mut self.workflows else {
            return;
        };
        let Some(thread) = all.threads.get(place).copied() else {
            return;
        };
        let Some(execution) = all.executions.get_mut(thread.execution) else {
            return;
        };
        if !execution.over {
            execution.cold_starts += u32::from(cold);
        }
        let workflow = execution.workflow;
        let retry = all.workflow(workflow).retry;
        if tried == Tried::Completed || self.is_over(thread.execution) {
            self.move_on(place);
            return;
        }
        if let Some(retry) = retry.filter(|retry| thread.tries < retry.attempts) {
            let again = self.now + retry.wait(thread.tries);
            if let Some(thread) = self.thread(place) {
                thread.tries += 1;
            }
            self.wait(place, Waits::Retry, again);
        } else {
            self.fail_execution(thread.execution, self.now);
            self.move_on(place);
        }
    }

    /// A thread has done its step, or its execution is over.
    pub(super) fn move_on(&mut self, mut place: u32) {
        // As often as steps are nested, which the model bounds.
        loop {
            let Some(thread) = self.thread(place).copied() else {
                return;
            };
            let over = self.is_over(thread.execution);
            let Some(all) = &mut self.workflows else {
                return;
            };
            let Some(execution) = all.executions.get(thread.execution).copied() else {
                return;
            };
            let steps = &all.workflow(execution.workflow).steps;
            let next = steps[thread.step as usize].next;
            if let Some(next) = next.filter(|_| !over) {
                self.enter(place, next);
                return;
            }
            all.threads.take(place);
            if thread.parent == NONE {
                all.executions.take(thread.execution);
                if !over {
                    self.end_execution(&execution, self.now, WorkflowFate::Completed);
                }
                return;
            }
            let Some(above) = all.threads.get_mut(thread.parent) else {
                return;
            };
            above.below -= 1;
            let (step, begun, below) = (above.step, above.begun, above.below);
            if let StepKind::Map { items, first, .. } = steps[step as usize].kind
                && !over
                && begun < items
            {
                self.branch(thread.parent, begun, first);
                return;
            }
            if below > 0 {
                return;
            }
            place = thread.parent;
        }
    }
}

/// The first step of the way that is chosen.
fn chosen(ways: &[Way], draws: &mut Stream) -> Option<u32> {
    let sum: f64 = ways.iter().map(|way| way.weight).sum();
    let mut left = uniform(draws) * sum;
    let way = ways.iter().find(|way| {
        left -= way.weight;
        left < 0.0
    });
    way.or(ways.last()).and_then(|way| way.first)
}
