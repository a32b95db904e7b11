//! The simulator: the loop, instances and their pools, admission. The only code that changes state.
//!
//! # What happens at the same instant
//! First requests finish, then starting instances become ready, then requests arrive (users before
//! retries and pings), then idle instances expire, then policies are woken and capacity changes;
//! within each, in the order of insertion. So an instance whose idle time is exactly its keep-alive
//! is still warm, and an instance that finishes at the instant of an arrival takes it.
//!
//! The simulator does no I/O, reads no wall clock and counts no statistics: observers do.

mod admission;
mod calendar;
mod cause;
mod error;
mod finishes;
mod instance;
mod life;
mod limits;
mod observer;
mod orders;
mod plain;
mod pool;
mod provisioning;
mod resources;
mod slab;
mod sources;
mod start;
mod versions;
mod workflows;

use std::collections::{BTreeSet, VecDeque};
use std::ops::{Index, IndexMut, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::ids::FunctionId;
use crate::model::{Overflow, Plan, RateScope};
use crate::policy::{Bound, Happening, Keep, Order, Policy};
use crate::random::{Purpose, Stream, Streams};
use crate::units::{Span, Time};
use crate::workload::{Arrival, Arrivals};

use admission::{Account, Waiting};
use calendar::{Calendar, Class, Event};
use finishes::Finishes;
use instance::Instances;
use limits::{TokenBucket, UnitRate};
use pool::IdlePool;
use provisioning::Recycling;
use resources::Resources;
use sources::{Batches, SourceState};
use workflows::Workflows;

pub use calendar::MOST_INSTANCES;
pub use error::RunError;
pub use observer::{
    Cause, Ending, Fate, Found, InFlight, MessageEnd, Observer, Prewarmed, Prompt, RequestEnd,
    Retirement, Running, Sender, State, StateChange, WorkflowEnd, WorkflowFate,
};

/// How a caller follows a run and stops it.
#[derive(Debug, Default)]
pub struct Control {
    /// Set to stop the run soon; what it has found is then not a result.
    pub stop: AtomicBool,
    /// Simulated nanoseconds done by all runs that share this control.
    pub simulated: AtomicU64,
}

impl Control {
    /// A run has done a length of simulated time.
    pub fn has_simulated(&self, length: Span) {
        self.simulated.fetch_add(length.nanos(), Ordering::Relaxed);
    }

    /// A length of simulated time was done in vain and has to be done again.
    pub fn has_not_simulated(&self, length: Span) {
        self.simulated.fetch_sub(length.nanos(), Ordering::Relaxed);
    }
}

/// What the simulator itself can tell of a finished run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// Users' requests that arrived.
    pub requests: u64,
    /// Orders about instances that had been retired, or were not idle.
    pub orders_ignored: u64,
}

/// Simulates a plan from an empty platform to its end, all functions together.
///
/// # Errors
/// [`RunError::Stopped`] where `control` asked for it, and where memory would not suffice.
pub fn run<A: Arrivals, O: Observer>(
    plan: &Plan,
    streams: &Streams,
    policies: Vec<Bound>,
    arrivals: &mut A,
    observer: &mut O,
    control: &Control,
) -> Result<Finished, RunError> {
    let mut simulation = Simulation::new(plan, streams, policies, observer);
    let run = plan.end().since(Time::ZERO);
    let mut done = Time::ZERO;
    for step in 1..=PROGRESS_STEPS {
        let until = Time::ZERO + run.part(step, PROGRESS_STEPS);
        simulation.advance(arrivals, until, u64::MAX, control)?;
        control.has_simulated(until.since(done));
        done = until;
    }
    Ok(simulation.end())
}

/// How often a run says how far it is.
const PROGRESS_STEPS: u64 = 200;

/// Events between two looks at the control.
const EVENTS_A_LOOK: u64 = 1 << 16;

/// A simulation on its way: all functions of a plan together, or one of them apart.
pub struct Simulation<'a, O> {
    plan: &'a Plan,
    observer: O,
    now: Time,
    functions: Functions,
    instances: Instances,
    finishes: Finishes,
    calendar: Calendar,
    /// The account of the platform's own limits.
    account: Account,
    further_accounts: Vec<Account>,
    waiting: Waiting,
    batches: Batches,
    resources: Resources,
    /// Where the plan has some, and all functions are simulated together.
    workflows: Option<Box<Workflows<'a>>>,
    policies: Vec<BoundPolicy>,
    orders: VecDeque<(u32, Order)>,
    /// The next arrival, pulled one ahead; `None` before the first and after the last.
    next: Option<Arrival>,
    begun: bool,
    done: Finished,
    fault: Option<RunError>,
}

/// The functions that are simulated, by their ids.
struct Functions {
    first: u32,
    states: Vec<FunctionState>,
}

impl Index<FunctionId> for Functions {
    type Output = FunctionState;
    #[inline]
    fn index(&self, id: FunctionId) -> &FunctionState {
        &self.states[(id.0 - self.first) as usize]
    }
}

impl IndexMut<FunctionId> for Functions {
    #[inline]
    fn index_mut(&mut self, id: FunctionId) -> &mut FunctionState {
        &mut self.states[(id.0 - self.first) as usize]
    }
}

/// What the simulator knows of a function. What every request touches stands here, in two cache
/// lines; the rest is behind `rare`.
struct FunctionState {
    /// Idle instances on demand.
    idle: IdlePool,
    /// Who answers `keep`, or the answer where it is always the same.
    keep: KeepAnswer,
    /// When the platform cuts the handler.
    timeout: Span,
    /// Concurrency kept for this function, or [`NOT_RESERVED`].
    reserved: u32,
    /// Instances on demand alive.
    alive: u32,
    /// Requests and pings in flight on demand.
    in_flight: u32,
    /// Instances that run, or start for, a ping.
    with_ping: u32,
    /// The pool never shrinks below this.
    floor: u32,
    /// Provisioned instances that have been ready.
    provisioned_ready: u32,
    /// Provisioned instances asked for.
    provisioned_target: u32,
    /// Bit set of the kinds of happenings that some policy hears, and of what is out of the
    /// ordinary: [`MAY_OUTGROW`], [`NOT_PLAIN`], [`OWN_LIMITS`].
    heard: u16,
    /// How long nothing may run before all idle instances are retired; `FOR_EVER` without limit.
    function_idle: Span,
    /// Since when nothing runs on demand.
    unused_since: Time,
    /// When the live timer of `function_idle` fires; `NEVER` where there is none.
    unused_timer: Time,
    rare: Box<RareState>,
}

/// Stands in `heard` where requests do not come straight from clients, or may crash.
const NOT_PLAIN: u16 = 1 << 14;
/// The bit of `heard` that no happening has: requests may need more memory than the function has,
/// which the short way of the commonest requests does not look at.
const MAY_OUTGROW: u16 = 1 << 15;

/// Stands for no reservation.
const NOT_RESERVED: u32 = u32::MAX;

/// Stands beside the happenings heard: the function has limits that others have not, its own quota
/// on requests or those of a further account, and no request of it goes the shortest way.
const OWN_LIMITS: u16 = 1 << 13;

/// What only starts, provisioning and waiting touch.
struct RareState {
    /// Idle provisioned instances.
    idle_provisioned: IdlePool,
    /// Provisioned instances alive.
    provisioned_alive: u32,
    /// Those among them that another one is to take the place of.
    recycling: Vec<Recycling>,
    /// What provisioned instances take together, where there are any and there is a limit.
    provisioned_rate: Option<Box<UnitRate>>,
    /// Restores so far, where the first ones take longer.
    restores: u32,
    /// When the present snapshot was published, or will be.
    published: Time,
    /// Instances on demand that start for nobody.
    prewarming: u32,
    /// Whether there ever was an instance.
    ever: bool,
    last_retired: Retirement,
    /// Its own scaling rate, where each function has one.
    bucket: Option<TokenBucket>,
    /// Its own requests a second, where it has a reservation that limits them.
    requests: Option<TokenBucket>,
    /// Number of its account.
    account: u32,
    /// Requests that wait for a limit, by their place in `waiting`.
    queue: VecDeque<u32>,
    /// What stands between those who send requests and the function.
    source: SourceState,
    /// Instances on demand alive of a version that another has taken the place of.
    outdated: u32,
    /// Who owns `keep`.
    keep: Option<u32>,
    /// Who answers `start`; nobody boots.
    start: Option<u32>,
    /// Its policies, in declared order.
    policies: Vec<u32>,
    start_stream: Stream,
    life_stream: Stream,
    retry_stream: Stream,
    provisioning_stream: Stream,
    source_stream: Stream,
    /// Where requests may need more memory than the function has.
    memory_stream: Option<Box<Stream>>,
}

/// Who answers `keep` for a function.
#[derive(Clone, Copy)]
enum KeepAnswer {
    /// Always the same answer, asked for once.
    Always(Keep),
    /// This policy.
    Policy(u32),
}

struct BoundPolicy {
    policy: Box<dyn Policy>,
    function: FunctionId,
    heard: u16,
    stream: Stream,
}

impl<'a, O: Observer> Simulation<'a, O> {
    /// All functions of a plan, under the limits that they share.
    pub fn new(plan: &'a Plan, streams: &Streams, policies: Vec<Bound>, observer: O) -> Self {
        let all = 0..plan.functions.len() as u32;
        let account = Account::new(plan, 0);
        let mut all = Self::of_functions(plan, streams, all, account, policies, observer);
        let further = 1..=plan.platform.accounts.len() as u32;
        all.workflows = Workflows::new(plan, streams);
        all.further_accounts = further.map(|number| Account::new(plan, number)).collect();
        all
    }

    /// One function of a plan as if it had the account for itself and the account had no limits.
    /// That is what happens to it together with the others where none of these limits binds.
    pub fn of_one(
        plan: &'a Plan,
        streams: &Streams,
        id: FunctionId,
        policies: Vec<Bound>,
        observer: O,
    ) -> Self {
        let account = Account::of_one(plan);
        Self::of_functions(plan, streams, id.0..id.0 + 1, account, policies, observer)
    }

    fn of_functions(
        plan: &'a Plan,
        streams: &Streams,
        functions: Range<u32>,
        account: Account,
        policies: Vec<Bound>,
        observer: O,
    ) -> Self {
        let mut simulation = Self {
            plan,
            observer,
            now: Time::ZERO,
            functions: Functions {
                first: functions.start,
                states: functions
                    .map(|function| FunctionState::new(plan, streams, function))
                    .collect(),
            },
            instances: Instances::default(),
            finishes: Finishes::default(),
            calendar: Calendar::default(),
            account,
            further_accounts: Vec::new(),
            waiting: Waiting::default(),
            batches: Batches::default(),
            resources: Resources::new(plan),
            workflows: None,
            policies: Vec::new(),
            orders: VecDeque::new(),
            next: None,
            begun: false,
            done: Finished::default(),
            fault: None,
        };
        for bound in policies {
            simulation.bind(bound, streams);
        }
        simulation
    }

    /// Simulates what happens before `until`, from where it stands, or so many events of it.
    ///
    /// Three queues, one loop: whichever is due first, finishes before all else at equal times.
    /// Between two calls arrivals may be added, as long as those due before `until` are there.
    ///
    /// # Errors
    /// See [`run`].
    pub fn advance<A: Arrivals>(
        &mut self,
        arrivals: &mut A,
        until: Time,
        most_events: u64,
        control: &Control,
    ) -> Result<(), RunError> {
        if !self.begun {
            self.begun = true;
            self.begin();
        }
        if self.next.is_none() {
            self.next = arrivals.next_arrival();
        }
        for event in 0..most_events {
            let arrival_at = self.next.map_or(Time::NEVER, |arrival| arrival.at);
            let finish_at = self.finishes.next_at();
            let (event_at, class) = self.calendar.next();
            if finish_at <= arrival_at && finish_at <= event_at {
                if finish_at >= until {
                    break;
                }
                self.now = finish_at;
                if let Some(slot) = self.finishes.pop()
                    && !self.answer(slot)
                {
                    self.finish(slot);
                }
            } else if event_at < arrival_at || (event_at == arrival_at && class == Class::Ready) {
                if event_at >= until {
                    break;
                }
                self.now = event_at;
                if let Some(event) = self.calendar.pop() {
                    self.handle(event);
                }
            } else {
                let Some(arrival) = self.next.filter(|arrival| arrival.at < until) else {
                    break;
                };
                self.now = arrival.at;
                self.next = arrivals.next_arrival();
                if !self.run_at_once(&arrival, self.undisturbed(until)) {
                    self.arrive_at_source(&arrival);
                }
            }
            if !self.orders.is_empty() {
                self.carry_out_orders();
            }
            if event % EVENTS_A_LOOK == 0 {
                self.look(control)?;
            }
        }
        self.look(control)
    }

    /// Up to when a request that runs now would be the only one that anything happens to: it would
    /// finish before whatever else is due then.
    #[inline]
    fn undisturbed(&self, until: Time) -> Time {
        let arrival_at = self.next.map_or(Time::NEVER, |arrival| arrival.at);
        let before = self.finishes.next_at().min(until);
        arrival_at
            .min(self.calendar.next().0)
            .min(before.just_before())
    }

    /// When something happens next; `NEVER` where nothing does.
    pub fn next_at(&self) -> Time {
        let arrival_at = self.next.map_or(Time::NEVER, |arrival| arrival.at);
        arrival_at
            .min(self.finishes.next_at())
            .min(self.calendar.next().0)
    }

    /// Who hears what happens.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    fn look(&self, control: &Control) -> Result<(), RunError> {
        self.fault.clone().map_or(Ok(()), Err)?;
        if control.stop.load(Ordering::Relaxed) {
            return Err(RunError::Stopped);
        }
        Ok(())
    }

    fn begin(&mut self) {
        let first = self.functions.first;
        for function in first..first + self.functions.states.len() as u32 {
            for at in &self.plan.functions[function as usize].deployments {
                self.calendar.push(*at, Event::Deploy { function });
            }
            self.tell(FunctionId(function), Happening::RunBegan);
        }
        self.begin_workflows();
        self.carry_out_orders();
    }

    #[inline(never)]
    fn handle(&mut self, event: Event) {
        match event {
            Event::Ready { slot } => self.ready(slot),
            Event::Retry { waiting } => self.retry(waiting),
            Event::Ping { function, hold } => self.ping(FunctionId(function), hold),
            Event::Expiry { slot, generation } => self.expiry(slot, generation),
            Event::Unused { function } => self.unused(FunctionId(function)),
            Event::QueueTimeout { waiting, ticket } => self.queue_timeout(waiting, ticket),
            Event::Provision {
                function,
                instances,
            } => {
                self.provision(FunctionId(function), instances);
            }
            Event::Drain => self.drain(),
            Event::Wake { policy } => self.wake(policy),
            Event::Deliver { waiting } => self.deliver(waiting),
            Event::Abandon { slot, generation } => self.abandon(slot, generation),
            Event::Poll { function } => self.poll_due(FunctionId(function)),
            Event::Visible { batch } => self.visible_again(batch),
            Event::Shard { function, lane } => self.look_at_lane(FunctionId(function), lane),
            Event::Connect { slot, generation } => self.connect_again(slot, generation),
            Event::Deploy { function } => self.deploy(FunctionId(function)),
            Event::Published { function } => self.take_over(FunctionId(function)),
            Event::Execution { workflow } => self.start_execution(workflow),
            Event::Step { thread } => self.step(thread),
            Event::Transitions { kind } => self.release_transitions(kind as usize),
        }
    }

    /// Ends the run: tells the observer what is still there, and keeps nothing but the observer.
    pub fn end(&mut self) -> Finished {
        let end = self.plan.end();
        self.now = end;
        for slot in self.instances.living() {
            let instance = &self.instances[slot];
            if instance.occupied {
                let in_flight = instance.in_flight();
                self.observer.in_flight(&in_flight);
            }
            self.report_retirement(slot, Retirement::EndOfRun);
        }
        for request in self.waiting.all() {
            self.observer.in_flight(&InFlight {
                function: request.function,
                sender: request.sender,
                arrived: request.arrived,
                answered: false,
                running: None,
            });
        }
        self.tell_waiting_messages();
        self.tell_executions_in_flight();
        self.observer.run_ended(end);
        self.functions.states = Vec::new();
        self.instances = Instances::default();
        self.finishes = Finishes::default();
        self.calendar = Calendar::default();
        self.policies = Vec::new();
        self.done
    }
}

impl FunctionState {
    fn new(plan: &Plan, streams: &Streams, id: u32) -> Self {
        let platform = &plan.platform;
        let function = &plan.functions[id as usize];
        let stream = |purpose| streams.stream(id, purpose, 0);
        let pool = |number| {
            IdlePool::new(platform.routing, || {
                streams.stream(id, Purpose::Routing, number)
            })
        };
        let outgrows = function
            .working_set
            .as_ref()
            .is_some_and(|need| need.may_outgrow(function.memory));
        let rate = match function.account {
            0 => platform.scaling_rate,
            number => platform.account(number).scaling_rate,
        };
        let own = rate.filter(|rate| rate.per == RateScope::Function);
        let reserved = function
            .reserved_concurrency
            .filter(|reserved| *reserved > 0);
        let requests = reserved
            .zip(platform.requests_per_concurrency)
            .map(|(reserved, a_unit)| {
                let a_second = reserved.saturating_mul(a_unit);
                TokenBucket::new(a_second, a_second, Span::from_whole_secs(1))
            });
        let out_of_the_ordinary = [
            (!function.is_plain(), NOT_PLAIN),
            (outgrows, MAY_OUTGROW),
            (requests.is_some() || function.account != 0, OWN_LIMITS),
        ];
        let bits = out_of_the_ordinary.iter().filter(|(is, _)| *is);
        Self {
            idle: pool(0),
            // The policies of a plan always have an owner.
            keep: KeepAnswer::Always(Keep::ForEver),
            timeout: function.timeout.unwrap_or(Span::FOR_EVER),
            reserved: function.reserved_concurrency.unwrap_or(NOT_RESERVED),
            alive: 0,
            in_flight: 0,
            with_ping: 0,
            floor: 0,
            provisioned_ready: 0,
            provisioned_target: 0,
            heard: bits.fold(0, |heard, (_, bit)| heard | bit),
            function_idle: Span::FOR_EVER,
            unused_since: Time::ZERO,
            unused_timer: Time::NEVER,
            rare: Box::new(RareState {
                idle_provisioned: pool(1),
                provisioned_alive: 0,
                recycling: Vec::new(),
                provisioned_rate: None,
                restores: 0,
                published: Time::ZERO,
                prewarming: 0,
                ever: false,
                last_retired: Retirement::EndOfRun,
                bucket: own.map(|rate| TokenBucket::of_rate(&rate)),
                requests,
                account: function.account,
                queue: VecDeque::new(),
                source: SourceState::new(&function.source, streams, id),
                outdated: 0,
                keep: None,
                start: None,
                policies: Vec::new(),
                start_stream: stream(Purpose::Start),
                life_stream: stream(Purpose::Life),
                retry_stream: stream(Purpose::Retry),
                provisioning_stream: stream(Purpose::Provisioning),
                source_stream: stream(Purpose::EventSource),
                memory_stream: outgrows.then(|| Box::new(stream(Purpose::Memory))),
            }),
        }
    }
}
