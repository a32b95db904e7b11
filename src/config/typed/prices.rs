//! Keys of a price file.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::Given;
use crate::config::quantity::{Date, Length, Money, Number, PositiveLength, PositiveNumber};

use super::Key;

/// A price list of one region and architecture.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PriceFile {
    /// Name, for a person.
    #[expect(dead_code, reason = "for a person; checked to be of its kind")]
    pub(crate) name: Key<String>,
    /// Region of the cloud.
    #[expect(dead_code, reason = "for a person; checked to be of its kind")]
    pub(crate) region: Key<String>,
    /// Processor architecture.
    #[expect(dead_code, reason = "for a person; checked to be of its kind")]
    pub(crate) architecture: Key<String>,
    /// The day of the list.
    #[expect(dead_code, reason = "for a person; checked to be of its kind")]
    pub(crate) date: Key<Date>,
    /// "USD".
    pub(crate) currency: Key<String>,
    /// Each request.
    pub(crate) request: Key<Money>,
    /// A GB-second of execution on demand, by monthly volume.
    pub(crate) duration: Key<Vec<Given<Tier>>>,
    /// A GB-second of provisioned capacity; without it nothing.
    pub(crate) provisioned_capacity: Key<Money>,
    /// A GB-second of execution on provisioned capacity; without it nothing.
    pub(crate) provisioned_duration: Key<Money>,
    /// What the time of provisioned capacity is rounded up to; without it not rounded.
    pub(crate) provisioned_step: Key<PositiveLength>,
    /// A GB-second of a cached snapshot; without it nothing.
    pub(crate) snapshot_cache: Key<Money>,
    /// Least time a cached snapshot is charged for; without it none.
    pub(crate) snapshot_cache_minimum: Key<Length>,
    /// A GB restored from a snapshot; without it nothing.
    pub(crate) snapshot_restore: Key<Money>,
    /// Beginnings of the runtime names whose snapshots are free, such as "java".
    pub(crate) snapshot_free_runtimes: Key<Vec<Given<String>>>,
    /// What is free each month.
    pub(crate) free_tier: Key<FreeTier>,
    /// How durations are billed since some day.
    pub(crate) billing: Key<Vec<Given<Billing>>>,
}

/// A price up to a monthly volume.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Tier {
    /// Of a GB-second.
    pub(crate) price: Money,
    /// GB-seconds a month up to which it holds; left out in the last tier.
    pub(crate) up_to: Option<PositiveNumber>,
}

/// What is free each month.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct FreeTier {
    /// Requests.
    pub(crate) requests: Number,
    /// GB-seconds of execution on demand.
    pub(crate) gb_seconds: Number,
}

/// How durations are billed since some day.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Billing {
    /// The first day.
    pub(crate) from: Date,
    /// What a billed duration is rounded up to.
    pub(crate) step: PositiveLength,
    /// Least billed duration.
    pub(crate) minimum: Length,
    /// Whose init is billed.
    pub(crate) init: InitBilling,
}

/// Whose init is billed.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InitBilling {
    /// Everybody's.
    All,
    /// Only that of images, custom runtimes, provisioned concurrency and snapshots.
    Unmanaged,
}
