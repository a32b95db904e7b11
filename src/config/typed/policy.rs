//! Keys of a `[[policy]]`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::{Given, OneOrMany, switch};
use crate::config::dist::{Distribution, plain_shapes, shapes};
use crate::config::quantity::{Count, Length, PositiveCount, PositiveLength, Share, When};

use super::Key;
use super::platform::{KEEP_ALIVE, KeepAlive};

/// Patterns of function names that a remedy is for; without it for all functions.
pub(crate) type Patterns = Key<Vec<Given<String>>>;

/// One scenario: the remedies that are in force together. Without any it is the platform as it is.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Policy {
    /// Name in the results; needed, and different for each policy.
    pub(crate) name: Key<String>,
    /// How long idle instances are kept.
    pub(crate) keep_alive: Key<OneOrMany<KeepAliveRule>>,
    /// Requests of one's own that keep instances warm.
    pub(crate) ping: Key<OneOrMany<Ping>>,
    /// Instances that are started ahead and kept.
    pub(crate) provisioned: Key<OneOrMany<Provisioned>>,
    /// Starts from a snapshot.
    pub(crate) snapshot: Key<OneOrMany<Snapshot>>,
    /// The pool never shrinks below so many instances.
    pub(crate) min_instances: Key<OneOrMany<MinInstances>>,
}

/// How long idle instances are kept, and whose.
#[derive(Clone, Debug)]
pub(crate) struct KeepAliveRule {
    pub(crate) keep: KeepAlive,
    pub(crate) functions: Patterns,
}

shapes! {
    /// A distribution or an observation, optionally for some functions only.
    struct KeepAliveRuleTable {
        /// Name of an `[observed-keep-alive.NAME]` of the platform file.
        observed: Option<String>,
        /// All idle instances are retired when nothing of their function has run for so long.
        function_idle: Option<Length>,
        /// Never retired for being idle ("for-ever"), or not kept at all ("none").
        value: Option<String>,
        /// Patterns of function names, such as "api-*".
        functions: Patterns,
    }
}
plain_shapes!(KeepAliveRuleTable);

/// Requests of one's own that keep instances warm.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ping {
    /// From one round to the next.
    pub(crate) every: Key<PositiveLength>,
    /// Pings a round; without it 1.
    pub(crate) instances: Key<PositiveCount>,
    /// How long each keeps its instance; without it no time.
    pub(crate) hold: Key<Length>,
    /// How late each ping of a round is sent; without it not at all.
    pub(crate) skew: Key<Distribution>,
    /// The first round, from the beginning of the run: a length, or a distribution of which one is
    /// drawn; without it at the beginning.
    pub(crate) offset: Key<Distribution>,
    /// Whether the function that sends rounds of several pings at once is charged for: 512 MB, for
    /// 1 s a round besides the hold. Without it `plan` charges for it and `run` does not.
    pub(crate) sender: Key<bool>,
    /// Patterns of function names, such as "api-*"; without it all functions.
    pub(crate) functions: Patterns,
}

/// Instances that are started ahead: as many as `instances`, or between `min` and `max` by load;
/// with a `schedule` both change by the calendar.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Provisioned {
    /// Always as many, for each function; with a `schedule` those that the run begins with.
    pub(crate) instances: Key<Count>,
    /// Never fewer; without it 1.
    pub(crate) min: Key<Count>,
    /// Never more.
    pub(crate) max: Key<PositiveCount>,
    /// Utilisation aimed at; without it 0.7.
    pub(crate) target_utilization: Key<Share>,
    /// What stands for the utilisation of a minute; without it its average.
    pub(crate) statistic: Key<Statistic>,
    /// After capacity was added by load, until more is; without it no time.
    pub(crate) scale_out_cooldown: Key<Length>,
    /// After capacity was taken away by load, until more is; without it no time.
    pub(crate) scale_in_cooldown: Key<Length>,
    /// Scheduled actions: from when on there are so many `instances`, or other `min` and `max`. Of
    /// those due at the same instant the last one holds.
    pub(crate) schedule: Key<Vec<Given<ScheduledAction>>>,
    /// Patterns of function names, such as "api-*"; without it all functions.
    pub(crate) functions: Patterns,
}

/// What stands for the utilisation of a minute.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Statistic {
    Average,
    Maximum,
}

/// So many instances, or other bounds, from given times on.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ScheduledAction {
    /// When.
    pub(crate) cron: Key<When>,
    /// The zone whose local time it is read in, such as "Europe/Berlin"; without it UTC.
    pub(crate) time_zone: Key<String>,
    /// As many, where `provisioned` has `instances`.
    pub(crate) instances: Key<Count>,
    /// Never fewer, where `provisioned` follows the load.
    pub(crate) min: Key<Count>,
    /// Never more, where `provisioned` follows the load.
    pub(crate) max: Key<Count>,
}

/// Starts from a snapshot.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// When the snapshot is taken; without it after init.
    pub(crate) after: Key<SnapshotAfter>,
    /// Published versions of each function, whose snapshots are all cached; without it 1.
    pub(crate) versions: Key<PositiveCount>,
    /// Patterns of function names, such as "api-*"; without it all functions.
    pub(crate) functions: Patterns,
}

/// When a snapshot is taken.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SnapshotAfter {
    /// A restored instance still pays its first call.
    Init,
    /// The first call is in the snapshot.
    WarmUpCall,
}

/// A floor of the pool.
#[derive(Clone, Debug)]
pub(crate) struct MinInstances {
    pub(crate) instances: PositiveCount,
    pub(crate) functions: Patterns,
}

/// A floor of the pool, for some functions.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct MinInstancesTable {
    /// Instances, for each function.
    instances: PositiveCount,
    /// Patterns of function names, such as "api-*"; without it all functions.
    functions: Patterns,
}

impl<'de> Deserialize<'de> for KeepAliveRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = KeepAliveRule;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(KEEP_ALIVE)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeepAliveRule, E> {
                let keep = KeepAlive::from_text(text).map_err(E::custom)?;
                let functions = None;
                Ok(KeepAliveRule { keep, functions })
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<KeepAliveRule, D::Error> {
                let table = KeepAliveRuleTable::deserialize(table)?;
                let shapes = table.shapes();
                let keep = match table.value {
                    Some(text)
                        if shapes.is_empty()
                            && table.observed.is_none()
                            && table.function_idle.is_none() =>
                    {
                        KeepAlive::from_text(&text)
                    }
                    Some(_) if table.function_idle.is_some() => Err(
                        "`value` and `function-idle` do not go together: give a distribution \
                         beside `function-idle`, such as keep-alive = { constant = \"10 min\", \
                         function-idle = \"1 h\" }"
                            .to_owned(),
                    ),
                    Some(_) => Err("`value` stands alone, or beside `functions`".to_owned()),
                    None => KeepAlive::from_table(table.observed, table.function_idle, shapes),
                };
                Ok(KeepAliveRule {
                    keep: keep.map_err(de::Error::custom)?,
                    functions: table.functions,
                })
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for KeepAliveRule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeepAliveRule".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let table = generator.subschema_for::<KeepAliveRuleTable>();
        json_schema!({ "anyOf": [length, { "enum": ["none", "for-ever"] }, table] })
    }
}

impl<'de> Deserialize<'de> for MinInstances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = MinInstances;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of 1 or more, or { instances = 1, functions = […] }")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<MinInstances, E> {
                match u32::try_from(number) {
                    Ok(count) if count > 0 => Ok(MinInstances {
                        instances: PositiveCount(count),
                        functions: None,
                    }),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<MinInstances, D::Error> {
                let table = MinInstancesTable::deserialize(table)?;
                Ok(MinInstances {
                    instances: table.instances,
                    functions: table.functions,
                })
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for MinInstances {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MinInstances".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<PositiveCount>();
        let table = generator.subschema_for::<MinInstancesTable>();
        json_schema!({ "anyOf": [count, table] })
    }
}
