//! The experiment at one point of its sweep.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::decode::{Given, decode};
use crate::config::diagnostic::Fault;
use crate::config::embedded::ModelKind;
use crate::config::names::{control_character, did_you_mean, list};
use crate::config::quantity::PositiveCount;
use crate::config::source::Place;
use crate::config::tree::Node;
use crate::config::typed::experiment::ExperimentFile;
use crate::config::typed::function::{FunctionEntry, FunctionFile, FunctionKeys};
use crate::config::typed::policy::Policy;
use crate::config::typed::{Key, Overlay, value};
use crate::ids::FunctionId;
use crate::model::{Function, Plan, Process, Remedy, Scenario, Search, Source};
use crate::trace::{Trace, TraceFunction};
use crate::units::{Span, Time};

use super::Context;
use super::function::{FunctionFacts, Parts};
use super::measured::MeasuredTime;
use super::platform::{PlatformChoice, PlatformFacts};
use super::policy::Known;
use super::workflow;

/// What does not differ between the points of a sweep.
pub(crate) struct Heading {
    pub(crate) question: String,
    pub(crate) seed: u64,
    pub(crate) replications: u32,
    /// Where they were typed; the experiment if they were not.
    pub(crate) replications_place: Place,
    /// What `plan` may choose from.
    pub(crate) search: Search,
}

/// Functions of the experiment, with where their requests come from.
#[derive(Default)]
pub(super) struct Population {
    pub(super) functions: Vec<FunctionFacts>,
    pub(super) sources: Vec<Source>,
    /// Where each source was typed.
    pub(super) places: Vec<Place>,
    /// Whether a function had to be left out for a fault, so that names are not all known.
    pub(super) incomplete: bool,
}

/// A function of the trace.
#[derive(Clone, Copy)]
struct Listed<'a> {
    function: &'a TraceFunction,
    recorded: Recorded,
}

/// What recorded requests say about their service times.
#[derive(Clone, Copy, Default)]
pub(super) struct Recorded {
    /// Whether each brings its own.
    pub(super) each: bool,
    pub(super) longest: Option<Span>,
}

impl Recorded {
    /// Of a function of a trace, by its place.
    pub(super) fn of(trace: &Trace, function: usize) -> Self {
        Self {
            each: trace.records_service(),
            longest: trace.longest_service(function),
        }
    }
}

/// What all functions have in common that only the trace names.
struct TraceBase {
    keys: FunctionKeys,
    model: Option<FunctionKeys>,
    /// Whether the model is at fault.
    gap: bool,
    /// The table that stands for them in an error.
    table: Place,
}

/// The scenarios of one point: every policy at these values.
pub(crate) fn scenarios(
    context: &Context,
    root: &Node,
    set: &[(String, String)],
) -> Option<(Heading, Vec<Scenario>)> {
    let file: ExperimentFile = decode(root, &context.faults)?;
    let mut heading = Heading {
        question: value(&file.question).cloned().unwrap_or_default(),
        seed: value(&file.seed).map_or(1, |seed| seed.0),
        replications: value(&file.replications).map_or(10, |PositiveCount(count)| *count),
        replications_place: file
            .replications
            .as_ref()
            .map_or(root.place, |key| key.place),
        search: Search::default(),
    };
    let start = value(&file.start).map(|start| start.0);
    context.start.set(start.unwrap_or_default());
    let duration = context.need(&file.duration, root.place, "the experiment", "duration");
    let warm_up = value(&file.warm_up).map_or(Span::ZERO, |length| length.0);
    let end = duration.map_or(Time::NEVER, |duration| Time::ZERO + warm_up + duration.0);
    context.end.set(end);
    let named = match &file.platform {
        Some(named) => Some(named),
        None if context.faults.is_excused(root.place, "platform") => None,
        None => {
            let names: Vec<&str> = ModelKind::Platform
                .models()
                .map(|model| model.name)
                .collect();
            context.fault(
                Fault::new("the experiment lacks `platform`")
                    .at(root.place)
                    .note(format!("a path, or one of {}", list(names))),
            );
            None
        }
    };
    let platform = named.and_then(|named| {
        context.platform(&PlatformChoice {
            named,
            overrides: file.platform_override.as_ref(),
            accounts: &file.account,
            resources: &file.resource,
            date: &file.date,
            free_tier: value(&file.free_tier).copied().unwrap_or(false),
        })
    });
    context.names(&file);
    let Some(platform) = platform else {
        context.without_platform(&file);
        return None;
    };
    let mut population = context.population(&file, root.place, &platform);
    context.workflows(&file.workflow, &platform, &mut population);
    context.share_layers(&mut population.functions, &platform);
    context.warn_of_cuts(&population.functions);
    context.doubt_searched_memory(&file.search, &population.functions, &platform);
    context.reservations(&population.functions, &platform);
    let policies = context.policies(&file, &platform, &population);
    let known = Known {
        functions: &population.functions,
        incomplete: population.incomplete,
    };
    let measured_from = Time::ZERO + warm_up;
    let traffic = context.traffic(&file, &known, &population.sources, measured_from);
    let duration = duration?.0;
    context.fits_into_time(warm_up, duration, &file);
    context.meets_measured_time(&MeasuredTime::new(warm_up, duration), &population);
    if !context.faults.any_error() {
        context.doubt_unused(&file, &population.functions, &platform);
    }
    let keep_alive_curve =
        context.keep_alive_curve(&file.keep_alive_curve, &platform, &population.functions);
    let claimed_concurrency = value(&file.claimed_concurrency).copied().unwrap_or(false);
    let functions: Arc<[Function]> = population
        .functions
        .into_iter()
        .map(|f| f.function)
        .collect();
    heading.search = context.search(&file.search, &functions, &platform.platform);
    let sources: Arc<[Source]> = population.sources.into();
    let end = Time::ZERO + warm_up + duration;
    context.warn_of_transients(&file, &functions, &sources, end);
    let scenarios = policies.into_iter().map(|(policy, remedies)| Scenario {
        policy,
        set: set.to_vec(),
        plan: Plan {
            platform: Arc::clone(&platform.platform),
            functions: Arc::clone(&functions),
            sources: Arc::clone(&sources),
            traffic: traffic.clone(),
            remedies,
            warm_up,
            duration,
        },
        keep_alive_curve,
        claimed_concurrency,
    });
    Some((heading, scenarios.collect()))
}

/// The tables of a key, those at fault included.
pub(super) fn tables<T>(key: &Key<crate::config::typed::experiment::Tables<T>>) -> &[Given<T>] {
    value(key).map_or(&[], |tables| tables.0.as_slice())
}

/// Where the value of a key stands, where it is given.
fn value_place<T>(key: &Key<T>) -> Option<Place> {
    key.as_ref().map(|given| given.place)
}

/// The fault with the names that there are in a trace, the nearest first.
fn with_names(fault: Fault, name: &str, trace: &Trace) -> Fault {
    let names = || trace.functions().iter().map(|f| f.name.as_str());
    let fault = match did_you_mean(name, names()) {
        Some(hint) => fault.note(hint),
        None => fault,
    };
    fault.note(format!("functions of the trace: {}", list(names())))
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    }
}

impl Context {
    /// Functions and policies have names, and no two the same.
    fn names(&self, file: &ExperimentFile) {
        let functions = tables(&file.function)
            .iter()
            .filter_map(|table| Some((table.place, &table.get()?.name)));
        self.unique("function", functions);
        let policies = tables(&file.policy)
            .iter()
            .filter_map(|table| Some((table.place, &table.get()?.name)));
        self.unique("policy", policies);
    }

    /// What can be said of functions where the platform is at fault, so that it hides nothing.
    fn without_platform(&self, file: &ExperimentFile) {
        let entries = tables(&file.function).iter().filter_map(Given::get);
        for entry in entries {
            self.model_keys(entry.model.as_ref());
            if let Some(arrivals) = &entry.arrivals {
                let name = value(&entry.name).map_or("", String::as_str);
                self.process(arrivals, name);
            }
        }
        if let Some(defaults) = value(&file.defaults) {
            self.model_keys(defaults.model.as_ref());
        }
    }

    pub(super) fn unique<'a>(
        &self,
        what: &str,
        names: impl Iterator<Item = (Place, &'a Key<String>)>,
    ) {
        let mut first: BTreeMap<&str, Place> = BTreeMap::new();
        for (table, name) in names {
            let Some(key) = name else {
                self.need(name, table, &format!("this {what}"), "name");
                continue;
            };
            let Some(text) = key.get() else { continue };
            if text.trim().is_empty() {
                self.fault(
                    Fault::new(format!("the name of {} {what} is empty", article(what)))
                        .at(key.place),
                );
            } else if text.contains(char::is_control) {
                self.fault(control_character(
                    &format!("{} {what}", article(what)),
                    key.place,
                ));
            } else if what == "function" && text == "*" {
                let title = "no function can be named `*`, which stands for all of them";
                self.fault(Fault::new(title).at(key.place));
            } else if let Some(before) = first.get(text.as_str()) {
                self.fault(
                    Fault::new(format!("two {what} tables are named `{text}`"))
                        .label(key.place, "the second")
                        .label(*before, "the first"),
                );
            } else {
                first.insert(text, key.place);
            }
        }
    }

    fn population(
        &self,
        file: &ExperimentFile,
        root: Place,
        platform: &PlatformFacts,
    ) -> Population {
        let trace = file
            .workload
            .as_ref()
            .and_then(|given| self.workload(given));
        let traced: BTreeMap<&str, usize> = trace
            .iter()
            .flat_map(|trace| trace.functions())
            .enumerate()
            .map(|(number, function)| (function.name.as_str(), number))
            .collect();
        let mut population = Population::default();
        let mut of_trace: Vec<Option<FunctionId>> = vec![None; traced.len()];
        let push = |population: &mut Population, facts: FunctionFacts| {
            population.functions.push(facts);
            FunctionId(population.functions.len() as u32 - 1)
        };
        let called = workflow::called(&file.workflow);
        for table in tables(&file.function) {
            let Some(entry) = table.get() else {
                population.incomplete = true;
                continue;
            };
            let Some(name) = value(&entry.name) else {
                population.incomplete = true;
                continue;
            };
            let number = traced.get(name.as_str()).copied();
            let invented = value_place(&entry.name) == Some(table.place);
            if let (true, None, None, Some(trace)) = (invented, number, &entry.arrivals, &trace) {
                self.no_function(name, table.place, trace);
                population.incomplete = true;
                continue;
            }
            let listed = trace.as_deref().zip(number).map(|(trace, number)| Listed {
                function: &trace.functions()[number],
                recorded: Recorded::of(trace, number),
            });
            let facts = self.entry(file, entry, table.place, name, listed, platform);
            let function = push(&mut population, facts);
            match (&entry.arrivals, number) {
                (Some(arrivals), None) => {
                    if let Some(process) = self.process(arrivals, name) {
                        let by_schedule = matches!(process, Process::Schedule(_));
                        let model = &mut population.functions[function.index()].function;
                        model.scheduled = by_schedule && !called.contains(name);
                        population
                            .sources
                            .push(Source::Process { function, process });
                        population.places.push(arrivals.place);
                    }
                }
                (None, Some(number)) => of_trace[number] = Some(function),
                (Some(arrivals), Some(_)) => self.fault(
                    Fault::new(format!(
                        "function `{name}` has `arrivals`, and the trace names it too"
                    ))
                    .at(arrivals.place)
                    .note("leave out `arrivals`, or give the function another name"),
                ),
                // A workload that could not be read may have named it.
                (None, None) if file.workload.is_some() && trace.is_none() => {}
                (None, None) if self.faults.is_excused(table.place, "arrivals") => {}
                (None, None) if called.contains(name) => {}
                (None, None) => self.no_arrivals(name, table.place, trace.as_deref()),
            }
        }
        if let Some(trace) = trace {
            let base = self.trace_base(file, root);
            for (number, function) in trace.functions().iter().enumerate() {
                let listed = Listed {
                    function,
                    recorded: Recorded::of(&trace, number),
                };
                if of_trace[number].is_none() {
                    let facts = self.of_trace(&base, listed, platform);
                    of_trace[number] = Some(push(&mut population, facts));
                }
            }
            let functions: Option<Vec<FunctionId>> = of_trace.into_iter().collect();
            if let Some(functions) = functions {
                let functions = functions.into();
                population.sources.push(Source::Trace { trace, functions });
                let workload = file.workload.as_ref().map(|given| given.place);
                population.places.push(workload.unwrap_or(root));
            }
        } else {
            self.some_functions(file, root);
        }
        self.warn_of_defaults(file);
        population
    }

    /// Refuses an experiment without functions, where none is at fault.
    fn some_functions(&self, file: &ExperimentFile, root: Place) {
        let given = file.function.as_ref();
        if tables(&file.function).is_empty()
            && file.workload.is_none()
            && !self.faults.is_excused(root, "function")
            && !self.faults.is_excused(root, "workload")
            && given.is_none_or(|given| given.value.is_some())
        {
            self.fault(
                Fault::new("the experiment has no functions")
                    .at(root)
                    .note("give [[function]] tables, or a [workload]"),
            );
        }
    }

    /// Warns of keys that nothing reads.
    fn warn_of_defaults(&self, file: &ExperimentFile) {
        if let (None, Some(given)) = (&file.workload, &file.defaults) {
            let title = "[defaults] holds for functions of a trace, and there is no [workload]";
            let fault = Fault::warning(title).at(given.place);
            self.fault(fault.note("give each [[function]] its keys"));
        }
    }

    fn no_arrivals(&self, name: &str, table: Place, trace: Option<&Trace>) {
        let fault = Fault::new(format!("function `{name}` lacks `arrivals`")).at(table);
        self.fault(match trace {
            None => fault.note("such as arrivals = { poisson = { rate = \"30 / h\" } }"),
            Some(trace) => {
                let fault = fault.note("no function of the trace has its name");
                with_names(fault, name, trace)
            }
        });
    }

    /// A function that only a key of the command line or of the sweep names.
    fn no_function(&self, name: &str, key: Place, trace: &Trace) {
        let fault = Fault::new(format!("no function is named `{name}`")).at(key);
        self.fault(with_names(fault, name, trace));
    }

    /// The keys of a model, where one is named, and whether there is none for a fault.
    fn model_keys(&self, model: Option<&Given<String>>) -> (Option<FunctionKeys>, bool) {
        let Some(named) = model else {
            return (None, false);
        };
        let model: Option<(Place, FunctionFile)> = self.model(ModelKind::Function, named);
        let keys = model.map(|(_, file)| file.keys());
        let gap = keys.is_none();
        (keys, gap)
    }

    fn entry(
        &self,
        file: &ExperimentFile,
        entry: &FunctionEntry,
        table: Place,
        name: &str,
        listed: Option<Listed<'_>>,
        platform: &PlatformFacts,
    ) -> FunctionFacts {
        let defaults = value(&file.defaults).filter(|_| listed.is_some());
        let (own, model) = match defaults {
            Some(defaults) => (
                entry.keys().over(defaults.keys()),
                entry.model.as_ref().or(defaults.model.as_ref()).cloned(),
            ),
            None => (entry.keys(), entry.model.clone()),
        };
        let (model, gap) = self.model_keys(model.as_ref());
        let recorded = match (listed, &entry.arrivals) {
            (Some(listed), _) => listed.recorded,
            (None, Some(arrivals)) => self.recorded(arrivals, name),
            (None, None) => Recorded::default(),
        };
        let parts = Parts {
            name,
            table,
            own,
            model,
            gap: gap || self.faults.is_excused(table, "service"),
            recorded: recorded.each,
            longest: recorded.longest,
            traced: listed.map(|listed| listed.function),
        };
        self.function(parts, platform)
    }

    /// What all functions have in common that only the trace names.
    fn trace_base(&self, file: &ExperimentFile, root: Place) -> TraceBase {
        let defaults = value(&file.defaults).cloned().unwrap_or_default();
        let (model, gap) = self.model_keys(defaults.model.as_ref());
        let workload = file.workload.as_ref().map(|given| given.place);
        let table = file.defaults.as_ref().map(|given| given.place);
        TraceBase {
            keys: defaults.keys(),
            model,
            gap,
            table: table.or(workload).unwrap_or(root),
        }
    }

    /// A function that only the trace names.
    fn of_trace(
        &self,
        base: &TraceBase,
        listed: Listed<'_>,
        platform: &PlatformFacts,
    ) -> FunctionFacts {
        let traced = listed.function;
        let lacks = !listed.recorded.each
            && !base.gap
            && base.keys.service.is_none()
            && traced.service.is_none()
            && base
                .model
                .as_ref()
                .is_none_or(|model| model.service.is_none());
        if lacks {
            // Told once, not for each of thousands of functions.
            self.fault(
                Fault::new("the trace has no service times, and [defaults] gives none")
                    .at(base.table)
                    .note("give `service` or `model` in [defaults]"),
            );
        }
        let parts = Parts {
            name: &traced.name,
            table: base.table,
            own: base.keys.clone(),
            model: base.model.clone(),
            gap: base.gap || lacks,
            recorded: listed.recorded.each,
            longest: listed.recorded.longest,
            traced: Some(traced),
        };
        self.function(parts, platform)
    }

    fn policies(
        &self,
        file: &ExperimentFile,
        platform: &PlatformFacts,
        population: &Population,
    ) -> Vec<(String, Vec<Remedy>)> {
        let listed = tables(&file.policy);
        if listed.is_empty() {
            return vec![("platform as it is".to_owned(), Vec::new())];
        }
        let mut policies = Vec::with_capacity(listed.len());
        for policy in listed {
            let Some(typed) = policy.get() else { continue };
            let typed: &Policy = typed;
            let name = value(&typed.name).cloned().unwrap_or_default();
            let known = Known {
                functions: &population.functions,
                incomplete: population.incomplete,
            };
            policies.push((name, self.remedies(typed, platform, &known)));
        }
        policies
    }

    fn fits_into_time(&self, warm_up: Span, duration: Span, file: &ExperimentFile) {
        let total = warm_up.nanos().checked_add(duration.nanos());
        let sound = total.is_some_and(|total| total < u64::MAX / 2);
        if let (false, Some(key)) = (sound, &file.duration) {
            self.fault(
                Fault::new("`warm-up` and `duration` are more than 290 years together")
                    .at(key.place),
            );
        }
    }
}
