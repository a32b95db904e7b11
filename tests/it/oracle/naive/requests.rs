//! Requests of the naive simulation.

use super::*;

impl World<'_> {
    pub(super) fn attempt(&mut self, request: Request) {
        let now = self.now;
        let account = self.stage.functions[request.function].account as usize;
        let empty = |bucket: &mut Option<Bucket>| bucket.as_mut().is_some_and(|b| !b.take(now));
        let refused = if empty(&mut self.own_requests[request.function])
            || empty(&mut self.requests[account])
        {
            Refused::TooManyASecond
        } else if self
            .queue
            .iter()
            .any(|(_, r)| r.function == request.function)
        {
            Refused::NoConcurrency
        } else {
            match self.admit(&request) {
                Ok(()) => return,
                Err(refused) => refused,
            }
        };
        let user = request.sender == Sender::User;
        if let Overflow::Queue { length, max_wait } = self.stage.platform.overflow
            && user
            && !matches!(refused, Refused::TooManyASecond)
        {
            let queued = self
                .queue
                .iter()
                .filter(|(_, r)| r.function == request.function)
                .count();
            if length.is_none_or(|length| queued < length as usize) {
                self.tickets += 1;
                if let Some(longest) = max_wait {
                    self.push(now + longest.nanos(), 4, Event::GiveUp(self.tickets));
                }
                self.queue.push((self.tickets, request));
                self.look_later(&refused);
                return;
            }
        }
        match self.stage.platform.client_retry {
            Some(retry) if user && request.tries < retry.attempts => {
                let wait = retry.first.nanos() << (request.tries - 1);
                let next = Request {
                    tries: request.tries + 1,
                    ..request
                };
                self.push(now + wait, 3, Event::Attempt(next));
            }
            _ => self.end_without_run(&request, Ending::Throttled),
        }
    }

    pub(super) fn let_waiting_in(&mut self) {
        let mut blocked = Vec::new();
        let mut place = 0;
        while let Some((_, request)) = self.queue.get(place).cloned() {
            if blocked.contains(&request.function) {
                place += 1;
                continue;
            }
            match self.admit(&request) {
                Ok(()) => {
                    self.queue.remove(place);
                }
                Err(refused) => {
                    blocked.push(request.function);
                    self.look_later(&refused);
                }
            }
        }
    }

    pub(super) fn look_later(&mut self, refused: &Refused) {
        let Refused::NoToken(at) = *refused else {
            return;
        };
        let known = |e: &(u64, u32, u64, Event)| e.0 == at && matches!(e.3, Event::Look);
        if !self.to_come.iter().any(known) {
            self.push(at, 5, Event::Look);
        }
    }

    pub(super) fn admit(&mut self, request: &Request) -> Result<(), Refused> {
        let function = request.function;
        let idle = |i: &Instance| i.provisioned && i.state == Some(State::Idle);
        let mut token = u64::MAX;
        if self.count(function, idle) > 0 {
            token = self.may_take(function);
        }
        if token == 0
            && let Some(i) = self.choose(function, true)
        {
            self.take_idle(i, request);
            return Ok(());
        }
        if !self.has_concurrency(function) {
            return Err(match token {
                u64::MAX => Refused::NoConcurrency,
                at => Refused::NoToken(at),
            });
        }
        if let Some(i) = self.choose(function, false) {
            self.take_idle(i, request);
            return Ok(());
        }
        let place = self.scaled_by[function];
        if let Some(bucket) = &mut self.scaling[place]
            && !bucket.take(self.now)
        {
            return Err(Refused::NoToken(bucket.next().min(token)));
        }
        let cause = self.cause(function);
        let found = if self.snapshot(function).is_some() {
            Found::Restored(cause)
        } else {
            Found::Cold(cause)
        };
        let i = self.bear(function, false, false);
        self.cut_init(i);
        self.activity[function] += 1;
        self.instances[i].work = Some(self.work(request, found));
        let ready = self.now + self.start_on_demand(i) + self.connect_in_init(i);
        self.push(ready, 1, Event::Ready(i));
        Ok(())
    }

    /// So many requests a second for each provisioned instance that is ready, those of a second at
    /// most; a new one brings those of a second along, unless it takes the place of another.
    pub(super) fn settle(&mut self, function: usize) {
        let each = self.stage.platform.provisioned.requests_per_second;
        let a_second = u128::from(each.unwrap_or(0)) * 1_000_000_000;
        let ready = self.count(function, |i| i.provisioned && i.was_ready && !i.leaves);
        let ready = u128::from(ready);
        let now = self.now;
        let allowance = &mut self.allowances[function];
        let passed = u128::from(now - allowance.at);
        let most = |instances: u128| a_second * instances;
        allowance.credit += passed * most(allowance.instances) / 1_000_000_000;
        allowance.credit = allowance.credit.min(most(allowance.instances));
        allowance.credit += most(ready.saturating_sub(allowance.instances));
        allowance.credit = allowance.credit.min(most(ready));
        (allowance.instances, allowance.at) = (ready, now);
    }

    /// Takes from the allowance: 0, or when there is enough of it.
    fn may_take(&mut self, function: usize) -> u64 {
        let Some(each) = self.stage.platform.provisioned.requests_per_second else {
            return 0;
        };
        self.settle(function);
        let allowance = &mut self.allowances[function];
        if allowance.credit >= 1_000_000_000 {
            allowance.credit -= 1_000_000_000;
            return 0;
        }
        let missing = 1_000_000_000 - allowance.credit;
        self.now + missing.div_ceil(u128::from(each) * allowance.instances) as u64
    }

    pub(super) fn work(&self, request: &Request, found: Found) -> Work {
        Work {
            request: request.clone(),
            admitted: self.now,
            begun: self.now,
            first_call: 0,
            timed_out: false,
            outgrows: false,
            refused: 0,
            found,
        }
    }

    pub(super) fn choose(&mut self, function: usize, provisioned: bool) -> Option<usize> {
        let idle = |i: &usize| {
            let this = &self.instances[*i];
            this.function == function
                && this.provisioned == provisioned
                && this.state == Some(State::Idle)
        };
        let all: Vec<usize> = (0..self.instances.len()).filter(idle).collect();
        let period = |i: &usize| self.instances[*i].idle_period;
        match self.stage.platform.routing {
            Routing::MostRecentlyUsed => all.into_iter().max_by_key(period),
            Routing::LeastRecentlyUsed => all.into_iter().min_by_key(period),
            Routing::Newest => all.into_iter().max(),
            Routing::Oldest => all.into_iter().min(),
            Routing::Random if all.is_empty() => None,
            Routing::Random => {
                let chosen = self.choices.pop_front();
                let found = all.iter().copied().find(|i| Some(self.name(*i)) == chosen);
                let known = found.is_some() || self.outcome.tie;
                assert!(known, "{chosen:?} is not idle: {all:?}");
                found.or(Some(all[0]))
            }
        }
    }

    pub(super) fn take_idle(&mut self, i: usize, request: &Request) {
        if !self.instances[i].provisioned {
            self.activity[request.function] += 1;
        }
        let work = self.work(request, Found::Warm);
        self.begin_work(i, work);
    }

    pub(super) fn end_without_run(&mut self, request: &Request, ending: Ending) {
        self.outcome.ends.push(End {
            function: request.function,
            sender: request.sender,
            number: request.number,
            arrived: request.arrived,
            admitted: self.now,
            begun: self.now,
            ended: self.now,
            first_call: 0,
            ending,
            found: Found::Nothing,
            instance: None,
            on_provisioned: false,
        });
    }
}
