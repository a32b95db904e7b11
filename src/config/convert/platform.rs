//! A platform with what the experiment overrides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::embedded::ModelKind;
use crate::config::names::{did_you_mean, list};
use crate::config::quantity::{Bandwidth, Bytes, Date};
use crate::config::source::Place;
use crate::config::typed::experiment::{AccountEntry, Tables};
use crate::config::typed::platform::{
    Binding, ClientRetry, Cpu, Jitter, KeepAlive, Limits, Overflow, Phase, PlatformFile, Routing,
    ScalingEra, ScalingRate, Scope, SnapshotRules,
};
use crate::config::typed::{Key, Overlay, over_inner, value};
use crate::dist::Dist;
use crate::model;
use crate::units::{Memory, Span};

use super::Context;
use super::prices::PriceFacts;

/// A platform, with what functions and policies are checked and completed by.
pub(super) struct PlatformFacts {
    pub(super) platform: Arc<model::Platform>,
    pub(super) name: String,
    pub(super) sandbox: Dist,
    pub(super) bandwidth: Option<f64>,
    pub(super) snapshot: Option<SnapshotFacts>,
    pub(super) limits: LimitFacts,
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

/// What a restore takes, and who can be restored.
pub(super) struct SnapshotFacts {
    pub(super) restore: Dist,
    pub(super) bandwidth: Option<f64>,
    /// Runtimes with their lowest version.
    pub(super) runtimes: Vec<String>,
}

/// What a function may be.
pub(super) struct LimitFacts {
    pub(super) min_memory: Option<Memory>,
    pub(super) max_memory: Option<Memory>,
    pub(super) max_zip: Option<Memory>,
    pub(super) max_image: Option<Memory>,
    pub(super) max_timeout: Option<Span>,
}

/// Keys of the experiment that choose and change its platform.
pub(super) struct PlatformChoice<'a> {
    pub(super) named: &'a Given<String>,
    pub(super) overrides: Option<&'a Given<PlatformFile>>,
    pub(super) accounts: &'a Key<Tables<AccountEntry>>,
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
        let of_list = || prices.as_ref().and_then(|facts| facts.region.as_deref());
        let region = value(&keys.region).map(String::as_str).or_else(of_list);
        let rate_typed = self.rate_of_era(&keys, choice.date, region);
        let default = self.default_account(&keys, rate_typed);
        let accounts = self.accounts(choice.accounts, &default);
        let (accounts, account_quotas) = accounts.into_iter().unzip();
        if let (Some(OrNone::Some(life)), Some(key)) = (value(&keys.max_life), &keys.max_life)
            && life.0.is_zero()
        {
            self.fault(
                Fault::new("a `max-life` of zero would end instances before they serve")
                    .at(key.place)
                    .note("to keep no idle instance, give keep-alive = \"none\""),
            );
        }
        let named = choice.named.get()?.clone();
        let name = value(&keys.name).cloned().unwrap_or(named);
        let start = value(&keys.start);
        let rules = value(&keys.provisioned);
        let platform = model::Platform {
            name: name.clone(),
            routing: routing(value(&keys.routing)),
            keep_alive: keep_alive.unwrap_or(model::KeepAlive::Never),
            max_life: match value(&keys.max_life) {
                Some(OrNone::Some(life)) => Some(life.0.clone()),
                _ => None,
            },
            concurrency_quota: default.limits.concurrency_quota,
            unreserved_minimum: default.limits.unreserved_minimum,
            requests_per_second: default.limits.requests_per_second,
            requests_per_concurrency: default.requests_per_concurrency,
            scaling_rate: default.limits.scaling_rate,
            overflow: overflow(value(&keys.overflow)),
            client_retry,
            cpu,
            provisioned: model::ProvisionedRules {
                delay: rules
                    .and_then(|rules| value(&rules.delay))
                    .map_or(Dist::ZERO, |delay| delay.0.clone()),
                instances_per_minute: rules
                    .and_then(|rules| limit(&rules.instances_per_minute))
                    .map(|count| count.0),
            },
            prices: prices.as_ref().map(|facts| facts.prices.clone()),
            accounts,
        };
        Some(PlatformFacts {
            platform: Arc::new(platform),
            name,
            sandbox: start
                .and_then(|start| value(&start.sandbox))
                .map_or(Dist::ZERO, |sandbox| sandbox.0.clone()),
            bandwidth: bandwidth(start.and_then(|start| value(&start.bandwidth))),
            snapshot,
            limits: limits(value(&keys.limits)),
            observed,
            prices,
            account_quotas,
            default_quota_place: keys.concurrency_quota.as_ref().map(|key| key.place),
            routing_place: keys.routing.as_ref().map(|key| key.place),
            max_life_place: keys.max_life.as_ref().map(|key| key.place),
        })
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

    fn snapshot_rules(&self, key: &Key<OrNone<SnapshotRules>>) -> Option<SnapshotFacts> {
        let given = key.as_ref()?;
        let OrNone::Some(rules) = given.get()? else {
            return None;
        };
        let restore = self.need(&rules.restore, given.place, "`snapshot`", "restore")?;
        let runtimes = match value(&rules.runtimes) {
            Some(runtimes) => runtimes.iter().filter_map(|r| r.value.clone()).collect(),
            None => vec!["*".to_owned()],
        };
        Some(SnapshotFacts {
            restore: restore.0.clone(),
            bandwidth: bandwidth(value(&rules.bandwidth)),
            runtimes,
        })
    }
}

fn bandwidth(typed: Option<&Bandwidth>) -> Option<f64> {
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
        max_image: memory(&typed.max_image),
        max_timeout: limit(&typed.max_timeout).map(|length| length.0),
    }
}
