//! What is valid: platform, functions, prices, policies and the experiment that joins them.
//!
//! Everything here is checked, complete and immutable; no field is a maybe that a later room has
//! to fill. This room knows no TOML and no simulator. Conversion from what the user typed lives in
//! `config`.

mod event_source;
mod experiment;
mod function;
mod goal;
mod platform;
mod prices;
mod process;
mod remedy;
mod resource;
mod search;
mod traffic;
mod workflow;
mod working_set;

pub use event_source::{
    AsyncRules, EventSource, Gateway, GatewayKind, GatewayThrottle, QueueRules, StreamKind,
    StreamRules,
};
pub use experiment::{Experiment, Plan, Scenario, Source, scenario_label};
pub use function::{
    CacheLevel, Function, ImageFetch, LayerFetch, Package, Service, StartPhases, Warming,
};
pub use goal::{Assertion, Goal, Relation, Scope};
pub use platform::{
    AccountLimits, ClientRetry, Cpu, DEFAULT_ACCOUNT, Jitter, KeepAlive, Overflow, Phase, Platform,
    ProvisionedRules, RateScope, Reset, RetryOn, Routing, ScalingRate,
};
pub use prices::{
    Billing, Charge, FreeTier, InitBilling, MONTH, Prices, ServicePrices, Tier, tiered,
};
pub use process::{BatchSize, Burst, MmppState, Process, Profile, TimedRequests};
pub use remedy::{
    Ping, Provisioned, Remedy, RemedyKind, Scheduled, ScheduledAction, Snapshot, SnapshotAfter,
    Statistic, Tracking,
};
pub use resource::{Connection, Open, Resource};
pub use search::{
    Architecture, Days, PingSearch, RemedyName, ScheduledSearch, Search, TrackingSearch,
};
pub use traffic::{Surge, Traffic};
pub use workflow::{
    RatePerSecond, Step, StepKind, StepRetry, Way, Workflow, WorkflowKind, WorkflowRules,
};
pub use working_set::{WorkingSet, bytes};
