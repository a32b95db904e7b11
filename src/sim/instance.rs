//! The table of instances.

use std::ops::{Index, IndexMut};

use super::observer::{Found, InFlight, Retirement, Running, Sender, State};
use super::sources::Tried;
use crate::ids::{FunctionId, InstanceId};
use crate::units::{Span, Time};

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// How a request comes to its function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Via {
    /// A client sends it and waits.
    Client,
    /// It is an event that was taken in before.
    Event,
    /// It hands over a batch of messages or records.
    Batch,
    /// A step of a workflow calls it.
    Step,
}

/// A request or ping on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) function: FunctionId,
    pub(super) sender: Sender,
    /// How it comes to its function.
    pub(super) via: Via,
    /// Whether the function ends it in an error.
    pub(super) fails: bool,
    /// Tries that ran and failed.
    pub(super) errors: u8,
    /// Whether it runs out of memory, which ends it after `service`.
    pub(super) outgrows: bool,
    /// Tries so far, this one included.
    pub(super) attempts: u32,
    /// The messages that it hands over, or the thread of a workflow that waits for it; [`NONE`]
    /// where it is none of a queue, stream or workflow.
    pub(super) batch: u32,
    /// Counts users' requests from 0.
    pub(super) number: u64,
    pub(super) arrived: Time,
    /// When its client began this try.
    pub(super) called: Time,
    pub(super) service: Span,
}

impl Request {
    /// Stands for the request of an instance that has not run one yet.
    pub(super) fn none(function: FunctionId) -> Self {
        Self {
            function,
            sender: Sender::User,
            via: Via::Client,
            fails: false,
            errors: 0,
            outgrows: false,
            attempts: 0,
            batch: NONE,
            number: 0,
            arrived: Time::ZERO,
            called: Time::ZERO,
            service: Span::ZERO,
        }
    }
}

/// A request that has found its instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) request: Request,
    pub(super) admitted: Time,
    pub(super) begun: Time,
    pub(super) first_call: Span,
    pub(super) found: Found,
    /// Why the runtime goes down with it, if it does.
    pub(super) down: Option<Retirement>,
    /// Whether nobody waits for it any more.
    pub(super) abandoned: bool,
    /// Whether it never got the connection that it needs.
    pub(super) refused: bool,
    /// How often it was refused a connection.
    pub(super) connection_tries: u32,
    /// What it will work once it has one.
    pub(super) work: Span,
}

impl Run {
    /// A request that has just found an instance.
    #[inline]
    pub(super) fn new(request: Request, now: Time, found: Found) -> Self {
        Self {
            request,
            admitted: now,
            begun: now,
            first_call: Span::ZERO,
            found,
            down: None,
            abandoned: false,
            refused: false,
            connection_tries: 0,
            work: Span::ZERO,
        }
    }
}

impl Run {
    /// How it ends.
    pub(super) fn tried(&self) -> Tried {
        match self.down {
            Some(Retirement::TimedOut) => Tried::TimedOut,
            Some(_) => Tried::WentDown,
            // None of what it was to do is done.
            None if self.refused => Tried::WentDown,
            None if self.request.fails => Tried::Failed,
            None => Tried::Completed,
        }
    }
}

/// An instance, from the beginning of its start to its retirement.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Instance {
    // What every request touches stands in one cache line.
    pub(super) function: FunctionId,
    pub(super) generation: u32,
    /// Neighbours in the idle pool; of an instance that is busy, see [`Instance::number`].
    pub(super) previous: u32,
    pub(super) next: u32,
    pub(super) state: State,
    pub(super) provisioned: bool,
    /// Started before a request asked.
    pub(super) prewarmed: bool,
    /// Has run a user's request.
    pub(super) served: bool,
    /// The next request pays the first call.
    pub(super) first_call_due: bool,
    pub(super) restored: bool,
    /// Whether it runs a request or starts for one: `run`, which else is what it ran last.
    pub(super) occupied: bool,
    /// Whether it runs a request that found it at once: then of `run` only the number is kept, in
    /// the place of the neighbours.
    pub(super) prompt: bool,
    pub(super) born: Time,
    /// When the present state was entered.
    pub(super) since: Time,
    /// When it retires if it stays idle.
    pub(super) expires: Time,
    /// When it has reached its maximum life.
    pub(super) life_ends: Time,
    /// When its live timer fires; `NEVER` where it has none.
    pub(super) timer: Time,
    // What few touch.
    /// Of a version that another has taken the place of: it serves nobody more.
    pub(super) outdated: bool,
    /// It holds a connection.
    pub(super) connected: bool,
    /// Its runtime has gone down with its last request, and comes up within the next.
    pub(super) reset: bool,
    /// Counts instances from 0.
    pub(super) birth: u64,
    /// The part of its start that is billed where init is billed.
    pub(super) billable_start: Span,
    /// Init that was cut, and is run again inside the first invocation.
    pub(super) init_due: Span,
    pub(super) run: Run,
}

impl Instance {
    /// The request it runs or starts for, which will not end within the run.
    pub(super) fn in_flight(&self) -> InFlight {
        let run = if self.prompt {
            self.prompt_run()
        } else {
            self.run
        };
        let cold = matches!(run.found, Found::Cold(_) | Found::Restored(_));
        InFlight {
            function: run.request.function,
            sender: run.request.sender,
            arrived: run.request.arrived,
            answered: run.abandoned,
            running: (self.state == State::Busy).then_some(Running {
                begun: run.begun,
                found: run.found,
                on_provisioned: self.provisioned,
                billable_start: if cold {
                    self.billable_start
                } else {
                    Span::ZERO
                },
            }),
        }
    }

    /// The number of the request that found it at once. It stands where an idle instance has its
    /// neighbours, so that such a request needs one cache line of its instance.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        u64::from(self.next) << u32::BITS | u64::from(self.previous)
    }

    #[inline]
    pub(super) fn set_number(&mut self, number: u64) {
        self.previous = number as u32;
        self.next = (number >> u32::BITS) as u32;
    }

    #[inline]
    pub(super) fn link_to(&mut self, previous: u32, next: u32) {
        self.previous = previous;
        self.next = next;
    }
}

/// Every living instance in its slot; slots of the retired are used again.
#[derive(Default)]
pub(super) struct Instances {
    slots: Vec<Instance>,
    alive: Vec<bool>,
    free: Vec<u32>,
    born: u64,
}

impl Instances {
    /// Puts a new instance in a slot; its birth and generation are filled in here.
    pub(super) fn insert(&mut self, mut instance: Instance) -> u32 {
        instance.birth = self.born;
        self.born += 1;
        if let Some(slot) = self.free.pop() {
            instance.generation = self[slot].generation + 1;
            self[slot] = instance;
            self.alive[slot as usize] = true;
            return slot;
        }
        let slot = self.slots.len() as u32;
        instance.generation = 0;
        // Most functions never have more than one or two.
        if self.slots.len() < 2 {
            self.slots.reserve_exact(1);
        }
        self.slots.push(instance);
        self.alive.push(true);
        slot
    }

    /// How many are alive.
    pub(super) fn alive(&self) -> u32 {
        (self.slots.len() - self.free.len()) as u32
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.alive[slot as usize] = false;
        self.free.push(slot);
    }

    pub(super) fn id(&self, slot: u32) -> InstanceId {
        InstanceId {
            slot,
            generation: self[slot].generation,
        }
    }

    /// Whether this very instance is alive.
    pub(super) fn is_alive(&self, id: InstanceId) -> bool {
        self.alive.get(id.slot as usize) == Some(&true) && self[id.slot].generation == id.generation
    }

    /// The slots of the living, in order.
    pub(super) fn living(&self) -> Vec<u32> {
        (0..self.slots.len() as u32)
            .filter(|slot| self.alive[*slot as usize])
            .collect()
    }
}

impl Index<u32> for Instances {
    type Output = Instance;
    #[inline]
    fn index(&self, slot: u32) -> &Instance {
        &self.slots[slot as usize]
    }
}

impl IndexMut<u32> for Instances {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Instance {
        &mut self.slots[slot as usize]
    }
}
