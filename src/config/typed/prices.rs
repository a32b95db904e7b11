//! Keys of a price file.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::Given;
use crate::config::quantity::{Bytes, Date, Length, Money, Number, PositiveLength, PositiveNumber};

use super::Key;

/// A price list of one region and architecture.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PriceFile {
    /// Name, for a person.
    #[expect(dead_code, reason = "for a person; checked to be of its kind")]
    pub(crate) name: Key<String>,
    /// Region of the cloud: that of the platform where it gives none.
    pub(crate) region: Key<String>,
    /// Processor architecture, `x86_64` or `arm64`: what a plan's answer is deployed on.
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
    /// A GB-second of temporary storage beyond what every function has; without it nothing.
    pub(crate) ephemeral_storage: Key<Money>,
    /// Temporary storage that every function has; without it none.
    pub(crate) ephemeral_included: Key<Bytes>,
    /// What is free each month.
    pub(crate) free_tier: Key<FreeTier>,
    /// An API gateway; without it nothing.
    pub(crate) gateway: Key<Gateway>,
    /// Queues; without it nothing.
    pub(crate) queue: Key<Queue>,
    /// Streams; without it nothing.
    pub(crate) stream: Key<Stream>,
    /// A scheduler; without it nothing.
    pub(crate) schedule: Key<Schedule>,
    /// Workflows; without it nothing.
    pub(crate) workflow: Key<Workflow>,
    /// How durations are billed since some day.
    pub(crate) billing: Key<Vec<Given<Billing>>>,
}

/// A price up to a monthly volume.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Tier {
    /// Of a GB-second, or of a request.
    pub(crate) price: Money,
    /// Units a month up to which it holds; left out in the last tier.
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

/// An API gateway.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Gateway {
    /// A request to a REST API, by monthly volume; without it nothing.
    pub(crate) rest: Key<Vec<Given<Tier>>>,
    /// A request to an HTTP API, by monthly volume; without it nothing.
    pub(crate) http: Key<Vec<Given<Tier>>>,
}

/// Queues.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Queue {
    /// A request to a standard queue, by monthly volume; without it nothing.
    pub(crate) standard: Key<Vec<Given<Tier>>>,
    /// Payload that counts as one request; without it any does.
    pub(crate) unit: Key<Bytes>,
    /// Requests that are free each month.
    pub(crate) free: Key<Number>,
}

/// Streams.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Stream {
    /// An hour of a shard; without it nothing.
    pub(crate) shard_hour: Key<Money>,
    /// A unit of payload put in; without it nothing.
    pub(crate) put_unit: Key<Money>,
    /// Payload of such a unit; without it a record is one.
    pub(crate) put_unit_size: Key<Bytes>,
}

/// A scheduler.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Schedule {
    /// A call; without it nothing.
    pub(crate) call: Key<Money>,
    /// Calls that are free each month.
    pub(crate) free: Key<Number>,
}

/// Workflows.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Workflow {
    /// A state transition of a standard workflow; without it nothing.
    pub(crate) transition: Key<Money>,
    /// Transitions that are free each month.
    pub(crate) free_transitions: Key<Number>,
    /// An execution of an express workflow; without it nothing.
    pub(crate) express_request: Key<Money>,
    /// A GB-second of an express workflow, by monthly volume; without it nothing.
    pub(crate) express_duration: Key<Vec<Given<Tier>>>,
    /// What its memory is rounded up to; without it not rounded.
    pub(crate) express_memory_step: Key<Bytes>,
    /// What its duration is rounded up to; without it not rounded.
    pub(crate) express_step: Key<PositiveLength>,
}

/// How durations are billed since some day.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
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
    /// A GB-second of execution on demand in this era; without it that of the list.
    pub(crate) duration: Option<Vec<Given<Tier>>>,
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
