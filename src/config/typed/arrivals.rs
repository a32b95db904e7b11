//! Keys of `arrivals` and of `[workload]`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::{Given, switch};
use crate::config::dist::Distribution;
use crate::config::quantity::{
    AtLeastOne, Length, Number, PositiveCount, PositiveLength, Rate, When,
};

use super::Key;

/// When requests arrive: a path of recorded requests, or a table with one process.
#[derive(Clone, Debug)]
pub(crate) enum Arrivals {
    Replay(String),
    Table(Box<Processes>),
}

/// One process.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct Processes {
    /// Memoryless arrivals.
    pub(crate) poisson: Key<Poisson>,
    /// One request each interval.
    pub(crate) every: Key<Every>,
    /// Gaps drawn independently.
    pub(crate) renewal: Key<Distribution>,
    /// Memoryless arrivals whose rate jumps between states.
    pub(crate) mmpp: Key<Mmpp>,
    /// A rate that repeats by time of day or week.
    pub(crate) profile: Key<Profile>,
    /// So many requests within some time, once or again and again.
    pub(crate) burst: Key<Burst>,
    /// Several requests at the same instant.
    pub(crate) batch: Key<Batch>,
    /// Recorded requests.
    pub(crate) replay: Key<Replay>,
    /// Users with think time: not in this version.
    pub(crate) closed: Key<Later>,
    /// Requests at times of the calendar.
    pub(crate) schedule: Key<TimedRequests>,
}

/// What a later version will read.
#[derive(Clone, Debug)]
pub(crate) struct Later;

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poisson {
    /// Requests by time; "0 / s" is none at all.
    pub(crate) rate: Rate,
}

/// An interval, or an interval and the first request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Every {
    pub(crate) interval: PositiveLength,
    pub(crate) offset: Option<Length>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct EveryTable {
    /// From one request to the next.
    interval: PositiveLength,
    /// The first request; without it at the beginning of the run.
    offset: Option<Length>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mmpp {
    /// Rate of each state.
    pub(crate) rates: Key<Vec<Given<Rate>>>,
    /// Mean stay in each state; after the last follows the first.
    pub(crate) stays: Key<Vec<Given<PositiveLength>>>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// After which the rates repeat; without it a day for 24 rates, a week for 168.
    pub(crate) period: Key<PositiveLength>,
    /// Rates in equal parts of the period.
    pub(crate) rates: Key<Vec<Given<Rate>>>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Burst {
    /// When the first burst begins; without it at the beginning of the run.
    pub(crate) at: Option<Length>,
    /// Requests a burst.
    pub(crate) requests: PositiveCount,
    /// The time they are spread over; without it all arrive at once.
    pub(crate) over: Option<Length>,
    /// From one burst to the next; without it there is one.
    pub(crate) every: Option<PositiveLength>,
    /// Bursts in all; without it as many as fit into the run.
    pub(crate) times: Option<PositiveCount>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// Batches by time.
    pub(crate) rate: Rate,
    /// Requests a batch.
    pub(crate) size: BatchSize,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TimedRequests {
    /// When.
    pub(crate) cron: Key<When>,
    /// The zone whose local time it is read in, such as "Europe/Berlin"; without it UTC.
    pub(crate) time_zone: Key<String>,
    /// Requests each time; without it 1.
    pub(crate) requests: Key<PositiveCount>,
    /// How late each of them is; without it not at all.
    pub(crate) jitter: Key<Distribution>,
}

/// How many requests a batch has.
#[derive(Clone, Debug)]
pub(crate) enum BatchSize {
    Constant(u32),
    Geometric(f64),
    Weights(Vec<(u32, f64)>),
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct BatchSizeTable {
    /// Geometric with this mean.
    geometric: Option<GeometricMean>,
    /// Weight of each size.
    weights: Option<BTreeMap<String, Number>>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct GeometricMean {
    mean: AtLeastOne,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// A CSV with a header and the column `arrival_s`, optionally `service_ms` and `function`.
    pub(crate) file: Given<String>,
}

/// A trace that makes many functions at once: one of them.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct Workload {
    /// The trace of Azure Functions of 2019: counts by minute.
    #[serde(rename = "azure-2019")]
    pub(crate) azure_2019: Key<Azure2019>,
    /// The trace of Azure Functions of 2021: one row a request.
    #[serde(rename = "azure-2021")]
    pub(crate) azure_2021: Key<TraceFile>,
    /// A CSV with the columns `function` and `arrival_s`, optionally `service_ms` and
    /// `memory_mb`.
    pub(crate) requests: Key<TraceFile>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Azure2019 {
    /// The directory of its CSV files.
    pub(crate) dir: Given<String>,
    /// How requests lie within their minute; without it uniform.
    pub(crate) spread: Option<Spread>,
}

/// How requests lie within their minute.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spread {
    Uniform,
    Exponential,
    Even,
    Burst,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceFile {
    /// The file.
    pub(crate) file: Given<String>,
}

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Later {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Later".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(false)
    }
}

impl<'de> Deserialize<'de> for Arrivals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Arrivals;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the path of a CSV file, or a process such as \
                     { poisson = { rate = \"30 / h\" } }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Arrivals, E> {
                Ok(Arrivals::Replay(text.to_owned()))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Arrivals, D::Error> {
                let processes = Processes::deserialize(table)?;
                Ok(Arrivals::Table(Box::new(processes)))
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Arrivals {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Arrivals".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<Processes>();
        json_schema!({
            "description": "the path of a CSV file, or one process",
            "anyOf": [{ "type": "string" }, table]
        })
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Every;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a duration above zero with its unit, such as \"5 min\", or \
                     { interval = \"5 min\", offset = \"30 s\" }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Every, E> {
                let text: de::value::StrDeserializer<'_, E> =
                    de::IntoDeserializer::into_deserializer(text);
                let interval = PositiveLength::deserialize(text)?;
                let offset = None;
                Ok(Every { interval, offset })
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Every, D::Error> {
                let table = EveryTable::deserialize(table)?;
                Ok(Every {
                    interval: table.interval,
                    offset: table.offset,
                })
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Every {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Every".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<PositiveLength>();
        let table = generator.subschema_for::<EveryTable>();
        json_schema!({ "anyOf": [length, table] })
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = BatchSize;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a whole number of 1 or more, { geometric = { mean = 3 } } or \
                     { weights = { \"1\" = 0.7, \"10\" = 0.3 } }",
                )
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<BatchSize, E> {
                match u32::try_from(number) {
                    Ok(size) if size > 0 => Ok(BatchSize::Constant(size)),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<BatchSize, D::Error> {
                let table = BatchSizeTable::deserialize(table)?;
                match (table.geometric, table.weights) {
                    (Some(geometric), None) => Ok(BatchSize::Geometric(geometric.mean.0)),
                    (None, Some(weights)) => weigh(&weights).map_err(de::Error::custom),
                    _ => Err(de::Error::custom(
                        "the size of a batch needs `geometric` or `weights`",
                    )),
                }
            }
        }
        switch(deserializer, Either)
    }
}

fn weigh(weights: &BTreeMap<String, Number>) -> Result<BatchSize, String> {
    let mut sizes = Vec::with_capacity(weights.len());
    for (size, weight) in weights {
        match size.parse::<u32>() {
            Ok(size) if size > 0 => sizes.push((size, weight.0)),
            _ => return Err(format!("`{size}` is no size of a batch: 1 or more")),
        }
    }
    sizes.retain(|(_, weight)| *weight > 0.0);
    sizes.sort_by_key(|(size, _)| *size);
    if sizes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("a size stands twice in `weights`".to_owned());
    }
    if sizes.is_empty() {
        return Err("`weights` needs at least one weight above 0".to_owned());
    }
    Ok(BatchSize::Weights(sizes))
}

impl JsonSchema for BatchSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BatchSize".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<PositiveCount>();
        let table = generator.subschema_for::<BatchSizeTable>();
        json_schema!({ "anyOf": [count, table] })
    }
}
