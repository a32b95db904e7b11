//! An experiment file of which other settings are tried.
//!
//! A setting is a few dotted keys with their values and a list of policies, as a user would type
//! them. They are put into the tree of the file and go through the same conversion as the file
//! itself, so that everything that is refused there is refused here.

use std::path::Path;

use crate::metric::{FAILURE_RATIO, THROTTLE_RATIO};
use crate::model::{Experiment, Goal, Relation, Scenario, Scope, Search};

use super::convert::{Context, scenarios};
use super::diagnostic::Fault;
use super::source::read_text;
use super::sweep::{self, DottedKey};
use super::tree::{Node, Value};
use super::{Diagnostics, Overrides, apply, load_with_warnings};

/// Sections that are not about what is simulated.
const ASIDE: [&str; 3] = ["sweep", "slo", "assert"];

/// A key with its value, both as they are typed in a file.
pub type Edit = (String, String);

/// An experiment file of which other settings are tried.
pub struct Draft {
    context: Context,
    root: Node,
    experiment: Experiment,
    search: Search,
    /// Whether a goal on failures was added, as the last.
    bounds_failures: bool,
}

/// Share of requests that may fail besides those that the functions let fail by themselves.
const MOST_FAILURES: f64 = 0.01;

/// Adds a goal on failures where goals say nothing of them: a setting that fails requests is no
/// answer, however fast and cheap it fails them. Whether one was added.
fn bound_failures(experiment: &mut Experiment) -> bool {
    let told = [
        "failed",
        "failure_ratio",
        "timed_out",
        "reject",
        "out_of_memory",
    ];
    let tells = |goal: &Goal| {
        let name = goal.metric.metric().name;
        told.iter().any(|begin| name.starts_with(begin))
    };
    if experiment.slo.is_empty() || experiment.slo.iter().any(tells) {
        return false;
    }
    let scenarios = experiment.scenarios.iter();
    let functions = scenarios.flat_map(|scenario| scenario.plan.functions.iter());
    let own = functions.map(|function| function.error_rate + function.crash_rate);
    // Who bears throttles bears what they lead to.
    let throttles = experiment
        .slo
        .iter()
        .filter(|goal| goal.metric == THROTTLE_RATIO);
    let throttles = throttles.map(|goal| goal.bound).fold(0.0, f64::max);
    experiment.slo.push(Goal {
        metric: FAILURE_RATIO,
        scope: Scope::All,
        relation: Relation::AtMost,
        bound: (own.fold(0.0, f64::max) + throttles + MOST_FAILURES).min(1.0),
    });
    true
}

impl Draft {
    /// Reads an experiment file with all the files it names, and says what is doubtful about it.
    ///
    /// # Errors
    /// Every fault found, as [`load_with_warnings`] finds them.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<(Self, Diagnostics), Diagnostics> {
        let (mut experiment, diagnostics) = load_with_warnings(path, overrides)?;
        let bounds_failures = bound_failures(&mut experiment);
        let mut context = Context::new(path.parent().unwrap_or(Path::new("")));
        // What a setting needs is part of what it costs.
        context.charges_senders = true;
        // It was read a moment ago; what has become of it since shows as faults below.
        let text = read_text(path).unwrap_or_default();
        let dir = Some(context.dir.clone());
        let shown = path.display().to_string();
        let number = context.sources.borrow_mut().add(&shown, text, dir);
        let document = Node::document(&context.sources.borrow(), number, &context.faults);
        let Some(mut root) = document else {
            return Err(context.finish());
        };
        apply(overrides, &mut root, &context);
        for section in ASIDE {
            root.take(section);
        }
        let heading = scenarios(&context, &root, &[]).map(|(heading, _)| heading);
        let Some(heading) = heading.filter(|_| !context.faults.any_error()) else {
            return Err(context.finish());
        };
        root.take("search");
        let draft = Self {
            context,
            root,
            experiment,
            search: heading.search,
            bounds_failures,
        };
        Ok((draft, diagnostics))
    }

    /// Whether a goal on failures was added to those of the file, as the last.
    pub fn bounds_failures(&self) -> bool {
        self.bounds_failures
    }

    /// The file as it is, but for that goal.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// What the file lets `plan` choose from.
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// The scenarios that these keys make with the policies of the file, or with others in their
    /// place: a policy is the keys of its table, such as `name = "one", ping = { … }`.
    ///
    /// # Errors
    /// What is wrong with them, each in one sentence.
    pub fn scenarios(
        &self,
        edits: &[Edit],
        policies: Option<&[String]>,
    ) -> Result<Vec<Scenario>, Vec<String>> {
        let (converted, faults) = self.convert(edits, policies);
        let faults = faults.into_iter();
        let wrong: Vec<String> = faults.filter(|f| !f.warning).map(|f| f.title).collect();
        match converted {
            Some(scenarios) if wrong.is_empty() => Ok(scenarios),
            _ => Err(wrong),
        }
    }

    /// What is doubtful about these keys with the policies of the file, or with others in their
    /// place: each in one sentence, with what to do.
    pub fn doubts(&self, edits: &[Edit], policies: Option<&[String]>) -> Vec<String> {
        let (_, faults) = self.convert(edits, policies);
        let doubts = faults.into_iter().filter(|fault| fault.warning);
        doubts
            .map(|fault| [vec![fault.title], fault.notes].concat().join("; "))
            .collect()
    }

    fn convert(
        &self,
        edits: &[Edit],
        policies: Option<&[String]>,
    ) -> (Option<Vec<Scenario>>, Vec<Fault>) {
        self.context.faults.take();
        let mut root = self.root.clone();
        for (key, value) in edits {
            let node = self.typed(value);
            let key = DottedKey {
                text: key.clone(),
                place: node.place,
            };
            if let Err(fault) = sweep::put(&mut root, &key, &node) {
                self.context.fault(fault);
            }
        }
        if let Some(policies) = policies {
            root.take("policy");
            let tables = policies
                .iter()
                .map(|keys| self.typed(&format!("{{ {keys} }}")));
            let list = Node {
                place: root.place,
                value: Value::List(tables.collect()),
            };
            root.put(&["policy".to_owned()], root.place, list);
        }
        let converted = scenarios(&self.context, &root, &[]);
        let faults = self.context.faults.take();
        (converted.map(|(_, scenarios)| scenarios), faults)
    }

    /// A number at the top of the file, where it has one by this key.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.root.get(key)?.node.value {
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    /// Whether the file has policies of its own.
    pub fn has_policies(&self) -> bool {
        self.root.get("policy").is_some()
    }

    /// A value as a setting has it.
    fn typed(&self, value: &str) -> Node {
        let number = self
            .context
            .sources
            .borrow_mut()
            .add("setting", value.to_owned(), None);
        Node::value(
            &self.context.sources.borrow(),
            number,
            0,
            &self.context.faults,
        )
    }
}
