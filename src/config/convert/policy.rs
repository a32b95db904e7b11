//! Policies: remedies for functions, and what cannot stand together.

use std::collections::BTreeMap;

use crate::config::decode::{Given, OneOrMany};
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::source::Place;
use crate::config::typed::policy::{Patterns, Policy, Snapshot, SnapshotAfter};
use crate::config::typed::{Key, value};
use crate::ids::FunctionId;
use crate::model::{self, Package, Remedy, RemedyKind};
use crate::pattern::matches;

use super::Context;
use super::function::FunctionFacts;
use super::platform::PlatformFacts;

/// Instances that the remedies of a policy may ask for.
const MOST_INSTANCES: u64 = 1_000_000;

/// A remedy with where it was typed.
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) remedy: Remedy,
}

/// The functions that patterns can name.
pub(super) struct Known<'a> {
    pub(super) functions: &'a [FunctionFacts],
    /// Whether some are missing for a fault, so that a pattern may be right and match nothing.
    pub(super) incomplete: bool,
}

/// The elements of a key that takes one table or a list of them.
fn each<T>(key: &Key<OneOrMany<T>>) -> impl Iterator<Item = (Place, &T)> {
    value(key)
        .into_iter()
        .flat_map(|many| &many.0)
        .filter_map(|one| Some((one.place, one.get()?)))
}

impl Context {
    /// The remedies of a policy, in the order typed.
    pub(super) fn remedies(
        &self,
        policy: &Policy,
        platform: &PlatformFacts,
        known: &Known<'_>,
    ) -> Vec<Remedy> {
        let functions = known.functions;
        self.no_empty_lists(policy);
        let mut placed: Vec<Placed> = Vec::new();
        let mut add = |place: Place, kind: RemedyKind, patterns: &Patterns| {
            let functions = self.functions_of(patterns, known);
            placed.push(Placed {
                place,
                remedy: Remedy { kind, functions },
            });
        };
        for (place, rule) in each(&policy.keep_alive) {
            if let Some(keep) = self.keep_alive(&rule.keep, place, &platform.observed) {
                add(place, RemedyKind::KeepAlive(keep), &rule.functions);
            }
        }
        for (place, ping) in each(&policy.ping) {
            if let Some(kind) = self.ping(ping, place) {
                add(place, RemedyKind::Ping(kind), &ping.functions);
            }
        }
        for (place, provisioned) in each(&policy.provisioned) {
            if let Some(kind) = self.provisioned(provisioned, place) {
                add(place, RemedyKind::Provisioned(kind), &provisioned.functions);
            }
        }
        for (place, snapshot) in each(&policy.snapshot) {
            let rule = model::Snapshot {
                after: snapshot_after(snapshot),
                versions: value(&snapshot.versions).map_or(1, |versions| versions.0),
            };
            add(place, RemedyKind::Snapshot(rule), &snapshot.functions);
        }
        for (place, floor) in each(&policy.min_instances) {
            let kind = RemedyKind::MinInstances(floor.instances.0);
            add(place, kind, &floor.functions);
        }
        // Keys of a type have no order; their places have.
        placed.sort_by_key(|remedy| remedy.place);
        self.one_owner(&placed, functions);
        self.snapshots(&placed, platform, functions);
        self.room(&placed, platform, functions);
        self.affordable(&placed);
        self.doubt_holds(&placed, functions);
        placed.into_iter().map(|placed| placed.remedy).collect()
    }

    fn no_empty_lists(&self, policy: &Policy) {
        fn is_empty<T>(key: &Key<OneOrMany<T>>) -> Option<Place> {
            let given = key.as_ref()?;
            given.get()?.0.is_empty().then_some(given.place)
        }
        for (name, place) in [
            ("keep-alive", is_empty(&policy.keep_alive)),
            ("ping", is_empty(&policy.ping)),
            ("provisioned", is_empty(&policy.provisioned)),
            ("snapshot", is_empty(&policy.snapshot)),
            ("min-instances", is_empty(&policy.min_instances)),
        ] {
            if let Some(place) = place {
                let title = format!("`{name}` is an empty list: leave it out");
                self.fault(Fault::new(title).at(place));
            }
        }
    }

    /// The functions whose names match any of the patterns, in order; without patterns all.
    pub(super) fn functions_of(&self, patterns: &Patterns, known: &Known<'_>) -> Vec<FunctionId> {
        let functions = known.functions;
        let all = || (0..functions.len() as u32).map(FunctionId);
        let Some(given) = patterns else {
            return all().collect();
        };
        let Some(patterns) = given.get() else {
            return Vec::new();
        };
        if patterns.is_empty() {
            let title = "`functions` is an empty list: it stands for nobody";
            self.fault(Fault::new(title).at(given.place));
        }
        let names = || functions.iter().map(|facts| facts.function.name.as_str());
        for pattern in patterns {
            let Some(text) = pattern.get() else { continue };
            if !known.incomplete && !names().any(|name| matches(text, name)) {
                let title = format!("no function matches `{text}`");
                let mut fault = Fault::new(title).at(pattern.place);
                if let Some(hint) = did_you_mean(text, names()) {
                    fault = fault.note(hint);
                }
                self.fault(fault.note(format!("functions: {}", list(names()))));
            }
        }
        let wanted: Vec<&str> = patterns
            .iter()
            .filter_map(Given::get)
            .map(String::as_str)
            .collect();
        all()
            .zip(names())
            .filter(|(_, name)| wanted.iter().any(|pattern| matches(pattern, name)))
            .map(|(id, _)| id)
            .collect()
    }

    /// A question has one owner for each function.
    fn one_owner(&self, placed: &[Placed], functions: &[FunctionFacts]) {
        for (number, later) in placed.iter().enumerate() {
            for earlier in &placed[..number] {
                let Some((title, why)) = clash(&earlier.remedy.kind, &later.remedy.kind) else {
                    continue;
                };
                let ours = &later.remedy.functions;
                let both = earlier.remedy.functions.iter().find(|id| ours.contains(id));
                if let Some(id) = both {
                    let name = &functions[id.index()].function.name;
                    let mut fault = Fault::new(format!("{title} for function `{name}`"))
                        .label(later.place, "the second")
                        .label(earlier.place, "the first");
                    if !why.is_empty() {
                        fault = fault.note(why);
                    }
                    self.fault(fault);
                }
            }
        }
    }

    fn snapshots(&self, placed: &[Placed], platform: &PlatformFacts, functions: &[FunctionFacts]) {
        for remedy in placed {
            if !matches!(remedy.remedy.kind, RemedyKind::Snapshot(_)) {
                continue;
            }
            let Some(rules) = &platform.snapshot else {
                let title = format!("`{}` has no snapshots", platform.name);
                self.fault(Fault::new(title).at(remedy.place).note(
                    "a platform with snapshots has snapshot = { restore = …, bandwidth = … }",
                ));
                continue;
            };
            for id in &remedy.remedy.functions {
                let facts = &functions[id.index()];
                let function = &facts.function;
                if facts.gap {
                    continue;
                }
                if matches!(function.package, Package::Image(_)) {
                    let title = format!(
                        "function `{}` is an image, which cannot be restored",
                        function.name
                    );
                    self.fault(
                        Fault::new(title)
                            .label(remedy.place, "asked for here")
                            .label(facts.package_place, "the package"),
                    );
                } else {
                    self.restorable(rules, facts, &platform.name, remedy.place);
                    self.hooks_fit(rules, facts, &platform.name, remedy.place);
                    self.storage_fits(rules, facts, &platform.name, remedy.place);
                }
            }
        }
    }

    /// Refuses more instances asked for than memory may hold.
    fn affordable(&self, placed: &[Placed]) {
        let mut sum = 0_u64;
        for remedy in placed {
            let instances = match &remedy.remedy.kind {
                RemedyKind::Ping(ping) => ping.instances,
                RemedyKind::Provisioned(provisioned) => provisioned.most(),
                RemedyKind::MinInstances(count) => *count,
                RemedyKind::KeepAlive(_) | RemedyKind::Snapshot(_) => continue,
            };
            let functions = remedy.remedy.functions.len() as u64;
            sum += u64::from(instances) * functions;
            if sum > MOST_INSTANCES {
                let title = format!("more than {MOST_INSTANCES} instances cannot be simulated");
                let mut fault = Fault::new(title).at(remedy.place);
                if functions > 1 {
                    fault = fault.note(format!("{instances} for each of {functions} functions"));
                }
                self.fault(fault);
                return;
            }
        }
    }

    /// Whether provisioned instances fit into reservations and the quota.
    fn room(&self, placed: &[Placed], platform: &PlatformFacts, functions: &[FunctionFacts]) {
        let mut taken: BTreeMap<u32, (u64, Place)> = BTreeMap::new();
        for remedy in placed {
            let RemedyKind::Provisioned(provisioned) = &remedy.remedy.kind else {
                continue;
            };
            let instances = provisioned.most();
            for id in &remedy.remedy.functions {
                let facts = &functions[id.index()];
                match facts.function.reserved_concurrency {
                    Some(reserved) if instances > reserved => {
                        let title = format!(
                            "function `{}` has {instances} provisioned instances, but only \
                             {reserved} reserved",
                            facts.function.name
                        );
                        self.fault(
                            Fault::new(title)
                                .label(remedy.place, "provisioned here")
                                .label(facts.reserved_place, "reserved here"),
                        );
                    }
                    Some(_) => {}
                    None => {
                        let none = (0, remedy.place);
                        let account = taken.entry(facts.function.account).or_insert(none);
                        *account = (account.0 + u64::from(instances), remedy.place);
                    }
                }
            }
        }
        for (account, (taken, place)) in taken {
            self.room_of(account, taken, place, platform, functions);
        }
    }

    /// Whether so many provisioned instances of an account fit into its quota.
    fn room_of(
        &self,
        account: u32,
        taken: u64,
        place: Place,
        platform: &PlatformFacts,
        functions: &[FunctionFacts],
    ) {
        let limits = platform.platform.account(account);
        let Some(quota) = limits.concurrency_quota else {
            return;
        };
        let reserved: u64 = functions
            .iter()
            .filter(|facts| facts.function.account == account)
            .filter_map(|facts| facts.function.reserved_concurrency)
            .map(u64::from)
            .sum();
        let minimum = limits.unreserved_minimum;
        let free = u64::from(quota.saturating_sub(minimum));
        if taken > 0 && taken + reserved > free {
            let mut fault = Fault::new(format!(
                "{taken} provisioned and {reserved} reserved instances are more than the quota allows"
            ))
            .at(place);
            if let Some(quota) = platform.quota_place(account) {
                fault = fault.label(quota, "the quota");
            }
            self.fault(fault.note(format!(
                "allowed: {free}, that is the quota of {quota} less {minimum} that stay unreserved"
            )));
        }
    }
}

fn snapshot_after(typed: &Snapshot) -> model::SnapshotAfter {
    match value(&typed.after) {
        Some(SnapshotAfter::WarmUpCall) => model::SnapshotAfter::WarmUpCall,
        Some(SnapshotAfter::Init) | None => model::SnapshotAfter::Init,
    }
}

/// Why two remedies cannot be in force together, if they cannot.
fn clash(one: &RemedyKind, other: &RemedyKind) -> Option<(&'static str, &'static str)> {
    match (one, other) {
        (RemedyKind::KeepAlive(_), RemedyKind::KeepAlive(_)) => Some(("two keep-alives", "")),
        (RemedyKind::Snapshot(_), RemedyKind::Snapshot(_)) => Some(("two snapshots", "")),
        (RemedyKind::Provisioned(_), RemedyKind::Provisioned(_)) => {
            Some(("two numbers of provisioned instances", ""))
        }
        (RemedyKind::MinInstances(_), RemedyKind::MinInstances(_)) => {
            Some(("two floors of instances", ""))
        }
        (RemedyKind::Snapshot(_), RemedyKind::Provisioned(_))
        | (RemedyKind::Provisioned(_), RemedyKind::Snapshot(_)) => Some((
            "both snapshot and provisioned instances",
            "AWS Lambda allows one or the other: give each its own `functions`",
        )),
        _ => None,
    }
}

/// Whether a runtime is that of `least` in the same or a later version; `*` stands for any.
pub(super) fn restorable(least: &str, runtime: &str) -> bool {
    fn split(name: &str) -> (&str, Vec<u32>) {
        let at = name
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(name.len());
        let (family, version) = name.split_at(at);
        let numbers = version.split('.').map_while(|part| {
            let end = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            part[..end].parse().ok()
        });
        (family, numbers.collect())
    }
    if least.contains('*') {
        return matches(least, runtime);
    }
    let (family, from) = split(least);
    let (runtime_family, version) = split(runtime);
    // "java8.al2" is Java 8 on another system, not Java 8.2: only the first part that is all
    // digits counts there, which `map_while` sees to.
    family == runtime_family && version >= from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_compared_by_version() {
        for (runtime, expected) in [
            ("java17", true),
            ("java11", true),
            ("java8.al2", false),
            ("java21", true),
            ("python3.12", true),
            ("python3.9", false),
            ("python3.13", true),
            ("dotnet8", true),
            ("dotnet6", false),
            ("dotnetcore3.1", false),
            ("nodejs22.x", false),
            ("provided.al2023", false),
        ] {
            let can = ["java11", "python3.12", "dotnet8"]
                .iter()
                .any(|least| restorable(least, runtime));
            assert_eq!(can, expected, "{runtime}");
        }
        assert!(restorable("*", "anything"));
    }
}
