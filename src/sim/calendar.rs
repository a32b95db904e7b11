//! What is due and is not the finish of a request: those have a queue of their own
//! ([`finishes`](super::finishes)), since there is one a request.
//!
//! Order is by time, then class, then insertion. Idle instances have one live timer each, however
//! many requests they serve.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::{Span, Time};

/// Most instances that can be alive at once.
pub const MOST_INSTANCES: u32 = 1 << 22;

/// Whatever is due and is not a finish or a user's arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Event {
    /// An instance has started.
    Ready { slot: u32 },
    /// A throttled client tries again.
    Retry { waiting: u32 },
    /// A ping is sent.
    Ping { function: u32, hold: Span },
    /// An idle instance may be due to retire.
    Expiry { slot: u32, generation: u32 },
    /// A function may have had nothing running for too long.
    Unused { function: u32 },
    /// A queued request may have waited too long.
    QueueTimeout { waiting: u32, ticket: u64 },
    /// Capacity that was asked for begins to start.
    Provision { function: u32, instances: u32 },
    /// The scaling rate lets queued requests start again.
    Drain,
    /// A policy is woken.
    Wake { policy: u32 },
    /// A gateway hands a request to its function.
    Deliver { waiting: u32 },
    /// A gateway stops waiting.
    Abandon { slot: u32, generation: u32 },
    /// A queue may have something to hand over.
    Poll { function: u32 },
    /// Messages of a queue can be seen again.
    Visible { batch: u32 },
    /// A lane of a stream is looked at.
    Shard { function: u32, lane: u32 },
    /// A request that was refused a connection tries again.
    Connect { slot: u32, generation: u32 },
    /// A new version of a function takes the place of the one before, as soon as it is published.
    Deploy { function: u32 },
    /// A version is published, with a snapshot of its own.
    Published { function: u32 },
    /// An execution of a workflow is started.
    Execution { workflow: u32 },
    /// What a thread of an execution waited for has come.
    Step { thread: u32 },
    /// The transitions of a kind of workflow may be allowed again.
    Transitions { kind: u32 },
}

impl Event {
    /// Rank among events of the same instant: finish (0) has a queue of its own.
    fn class(self) -> Class {
        match self {
            Self::Ready { .. } => Class::Ready,
            Self::Retry { .. }
            | Self::Ping { .. }
            | Self::Deliver { .. }
            | Self::Poll { .. }
            | Self::Visible { .. }
            | Self::Shard { .. }
            | Self::Connect { .. }
            | Self::Execution { .. }
            | Self::Step { .. }
            | Self::Transitions { .. } => Class::Arrival,
            Self::Expiry { .. }
            | Self::Unused { .. }
            | Self::QueueTimeout { .. }
            | Self::Abandon { .. } => Class::Expiry,
            Self::Provision { .. }
            | Self::Drain
            | Self::Wake { .. }
            | Self::Deploy { .. }
            | Self::Published { .. } => Class::Order,
        }
    }
}

/// Order of what is due at the same instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    Ready = 1,
    Arrival = 2,
    Expiry = 3,
    Order = 4,
}

/// Events by time, class and insertion.
#[derive(Default)]
pub(super) struct Calendar {
    heap: BinaryHeap<Reverse<(Time, Class, u64, Event)>>,
    inserted: u64,
}

impl Calendar {
    #[inline]
    pub(super) fn next(&self) -> (Time, Class) {
        self.heap
            .peek()
            .map_or((Time::NEVER, Class::Order), |Reverse((at, class, ..))| {
                (*at, *class)
            })
    }

    pub(super) fn push(&mut self, at: Time, event: Event) {
        self.inserted += 1;
        self.heap
            .push(Reverse((at, event.class(), self.inserted, event)));
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse((.., event))| event)
    }
}
