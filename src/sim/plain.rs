//! The commonest request by the shortest way: it finds an idle instance on demand, nobody listens,
//! and it is answered.
//!
//! Nearly all requests are of this kind, so what they need is done here at once, and by the general
//! way in [`admission`](super::admission) and [`life`](super::life) for all others. Both ways come
//! to the same; a request may begin by this one and end by the other.

use super::*;
use crate::ids::InstanceId;
use crate::sim::instance::{Request, Run};

impl<O: Observer> Simulation<'_, O> {
    /// Runs a request that finds an instance; false where it has to go the general way. Where
    /// nothing else happens before `undisturbed`, a request that has ended by then is answered too.
    #[inline]
    pub(super) fn run_at_once(&mut self, arrival: &Arrival, undisturbed: Time) -> bool {
        // A function of another account is never plain.
        let state = &self.functions[arrival.function];
        if self.somebody_waits() || !self.account.has_concurrency(state) {
            return false;
        }
        let function = &mut self.functions[arrival.function];
        let plain = function.heard == 0
            && function.provisioned_ready == 0
            && arrival.service <= function.timeout
            && !arrival.fails;
        let Some(slot) = function.idle.most_recent().filter(|_| plain) else {
            return false;
        };
        let instance = &mut self.instances[slot];
        if instance.first_call_due || !self.account.take_attempt(self.now) {
            return false;
        }
        let number = self.done.requests;
        self.done.requests += 1;
        let run = Prompt {
            function: arrival.function,
            number,
            arrived: self.now,
            instance: InstanceId {
                slot,
                generation: instance.generation,
            },
            idle_since: instance.since,
            born: instance.born,
            served: instance.served,
            prewarmed: instance.prewarmed,
        };
        instance.served = true;
        let ends = self.now + arrival.service;
        if ends <= undisturbed
            && instance.life_ends > ends
            && let KeepAnswer::Always(Keep::For(lifetime)) = function.keep
        {
            self.now = ends;
            instance.rest_from(ends, lifetime);
            if function.in_flight == 0 {
                function.unused_since = ends;
                self.set_unused_timer(arrival.function);
            }
            self.set_rest_timer(slot);
            self.observer.began(&run);
            let run = Prompt {
                idle_since: Time::ZERO,
                served: true,
                ..run
            };
            self.observer.answered(&run, ends);
            return true;
        }
        function.in_flight += 1;
        self.account.in_flight += u32::from(function.reserved == NOT_RESERVED);
        function.idle.remove_most_recent(instance.previous);
        instance.occupied = true;
        instance.prompt = true;
        instance.set_number(number);
        instance.since = self.now;
        instance.state = State::Busy;
        self.finishes.push(self.now, ends, slot);
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
        let run = instance.prompt(slot);
        let function = &mut self.functions[run.function];
        function.in_flight -= 1;
        self.account.in_flight -= u32::from(function.reserved == NOT_RESERVED);
        if function.in_flight == 0 {
            function.unused_since = self.now;
            self.set_unused_timer(run.function);
        }
        let instance = &mut self.instances[slot];
        instance.occupied = false;
        instance.prompt = false;
        instance.state = State::Idle;
        instance.rest_from(self.now, lifetime);
        self.set_rest_timer(slot);
        self.functions[run.function]
            .idle
            .add(slot, &mut self.instances);
        self.observer.answered(&run, self.now);
        true
    }

    /// Sees to the timer of an instance that rests.
    #[inline]
    fn set_rest_timer(&mut self, slot: u32) {
        let instance = &self.instances[slot];
        let due = instance.expires.min(instance.life_ends);
        self.set_timer(slot, due);
    }

    /// Fills in what the general way looks at.
    #[cold]
    fn answer_generally(&mut self, slot: u32) -> bool {
        let instance = &mut self.instances[slot];
        instance.prompt = false;
        instance.run = instance.prompt_run();
        false
    }
}

impl instance::Instance {
    /// It is idle from now on, for so long.
    #[inline]
    fn rest_from(&mut self, now: Time, lifetime: Span) {
        self.since = now;
        self.expires = now + lifetime;
    }

    /// What the observer is told of the end of a request that ran at once.
    #[inline]
    fn prompt(&self, slot: u32) -> Prompt {
        Prompt {
            function: self.function,
            number: self.number(),
            arrived: self.since,
            instance: InstanceId {
                slot,
                generation: self.generation,
            },
            idle_since: Time::ZERO,
            born: self.born,
            served: self.served,
            prewarmed: self.prewarmed,
        }
    }

    /// The run of a request that ran at once.
    pub(super) fn prompt_run(&self) -> Run {
        let request = Request {
            number: self.number(),
            attempts: 1,
            arrived: self.since,
            ..Request::none(self.function)
        };
        Run::new(request, self.since, Found::Warm)
    }
}
