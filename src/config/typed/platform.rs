//! Keys of a platform: in its own file and in `[platform-override]`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::{Given, OrNone, switch};
use crate::config::dist::{Distribution, only, plain_shapes, shapes};
use crate::config::quantity::{
    AtLeastOne, Bandwidth, Bytes, Count, Date, Length, PositiveCount, PositiveLength,
    PositiveNumber, Share,
};
use crate::dist::Dist;
use crate::units::{Span, parse_span};

use super::event_source::{Sources, Throttle};
use super::snapshot::SnapshotRules;
use super::source_limits::SourceLimits;
use super::workflow::WorkflowKinds;
use super::{Key, Overlay, over_inner, overlay};

/// A platform; `[platform-override]` of an experiment has the same keys.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PlatformFile {
    /// Name, for a person.
    pub(crate) name: Key<String>,
    /// The day that the figures hold for.
    pub(crate) date: Key<Date>,
    /// One line for a person.
    pub(crate) description: Key<String>,
    /// Region of the cloud; without it that of the prices.
    pub(crate) region: Key<String>,
    /// Requests that an instance runs at once. This version simulates 1.
    pub(crate) requests_per_instance: Key<PositiveCount>,
    /// Whether a request waits for the instance it started. This version simulates "early".
    pub(crate) binding: Key<Binding>,
    /// Choice among idle instances; without it the most recently used.
    pub(crate) routing: Key<Routing>,
    /// How long an idle instance is kept.
    pub(crate) keep_alive: Key<KeepAlive>,
    /// Life after which an instance is retired as soon as it is idle; without it none.
    pub(crate) max_life: Key<OrNone<Distribution>>,
    /// Requests that may be in flight in the whole account; without it none.
    pub(crate) concurrency_quota: Key<OrNone<PositiveCount>>,
    /// What reservations must leave of the quota; without it 0.
    pub(crate) unreserved_minimum: Key<OrNone<Count>>,
    /// Requests a second that the account may start; without it `requests-per-concurrency` times
    /// its quota.
    pub(crate) requests_per_second: Key<OrNone<PositiveCount>>,
    /// Requests a second for each unit of concurrency: of the account's quota, and of what is
    /// reserved for a function; without it no such limit.
    pub(crate) requests_per_concurrency: Key<OrNone<PositiveCount>>,
    /// How fast new instances may be started; without it as in the scaling era of the experiment's
    /// date, and without those no limit.
    pub(crate) scaling_rate: Key<OrNone<ScalingRate>>,
    /// What happens to a request that no limit lets in; without it it is throttled.
    pub(crate) overflow: Key<Overflow>,
    /// What a throttled client does; without it it gives up.
    pub(crate) client_retry: Key<OrNone<ClientRetry>>,
    /// What becomes of an instance whose request timed out or crashed; without it it is retired.
    pub(crate) reset: Key<Reset>,
    /// Sources of requests as the platform has them; a function chooses one with `source`.
    pub(crate) sources: Key<Sources>,
    /// What all API gateways of the account let in together; without it everything.
    pub(crate) gateway_throttle: Key<OrNone<Throttle>>,
    /// How the platform runs workflows, by kind; without it it has none.
    pub(crate) workflows: Key<WorkflowKinds>,
    /// How memory buys CPU; without it every function has one vCPU.
    pub(crate) cpu: Key<Cpu>,
    /// Phases of a start that the platform decides.
    pub(crate) start: Key<PlatformStart>,
    /// How provisioned concurrency comes about; without it at once.
    pub(crate) provisioned: Key<ProvisionedRules>,
    /// Snapshots of memory; without it the platform has none.
    pub(crate) snapshot: Key<OrNone<SnapshotRules>>,
    /// Init on demand that takes longer is cut and run again inside the first invocation; without
    /// it init takes as long as it takes.
    pub(crate) init_limit: Key<OrNone<PositiveLength>>,
    /// What a function may be; without it anything.
    pub(crate) limits: Key<Limits>,
    /// What the sources of functions may be; without it anything.
    pub(crate) source_limits: Key<SourceLimits>,
    /// A name in models/prices or a path; without it nothing is charged.
    pub(crate) prices: Key<OrNone<String>>,
    /// Rules of scaling since some day, of which the experiment's date chooses one.
    #[serde(default)]
    pub(crate) scaling_era: BTreeMap<String, Given<ScalingEra>>,
    /// Observations that `keep-alive = { observed = "NAME" }` can name.
    #[serde(default)]
    pub(crate) observed_keep_alive: BTreeMap<String, Given<Observed>>,
}

/// Whether a request waits for the instance it started or takes whichever is free first.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Binding {
    Early,
    Late,
}

/// Choice among idle instances.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Routing {
    MostRecentlyUsed,
    LeastRecentlyUsed,
    Newest,
    Oldest,
    Random,
}

/// How fast new instances may be started: a token bucket.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ScalingRate {
    /// Instances that may be started at once; without it as many as `instances`.
    pub(crate) burst: Key<PositiveCount>,
    /// Instances that may be started …
    pub(crate) instances: Key<PositiveCount>,
    /// … in this time.
    pub(crate) every: Key<PositiveLength>,
    /// Who shares the rate; without it each function has its own.
    pub(crate) per: Key<Scope>,
}

/// How fast new instances may be started since some day.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScalingEra {
    /// The first day.
    pub(crate) from: Date,
    /// The rule.
    pub(crate) rate: ScalingRate,
    /// Bursts by region, where they differ from that of the rule.
    #[serde(default)]
    pub(crate) bursts: BTreeMap<String, Given<PositiveCount>>,
    /// Who says so.
    #[expect(dead_code, reason = "documents the rule")]
    source: String,
}

/// Who shares a rate.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    Function,
    Account,
}

/// What happens to a request that no limit lets in.
#[derive(Clone, Debug)]
pub(crate) enum Overflow {
    /// It is refused.
    Throttle,
    /// It waits.
    Queue(Queue),
}

/// A bounded queue.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Queue {
    /// Requests that a function's queue holds.
    pub(crate) length: Key<OrNone<PositiveCount>>,
    /// How long a request waits before it is rejected.
    pub(crate) max_wait: Key<OrNone<PositiveLength>>,
}

/// A queue by name.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
struct OverflowTable {
    /// Requests wait, first come first served.
    queue: Queue,
}

/// Exponential back-off of a throttled client.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRetry {
    /// Tries in all, the first included.
    pub(crate) attempts: Key<PositiveCount>,
    /// Wait before the second try.
    pub(crate) first: Key<Length>,
    /// What each further wait is multiplied by; without it 2.
    pub(crate) factor: Key<AtLeastOne>,
    /// How the wait is spread; without it "full".
    pub(crate) jitter: Key<Jitter>,
    /// After what it tries again; without it after a throttle alone.
    pub(crate) on: Key<Vec<Given<RetryOn>>>,
}

/// What a client tries again after.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RetryOn {
    Throttled,
    Failed,
    TimedOut,
}

/// What becomes of an instance whose request timed out or crashed.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reset {
    Retire,
    SuppressedInit,
}

/// How a wait is spread.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Jitter {
    None,
    Full,
}

/// How memory buys CPU.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Cpu {
    /// Memory at which a function has one whole vCPU.
    pub(crate) one_vcpu_at: Key<Bytes>,
    /// vCPUs that memory buys at most, for a function that has so many `threads`; without it 1.
    pub(crate) max_vcpus: Key<PositiveNumber>,
    /// The phases that a smaller CPU share makes longer; without it none.
    pub(crate) scales: Key<Vec<Given<Phase>>>,
}

/// A phase of a start, or the service itself.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Sandbox,
    Fetch,
    Runtime,
    Init,
    Restore,
    FirstCall,
    Service,
}

/// Phases of a start that the platform decides.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PlatformStart {
    /// VM or container, network; without it no time.
    pub(crate) sandbox: Key<Distribution>,
    /// At which packages reach the host; without it at once.
    pub(crate) bandwidth: Key<Bandwidth>,
    /// Probability that a host has a layer of one function already; a layer that n functions share
    /// is missing with the n-th power of what is left. Without it every start fetches its layers.
    pub(crate) layer_cached: Key<Share>,
    /// How images are loaded; without it whole, at `bandwidth`.
    pub(crate) image: Key<OrNone<ImageLoading>>,
    /// What a start of a function with `vpc = true` takes in addition, since each day.
    pub(crate) vpc: Key<Vec<Given<VpcEra>>>,
}

/// An image is loaded in chunks on demand, of which a start reads some.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ImageLoading {
    /// Size of a chunk.
    pub(crate) chunk: Key<Bytes>,
    /// Share of an image that a start reads, of 1.
    pub(crate) read_share: Key<Share>,
    /// Chunks that are read at once; without it 1.
    pub(crate) parallel: Key<PositiveCount>,
    /// Where chunks come from, the nearest first; the last serves what the others do not.
    pub(crate) levels: Key<Vec<Given<CacheLevel>>>,
}

/// A place that chunks come from.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct CacheLevel {
    /// Share of all chunks that are found here, of 1; left out in the last level.
    pub(crate) hit: Key<Share>,
    /// From the question for a chunk to its first byte.
    pub(crate) latency: Key<Length>,
    /// At which a chunk then comes; without it at once.
    pub(crate) bandwidth: Key<Bandwidth>,
}

/// What a private network adds to a start since a day.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct VpcEra {
    /// First day.
    pub(crate) from: Date,
    /// In addition to the sandbox.
    pub(crate) adds: Distribution,
}

/// How provisioned concurrency comes about.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ProvisionedRules {
    /// From the request for capacity to the first instance that starts; without it none.
    pub(crate) delay: Key<Distribution>,
    /// Instances that start at once after the delay; without it one.
    pub(crate) burst: Key<PositiveCount>,
    /// Instances beyond these that start in a minute; without it all at once.
    pub(crate) instances_per_minute: Key<OrNone<PositiveCount>>,
    /// Requests a second that each provisioned instance adds to what all of them take together;
    /// those beyond run on demand. Without it any number.
    pub(crate) requests_per_second: Key<OrNone<PositiveCount>>,
    /// After which an instance is recycled, with its init billed again; without it never.
    pub(crate) recycle: Key<OrNone<Distribution>>,
    /// What was different before some days, for experiments with an earlier `date`.
    pub(crate) eras: Key<Vec<Given<ProvisionedEra>>>,
}

/// How provisioned concurrency came about before some day. What is not given is as it is now.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ProvisionedEra {
    /// The first day on which it was no longer so.
    pub(crate) until: Key<Date>,
    /// From the request for capacity to the first instance that starts.
    pub(crate) delay: Key<Distribution>,
    /// Instances that start at once after the delay.
    pub(crate) burst: Key<PositiveCount>,
    /// Instances beyond these that start in a minute.
    pub(crate) instances_per_minute: Key<OrNone<PositiveCount>>,
    /// Requests a second that each provisioned instance adds to what all of them take together.
    pub(crate) requests_per_second: Key<OrNone<PositiveCount>>,
}

/// What a function may be.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Limits {
    /// Least memory; without it any.
    pub(crate) min_memory: Key<OrNone<Bytes>>,
    /// Most memory; without it any.
    pub(crate) max_memory: Key<OrNone<Bytes>>,
    /// Largest zip archive, unpacked, with its layers; without it any.
    pub(crate) max_zip: Key<OrNone<Bytes>>,
    /// Largest zip archive that is uploaded directly; without it any.
    pub(crate) max_upload: Key<OrNone<Bytes>>,
    /// Most layers of a function; without it any number.
    pub(crate) max_layers: Key<OrNone<Count>>,
    /// Largest container image; without it any.
    pub(crate) max_image: Key<OrNone<Bytes>>,
    /// Longest timeout; without it any.
    pub(crate) max_timeout: Key<OrNone<PositiveLength>>,
    /// Most temporary storage; without it any.
    pub(crate) max_ephemeral_storage: Key<OrNone<Bytes>>,
}

/// An observation of a platform's idle lifetime.
#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Observed {
    /// The lifetime.
    pub(crate) value: KeepAlive,
    /// First day it was observed.
    #[expect(dead_code, reason = "documents the number; checked to be a date")]
    from: Date,
    /// Last day it was observed.
    #[expect(dead_code, reason = "documents the number; checked to be a date")]
    to: Option<Date>,
    /// Who observed it.
    #[expect(dead_code, reason = "documents the number")]
    source: String,
}

/// How long an idle instance is kept.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum KeepAlive {
    Never,
    ForEver,
    For {
        instance: Dist,
        /// How long the whole function may have nothing running.
        function: Option<Span>,
    },
    Observed(String),
}

shapes! {
    /// A distribution, or an observation of the platform file by its name.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 2))]
    struct KeepAliveTable {
        /// Name of an `[observed-keep-alive.NAME]`.
        observed: Option<String>,
        /// All idle instances are retired when nothing of their function has run for so long.
        function_idle: Option<Length>,
    }
}
plain_shapes!(KeepAliveTable);

impl KeepAlive {
    /// What a text says.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Never),
            "for-ever" => Ok(Self::ForEver),
            _ => match parse_span(text) {
                Ok(span) => Ok(Self::For {
                    instance: Dist::constant(span),
                    function: None,
                }),
                Err(_) if is_observation(text) => Err(format!(
                    "an observation is named by {{ observed = \"{text}\" }}"
                )),
                Err(error) => Err(or_texts(&error.to_string(), "\"none\" or \"for-ever\"")),
            },
        }
    }

    /// What a table says: an observation or one shape.
    pub(crate) fn from_table(
        observed: Option<String>,
        function_idle: Option<Length>,
        shapes: Vec<Result<Dist, String>>,
    ) -> Result<Self, String> {
        let function = function_idle.map(|length| length.0);
        match observed {
            Some(name) if shapes.is_empty() && function.is_none() => Ok(Self::Observed(name)),
            None => only(shapes).map(|instance| Self::For { instance, function }),
            Some(_) => Err("`keep-alive` is either observed or a distribution".to_owned()),
        }
    }
}

/// What is wrong with a quantity, where some texts would be right as well.
fn or_texts(error: &str, texts: &str) -> String {
    if error.starts_with("expected ") {
        format!("{error}, {texts}")
    } else {
        format!("{error}; expected a duration, {texts}")
    }
}

/// Whether a text looks like the name of an observation: a year, with or without what follows it.
fn is_observation(text: &str) -> bool {
    let year = text
        .get(..4)
        .is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()));
    year && text
        .get(4..)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What a keep-alive may be, for an error.
pub(crate) const KEEP_ALIVE: &str = "a duration with its unit, such as \"10 min\", \"none\", \
     \"for-ever\", a distribution, or { observed = \"NAME\" }";

impl<'de> Deserialize<'de> for KeepAlive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = KeepAlive;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(KEEP_ALIVE)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeepAlive, E> {
                KeepAlive::from_text(text).map_err(E::custom)
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<KeepAlive, D::Error> {
                let table = KeepAliveTable::deserialize(table)?;
                let shapes = table.shapes();
                KeepAlive::from_table(table.observed, table.function_idle, shapes)
                    .map_err(de::Error::custom)
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for KeepAlive {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeepAlive".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let table = generator.subschema_for::<KeepAliveTable>();
        json_schema!({ "anyOf": [length, { "enum": ["none", "for-ever"] }, table] })
    }
}

impl<'de> Deserialize<'de> for Overflow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Overflow;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"throttle\" or { queue = { length = 100, max-wait = \"10 s\" } }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Overflow, E> {
                if text == "throttle" {
                    return Ok(Overflow::Throttle);
                }
                Err(E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Overflow, D::Error> {
                OverflowTable::deserialize(table).map(|table| Overflow::Queue(table.queue))
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Overflow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Overflow".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<OverflowTable>();
        json_schema!({ "anyOf": [{ "const": "throttle" }, table] })
    }
}

overlay!(ScalingRate { burst, instances, every, per } {});
overlay!(ClientRetry { attempts, first, factor, jitter, on } {});
overlay!(Cpu { one_vcpu_at, max_vcpus, scales } {});
overlay!(PlatformStart { sandbox, bandwidth, layer_cached, vpc } { image });
overlay!(ImageLoading { chunk, read_share, parallel, levels } {});
overlay!(ProvisionedRules {
    delay, burst, instances_per_minute, requests_per_second, recycle, eras
} {});
overlay!(Limits {
    min_memory, max_memory, max_zip, max_upload, max_layers, max_image, max_timeout,
    max_ephemeral_storage
} {});

impl Overlay for PlatformFile {
    fn over(self, base: Self) -> Self {
        let mut observed_keep_alive = base.observed_keep_alive;
        observed_keep_alive.extend(self.observed_keep_alive);
        let mut scaling_era = base.scaling_era;
        scaling_era.extend(self.scaling_era);
        Self {
            name: base.name.or(self.name),
            date: self.date.or(base.date),
            description: self.description.or(base.description),
            region: self.region.or(base.region),
            requests_per_instance: self.requests_per_instance.or(base.requests_per_instance),
            binding: self.binding.or(base.binding),
            routing: self.routing.or(base.routing),
            keep_alive: self.keep_alive.or(base.keep_alive),
            max_life: self.max_life.or(base.max_life),
            concurrency_quota: self.concurrency_quota.or(base.concurrency_quota),
            unreserved_minimum: self.unreserved_minimum.or(base.unreserved_minimum),
            requests_per_second: self.requests_per_second.or(base.requests_per_second),
            requests_per_concurrency: self
                .requests_per_concurrency
                .or(base.requests_per_concurrency),
            scaling_rate: over_inner(self.scaling_rate, base.scaling_rate),
            overflow: self.overflow.or(base.overflow),
            client_retry: over_inner(self.client_retry, base.client_retry),
            reset: self.reset.or(base.reset),
            sources: over_inner(self.sources, base.sources),
            gateway_throttle: self.gateway_throttle.or(base.gateway_throttle),
            workflows: over_inner(self.workflows, base.workflows),
            cpu: over_inner(self.cpu, base.cpu),
            start: over_inner(self.start, base.start),
            provisioned: over_inner(self.provisioned, base.provisioned),
            snapshot: over_inner(self.snapshot, base.snapshot),
            init_limit: self.init_limit.or(base.init_limit),
            limits: over_inner(self.limits, base.limits),
            source_limits: over_inner(self.source_limits, base.source_limits),
            prices: self.prices.or(base.prices),
            scaling_era,
            observed_keep_alive,
        }
    }
}
