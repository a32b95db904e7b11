//! Resources behind functions: connections that instances hold, as many as there are.

use super::*;
use crate::dist::uniform;
use crate::ids::InstanceId;
use crate::model::{Connection, Open};
use crate::sim::life::DrawnStart;

/// Connections of each resource that are held.
pub(super) struct Resources(Vec<u32>);

impl Resources {
    pub(super) fn new(plan: &Plan) -> Self {
        Self(vec![0; plan.platform.resources.len()])
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// The connection of a function, where it has one.
    fn connection(&self, id: FunctionId) -> Option<Connection> {
        self.plan.functions[id.index()].connection
    }

    /// Takes a connection, which takes so long to open; `None` where all are held.
    fn take_connection(&mut self, id: FunctionId, connection: Connection) -> Option<Span> {
        let resource = self.plan.platform.resources.get(connection.to as usize)?;
        let held = self.resources.0.get_mut(connection.to as usize)?;
        if resource.connections.is_some_and(|most| *held >= most) {
            self.observer.connection_refused(self.now, id);
            return None;
        }
        *held += 1;
        self.observer.connected(self.now, id, true);
        let stream = &mut self.functions[id].rare.source_stream;
        Some(resource.set_up.sample(stream))
    }

    /// An instance that boots opens its connection in init, where that is when it is opened. What
    /// is refused there is tried again by a request. Init that runs out of memory opens none.
    pub(super) fn connect_in_init(&mut self, id: FunctionId, drawn: &mut DrawnStart) {
        if let Some(connection) = self.connection(id).filter(|c| c.open == Open::Init)
            && !self.never_starts(id)
            && let Some(set_up) = self.take_connection(id, connection)
        {
            drawn.connect(set_up);
        }
    }

    /// An instance lets its connection go, where it has one.
    #[inline(never)]
    pub(super) fn disconnect(&mut self, slot: u32) {
        let instance = &mut self.instances[slot];
        if !std::mem::take(&mut instance.connected) {
            return;
        }
        let id = instance.function;
        if let Some(connection) = self.connection(id)
            && let Some(held) = self.resources.0.get_mut(connection.to as usize)
        {
            *held -= 1;
            self.observer.connected(self.now, id, false);
        }
    }

    /// A request lets a connection go that it opened for itself.
    #[inline(never)]
    pub(super) fn disconnect_after_request(&mut self, slot: u32) {
        let connection = self.connection(self.instances[slot].function);
        if connection.is_some_and(|connection| connection.open == Open::EveryCall) {
            self.disconnect(slot);
        }
    }

    /// The handler of a request opens a connection where it needs one, and then works for so long.
    /// What its first call is made of comes before: init that is run again, and loading of code.
    #[inline(never)]
    pub(super) fn reach_out(&mut self, slot: u32, work: Span) {
        let id = self.instances[slot].function;
        let connection = self
            .connection(id)
            .filter(|_| !self.instances[slot].connected)
            .filter(|_| self.instances[slot].run.request.sender == Sender::User)
            .filter(|_| !self.never_starts(id));
        let Some(connection) = connection else {
            self.work_for(slot, work);
            return;
        };
        let run = &self.instances[slot].run;
        let reached = run.begun + run.first_call;
        if run.connection_tries == 0 && self.now < reached {
            let left = work.saturating_sub(run.first_call);
            self.connect_at(slot, reached, work, left);
            return;
        }
        if let Some(set_up) = self.take_connection(id, connection) {
            let instance = &mut self.instances[slot];
            instance.connected = true;
            if connection.open != Open::EveryCall {
                instance.run.first_call += set_up;
            }
            self.work_for(slot, set_up + work);
            return;
        }
        let run = &mut self.instances[slot].run;
        run.connection_tries += 1;
        if run.connection_tries >= connection.attempts {
            run.refused = true;
            run.down = None;
            self.work_for(slot, Span::ZERO);
            return;
        }
        let at = self.now + connection.retry_wait;
        self.connect_at(slot, at, Span::FOR_EVER, work);
    }

    /// A request waits until then for its next try to connect, and has so much `left` to work after
    /// it; where its timeout is over before, it works for `work` until it is cut. Whoever waits for
    /// the answer may give up meanwhile.
    fn connect_at(&mut self, slot: u32, at: Time, work: Span, left: Span) {
        let instance = &mut self.instances[slot];
        instance.run.work = left;
        let (id, begun, generation) = (instance.function, instance.run.begun, instance.generation);
        if at.since(begun) > self.functions[id].timeout {
            self.work_for(slot, work);
            return;
        }
        self.calendar.push(at, Event::Connect { slot, generation });
        if self.instances[slot].run.connection_tries <= 1 {
            self.watch_patience(slot, Time::NEVER);
        }
    }

    /// A request that was refused a connection tries again.
    pub(super) fn connect_again(&mut self, slot: u32, generation: u32) {
        if self.instances.is_alive(InstanceId { slot, generation }) {
            self.reach_out(slot, self.instances[slot].run.work);
        }
    }

    /// The handler works from now on for so long, unless it crashes or is cut before.
    fn work_for(&mut self, slot: u32, work: Span) {
        let instance = &mut self.instances[slot];
        let run = &mut instance.run;
        let id = instance.function;
        let crash_rate = self.plan.functions[id.index()].crash_rate;
        let state = &mut self.functions[id];
        let waited = self.now.since(run.begun);
        let mut length = waited + work;
        let of_user = run.request.sender == Sender::User;
        if of_user && crash_rate > 0.0 && uniform(&mut state.rare.source_stream) < crash_rate {
            run.down = Some(Retirement::Crashed);
            let part = uniform(&mut state.rare.source_stream);
            length = waited + Span::from_nanos_f64(work.nanos() as f64 * part);
        }
        if length > state.timeout {
            run.down = Some(Retirement::TimedOut);
            length = state.timeout;
        }
        run.first_call = run.first_call.min(length);
        let ends = (run.begun + length).max(self.now);
        self.finishes.push(self.now, ends, slot);
        self.watch_patience(slot, ends);
    }
}
