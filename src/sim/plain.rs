//! The commonest request by the shortest way: it finds an idle instance on demand, nobody listens,
//! and it is answered.
//!
//! Nearly all requests are of this kind, so what they need is done here at once, and by the general
//! way in [`admission`](super::admission) and [`life`](super::life) for all others. Both ways come
//! to the same; a request may begin by this one and end by the other.

use super::*;
use crate::sim::instance::{Request, Run};

impl<O: Observer> Simulation<'_, O> {
    /// Runs a request that finds an instance; false where it has to go the general way.
    #[inline]
    pub(super) fn run_at_once(&mut self, arrival: &Arrival) -> bool {
        let function = &self.functions[arrival.function];
        let plain = function.heard == 0
            && function.provisioned_ready == 0
            && arrival.service <= function.timeout
            && !arrival.fails;
        if !plain || self.somebody_waits() || !self.has_concurrency(arrival.function) {
            return false;
        }
        let function = &mut self.functions[arrival.function];
        let Some(slot) = function.idle.most_recent() else {
            return false;
        };
        if self.instances[slot].first_call_due || !self.account.take_attempt(self.now) {
            return false;
        }
        function.idle.remove_most_recent(slot, &self.instances);
        function.in_flight += 1;
        self.account.in_flight += u32::from(function.reserved == NOT_RESERVED);

        let number = self.done.requests;
        self.done.requests += 1;
        let instance = &mut self.instances[slot];
        instance.occupied = true;
        instance.prompt = true;
        instance.run.request.number = number;
        let idle_since = std::mem::replace(&mut instance.since, self.now);
        instance.state = State::Busy;
        let run = self.prompt(slot, idle_since);
        self.instances[slot].served = true;
        self.finishes.push(self.now + arrival.service, slot);
        self.observer.began(&run);
        true
    }

    /// Ends a request that ran at once; false where it, or its instance, goes the general way.
    #[inline]
    pub(super) fn answer(&mut self, slot: u32) -> bool {
        let instance = &self.instances[slot];
        if !instance.prompt {
            return false;
        }
        let function = &self.functions[instance.function];
        let KeepAnswer::Always(Keep::For(lifetime)) = function.keep else {
            return self.answer_generally(slot);
        };
        if instance.life_ends <= self.now || self.somebody_waits() {
            return self.answer_generally(slot);
        }
        let run = self.prompt(slot, Time::ZERO);
        let id = run.function;
        self.observer.answered(&run, self.now);
        let function = &mut self.functions[id];
        function.in_flight -= 1;
        self.account.in_flight -= u32::from(function.reserved == NOT_RESERVED);
        if function.in_flight == 0 {
            function.unused_since = self.now;
            self.set_unused_timer(id);
        }
        let now = self.now;
        let instance = &mut self.instances[slot];
        instance.occupied = false;
        instance.prompt = false;
        instance.state = State::Idle;
        instance.since = now;
        instance.expires = now + lifetime;
        let due = instance.expires.min(instance.life_ends);
        self.set_timer(slot, due);
        self.functions[id].idle.add(slot, &mut self.instances);
        true
    }

    /// Fills in what the general way looks at.
    #[cold]
    fn answer_generally(&mut self, slot: u32) -> bool {
        let instance = &mut self.instances[slot];
        instance.prompt = false;
        instance.run = instance.prompt_run();
        false
    }

    /// What the observer is told of a request that ran at once.
    #[inline]
    fn prompt(&self, slot: u32, idle_since: Time) -> Prompt {
        let instance = &self.instances[slot];
        Prompt {
            function: instance.function,
            number: instance.run.request.number,
            arrived: instance.since,
            instance: self.instances.id(slot),
            idle_since,
            born: instance.born,
            served: instance.served,
            prewarmed: instance.prewarmed,
        }
    }
}

impl instance::Instance {
    /// The run of a request that ran at once.
    pub(super) fn prompt_run(&self) -> Run {
        let request = Request {
            number: self.run.request.number,
            attempts: 1,
            arrived: self.since,
            ..Request::none(self.function)
        };
        Run::new(request, self.since, Found::Warm)
    }
}
