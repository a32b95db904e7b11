//! Keys of a function: in its own file, in `[[function]]` and in `[defaults]`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::decode::{Given, OrNone, switch};
use crate::config::dist::Distribution;
use crate::config::quantity::{
    Bandwidth, Bytes, Count, Length, PositiveCount, PositiveLength, Share,
};
use crate::dist::Dist;
use crate::units::parse_span;

use super::arrivals::Arrivals;
use super::duration_curve::{Beyond, DurationCurve};
use super::event_source::EventSource;
use super::resource::Connection;
use super::working_set::WorkingSet;
use super::{Key, Overlay, over_inner};

/// A table with the keys of a function and others besides.
macro_rules! function_table {
    (
        $(#[$meta:meta])* struct $name:ident
        { $($(#[$extra_meta:meta])* $extra:ident: $extra_type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$extra_meta])* pub(crate) $extra: Key<$extra_type>,)*
            /// Name of the runtime, such as "python3.12"; without it "provided.al2023".
            runtime: Key<String>,
            /// Memory configured; without it 128 MB, as on AWS Lambda.
            memory: Key<Bytes>,
            /// What is deployed; without it a zip archive of 1 MB.
            package: Key<Package>,
            /// Phases of a start; what neither function, model nor platform gives takes no time.
            start: Key<Start>,
            /// How long the handler runs: a distribution at the function's memory, or a CPU part
            /// at one vCPU and an I/O part.
            service: Key<Service>,
            /// vCPUs that the CPU part of `service` can use at once; without it 1.
            threads: Key<PositiveCount>,
            /// When the platform cuts the handler; without it never.
            timeout: Key<Length>,
            /// Share of requests that fail at their end.
            error_rate: Key<Share>,
            /// Share of tries that crash the runtime somewhere in their run.
            crash_rate: Key<Share>,
            /// How requests come to it: "sync" (without it), "gateway", "async", "queue" or
            /// "stream", or one of them with its keys.
            source: Key<EventSource>,
            /// What each of its instances is connected to.
            connection: Key<Connection>,
            /// When new versions are deployed, from the beginning of the run.
            deployments: Key<Vec<Given<Length>>>,
            /// Layers that come with a zip archive; one that several functions share is more often
            /// on the host already.
            layers: Key<Vec<Given<Layer>>>,
            /// Whether it is attached to the user's own network; without it it is not.
            vpc: Key<bool>,
            /// What extensions do after the handler, which lengthens every run; without it nothing.
            extension_overhead: Key<Distribution>,
            /// Memory that it needs: a request that needs more than there is fails; without it
            /// memory suffices.
            working_set: Key<WorkingSet>,
            /// Name of its account, one of the [[account]] tables; without it "default".
            account: Key<String>,
            /// Concurrency kept for this function, and its cap; without it none.
            reserved_concurrency: Key<OrNone<Count>>,
            /// Temporary storage; without it what the price list includes.
            ephemeral_storage: Key<Bytes>,
        }

        impl $name {
            /// The keys that every such table has.
            pub(crate) fn keys(&self) -> FunctionKeys {
                FunctionKeys {
                    runtime: self.runtime.clone(),
                    memory: self.memory.clone(),
                    package: self.package.clone(),
                    start: self.start.clone(),
                    service: self.service.clone(),
                    threads: self.threads.clone(),
                    timeout: self.timeout.clone(),
                    error_rate: self.error_rate.clone(),
                    crash_rate: self.crash_rate.clone(),
                    source: self.source.clone(),
                    connection: self.connection.clone(),
                    deployments: self.deployments.clone(),
                    layers: self.layers.clone(),
                    vpc: self.vpc.clone(),
                    extension_overhead: self.extension_overhead.clone(),
                    working_set: self.working_set.clone(),
                    account: self.account.clone(),
                    reserved_concurrency: self.reserved_concurrency.clone(),
                    ephemeral_storage: self.ephemeral_storage.clone(),
                }
            }
        }
    };
}

function_table! {
    /// A function model.
    struct FunctionFile {
        /// Name, for a person.
        #[expect(dead_code, reason = "for a person; checked to be of its kind")]
        name: String,
        /// One line for a person.
        #[expect(dead_code, reason = "for a person; checked to be of its kind")]
        description: String,
    }
}

function_table! {
    /// A function of the experiment.
    struct FunctionEntry {
        /// Name in the results; needed, and different for each function.
        name: String,
        /// A name in models/functions or a path; keys given here win over the model's.
        model: String,
        /// When its requests arrive; left out for a function that the workload's trace names.
        arrivals: Arrivals,
    }
}

function_table! {
    /// Keys of the functions that a trace names.
    struct Defaults {
        /// A name in models/functions or a path.
        model: String,
    }
}

/// The keys of a function wherever they were typed.
#[derive(Clone, Default, Debug)]
pub(crate) struct FunctionKeys {
    pub(crate) runtime: Key<String>,
    pub(crate) memory: Key<Bytes>,
    pub(crate) package: Key<Package>,
    pub(crate) start: Key<Start>,
    pub(crate) service: Key<Service>,
    pub(crate) threads: Key<PositiveCount>,
    pub(crate) timeout: Key<Length>,
    pub(crate) error_rate: Key<Share>,
    pub(crate) crash_rate: Key<Share>,
    pub(crate) source: Key<EventSource>,
    pub(crate) connection: Key<Connection>,
    pub(crate) deployments: Key<Vec<Given<Length>>>,
    pub(crate) layers: Key<Vec<Given<Layer>>>,
    pub(crate) vpc: Key<bool>,
    pub(crate) extension_overhead: Key<Distribution>,
    pub(crate) working_set: Key<WorkingSet>,
    pub(crate) account: Key<String>,
    pub(crate) reserved_concurrency: Key<OrNone<Count>>,
    pub(crate) ephemeral_storage: Key<Bytes>,
}

/// What is deployed: an archive or an image.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 3))]
pub(crate) struct Package {
    /// A zip archive of this size.
    pub(crate) zip: Key<Bytes>,
    /// A container image of this size.
    pub(crate) image: Key<Bytes>,
    /// Size of the archive unpacked, which the platform limits; without it that of the archive.
    pub(crate) unpacked: Key<Bytes>,
    /// How the archive is uploaded; without it by way of an object storage.
    pub(crate) upload: Key<Upload>,
}

/// How an archive is uploaded.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Upload {
    Direct,
    ObjectStorage,
}

/// A layer.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    /// The same name is the same layer, whichever function has it.
    pub(crate) name: Key<String>,
    /// Size of its archive.
    pub(crate) size: Key<Bytes>,
    /// Its size unpacked; without it that of its archive.
    pub(crate) unpacked: Key<Bytes>,
}

/// What init downloads: latency + size ÷ bandwidth.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Download {
    /// All of it.
    pub(crate) size: Key<Bytes>,
    /// At which it comes.
    pub(crate) bandwidth: Key<Bandwidth>,
    /// Before it comes; without it none.
    pub(crate) latency: Key<Distribution>,
}

/// Phases of a start. They are given at one vCPU where the platform says that CPU scales them.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Start {
    /// VM or container, network; without it the platform's.
    pub(crate) sandbox: Key<Distribution>,
    /// Package or image to the host; without it size ÷ the platform's bandwidth.
    pub(crate) fetch: Key<Distribution>,
    /// Interpreter or virtual machine.
    pub(crate) runtime: Key<Distribution>,
    /// Code outside the handler.
    pub(crate) init: Key<Distribution>,
    /// Extensions, which start before the runtime.
    pub(crate) extensions: Key<Distribution>,
    /// Dependencies that init downloads out of an object storage.
    pub(crate) download: Key<Download>,
    /// Hooks before a snapshot is taken, which publishing a version takes longer by and is billed
    /// for; without it no time.
    pub(crate) before_checkpoint: Key<Distribution>,
    /// Memory from a snapshot; without it the platform's.
    pub(crate) restore: Key<Distribution>,
    /// Runtime and hooks after a restore, which are billed; without it no time.
    pub(crate) after_restore: Key<Distribution>,
    /// Lazy loading inside the first handler run.
    pub(crate) first_call: Key<Distribution>,
    /// The same after a restore from a snapshot; without it as long as after a boot.
    pub(crate) restored_first_call: Key<Distribution>,
}

/// How long the handler runs.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    /// At the function's memory.
    Whole(Dist),
    /// By parts.
    Parts(ServiceParts),
    /// As measured by memory.
    ByMemory(DurationCurve),
}

/// A CPU part and an I/O part.
#[derive(Clone, Default, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceParts {
    pub(crate) cpu: Key<Distribution>,
    pub(crate) io: Key<Distribution>,
}

crate::config::dist::shapes! {
    /// A distribution, or a CPU part and an I/O part.
    struct ServiceTable {
        /// At one vCPU.
        cpu: Key<Distribution>,
        /// What does not depend on the CPU.
        io: Key<Distribution>,
        /// Measured lengths by memory, such as { "512 MB" = "3.2 s" }; between two of them the
        /// logarithm of the length is linear in that of memory.
        by_memory: Key<BTreeMap<String, Given<PositiveLength>>>,
        /// The same out of a result of aws-lambda-power-tuning: a JSON file, or the address of its
        /// visualization.
        power_tuning: Key<String>,
        /// What holds outside of the measured memories; without it an error.
        beyond: Key<Beyond>,
    }
}
crate::config::dist::plain_shapes!(ServiceTable);

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Service;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a duration with its unit, such as \"80 ms\", a distribution, or \
                     { cpu = …, io = … }, or { by-memory = … }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Service, E> {
                let span = parse_span(text).map_err(E::custom)?;
                Ok(Service::Whole(Dist::constant(span)))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Service, D::Error> {
                let table = ServiceTable::deserialize(table)?;
                let shapes = table.shapes();
                let curve = DurationCurve {
                    by_memory: table.by_memory,
                    power_tuning: table.power_tuning,
                    beyond: table.beyond,
                };
                let (cpu, io) = (table.cpu, table.io);
                if curve.is_given() {
                    if cpu.is_some() || io.is_some() || !shapes.is_empty() {
                        return Err(de::Error::custom(
                            "`service` by memory has no `cpu`, no `io` and no distribution",
                        ));
                    }
                    return Ok(Service::ByMemory(curve));
                }
                if cpu.is_none() && io.is_none() {
                    let dist = crate::config::dist::only(shapes).map_err(de::Error::custom)?;
                    return Ok(Service::Whole(dist));
                }
                if !shapes.is_empty() {
                    return Err(de::Error::custom(
                        "`service` is either one distribution or `cpu` and `io`",
                    ));
                }
                Ok(Service::Parts(ServiceParts { cpu, io }))
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Service {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Service".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let table = generator.subschema_for::<ServiceTable>();
        json_schema!({ "anyOf": [length, table] })
    }
}

impl Overlay for FunctionKeys {
    fn over(self, base: Self) -> Self {
        Self {
            runtime: self.runtime.or(base.runtime),
            memory: self.memory.or(base.memory),
            package: self.package.or(base.package),
            start: over_inner(self.start, base.start),
            service: over_inner(self.service, base.service),
            threads: self.threads.or(base.threads),
            timeout: self.timeout.or(base.timeout),
            error_rate: self.error_rate.or(base.error_rate),
            crash_rate: self.crash_rate.or(base.crash_rate),
            source: self.source.or(base.source),
            connection: self.connection.or(base.connection),
            deployments: self.deployments.or(base.deployments),
            layers: self.layers.or(base.layers),
            vpc: self.vpc.or(base.vpc),
            extension_overhead: self.extension_overhead.or(base.extension_overhead),
            working_set: self.working_set.or(base.working_set),
            account: self.account.or(base.account),
            reserved_concurrency: self.reserved_concurrency.or(base.reserved_concurrency),
            ephemeral_storage: self.ephemeral_storage.or(base.ephemeral_storage),
        }
    }
}

impl Overlay for Start {
    fn over(self, base: Self) -> Self {
        Self {
            sandbox: self.sandbox.or(base.sandbox),
            fetch: self.fetch.or(base.fetch),
            runtime: self.runtime.or(base.runtime),
            init: self.init.or(base.init),
            extensions: self.extensions.or(base.extensions),
            download: over_inner(self.download, base.download),
            restore: self.restore.or(base.restore),
            before_checkpoint: self.before_checkpoint.or(base.before_checkpoint),
            after_restore: self.after_restore.or(base.after_restore),
            first_call: self.first_call.or(base.first_call),
            restored_first_call: self.restored_first_call.or(base.restored_first_call),
        }
    }
}

impl Overlay for Download {
    fn over(self, base: Self) -> Self {
        Self {
            size: self.size.or(base.size),
            bandwidth: self.bandwidth.or(base.bandwidth),
            latency: self.latency.or(base.latency),
        }
    }
}

impl Overlay for Service {
    fn over(self, base: Self) -> Self {
        match (self, base) {
            (Self::Parts(over), Self::Parts(base)) => Self::Parts(ServiceParts {
                cpu: over.cpu.or(base.cpu),
                io: over.io.or(base.io),
            }),
            (over, _) => over,
        }
    }
}
