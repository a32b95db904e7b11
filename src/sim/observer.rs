//! What the simulator tells: an observer implements the happenings it cares about.
//!
//! Observers are monomorphised into the loop, so a happening nobody implements costs nothing. They
//! must not influence the run.

pub use super::sources::{Fate, MessageEnd};
pub use super::workflows::{WorkflowEnd, WorkflowFate};
use crate::ids::{FunctionId, InstanceId};
use crate::model::WorkflowKind;
use crate::units::{Span, Time};

/// Hears what happens in a run, in order of time.
pub trait Observer {
    /// A user's request arrived. `number` counts users' requests from 0.
    #[inline]
    fn arrived(&mut self, _at: Time, _function: FunctionId, _number: u64) {}

    /// An attempt was refused by a limit.
    #[inline]
    fn throttled(&mut self, _at: Time, _function: FunctionId, _sender: Sender, _arrived: Time) {}

    /// A gateway refused a try by its own throttle, or that of its account; told beside
    /// [`Observer::throttled`].
    #[inline]
    fn refused_by_gateway(&mut self, _at: Time, _function: FunctionId, _arrived: Time) {}

    /// A throttled client tries again.
    #[inline]
    fn retried(&mut self, _at: Time, _function: FunctionId, _arrived: Time) {}

    /// A request beyond provisioned concurrency is served on demand.
    #[inline]
    fn spilled_over(&mut self, _at: Time, _function: FunctionId, _arrived: Time) {}

    /// A ping was sent.
    #[inline]
    fn pinged(&mut self, _at: Time, _function: FunctionId) {}

    /// A request or ping has ended, one way or the other.
    #[inline]
    fn ended(&mut self, _end: &RequestEnd) {}

    /// An instance passed from one state to another.
    #[inline]
    fn changed(&mut self, _change: &StateChange) {}

    /// The commonest of all: a user's request arrived and found an idle instance on demand at once.
    /// The same as [`Observer::arrived`] and [`Observer::changed`], which it calls by default;
    /// whoever is told of every request may answer both in one.
    #[inline]
    fn began(&mut self, run: &Prompt) {
        self.arrived(run.arrived, run.function, run.number);
        self.changed(&run.change(run.arrived, State::Idle, State::Busy, run.idle_since));
    }

    /// Such a request was answered, and its instance is idle again. The same as
    /// [`Observer::ended`] and [`Observer::changed`].
    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        self.ended(&run.end(at));
        self.changed(&run.change(at, State::Busy, State::Idle, run.arrived));
    }

    /// An instance that no request waited for has started.
    #[inline]
    fn prewarmed(&mut self, _start: &Prewarmed) {}

    /// A version of a function is published: it is initialised, and a snapshot of it is taken.
    /// `billable` of that is billed.
    #[inline]
    fn published(&mut self, _at: Time, _function: FunctionId, _billable: Span) {}

    /// Capacity provisioned for a function is now `instances` (asked for, not yet ready).
    #[inline]
    fn provisioned(&mut self, _at: Time, _function: FunctionId, _instances: u32) {}

    /// A message or record arrived at the queue or stream of a function.
    #[inline]
    fn message_arrived(&mut self, _at: Time, _function: FunctionId) {}

    /// A message or record is not waited for any more, or the run ends with it.
    #[inline]
    fn message_ended(&mut self, _end: &MessageEnd) {}

    /// An execution of a workflow was started.
    #[inline]
    fn workflow_started(&mut self, _at: Time) {}

    /// A step of an execution that was started at `_arrived` begins, or begins again.
    #[inline]
    fn transition(&mut self, _at: Time, _kind: WorkflowKind, _arrived: Time) {}

    /// An execution has ended, or the run ends with it.
    #[inline]
    fn workflow_ended(&mut self, _end: &WorkflowEnd) {}

    /// An asynchronous event, which arrived at `arrived`, was given up and kept for somebody.
    #[inline]
    fn dead_lettered(&mut self, _at: Time, _function: FunctionId, _arrived: Time) {}

    /// An instance of a function has a connection more, or one less.
    #[inline]
    fn connected(&mut self, _at: Time, _function: FunctionId, _more: bool) {}

    /// An instance was refused a connection.
    #[inline]
    fn connection_refused(&mut self, _at: Time, _function: FunctionId) {}

    /// A request or ping is still in flight when the run ends.
    #[inline]
    fn in_flight(&mut self, _request: &InFlight) {}

    /// The run ends at `at`; called last, after a final [`Observer::changed`] for every instance
    /// alive with [`Retirement::EndOfRun`].
    #[inline]
    fn run_ended(&mut self, _at: Time) {}
}

/// Who sent a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sender {
    /// A user.
    User,
    /// A keep-warm ping.
    Ping,
}

/// State of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    /// On its way.
    Starting = 0,
    /// Kept, waiting for a request.
    Idle = 1,
    /// Running a request or a ping.
    Busy = 2,
}

/// An instance passed from one state to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StateChange {
    /// When.
    pub at: Time,
    /// Which.
    pub instance: InstanceId,
    /// Its function.
    pub function: FunctionId,
    /// Whether it is provisioned capacity.
    pub provisioned: bool,
    /// The state left; `None` at birth.
    pub from: Option<State>,
    /// When that state was entered; the instant of birth at birth.
    pub since: Time,
    /// The state entered, or why the instance ended.
    pub to: Result<State, Retirement>,
    /// When it was born.
    pub born: Time,
    /// Whether it has run a user's request.
    pub served: bool,
    /// Whether it was started before a request asked.
    pub prewarmed: bool,
}

/// Why an instance ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retirement {
    /// It had been idle for longer than its keep-alive.
    IdleTimeout,
    /// It had reached its maximum life.
    MaxLife,
    /// A new version was deployed.
    Deployed,
    /// Memory was short.
    Evicted,
    /// Fewer instances were asked for, or a policy retired it.
    Lowered,
    /// Its request ran into the function timeout, which resets it.
    TimedOut,
    /// Its request crashed the runtime.
    Crashed,
    /// Its request needed more memory than the function has.
    OutOfMemory,
    /// The run ended.
    EndOfRun,
}

/// Why a request was cold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Cause {
    /// There never was an instance.
    First = 0,
    /// All instances were busy with requests.
    ScaleOut = 1,
    /// An instance was busy only with a ping.
    PingCollision = 2,
    /// The last instance had been idle too long.
    Expired = 3,
    /// The last instance had reached its maximum life or was reset.
    Recycled = 4,
    /// A new version had been deployed.
    Deployed = 5,
    /// Memory was short.
    Evicted = 6,
    /// Provisioned concurrency was used up.
    Spillover = 7,
    /// Provisioned or prewarmed instances were still starting.
    NotReady = 8,
}

impl Cause {
    /// Every cause, in order.
    pub const ALL: [Self; 9] = [
        Self::First,
        Self::ScaleOut,
        Self::PingCollision,
        Self::Expired,
        Self::Recycled,
        Self::Deployed,
        Self::Evicted,
        Self::Spillover,
        Self::NotReady,
    ];

    /// The word of the vocabulary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::ScaleOut => "scale-out",
            Self::PingCollision => "ping-collision",
            Self::Expired => "expired",
            Self::Recycled => "recycled",
            Self::Deployed => "deployed",
            Self::Evicted => "evicted",
            Self::Spillover => "spillover",
            Self::NotReady => "not-ready",
        }
    }
}

/// What a request found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// An instance that was ready.
    Warm,
    /// None: it waited for one to boot.
    Cold(Cause),
    /// None: it waited for one to be restored from a snapshot.
    Restored(Cause),
    /// Nothing; it never ran.
    Nothing,
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It was answered.
    Completed,
    /// The function failed.
    Failed,
    /// It needed more memory than the function has, which ends it and its instance.
    OutOfMemory,
    /// The function timeout cut it.
    TimedOut,
    /// Its last attempt was throttled; it never ran.
    Throttled,
    /// It waited in a queue for too long, or became too old; its last try never ran.
    Rejected,
    /// Its gateway has stopped waiting for the function, which runs on. What that costs is told
    /// when it ends.
    Abandoned,
    /// A try ended and the request has not: it is tried again, or has been answered before. Told
    /// for what the try used.
    Try,
}

/// A request or ping has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestEnd {
    /// Its function.
    pub function: FunctionId,
    /// Who sent it.
    pub sender: Sender,
    /// Counts users' requests from 0; 0 for pings.
    pub number: u64,
    /// First arrival.
    pub arrived: Time,
    /// When an instance was found or began to start for it.
    pub admitted: Time,
    /// When the handler began.
    pub begun: Time,
    /// When it ended.
    pub ended: Time,
    /// The part of the handler's run that was its first-call phase, and before it an init that had
    /// been cut and was run again.
    pub first_call: Span,
    /// How it ended.
    pub ending: Ending,
    /// What it found.
    pub found: Found,
    /// Where it ran; `None` where it never ran.
    pub instance: Option<InstanceId>,
    /// Whether it ran on provisioned capacity.
    pub on_provisioned: bool,
    /// The part of the start it waited for that is billed where init is billed.
    pub billable_start: Span,
}

/// A request or ping that has not ended when the run does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InFlight {
    /// Its function.
    pub function: FunctionId,
    /// Who sent it.
    pub sender: Sender,
    /// First arrival.
    pub arrived: Time,
    /// Whether its client has been answered, and only the function runs on.
    pub answered: bool,
    /// `None` where it still waits, or its instance still starts.
    pub running: Option<Running>,
}

/// What is known of a request that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Running {
    /// When the handler began.
    pub begun: Time,
    /// What it found.
    pub found: Found,
    /// Whether it runs on provisioned capacity.
    pub on_provisioned: bool,
    /// The part of the start it waited for that is billed where init is billed.
    pub billable_start: Span,
}

/// A user's request that found an idle instance on demand at once, and does not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prompt {
    /// Its function.
    pub function: FunctionId,
    /// Counts users' requests from 0.
    pub number: u64,
    /// When it arrived and began to run.
    pub arrived: Time,
    /// Where it runs.
    pub instance: InstanceId,
    /// Since when that instance had been idle.
    pub idle_since: Time,
    /// When the instance was born.
    pub born: Time,
    /// Whether the instance had run a user's request before.
    pub served: bool,
    /// Whether the instance was started before a request asked.
    pub prewarmed: bool,
}

impl Prompt {
    #[inline]
    fn change(&self, at: Time, from: State, to: State, since: Time) -> StateChange {
        StateChange {
            at,
            instance: self.instance,
            function: self.function,
            provisioned: false,
            from: Some(from),
            since,
            to: Ok(to),
            born: self.born,
            served: self.served || from == State::Busy,
            prewarmed: self.prewarmed,
        }
    }

    /// How it ended, if it ended at `at`.
    #[inline]
    pub fn end(&self, at: Time) -> RequestEnd {
        RequestEnd {
            function: self.function,
            sender: Sender::User,
            number: self.number,
            arrived: self.arrived,
            admitted: self.arrived,
            begun: self.arrived,
            ended: at,
            first_call: Span::ZERO,
            ending: Ending::Completed,
            found: Found::Warm,
            instance: Some(self.instance),
            on_provisioned: false,
            billable_start: Span::ZERO,
        }
    }
}

/// An instance that no request waited for has started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prewarmed {
    /// When it was ready.
    pub at: Time,
    /// Which.
    pub instance: InstanceId,
    /// Its function.
    pub function: FunctionId,
    /// Whether it is provisioned capacity.
    pub provisioned: bool,
    /// Whether it was restored from a snapshot.
    pub restored: bool,
    /// The part of its start that is billed where init is billed.
    pub billable_start: Span,
}

impl RequestEnd {
    /// First arrival to admission.
    #[inline]
    pub fn wait(&self) -> Span {
        self.admitted - self.arrived
    }

    /// Phases of a start that the request waited for, its first call included.
    #[inline]
    pub fn start(&self) -> Span {
        (self.begun - self.admitted) + self.first_call
    }

    /// The handler's own work.
    #[inline]
    pub fn service(&self) -> Span {
        (self.ended - self.begun).saturating_sub(self.first_call)
    }

    /// Whether it found an instance on demand at once, had nothing to wait for and was answered.
    #[inline]
    pub fn is_prompt(&self) -> bool {
        self.found == Found::Warm
            && self.ending == Ending::Completed
            && self.begun == self.arrived
            && self.first_call.is_zero()
            && !self.on_provisioned
    }

    /// First arrival to response.
    #[inline]
    pub fn latency(&self) -> Span {
        self.ended - self.arrived
    }
}

/// Every method of [`Observer`], for those who pass them on.
macro_rules! pass_on {
    ($to:ident) => {
        $to! {
            arrived(at: Time, function: FunctionId, number: u64);
            throttled(at: Time, function: FunctionId, sender: Sender, arrived: Time);
            refused_by_gateway(at: Time, function: FunctionId, arrived: Time);
            retried(at: Time, function: FunctionId, arrived: Time);
            spilled_over(at: Time, function: FunctionId, arrived: Time);
            pinged(at: Time, function: FunctionId);
            ended(end: &RequestEnd);
            changed(change: &StateChange);
            began(run: &Prompt);
            answered(run: &Prompt, at: Time);
            prewarmed(start: &Prewarmed);
            published(at: Time, function: FunctionId, billable: Span);
            provisioned(at: Time, function: FunctionId, instances: u32);
            connected(at: Time, function: FunctionId, more: bool);
            connection_refused(at: Time, function: FunctionId);
            message_arrived(at: Time, function: FunctionId);
            message_ended(end: &MessageEnd);
            dead_lettered(at: Time, function: FunctionId, arrived: Time);
            workflow_started(at: Time);
            transition(at: Time, kind: WorkflowKind, arrived: Time);
            workflow_ended(end: &WorkflowEnd);
            in_flight(request: &InFlight);
            run_ended(at: Time);
        }
    };
}

macro_rules! both {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($arg: $type),*) {
            self.0.$name($($arg),*);
            self.1.$name($($arg),*);
        })*
    };
}

/// Two observers hear the same.
impl<A: Observer, B: Observer> Observer for (A, B) {
    pass_on!(both);
}

macro_rules! lent {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($arg: $type),*) {
            (**self).$name($($arg),*);
        })*
    };
}

/// An observer that is lent.
impl<A: Observer> Observer for &mut A {
    pass_on!(lent);
}

macro_rules! if_some {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {
        $(#[inline] fn $name(&mut self, $($arg: $type),*) {
            if let Some(observer) = self {
                observer.$name($($arg),*);
            }
        })*
    };
}

/// An observer that may be left out.
impl<A: Observer> Observer for Option<A> {
    pass_on!(if_some);
}

/// Hears nothing.
impl Observer for () {}
