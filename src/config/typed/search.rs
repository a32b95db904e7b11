//! Keys of `[search]`: what `frostline plan` may choose from.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::config::decode::{Given, switch};
use crate::config::quantity::{Bytes, Count, Length, PositiveCount, PositiveLength, Share};

use super::Key;
use super::policy::Patterns;

/// What `frostline plan` may choose from; what is left out is decided by a trial run.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Search {
    /// Patterns of function names that settings are for, such as "api-*"; without it all functions.
    pub(crate) functions: Patterns,
    /// Memory, as a list or as { from, to } in steps that double; without it as in the file.
    pub(crate) memory: Key<ListOrRange<Bytes>>,
    /// Processor architectures, each with its price list; without it as in the file.
    pub(crate) architecture: Key<Vec<Given<Architecture>>>,
    /// Kinds of remedies; without it all that the platform and its functions allow.
    pub(crate) remedies: Key<Vec<Given<RemedyName>>>,
    /// Pings.
    pub(crate) ping: Key<PingSearch>,
    /// Provisioned instances, always as many.
    pub(crate) provisioned: Key<ProvisionedSearch>,
    /// Provisioned instances by the clock.
    pub(crate) scheduled: Key<ScheduledSearch>,
    /// Provisioned instances by load.
    pub(crate) tracking: Key<TrackingSearch>,
    /// How long idle instances are kept, where the platform lets one choose; without it as it is.
    pub(crate) keep_alive: Key<Vec<Given<PositiveLength>>>,
    /// Floors of the pool, where the platform lets one choose; without it none.
    pub(crate) min_instances: Key<ListOrRange<Count>>,
    /// Concurrency kept for each function; without it as in the file.
    pub(crate) reserved_concurrency: Key<ListOrRange<PositiveCount>>,
}

/// A processor architecture.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
pub(crate) enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton; the functions are taken to run as fast.
    #[serde(rename = "arm64")]
    Arm,
}

/// A kind of remedy.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RemedyName {
    None,
    Snapshot,
    Ping,
    Provisioned,
    Scheduled,
    Tracking,
    KeepAlive,
    MinInstances,
}

/// Pings to try.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct PingSearch {
    /// From one round to the next; without it from just below the keep-alive downwards.
    pub(crate) every: Key<Vec<Given<PositiveLength>>>,
    /// Pings a round; without it from 1 to what a trial run of each function needs at once.
    pub(crate) instances: Key<ListOrRange<PositiveCount>>,
    /// How long each keeps its instance, at most the timeout of its function; without it 100 ms
    /// where a round has several, else no time.
    pub(crate) hold: Key<Length>,
    /// Whether the function that sends rounds of several pings at once is part of the cost; without
    /// it true.
    pub(crate) sender: Key<bool>,
}

/// Provisioned instances to try.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvisionedSearch {
    /// Instances, for each function; without it from 1 to what a trial run needs at once.
    pub(crate) instances: Key<ListOrRange<Count>>,
}

/// Schedules to try.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ScheduledSearch {
    /// Length of a part of the day with a number of its own; without it 1 h.
    pub(crate) step: Key<PositiveLength>,
    /// Which days may differ; without it each where there is a surge, else weekend from other days
    /// where a week is measured.
    pub(crate) days: Key<Days>,
    /// The zone whose local time they are in, such as "Europe/Berlin"; without it UTC.
    pub(crate) time_zone: Key<String>,
    /// How long before its part of the day capacity is asked for; without it 5 min.
    pub(crate) lead: Key<Length>,
}

/// Which days of the week may have schedules of their own.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Days {
    /// All days are alike.
    Same,
    /// Monday to Friday, and the weekend.
    Weekend,
    /// Each day of the week.
    Each,
}

/// Target tracking to try.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackingSearch {
    /// Utilisations aimed at, on AWS from 0.1 to 0.9; without it 0.9 to 0.2 in tenths.
    pub(crate) target: Key<Vec<Given<Share>>>,
    /// Never fewer; without it 1.
    pub(crate) min: Key<ListOrRange<PositiveCount>>,
    /// Never more; without it what a trial run of each function needs at once.
    pub(crate) max: Key<PositiveCount>,
}

/// A list of values, or where they begin and end.
#[derive(Clone, Debug)]
pub(crate) enum ListOrRange<T> {
    List(Vec<Given<T>>),
    Range(Range<T>),
}

/// Where values begin and end, both included.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "T: serde::de::DeserializeOwned")
)]
pub(crate) struct Range<T> {
    /// The least.
    pub(crate) from: Given<T>,
    /// The greatest.
    pub(crate) to: Given<T>,
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for ListOrRange<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: serde::de::DeserializeOwned> Visitor<'de> for Either<T> {
            type Value = ListOrRange<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values, or { from = …, to = … }")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = seq.next_element()? {
                    list.push(one);
                }
                Ok(ListOrRange::List(list))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Self::Value, D::Error> {
                Range::deserialize(table).map(ListOrRange::Range)
            }
        }
        switch(deserializer, Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for ListOrRange<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ListOrRange{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [
            { "type": "array", "items": one, "minItems": 1 },
            {
                "type": "object", "properties": { "from": one, "to": one },
                "required": ["from", "to"], "additionalProperties": false
            }
        ] })
    }
}
