//! Instances of the naive simulation.

use super::*;

impl World<'_> {
    pub(super) fn start_length(&self, function: usize) -> u64 {
        let start = &self.stage.functions[function].start;
        let rest = match self.snapshot(function) {
            Some(_) => fixed(&start.restore),
            None => fixed(&start.fetch) + self.init_length(function),
        };
        fixed(&start.sandbox) + fixed(&start.network) + rest
    }

    fn init_length(&self, function: usize) -> u64 {
        let start = &self.stage.functions[function].start;
        let code = fixed(&start.download) + fixed(&start.init);
        fixed(&start.extensions) + fixed(&start.runtime) + code
    }

    /// Init on demand that takes longer than the limit is run again inside the first invocation.
    pub(super) fn cut_init(&mut self, i: usize) {
        let function = self.instances[i].function;
        let init = self.init_length(function);
        if let Some(limit) = self.stage.platform.init_limit.map(Span::nanos)
            && self.snapshot(function).is_none()
            && init > limit
        {
            self.instances[i].init_due = init;
        }
    }

    /// From birth to readiness of an instance on demand.
    pub(super) fn start_on_demand(&self, i: usize) -> u64 {
        let function = self.instances[i].function;
        let whole = self.start_length(function);
        let Some(limit) = self.stage.platform.init_limit.map(Span::nanos) else {
            return whole;
        };
        let init = self.instances[i].init_due;
        whole - init + init.min(limit)
    }

    /// Whether no instance gets through its init.
    pub(super) fn never_starts(&self, function: usize) -> bool {
        let function = &self.stage.functions[function];
        need(function).is_some_and(|(base, _)| base > function.memory.bytes())
    }

    pub(super) fn bear(&mut self, function: usize, provisioned: bool, for_nobody: bool) -> usize {
        let i = self.instances.len();
        self.instances.push(Instance {
            function,
            provisioned,
            for_nobody,
            born: self.now,
            state: Some(State::Starting),
            was_ready: false,
            called: self.snapshot(function) == Some(SnapshotAfter::WarmUpCall)
                && !self.never_starts(function),
            connected: false,
            init_due: if self.never_starts(function) && self.snapshot(function).is_none() {
                self.init_length(function)
            } else {
                0
            },
            replaced: false,
            leaves: false,
            replaces: None,
            idle_period: 0,
            work: None,
        });
        if let Some(life) = &self.stage.platform.max_life
            && !provisioned
        {
            self.push(self.now + fixed(life), 4, Event::EndOfLife(i));
        }
        i
    }

    pub(super) fn name(&self, i: usize) -> Name {
        let function = self.instances[i].function;
        let before = self.instances[..i]
            .iter()
            .filter(|other| other.function == function);
        (function, before.count())
    }

    pub(super) fn keep_floor(&mut self, function: usize) {
        while self.alive(function) < self.floor(function) {
            let i = self.bear(function, false, true);
            self.cut_init(i);
            let ready = self.now + self.start_on_demand(i) + self.connect_in_init(i);
            self.push(ready, 1, Event::Ready(i));
        }
    }

    pub(super) fn provision(&mut self, function: usize, n: u32) {
        let alive = self.count(function, |i| i.provisioned && !i.replaced);
        let n = n.min(self.provisioned_target(function) - alive);
        let rate = self.stage.platform.provisioned.instances_per_minute;
        let burst = self.stage.platform.provisioned.burst;
        let spread = rate.map_or(0, |rate| {
            60_000_000_000 * u64::from(n.saturating_sub(burst)) / u64::from(rate)
        });
        let new: Vec<usize> = (0..n).map(|_| self.bear(function, true, true)).collect();
        // None is ready before all are.
        let set_ups: Vec<u64> = new.iter().map(|i| self.connect_in_init(*i)).collect();
        let slowest = set_ups.into_iter().max().unwrap_or(0);
        for i in new {
            let ready = self.now + spread + self.start_length(function) + slowest;
            self.push(ready, 1, Event::Ready(i));
        }
    }

    /// A provisioned instance is ready: its own end is set, and that of the one before it comes.
    pub(super) fn take_place(&mut self, i: usize) {
        if !self.instances[i].provisioned {
            return;
        }
        if let Some(old) = self.instances[i].replaces.take() {
            if self.instances[old].state == Some(State::Idle) {
                self.retire(old, Retirement::MaxLife);
            } else {
                self.instances[old].leaves = true;
            }
        }
        if let Some(life) = &self.stage.platform.provisioned.recycle {
            let ends = self.instances[i].born + fixed(life);
            self.push(ends.max(self.now + 1_000_000_000), 4, Event::Recycle(i));
        }
    }

    pub(super) fn recycle(&mut self, old: usize) {
        if self.instances[old].state.is_none() {
            return;
        }
        let function = self.instances[old].function;
        self.instances[old].replaced = true;
        let new = self.bear(function, true, true);
        self.instances[new].replaces = Some(old);
        let ready = self.now + self.start_length(function) + self.connect_in_init(new);
        self.push(ready, 1, Event::Ready(new));
    }

    pub(super) fn begin_work(&mut self, i: usize, mut work: Work) {
        let restored = self.snapshot(work.request.function).is_some();
        let function = &self.stage.functions[work.request.function];
        let never_starts = self.never_starts(work.request.function);
        let this = &mut self.instances[i];
        work.begun = self.now;
        let outgrows = need(function).is_some_and(|(_, peak)| peak > function.memory.bytes());
        work.outgrows = outgrows && work.request.sender == Sender::User;
        if !this.called {
            let start = &function.start;
            work.first_call = match &start.restored_first_call {
                Some(call) if restored => fixed(call),
                _ => fixed(&start.first_call),
            };
            work.first_call += std::mem::take(&mut this.init_due);
            if never_starts {
                work.outgrows = true;
                work.request.service = 0;
            }
        }
        let mut length = work.first_call + work.request.service;
        let in_time = function
            .timeout
            .is_none_or(|most| work.first_call <= most.nanos());
        let needs = self.needs_connection(i, &work) && in_time;
        let function = &self.stage.functions[work.request.function];
        let this = &mut self.instances[i];
        if needs {
            let loaded = self.now + work.first_call;
            let at_once = work.first_call == 0;
            this.called = true;
            this.was_ready = true;
            this.state = Some(State::Busy);
            this.work = Some(work);
            if at_once {
                self.connect(i);
            } else {
                self.push(loaded, 3, Event::Connect(i));
            }
            return;
        }
        if let Some(timeout) = function.timeout.map(Span::nanos)
            && length > timeout
        {
            length = timeout;
            work.first_call = work.first_call.min(timeout);
            work.timed_out = true;
        }
        this.called = true;
        this.was_ready = true;
        this.state = Some(State::Busy);
        this.work = Some(work);
        self.push(self.now + length, 0, Event::Finish(i));
    }

    pub(super) fn finish(&mut self, i: usize) {
        let this = &mut self.instances[i];
        let (function, provisioned) = (this.function, this.provisioned);
        let work = this.work.take().unwrap();
        self.outcome.ends.push(End {
            function,
            sender: work.request.sender,
            number: work.request.number,
            arrived: work.request.arrived,
            admitted: work.admitted,
            begun: work.begun,
            ended: self.now,
            first_call: work.first_call,
            ending: match (work.timed_out, work.outgrows, work.request.fails) {
                (true, _, _) => Ending::TimedOut,
                (false, true, _) => Ending::OutOfMemory,
                (false, false, true) => Ending::Failed,
                (false, false, false) => Ending::Completed,
            },
            found: work.found,
            instance: Some(self.name(i)),
            on_provisioned: provisioned,
        });
        if !provisioned && self.in_flight(function) == 0 {
            self.activity[function] += 1;
            if let KeepAlive::TwoClocks {
                function: longest, ..
            } = self.keep_rule(function)
            {
                let event = Event::FunctionUnused(function, self.activity[function]);
                self.push(self.now + longest.nanos(), 4, event);
            }
        }
        self.disconnect_after(i);
        if work.timed_out {
            self.retire(i, Retirement::TimedOut);
        } else if work.outgrows {
            self.retire(i, Retirement::OutOfMemory);
        } else {
            self.rest(i);
        }
    }

    pub(super) fn rest(&mut self, i: usize) {
        let function = self.instances[i].function;
        self.instances[i].was_ready = true;
        if self.instances[i].leaves {
            self.retire(i, Retirement::MaxLife);
            return;
        }
        if !self.instances[i].provisioned {
            if self.too_old(i) {
                self.retire(i, Retirement::MaxLife);
                return;
            }
            let keep = self.keep_rule(function);
            let never = matches!(keep, KeepAlive::Never);
            let lifetime = match keep {
                KeepAlive::Never => Some(0),
                KeepAlive::ForEver => None,
                KeepAlive::For(dist) | KeepAlive::TwoClocks { instance: dist, .. } => {
                    Some(dist.sample(&mut self.keep_streams[function]).nanos())
                }
            };
            if never && self.alive(function) > self.floor(function) {
                self.retire(i, Retirement::IdleTimeout);
                return;
            }
            if let Some(lifetime) = lifetime {
                let event = Event::Expiry(i, self.idle_periods + 1);
                self.push(self.now + lifetime, 4, event);
            }
        }
        self.idle_periods += 1;
        self.instances[i].idle_period = self.idle_periods;
        self.instances[i].state = Some(State::Idle);
    }

    pub(super) fn retire_unused(&mut self, function: usize) {
        let is_idle = |i: &usize| {
            let this = &self.instances[*i];
            this.function == function && !this.provisioned && this.state == Some(State::Idle)
        };
        let mut idle: Vec<usize> = (0..self.instances.len()).filter(is_idle).collect();
        let routing = self.stage.platform.routing;
        if matches!(
            routing,
            Routing::MostRecentlyUsed | Routing::LeastRecentlyUsed
        ) {
            idle.sort_by_key(|i| self.instances[*i].idle_period);
        }
        let held = self.alive(function) < self.floor(function) + idle.len() as u32;
        self.outcome.tie |= held && routing == Routing::Random;
        for i in idle {
            if self.alive(function) > self.floor(function) {
                self.retire(i, Retirement::IdleTimeout);
            }
        }
    }

    pub(super) fn retire(&mut self, i: usize, why: Retirement) {
        self.note_connection_tie();
        self.disconnect(i);
        let this = &mut self.instances[i];
        let (function, provisioned) = (this.function, this.provisioned);
        this.state = None;
        let name = self.name(i);
        self.outcome
            .retired
            .push((self.now, name, format!("{why:?}")));
        if provisioned {
            // Who was recycled has its successor already.
            if why != Retirement::MaxLife {
                self.push(self.now, 5, Event::Provision(function, 1));
            }
        } else {
            self.last_retired[function] = Some(why);
            self.keep_floor(function);
        }
    }
}
