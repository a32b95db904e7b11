//! Keys of what sources of requests may be on a platform.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::OrNone;
use crate::config::quantity::{Count, Length, PositiveCount, PositiveLength};

use super::{Key, overlay};

/// What the sources of functions may be; without it anything.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SourceLimits {
    /// Of event queues.
    #[serde(rename = "async")]
    pub(crate) events: Key<EventLimits>,
    /// Of queues.
    pub(crate) queue: Key<QueueLimits>,
    /// Of streams.
    pub(crate) stream: Key<StreamLimits>,
}

/// What an event queue may be.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct EventLimits {
    /// Most `retries`; without it any number.
    pub(crate) max_retries: Key<OrNone<Count>>,
    /// Least `max-age`; without it any.
    pub(crate) least_age: Key<Length>,
    /// Longest `max-age`; without it any.
    pub(crate) longest_age: Key<OrNone<PositiveLength>>,
}

/// What a queue may be.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct QueueLimits {
    /// Largest `batch-size`; without it any.
    pub(crate) max_batch_size: Key<OrNone<PositiveCount>>,
    /// Largest `batch-size` that needs no `window`; without it any.
    pub(crate) max_batch_without_window: Key<OrNone<PositiveCount>>,
    /// Least `window` of larger ones; without it any.
    pub(crate) least_window: Key<Length>,
    /// Longest `window`; without it any.
    pub(crate) max_window: Key<OrNone<PositiveLength>>,
    /// Least `max-concurrency` that can be asked for; without it any.
    pub(crate) least_concurrency: Key<Count>,
    /// Most `max-concurrency` that can be asked for; without it any.
    pub(crate) most_concurrency: Key<OrNone<PositiveCount>>,
    /// Longest `visibility`; without it any.
    pub(crate) max_visibility: Key<OrNone<PositiveLength>>,
    /// Longest `retention`; without it any.
    pub(crate) max_retention: Key<OrNone<PositiveLength>>,
}

/// What a stream may be.
#[expect(
    clippy::struct_field_names,
    reason = "keys of a file, which say what they are"
)]
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct StreamLimits {
    /// Most `parallelization-factor`; without it any.
    pub(crate) max_parallelization_factor: Key<OrNone<PositiveCount>>,
    /// Largest `batch-size`; without it any.
    pub(crate) max_batch_size: Key<OrNone<PositiveCount>>,
    /// Longest `window`; without it any.
    pub(crate) max_window: Key<OrNone<PositiveLength>>,
}

overlay!(SourceLimits {} { events, queue, stream });
overlay!(EventLimits { max_retries, least_age, longest_age } {});
overlay!(QueueLimits {
    max_batch_size, max_batch_without_window, least_window, max_window, least_concurrency,
    most_concurrency, max_visibility, max_retention
} {});
overlay!(StreamLimits { max_parallelization_factor, max_batch_size, max_window } {});
