//! Keys of what stands between those who send requests and the function.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::{Given, OrNone, switch};
use crate::config::dist::Distribution;
use crate::config::quantity::{Count, Length, PositiveCount, PositiveLength, Share};
use crate::config::source::Place;

use super::{Key, overlay};

/// How requests come to a function: "sync", or one of the others by name or with keys.
#[derive(Clone, Default, Debug)]
pub(crate) struct EventSource(pub(crate) Sources);

/// The sources by name; of a function one, of a platform those that it has.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    /// An API gateway in front of the function; its client waits.
    pub(crate) gateway: Key<Gateway>,
    /// Events that are taken in at once and handed to the function later.
    #[serde(rename = "async")]
    pub(crate) events: Key<Events>,
    /// A queue whose messages are handed over in batches, such as SQS.
    pub(crate) queue: Key<Queue>,
    /// A stream whose records are handed over shard by shard, such as Kinesis.
    pub(crate) stream: Key<Stream>,
}

/// An API gateway.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gateway {
    /// Which one, for the bill.
    pub(crate) kind: Key<GatewayKind>,
    /// What it takes to hand a request over; without it no time.
    pub(crate) latency: Key<Distribution>,
    /// When it stops waiting for the function, which runs on; without it never.
    pub(crate) timeout: Key<OrNone<PositiveLength>>,
    /// What this gateway lets in by itself; without it as much as the account.
    pub(crate) throttle: Key<OrNone<Throttle>>,
}

/// The kind of an API gateway.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GatewayKind {
    Rest,
    Http,
}

/// A token bucket of requests.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Throttle {
    /// Requests a second.
    pub(crate) rate: Key<PositiveCount>,
    /// Requests at once; without it as many as `rate`.
    pub(crate) burst: Key<PositiveCount>,
}

/// An event queue in front of a function.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Events {
    /// Tries after the first that failed.
    pub(crate) retries: Key<Count>,
    /// Wait before the first of them; the n-th waits n times as long.
    pub(crate) retry_wait: Key<Length>,
    /// Wait after the first try that was throttled; each further one twice as long …
    pub(crate) back_off: Key<PositiveLength>,
    /// … up to this.
    pub(crate) longest_back_off: Key<PositiveLength>,
    /// When an event is given up.
    pub(crate) max_age: Key<PositiveLength>,
    /// Whether what is given up is kept for somebody; without it not.
    pub(crate) dead_letters: Key<bool>,
}

/// A queue and those who poll it.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Queue {
    /// Most messages of a batch.
    pub(crate) batch_size: Key<PositiveCount>,
    /// How long messages are gathered for a batch that is not full; without it not at all.
    pub(crate) window: Key<Length>,
    /// Batches at the same time to begin with.
    pub(crate) pollers: Key<PositiveCount>,
    /// Batches at the same time that come in a minute while messages wait.
    pub(crate) pollers_per_minute: Key<Count>,
    /// Most batches at the same time.
    pub(crate) max_concurrency: Key<PositiveCount>,
    /// When a message that was handed over and not worked off can be handed over again.
    pub(crate) visibility: Key<PositiveLength>,
    /// How often a message is handed over before it is given up; without it without end.
    pub(crate) max_receives: Key<OrNone<PositiveCount>>,
    /// When a message that waits is deleted.
    pub(crate) retention: Key<PositiveLength>,
    /// Whether only the messages of a batch come again that failed; without it all.
    pub(crate) partial_failures: Key<bool>,
    /// Share of messages that fail whenever they are tried; without it none.
    pub(crate) poison_rate: Key<Share>,
}

/// Whose stream it is.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamKind {
    Kinesis,
    DynamoDb,
}

/// A stream of shards.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Stream {
    /// Whose stream it is, for its polls and its bill; without it "kinesis".
    pub(crate) kind: Key<StreamKind>,
    /// Shards that records are spread over; without it 1.
    pub(crate) shards: Key<PositiveCount>,
    /// Batches of a shard at the same time; without it 1.
    pub(crate) parallelization_factor: Key<PositiveCount>,
    /// Most records of a batch.
    pub(crate) batch_size: Key<PositiveCount>,
    /// How long records are gathered for a batch that is not full; without it not at all.
    pub(crate) window: Key<Length>,
    /// From one look at a shard to the next; without it at once.
    pub(crate) poll_every: Key<Length>,
    /// The same of the stream of a table; without it `poll-every`.
    pub(crate) dynamodb_poll_every: Key<Length>,
    /// Tries after the first that failed; without it without end.
    pub(crate) max_retries: Key<OrNone<Count>>,
    /// Wait before a batch that failed or was throttled is tried again.
    pub(crate) retry_wait: Key<PositiveLength>,
    /// When a record that waits is given up; without it never.
    pub(crate) max_age: Key<OrNone<PositiveLength>>,
    /// Whether a batch that failed is cut in two; without it not.
    pub(crate) bisect: Key<bool>,
    /// Share of records that fail whenever they are tried; without it none.
    pub(crate) poison_rate: Key<Share>,
}

overlay!(Sources {} { gateway, events, queue, stream });
overlay!(Gateway { kind, latency, timeout, throttle } {});
overlay!(Events { retries, retry_wait, back_off, longest_back_off, max_age, dead_letters } {});
overlay!(Queue {
    batch_size, window, pollers, pollers_per_minute, max_concurrency, visibility, max_receives,
    retention, partial_failures, poison_rate
} {});
overlay!(Stream {
    kind, shards, parallelization_factor, batch_size, window, poll_every, dynamodb_poll_every,
    max_retries, retry_wait, max_age, bisect, poison_rate
} {});

const NAMES: &str = "\"sync\", \"gateway\", \"async\", \"queue\", \"stream\", or one of them with \
                     its keys, such as { queue = { batch-size = 10 } }";

/// A source that was chosen by its name alone.
fn chosen<T: Default>() -> Given<T> {
    Given {
        place: Place::default(),
        value: Some(T::default()),
    }
}

impl<'de> Deserialize<'de> for EventSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = EventSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(NAMES)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<EventSource, E> {
                let mut sources = Sources::default();
                match text {
                    "sync" => {}
                    "gateway" => sources.gateway = Some(chosen()),
                    "async" => sources.events = Some(chosen()),
                    "queue" => sources.queue = Some(chosen()),
                    "stream" => sources.stream = Some(chosen()),
                    _ => return Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
                Ok(EventSource(sources))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<EventSource, D::Error> {
                Sources::deserialize(table).map(EventSource)
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for EventSource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventSource".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<Sources>();
        json_schema!({
            "anyOf": [{ "enum": ["sync", "gateway", "async", "queue", "stream"] }, table]
        })
    }
}
