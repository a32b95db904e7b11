//! The life of an instance: start, ready, run, idle, retirement.

use super::*;
use crate::ids::InstanceId;
use crate::model::Reset;
use crate::policy::{InstanceEvent, Keep, Start};
use crate::sim::calendar::MOST_INSTANCES;
use crate::sim::instance::{Instance, NONE, Request, Run, Via};
use crate::sim::sources::Tried;

/// Why an instance is started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purposely {
    /// A request or ping waits for it.
    OnDemand,
    /// Somebody may want it later.
    Prewarmed,
    /// It is provisioned capacity.
    Provisioned,
}

/// A start as drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrawnStart {
    start: Start,
    /// From birth to readiness.
    pub(super) length: Span,
    /// The part that is billed where init is billed.
    billable: Span,
    /// Init that was cut, and is run again inside the first invocation.
    again: Span,
    /// Whether it has opened its connection.
    connected: bool,
}

impl DrawnStart {
    /// A connection is opened in init.
    pub(super) fn connect(&mut self, set_up: Span) {
        self.connected = true;
        self.length += set_up;
        self.billable += set_up;
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Starts an instance on demand for a request, which waits for it (early binding).
    pub(super) fn start_for(&mut self, request: Request) {
        let cause = self.functions[request.function].cause();
        let drawn = self.draw_start(request.function, Purposely::OnDemand);
        let slot = self.start(
            request.function,
            drawn,
            Purposely::OnDemand,
            self.now + drawn.length,
        );
        let function = &mut self.functions[request.function];
        function.with_ping += u32::from(request.sender == Sender::Ping);
        let instance = &mut self.instances[slot];
        let found = if instance.restored {
            Found::Restored(cause)
        } else {
            Found::Cold(cause)
        };
        instance.run = Run::new(request, self.now, found);
        if self.functions[request.function].heard & NOT_PLAIN != 0 {
            self.watch_patience(slot, self.now + drawn.length);
        }
    }

    /// Whether no further instance can be told apart; the run then ends as soon as it looks.
    #[inline]
    pub(super) fn is_full(&mut self) -> bool {
        let full = self.instances.alive() >= MOST_INSTANCES;
        if full {
            self.fault = Some(RunError::TooManyInstances);
        }
        full
    }

    /// Starts an instance on demand for nobody.
    pub(super) fn prewarm(&mut self, function: FunctionId) {
        if self.is_full() {
            return;
        }
        self.functions[function].rare.prewarming += 1;
        let drawn = self.draw_start(function, Purposely::Prewarmed);
        self.start(
            function,
            drawn,
            Purposely::Prewarmed,
            self.now + drawn.length,
        );
    }

    /// Puts a starting instance into the world.
    pub(super) fn start(
        &mut self,
        function: FunctionId,
        drawn: DrawnStart,
        wanted: Purposely,
        ready: Time,
    ) -> u32 {
        let provisioned = wanted == Purposely::Provisioned;
        let state = &mut self.functions[function];
        state.rare.ever = true;
        *(if provisioned {
            &mut state.rare.provisioned_alive
        } else {
            &mut state.alive
        }) += 1;
        let platform = &self.plan.platform;
        let life = if provisioned {
            &platform.provisioned.recycle
        } else {
            &platform.max_life
        };
        let life = life.as_ref().map_or(Span::FOR_EVER, |life| {
            life.sample(&mut state.rare.life_stream)
        });
        let slot = self.instances.insert(Instance {
            function,
            generation: 0,
            state: State::Starting,
            provisioned,
            prewarmed: wanted != Purposely::OnDemand,
            served: false,
            first_call_due: drawn.start != Start::RestoreCalled || self.never_starts(function),
            restored: drawn.start != Start::Boot,
            born: self.now,
            since: self.now,
            expires: Time::NEVER,
            life_ends: self.now + life,
            timer: Time::NEVER,
            outdated: false,
            connected: drawn.connected,
            reset: false,
            birth: 0,
            billable_start: drawn.billable,
            init_due: drawn.again,
            occupied: wanted == Purposely::OnDemand,
            prompt: false,
            run: Run::new(Request::none(function), self.now, Found::Nothing),
            previous: NONE,
            next: NONE,
        });
        self.report(slot, None, Ok(State::Starting));
        self.tell_of(slot, Happening::Starting);
        self.calendar.push(ready, Event::Ready { slot });
        slot
    }

    /// How the next instance of a function starts.
    pub(super) fn draw_start(&mut self, function: FunctionId, wanted: Purposely) -> DrawnStart {
        let mut drawn = self.draw_phases(function, wanted);
        // An init that is cut and run again opens nothing: the request does.
        let cut = !drawn.again.is_zero();
        if drawn.start == Start::Boot && !cut && self.functions[function].heard & NOT_PLAIN != 0 {
            self.connect_in_init(function, &mut drawn);
        }
        drawn
    }

    fn draw_phases(&mut self, function: FunctionId, wanted: Purposely) -> DrawnStart {
        let never_starts = self.never_starts(function);
        let state = &mut self.functions[function];
        let start = match state.rare.start {
            Some(owner) => {
                let owner = &mut self.policies[owner as usize];
                owner.policy.start(&mut owner.stream)
            }
            None => Start::Boot,
        };
        let phases = &self.plan.functions[function.index()].start;
        let stream = &mut state.rare.start_stream;
        let sandbox = phases.sandbox.sample(stream) + phases.network.sample(stream);
        if start == Start::Boot {
            let fetch = start::fetch(phases, stream);
            let mut init = start::init(phases, stream);
            let mut again = Span::ZERO;
            let limit = self.plan.platform.init_limit;
            if let Some(limit) = limit.filter(|limit| init > *limit)
                && wanted != Purposely::Provisioned
            {
                init = limit;
                again = start::init(phases, stream);
            } else if never_starts {
                again = init;
            }
            DrawnStart {
                start,
                length: sandbox + fetch + init,
                billable: init,
                again,
                connected: false,
            }
        } else {
            let mut restore = phases.restore.sample(stream);
            if let Some(warming) = &phases.warming
                && state.rare.restores < warming.restores
            {
                let left = warming.restores - state.rare.restores;
                let extra = warming.extra.sample(stream);
                restore += extra.part(left.into(), warming.restores.into());
                state.rare.restores += 1;
            }
            let after = phases.after_restore.sample(stream);
            DrawnStart {
                start,
                length: sandbox + restore + after,
                billable: after,
                again: Span::ZERO,
                connected: false,
            }
        }
    }

    pub(super) fn ready(&mut self, slot: u32) {
        self.tell_of(slot, Happening::Ready);
        let instance = &self.instances[slot];
        let function = instance.function;
        if instance.occupied {
            self.run_request(slot);
            return;
        }
        self.observer.prewarmed(&Prewarmed {
            at: self.now,
            instance: self.instances.id(slot),
            function,
            provisioned: instance.provisioned,
            restored: instance.restored,
            billable_start: instance.billable_start,
        });
        let state = &mut self.functions[function];
        if instance.provisioned {
            self.take_place(function, slot);
            self.recycle_later(slot);
        } else {
            state.rare.prewarming -= 1;
        }
        self.rest(slot);
    }

    /// A request runs on an instance that was idle and is in no pool any more.
    #[inline]
    pub(super) fn run_on_idle(&mut self, slot: u32, request: Request) {
        let instance = &mut self.instances[slot];
        if request.sender == Sender::Ping {
            self.functions[request.function].with_ping += 1;
        }
        instance.occupied = true;
        instance.run = Run::new(request, self.now, Found::Warm);
        self.run_request(slot);
    }

    /// The handler begins.
    #[inline]
    fn run_request(&mut self, slot: u32) {
        let instance = &mut self.instances[slot];
        let (run, from) = (&mut instance.run, instance.state);
        let id = run.request.function;
        let function = &mut self.functions[id];
        let mut length = run.request.service;
        if run.request.outgrows {
            run.down = Some(Retirement::OutOfMemory);
        }
        if instance.first_call_due {
            instance.first_call_due = false;
            let phases = &self.plan.functions[id.index()].start;
            let stream = &mut function.rare.start_stream;
            let first_call = phases.first_call_when(instance.restored && !instance.reset);
            run.first_call = first_call.sample(stream);
            run.first_call += std::mem::take(&mut instance.init_due);
            if std::mem::take(&mut instance.reset) {
                run.first_call += start::init(phases, stream);
            }
            if start::never_ends(&self.plan.functions[id.index()]) {
                // Init fails once more: the handler is never reached.
                run.down = Some(Retirement::OutOfMemory);
                length = Span::ZERO;
            }
            length += run.first_call;
        }
        run.begun = self.now;
        instance.served |= run.request.sender == Sender::User;
        if function.heard & NOT_PLAIN == 0 {
            if length > function.timeout {
                run.down = Some(Retirement::TimedOut);
                run.first_call = run.first_call.min(function.timeout);
                length = function.timeout;
            }
            self.finishes.push(self.now, self.now + length, slot);
        } else {
            self.reach_out(slot, length);
        }
        self.report(slot, Some(from), Ok(State::Busy));
        self.tell_of(slot, Happening::Running);
    }

    #[inline]
    pub(super) fn finish(&mut self, slot: u32) {
        let id = self.instances.id(slot);
        let instance = &mut self.instances[slot];
        instance.occupied = false;
        let (run, provisioned) = (instance.run, instance.provisioned);
        let billable_start = instance.billable_start;
        let (function, sender) = (run.request.function, run.request.sender);
        let cold = run.found != Found::Warm;
        let tried = run.tried();
        let goes_on = tried != Tried::Completed && !run.abandoned;
        let tried_again = goes_on && self.tries_again(&run.request, tried);
        self.observer.ended(&RequestEnd {
            function,
            sender,
            number: run.request.number,
            arrived: run.request.arrived,
            admitted: run.admitted,
            begun: run.begun,
            ended: self.now,
            first_call: run.first_call,
            ending: match tried {
                _ if tried_again || run.abandoned => Ending::Try,
                Tried::TimedOut => Ending::TimedOut,
                Tried::WentDown if run.down == Some(Retirement::OutOfMemory) => Ending::OutOfMemory,
                Tried::Failed | Tried::WentDown | Tried::Refused => Ending::Failed,
                Tried::Completed => Ending::Completed,
            },
            found: run.found,
            instance: Some(id),
            on_provisioned: provisioned,
            billable_start: if cold { billable_start } else { Span::ZERO },
        });
        self.functions[function].with_ping -= u32::from(sender == Sender::Ping);
        if !provisioned {
            self.uncount_on_demand(function);
            let state = &mut self.functions[function];
            if state.in_flight == 0 {
                state.unused_since = self.now;
                self.set_unused_timer(function);
            }
        }
        self.tell_of(slot, Happening::Finished);
        if self.functions[function].heard & NOT_PLAIN != 0 {
            self.disconnect_after_request(slot);
        }
        if let Some(why) = run.down {
            self.go_down(slot, why);
        } else {
            self.rest(slot);
        }
        if self.somebody_waits() {
            self.drain_queues();
        }
        if run.request.batch != NONE {
            if run.request.via == Via::Step {
                self.call_tried(&run.request, tried, cold);
            } else {
                self.batch_tried(&run.request, tried);
            }
        } else if tried != Tried::Completed && !tried_again {
            self.tell_dead_letter(&run.request);
        }
    }

    /// The runtime of an instance went down with its request.
    #[inline(never)]
    fn go_down(&mut self, slot: u32, why: Retirement) {
        if self.plan.platform.reset == Reset::Retire {
            self.retire(slot, why);
            return;
        }
        self.disconnect(slot);
        let instance = &mut self.instances[slot];
        instance.reset = true;
        instance.first_call_due = true;
        self.rest(slot);
    }

    /// An instance has nothing to do: it is kept idle, or retired.
    #[inline]
    fn rest(&mut self, slot: u32) {
        let instance = &self.instances[slot];
        let function = &mut self.functions[instance.function];
        if instance.provisioned {
            if function.provisioned_count() > function.provisioned_target {
                self.retire(slot, Retirement::Lowered);
            } else if instance.expires <= self.now {
                self.retire(slot, Retirement::MaxLife);
            } else {
                self.idle(slot);
            }
            return;
        }
        if instance.life_ends <= self.now {
            let why = if instance.outdated {
                Retirement::Deployed
            } else {
                Retirement::MaxLife
            };
            self.retire(slot, why);
            return;
        }
        let keep = match function.keep {
            KeepAnswer::Always(keep) => keep,
            KeepAnswer::Policy(owner) => {
                let owner = &mut self.policies[owner as usize];
                owner.policy.keep(&mut owner.stream)
            }
        };
        let floored = function.alive <= function.floor;
        let expires = match keep {
            Keep::Never if !floored => {
                self.retire(slot, Retirement::IdleTimeout);
                return;
            }
            Keep::Never => self.now,
            Keep::For(lifetime) => self.now + lifetime,
            Keep::ForEver => Time::NEVER,
        };
        let instance = &mut self.instances[slot];
        instance.expires = expires;
        let due = expires.min(instance.life_ends);
        self.set_timer(slot, due);
        self.idle(slot);
    }

    #[inline]
    fn idle(&mut self, slot: u32) {
        let instance = &self.instances[slot];
        let (from, provisioned) = (instance.state, instance.provisioned);
        let function = &mut self.functions[instance.function];
        let pool = if provisioned {
            &mut function.rare.idle_provisioned
        } else {
            &mut function.idle
        };
        pool.add(slot, &mut self.instances);
        self.report(slot, Some(from), Ok(State::Idle));
        self.tell_of(slot, Happening::Idle);
        if from == State::Starting && self.somebody_waits() {
            self.drain_queues();
        }
    }

    /// Sees to it that the instance's one live timer fires no later than it is due. A timer that
    /// fires early is pushed back then, which is rarer than requests are.
    #[inline]
    pub(super) fn set_timer(&mut self, slot: u32, due: Time) {
        let instance = &mut self.instances[slot];
        if due < instance.timer {
            instance.timer = due;
            let generation = instance.generation;
            self.calendar.push(due, Event::Expiry { slot, generation });
        }
    }

    pub(super) fn expiry(&mut self, slot: u32, generation: u32) {
        let alive = self.instances.is_alive(InstanceId { slot, generation });
        let instance = &mut self.instances[slot];
        if !alive || instance.timer != self.now {
            return;
        }
        instance.timer = Time::NEVER;
        if instance.provisioned {
            self.recycle(slot);
            return;
        }
        if instance.state != State::Idle {
            return;
        }
        let function = &self.functions[instance.function];
        if instance.life_ends <= self.now {
            self.retire_idle(slot, Retirement::MaxLife);
        } else if instance.expires > self.now {
            let due = instance.expires.min(instance.life_ends);
            self.set_timer(slot, due);
        } else if function.alive > function.floor {
            self.retire_idle(slot, Retirement::IdleTimeout);
        } else {
            // The floor holds it: from here on its maximum life or a lower floor ends it.
            let life_ends = instance.life_ends;
            self.set_timer(slot, life_ends);
        }
    }

    /// Sees to it that the function's one live timer fires no later than it is due.
    #[inline]
    pub(super) fn set_unused_timer(&mut self, id: FunctionId) {
        let function = &mut self.functions[id];
        if function.function_idle != Span::FOR_EVER && function.unused_timer == Time::NEVER {
            function.unused_timer = function.unused_since + function.function_idle;
            self.calendar
                .push(function.unused_timer, Event::Unused { function: id.0 });
        }
    }

    pub(super) fn unused(&mut self, id: FunctionId) {
        let function = &mut self.functions[id];
        function.unused_timer = Time::NEVER;
        if function.in_flight > 0 {
            return;
        }
        if function.unused_since + function.function_idle > self.now {
            self.set_unused_timer(id);
            return;
        }
        for slot in function.idle.slots(&self.instances) {
            let function = &self.functions[id];
            if function.alive <= function.floor {
                break;
            }
            self.retire_idle(slot, Retirement::IdleTimeout);
        }
    }

    pub(super) fn retire_idle(&mut self, slot: u32, why: Retirement) {
        let instance = &self.instances[slot];
        let provisioned = instance.provisioned;
        let function = &mut self.functions[instance.function];
        let pool = if provisioned {
            &mut function.rare.idle_provisioned
        } else {
            &mut function.idle
        };
        pool.remove(slot, &mut self.instances);
        self.retire(slot, why);
    }

    /// Ends an instance that is in no pool.
    pub(super) fn retire(&mut self, slot: u32, why: Retirement) {
        if self.instances[slot].connected {
            self.disconnect(slot);
        }
        let instance = &self.instances[slot];
        let (id, provisioned) = (instance.function, instance.provisioned);
        let function = &mut self.functions[id];
        if provisioned {
            function.rare.provisioned_alive -= 1;
            function.forget_recycling(slot);
            let ready = function.provisioned_ready - 1;
            self.count_ready(id, ready);
        } else {
            function.alive -= 1;
            function.rare.outdated -= u32::from(instance.outdated);
            function.rare.last_retired = why;
        }
        self.report_retirement(slot, why);
        self.tell_of(slot, Happening::Retired);
        self.instances.remove(slot);
        if !provisioned {
            self.keep_floor(id);
        } else if why != Retirement::MaxLife {
            // Who was recycled has its successor already.
            self.replace_provisioned(id);
        }
    }

    pub(super) fn report_retirement(&mut self, slot: u32, why: Retirement) {
        let from = self.instances[slot].state;
        self.report(slot, Some(from), Err(why));
    }

    /// Records a change of state and tells observers.
    #[expect(
        clippy::inline_always,
        reason = "else the change is built in memory, field by field"
    )]
    #[inline(always)]
    fn report(&mut self, slot: u32, from: Option<State>, to: Result<State, Retirement>) {
        let id = self.instances.id(slot);
        let instance = &mut self.instances[slot];
        self.observer.changed(&StateChange {
            at: self.now,
            instance: id,
            function: instance.function,
            provisioned: instance.provisioned,
            from,
            since: instance.since,
            to,
            born: instance.born,
            served: instance.served,
            prewarmed: instance.prewarmed,
        });
        if let Ok(state) = to {
            instance.state = state;
        }
        instance.since = self.now;
    }

    /// Tells the policies of an instance's function.
    #[inline]
    fn tell_of(&mut self, slot: u32, happening: fn(InstanceEvent) -> Happening) {
        let instance = &self.instances[slot];
        let function = instance.function;
        if self.functions[function].heard != 0 {
            let event = InstanceEvent {
                instance: self.instances.id(slot),
                provisioned: instance.provisioned,
            };
            self.tell(function, happening(event));
        }
    }
}
