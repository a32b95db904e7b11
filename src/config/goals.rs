//! `[slo]` and `[assert]`: measures with what they have to be.
//!
//! Their keys are measures, which no serde type lists, so they are read from the tree, once for all
//! points of a sweep.

use crate::metric::{METRICS, MetricId};
use crate::model::{Assertion, EventSource, Experiment, Goal, Relation, Scenario, Scope};
use crate::pattern::matches;
use crate::units::{parse_money, parse_span};

use super::diagnostic::Fault;
use super::names::{did_you_mean, list};
use super::source::Place;
use super::sweep::parts;
use super::tree::{Entry, Node, Value};

/// What an experiment is held to.
#[derive(Default)]
pub(crate) struct Goals {
    slo: Vec<Typed>,
    assertions: Vec<Typed>,
}

/// A goal with the names it was typed with.
struct Typed {
    place: Place,
    policy: Option<Named>,
    function: Option<Named>,
    goal: Goal,
}

/// A pattern of names, with its place.
#[derive(Clone)]
struct Named {
    place: Place,
    pattern: String,
}

/// Whom a table of goals is about.
#[derive(Clone, Default)]
struct About {
    policy: Option<Named>,
    function: Option<Named>,
    /// Whether policies may be named.
    of_policies: bool,
}

impl About {
    /// Whether the table may say more closely whom it is about.
    fn may(&self, section: &str) -> bool {
        match section {
            "function" => self.function.is_none(),
            "policy" => self.of_policies && self.function.is_none() && self.policy.is_none(),
            _ => false,
        }
    }

    fn with(&self, section: &str, named: Named) -> Self {
        let mut about = self.clone();
        if section == "policy" {
            about.policy = Some(named);
        } else {
            about.function = Some(named);
        }
        about
    }
}

/// What takes faults.
type Tell<'a> = &'a mut dyn FnMut(Fault);

/// Takes the goals out of a document.
pub(crate) fn goals(root: &mut Node, tell: Tell<'_>) -> Goals {
    let mut goals = Goals::default();
    for (section, list) in [("slo", &mut goals.slo), ("assert", &mut goals.assertions)] {
        let Some(entry) = root.take(section) else {
            continue;
        };
        if matches!(entry.node.value, Value::Table(_)) {
            let about = About {
                of_policies: section == "assert",
                ..About::default()
            };
            gather(&entry.node, &about, list, tell);
        } else if !matches!(entry.node.value, Value::Faulty) {
            let title = format!("`{section}` is a table of measures, each with its bound");
            let fault = Fault::new(title).at(entry.node.place);
            tell(fault.note("such as latency-ms-p99 = \"<= 300\""));
        }
    }
    goals
}

impl Goals {
    /// The goals, whose names an experiment knows.
    pub(crate) fn give(self, experiment: &mut Experiment, tell: Tell<'_>) {
        let functions: Vec<&str> = {
            let scenarios = experiment.scenarios.iter();
            let functions = scenarios.flat_map(|scenario| scenario.plan.functions.iter());
            functions.map(|function| function.name.as_str()).collect()
        };
        let policies = experiment.scenarios.iter();
        let policies: Vec<&str> = policies.map(|s| s.policy.as_str()).collect();
        for typed in self.slo.iter().chain(&self.assertions) {
            known("function", typed.function.as_ref(), &functions, tell);
            known("policy", typed.policy.as_ref(), &policies, tell);
            if let Some(what) = lacks(experiment, typed.goal.metric) {
                let name = typed.goal.metric.metric().name.replace('_', "-");
                let title = format!("`{name}` has no value here: {what}");
                tell(Fault::new(title).at(typed.place));
            }
        }
        experiment.slo = self.slo.into_iter().map(|typed| typed.goal).collect();
        let assertions = self.assertions.into_iter().map(|typed| Assertion {
            policy: typed.policy.map(|named| named.pattern),
            goal: typed.goal,
        });
        experiment.assertions = assertions.collect();
    }
}

/// What an experiment lacks without which a measure has no value in any scenario.
fn lacks(experiment: &Experiment, metric: MetricId) -> Option<&'static str> {
    let any = |has: &dyn Fn(&Scenario) -> bool| experiment.scenarios.iter().any(has);
    let sourced = |is: fn(&EventSource) -> bool| {
        any(&|scenario| {
            let functions = scenario.plan.functions.iter();
            functions.map(|f| &f.source).any(is)
        })
    };
    let name = metric.metric().name;
    let (has, what) = if name.starts_with("claimed_concurrency") {
        (
            any(&|scenario| scenario.claimed_concurrency),
            "give `claimed-concurrency = true`",
        )
    } else if name.starts_with("workflow") || name == "transitions" || name.ends_with("_workflow") {
        (
            any(&|scenario| scenario.plan.workflows().next().is_some()),
            "there is no [[workflow]]",
        )
    } else if name.starts_with("message") {
        (
            sourced(|s| matches!(s, EventSource::Queue(_) | EventSource::Stream(_))),
            "no function has a queue or a stream as its `source`",
        )
    } else if name == "cost_usd_queue" {
        (
            sourced(|s| matches!(s, EventSource::Queue(_))),
            "no function has a queue as its `source`",
        )
    } else if name == "cost_usd_stream" {
        (
            sourced(|s| matches!(s, EventSource::Stream(_))),
            "no function has a stream as its `source`",
        )
    } else if name == "cost_usd_gateway" {
        (
            sourced(|s| matches!(s, EventSource::Gateway(_))),
            "no function has a gateway as its `source`",
        )
    } else {
        return None;
    };
    (!has).then_some(what)
}

/// Tells of a pattern that fits no name.
fn known(what: &str, typed: Option<&Named>, names: &[&str], tell: Tell<'_>) {
    let Some(Named { place, pattern }) = typed else {
        return;
    };
    if names.iter().any(|name| matches(pattern, name)) {
        return;
    }
    let mut unique = names.to_vec();
    unique.sort_unstable();
    unique.dedup();
    let fault = Fault::new(format!("no {what} is named `{pattern}`")).at(*place);
    let fault = match did_you_mean(pattern, unique.iter().copied()) {
        Some(hint) => fault.note(hint),
        None => fault,
    };
    tell(fault.note(format!("there is {}", list(unique))));
}

fn gather(table: &Node, about: &About, goals: &mut Vec<Typed>, tell: Tell<'_>) {
    let Value::Table(entries) = &table.value else {
        return;
    };
    for entry in entries {
        let path = parts(&entry.key).unwrap_or_else(|| vec![entry.key.clone()]);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            [section] if about.may(section) => below(section, entry, about, goals, tell),
            [section, name, measure] if about.may(section) => {
                let named = Named {
                    place: entry.place,
                    pattern: name.to_owned(),
                };
                let about = about.with(section, named);
                measured(measure, entry, &about, goals, tell);
            }
            _ => measured(&entry.key, entry, about, goals, tell),
        }
    }
}

/// Goes through a table whose keys are names.
fn below(section: &str, entry: &Entry, about: &About, goals: &mut Vec<Typed>, tell: Tell<'_>) {
    let wrong = |place| {
        let title = format!("`{section}` needs a name, and below it measures with their bounds");
        let fault = Fault::new(title).at(place);
        fault.note(format!(
            "such as {section}.NAME.latency-ms-p99 = \"<= 300\""
        ))
    };
    let Value::Table(tables) = &entry.node.value else {
        return tell(wrong(entry.node.place));
    };
    for name in tables {
        if matches!(name.node.value, Value::Table(_)) {
            let named = Named {
                place: name.place,
                pattern: name.key.clone(),
            };
            gather(&name.node, &about.with(section, named), goals, tell);
        } else {
            tell(wrong(name.place));
        }
    }
}

/// Reads the bounds of a measure: one, or a list of them.
fn measured(measure: &str, entry: &Entry, about: &About, goals: &mut Vec<Typed>, tell: Tell<'_>) {
    let node = &entry.node;
    let Some(metric) = MetricId::by_name(&measure.replace('-', "_")) else {
        return tell(unknown(measure, entry.place));
    };
    let bounds = match &node.value {
        Value::List(bounds) => bounds.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if bounds.is_empty() {
        let title = format!("`{measure}` has no bound");
        let fault = Fault::new(title).at(node.place);
        tell(fault.note(format!("such as \"<= {}\"", example(metric))));
    }
    for node in bounds {
        if matches!(node.value, Value::Faulty) {
            continue;
        }
        let read = node
            .as_text()
            .ok_or_else(|| "a bound is a text that begins with its sign".to_owned())
            .and_then(|text| bound(metric, text));
        let (relation, bound) = match read {
            Ok(read) => read,
            Err(why) => {
                let title = format!("wrong bound of `{measure}`: {why}");
                let fault = Fault::new(title).at(node.place);
                tell(fault.note(format!("such as \"<= {}\"", example(metric))));
                continue;
            }
        };
        let is_share = metric.metric().name.ends_with("_ratio");
        let never_missed = match relation {
            Relation::AtMost => bound >= 1.0,
            Relation::Below => bound > 1.0,
            Relation::AtLeast => bound <= 0.0,
            Relation::Above => bound < 0.0,
            Relation::Equal => false,
        };
        if is_share && never_missed {
            let title = format!("`{measure}` is a share, which cannot miss this bound");
            let fault = Fault::warning(title).at(node.place);
            tell(
                fault.note("a share of 1 is all: a percentage is written with its sign, `<= 1 %`"),
            );
        }
        let functions = about.function.as_ref();
        goals.push(Typed {
            place: entry.place,
            policy: about.policy.clone(),
            function: about.function.clone(),
            goal: Goal {
                metric,
                scope: functions.map_or(Scope::All, |f| Scope::Functions(f.pattern.clone())),
                relation,
                bound,
            },
        });
    }
}

fn unknown(measure: &str, place: Place) -> Fault {
    let kebab = measure.replace('_', "-");
    let names: Vec<String> = METRICS.iter().map(|m| m.name.replace('_', "-")).collect();
    let names = names.iter().map(String::as_str);
    let fault = Fault::new(format!("there is no measure `{measure}`")).at(place);
    match did_you_mean(&kebab, names.clone()) {
        Some(hint) => fault.note(hint),
        None => fault.note(format!("measures are {}", list(names))),
    }
}

/// A bound as typed: its sign, then a number in the unit of the measure's name, or a quantity.
fn bound(metric: MetricId, text: &str) -> Result<(Relation, f64), String> {
    let text = text.trim();
    let (relation, rest) = Relation::ALL
        .iter()
        .find_map(|(relation, sign)| Some((*relation, text.strip_prefix(sign)?.trim())))
        .ok_or_else(|| format!("`{text}` does not begin with <=, <, >=, > or =="))?;
    let name = metric.metric().name;
    let quantity = || -> Result<f64, String> {
        if name.ends_with("_ratio") {
            let percent = rest.strip_suffix('%').map(str::trim).map(str::parse::<f64>);
            return match percent {
                Some(Ok(percent)) => Ok(percent / 100.0),
                _ => Err(format!("`{rest}` is no ratio, such as 0.01 or 1 %")),
            };
        }
        if name.contains("_ms_") {
            let span = parse_span(rest).map_err(|error| error.to_string())?;
            return Ok(span.nanos() as f64 / 1e6);
        }
        if name.contains("_usd") {
            return parse_money(rest).map_err(|error| error.to_string());
        }
        Err(format!("`{rest}` is no number"))
    };
    let value = rest.parse::<f64>().or_else(|_| quantity())?;
    if !value.is_finite() || value < 0.0 {
        return Err(format!("no measure can be {rest}"));
    }
    if name.ends_with("_ratio") && value > 1.0 {
        return Err(format!("a ratio is at most 1, and this is {rest}"));
    }
    Ok((relation, value))
}

/// A bound that a person might want.
fn example(metric: MetricId) -> &'static str {
    let name = metric.metric().name;
    if name.ends_with("_ratio") {
        "0.01"
    } else if name.contains("_usd") {
        "20 USD"
    } else if name.contains("_ms_") {
        "300"
    } else {
        "10"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_number_in_the_measures_unit_or_a_quantity() {
        let read = |name: &str, text: &str| {
            let metric = MetricId::by_name(name).expect("a measure");
            bound(metric, text)
        };
        for (name, text, expected) in [
            ("latency_ms_p99", "<= 300", (Relation::AtMost, 300.0)),
            ("latency_ms_p99", "<0.3 s", (Relation::Below, 300.0)),
            ("latency_ms_p99", "<= 501.3 ms", (Relation::AtMost, 501.3)),
            ("cold_start_ratio", "<= 1 %", (Relation::AtMost, 0.01)),
            ("cold_start_ratio", "< 0.05", (Relation::Below, 0.05)),
            ("cost_usd_per_month", "<= 20 USD", (Relation::AtMost, 20.0)),
            ("requests", ">= 1000", (Relation::AtLeast, 1000.0)),
            ("rejected", "== 0", (Relation::Equal, 0.0)),
        ] {
            assert_eq!(read(name, text), Ok(expected), "{name} {text}");
        }
        for (name, text) in [
            ("latency_ms_p99", "300"),
            ("latency_ms_p99", "<="),
            ("latency_ms_p99", "<= -1"),
            ("latency_ms_p99", "<= 3 MB"),
            ("cold_start_ratio", "<= 1.5"),
            ("cold_start_ratio", "<= 3 s"),
            ("requests", "<= nan"),
            ("requests", "<= 3 s"),
        ] {
            assert!(read(name, text).is_err(), "{name} {text}");
        }
    }
}
