//! A stage for plays of a few requests: what arrives is written down beforehand, what happens is
//! recorded whole.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use frostline::dist::Dist;
use frostline::ids::{FunctionId, InstanceId};
use frostline::model::{
    Function, KeepAlive, Plan, Platform, Remedy, RemedyKind, Source, WorkflowKind,
};
use frostline::observe::{Summary, SummaryResult};
use frostline::policy::{self, Bound, Policy};
use frostline::random::Streams;
use frostline::sim::{
    self, Control, Ending, Finished, Found, InFlight, MessageEnd, Observer, Prewarmed, RequestEnd,
    Retirement, Sender, Simulation, State, StateChange, WorkflowEnd,
};
use frostline::units::{Span, Time};
use frostline::validate::lab;
use frostline::workload::{Arrival, Arrivals};

pub(crate) fn secs(seconds: f64) -> Span {
    Span::from_secs(seconds)
}

pub(crate) fn constant(seconds: f64) -> Dist {
    Dist::constant(secs(seconds))
}

/// Arrivals as written down.
pub(crate) struct Script(VecDeque<Arrival>);

impl Script {
    pub(crate) fn new(mut calls: Vec<Arrival>) -> Self {
        calls.sort_by_key(|call| call.at);
        Self(calls.into())
    }
}

impl Arrivals for Script {
    fn next_arrival(&mut self) -> Option<Arrival> {
        self.0.pop_front()
    }
}

/// All that happened, in order.
#[derive(Default, PartialEq, Debug)]
pub(crate) struct Record {
    pub(crate) arrived: Vec<(Time, FunctionId, u64)>,
    pub(crate) throttled: Vec<(Time, FunctionId, Sender)>,
    pub(crate) retried: Vec<Time>,
    pub(crate) spilled_over: Vec<Time>,
    pub(crate) pinged: Vec<Time>,
    pub(crate) ends: Vec<RequestEnd>,
    pub(crate) changes: Vec<StateChange>,
    pub(crate) prewarmed: Vec<Prewarmed>,
    pub(crate) provisioned: Vec<(Time, FunctionId, u32)>,
    pub(crate) messages: Vec<MessageEnd>,
    pub(crate) dead_letters: Vec<Time>,
    /// When which function took a connection, or let one go.
    pub(crate) connected: Vec<(Time, FunctionId, bool)>,
    pub(crate) connections_refused: Vec<Time>,
    pub(crate) transitions: Vec<Time>,
    pub(crate) workflows: Vec<WorkflowEnd>,
    pub(crate) in_flight: u32,
    pub(crate) finished: Finished,
    births: BTreeMap<InstanceId, usize>,
}

impl Observer for Record {
    fn arrived(&mut self, at: Time, function: FunctionId, number: u64) {
        self.arrived.push((at, function, number));
    }
    fn throttled(&mut self, at: Time, function: FunctionId, sender: Sender, _: Time) {
        self.throttled.push((at, function, sender));
    }
    fn retried(&mut self, at: Time, _: FunctionId, _: Time) {
        self.retried.push(at);
    }
    fn spilled_over(&mut self, at: Time, _: FunctionId, _: Time) {
        self.spilled_over.push(at);
    }
    fn pinged(&mut self, at: Time, _: FunctionId) {
        self.pinged.push(at);
    }
    fn ended(&mut self, end: &RequestEnd) {
        self.ends.push(*end);
    }
    fn changed(&mut self, change: &StateChange) {
        if change.from.is_none() {
            self.births.insert(change.instance, self.births.len());
        }
        self.changes.push(*change);
    }
    fn prewarmed(&mut self, start: &Prewarmed) {
        self.prewarmed.push(*start);
    }
    fn provisioned(&mut self, at: Time, function: FunctionId, instances: u32) {
        self.provisioned.push((at, function, instances));
    }
    fn message_ended(&mut self, end: &MessageEnd) {
        self.messages.push(*end);
    }
    fn dead_lettered(&mut self, at: Time, _: FunctionId, _: Time) {
        self.dead_letters.push(at);
    }
    fn connected(&mut self, at: Time, function: FunctionId, more: bool) {
        self.connected.push((at, function, more));
    }
    fn connection_refused(&mut self, at: Time, _: FunctionId) {
        self.connections_refused.push(at);
    }
    fn transition(&mut self, at: Time, _: WorkflowKind, _: Time) {
        self.transitions.push(at);
    }
    fn workflow_ended(&mut self, end: &WorkflowEnd) {
        self.workflows.push(*end);
    }
    fn in_flight(&mut self, _: &InFlight) {
        self.in_flight += 1;
    }
}

impl Record {
    /// Counts instances from 0, in the order of birth.
    pub(crate) fn birth(&self, instance: InstanceId) -> usize {
        self.births[&instance]
    }

    pub(crate) fn born(&self) -> usize {
        self.births.len()
    }

    /// Ends of users' requests, by number.
    pub(crate) fn users(&self) -> Vec<RequestEnd> {
        self.of(Sender::User)
    }

    /// Ends of requests or pings.
    pub(crate) fn of(&self, sender: Sender) -> Vec<RequestEnd> {
        let mut ends: Vec<_> = self
            .ends
            .iter()
            .copied()
            .filter(|e| e.sender == sender)
            .collect();
        ends.sort_by_key(|end| end.number);
        ends
    }

    /// What users' requests found and where they ran, by number: `first:0 warm:0 throttled`.
    pub(crate) fn story(&self) -> String {
        let words: Vec<_> = self.users().iter().map(|end| self.word(end)).collect();
        words.join(" ")
    }

    /// The same of pings, in the order of their ends.
    pub(crate) fn pings(&self) -> String {
        let words: Vec<_> = self
            .of(Sender::Ping)
            .iter()
            .map(|end| self.word(end))
            .collect();
        words.join(" ")
    }

    fn word(&self, end: &RequestEnd) -> String {
        let found = match (end.found, end.ending) {
            (Found::Warm, _) => "warm".to_owned(),
            (Found::Cold(cause), _) => cause.name().to_owned(),
            (Found::Restored(cause), _) => format!("restored-{}", cause.name()),
            (Found::Nothing, Ending::Throttled) => return "throttled".to_owned(),
            (Found::Nothing, _) => return "rejected".to_owned(),
        };
        let instance = end.instance.map_or(usize::MAX, |id| self.birth(id));
        let ending = match end.ending {
            Ending::Completed => "",
            Ending::Failed => "!failed",
            Ending::OutOfMemory => "!out-of-memory",
            Ending::TimedOut => "!timed-out",
            Ending::Throttled | Ending::Rejected => "!ran",
            Ending::Abandoned => "!abandoned",
            Ending::Try => "!tried",
        };
        format!("{found}:{instance}{ending}")
    }

    /// When users' requests began to run, in seconds, by number.
    pub(crate) fn begun(&self) -> Vec<f64> {
        self.users().iter().map(|end| end.begun.secs()).collect()
    }

    /// When they ended.
    pub(crate) fn ended(&self) -> Vec<f64> {
        self.users().iter().map(|end| end.ended.secs()).collect()
    }

    /// Instances that ended before the run did: number, second, why.
    pub(crate) fn retired(&self) -> Vec<(usize, f64, Retirement)> {
        let ends = self.changes.iter().filter_map(|change| {
            let why = change.to.err().filter(|why| *why != Retirement::EndOfRun)?;
            Some((self.birth(change.instance), change.at.secs(), why))
        });
        ends.collect()
    }

    /// When the number of busy instances changed, and to what, coinciding changes summed up.
    pub(crate) fn busy_path(&self) -> Vec<(Time, i64)> {
        let mut path: Vec<(Time, i64)> = Vec::new();
        let mut busy = 0;
        for change in &self.changes {
            let before = busy;
            busy += i64::from(change.to == Ok(State::Busy));
            busy -= i64::from(change.from == Some(State::Busy));
            if busy == before || change.to == Err(Retirement::EndOfRun) {
                continue;
            }
            if path.last().is_some_and(|(at, _)| *at == change.at) {
                path.pop();
            }
            if path.last().is_none_or(|(_, last)| *last != busy) {
                path.push((change.at, busy));
            }
        }
        path
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#?}", self.plan())?;
        self.calls
            .iter()
            .try_for_each(|call| writeln!(f, "{call:?}"))
    }
}

type MakePolicy = Box<dyn Fn() -> Box<dyn Policy>>;

/// A plan whose requests are written down.
pub(crate) struct Stage {
    pub(crate) platform: Platform,
    pub(crate) functions: Vec<Function>,
    pub(crate) remedies: Vec<Remedy>,
    pub(crate) calls: Vec<Arrival>,
    pub(crate) sources: Vec<Source>,
    pub(crate) warm_up: Span,
    pub(crate) duration: Span,
    policies: Vec<MakePolicy>,
}

impl Stage {
    /// One function without starts on a platform without limits, for 1,000 s.
    pub(crate) fn new() -> Self {
        Self {
            platform: lab::bare_platform(),
            functions: vec![lab::bare_function("f", Dist::ZERO)],
            remedies: Vec::new(),
            calls: Vec::new(),
            sources: Vec::new(),
            warm_up: Span::ZERO,
            duration: secs(1000.0),
            policies: Vec::new(),
        }
    }

    /// With a fixed keep-alive in seconds.
    pub(crate) fn keeping(seconds: f64) -> Self {
        let mut stage = Self::new();
        stage.platform.keep_alive = KeepAlive::For(constant(seconds));
        stage
    }

    /// One more function without starts.
    pub(crate) fn add_function(&mut self) -> FunctionId {
        self.functions
            .push(lab::bare_function("another", Dist::ZERO));
        FunctionId(self.functions.len() as u32 - 1)
    }

    /// The first function's starts take this long.
    pub(crate) fn start_takes(&mut self, seconds: f64) {
        self.functions[0].start.init = constant(seconds);
    }

    /// A request for the first function.
    pub(crate) fn call(&mut self, at: f64, service: f64) {
        self.call_of(FunctionId(0), at, service);
    }

    pub(crate) fn call_of(&mut self, function: FunctionId, at: f64, service: f64) {
        self.calls.push(Arrival {
            at: Time::from_secs(at),
            function,
            service: secs(service),
            fails: false,
        });
    }

    pub(crate) fn calls(&mut self, calls: &[(f64, f64)]) {
        for (at, service) in calls {
            self.call(*at, *service);
        }
    }

    /// A remedy for the first function.
    pub(crate) fn remedy(&mut self, kind: RemedyKind) {
        let functions = vec![FunctionId(0)];
        self.remedies.push(Remedy { kind, functions });
    }

    /// A policy of one's own for the first function.
    pub(crate) fn policy<P: Policy + 'static>(&mut self, make: impl Fn() -> P + 'static) {
        self.policies.push(Box::new(move || Box::new(make())));
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            platform: self.platform.clone().into(),
            functions: self.functions.clone().into(),
            sources: self.sources.clone().into(),
            traffic: frostline::model::Traffic::default(),
            remedies: self.remedies.clone(),
            warm_up: self.warm_up,
            duration: self.duration,
        }
    }

    fn bound(&self, plan: &Plan) -> Vec<Bound> {
        let mut policies = policy::of_plan(plan);
        policies.extend((0..).zip(&self.policies).map(|(number, make)| Bound {
            function: FunctionId(0),
            policy: make(),
            number: 1000 + number,
        }));
        policies
    }

    /// What happens where the simulator is stopped and goes on each step of time, so that what lasts
    /// beyond one cannot be done at once.
    pub(crate) fn play_in_steps(&self, step: Span) -> Record {
        let plan = self.plan();
        let (streams, policies) = (Streams::new(1, 0), self.bound(&plan));
        let mut script = Script::new(self.calls.clone());
        let mut simulation = Simulation::new(&plan, &streams, policies, Record::default());
        let mut until = Time::ZERO;
        while until < plan.end() {
            until = (until + step).min(plan.end());
            simulation
                .advance(&mut script, until, u64::MAX, &Control::default())
                .unwrap();
        }
        let finished = simulation.end();
        let mut record = std::mem::take(simulation.observer_mut());
        record.finished = finished;
        record
    }

    /// What an observer of one's own hears.
    pub(crate) fn run(&self, plan: &Plan, observer: &mut impl Observer) -> Finished {
        let policies = self.bound(plan);
        let streams = Streams::new(1, 0);
        let mut script = Script::new(self.calls.clone());
        sim::run(
            plan,
            &streams,
            policies,
            &mut script,
            observer,
            &Control::default(),
        )
        .unwrap()
    }

    /// What happens. The books must balance as well.
    pub(crate) fn play(&self) -> Record {
        self.measure(1).1
    }

    /// What is measured, in so many batches, and what happens.
    pub(crate) fn measure(&self, batches: u32) -> (SummaryResult, Record) {
        let plan = self.plan();
        let mut observers = (Summary::new(&plan, batches), Record::default());
        let finished = self.run(&plan, &mut observers);
        let (summary, mut record) = observers;
        record.finished = finished;
        (summary.into_result().unwrap().unwrap(), record)
    }
}
