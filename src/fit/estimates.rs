//! All that is estimated of a function from its history.

use crate::stats::intervals::Interval;

use super::first_call::{self, FirstCall};
use super::goodness::{self, Fitted};
use super::history::History;
use super::keep_alive::{self, Found, KeepAlive};
use super::laws::Law;
use super::platform::Platform;
use super::rates::share;

/// The estimates, and what there is to say of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Estimates {
    /// Runs on warm instances; where there are none, those of first calls.
    pub service: Fitted,
    /// Whether no warm run was seen, so that the first call is part of `service`.
    pub service_is_cold: bool,
    /// What a first call takes longer after an init.
    pub first_call: Option<FirstCall>,
    /// The same after a restore.
    pub restored_first_call: Option<FirstCall>,
    /// Init Duration.
    pub init: Option<Fitted>,
    /// Restore Duration less its billed part.
    pub restore: Option<Fitted>,
    /// The billed part of a restore, in milliseconds: runtime and hooks.
    pub after_restore_ms: Option<f64>,
    /// Configured, in MB: the commonest. `None` where no line says it.
    pub memory_mb: Option<u32>,
    /// How many sizes of memory there were.
    pub memory_sizes: usize,
    /// Most memory used: median and most of the reports, in MB.
    pub max_memory_mb: Option<(f64, f64)>,
    /// Share of calls that ended in an error.
    pub errors: Interval,
    /// Share of those that ended the process.
    pub exits: u64,
    /// Share of calls that were cut.
    pub timeouts: Interval,
    /// The timeout in seconds, where it was given or a call was cut.
    pub timeout_s: Option<f64>,
    /// How long idle instances live.
    pub keep_alive: KeepAlive,
    /// What is written for `keep-alive`; `None` leaves it to the platform.
    pub keep_alive_toml: Option<String>,
    /// Lives longer than the platform's model allows, in seconds.
    pub longer_life_s: Option<f64>,
    /// Whether instances mostly start from a snapshot.
    pub snapshots: bool,
    /// What a first call is multiplied by at the function's memory.
    pub(super) first_call_factor: f64,
}

/// Estimates from a history and the timeout, where it is known; `None` where it has no call.
pub(super) fn estimate(
    history: &History,
    platform: &Platform,
    timeout_s: Option<f64>,
    seed: u64,
) -> Option<Estimates> {
    let any_first = if history.first.is_empty() {
        &history.first_restored
    } else {
        &history.first
    };
    let service_is_cold = history.warm.is_empty();
    let runs = if service_is_cold {
        any_first
    } else {
        &history.warm
    };
    // Of calls that were all cut nothing is known but that they are longer.
    let service = goodness::fit(runs, seed)?;
    let billed = &history.billed_restore;
    let after_restore_ms = (!billed.is_empty()).then(|| billed.mean());
    let restore = goodness::fit(&history.restore, seed).map(|mut restore| {
        let rest = restore.mean.mean - after_restore_ms.unwrap_or(0.0);
        if rest > 0.0 {
            restore.law = restore.law.scaled(rest / restore.mean.mean);
        }
        restore
    });
    let streamed = history.streamed > 0;
    let keep_alive = keep_alive::estimate(&history.idle, streamed, platform.max_life_s.0, seed);
    let commonest = history.memory.iter().max_by_key(|(_, calls)| **calls);
    let longest = history.instances.longest_life_s;
    Some(Estimates {
        service_is_cold,
        service,
        first_call: first_call::estimate(&history.first, &history.warm, seed),
        restored_first_call: first_call::estimate(&history.first_restored, &history.warm, seed),
        init: goodness::fit(&history.init, seed),
        restore,
        after_restore_ms,
        memory_mb: commonest.map(|(mb, _)| *mb),
        memory_sizes: history.memory.len(),
        max_memory_mb: (!history.max_memory.is_empty()).then(|| {
            (
                super::sample::quantile(&history.max_memory.sorted(), 0.5),
                history.max_memory.most(),
            )
        }),
        errors: share(history.errors, history.calls),
        exits: history.exits,
        timeouts: share(history.timeouts, history.calls),
        timeout_s,
        keep_alive_toml: written(&keep_alive.found, platform),
        keep_alive,
        longer_life_s: (longest > platform.max_life_s.1).then_some(longest),
        snapshots: history.restored * 2 > history.cold,
        first_call_factor: platform.first_call_factor,
    })
}

/// What is written for the keep-alive: the estimate, or a bound that the platform's own one breaks.
fn written(found: &Found, platform: &Platform) -> Option<String> {
    let seconds = |s: f64| Some(Law::Constant(s * 1e3).toml());
    match (found, platform.keep_alive_s) {
        (Found::Above(s), Some((_, longest))) if *s > longest => seconds(*s),
        (Found::AtMost(s), Some((shortest, _))) if *s < shortest => seconds(*s),
        _ => found.toml(),
    }
}

impl Estimates {
    /// The service as it is drawn: with a share that is longer than the timeout, if calls were cut.
    pub fn service_toml(&self) -> String {
        let service = self.service.law.toml();
        match self.timeout_s {
            Some(timeout) if self.timeouts.mean > 0.0 => format!(
                "{{ mixture = [{{ weight = {}, of = {service} }}, {{ weight = {}, of = \"{} s\" }}] }}",
                super::digits::short(1.0 - self.timeouts.mean),
                super::digits::short(self.timeouts.mean),
                super::digits::short(timeout * 2.0)
            ),
            _ => service,
        }
    }

    /// A first call as it is written: at one vCPU, where the platform's CPU scales it.
    pub(super) fn at_one_vcpu(&self, first_call: &FirstCall) -> Law {
        let factor = self.first_call_factor;
        if factor > 0.0 {
            first_call.law.scaled(1.0 / factor)
        } else {
            first_call.law.clone()
        }
    }
}
