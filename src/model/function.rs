//! A function: what it weighs, how it starts, how long it runs.

use crate::dist::Dist;
use crate::units::{Memory, Span, Time};

use super::{Connection, EventSource, WorkingSet};

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
    /// What extensions do after the handler, which lengthens every run; nothing where service times
    /// are recorded, for those have it in them.
    pub extension_overhead: Dist,
    /// When the platform cuts the handler; `None` is never.
    pub timeout: Option<Span>,
    /// Share of requests that fail at their end, of 1.
    pub error_rate: f64,
    /// Share of tries that crash the runtime somewhere in their run, of 1.
    pub crash_rate: f64,
    /// How requests come to it.
    pub source: EventSource,
    /// Whether whatever arrives is sent by a scheduler, which charges for it.
    pub scheduled: bool,
    /// What each of its instances is connected to, at most once.
    pub connection: Option<Connection>,
    /// When a new version takes the place of the one before, rising.
    pub deployments: Vec<Time>,
    /// Number of its account; 0 has the platform's own limits.
    pub account: u32,
    /// Concurrency kept for this function, and its cap.
    pub reserved_concurrency: Option<u32>,
    /// Temporary storage, where it is more or less than what every function has.
    pub ephemeral_storage: Option<Memory>,
    /// Whether the time of runtime and init (or of a restore) is billed on demand.
    pub init_billed: bool,
    /// Whether snapshots are charged for.
    pub snapshot_billed: bool,
    /// Memory that it needs, where that may be more than it has.
    pub working_set: Option<WorkingSet>,
}

impl Function {
    /// Whether clients call it straight, it never crashes and needs no connection: what the
    /// shortest way is for.
    pub fn is_plain(&self) -> bool {
        self.source == EventSource::Sync && self.crash_rate == 0.0 && self.connection.is_none()
    }
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
    /// Attachment to the user's own network, after the sandbox.
    pub network: Dist,
    /// Package or image to the host.
    pub fetch: Dist,
    /// Layers that come with a zip archive, each cached on the host or fetched.
    pub layers: Vec<LayerFetch>,
    /// Chunks of an image that are read at start, where the platform loads images so.
    pub image: Option<ImageFetch>,
    /// Extensions, before the runtime; billed as init.
    pub extensions: Dist,
    /// Dependencies out of an object storage, in the init phase; billed as init.
    pub download: Dist,
    /// Interpreter or virtual machine.
    pub runtime: Dist,
    /// Code outside the handler.
    pub init: Dist,
    /// Hooks before a snapshot is taken, when a version is published; billed.
    pub before_checkpoint: Dist,
    /// How long a snapshot is kept that nobody starts from; `None` is for ever.
    pub snapshot_kept: Option<Span>,
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

/// A layer at a start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LayerFetch {
    /// Probability that the host has it already.
    pub cached: f64,
    /// How long it takes where the host does not.
    pub fetch: Span,
}

/// An image loaded in chunks on demand, of which a start reads some (Brooker et al., On-demand
/// Container Loading in AWS Lambda, ATC 2023).
#[derive(Clone, PartialEq, Debug)]
pub struct ImageFetch {
    /// Chunks that a start reads.
    pub chunks: u64,
    /// Chunks that are read at once.
    pub parallel: u32,
    /// Where chunks come from, the nearest first.
    pub levels: Vec<CacheLevel>,
}

/// A place that chunks come from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CacheLevel {
    /// Share of all chunks that are found here; they add up to 1.
    pub hit: f64,
    /// How long one chunk takes.
    pub chunk: Span,
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
