//! `[search]`: what `frostline plan` may choose from.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::quantity::{Bytes, Count, PositiveCount};
use crate::config::source::Place;
use crate::config::typed::search::{self as typed, ListOrRange};
use crate::config::typed::{Key, value};
use crate::model::{self, Architecture, Days, Function, RemedyName, Search};
use crate::pattern::matches;
use crate::units::{Memory, Span};

use super::Context;

/// More values of one knob than anybody waits for.
const MOST_VALUES: usize = 1000;
/// The platform whose limits these are.
const AWS: &str = "aws-lambda";
/// Utilisations that Application Auto Scaling takes for provisioned concurrency
/// (docs.aws.amazon.com, lambda, provisioned-concurrency, 2026).
const TARGETS: (f64, f64) = (0.1, 0.9);

/// The values of a list, where one is given.
fn listed<T, U>(key: &Key<Vec<Given<T>>>, of: impl Fn(&T) -> U) -> Option<Vec<U>> {
    let list = value(key)?;
    Some(list.iter().filter_map(Given::get).map(of).collect())
}

impl Context {
    /// What the user lets `plan` choose from.
    pub(super) fn search(
        &self,
        key: &Key<typed::Search>,
        functions: &[Function],
        platform: &model::Platform,
    ) -> Search {
        let start = self.start.get();
        let mut search = Search::default();
        search.scheduled.start = start;
        let Some(file) = value(key) else {
            return search;
        };
        search.functions = self.searched_functions(file, functions);
        search.memory = self.memories(&file.memory);
        search.architecture = listed(&file.architecture, |name| match name {
            typed::Architecture::X86 => Architecture::X86,
            typed::Architecture::Arm => Architecture::Arm,
        })
        .unwrap_or_default();
        search.reserved = self
            .counts(&file.reserved_concurrency, |count: &PositiveCount| count.0)
            .unwrap_or_default();
        search.remedies = listed(&file.remedies, |name| match name {
            typed::RemedyName::None => RemedyName::None,
            typed::RemedyName::Snapshot => RemedyName::Snapshot,
            typed::RemedyName::Ping => RemedyName::Ping,
            typed::RemedyName::Provisioned => RemedyName::Provisioned,
            typed::RemedyName::Scheduled => RemedyName::Scheduled,
            typed::RemedyName::Tracking => RemedyName::Tracking,
            typed::RemedyName::KeepAlive => RemedyName::KeepAlive,
            typed::RemedyName::MinInstances => RemedyName::MinInstances,
        });
        self.no_empty_search(file);
        self.nothing_passed_over(file);
        self.no_remedy_without_values(file);
        if let Some(ping) = value(&file.ping) {
            self.holds_within_timeouts(ping, &search.functions, functions);
            self.pings_of_sense(ping);
            search.ping = model::PingSearch {
                every: listed(&ping.every, |every| every.0),
                instances: self.counts(&ping.instances, |count: &PositiveCount| count.0),
                hold: value(&ping.hold).map(|hold| hold.0),
                sender: value(&ping.sender).copied().unwrap_or(true),
            };
        }
        search.provisioned = value(&file.provisioned)
            .and_then(|provisioned| self.some_instances(&provisioned.instances));
        if let Some(scheduled) = value(&file.scheduled) {
            self.schedules(scheduled, &mut search.scheduled);
        }
        if let Some(tracking) = value(&file.tracking) {
            self.targets(tracking, platform);
            self.bounds_of_tracking(tracking);
            search.tracking = model::TrackingSearch {
                target: listed(&tracking.target, |share| share.0),
                min: self.counts(&tracking.min, |count: &PositiveCount| count.0),
                max: value(&tracking.max).map(|count| count.0),
            };
        }
        search.keep_alive = listed(&file.keep_alive, |keep| keep.0).unwrap_or_default();
        search.min_instances = self.some_instances(&file.min_instances);
        search
    }

    fn no_empty_search(&self, file: &typed::Search) {
        fn place<T>(key: &Key<Vec<T>>) -> Option<Place> {
            let given = key.as_ref()?;
            given.get()?.is_empty().then_some(given.place)
        }
        let ping = value(&file.ping).and_then(|ping| place(&ping.every));
        let target = value(&file.tracking).and_then(|tracking| place(&tracking.target));
        let functions = file.functions.as_ref().and_then(|given| {
            let none = given.get()?.is_empty();
            none.then_some(given.place)
        });
        for (name, place) in [
            ("functions", functions),
            ("architecture", place(&file.architecture)),
            ("remedies", place(&file.remedies)),
            ("keep-alive", place(&file.keep_alive)),
            ("every", ping),
            ("target", target),
        ] {
            if let Some(place) = place {
                let title = format!("`{name}` is an empty list: leave it out");
                self.fault(Fault::new(title).at(place));
            }
        }
    }

    /// What is to be tried of remedies that are not.
    fn nothing_passed_over(&self, file: &typed::Search) {
        use typed::RemedyName as Name;
        fn place<T>(key: &Key<T>) -> Option<Place> {
            key.as_ref().map(|given| given.place)
        }
        let Some(remedies) = value(&file.remedies) else {
            return;
        };
        let tried: Vec<Name> = remedies.iter().filter_map(Given::get).copied().collect();
        let named = [
            ("ping", Name::Ping, place(&file.ping)),
            ("provisioned", Name::Provisioned, place(&file.provisioned)),
            ("scheduled", Name::Scheduled, place(&file.scheduled)),
            ("tracking", Name::Tracking, place(&file.tracking)),
            ("keep-alive", Name::KeepAlive, place(&file.keep_alive)),
            (
                "min-instances",
                Name::MinInstances,
                place(&file.min_instances),
            ),
        ];
        for (key, name, place) in named {
            if let Some(place) = place.filter(|_| !tried.is_empty() && !tried.contains(&name)) {
                let title = format!("`{key}` changes nothing: `remedies` leaves it out");
                self.fault(Fault::warning(title).at(place));
            }
        }
    }

    /// Kinds of remedies that need values of the user, who gave none.
    fn no_remedy_without_values(&self, file: &typed::Search) {
        let named = value(&file.remedies).into_iter().flatten();
        for given in named {
            if matches!(given.get(), Some(typed::RemedyName::KeepAlive))
                && file.keep_alive.is_none()
            {
                let title = "nothing says which keep-alives are to be tried";
                let fault = Fault::new(title).at(given.place);
                self.fault(fault.note("such as keep-alive = [\"5 min\", \"10 min\"] in [search]"));
            }
        }
    }

    /// Refuses pings that come so often that nothing else is simulated.
    fn pings_of_sense(&self, ping: &typed::PingSearch) {
        /// What sends pings by the minute on AWS may do so by the second elsewhere.
        const LEAST: Span = Span::from_whole_secs(1);
        for given in value(&ping.every).into_iter().flatten() {
            if let Some(every) = given.get().filter(|every| every.0 < LEAST) {
                let title = format!("pings every {} are more than one a second", every.0);
                let fault = Fault::new(title).at(given.place);
                self.fault(fault.note("keep-alives are minutes: give \"1 s\" or more"));
            }
        }
    }

    /// Refuses to hold pings longer than a function may run.
    fn holds_within_timeouts(
        &self,
        ping: &typed::PingSearch,
        searched: &[String],
        functions: &[Function],
    ) {
        let Some((key, hold)) = ping.hold.as_ref().zip(value(&ping.hold)) else {
            return;
        };
        let named = |f: &&Function| searched.is_empty() || searched.contains(&f.name);
        let timeouts = functions.iter().filter(named);
        let timeouts = timeouts.filter_map(|function| Some((function.timeout?, &function.name)));
        let Some((timeout, name)) = timeouts.min_by_key(|(timeout, _)| *timeout) else {
            return;
        };
        if hold.0 > timeout {
            let title = format!(
                "pings are held for {}, and function `{name}` is cut after {timeout}",
                hold.0
            );
            let fault = Fault::new(title).at(key.place);
            self.fault(
                fault.note("give a `hold` within the timeout of each function that is pinged"),
            );
        }
    }

    /// Refuses utilisations that nothing can be scaled to.
    fn targets(&self, tracking: &typed::TrackingSearch, platform: &model::Platform) {
        for given in value(&tracking.target).into_iter().flatten() {
            let Some(target) = given.get().map(|share| share.0) else {
                continue;
            };
            let title = if platform.name == AWS && !(TARGETS.0..=TARGETS.1).contains(&target) {
                let (least, most) = TARGETS;
                format!("AWS scales to a utilisation from {least} to {most}, not to {target}")
            } else if target <= 0.0 {
                "nothing can be scaled to a utilisation of 0".to_owned()
            } else {
                continue;
            };
            let fault = Fault::new(title).at(given.place);
            self.fault(fault.note("such as target = [0.5, 0.7, 0.9]"));
        }
    }

    /// Refuses a least number of instances above the greatest.
    fn bounds_of_tracking(&self, tracking: &typed::TrackingSearch) {
        let Some(max) = value(&tracking.max).map(|count| count.0) else {
            return;
        };
        let tell = |given: &Given<PositiveCount>| {
            if let Some(min) = given.get().map(|count| count.0).filter(|min| *min > max) {
                let title = format!("a `min` of {min} is more than the `max` of {max}");
                self.fault(Fault::new(title).at(given.place));
            }
        };
        match value(&tracking.min) {
            Some(ListOrRange::List(list)) => list.iter().for_each(tell),
            Some(ListOrRange::Range(range)) => tell(&range.to),
            None => {}
        }
    }

    /// Numbers of instances, of which one at least is above 0.
    fn some_instances(&self, key: &Key<ListOrRange<Count>>) -> Option<Vec<u32>> {
        let counts = self.counts(key, |count: &Count| count.0)?;
        if let Some(given) = key
            && counts.last() == Some(&0)
        {
            let title = "no number of instances above 0 to try";
            let fault = Fault::new(title).at(given.place);
            self.fault(fault.note("0 instances are what `remedies` calls `none`"));
        }
        Some(counts)
    }

    /// The functions that settings are for, where not all are.
    fn searched_functions(&self, file: &typed::Search, functions: &[Function]) -> Vec<String> {
        let names = || functions.iter().map(|function| function.name.as_str());
        let Some(patterns) = value(&file.functions) else {
            return Vec::new();
        };
        for pattern in patterns {
            let Some(text) = pattern.get() else { continue };
            if !names().any(|name| matches(text, name)) {
                let title = format!("no function matches `{text}`");
                let mut fault = Fault::new(title).at(pattern.place);
                if let Some(hint) = did_you_mean(text, names()) {
                    fault = fault.note(hint);
                }
                self.fault(fault.note(format!("functions: {}", list(names()))));
            }
        }
        let wanted: Vec<&String> = patterns.iter().filter_map(Given::get).collect();
        names()
            .filter(|name| wanted.iter().any(|pattern| matches(pattern, name)))
            .map(str::to_owned)
            .collect()
    }

    fn memories(&self, key: &Key<ListOrRange<Bytes>>) -> Vec<Memory> {
        match value(key) {
            None => Vec::new(),
            Some(ListOrRange::List(list)) => {
                self.some_values(list.is_empty(), key);
                list.iter().filter_map(Given::get).map(|m| m.0).collect()
            }
            Some(ListOrRange::Range(range)) => {
                let (Some(from), Some(to)) = (range.from.get(), range.to.get()) else {
                    return Vec::new();
                };
                self.ascending(from.0 <= to.0, range.to.place);
                let doubled = |memory: &Memory| Some(Memory::from_bytes(memory.bytes() * 2));
                let mut steps: Vec<Memory> = std::iter::successors(Some(from.0), doubled)
                    .take_while(|memory| *memory <= to.0)
                    .take(MOST_VALUES)
                    .collect();
                if steps.last().is_some_and(|last| *last < to.0) {
                    steps.push(to.0);
                }
                steps
            }
        }
    }

    /// Whole numbers, ascending, each once; `None` where none are given.
    fn counts<T>(&self, key: &Key<ListOrRange<T>>, number: impl Fn(&T) -> u32) -> Option<Vec<u32>> {
        let mut counts: Vec<u32> = match value(key)? {
            ListOrRange::List(list) => {
                self.some_values(list.is_empty(), key);
                list.iter().filter_map(Given::get).map(number).collect()
            }
            ListOrRange::Range(range) => {
                let (from, to) = (number(range.from.get()?), number(range.to.get()?));
                self.ascending(from <= to, range.to.place);
                if to.saturating_sub(from) as usize >= MOST_VALUES {
                    let title = format!("more than {MOST_VALUES} values to try");
                    let fault = Fault::new(title).at(range.to.place);
                    self.fault(fault.note("give a list of fewer"));
                    return None;
                }
                (from..=to).collect()
            }
        };
        counts.sort_unstable();
        counts.dedup();
        Some(counts)
    }

    fn some_values<T>(&self, empty: bool, key: &Key<T>) {
        if let (true, Some(given)) = (empty, key) {
            let title = "a list of no values to try: leave it out";
            self.fault(Fault::new(title).at(given.place));
        }
    }

    fn ascending(&self, ascending: bool, to: Place) {
        if !ascending {
            self.fault(Fault::new("`to` is less than `from`").at(to));
        }
    }

    fn schedules(&self, typed: &typed::ScheduledSearch, search: &mut model::ScheduledSearch) {
        const DAY: u64 = 86_400;
        if let Some((key, step)) = typed.step.as_ref().zip(value(&typed.step)) {
            let minute = Span::from_whole_secs(60).nanos();
            let even = Span::from_whole_secs(DAY)
                .nanos()
                .is_multiple_of(step.0.nanos());
            if !even || !step.0.nanos().is_multiple_of(minute) {
                let title = "steps are whole minutes, and a day is made of whole steps";
                let fault = Fault::new(title).at(key.place);
                self.fault(fault.note("such as \"15 min\", \"1 h\" or \"2 h\""));
            }
            search.step = step.0;
        }
        search.days = value(&typed.days).map(|days| match days {
            typed::Days::Same => Days::Same,
            typed::Days::Weekend => Days::Weekend,
            typed::Days::Each => Days::Each,
        });
        if let Some(zone) = self.zone(&typed.time_zone) {
            let name = value(&typed.time_zone).cloned();
            search.zone = (name.unwrap_or_else(|| "UTC".to_owned()), zone);
        }
        if let Some((key, lead)) = typed.lead.as_ref().zip(value(&typed.lead)) {
            if lead.0 >= search.step || lead.0.nanos() % Span::from_whole_secs(60).nanos() != 0 {
                let title = "`lead` is whole minutes, and less than a step";
                self.fault(Fault::new(title).at(key.place));
            }
            search.lead = lead.0;
        } else if let Some(step) = &typed.step
            && search.lead >= search.step
        {
            let title = format!(
                "a step of {} is no longer than the `lead` of {} that holds where none is given",
                search.step, search.lead
            );
            let fault = Fault::new(title).at(step.place);
            self.fault(fault.note("give a longer `step`, or a shorter `lead` in whole minutes"));
        }
    }
}
