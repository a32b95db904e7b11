//! Connections of the naive simulation: one resource that all functions share.

use frostline::model::{Connection, Open};

use super::*;

impl World<'_> {
    fn connection(&self, i: usize) -> Option<Connection> {
        let function = self.instances[i].function;
        self.stage.functions[function].connection
    }

    /// Takes a connection where there is one left: how long it takes to open.
    fn take(&mut self, i: usize) -> Option<u64> {
        let resource = &self.stage.platform.resources[0];
        if resource.connections.is_some_and(|n| self.connections == n) {
            return None;
        }
        self.connections += 1;
        self.instances[i].connected = true;
        Some(fixed(&resource.set_up))
    }

    /// What opening one adds to the start of an instance that boots.
    pub(super) fn connect_in_init(&mut self, i: usize) -> u64 {
        let function = self.instances[i].function;
        let in_init = self.connection(i).is_some_and(|c| c.open == Open::Init);
        // An init that is cut and run again opens nothing.
        let cut = self.instances[i].init_due > 0;
        if !in_init || cut || self.snapshot(function).is_some() {
            return 0;
        }
        if self.never_starts(function) {
            return 0;
        }
        self.take(i).unwrap_or(0)
    }

    pub(super) fn needs_connection(&self, i: usize, work: &Work) -> bool {
        self.connection(i).is_some()
            && !self.instances[i].connected
            && work.request.sender == Sender::User
            && !self.never_starts(work.request.function)
    }

    /// The handler of a request tries to connect.
    pub(super) fn connect(&mut self, i: usize) {
        let connection = self.connection(i).unwrap();
        let taken = self.take(i);
        let function = self.instances[i].function;
        let timeout = self.stage.functions[function].timeout.map(Span::nanos);
        let work = self.instances[i].work.as_mut().unwrap();
        let past = self.now - work.begun;
        let mut length = past;
        if let Some(set_up) = taken {
            length += set_up + work.request.service;
            if connection.open != Open::EveryCall {
                work.first_call += set_up;
            }
        } else {
            work.refused += 1;
            if work.refused < connection.attempts {
                let next = past + connection.retry_wait.nanos();
                if timeout.is_none_or(|timeout| next <= timeout) {
                    let at = work.begun + next;
                    self.push(at, 3, Event::Connect(i));
                    return;
                }
                length = u64::MAX;
            } else {
                work.request.fails = true;
                work.outgrows = false;
            }
        }
        if let Some(timeout) = timeout
            && length > timeout
        {
            length = timeout;
            work.first_call = work.first_call.min(timeout);
            work.timed_out = true;
        }
        let ends = work.begun + length;
        self.push(ends, 0, Event::Finish(i));
    }

    pub(super) fn disconnect_after(&mut self, i: usize) {
        if self
            .connection(i)
            .is_some_and(|c| c.open == Open::EveryCall)
        {
            self.disconnect(i);
        }
    }

    /// Of instances that go at the same instant, it is nobody's rule whose connection is free first.
    pub(super) fn note_connection_tie(&mut self) {
        let limited = self.stage.platform.resources[0].connections.is_some();
        let same = |(at, ..): &(u64, Name, String)| *at == self.now;
        let used = self.stage.functions.iter().any(|f| f.connection.is_some());
        let at_once = self.outcome.retired.last().is_some_and(same);
        self.outcome.tie |= limited && used && at_once;
    }

    pub(super) fn disconnect(&mut self, i: usize) {
        if std::mem::take(&mut self.instances[i].connected) {
            self.connections -= 1;
        }
    }
}
