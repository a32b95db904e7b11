//! Keys of an experiment file.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::config::decode::{Given, OrNone};
use crate::config::quantity::{
    Count, Date, DateAndTime, Length, PositiveCount, PositiveLength, Seed, Times,
};
use crate::metric::METRICS;

use super::Key;
use super::arrivals::Workload;
use super::function::{Defaults, FunctionEntry};
use super::platform::{PlatformFile, ScalingRate};
use super::policy::Policy;
use super::resource::ResourceEntry;
use super::search::Search;
use super::traffic::SurgeEntry;
use super::workflow::WorkflowEntry;

/// An experiment: what is asked of which platform, functions, traffic and policies.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("required" = ["platform", "duration"]))]
pub(crate) struct ExperimentFile {
    /// What is asked, in a person's words.
    pub(crate) question: Key<String>,
    /// A name in models/platforms or a path.
    pub(crate) platform: Key<String>,
    /// Simulated and measured.
    pub(crate) duration: Key<PositiveLength>,
    /// Simulated before measuring begins; without it none.
    pub(crate) warm_up: Key<Length>,
    /// Independent runs of each scenario; without it 10.
    pub(crate) replications: Key<PositiveCount>,
    /// Of all random numbers; without it 1.
    pub(crate) seed: Key<Seed>,
    /// Chooses the prices and billing rules of that day; without it the newest.
    pub(crate) date: Key<Date>,
    /// Day and time of the calendar at which the run, warm-up included, begins; what the calendar
    /// decides is counted from it. Without it Monday, 2024-01-01, 00:00 UTC.
    pub(crate) start: Key<DateAndTime>,
    /// Whether the price list's free tier counts; without it not.
    pub(crate) free_tier: Key<bool>,
    /// Whether cold starts and idle time are told for every keep-alive from 1 s to 24 h as well;
    /// without it not.
    pub(crate) keep_alive_curve: Key<bool>,
    /// Whether the concurrency that accounts claim of their quota is measured and drawn; without it
    /// not.
    pub(crate) claimed_concurrency: Key<bool>,
    /// Requests of users for each that the sources send, of every source, all the time; without it
    /// 1.
    pub(crate) traffic: Key<Times>,
    /// Launch days: more requests on top of that for a while.
    pub(crate) surge: Key<Tables<SurgeEntry>>,
    /// Functions.
    pub(crate) function: Key<Tables<FunctionEntry>>,
    /// Scenarios; without any the platform as it is.
    pub(crate) policy: Key<Tables<Policy>>,
    /// Accounts besides the default one; without any all functions share one.
    pub(crate) account: Key<Tables<AccountEntry>>,
    /// What functions reach out to, such as databases.
    pub(crate) resource: Key<Tables<ResourceEntry>>,
    /// Workflows, whose steps call functions.
    pub(crate) workflow: Key<Tables<WorkflowEntry>>,
    /// Keys of the platform that this experiment changes.
    pub(crate) platform_override: Key<PlatformFile>,
    /// A trace that makes many functions at once.
    pub(crate) workload: Key<Workload>,
    /// Keys of the functions that a trace names.
    pub(crate) defaults: Key<Defaults>,
    /// What `frostline plan` may choose from; `run` does not use it.
    pub(crate) search: Key<Search>,
    /// What every request, or each function, has to meet; `plan` finds the cheapest setting that
    /// does.
    #[expect(
        dead_code,
        reason = "taken out of the tree before it is decoded; in the schema"
    )]
    slo: Option<Goals>,
    /// What a run is held to: exit code 3 where something does not hold.
    #[expect(
        dead_code,
        reason = "taken out of the tree before it is decoded; in the schema"
    )]
    assert: Option<Goals>,
    /// Dotted keys, each with a list of values or a table of values by name; every combination is
    /// simulated.
    #[expect(
        dead_code,
        reason = "taken out of the tree before it is decoded; in the schema"
    )]
    sweep: Option<Sweep>,
}

/// An account whose functions share limits; what it leaves out is as on the platform.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct AccountEntry {
    /// Name, by which functions call it; needed, and different for each account.
    pub(crate) name: Key<String>,
    /// Requests that may be in flight in the account; without it those of the platform.
    pub(crate) concurrency_quota: Key<OrNone<PositiveCount>>,
    /// What reservations must leave of the quota; without it that of the platform.
    pub(crate) unreserved_minimum: Key<OrNone<Count>>,
    /// Requests a second that the account may start; without it the platform's
    /// `requests-per-concurrency` times its quota, or else those of the platform.
    pub(crate) requests_per_second: Key<OrNone<PositiveCount>>,
    /// How fast new instances may be started; what it leaves out is as on the platform.
    pub(crate) scaling_rate: Key<OrNone<ScalingRate>>,
}

/// What to sweep over, for the schema alone: `config::sweep` reads it from the tree.
#[derive(Clone, Default, Deserialize, Debug)]
struct Sweep {}

impl JsonSchema for Sweep {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sweep".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": {
                "description": "A list of values, or a table of values by name.",
                "type": ["array", "object"],
                "minItems": 1,
                "minProperties": 1
            }
        })
    }
}

/// Measures with their bounds, for the schema alone: `config::goals` reads them from the tree.
#[derive(Clone, Default, Deserialize, Debug)]
struct Goals {}

impl JsonSchema for Goals {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Goals".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let measures = METRICS.iter().map(|metric| {
            let bound = json_schema!({
                "description": metric.help,
                "type": ["string", "array"],
                "pattern": "^\\s*(<=|<|>=|>|==)",
                "items": { "type": "string" }
            });
            (metric.name.replace('_', "-"), bound.to_value())
        });
        let measures: serde_json::Map<_, _> = measures.collect();
        json_schema!({
            "description": "Measures, each with its bound, such as latency-ms-p99 = \"<= 300\"; \
                            below function.NAME those of a function.",
            "type": "object",
            "properties": measures,
            "additionalProperties": { "type": ["string", "array", "object"] }
        })
    }
}

/// Tables of the same kind, each headed by its name in two brackets.
#[derive(Clone, Debug)]
pub(crate) struct Tables<T>(pub(crate) Vec<Given<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tables<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Tables<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of tables, each headed by two brackets such as [[function]]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tables<T>, A::Error> {
                let mut tables = Vec::new();
                while let Some(table) = seq.next_element()? {
                    tables.push(table);
                }
                Ok(Tables(tables))
            }
        }
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Tables<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Tables{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": table })
    }
}
