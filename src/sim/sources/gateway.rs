//! API gateways: a throttle and a way of their own, and a patience that ends before the function's.

use super::*;
use crate::ids::InstanceId;
use crate::sim::instance::Run;

impl<O: Observer> Simulation<'_, O> {
    pub(super) fn arrive_at_gateway(&mut self, arrival: &Arrival) {
        let request = self.take_in(arrival, Via::Client);
        self.attempt_at_gateway(request);
    }

    /// A try of a client: the gateway lets it in, and hands it over after a while.
    pub(in crate::sim) fn attempt_at_gateway(&mut self, request: Request) {
        let now = self.now;
        let request = Request {
            called: now,
            ..request
        };
        let state = &mut self.functions[request.function].rare;
        let own = match &mut state.source {
            SourceState::Gateway(Some(bucket)) => bucket.take(now),
            _ => true,
        };
        if !own || !self.account_of(request.function).take_from_gateway(now) {
            self.observer
                .refused_by_gateway(now, request.function, request.arrived);
            self.throttle(request);
            return;
        }
        let EventSource::Gateway(gateway) = &self.plan.functions[request.function.index()].source
        else {
            return;
        };
        let stream = &mut self.functions[request.function].rare.source_stream;
        let at = now + gateway.latency.sample(stream);
        let waiting = self.waiting.keep(request).0;
        self.calendar.push(at, Event::Deliver { waiting });
    }

    /// The gateway hands a request to its function.
    pub(in crate::sim) fn deliver(&mut self, waiting: u32) {
        if let Some((_, request)) = self.waiting.take(waiting) {
            self.attempt(request);
        }
    }

    /// When the client of a request is told that it took too long.
    pub(in crate::sim) fn patience_ends(&self, request: &Request) -> Time {
        match &self.plan.functions[request.function.index()].source {
            EventSource::Gateway(gateway) if request.via == Via::Client => gateway
                .timeout
                .filter(|_| request.sender == Sender::User)
                .map_or(Time::NEVER, |timeout| request.called + timeout),
            _ => Time::NEVER,
        }
    }

    /// Sees to it that a client whose request goes on until `busy_until` is not kept waiting for
    /// longer than its gateway waits.
    #[inline(never)]
    pub(in crate::sim) fn watch_patience(&mut self, slot: u32, busy_until: Time) {
        let run = &self.instances[slot].run;
        let ends = self.patience_ends(&run.request);
        if ends < busy_until && !run.abandoned {
            let generation = self.instances[slot].generation;
            let event = Event::Abandon { slot, generation };
            self.calendar.push(ends.max(self.now), event);
        }
    }

    /// A gateway stops waiting for a function, which goes on.
    pub(in crate::sim) fn abandon(&mut self, slot: u32, generation: u32) {
        let id = InstanceId { slot, generation };
        if !self.instances.is_alive(id) || !self.instances[slot].occupied {
            return;
        }
        let run = self.instances[slot].run;
        let due = self.patience_ends(&run.request) <= self.now;
        if run.abandoned || !due {
            return;
        }
        let state = self.instances[slot].state;
        let provisioned = self.instances[slot].provisioned;
        self.instances[slot].run = Run {
            abandoned: true,
            ..run
        };
        // Its client may try again while the function runs on.
        if self.tries_again(&run.request, Tried::TimedOut) {
            return;
        }
        let begun = if state == State::Busy {
            run.begun
        } else {
            self.now
        };
        self.observer.ended(&RequestEnd {
            function: run.request.function,
            sender: run.request.sender,
            number: run.request.number,
            arrived: run.request.arrived,
            admitted: run.admitted,
            begun,
            ended: self.now,
            first_call: run.first_call.min(self.now.since(begun)),
            ending: Ending::Abandoned,
            found: run.found,
            instance: Some(id),
            on_provisioned: provisioned,
            billable_start: Span::ZERO,
        });
    }
}
