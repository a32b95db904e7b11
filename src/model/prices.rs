//! Prices of one region and architecture, as of one date.

use crate::units::Span;

/// A price list with the billing rules of the experiment's date. All money is in US dollars.
#[derive(Clone, PartialEq, Debug)]
pub struct Prices {
    /// Name of the price file.
    pub name: String,
    /// Each request.
    pub request: f64,
    /// GB-seconds of execution, by monthly volume; the last tier has no end.
    pub duration: Vec<Tier>,
    /// GB-second of provisioned capacity, used or not.
    pub provisioned_capacity: f64,
    /// GB-second of execution on provisioned capacity.
    pub provisioned_duration: f64,
    /// What the time of provisioned capacity is rounded up to.
    pub provisioned_step: Span,
    /// GB-second of a cached snapshot.
    pub snapshot_cache: f64,
    /// Least time a cached snapshot is charged for.
    pub snapshot_cache_minimum: Span,
    /// GB restored from a snapshot.
    pub snapshot_restore: f64,
    /// What is free each month; `None` where the experiment does not count it.
    pub free_tier: Option<FreeTier>,
    /// How durations are rounded, and whether init is billed.
    pub billing: Billing,
}

/// A price up to a monthly volume.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tier {
    /// Price of a GB-second.
    pub price: f64,
    /// GB-seconds a month up to which it holds; `None` in the last tier.
    pub up_to: Option<f64>,
}

/// What is free each month.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FreeTier {
    /// Requests.
    pub requests: f64,
    /// GB-seconds of on-demand execution.
    pub gb_seconds: f64,
}

/// How durations are billed since some date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Billing {
    /// What a billed duration is rounded up to.
    pub step: Span,
    /// Least billed duration.
    pub minimum: Span,
    /// Whose init is billed.
    pub init: InitBilling,
}

/// Whose init is billed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitBilling {
    /// Everybody's (AWS Lambda since 2025-08-01).
    All,
    /// Only that of images, custom runtimes, provisioned concurrency and snapshots.
    Unmanaged,
}

impl Billing {
    /// The billed length of an execution.
    #[inline]
    pub fn billed(&self, duration: Span) -> Span {
        let least = if duration < self.minimum {
            self.minimum
        } else {
            duration
        };
        least.round_up(self.step)
    }
}
