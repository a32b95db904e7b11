//! Remedies against cold starts, as a policy of the experiment lists them.

use crate::dist::Dist;
use crate::ids::FunctionId;
use crate::units::{Span, Time};

use super::KeepAlive;

/// One remedy, for some functions.
#[derive(Clone, PartialEq, Debug)]
pub struct Remedy {
    /// What is done.
    pub kind: RemedyKind,
    /// For which functions, in order.
    pub functions: Vec<FunctionId>,
}

/// What is done against cold starts.
#[derive(Clone, PartialEq, Debug)]
pub enum RemedyKind {
    /// Idle instances are kept so long.
    KeepAlive(KeepAlive),
    /// Requests of one's own keep instances warm.
    Ping(Ping),
    /// Instances are started ahead and kept.
    Provisioned(Provisioned),
    /// Instances start from a snapshot.
    Snapshot(SnapshotAfter),
    /// The pool never shrinks below so many instances, and begins with them.
    MinInstances(u32),
}

/// Requests of one's own that keep instances warm.
#[derive(Clone, PartialEq, Debug)]
pub struct Ping {
    /// From one round to the next.
    pub every: Span,
    /// Pings a round.
    pub instances: u32,
    /// How long each keeps its instance.
    pub hold: Span,
    /// How late each ping of a round is sent.
    pub skew: Dist,
    /// The first round.
    pub offset: Time,
}

/// How many instances are provisioned.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Provisioned {
    /// Always as many.
    Constant(u32),
    /// As many as the load asks for.
    Tracking(Tracking),
}

/// Target tracking on the utilisation of provisioned concurrency.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tracking {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Utilisation aimed at, of 1.
    pub target: f64,
}

/// When the snapshot is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SnapshotAfter {
    /// After init: a restored instance still pays its first call.
    Init,
    /// After a warm-up call: the first call is in the snapshot.
    WarmUpCall,
}
