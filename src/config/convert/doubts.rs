//! What can be simulated but is hardly what was meant: warnings, and the faults next to them.

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::names::list;
use crate::config::quantity::Length;
use crate::config::source::Place;
use crate::config::typed::experiment::ExperimentFile;
use crate::config::typed::function::FunctionKeys;
use crate::config::typed::search::Search;
use crate::config::typed::workflow::WorkflowEntry;
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model::{self, Phase, WorkflowKind, bytes};
use crate::pattern::matches;
use crate::units::{Memory, Span, Time, format_span};

use super::Context;
use super::experiment::tables;
use super::function::FunctionFacts;
use super::platform::PlatformFacts;
use super::start::working_set;

impl Context {
    /// What is doubtful about one function.
    pub(super) fn doubt_function(
        &self,
        keys: &FunctionKeys,
        (memory, timeout): (Memory, Option<Span>),
        service: Option<&model::Service>,
        platform: &PlatformFacts,
    ) {
        self.warn_of_plain_service(keys, platform);
        self.doubt_working_set(keys, memory);
        self.doubt_deployments(&keys.deployments);
        self.doubt_timeout(keys, timeout, service);
    }

    /// Memory that no request finds, and peaks below what init leaves in use.
    fn doubt_working_set(&self, keys: &FunctionKeys, memory: Memory) {
        let (Some(key), Some(needed)) = (&keys.working_set, working_set(keys)) else {
            return;
        };
        let (base, peak) = (bytes(needed.base), needed.peak());
        if let Some(most) = peak.longest().filter(|most| *most < base) {
            let most = Memory::from_bytes(most.nanos());
            let title = format!("`peak` ({most}) is below `base` ({})", needed.base);
            let fault = Fault::new(title).at(key.place);
            self.fault(fault.note("`base` is in use when a request begins: `peak` includes it"));
        } else if peak.as_constant().is_some_and(|peak| peak > bytes(memory))
            && !needed.outgrows_at_once(memory)
        {
            let title = format!("with {memory} every request runs out of memory, and fails");
            self.fault(Fault::warning(title).at(key.place));
        }
    }

    /// Deployments that never come, or come twice at once.
    fn doubt_deployments(&self, key: &Key<Vec<Given<Length>>>) {
        let end = self.end.get();
        let mut before: Vec<Span> = Vec::new();
        for given in value(key).into_iter().flatten() {
            let Some(Length(at)) = given.get() else {
                continue;
            };
            let title = if Time::ZERO + *at >= end {
                let end = format_span(end.since(Time::ZERO));
                format!("this deployment comes after the run, which ends after {end}")
            } else if before.contains(at) {
                "two deployments at one instant are one".to_owned()
            } else {
                before.push(*at);
                continue;
            };
            self.fault(Fault::warning(title).at(given.place));
        }
    }

    /// A timeout that cuts every request.
    fn doubt_timeout(
        &self,
        keys: &FunctionKeys,
        timeout: Option<Span>,
        service: Option<&model::Service>,
    ) {
        let (Some(key), Some(timeout), Some(service)) = (&keys.timeout, timeout, service) else {
            return;
        };
        let least = |dist: &Dist| dist.as_constant().unwrap_or(Span::ZERO);
        let after = value(&keys.extension_overhead).map_or(Span::ZERO, |dist| least(&dist.0));
        let least = least(&service.cpu) + least(&service.io) + after;
        if !timeout.is_zero() && least > timeout {
            let title = format!(
                "every request times out: none runs for less than {}",
                format_span(least)
            );
            self.fault(Fault::warning(title).at(key.place));
        }
    }

    /// Memory that is searched though the service of functions stays as it is with all of it.
    pub(super) fn doubt_searched_memory(
        &self,
        search: &Key<Search>,
        functions: &[FunctionFacts],
        platform: &PlatformFacts,
    ) {
        const NAMED: usize = 3;
        let Some(search) = value(search) else { return };
        let Some(key) = &search.memory else { return };
        if !platform.platform.cpu.scales.contains(&Phase::Service) {
            return;
        }
        let patterns = value(&search.functions);
        let searched = |name: &str| {
            patterns.is_none_or(|patterns| {
                let mut given = patterns.iter().filter_map(Given::get);
                given.any(|pattern| matches(pattern, name))
            })
        };
        let flat: Vec<(&str, Place)> = functions
            .iter()
            .filter(|facts| searched(&facts.function.name))
            .filter_map(|facts| Some((facts.function.name.as_str(), facts.flat_service?)))
            .collect();
        let Some((_, service)) = flat.first() else {
            return;
        };
        let mut names = list(flat.iter().take(NAMED).map(|(name, _)| *name));
        if flat.len() > NAMED {
            names = format!("{names} and {} more functions", flat.len() - NAMED);
        }
        let title =
            format!("memory is searched, but the service of {names} does not change with it");
        let fault = Fault::warning(title)
            .at(key.place)
            .label(*service, "one distribution, whatever the memory");
        self.fault(
            fault
                .note("so more memory costs more and buys shorter first calls at most")
                .note("give service = { cpu = …, io = … }, or the result of a power tuning"),
        );
    }

    /// Workflows whose kind has no price: then the bill is too low.
    pub(super) fn doubt_workflow_price(
        &self,
        entry: &Given<WorkflowEntry>,
        kind: WorkflowKind,
        platform: &PlatformFacts,
    ) {
        let Some(facts) = &platform.prices else {
            return;
        };
        let services = &facts.prices.services;
        let (charge, key) = match kind {
            WorkflowKind::Standard => (&services.transition, "workflow.transition"),
            WorkflowKind::Express => (&services.express_request, "workflow.express-request"),
        };
        if charge.tiers.is_empty() {
            let list = &facts.prices.name;
            let title = format!(
                "the price list `{list}` has no price of {} workflows, so they cost nothing",
                kind.name()
            );
            let fault = Fault::warning(title).at(entry.place);
            self.fault(fault.note(format!("give `{key}` in a price list of your own")));
        }
    }

    /// Tables that nothing uses, and keys of which another is read instead.
    pub(super) fn doubt_unused(
        &self,
        file: &ExperimentFile,
        functions: &[FunctionFacts],
        platform: &PlatformFacts,
    ) {
        let functions = || functions.iter().map(|facts| &facts.function);
        let platform = &platform.platform;
        for table in tables(&file.resource) {
            let name = table.get().and_then(|entry| value(&entry.name));
            let number = platform
                .resources
                .iter()
                .position(|r| Some(&r.name) == name);
            let used = |number: usize| {
                let mut connections = functions().filter_map(|f| f.connection.as_ref());
                connections.any(|connection| connection.to as usize == number)
            };
            if let (Some(name), Some(false)) = (name, number.map(used)) {
                let title = format!("no function connects to resource `{name}`");
                let fault = Fault::warning(title).at(table.place);
                self.fault(fault.note(format!("give one connection = {{ to = \"{name}\" }}")));
            }
        }
        for table in tables(&file.account) {
            let name = table.get().and_then(|entry| value(&entry.name));
            let number = platform.accounts.iter().position(|a| Some(&a.name) == name);
            let used = |number: usize| functions().any(|f| f.account as usize == number + 1);
            if let (Some(name), Some(false)) = (name, number.map(used)) {
                let title = format!("no function is in account `{name}`");
                let fault = Fault::warning(title).at(table.place);
                self.fault(fault.note(format!("give one account = \"{name}\"")));
            }
        }
        let snapshot = value(&file.platform_override).and_then(|keys| value(&keys.snapshot));
        if let Some(OrNone::Some(rules)) = snapshot
            && rules.tiers.is_some()
            && let Some(bandwidth) = &rules.bandwidth
        {
            let title = "`bandwidth` is not used: `tiers` say how fast memory is read";
            self.fault(Fault::warning(title).at(bandwidth.place));
        }
    }
}
