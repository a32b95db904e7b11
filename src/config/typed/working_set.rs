//! Keys of the memory that a function needs.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::switch;
use crate::config::quantity::Bytes;
use crate::dist::Dist;
use crate::model::bytes;
use crate::units::{Memory, parse_memory};

use super::{Key, value};

/// Memory that a function needs.
#[derive(Clone, Debug)]
pub(crate) struct WorkingSet {
    pub(crate) base: Key<Bytes>,
    /// A nanosecond for each byte.
    pub(crate) peak: Option<Dist>,
}

/// A working set by parts.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct WorkingSetTable {
    /// In use after init, without which no request is served; without it none.
    base: Key<Bytes>,
    /// Most that a request uses, the base included; without it the base.
    peak: Key<Amounts>,
}

/// A distribution of amounts of memory, a nanosecond for each byte.
#[derive(Clone, Debug)]
pub(crate) struct Amounts(pub(crate) Dist);

/// One shape.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
struct AmountShapes {
    /// Any amount between two, all as likely.
    uniform: Option<UniformAmount>,
    /// Lognormal, by median and p99.
    lognormal: Option<LogNormalAmount>,
    /// One of the values, all as likely.
    empirical: Option<EmpiricalAmount>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct UniformAmount {
    min: Bytes,
    max: Bytes,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct LogNormalAmount {
    median: Bytes,
    /// The amount that 99 of 100 do not exceed.
    p99: Bytes,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct EmpiricalAmount {
    values: Vec<Bytes>,
}

fn amount(text: &str) -> Result<Memory, String> {
    match parse_memory(text) {
        Ok(memory) if memory.bytes() == 0 => Err("an amount above zero is needed here".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}

impl AmountShapes {
    fn dist(self) -> Result<Dist, String> {
        let length = |of: Bytes| bytes(of.0);
        match (self.uniform, self.lognormal, self.empirical) {
            (Some(uniform), None, None) => {
                let (min, max) = (uniform.min.0, uniform.max.0);
                // Said here, for the distribution would say it in lengths of time.
                if max < min {
                    return Err(format!("`max` ({max}) is below `min` ({min})"));
                }
                Dist::uniform(bytes(min), bytes(max))
            }
            (None, Some(law), None) => {
                let (median, p99) = (law.median.0, law.p99.0);
                if p99 < median {
                    return Err(format!("`p99` ({p99}) is below `median` ({median})"));
                }
                Dist::lognormal_percentiles(bytes(median), bytes(p99))
            }
            (None, None, Some(values)) => {
                let values: Vec<_> = values.values.into_iter().map(length).collect();
                Dist::empirical(&values)
            }
            _ => return Err(ONE_OF.to_owned()),
        }
        .map_err(|error| error.to_string())
    }
}

const ONE_OF: &str = "a distribution of memory is one of `uniform`, `lognormal`, `empirical`";

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Amounts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an amount of memory with its unit, such as \"300 MB\", or a distribution of \
                     amounts, such as { uniform = { min = \"200 MB\", max = \"400 MB\" } }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amounts, E> {
                let memory = amount(text).map_err(E::custom)?;
                Ok(Amounts(Dist::constant(bytes(memory))))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Amounts, D::Error> {
                let shapes = AmountShapes::deserialize(table)?;
                shapes.dist().map(Amounts).map_err(de::Error::custom)
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Amounts {
    fn schema_name() -> Cow<'static, str> {
        "Amounts".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let bytes = generator.subschema_for::<Bytes>();
        let shapes = generator.subschema_for::<AmountShapes>();
        json_schema!({
            "description": "an amount of memory, always the same, or a distribution of amounts",
            "anyOf": [bytes, shapes]
        })
    }
}

impl<'de> Deserialize<'de> for WorkingSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = WorkingSet;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an amount of memory with its unit, such as \"300 MB\", or \
                     { base = \"90 MB\", peak = … }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WorkingSet, E> {
                let memory = amount(text).map_err(E::custom)?;
                Ok(WorkingSet {
                    base: None,
                    peak: Some(Dist::constant(bytes(memory))),
                })
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<WorkingSet, D::Error> {
                let table = WorkingSetTable::deserialize(table)?;
                Ok(WorkingSet {
                    base: table.base,
                    peak: value(&table.peak).map(|peak| peak.0.clone()),
                })
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for WorkingSet {
    fn schema_name() -> Cow<'static, str> {
        "WorkingSet".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let bytes = generator.subschema_for::<Bytes>();
        let table = generator.subschema_for::<WorkingSetTable>();
        json_schema!({ "anyOf": [bytes, table] })
    }
}
