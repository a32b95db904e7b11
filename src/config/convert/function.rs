//! A function with its model's keys and the platform's rules applied.

use std::collections::BTreeMap;

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::dist::Distribution;
use crate::config::names::list;
use crate::config::quantity::Length;
use crate::config::source::Place;
use crate::config::typed::function::{FunctionKeys, Service};
use crate::config::typed::{Key, Overlay, value};
use crate::dist::Dist;
use crate::model::{self, Phase};
use crate::trace::TraceFunction;
use crate::units::{Memory, Span, Time, format_span};

use super::Context;
use super::package::LayerFacts;
use super::platform::{PlatformFacts, limit};
use super::start::working_set;

/// Memory of a function that gives none, as on AWS Lambda.
const DEFAULT_MEMORY_MB: f64 = 128.0;
/// Functions that a warning about many of them names.
const CUT_NAMED: usize = 3;
/// So much longer than its timeout a trace may have a request that the timeout did cut: a row that
/// is to be cut again has to be longer, be it by a rounding.
const RECORDED_LATE: Span = Span::from_nanos(2_000_000);
/// Runtime of a function that gives none: one's own binary.
const DEFAULT_RUNTIME: &str = "provided.al2023";

/// All that a function is made from.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    /// The table that stands for it in an error.
    pub(super) table: Place,
    /// Keys of `[[function]]` and `[defaults]`.
    pub(super) own: FunctionKeys,
    /// Keys of its model.
    pub(super) model: Option<FunctionKeys>,
    /// Whether its model is at fault, so that keys may be missing for that.
    pub(super) gap: bool,
    /// Whether each of its requests brings a recorded service time.
    pub(super) recorded: bool,
    pub(super) traced: Option<&'a TraceFunction>,
    /// The longest recorded service time.
    pub(super) longest: Option<Span>,
}

/// A checked function, with where its keys were typed.
pub(super) struct FunctionFacts {
    pub(super) function: model::Function,
    pub(super) runtime_place: Place,
    /// What an error says about that place.
    pub(super) runtime_label: &'static str,
    pub(super) package_place: Place,
    pub(super) reserved_place: Place,
    pub(super) timeout_place: Place,
    /// What says how long it runs, where that does not depend on its memory.
    pub(super) flat_service: Option<Place>,
    /// The longest service time that the trace brings.
    pub(super) longest: Option<Span>,
    /// Its layers, by name.
    pub(super) layers: Vec<LayerFacts>,
    /// Whether a part is at fault: what follows from the rest is not told.
    pub(super) gap: bool,
}

/// Whether init and snapshots are charged for.
fn billed(runtime: &str, package: model::Package, platform: &PlatformFacts) -> (bool, bool) {
    let Some(facts) = &platform.prices else {
        return (false, false);
    };
    let image = matches!(package, model::Package::Image(_));
    let own_runtime = image || runtime.starts_with("provided");
    let init = facts.prices.billing.init == model::InitBilling::All || own_runtime;
    let mut free = facts.snapshot_free.iter();
    let snapshot = !free.any(|free| runtime.starts_with(free.as_str()));
    (init, snapshot)
}

impl Context {
    pub(super) fn function(&self, parts: Parts<'_>, platform: &PlatformFacts) -> FunctionFacts {
        let Parts {
            name,
            table,
            own,
            model,
            gap,
            recorded,
            traced,
            longest,
        } = parts;
        let before = self.faults.pushed();
        let modelled = model.is_some();
        let trace_memory = traced.and_then(|function| function.memory);
        let trace_service = traced.and_then(|function| function.service.clone());
        let mut base = model.unwrap_or_default();
        if trace_memory.is_some() {
            base.memory = None;
        }
        if trace_service.is_some() {
            base.service = None;
        }
        let brought = recorded || (trace_service.is_some() && own.service.is_none());
        if brought {
            // It was chosen for the model's own service.
            base.timeout = None;
        }
        let keys = own.over(base);
        let place = |place: Option<Place>| place.unwrap_or(table);
        let memory = self.memory(&keys, trace_memory, table, platform);
        let (package, package_place) = self.package(&keys, table, platform);
        self.check_runtime(&keys.runtime);
        let runtime = value(&keys.runtime)
            .cloned()
            .unwrap_or_else(|| DEFAULT_RUNTIME.to_owned());
        let most = platform.limits.max_timeout.filter(|_| brought);
        let timeout = self.timeout(&keys, platform).or(most);
        let threads = value(&keys.threads).map_or(1, |count| count.0);
        let scaled = |dist: Dist, phase: Phase| {
            if platform.platform.cpu.scales.contains(&phase) {
                let threads = if phase == Phase::Service { threads } else { 1 };
                // One that is next to nothing would make lengths that are not finite.
                let vcpus = platform.platform.cpu.vcpus(memory, threads).max(1e-6);
                dist.scaled(1.0 / vcpus)
            } else {
                dist
            }
        };
        let service = if (gap || recorded) && keys.service.is_none() && trace_service.is_none() {
            None
        } else {
            self.service(
                &keys,
                trace_service,
                (name, memory),
                table,
                modelled,
                &scaled,
            )
        };
        let source = self.event_source(&keys.source, timeout, platform);
        let start = self.start_phases(&keys, (memory, &runtime), package, platform, &scaled);
        let layers = self.layers(&keys, package_place, package, platform);
        self.warn_of_starts(&keys, memory, &start, platform);
        self.doubt_function(&keys, (memory, timeout), service.as_ref(), platform);
        let (init_billed, snapshot_billed) = billed(&runtime, package, platform);
        FunctionFacts {
            runtime_place: place(keys.runtime.as_ref().map(|key| key.place)),
            runtime_label: runtime_label(&keys),
            package_place,
            layers,
            gap: gap || self.faults.pushed() > before,
            timeout_place: place(keys.timeout.as_ref().map(|key| key.place)),
            flat_service: flat_service(&keys, brought, table),
            longest: longest.filter(|_| brought),
            reserved_place: place(keys.reserved_concurrency.as_ref().map(|key| key.place)),
            function: model::Function {
                name: name.to_owned(),
                runtime,
                memory,
                package,
                start,
                service: service.unwrap_or(model::Service {
                    cpu: Dist::ZERO,
                    io: Dist::ZERO,
                }),
                timeout,
                error_rate: value(&keys.error_rate).map_or(0.0, |rate| rate.0),
                crash_rate: value(&keys.crash_rate).map_or(0.0, |rate| rate.0),
                source,
                scheduled: false,
                connection: self.connection(&keys.connection, platform),
                deployments: deployments(&keys.deployments),
                account: self.account_number(&keys.account, platform),
                reserved_concurrency: limit(&keys.reserved_concurrency).map(|count| count.0),
                ephemeral_storage: self.ephemeral_storage(&keys.ephemeral_storage, platform),
                init_billed,
                snapshot_billed,
                extension_overhead: value(&keys.extension_overhead)
                    .map_or(Dist::ZERO, |overhead| overhead.0.clone()),
                working_set: working_set(&keys),
            },
        }
    }

    fn memory(
        &self,
        keys: &FunctionKeys,
        traced: Option<Memory>,
        table: Place,
        platform: &PlatformFacts,
    ) -> Memory {
        let (least, most) = (platform.limits.min_memory, platform.limits.max_memory);
        let Some(key) = &keys.memory else {
            // A trace tells what was used, which may be less than can be configured.
            let used = traced.unwrap_or(Memory::from_mb(DEFAULT_MEMORY_MB));
            let memory = least.map_or(used, |least| used.max(least));
            let memory = most.map_or(memory, |most| memory.min(most));
            if traced.is_some() && memory != used {
                let title = format!(
                    "memory of the trace that `{}` does not offer is taken for the nearest it does",
                    platform.name
                );
                self.fault(Fault::warning(title).at(table));
            }
            return memory;
        };
        let Some(memory) = key.get().map(|bytes| bytes.0) else {
            return Memory::from_mb(DEFAULT_MEMORY_MB);
        };
        let below = least.is_some_and(|least| memory < least);
        let above = most.is_some_and(|most| memory > most);
        if below || above {
            let range = match (least, most) {
                (Some(least), Some(most)) => format!("from {} to {} MB", least.mb(), most.mb()),
                (Some(least), None) => format!("of {} MB or more", least.mb()),
                (None, Some(most)) => format!("of at most {} MB", most.mb()),
                (None, None) => String::new(),
            };
            self.fault(
                Fault::new(format!(
                    "`{}` has no memory of {}",
                    platform.name,
                    self.bare(key.place)
                ))
                .at(key.place)
                .note(format!("allowed: memory {range}")),
            );
        }
        memory
    }

    fn timeout(&self, keys: &FunctionKeys, platform: &PlatformFacts) -> Option<Span> {
        let key = keys.timeout.as_ref()?;
        let timeout = key.get()?.0;
        let most = platform.limits.max_timeout;
        if timeout.is_zero() {
            self.fault(Fault::new("a timeout of zero would cut every request").at(key.place));
        } else if let Some(most) = most.filter(|most| timeout > *most) {
            self.fault(
                Fault::new(format!(
                    "`{}` has no timeout of {}",
                    platform.name,
                    self.bare(key.place)
                ))
                .at(key.place)
                .note(format!("allowed: at most {} s", most.secs())),
            );
        }
        Some(timeout)
    }

    /// Warns where a timeout cuts what a trace has recorded, once for all that it cuts.
    pub(super) fn warn_of_cuts(&self, functions: &[FunctionFacts]) {
        let mut cuts: BTreeMap<(Place, Span), Vec<&FunctionFacts>> = BTreeMap::new();
        for facts in functions {
            if let (Some(longest), Some(timeout)) = (facts.longest, facts.function.timeout)
                && longest > timeout + RECORDED_LATE
            {
                cuts.entry((facts.timeout_place, timeout))
                    .or_default()
                    .push(facts);
            }
        }
        for ((place, timeout), cut) in cuts {
            let first = cut.iter().take(CUT_NAMED);
            let mut names = list(first.map(|facts| facts.function.name.as_str()));
            if cut.len() > CUT_NAMED {
                let more = cut.len() - CUT_NAMED;
                names = format!("{names} and {more} more functions");
            }
            let title = format!(
                "a timeout of {} cuts recorded requests of {names}",
                format_span(timeout)
            );
            let longest = cut.iter().filter_map(|facts| facts.longest).max();
            let longest = format_span(longest.unwrap_or(timeout));
            let fault = Fault::warning(title).at(place);
            self.fault(fault.note(format!("the longest was recorded with {longest}")));
        }
    }

    fn service(
        &self,
        keys: &FunctionKeys,
        traced: Option<Dist>,
        (name, memory): (&str, Memory),
        table: Place,
        modelled: bool,
        scaled: &dyn Fn(Dist, Phase) -> Dist,
    ) -> Option<model::Service> {
        let whole = |io: Dist| model::Service {
            cpu: Dist::ZERO,
            io,
        };
        let Some(key) = &keys.service else {
            if let Some(dist) = traced {
                return Some(whole(dist));
            }
            let title = if modelled {
                format!("function `{name}` lacks `service`, and so does its model")
            } else {
                format!("function `{name}` lacks `service`")
            };
            self.fault(
                Fault::new(title)
                    .at(table)
                    .note("give `service`, such as service = \"80 ms\", or a `model` that has it"),
            );
            return None;
        };
        match key.get()? {
            Service::Whole(dist) => Some(whole(dist.clone())),
            Service::ByMemory(curve) => {
                let length = self.length_at(curve, memory, key.place)?;
                Some(whole(Dist::constant(length)))
            }
            Service::Parts(parts) => {
                let part = |part: &Key<Distribution>, key_name: &str| {
                    self.need(part, key.place, "`service`", key_name)
                        .map(|dist| dist.0.clone())
                };
                let (cpu, io) = (part(&parts.cpu, "cpu"), part(&parts.io, "io"));
                Some(model::Service {
                    cpu: scaled(cpu?, Phase::Service),
                    io: io?,
                })
            }
        }
    }

    /// A sweep over memory that leaves the service as it is mostly is not what was meant.
    pub(super) fn warn_of_plain_service(&self, keys: &FunctionKeys, platform: &PlatformFacts) {
        if !platform.platform.cpu.scales.contains(&Phase::Service) {
            return;
        }
        let (
            Some(memory),
            Some(Given {
                place: service,
                value: Some(Service::Whole(_)),
            }),
        ) = (&keys.memory, &keys.service)
        else {
            return;
        };
        let inside =
            |list: &Place| list.start <= memory.place.start && memory.place.end <= list.end;
        for (key, values) in &self.swept_memory {
            if inside(values) {
                self.fault(
                    Fault::warning("memory is swept, but the service does not change with it")
                        .at(*key)
                        .label(*service, "given at the function's memory")
                        .note("give service = { cpu = …, io = … }, with `cpu` at one vCPU"),
                );
            }
        }
    }
}

/// What says how long a function runs, where that does not depend on its memory: a service of one
/// distribution, or times of a trace. One of no length changes nothing.
fn flat_service(keys: &FunctionKeys, brought: bool, table: Place) -> Option<Place> {
    let Some(key) = &keys.service else {
        return brought.then_some(table);
    };
    match key.get()? {
        Service::Whole(dist) if dist.as_constant() != Some(Span::ZERO) => Some(key.place),
        _ => None,
    }
}

/// What an error says about where the runtime was typed.
fn runtime_label(keys: &FunctionKeys) -> &'static str {
    if keys.runtime.is_some() {
        "the runtime"
    } else {
        "has no `runtime`"
    }
}

/// When new versions are deployed, in order.
fn deployments(key: &Key<Vec<Given<Length>>>) -> Vec<Time> {
    let given = value(key).into_iter().flatten().filter_map(Given::get);
    let mut times: Vec<Time> = given.map(|length| Time::ZERO + length.0).collect();
    times.sort_unstable();
    times.dedup();
    times
}
