//! A setting: what a user would configure, in words, as keys of an experiment and as plain values.

use std::fmt;

use crate::config::{Edit, quoted};
use crate::model::{Architecture, RemedyName};
use crate::pattern::matches;
use crate::units::{Memory, Span, format_memory, format_span};

use super::space::Kind;

/// What a user would configure. What is `None` or absent stays as it is in the file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Setting {
    /// Functions that memory and reserved concurrency are of; empty is all.
    pub functions: Vec<String>,
    /// Memory of each.
    pub memory: Option<Memory>,
    /// Architecture of all functions.
    pub architecture: Option<Architecture>,
    /// Concurrency kept for each.
    pub reserved: Option<u32>,
    /// Traffic, in times that of the file.
    pub traffic: Option<f64>,
    /// Name of a policy of the file, which is in force as it stands there.
    pub policy: Option<String>,
    /// What is done against cold starts besides.
    pub rules: Vec<Rule>,
}

/// A remedy for some functions.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Their names; empty is all.
    pub functions: Vec<String>,
    /// What is done.
    pub remedy: Remedy,
}

/// What is done against cold starts.
#[derive(Clone, PartialEq, Debug)]
pub enum Remedy {
    /// Start from a snapshot.
    Snapshot,
    /// Requests of one's own.
    Ping {
        /// From one round to the next.
        every: Span,
        /// Pings a round.
        instances: u32,
        /// How long each keeps its instance.
        hold: Span,
        /// Whether the function that sends rounds of several pings is charged for.
        sender: bool,
    },
    /// Always as many provisioned instances.
    Provisioned {
        /// How many.
        instances: u32,
    },
    /// Provisioned instances by the clock.
    Scheduled {
        /// Until the first row is due.
        first: u32,
        /// Name of the zone that the rows are in.
        time_zone: String,
        /// What changes when.
        rows: Vec<Row>,
        /// Instances on average over the measured time.
        average: f64,
    },
    /// Provisioned instances by load.
    Tracking {
        /// Never fewer.
        min: u32,
        /// Never more.
        max: u32,
        /// Utilisation aimed at.
        target: f64,
    },
    /// Idle instances are kept so long.
    KeepAlive(Span),
    /// The pool never shrinks below so many.
    MinInstances(u32),
}

/// From when on there are so many provisioned instances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Five fields of Unix, or `at(…)` for what is due once.
    pub cron: String,
    /// How many.
    pub instances: u32,
}

/// What a function is configured with.
#[derive(Clone, PartialEq, Debug)]
pub struct FunctionSetting<'a> {
    /// Memory; `None` is as in the file.
    pub memory: Option<Memory>,
    /// Architecture; `None` is as in the file.
    pub architecture: Option<Architecture>,
    /// Reserved concurrency; `None` is as in the file.
    pub reserved: Option<u32>,
    /// What is done against cold starts.
    pub remedies: Vec<&'a Remedy>,
}

impl Setting {
    /// What a function is configured with, by its name.
    pub fn of(&self, function: &str) -> FunctionSetting<'_> {
        let is_of = |names: &[String]| names.is_empty() || names.iter().any(|n| n == function);
        let own = is_of(&self.functions);
        let rules = self.rules.iter().filter(|rule| is_of(&rule.functions));
        FunctionSetting {
            memory: self.memory.filter(|_| own),
            architecture: self.architecture,
            reserved: self.reserved.filter(|_| own),
            remedies: rules.map(|rule| &rule.remedy).collect(),
        }
    }

    /// Puts a remedy, or none, in the place of that for some functions.
    pub(super) fn put(&mut self, functions: &[String], remedy: Option<Remedy>) {
        let place = self.rules.iter().position(|r| r.functions == functions);
        match (place, remedy) {
            (Some(place), Some(remedy)) => self.rules[place].remedy = remedy,
            (Some(place), None) => {
                self.rules.remove(place);
            }
            (None, _) => {}
        }
    }

    /// The same without remedies.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            policy: None,
            rules: Vec::new(),
            ..self.clone()
        }
    }

    /// Its kind of remedy: that of its first rule, or by the clock where any is.
    pub fn kind(&self) -> Kind {
        let by_clock = |rule: &&Rule| rule.remedy.name() == RemedyName::Scheduled;
        let telling = self.rules.iter().find(by_clock).or(self.rules.first());
        match (&self.policy, telling) {
            (Some(policy), _) => Kind::Policy(policy.clone()),
            (None, Some(rule)) => Kind::Remedy(rule.remedy.name()),
            (None, None) => Kind::Remedy(RemedyName::None),
        }
    }

    /// The keys of the experiment that it changes. `prices` is the price list of its architecture.
    pub fn edits(&self, prices: Option<&str>) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut of_functions = |key: &str, value: String| {
            if self.functions.is_empty() {
                edits.push((format!("function.{key}"), value));
            } else {
                for name in &self.functions {
                    edits.push((format!("function.{}.{key}", quoted(name)), value.clone()));
                }
            }
        };
        if let Some(memory) = self.memory {
            of_functions("memory", format!("\"{}\"", memory_words(memory)));
        }
        if let Some(reserved) = self.reserved {
            of_functions("reserved-concurrency", reserved.to_string());
        }
        if let Some(traffic) = self.traffic {
            edits.push(("traffic".to_owned(), traffic.to_string()));
        }
        if let Some(prices) = prices {
            edits.push(("platform.prices".to_owned(), quoted(prices)));
        }
        edits
    }

    /// The keys of its policy, for a `[[policy]]` table.
    pub fn policy_keys(&self) -> String {
        let name = format!("name = {}", quoted(&self.to_string()));
        match &*self.remedy_keys() {
            "" => name,
            keys => format!("{name}, {keys}"),
        }
    }

    /// The keys of its remedies in a `[[policy]]` table; empty where it has none of its own.
    pub fn remedy_keys(&self) -> String {
        let mut keys = Vec::new();
        for key in [
            "snapshot",
            "ping",
            "provisioned",
            "keep-alive",
            "min-instances",
        ] {
            let rules = self.rules.iter().filter(|rule| rule.remedy.key() == key);
            let tables: Vec<String> = rules.map(Rule::table).collect();
            if !tables.is_empty() {
                keys.push(format!("{key} = [{}]", tables.join(", ")));
            }
        }
        keys.join(", ")
    }

    /// The remedy alone, in words.
    pub fn remedy_words(&self) -> String {
        if let Some(policy) = &self.policy {
            return policy.clone();
        }
        if self.rules.is_empty() {
            return "no remedy".to_owned();
        }
        let whole = |rule: &Rule| rule.functions.is_empty() || rule.functions == self.functions;
        let words = self.rules.iter().map(|rule| {
            if whole(rule) {
                rule.remedy.to_string()
            } else {
                format!("{} {}", rule.functions.join(" and "), rule.remedy)
            }
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(memory) = self.memory {
            write!(f, "{}, ", memory_words(memory))?;
        }
        if let Some(architecture) = self.architecture {
            write!(f, "{}, ", architecture.name())?;
        }
        if let Some(reserved) = self.reserved {
            write!(f, "reserved {reserved}, ")?;
        }
        f.write_str(&self.remedy_words())
    }
}

impl Rule {
    /// The same for all functions of a setting.
    pub fn of(functions: &[String], remedy: Remedy) -> Self {
        Self {
            functions: functions.to_vec(),
            remedy,
        }
    }

    fn table(&self) -> String {
        let mut keys = self.remedy.keys();
        if !self.functions.is_empty() {
            let names: Vec<String> = self.functions.iter().map(|name| quoted(name)).collect();
            keys.push(format!("functions = [{}]", names.join(", ")));
        }
        format!("{{ {} }}", keys.join(", "))
    }
}

impl Remedy {
    /// Its word in `[search]`.
    pub fn name(&self) -> RemedyName {
        match self {
            Self::Snapshot => RemedyName::Snapshot,
            Self::Ping { .. } => RemedyName::Ping,
            Self::Provisioned { .. } => RemedyName::Provisioned,
            Self::Scheduled { .. } => RemedyName::Scheduled,
            Self::Tracking { .. } => RemedyName::Tracking,
            Self::KeepAlive(_) => RemedyName::KeepAlive,
            Self::MinInstances(_) => RemedyName::MinInstances,
        }
    }

    /// Its key of a policy.
    fn key(&self) -> &'static str {
        match self {
            Self::Provisioned { .. } | Self::Scheduled { .. } | Self::Tracking { .. } => {
                "provisioned"
            }
            other => other.name().name(),
        }
    }

    fn keys(&self) -> Vec<String> {
        match self {
            Self::Snapshot => Vec::new(),
            Self::Ping {
                every,
                instances,
                hold,
                sender,
            } => {
                // Nobody knows when a rule of the clock begins.
                let anywhere = format_span(*every);
                let mut keys = vec![
                    format!("every = \"{}\"", format_span(*every)),
                    format!("offset = {{ uniform = {{ min = \"0 s\", max = \"{anywhere}\" }} }}"),
                    format!("instances = {instances}"),
                    format!("hold = \"{}\"", format_span(*hold)),
                ];
                if *instances > 1 {
                    keys.push(format!("sender = {sender}"));
                }
                keys
            }
            Self::Provisioned { instances } => vec![format!("instances = {instances}")],
            Self::Scheduled {
                first,
                time_zone,
                rows,
                ..
            } => {
                let rows = rows.iter().map(|row| {
                    format!(
                        "{{ cron = {}, time-zone = {}, instances = {} }}",
                        quoted(&row.cron),
                        quoted(time_zone),
                        row.instances
                    )
                });
                let rows: Vec<String> = rows.collect();
                vec![
                    format!("instances = {first}"),
                    format!("schedule = [{}]", rows.join(", ")),
                ]
            }
            Self::Tracking { min, max, target } => vec![
                format!("min = {min}"),
                format!("max = {max}"),
                format!("target-utilization = {target}"),
            ],
            Self::KeepAlive(keep) => vec![format!("value = \"{}\"", format_span(*keep))],
            Self::MinInstances(count) => vec![format!("instances = {count}")],
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot => f.write_str("snapshot"),
            Self::Ping {
                every, instances, ..
            } => write!(f, "ping {instances} every {every}"),
            Self::Provisioned { instances } => write!(f, "provisioned {instances}"),
            Self::Scheduled {
                first,
                rows,
                average,
                ..
            } => {
                let counts = || rows.iter().map(|row| row.instances);
                let least = counts().min().unwrap_or(*first);
                let most = counts().max().unwrap_or(*first);
                write!(
                    f,
                    "provisioned by the clock {least} to {most}, {average:.2} on average"
                )
            }
            Self::Tracking { min, max, target } => {
                write!(f, "provisioned by load {min} to {max} at {target}")
            }
            Self::KeepAlive(keep) => write!(f, "keep-alive {keep}"),
            Self::MinInstances(count) => write!(f, "min instances {count}"),
        }
    }
}

/// An amount of memory as one configures it: `1 GB`, `1769 MB`.
fn memory_words(memory: Memory) -> String {
    if memory.gb().fract() == 0.0 {
        format_memory(memory)
    } else {
        format!("{} MB", memory.mb())
    }
}

/// Whether a goal about functions of this pattern is about one of this name.
pub(super) fn is_about(pattern: &str, function: &str) -> bool {
    matches(pattern, function)
}
