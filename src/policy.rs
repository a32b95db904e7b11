//! Remedies at work: each policy is one remedy for one function, behind one trait.
//!
//! Some questions need an answer inside a transition of the simulator and have one owner a
//! function. Everything else is hearing what happened and giving orders, which the simulator
//! carries out as events, in the order given. A policy never changes state itself, and draws
//! random numbers only from the stream that is handed to it.
//!
//! A policy of one's own is one `impl`:
//!
//! ```
//! use frostline::policy::{Happening, HappeningKind, Orders, Policy};
//! use frostline::random::Stream;
//! use frostline::units::Span;
//!
//! /// Starts a spare instance a minute before each full hour.
//! struct HourlySpare;
//!
//! impl Policy for HourlySpare {
//!     fn hears(&self) -> &'static [HappeningKind] {
//!         &[HappeningKind::RunBegan, HappeningKind::Woke]
//!     }
//!     fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
//!         match happening {
//!             Happening::RunBegan => orders.wake_after(Span::from_whole_secs(59 * 60)),
//!             _ => {
//!                 orders.prewarm(1);
//!                 orders.wake_after(Span::from_whole_secs(60 * 60));
//!             }
//!         }
//!     }
//! }
//! ```

mod keep_alive;
mod min_instances;
mod ping;
mod provisioned;
mod snapshot;

use crate::ids::{FunctionId, InstanceId};
use crate::model::{KeepAlive, Plan, RemedyKind};
use crate::random::Stream;
use crate::units::{Span, Time};

pub use provisioned::tracked_capacity;

/// One remedy for one function.
pub trait Policy: Send {
    /// The questions that this policy owns; each has one owner a function.
    fn answers(&self) -> &'static [Question] {
        &[]
    }

    /// The happenings that it wants to hear of.
    fn hears(&self) -> &'static [HappeningKind] {
        &[]
    }

    /// How long may this instance live, idle from now on? Asked only of an owner of
    /// [`Question::Keep`].
    fn keep(&mut self, _stream: &mut Stream) -> Keep {
        Keep::ForEver
    }

    /// The answer to [`Policy::keep`] where it is always the same. Asked once of an owner of
    /// [`Question::Keep`], which is then asked no more.
    fn always_keep(&self) -> Option<Keep> {
        None
    }

    /// How long may a function have nothing running before all its idle instances are retired?
    /// Asked once of an owner of [`Question::Keep`]; `None` is for ever.
    fn function_idle(&self) -> Option<Span> {
        None
    }

    /// How does a new instance start? Asked only of an owner of [`Question::Start`].
    fn start(&mut self, _stream: &mut Stream) -> Start {
        Start::Boot
    }

    /// Something happened that this policy wants to hear of.
    fn hear(&mut self, _happening: &Happening, _orders: &mut Orders, _stream: &mut Stream) {}
}

/// A question that needs an answer inside a transition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// How long may this idle instance live?
    Keep,
    /// Boot or restore?
    Start,
}

/// How long an idle instance may live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// It is retired now.
    Never,
    /// It is retired when it has been idle for longer than this.
    For(Span),
    /// It is not retired for being idle.
    ForEver,
}

/// How an instance starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// Sandbox, fetch, runtime, init; the first request pays the first call.
    Boot,
    /// Sandbox and restore; the first request pays the first call.
    Restore,
    /// Sandbox and restore, with the first call already in the snapshot.
    RestoreCalled,
}

/// What a policy can hear of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// The run begins.
    RunBegan,
    /// A user's request arrived.
    Arrived,
    /// An instance begins to start.
    Starting(InstanceEvent),
    /// An instance has started.
    Ready(InstanceEvent),
    /// An instance begins to run a request or a ping.
    Running(InstanceEvent),
    /// An instance has ended a request or a ping.
    Finished(InstanceEvent),
    /// An instance is idle.
    Idle(InstanceEvent),
    /// An instance has ended.
    Retired(InstanceEvent),
    /// An attempt of a user's request was throttled.
    Throttled,
    /// The time the policy asked to be woken at.
    Woke,
}

/// The instance that something happened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceEvent {
    /// Which.
    pub instance: InstanceId,
    /// Whether it is provisioned capacity.
    pub provisioned: bool,
}

/// The kind of a happening.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum HappeningKind {
    /// See [`Happening::RunBegan`].
    RunBegan,
    /// See [`Happening::Arrived`].
    Arrived,
    /// See [`Happening::Starting`].
    Starting,
    /// See [`Happening::Ready`].
    Ready,
    /// See [`Happening::Running`].
    Running,
    /// See [`Happening::Finished`].
    Finished,
    /// See [`Happening::Idle`].
    Idle,
    /// See [`Happening::Retired`].
    Retired,
    /// See [`Happening::Throttled`].
    Throttled,
    /// See [`Happening::Woke`].
    Woke,
}

impl Happening {
    /// The kind of this happening.
    pub fn kind(&self) -> HappeningKind {
        match self {
            Self::RunBegan => HappeningKind::RunBegan,
            Self::Arrived => HappeningKind::Arrived,
            Self::Starting(_) => HappeningKind::Starting,
            Self::Ready(_) => HappeningKind::Ready,
            Self::Running(_) => HappeningKind::Running,
            Self::Finished(_) => HappeningKind::Finished,
            Self::Idle(_) => HappeningKind::Idle,
            Self::Retired(_) => HappeningKind::Retired,
            Self::Throttled => HappeningKind::Throttled,
            Self::Woke => HappeningKind::Woke,
        }
    }
}

/// An order of a policy, for its own function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Start so many instances before a request asks.
    Prewarm(u32),
    /// Let the pool never shrink below so many instances.
    SetFloor(u32),
    /// Provision so many instances.
    SetProvisioned(u32),
    /// Retire this instance if it is idle; otherwise the order is ignored and counted.
    Retire(InstanceId),
    /// Send a ping that keeps its instance for `hold`.
    Ping {
        /// When it is sent; not before now.
        at: Time,
        /// How long it keeps its instance.
        hold: Span,
    },
    /// Wake the policy.
    WakeAt(Time),
}

/// Where a policy puts its orders.
#[derive(Debug)]
pub struct Orders {
    now: Time,
    given: Vec<Order>,
}

impl Orders {
    /// A place for orders given at this instant.
    pub fn new(now: Time) -> Self {
        Self {
            now,
            given: Vec::new(),
        }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Starts so many instances before a request asks.
    pub fn prewarm(&mut self, instances: u32) {
        self.given.push(Order::Prewarm(instances));
    }

    /// Lets the pool never shrink below so many instances.
    pub fn set_floor(&mut self, instances: u32) {
        self.given.push(Order::SetFloor(instances));
    }

    /// Provisions so many instances.
    pub fn set_provisioned(&mut self, instances: u32) {
        self.given.push(Order::SetProvisioned(instances));
    }

    /// Retires an instance if it is idle.
    pub fn retire(&mut self, instance: InstanceId) {
        self.given.push(Order::Retire(instance));
    }

    /// Sends a ping after `delay` that keeps its instance for `hold`.
    pub fn ping_after(&mut self, delay: Span, hold: Span) {
        self.given.push(Order::Ping {
            at: self.now + delay,
            hold,
        });
    }

    /// Wakes the policy after a length of time.
    pub fn wake_after(&mut self, delay: Span) {
        self.wake_at(self.now + delay);
    }

    /// Wakes the policy at an instant.
    pub fn wake_at(&mut self, at: Time) {
        self.given.push(Order::WakeAt(at));
    }

    /// The orders given, in order.
    pub fn into_given(self) -> Vec<Order> {
        self.given
    }
}

/// A policy and the function it is for.
pub struct Bound {
    /// The function.
    pub function: FunctionId,
    /// Its remedy.
    pub policy: Box<dyn Policy>,
    /// Tells the random streams of a function's policies apart.
    pub number: u32,
}

/// The policies of a plan: its remedies function by function, in declared order, and the
/// platform's keep-alive for each function whose keep-alive no remedy owns.
pub fn of_plan(plan: &Plan) -> Vec<Bound> {
    let mut owned = vec![false; plan.functions.len()];
    let mut bound = Vec::new();
    for (number, remedy) in plan.remedies.iter().enumerate() {
        for &function in &remedy.functions {
            owned[function.index()] |= matches!(remedy.kind, RemedyKind::KeepAlive(_));
            bound.push(Bound {
                function,
                policy: of_remedy(&remedy.kind),
                number: number as u32,
            });
        }
    }
    let unowned = (0..plan.functions.len()).filter(|f| !owned[*f]);
    bound.extend(unowned.map(|f| Bound {
        function: FunctionId(f as u32),
        policy: keep_alive(&plan.platform.keep_alive),
        number: u32::MAX,
    }));
    bound
}

/// The policy that carries out a remedy.
fn of_remedy(remedy: &RemedyKind) -> Box<dyn Policy> {
    match remedy {
        RemedyKind::KeepAlive(rule) => keep_alive(rule),
        RemedyKind::Ping(ping) => Box::new(ping::Pinger::new(ping.clone())),
        RemedyKind::Provisioned(rule) => provisioned::policy(rule),
        RemedyKind::Snapshot(rule) => Box::new(snapshot::Snapshot::new(rule.after)),
        RemedyKind::MinInstances(n) => Box::new(min_instances::MinInstances::new(*n)),
    }
}

/// A fixed, drawn or boundless keep-alive.
pub fn keep_alive(rule: &KeepAlive) -> Box<dyn Policy> {
    Box::new(keep_alive::FixedRule::new(rule.clone()))
}
