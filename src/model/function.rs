//! A function: what it weighs, how it starts, how long it runs.

use crate::dist::Dist;
use crate::units::{Memory, Span};

/// A function with its model, the user's keys and the platform's CPU rule applied: every length of
/// time is the one that holds at this function's memory on this platform.
#[derive(Clone, Debug)]
pub struct Function {
    /// Name in the experiment, or in the trace.
    pub name: String,
    /// Runtime name, such as `python3.12`.
    pub runtime: String,
    /// Memory configured.
    pub memory: Memory,
    /// What is deployed.
    pub package: Package,
    /// What a start is made of.
    pub start: StartPhases,
    /// How long the handler runs.
    pub service: Service,
    /// When the platform cuts the handler; `None` is never.
    pub timeout: Option<Span>,
    /// Share of requests that fail at their end, of 1.
    pub error_rate: f64,
    /// Concurrency kept for this function, and its cap.
    pub reserved_concurrency: Option<u32>,
    /// Whether the time of runtime and init (or of a restore) is billed on demand.
    pub init_billed: bool,
    /// Whether snapshots are charged for.
    pub snapshot_billed: bool,
}

/// What is deployed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Package {
    /// A zip archive of this size.
    Zip(Memory),
    /// A container image of this size.
    Image(Memory),
}

/// What a start is made of; a remedy removes some of these.
#[derive(Clone, PartialEq, Debug)]
pub struct StartPhases {
    /// VM or container, network.
    pub sandbox: Dist,
    /// Package or image to the host.
    pub fetch: Dist,
    /// Interpreter or virtual machine.
    pub runtime: Dist,
    /// Code outside the handler.
    pub init: Dist,
    /// Memory from a snapshot, instead of fetch, runtime and init.
    pub restore: Dist,
    /// How much longer the first restores take; `None` is not at all.
    pub warming: Option<Warming>,
    /// Runtime and hooks after a restore, which are billed.
    pub after_restore: Dist,
    /// Lazy loading inside the first handler run.
    pub first_call: Dist,
    /// The same on an instance restored from a snapshot after init; as long as after a boot where
    /// nothing else is known.
    pub restored_first_call: Option<Dist>,
}

/// How much longer the first restores of a snapshot take, until its pages are cached near hosts.
#[derive(Clone, PartialEq, Debug)]
pub struct Warming {
    /// What the first restore takes longer.
    pub extra: Dist,
    /// Restores after which none takes longer; in between it falls evenly.
    pub restores: u32,
}

impl StartPhases {
    /// Lazy loading inside the first handler run, after a boot or after a restore.
    #[must_use]
    pub fn first_call_when(&self, restored: bool) -> &Dist {
        match &self.restored_first_call {
            Some(after_restore) if restored => after_restore,
            _ => &self.first_call,
        }
    }
}

/// How long the handler runs on a warm instance: the sum of both parts.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    /// What the CPU share has been applied to; zero where the service was given whole.
    pub cpu: Dist,
    /// What does not depend on the CPU, or the whole.
    pub io: Dist,
}
