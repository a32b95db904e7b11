//! A platform with what the experiment overrides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::dist::Distribution;
use crate::config::embedded::ModelKind;
use crate::config::names::{did_you_mean, list};
use crate::config::quantity::{Bandwidth, Bytes, Date};
use crate::config::source::Place;
use crate::config::typed::event_source::Sources;
use crate::config::typed::experiment::{AccountEntry, Tables};
use crate::config::typed::platform::{
    Binding, CacheLevel, ClientRetry, Cpu, ImageLoading, Jitter, KeepAlive, Limits, Overflow,
    Phase, PlatformFile, PlatformStart, Reset, RetryOn, Routing, ScalingEra, ScalingRate, Scope,
    VpcEra,
};
use crate::config::typed::resource::ResourceEntry;
use crate::config::typed::source_limits::SourceLimits;
use crate::config::typed::{Key, Overlay, over_inner, value};
use crate::dist::Dist;
use crate::model;
use crate::units::{Memory, Span};

use super::Context;
use super::prices::PriceFacts;
use super::snapshot::SnapshotFacts;

/// A platform, with what functions and policies are checked and completed by.
pub(super) struct PlatformFacts {
    pub(super) platform: Arc<model::Platform>,
    pub(super) name: String,
    pub(super) start: StartFacts,
    pub(super) snapshot: Option<SnapshotFacts>,
    pub(super) limits: LimitFacts,
    /// Sources of requests as the platform has them.
    pub(super) sources: Sources,
    /// What the sources of functions may be.
    pub(super) source_limits: SourceLimits,
    pub(super) observed: BTreeMap<String, model::KeepAlive>,
    pub(super) prices: Option<PriceFacts>,
    /// Where the quota was typed.
    pub(super) default_quota_place: Option<Place>,
    /// The same for each further account.
    pub(super) account_quotas: Vec<Option<Place>>,
    /// Where the routing was typed.
    pub(super) routing_place: Option<Place>,
    /// Where the maximum life was typed.
    pub(super) max_life_place: Option<Place>,
}

/// What the platform decides of a start.
pub(super) struct StartFacts {
    pub(super) sandbox: Dist,
    pub(super) bandwidth: Option<f64>,
    /// Probability that a host has a layer of one function already.
    pub(super) layer_cached: f64,
    pub(super) image: Option<ImageRules>,
    /// What a private network adds on the day of the experiment.
    pub(super) vpc: Option<Dist>,
    /// The day of the experiment and the first that has one, where there was none yet.
    pub(super) no_vpc_on: Option<(Date, Date)>,
}

/// How images are loaded.
pub(super) struct ImageRules {
    chunk: Memory,
    read_share: f64,
    parallel: u32,
    levels: Vec<model::CacheLevel>,
}

impl ImageRules {
    /// What a start reads of an image.
    pub(super) fn of_size(&self, size: Memory) -> model::ImageFetch {
        let read = size.bytes() as f64 * self.read_share;
        model::ImageFetch {
            chunks: (read / self.chunk.bytes() as f64).ceil() as u64,
            parallel: self.parallel,
            levels: self.levels.clone(),
        }
    }
}

/// What a function may be.
pub(super) struct LimitFacts {
    pub(super) min_memory: Option<Memory>,
    pub(super) max_memory: Option<Memory>,
    pub(super) max_zip: Option<Memory>,
    pub(super) max_upload: Option<Memory>,
    pub(super) max_layers: Option<u32>,
    pub(super) max_image: Option<Memory>,
    pub(super) max_timeout: Option<Span>,
    pub(super) max_ephemeral_storage: Option<Memory>,
}

/// Keys of the experiment that choose and change its platform.
pub(super) struct PlatformChoice<'a> {
    pub(super) named: &'a Given<String>,
    pub(super) overrides: Option<&'a Given<PlatformFile>>,
    pub(super) accounts: &'a Key<Tables<AccountEntry>>,
    pub(super) resources: &'a Key<Tables<ResourceEntry>>,
    pub(super) date: &'a Key<Date>,
    pub(super) free_tier: bool,
}

/// A limit that may be switched off.
pub(super) fn limit<T: Copy>(key: &Key<OrNone<T>>) -> Option<T> {
    match value(key) {
        Some(OrNone::Some(limit)) => Some(*limit),
        _ => None,
    }
}

impl Context {
    pub(super) fn platform(&self, choice: &PlatformChoice<'_>) -> Option<PlatformFacts> {
        let (table, base): (Place, PlatformFile) = self.model(ModelKind::Platform, choice.named)?;
        let keys = match choice.overrides.and_then(Given::get) {
            Some(overrides) => overrides.clone().over(base),
            None => base,
        };
        self.not_in_this_version(&keys);
        let observed: BTreeMap<String, model::KeepAlive> = keys
            .observed_keep_alive
            .iter()
            .filter_map(|(name, seen)| {
                // An observation is not another one's name.
                let none = BTreeMap::new();
                let keep = self.keep_alive(&seen.get()?.value, seen.place, &none)?;
                Some((name.clone(), keep))
            })
            .collect();
        let keep_alive = self
            .need(&keys.keep_alive, table, "the platform", "keep-alive")
            .and_then(|keep| {
                let place = keys.keep_alive.as_ref().map_or(table, |key| key.place);
                self.keep_alive(keep, place, &observed)
            });
        let client_retry = self.client_retry(&keys.client_retry);
        let cpu = self.cpu(keys.cpu.as_ref());
        let snapshot = self.snapshot_rules(&keys.snapshot);
        let provisioned = self.provisioned_rules(&keys.provisioned, choice.date);
        let prices = match &keys.prices {
            Some(Given {
                place,
                value: Some(OrNone::Some(name)),
            }) => self.prices(
                &Given {
                    place: *place,
                    value: Some(name.clone()),
                },
                choice.date,
                choice.free_tier,
            ),
            _ => None,
        };
        let list = prices.as_ref().map(|facts| &facts.prices);
        let of_list = || list.and_then(|list| list.region.as_deref());
        let region = value(&keys.region).map(String::as_str).or_else(of_list);
        let rate_typed = self.rate_of_era(&keys, choice.date, region);
        let default = self.default_account(&keys, rate_typed);
        let accounts = self.accounts(choice.accounts, &default);
        let (accounts, account_quotas) = accounts.into_iter().unzip();
        let named = choice.named.get()?.clone();
        let name = value(&keys.name).cloned().unwrap_or(named);
        let start = self.start_facts(value(&keys.start), choice.date);
        let platform = model::Platform {
            name: name.clone(),
            routing: routing(value(&keys.routing)),
            keep_alive: keep_alive.unwrap_or(model::KeepAlive::Never),
            max_life: self.max_life(&keys.max_life),
            concurrency_quota: default.limits.concurrency_quota,
            unreserved_minimum: default.limits.unreserved_minimum,
            requests_per_second: default.limits.requests_per_second,
            requests_per_concurrency: default.requests_per_concurrency,
            scaling_rate: default.limits.scaling_rate,
            overflow: overflow(value(&keys.overflow)),
            client_retry,
            gateway_throttle: self.gateway_throttle(&keys.gateway_throttle),
            resources: self.resources(choice.resources),
            workflows: self.workflow_rules(value(&keys.workflows)),
            reset: match value(&keys.reset) {
                Some(Reset::SuppressedInit) => model::Reset::SuppressedInit,
                Some(Reset::Retire) | None => model::Reset::Retire,
            },
            cpu,
            provisioned,
            init_limit: limit(&keys.init_limit).map(|length| length.0),
            prices: prices.as_ref().map(|facts| facts.prices.clone()),
            accounts,
        };
        Some(PlatformFacts {
            platform: Arc::new(platform),
            name,
            start,
            snapshot,
            limits: limits(value(&keys.limits)),
            sources: value(&keys.sources).cloned().unwrap_or_default(),
            source_limits: value(&keys.source_limits).cloned().unwrap_or_default(),
            observed,
            prices,
            account_quotas,
            default_quota_place: keys.concurrency_quota.as_ref().map(|key| key.place),
            routing_place: keys.routing.as_ref().map(|key| key.place),
            max_life_place: keys.max_life.as_ref().map(|key| key.place),
        })
    }

    /// How long an instance may live; `None` is for ever.
    fn max_life(&self, key: &Key<OrNone<Distribution>>) -> Option<Dist> {
        let given = key.as_ref()?;
        let OrNone::Some(life) = given.get()? else {
            return None;
        };
        if life.0.is_zero() {
            self.fault(
                Fault::new("a `max-life` of zero would end instances before they serve")
                    .at(given.place)
                    .note("to keep no idle instance, give keep-alive = \"none\""),
            );
        }
        Some(life.0.clone())
    }

    fn not_in_this_version(&self, keys: &PlatformFile) {
        if let Some(key) = &keys.requests_per_instance
            && key.get().is_some_and(|requests| requests.0 != 1)
        {
            self.fault(
                Fault::new("more than one request an instance is not in this version")
                    .label(key.place, "only 1"),
            );
        }
        if let Some(key) = &keys.binding
            && key.get() == Some(&Binding::Late)
        {
            self.fault(
                Fault::new("late binding is not in this version")
                    .label(key.place, "only \"early\""),
            );
        }
    }

    /// A keep-alive, with an observation looked up.
    pub(super) fn keep_alive(
        &self,
        keep: &KeepAlive,
        place: Place,
        observed: &BTreeMap<String, model::KeepAlive>,
    ) -> Option<model::KeepAlive> {
        match keep {
            KeepAlive::Never => Some(model::KeepAlive::Never),
            KeepAlive::ForEver => Some(model::KeepAlive::ForEver),
            KeepAlive::For {
                instance,
                function: None,
            } => Some(model::KeepAlive::For(instance.clone())),
            KeepAlive::For {
                instance,
                function: Some(function),
            } => Some(model::KeepAlive::TwoClocks {
                instance: instance.clone(),
                function: *function,
            }),
            KeepAlive::Observed(name) => {
                if let Some(keep) = observed.get(name) {
                    return Some(keep.clone());
                }
                let names = || observed.keys().map(String::as_str);
                let title = format!("the platform has no observed keep-alive `{name}`");
                let mut fault = Fault::new(title).at(place);
                if let Some(hint) = did_you_mean(name, names()) {
                    fault = fault.note(hint);
                }
                self.fault(fault.note(format!("observed: {}", list(names()))));
                None
            }
        }
    }

    /// The scaling rate as given, where it leaves something open as in the era of the day and the
    /// region.
    fn rate_of_era(
        &self,
        keys: &PlatformFile,
        date: &Key<Date>,
        region: Option<&str>,
    ) -> Key<OrNone<ScalingRate>> {
        let mut eras: Vec<(Place, &ScalingEra)> = keys
            .scaling_era
            .values()
            .filter_map(|era| Some((era.place, era.get()?)))
            .collect();
        eras.sort_by_key(|(_, era)| era.from);
        let given = &keys.scaling_rate;
        let era = match date {
            None => eras.last(),
            Some(date) => {
                let Some(day) = date.get() else {
                    return given.clone();
                };
                let era = eras.iter().rev().find(|(_, era)| era.from <= *day);
                if let (None, None, Some((_, first))) = (era, given, eras.first()) {
                    let title = format!("the platform has no rule of scaling for {day}");
                    let note = format!("they begin with {}", first.from);
                    let remedy = "give `scaling-rate` in [platform-override], or a later `date`";
                    let fault = Fault::new(title).at(date.place);
                    self.fault(fault.note(note).note(remedy));
                }
                era
            }
        };
        let Some((place, era)) = era else {
            return given.clone();
        };
        let mut rate = era.rate.clone();
        if let Some(burst) = region.and_then(|region| era.bursts.get(region)) {
            rate.burst = Some(burst.clone());
        }
        let of_era = Given {
            place: *place,
            value: Some(OrNone::Some(rate)),
        };
        over_inner(given.clone(), Some(of_era))
    }

    pub(super) fn scaling_rate(
        &self,
        key: &Key<OrNone<ScalingRate>>,
    ) -> Option<model::ScalingRate> {
        let given = key.as_ref()?;
        let OrNone::Some(rate) = given.get()? else {
            return None;
        };
        let instances = self.need(&rate.instances, given.place, "`scaling-rate`", "instances");
        let every = self.need(&rate.every, given.place, "`scaling-rate`", "every");
        let instances = instances?.0;
        Some(model::ScalingRate {
            burst: value(&rate.burst).map_or(instances, |burst| burst.0),
            instances,
            every: every?.0,
            per: match value(&rate.per) {
                Some(Scope::Account) => model::RateScope::Account,
                Some(Scope::Function) | None => model::RateScope::Function,
            },
        })
    }

    fn client_retry(&self, key: &Key<OrNone<ClientRetry>>) -> Option<model::ClientRetry> {
        let given = key.as_ref()?;
        let OrNone::Some(retry) = given.get()? else {
            return None;
        };
        if let Some(key) = &retry.on
            && key.get().is_some_and(Vec::is_empty)
        {
            let fault = Fault::new("`on` is empty: nothing would be tried again").at(key.place);
            self.fault(fault.note("give client-retry = \"none\", or leave out `on`"));
        }
        let attempts = self.need(&retry.attempts, given.place, "`client-retry`", "attempts");
        let first = self.need(&retry.first, given.place, "`client-retry`", "first");
        Some(model::ClientRetry {
            attempts: attempts?.0,
            first: first?.0,
            factor: value(&retry.factor).map_or(2.0, |factor| factor.0),
            jitter: match value(&retry.jitter) {
                Some(Jitter::None) => model::Jitter::None,
                Some(Jitter::Full) | None => model::Jitter::Full,
            },
            on: value(&retry.on).map_or(model::RetryOn::THROTTLED, |on| {
                let has = |wanted| on.iter().any(|one| one.get() == Some(&wanted));
                model::RetryOn {
                    throttled: has(RetryOn::Throttled),
                    failed: has(RetryOn::Failed),
                    timed_out: has(RetryOn::TimedOut),
                }
            }),
        })
    }

    fn cpu(&self, key: Option<&Given<Cpu>>) -> model::Cpu {
        // One byte is less memory than any function has: everybody has one whole vCPU.
        let whole = model::Cpu {
            one_vcpu_at: Memory::from_bytes(1),
            max_vcpus: 1.0,
            scales: Vec::new(),
        };
        let Some(given) = key else { return whole };
        let Some(cpu) = given.get() else { return whole };
        let Some(at) = self.need(&cpu.one_vcpu_at, given.place, "`cpu`", "one-vcpu-at") else {
            return whole;
        };
        let scales = value(&cpu.scales).into_iter().flatten();
        model::Cpu {
            one_vcpu_at: at.0,
            max_vcpus: value(&cpu.max_vcpus).map_or(1.0, |max| max.0),
            scales: scales.filter_map(Given::get).copied().map(phase).collect(),
        }
    }

    fn start_facts(&self, typed: Option<&PlatformStart>, date: &Key<Date>) -> StartFacts {
        let typed = typed.cloned().unwrap_or_default();
        let mut eras: Vec<&VpcEra> = value(&typed.vpc)
            .into_iter()
            .flatten()
            .filter_map(Given::get)
            .collect();
        eras.sort_by_key(|era| era.from);
        let day = value(date);
        let era = eras
            .iter()
            .rev()
            .find(|era| day.is_none_or(|day| era.from <= *day));
        let before = day.zip(eras.first()).filter(|_| era.is_none());
        StartFacts {
            sandbox: value(&typed.sandbox).map_or(Dist::ZERO, |sandbox| sandbox.0.clone()),
            bandwidth: bandwidth(value(&typed.bandwidth)),
            layer_cached: value(&typed.layer_cached).map_or(0.0, |share| share.0),
            image: self.image_rules(&typed.image),
            vpc: era.map(|era| era.adds.0.clone()),
            no_vpc_on: before.map(|(day, first)| (*day, first.from)),
        }
    }

    fn image_rules(&self, key: &Key<OrNone<ImageLoading>>) -> Option<ImageRules> {
        let given = key.as_ref()?;
        let OrNone::Some(typed) = given.get()? else {
            return None;
        };
        let chunk = self.need(&typed.chunk, given.place, "`image`", "chunk");
        let share = self.need(&typed.read_share, given.place, "`image`", "read-share");
        let listed = self.need(&typed.levels, given.place, "`image`", "levels")?;
        let mut left = 1.0;
        let mut levels = Vec::with_capacity(listed.len());
        for (number, level) in listed.iter().enumerate() {
            let typed: &CacheLevel = level.get()?;
            let last = number + 1 == listed.len();
            let hit = match &typed.hit {
                Some(hit) if last => {
                    let title = "the last level serves what the others do not: leave out `hit`";
                    self.fault(Fault::new(title).at(hit.place));
                    return None;
                }
                None if last => left,
                _ => self.need(&typed.hit, level.place, "this level", "hit")?.0,
            };
            if hit > left + 1e-9 {
                self.fault(Fault::new("the hits are more than 1 together").at(level.place));
                return None;
            }
            left = (left - hit).max(0.0);
            let latency = self
                .need(&typed.latency, level.place, "this level", "latency")?
                .0;
            let transfer = match (chunk, bandwidth(value(&typed.bandwidth))) {
                (Some(chunk), Some(bandwidth)) => {
                    Span::from_secs(chunk.0.bytes() as f64 / bandwidth)
                }
                _ => Span::ZERO,
            };
            levels.push(model::CacheLevel {
                hit,
                chunk: latency + transfer,
            });
        }
        if levels.is_empty() {
            self.fault(Fault::new("`levels` needs at least one level").at(given.place));
            return None;
        }
        Some(ImageRules {
            chunk: chunk?.0,
            read_share: share?.0,
            parallel: value(&typed.parallel).map_or(1, |count| count.0),
            levels,
        })
    }
}

pub(super) fn bandwidth(typed: Option<&Bandwidth>) -> Option<f64> {
    typed.map(|bandwidth| bandwidth.0)
}

fn routing(typed: Option<&Routing>) -> model::Routing {
    match typed {
        None | Some(Routing::MostRecentlyUsed) => model::Routing::MostRecentlyUsed,
        Some(Routing::LeastRecentlyUsed) => model::Routing::LeastRecentlyUsed,
        Some(Routing::Newest) => model::Routing::Newest,
        Some(Routing::Oldest) => model::Routing::Oldest,
        Some(Routing::Random) => model::Routing::Random,
    }
}

fn overflow(typed: Option<&Overflow>) -> model::Overflow {
    match typed {
        None | Some(Overflow::Throttle) => model::Overflow::Throttle,
        Some(Overflow::Queue(queue)) => model::Overflow::Queue {
            length: limit(&queue.length).map(|length| length.0),
            max_wait: limit(&queue.max_wait).map(|wait| wait.0),
        },
    }
}

fn phase(typed: Phase) -> model::Phase {
    match typed {
        Phase::Sandbox => model::Phase::Sandbox,
        Phase::Fetch => model::Phase::Fetch,
        Phase::Runtime => model::Phase::Runtime,
        Phase::Init => model::Phase::Init,
        Phase::Restore => model::Phase::Restore,
        Phase::FirstCall => model::Phase::FirstCall,
        Phase::Service => model::Phase::Service,
    }
}

/// What a function may be: what the platform does not limit has no limit.
fn limits(typed: Option<&Limits>) -> LimitFacts {
    let typed = typed.cloned().unwrap_or_default();
    let memory = |key: &Key<OrNone<Bytes>>| limit(key).map(|bytes| bytes.0);
    LimitFacts {
        min_memory: memory(&typed.min_memory),
        max_memory: memory(&typed.max_memory),
        max_zip: memory(&typed.max_zip),
        max_upload: memory(&typed.max_upload),
        max_layers: limit(&typed.max_layers).map(|count| count.0),
        max_image: memory(&typed.max_image),
        max_timeout: limit(&typed.max_timeout).map(|length| length.0),
        max_ephemeral_storage: memory(&typed.max_ephemeral_storage),
    }
}
