//! The same rules once more, slow and obvious: one list of all instances that ever were, one list
//! of what is to come, both searched from end to end each time; no floats, no clever order.

mod connections;
mod instances;
mod requests;

use std::collections::VecDeque;

use frostline::dist::Dist;
use frostline::model::{
    Function, KeepAlive, Overflow, Provisioned, RateScope, RemedyKind, Routing, SnapshotAfter,
};
use frostline::random::{Purpose, Stream, Streams};
use frostline::sim::{Cause, Ending, Found, Retirement, Sender, State};
use frostline::units::Span;

use super::compare::{End, Name, Outcome};
use crate::sim::stage::Stage;

#[derive(Clone, Debug)]
struct Request {
    function: usize,
    sender: Sender,
    number: u64,
    arrived: u64,
    service: u64,
    fails: bool,
    tries: u32,
}

#[derive(Clone, Debug)]
struct Work {
    request: Request,
    admitted: u64,
    begun: u64,
    first_call: u64,
    timed_out: bool,
    outgrows: bool,
    /// How often it was refused a connection.
    refused: u32,
    found: Found,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "obvious before clever")]
struct Instance {
    function: usize,
    provisioned: bool,
    for_nobody: bool,
    born: u64,
    state: Option<State>,
    was_ready: bool,
    called: bool,
    connected: bool,
    /// Init that was cut, and is run again inside the first invocation.
    init_due: u64,
    /// Another one takes its place; it goes as soon as it may.
    replaced: bool,
    leaves: bool,
    /// Whose place it takes.
    replaces: Option<usize>,
    /// Counts idle periods of all instances, in the order in which they began.
    idle_period: u64,
    work: Option<Work>,
}

#[derive(Clone, Debug)]
enum Event {
    Finish(usize),
    Ready(usize),
    Attempt(Request),
    Connect(usize),
    Expiry(usize, u64),
    EndOfLife(usize),
    Recycle(usize),
    FunctionUnused(usize, u64),
    GiveUp(u64),
    Provision(usize, u32),
    Round(usize, usize),
    Look,
}

struct Bucket {
    credit: u128,
    most: u128,
    inflow: u128,
    price: u128,
    at: u64,
}

impl Bucket {
    fn new(burst: u32, tokens: u32, every: u64) -> Self {
        let most = u128::from(burst) * u128::from(every);
        let (inflow, price) = (u128::from(tokens), u128::from(every));
        Self {
            credit: most,
            most,
            inflow,
            price,
            at: 0,
        }
    }

    fn take(&mut self, now: u64) -> bool {
        self.credit += u128::from(now - self.at) * self.inflow;
        self.credit = self.credit.min(self.most);
        self.at = now;
        let taken = self.credit >= self.price;
        self.credit -= if taken { self.price } else { 0 };
        taken
    }

    fn next(&self) -> u64 {
        let missing = self.price - self.credit;
        self.at + missing.div_ceil(self.inflow) as u64
    }
}

/// Tokens × nanoseconds, of so many instances, up to an instant.
#[derive(Clone, Copy, Default)]
struct Allowance {
    credit: u128,
    instances: u128,
    at: u64,
}

enum Refused {
    TooManyASecond,
    NoConcurrency,
    NoToken(u64),
}

struct World<'a> {
    stage: &'a Stage,
    now: u64,
    inserted: u64,
    to_come: Vec<(u64, u32, u64, Event)>,
    instances: Vec<Instance>,
    idle_periods: u64,
    tickets: u64,
    /// (ticket, request), oldest first.
    queue: Vec<(u64, Request)>,
    /// One an account.
    requests: Vec<Option<Bucket>>,
    /// One a function, where its reservation limits its requests.
    own_requests: Vec<Option<Bucket>>,
    /// One a function, or the same one of an account under its functions' places.
    scaling: Vec<Option<Bucket>>,
    /// The place in `scaling` that a function takes tokens from.
    scaled_by: Vec<usize>,
    /// What provisioned instances of each function may still take.
    allowances: Vec<Allowance>,
    keep_streams: Vec<Stream>,
    last_retired: Vec<Option<Retirement>>,
    /// Times that something began or ended to run.
    activity: Vec<u64>,
    /// Connections to the resource that are held.
    connections: u32,
    choices: VecDeque<Name>,
    outcome: Outcome,
}

/// How much of a run fits into memory, where its peak does not.
fn fits_for(function: &Function, service: u64) -> Option<u64> {
    let (base, peak) = need(function)?;
    let memory = function.memory.bytes();
    let fits = |left: u64| (service as f64 * (left as f64 / (peak - base) as f64)).round() as u64;
    (peak > memory).then(|| fits(memory.saturating_sub(base)))
}

/// Memory after init, and the peak of every request.
fn need(function: &Function) -> Option<(u64, u64)> {
    let need = function.working_set.as_ref()?;
    let peak = fixed(need.peak()).max(need.base.bytes());
    Some((need.base.bytes(), peak))
}

fn fixed(dist: &Dist) -> u64 {
    dist.as_constant().unwrap().nanos()
}

const SECOND: u64 = 1_000_000_000;

pub(super) fn simulate(stage: &Stage, choices: VecDeque<Name>) -> Outcome {
    let functions = stage.functions.len();
    let platform = &stage.platform;
    let account_of = |function: usize| stage.functions[function].account;
    let rate_of = |function: usize| platform.account(account_of(function)).scaling_rate;
    let scaling = |function: usize| {
        rate_of(function).map(|rate| Bucket::new(rate.burst, rate.instances, rate.every.nanos()))
    };
    let scaled_by = |function: usize| {
        let of_account = rate_of(function).is_some_and(|rate| rate.per == RateScope::Account);
        let mut same = (0..functions).filter(|f| account_of(*f) == account_of(function));
        let first = same.next().unwrap();
        if of_account { first } else { function }
    };
    let own_requests = |function: usize| {
        let reserved = stage.functions[function].reserved_concurrency?;
        let a_second = reserved * platform.requests_per_concurrency?;
        (reserved > 0).then(|| Bucket::new(a_second, a_second, SECOND))
    };
    let requests = |account: usize| {
        let a_second = platform.account(account as u32).requests_per_second;
        a_second.map(|n| Bucket::new(n, n, SECOND))
    };
    let mut world = World {
        stage,
        now: 0,
        inserted: 0,
        to_come: Vec::new(),
        instances: Vec::new(),
        idle_periods: 0,
        tickets: 0,
        queue: Vec::new(),
        requests: (0..=platform.accounts.len()).map(requests).collect(),
        own_requests: (0..functions).map(own_requests).collect(),
        scaling: (0..functions).map(scaling).collect(),
        scaled_by: (0..functions).map(scaled_by).collect(),
        allowances: vec![Allowance::default(); functions],
        keep_streams: Vec::new(),
        last_retired: vec![None; functions],
        activity: vec![0; functions],
        connections: 0,
        choices,
        outcome: Outcome {
            ends: Vec::new(),
            retired: Vec::new(),
            tie: false,
        },
    };
    world.begin();
    world.run();
    world.outcome.retired.sort();
    world.outcome
}

impl World<'_> {
    fn begin(&mut self) {
        let streams = Streams::new(1, 0);
        for (number, call) in (0..).zip(&self.stage.calls) {
            let function = &self.stage.functions[call.function.index()];
            let request = Request {
                function: call.function.index(),
                sender: Sender::User,
                number,
                arrived: call.at.nanos(),
                service: fits_for(function, call.service.nanos()).unwrap_or(call.service.nanos()),
                fails: call.fails,
                tries: 1,
            };
            self.push(call.at.nanos(), 2, Event::Attempt(request));
        }
        for function in 0..self.stage.functions.len() {
            let owner = self
                .remedies(function)
                .find(|(_, kind)| matches!(kind, RemedyKind::KeepAlive(_)));
            let number = owner.map_or(u32::MAX, |(number, _)| number as u32);
            let stream = streams.stream(function as u32, Purpose::Policy, number);
            self.keep_streams.push(stream);
            let remedies: Vec<_> = self
                .remedies(function)
                .map(|(n, k)| (n, k.clone()))
                .collect();
            for (number, kind) in remedies {
                match kind {
                    RemedyKind::Ping(ping) => {
                        self.push(
                            ping.offset.as_constant().unwrap().nanos(),
                            5,
                            Event::Round(number, function),
                        );
                    }
                    RemedyKind::Provisioned(Provisioned::Constant(n)) => {
                        let delay = fixed(&self.stage.platform.provisioned.delay);
                        self.push(delay, 5, Event::Provision(function, n));
                    }
                    RemedyKind::MinInstances(_) => self.keep_floor(function),
                    _ => {}
                }
            }
        }
    }

    fn run(&mut self) {
        let end = self.stage.duration.nanos();
        loop {
            let first = (0..self.to_come.len())
                .min_by_key(|n| (self.to_come[*n].0, self.to_come[*n].1, self.to_come[*n].2));
            let Some(first) = first else { break };
            let (at, _, _, event) = self.to_come.remove(first);
            if at >= end {
                break;
            }
            self.now = at;
            self.act(event.clone());
            (0..self.stage.functions.len()).for_each(|function| self.settle(function));
            // Who waits is let in where capacity has come; at an instant, after those who arrive.
            let idle = |i: usize| self.instances[i].state == Some(State::Idle);
            match event {
                Event::Finish(_) | Event::Look => self.let_waiting_in(),
                Event::Ready(i) if idle(i) => self.let_waiting_in(),
                _ => {}
            }
        }
    }

    fn act(&mut self, event: Event) {
        match event {
            Event::Finish(i) => self.finish(i),
            Event::Ready(i) => {
                if let Some(work) = self.instances[i].work.take() {
                    self.begin_work(i, work);
                } else {
                    self.take_place(i);
                    self.rest(i);
                }
            }
            Event::Attempt(request) => self.attempt(request),
            Event::Connect(i) => self.connect(i),
            Event::Expiry(i, period) => {
                let this = &self.instances[i];
                if this.state == Some(State::Idle) && this.idle_period == period {
                    if self.too_old(i) {
                        self.retire(i, Retirement::MaxLife);
                    } else if self.alive(this.function) > self.floor(this.function) {
                        self.note_tie(this.function);
                        self.retire(i, Retirement::IdleTimeout);
                    }
                }
            }
            Event::EndOfLife(i) => {
                if self.instances[i].state == Some(State::Idle) {
                    self.retire(i, Retirement::MaxLife);
                }
            }
            Event::Recycle(i) => self.recycle(i),
            Event::FunctionUnused(function, activity) => {
                if self.activity[function] == activity {
                    self.retire_unused(function);
                }
            }
            Event::GiveUp(ticket) => {
                if let Some(place) = self.queue.iter().position(|(t, _)| *t == ticket) {
                    let (_, request) = self.queue.remove(place);
                    self.end_without_run(&request, Ending::Rejected);
                }
            }
            Event::Provision(function, n) => self.provision(function, n),
            Event::Round(number, function) => {
                let RemedyKind::Ping(ping) = &self.stage.remedies[number].kind else {
                    panic!()
                };
                for _ in 0..ping.instances {
                    let at = self.now + fixed(&ping.skew);
                    let request = Request {
                        function,
                        sender: Sender::Ping,
                        number: 0,
                        arrived: at,
                        service: ping.hold.nanos(),
                        fails: false,
                        tries: 1,
                    };
                    self.push(at, 3, Event::Attempt(request));
                }
                self.push(
                    self.now + ping.every.nanos(),
                    5,
                    Event::Round(number, function),
                );
            }
            Event::Look => {}
        }
    }

    fn push(&mut self, at: u64, class: u32, event: Event) {
        self.inserted += 1;
        self.to_come.push((at, class, self.inserted, event));
    }

    // What the plan says.

    fn remedies(&self, function: usize) -> impl Iterator<Item = (usize, &RemedyKind)> {
        let all = self.stage.remedies.iter().enumerate();
        all.filter(move |(_, r)| r.functions.iter().any(|id| id.index() == function))
            .map(|(number, remedy)| (number, &remedy.kind))
    }

    fn floor(&self, function: usize) -> u32 {
        let mut floors = self.remedies(function).filter_map(|(_, kind)| match kind {
            RemedyKind::MinInstances(n) => Some(*n),
            _ => None,
        });
        floors.next().unwrap_or(0)
    }

    fn provisioned_target(&self, function: usize) -> u32 {
        let mut targets = self.remedies(function).filter_map(|(_, kind)| match kind {
            RemedyKind::Provisioned(Provisioned::Constant(n)) => Some(*n),
            _ => None,
        });
        targets.next().unwrap_or(0)
    }

    fn snapshot(&self, function: usize) -> Option<SnapshotAfter> {
        let mut snapshots = self.remedies(function).filter_map(|(_, kind)| match kind {
            RemedyKind::Snapshot(rule) => Some(rule.after),
            _ => None,
        });
        snapshots.next()
    }

    fn keep_rule(&self, function: usize) -> KeepAlive {
        let mut rules = self.remedies(function).filter_map(|(_, kind)| match kind {
            RemedyKind::KeepAlive(rule) => Some(rule.clone()),
            _ => None,
        });
        rules
            .next()
            .unwrap_or_else(|| self.stage.platform.keep_alive.clone())
    }

    // What there is, counted each time.

    fn count(&self, function: usize, wanted: impl Fn(&Instance) -> bool) -> u32 {
        let of_function = self.instances.iter().filter(|i| i.function == function);
        of_function
            .filter(|i| i.state.is_some() && wanted(i))
            .count() as u32
    }

    fn alive(&self, function: usize) -> u32 {
        self.count(function, |i| !i.provisioned)
    }

    fn in_flight(&self, function: usize) -> u32 {
        self.count(function, |i| !i.provisioned && i.work.is_some())
    }

    fn too_old(&self, i: usize) -> bool {
        let life = self.stage.platform.max_life.as_ref().map(fixed);
        let this = &self.instances[i];
        !this.provisioned && life.is_some_and(|life| this.born + life <= self.now)
    }

    fn has_concurrency(&self, function: usize) -> bool {
        let functions = &self.stage.functions;
        if let Some(reserved) = functions[function].reserved_concurrency {
            let left = reserved.saturating_sub(self.provisioned_target(function));
            return self.in_flight(function) < left;
        }
        let account = functions[function].account;
        let Some(quota) = self.stage.platform.account(account).concurrency_quota else {
            return true;
        };
        let reserved: u32 = functions
            .iter()
            .filter(|f| f.account == account)
            .filter_map(|f| f.reserved_concurrency)
            .sum();
        let sharing = || {
            (0..functions.len()).filter(|f| {
                functions[*f].reserved_concurrency.is_none() && functions[*f].account == account
            })
        };
        let provisioned: u32 = sharing().map(|f| self.provisioned_target(f)).sum();
        let in_flight: u32 = sharing().map(|f| self.in_flight(f)).sum();
        in_flight < quota.saturating_sub(reserved).saturating_sub(provisioned)
    }

    fn cause(&self, function: usize) -> Cause {
        let any = |wanted: fn(&Instance) -> bool| self.count(function, wanted) > 0;
        let pinged = |i: &Instance| {
            i.work
                .as_ref()
                .is_some_and(|work| work.request.sender == Sender::Ping)
        };
        if any(pinged) {
            return Cause::PingCollision;
        }
        if self.provisioned_target(function) > 0 {
            let ready = any(|i| i.provisioned && i.was_ready);
            return if ready {
                Cause::Spillover
            } else {
                Cause::NotReady
            };
        }
        if !self.instances.iter().any(|i| i.function == function) {
            Cause::First
        } else if any(|i| i.for_nobody && i.state == Some(State::Starting)) {
            Cause::NotReady
        } else if any(|_| true) {
            Cause::ScaleOut
        } else if self.last_retired[function] == Some(Retirement::IdleTimeout) {
            Cause::Expired
        } else {
            Cause::Recycled
        }
    }

    /// Of instances that are due at the same instant, it is nobody's rule whom the floor holds.
    fn note_tie(&mut self, function: usize) {
        let due = |e: &&(u64, u32, u64, Event)| match e.3 {
            Event::Expiry(i, period) => {
                let this = &self.instances[i];
                let idle = this.state == Some(State::Idle) && this.idle_period == period;
                e.0 == self.now && idle && this.function == function
            }
            _ => false,
        };
        let others = self.to_come.iter().filter(due).count() as u32;
        self.outcome.tie |= self.alive(function) - 1 < self.floor(function) + others;
    }
}
