//! What is valid: platform, functions, prices, policies and the experiment that joins them.
//!
//! Everything here is checked, complete and immutable; no field is a maybe that a later room has
//! to fill. This room knows no TOML and no simulator. Conversion from what the user typed lives in
//! `config`.

mod experiment;
mod function;
mod platform;
mod prices;
mod process;
mod remedy;

pub use experiment::{Experiment, Plan, Scenario, Source, scenario_label};
pub use function::{Function, Package, Service, StartPhases, Warming};
pub use platform::{
    ClientRetry, Cpu, Jitter, KeepAlive, Overflow, Phase, Platform, ProvisionedRules, RateScope,
    Routing, ScalingRate,
};
pub use prices::{Billing, FreeTier, InitBilling, Prices, Tier};
pub use process::{BatchSize, Burst, MmppState, Process, Profile, TimedRequests};
pub use remedy::{
    Ping, Provisioned, Remedy, RemedyKind, Scheduled, ScheduledAction, Snapshot, SnapshotAfter,
    Statistic, Tracking,
};
