//! Keys of snapshots: what a restore takes, and who can be restored.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::{Given, OrNone};
use crate::config::dist::Distribution;
use crate::config::quantity::{Bandwidth, Bytes, PositiveCount, PositiveLength, Share};

use super::{Key, overlay};

/// Snapshots of memory: restore + memory ÷ bandwidth.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SnapshotRules {
    /// The part that does not depend on memory.
    pub(crate) restore: Key<Distribution>,
    /// At which memory is read; without it at once.
    pub(crate) bandwidth: Key<Bandwidth>,
    /// Cache levels that memory is read from, instead of one `bandwidth`.
    pub(crate) tiers: Key<Vec<Given<SnapshotTier>>>,
    /// How much longer the first restores of a function take; without it not at all.
    pub(crate) warming: Key<OrNone<Warming>>,
    /// Most time that a function's `after-restore` may take; without it any.
    pub(crate) hook_limit: Key<OrNone<PositiveLength>>,
    /// When a snapshot that nobody has started from is dropped; without it never. The next request
    /// is refused, and the version is published once more.
    pub(crate) dropped_after: Key<OrNone<PositiveLength>>,
    /// Beginnings of the runtimes whose snapshots are dropped; without it all.
    pub(crate) dropped_runtimes: Key<Vec<Given<String>>>,
    /// Most temporary storage of a function that can be restored; without it any.
    pub(crate) max_ephemeral_storage: Key<OrNone<Bytes>>,
    /// Runtimes that can be restored, each with its lowest version; without it any, as `["*"]`.
    pub(crate) runtimes: Key<Vec<Given<String>>>,
}

/// A cache level.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnapshotTier {
    /// Restores that read from it, as a part of 1.
    pub(crate) share: Key<Share>,
    /// At which they read memory.
    pub(crate) bandwidth: Key<Bandwidth>,
}

/// How much longer the first restores take, until the snapshot is cached.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Warming {
    /// What the first restore takes longer.
    pub(crate) extra: Key<Distribution>,
    /// Restores after which none takes longer; in between it falls evenly.
    pub(crate) restores: Key<PositiveCount>,
}

overlay!(SnapshotRules {
    restore, bandwidth, tiers, hook_limit, dropped_after, dropped_runtimes, max_ephemeral_storage,
    runtimes
} { warming });
overlay!(Warming { extra, restores } {});
