//! Snapshots: what a restore takes, and who can be restored.

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::names::list;
use crate::config::quantity::Bandwidth;
use crate::config::source::Place;
use crate::config::typed::snapshot::{SnapshotRules, SnapshotTier, Warming};
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model;
use crate::units::{Memory, Span};

use super::Context;
use super::function::FunctionFacts;
use super::platform::{bandwidth, limit};

/// What a restore takes, and who can be restored.
pub(super) struct SnapshotFacts {
    restore: Dist,
    reading: Reading,
    /// How much longer the first restores take.
    pub(super) warming: Option<model::Warming>,
    /// Most time after a restore.
    hook_limit: Option<Span>,
    /// When a snapshot that nobody starts from is dropped, and whose: beginnings of runtimes.
    dropped: Option<(Span, Vec<String>)>,
    /// Most temporary storage of a function that can be restored.
    max_ephemeral_storage: Option<Memory>,
    /// Runtimes with their lowest version.
    pub(super) runtimes: Vec<String>,
}

/// How fast memory is read, in bytes a second.
enum Reading {
    /// Always as fast; `None` is at once.
    Even(Option<f64>),
    /// Share and bandwidth of each cache level.
    Tiers(Vec<(f64, f64)>),
}

impl SnapshotFacts {
    /// How long a snapshot of this runtime is kept that nobody starts from.
    pub(super) fn kept(&self, runtime: &str) -> Option<Span> {
        let (after, runtimes) = self.dropped.as_ref()?;
        let mut runtimes = runtimes.iter();
        runtimes
            .any(|name| runtime.starts_with(name.as_str()))
            .then_some(*after)
    }

    /// How long so much memory takes.
    pub(super) fn restore_of(&self, memory: Memory) -> Dist {
        let at = |bandwidth: f64| Span::from_secs(memory.bytes() as f64 / bandwidth);
        match &self.reading {
            Reading::Even(bandwidth) => self.restore.plus(bandwidth.map_or(Span::ZERO, at)),
            Reading::Tiers(tiers) => {
                let parts = tiers.iter();
                let parts = parts.map(|(share, b)| (*share, self.restore.plus(at(*b))));
                let parts: Vec<_> = parts.collect();
                // Shares are above zero, and there is one.
                Dist::mixture(&parts).unwrap_or_else(|_| self.restore.clone())
            }
        }
    }
}

impl Context {
    pub(super) fn snapshot_rules(&self, key: &Key<OrNone<SnapshotRules>>) -> Option<SnapshotFacts> {
        let given = key.as_ref()?;
        let OrNone::Some(rules) = given.get()? else {
            return None;
        };
        let restore = self.need(&rules.restore, given.place, "`snapshot`", "restore");
        let reading = match &rules.tiers {
            // What is at fault must not look like a platform without snapshots.
            Some(tiers) => self
                .cache_levels(tiers)
                .map_or(Reading::Even(None), Reading::Tiers),
            None => Reading::Even(bandwidth(value(&rules.bandwidth))),
        };
        let warming = self.warming(&rules.warming);
        let names = |key: &Key<Vec<Given<String>>>, all: &str| match value(key) {
            Some(runtimes) => runtimes.iter().filter_map(|r| r.value.clone()).collect(),
            None => vec![all.to_owned()],
        };
        let dropped_after = limit(&rules.dropped_after).map(|length| length.0);
        Some(SnapshotFacts {
            restore: restore?.0.clone(),
            reading,
            warming,
            hook_limit: limit(&rules.hook_limit).map(|length| length.0),
            dropped: dropped_after.map(|after| (after, names(&rules.dropped_runtimes, ""))),
            max_ephemeral_storage: limit(&rules.max_ephemeral_storage).map(|size| size.0),
            runtimes: names(&rules.runtimes, "*"),
        })
    }

    fn cache_levels(&self, given: &Given<Vec<Given<SnapshotTier>>>) -> Option<Vec<(f64, f64)>> {
        const TIER: &str = "a cache level";
        let tiers: Vec<_> = given
            .get()?
            .iter()
            .map(|tier| {
                let typed = tier.get()?;
                let share = self.need(&typed.share, tier.place, TIER, "share");
                let bandwidth = self.need(&typed.bandwidth, tier.place, TIER, "bandwidth");
                let (share, Bandwidth(bandwidth)) = (share?.0, bandwidth?);
                Some((share, *bandwidth))
            })
            .collect();
        let tiers: Vec<_> = tiers.into_iter().collect::<Option<_>>()?;
        // The sum of no floats is −0.
        let sum: f64 = tiers.iter().map(|(share, _)| share).sum::<f64>() + 0.0;
        if (sum - 1.0).abs() > 1e-6 {
            let title = format!("the shares of `tiers` sum up to {sum}, not to 1");
            self.fault(Fault::new(title).at(given.place));
            return None;
        }
        Some(
            tiers
                .into_iter()
                .filter(|(share, _)| *share > 0.0)
                .collect(),
        )
    }

    fn warming(&self, key: &Key<OrNone<Warming>>) -> Option<model::Warming> {
        let given = key.as_ref()?;
        let OrNone::Some(warming) = given.get()? else {
            return None;
        };
        let extra = self.need(&warming.extra, given.place, "`warming`", "extra");
        let restores = self.need(&warming.restores, given.place, "`warming`", "restores");
        Some(model::Warming {
            extra: extra?.0.clone(),
            restores: restores?.0,
        })
    }

    /// Whether what a function does after a restore takes longer than the platform lets it. Where
    /// there is no longest time the mean tells.
    pub(super) fn hooks_fit(
        &self,
        rules: &SnapshotFacts,
        facts: &FunctionFacts,
        platform: &str,
        asked: Place,
    ) {
        let after = &facts.function.start.after_restore;
        let Some(limit) = rules.hook_limit else {
            return;
        };
        let mean = Span::from_secs(after.mean_secs());
        let (how, length) = match after.longest() {
            Some(longest) => ("up to", longest),
            None => ("on average", mean),
        };
        if length > limit {
            let name = &facts.function.name;
            let title = format!("`after-restore` of function `{name}` takes {how} {length}");
            self.fault(
                Fault::new(title)
                    .at(asked)
                    .note(format!("`{platform}` ends a restore after {limit}")),
            );
        }
    }

    /// Whether a function has more temporary storage than a snapshot takes along.
    pub(super) fn storage_fits(
        &self,
        rules: &SnapshotFacts,
        facts: &FunctionFacts,
        platform: &str,
        asked: Place,
    ) {
        let (Some(storage), Some(most)) = (
            facts.function.ephemeral_storage,
            rules.max_ephemeral_storage,
        ) else {
            return;
        };
        if storage > most {
            let name = &facts.function.name;
            let title = format!("function `{name}` has {storage} of temporary storage");
            let note = format!("`{platform}` restores functions with at most {most}");
            self.fault(Fault::new(title).at(asked).note(note));
        }
    }

    /// That no function is asked to start from a snapshot of a runtime without them.
    pub(super) fn restorable(
        &self,
        rules: &SnapshotFacts,
        facts: &FunctionFacts,
        platform: &str,
        asked: Place,
    ) {
        let function = &facts.function;
        let mut runtimes = rules.runtimes.iter();
        if runtimes.any(|least| super::policy::restorable(least, &function.runtime)) {
            return;
        }
        let title = format!(
            "`{platform}` cannot restore runtime `{}` of function `{}`",
            function.runtime, function.name
        );
        let least = rules.runtimes.iter().map(String::as_str);
        self.fault(
            Fault::new(title)
                .label(asked, "asked for here")
                .label(facts.runtime_place, facts.runtime_label)
                .note(format!("allowed, or later versions: {}", list(least)))
                .note("a remedy for some functions only has `functions = […]`"),
        );
    }
}
