//! What there is to choose from: bases, and on each of them chains of settings.
//!
//! A base is what functions are made of: memory, architecture, reserved concurrency. A chain is one
//! kind of remedy on a base in rising strength: more instances, more pings, a lower target. Along a
//! chain requests fare better; cost falls to a lowest point, which may be the first, and rises. Of
//! pings neither is sure: a chain of them is looked at setting by setting, and so are the numbers
//! of pings by function.

use std::fmt;

use crate::config::{Draft, Model, ModelKind};
use crate::experiment::Failure;
use crate::model::{
    Architecture, Experiment, KeepAlive, MONTH, Plan, Prices, RemedyName, Scenario, Search,
};
use crate::sim::Control;
use crate::units::Span;

use super::pilot::Pilot;
use super::setting::{Remedy, Rule, Setting};

/// Settings of a chain whose numbers differ by function or by part of the day.
const LEVELS: usize = 24;
/// Utilisations that are tried where the user names none.
const TARGETS: [f64; 8] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
/// Minutes between pings that people write into crons.
const MINUTES: [u64; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 45, 60];
/// How long a ping keeps its instance where there are several: they must not find the same one.
const HOLD: Span = Span::from_nanos(100_000_000);
/// Start of a run in which provisioned instances are not there yet, and rounding.
const SAFETY: f64 = 0.95;

/// Kind of a chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A remedy of `[search]`.
    Remedy(RemedyName),
    /// A policy of the file.
    Policy(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Remedy(RemedyName::None) => "no remedy",
            Self::Remedy(RemedyName::Scheduled) => "provisioned by the clock",
            Self::Remedy(RemedyName::Tracking) => "provisioned by load",
            Self::Remedy(name) => name.name(),
            Self::Policy(name) => name,
        })
    }
}

/// What functions are made of.
pub(super) struct Base {
    /// Without remedies.
    pub(super) setting: Setting,
    pub(super) prices: Option<String>,
    pub(super) scenario: Scenario,
    pub(super) pilot: Pilot,
    /// USD a month that every setting of this base costs at least.
    pub(super) floor: f64,
}

/// One kind of remedy on a base, in rising strength.
pub(super) struct Chain {
    pub(super) base: usize,
    pub(super) kind: Kind,
    pub(super) settings: Vec<Setting>,
    /// Whether each function has a rule of its own, by what the trial run shows of it.
    pub(super) by_function: bool,
    /// Instances by function and part of the calendar, where the kind is by the clock.
    pub(super) counts: Vec<Vec<Vec<u32>>>,
}

/// A base without what has to be tried out.
pub(super) type Bare = (Setting, Option<String>);

/// Every base that the user lets choose from, with what speaks against some.
pub(super) fn bases(
    search: &Search,
    experiment: &Experiment,
) -> (Vec<Bare>, Vec<(String, String)>) {
    fn or_given<T: Copy>(values: &[T]) -> Vec<Option<T>> {
        if values.is_empty() {
            vec![None]
        } else {
            values.iter().copied().map(Some).collect()
        }
    }
    let mut bases = Vec::new();
    let mut left_out = Vec::new();
    for architecture in or_given(&search.architecture) {
        let prices = match architecture.map(|a| prices_of(experiment, a)) {
            None => None,
            Some(Ok(name)) => Some(name),
            Some(Err(why)) => {
                let name = architecture.map_or("", Architecture::name).to_owned();
                left_out.push((name, why));
                continue;
            }
        };
        for memory in or_given(&search.memory) {
            for reserved in or_given(&search.reserved) {
                let setting = Setting {
                    functions: search.functions.clone(),
                    memory,
                    architecture,
                    reserved,
                    ..Setting::default()
                };
                bases.push((setting, prices.clone()));
            }
        }
    }
    (bases, left_out)
}

/// The price list of an architecture in the region of the experiment.
pub(super) fn prices_of(
    experiment: &Experiment,
    architecture: Architecture,
) -> Result<String, String> {
    let platform = experiment.scenarios.first().map(|s| &s.plan.platform);
    let prices = platform.and_then(|platform| platform.prices.as_ref());
    let Some(prices) = prices else {
        return Err("the platform has no prices".to_owned());
    };
    let region = prices.name.strip_suffix("-arm").unwrap_or(&prices.name);
    let name = match architecture {
        Architecture::X86 => region.to_owned(),
        Architecture::Arm => format!("{region}-arm"),
    };
    let known = |model: Model| model.name == name;
    if name == prices.name || ModelKind::Prices.models().any(known) {
        Ok(name)
    } else {
        Err(format!("there is no price list `{name}`"))
    }
}

impl Base {
    /// Tries a base out.
    pub(super) fn new(
        (setting, prices): Bare,
        scenario: Scenario,
        draft: &Draft,
        trials: u32,
        control: &Control,
    ) -> Result<Self, Failure> {
        let mut experiment = draft.experiment().clone();
        experiment.scenarios = vec![scenario.clone()];
        let rules = &draft.search().scheduled;
        let pilot = Pilot::run(&experiment, rules, trials, control)?;
        Ok(Self {
            setting,
            prices,
            scenario,
            pilot,
            floor: 0.0,
        })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.scenario.plan
    }

    /// Sets the floor from the handlers' own work: whatever the remedy, that is paid.
    pub(super) fn found_work(&mut self, gb_s: f64) {
        let plan = &self.scenario.plan;
        let Some(prices) = &plan.platform.prices else {
            return;
        };
        if prices.free_tier.is_some() {
            return;
        }
        let cheapest = prices.duration.iter().map(|tier| tier.price);
        let least = cheapest.fold(prices.provisioned_duration, f64::min);
        let months = MONTH.secs() / plan.duration.secs();
        self.floor = SAFETY * gb_s * least * months;
    }

    /// What a setting of this base costs at least: work, and provisioned capacity, used or not.
    pub(super) fn floor_of(&self, setting: &Setting) -> f64 {
        let plan = self.plan();
        let Some(prices) = &plan.platform.prices else {
            return 0.0;
        };
        let mut gb = 0.0;
        for function in plan.functions.iter() {
            for remedy in setting.of(&function.name).remedies {
                gb += function.memory.gb() * least_provisioned(remedy);
            }
        }
        self.floor + SAFETY * gb * prices.provisioned_capacity * MONTH.secs()
    }

    /// The same of a schedule with these numbers by function and part of the calendar.
    pub(super) fn floor_of_schedule(&self, counts: &[Vec<u32>]) -> f64 {
        let plan = self.plan();
        let Some(prices) = &plan.platform.prices else {
            return 0.0;
        };
        let functions = self.functions().into_iter().zip(counts);
        let gb = functions.map(|(function, counts)| {
            plan.functions[function].memory.gb() * self.pilot.average(counts)
        });
        self.floor + SAFETY * gb.sum::<f64>() * prices.provisioned_capacity * MONTH.secs()
    }

    /// Places of the functions that settings are for.
    fn functions(&self) -> Vec<usize> {
        let functions = self.plan().functions.iter().enumerate();
        let own = &self.setting.functions;
        functions
            .filter(|(_, f)| own.is_empty() || own.contains(&f.name))
            .map(|(place, _)| place)
            .collect()
    }

    /// Whether settings of a kind give each function a rule of its own: where there are several,
    /// and the user gave no number that is for all.
    fn is_by_function(&self, name: RemedyName, search: &Search) -> bool {
        let open = match name {
            RemedyName::Ping => search.ping.instances.is_none(),
            RemedyName::Provisioned => search.provisioned.is_none(),
            RemedyName::Tracking => search.tracking.max.is_none(),
            RemedyName::Scheduled => true,
            _ => false,
        };
        open && self.functions().len() > 1
    }

    /// USD that a held ping of a function costs; 1 where the platform has no prices.
    fn price_of_ping(&self, function: usize) -> f64 {
        let plan = self.plan();
        let of = |prices: &Prices| {
            let gb_s = plan.functions[function].memory.gb() * HOLD.secs();
            let duration = prices.duration.first().map_or(0.0, |tier| tier.price);
            prices.request + gb_s * duration
        };
        let price = plan.platform.prices.as_ref().map_or(1.0, of);
        if price > 0.0 { price } else { 1.0 }
    }

    /// Names of the functions that settings are for.
    pub(super) fn names(&self) -> Vec<String> {
        let functions = self.functions().into_iter();
        functions
            .map(|place| self.plan().functions[place].name.clone())
            .collect()
    }

    /// Whether functions may differ in having a remedy.
    pub(super) fn may_differ(&self, remedy: &Remedy, search: &Search) -> bool {
        *remedy == Remedy::Snapshot || self.is_by_function(remedy.name(), search)
    }

    fn with(&self, rules: Vec<Rule>) -> Setting {
        Setting {
            rules,
            ..self.setting.clone()
        }
    }

    /// Snapshots of these functions, each by a rule of its own.
    pub(super) fn snapshots_of(&self, names: &[String]) -> Setting {
        let rule = |name: &String| Rule::of(std::slice::from_ref(name), Remedy::Snapshot);
        self.with(names.iter().map(rule).collect())
    }

    fn with_one(&self, remedy: Remedy) -> Setting {
        self.with(vec![Rule::of(&self.setting.functions, remedy)])
    }

    /// A rule for each function; those with none are left out.
    fn with_each(&self, remedies: impl Iterator<Item = (usize, Option<Remedy>)>) -> Setting {
        let plan = self.plan();
        let alone = plan.functions.len() == 1;
        let rules = remedies.filter_map(|(function, remedy)| {
            let names = if alone {
                Vec::new()
            } else {
                vec![plan.functions[function].name.clone()]
            };
            Some(Rule {
                functions: names,
                remedy: remedy?,
            })
        });
        self.with(rules.collect())
    }

    /// Schedules with these numbers of instances by function and part.
    pub(super) fn scheduled(&self, counts: &[Vec<u32>]) -> Setting {
        let functions = self.functions();
        self.with_each(functions.iter().zip(counts).map(|(function, counts)| {
            let average = self.pilot.average(counts);
            (*function, self.pilot.clock.remedy(counts, average))
        }))
    }

    /// The instances of a schedule, each as function and part of the calendar, that a weaker
    /// schedule has not; those that are worth least first.
    pub(super) fn spare(&self, strong: &[Vec<u32>], weak: &[Vec<u32>]) -> Vec<(usize, usize)> {
        let functions = self.functions();
        let mut spare: Vec<(f64, usize, usize)> = Vec::new();
        for (place, (strong, weak)) in strong.iter().zip(weak).enumerate() {
            for (part, (most, least)) in strong.iter().zip(weak).enumerate() {
                let worth = |n| self.pilot.worth_of(functions[place], part, n);
                spare.extend((least + 1..=*most).map(|n| (worth(n), place, part)));
            }
        }
        spare.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        spare
            .into_iter()
            .map(|(_, place, part)| (place, part))
            .collect()
    }

    /// Instances of one function busy at once, at most, and one more.
    fn most(&self) -> u32 {
        let functions = self.functions().into_iter();
        let peak = functions.map(|function| self.pilot.peak(function)).max();
        peak.unwrap_or(0) + 1
    }
}

/// Instances that a remedy provisions at least, on average over a week.
fn least_provisioned(remedy: &Remedy) -> f64 {
    match remedy {
        Remedy::Provisioned { instances } => f64::from(*instances),
        Remedy::Tracking { min, .. } => f64::from(*min),
        _ => 0.0,
    }
}

/// Whether a kind of remedy is to be tried.
fn wanted(search: &Search, name: RemedyName) -> bool {
    match &search.remedies {
        Some(remedies) => remedies.contains(&name),
        // Few platforms let a user choose these.
        None => match name {
            RemedyName::KeepAlive => !search.keep_alive.is_empty(),
            RemedyName::MinInstances => search.min_instances.is_some(),
            _ => true,
        },
    }
}

/// All chains of a base.
pub(super) fn chains(base: &Base, number: usize, search: &Search) -> Vec<Chain> {
    let names = [
        RemedyName::None,
        RemedyName::Snapshot,
        RemedyName::KeepAlive,
        RemedyName::Ping,
        RemedyName::MinInstances,
        RemedyName::Provisioned,
        RemedyName::Scheduled,
        RemedyName::Tracking,
    ];
    let mut chains = Vec::new();
    for name in names.into_iter().filter(|name| wanted(search, *name)) {
        let (settings, counts) = match name {
            RemedyName::None => (vec![vec![base.setting.clone()]], Vec::new()),
            RemedyName::Snapshot => (vec![vec![base.with_one(Remedy::Snapshot)]], Vec::new()),
            RemedyName::KeepAlive => {
                let mut keeps = search.keep_alive.clone();
                keeps.sort_unstable();
                let keeps = keeps.into_iter().map(Remedy::KeepAlive);
                (
                    vec![keeps.map(|keep| base.with_one(keep)).collect()],
                    Vec::new(),
                )
            }
            RemedyName::Ping => (pings(base, search), Vec::new()),
            RemedyName::MinInstances => (vec![floors(base, search)], Vec::new()),
            RemedyName::Provisioned => (vec![provisioned(base, search)], Vec::new()),
            RemedyName::Scheduled => {
                let counts = schedules(base);
                let settings = counts.iter().map(|counts| base.scheduled(counts)).collect();
                (vec![settings], counts)
            }
            RemedyName::Tracking => (tracking(base, search), Vec::new()),
        };
        for settings in settings.into_iter().filter(|settings| !settings.is_empty()) {
            chains.push(Chain {
                base: number,
                kind: Kind::Remedy(name),
                by_function: base.is_by_function(name, search),
                settings,
                counts: counts.clone(),
            });
        }
    }
    chains
}

/// So many pings a round. Where there are several, each keeps its instance long enough that each
/// finds one of its own.
pub(super) fn ping(search: &Search, every: Span, instances: u32) -> Remedy {
    let several = if instances > 1 { HOLD } else { Span::ZERO };
    Remedy::Ping {
        every,
        instances,
        hold: search.ping.hold.unwrap_or(several),
        sender: search.ping.sender,
    }
}

/// Chains of pings: along the knob with more values.
fn pings(base: &Base, search: &Search) -> Vec<Vec<Setting>> {
    let typed = &search.ping;
    let mut every = typed
        .every
        .clone()
        .unwrap_or_else(|| intervals(base.plan()));
    every.sort_unstable();
    every.dedup();
    if base.is_by_function(RemedyName::Ping, search) {
        let counts = counts_of_pings(base);
        let of = |every: &Span| {
            let settings = counts.iter().map(|counts| {
                let each = base.functions().into_iter().zip(counts);
                base.with_each(each.map(|(function, count)| {
                    let some = (*count > 0).then(|| ping(search, *every, *count));
                    (function, some)
                }))
            });
            settings.collect()
        };
        return every.iter().rev().map(of).collect();
    }
    let instances = typed.instances.clone();
    let instances = instances.unwrap_or_else(|| (1..=base.most()).collect());
    let with = |every: Span, instances: u32| base.with_one(ping(search, every, instances));
    if instances.len() >= every.len() {
        let of = |every: &Span| instances.iter().map(|n| with(*every, *n)).collect();
        every.iter().rev().map(of).collect()
    } else {
        let of = |n: &u32| every.iter().rev().map(|every| with(*every, *n)).collect();
        instances.iter().map(of).collect()
    }
}

/// Pings by function, from few to many: at each level those that spare at least as many cold
/// starts for what a ping costs, and in the end one more than was ever busy.
fn counts_of_pings(base: &Base) -> Vec<Vec<u32>> {
    let functions = base.functions();
    let spared = functions.iter().map(|function| {
        let price = base.price_of_ping(*function);
        let spared = base.pilot.spared(*function).into_iter();
        vec![spared.map(|spared| spared / price).collect()]
    });
    let levels = levels(&spared.collect::<Vec<_>>());
    let mut counts: Vec<Vec<u32>> = levels.into_iter().map(|level| level.concat()).collect();
    counts.retain(|counts| counts.iter().any(|count| *count > 0));
    let most = functions.iter().map(|f| base.pilot.peak(*f) + 1);
    counts.push(most.collect());
    counts
}

/// Intervals from a twentieth below the keep-alive downwards, for no keep-alive is known to the
/// second; none where pings keep nothing.
fn intervals(plan: &Plan) -> Vec<Span> {
    let keep = match &plan.platform.keep_alive {
        KeepAlive::For(dist) => dist.mean_secs(),
        KeepAlive::TwoClocks { instance, function } => instance.mean_secs().min(function.secs()),
        KeepAlive::Never | KeepAlive::ForEver => return Vec::new(),
    };
    let minutes = |least: f64| {
        let below = MINUTES.iter().rev().find(|m| **m as f64 * 60.0 < least);
        below.map(|minutes| Span::from_whole_secs(minutes * 60))
    };
    let mut every: Vec<Span> = [0.95, 0.5, 0.25]
        .iter()
        .filter_map(|part| minutes(keep * part))
        .collect();
    every.dedup();
    every
}

fn floors(base: &Base, search: &Search) -> Vec<Setting> {
    let counts = search.min_instances.clone();
    let counts = counts.unwrap_or_else(|| (1..=base.most()).collect());
    let counts = counts.into_iter().filter(|count| *count > 0);
    counts
        .map(|count| base.with_one(Remedy::MinInstances(count)))
        .collect()
}

/// One number for each function: the same where the user gave some or there is one function, else
/// those that leave the last instance of each the same worth.
fn provisioned(base: &Base, search: &Search) -> Vec<Setting> {
    let functions = base.functions();
    if !base.is_by_function(RemedyName::Provisioned, search) {
        let counts = search.provisioned.clone();
        let counts = counts.unwrap_or_else(|| (1..=base.most()).collect());
        let counts = counts.into_iter().filter(|count| *count > 0);
        return counts
            .map(|instances| base.with_one(Remedy::Provisioned { instances }))
            .collect();
    }
    let of = |counts: &Vec<Vec<u32>>| {
        base.with_each(functions.iter().zip(counts).map(|(function, counts)| {
            let instances = counts[0];
            let some = (instances > 0).then_some(Remedy::Provisioned { instances });
            (*function, some)
        }))
    };
    let settings = levels(&worths(base, false));
    settings
        .iter()
        .map(of)
        .filter(|setting| !setting.rules.is_empty())
        .collect()
}

/// Numbers by function and part of the calendar; none where no part differs from another.
fn schedules(base: &Base) -> Vec<Vec<Vec<u32>>> {
    let mut schedules = levels(&worths(base, true));
    let differs = |counts: &Vec<u32>| counts.iter().any(|count| *count != counts[0]);
    schedules.retain(|counts| counts.iter().any(differs));
    schedules
}

/// What each instance is worth, by function and part of the calendar or over all the time.
fn worths(base: &Base, by_part: bool) -> Vec<Vec<Vec<f64>>> {
    let functions = base.functions().into_iter();
    functions
        .map(|function| base.pilot.worths(function, by_part))
        .collect()
}

/// Numbers of instances by function and part, from few to many: at each level those instances that
/// are worth at least as much.
fn levels(worths: &[Vec<Vec<f64>>]) -> Vec<Vec<Vec<u32>>> {
    let mut sorted: Vec<f64> = worths.iter().flatten().flatten().copied().collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.dedup();
    let most = sorted.len();
    let mut levels: Vec<Vec<Vec<u32>>> = Vec::new();
    for level in 1..=LEVELS.min(most) {
        let least = sorted[level * most / LEVELS.min(most) - 1];
        // An n-th instance takes those before it along.
        let number = |worths: &Vec<f64>| {
            let place = worths.iter().rposition(|worth| *worth >= least);
            place.map_or(0, |place| place as u32 + 1)
        };
        let counts: Vec<Vec<u32>> = worths
            .iter()
            .map(|parts| parts.iter().map(number).collect())
            .collect();
        if levels.last() != Some(&counts) {
            levels.push(counts);
        }
    }
    levels
}

/// Utilisations to aim at, from the highest down, which asks for more and more instances.
fn targets(search: &Search) -> Vec<f64> {
    let typed = search.tracking.target.clone();
    let mut targets = typed.unwrap_or_else(|| TARGETS.to_vec());
    targets.sort_by(|a, b| b.total_cmp(a));
    targets.dedup();
    targets
}

/// What is weaker than a remedy of one function, the weakest first: none, then fewer instances or
/// pings, or higher targets.
pub(super) fn weaker(remedy: &Remedy, search: &Search) -> Vec<Option<Remedy>> {
    let mut weaker = vec![None];
    match *remedy {
        Remedy::Provisioned { instances } => {
            let fewer = (1..instances).map(|instances| Remedy::Provisioned { instances });
            weaker.extend(fewer.map(Some));
        }
        Remedy::Ping {
            every, instances, ..
        } => weaker.extend((1..instances).map(|count| Some(ping(search, every, count)))),
        Remedy::Tracking { min, max, target } => {
            let higher = targets(search).into_iter().filter(|other| *other > target);
            weaker.extend(higher.map(|target| Some(Remedy::Tracking { min, max, target })));
        }
        _ => {}
    }
    weaker
}

fn tracking(base: &Base, search: &Search) -> Vec<Vec<Setting>> {
    let typed = &search.tracking;
    let targets = targets(search);
    let most = typed.max.unwrap_or_else(|| base.most());
    let mins = typed.min.clone().unwrap_or_else(|| vec![1]);
    let mins = mins.into_iter().filter(|min| *min <= most);
    let of = |min: u32, target: f64| {
        if !base.is_by_function(RemedyName::Tracking, search) {
            return base.with_one(Remedy::Tracking {
                min,
                max: most,
                target,
            });
        }
        base.with_each(base.functions().into_iter().map(|function| {
            let max = min.max(base.pilot.peak(function) + 1);
            (function, Some(Remedy::Tracking { min, max, target }))
        }))
    };
    mins.map(|min| targets.iter().map(|target| of(min, *target)).collect())
        .collect()
}
