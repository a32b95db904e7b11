//! Reads the results of a run back: `summary.json` and the rows of its replications.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::experiment::Estimate;
use crate::metric::{MetricId, REQUESTS};
use crate::model::scenario_label;

/// Batches that the interval of a single replication is made of, where the file does not say.
const BATCHES: u32 = 20;

/// What a run has left.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file it was read from.
    pub path: PathBuf,
    /// Name of the experiment.
    pub experiment: String,
    /// Its seed.
    pub seed: u64,
    /// Its replications.
    pub replications: u32,
    /// Seconds measured, where they are the same in all scenarios.
    pub duration_s: Option<f64>,
    /// Seconds simulated before.
    pub warm_up_s: Option<f64>,
    /// Degrees of freedom of its intervals.
    pub degrees: f64,
    /// In the order of the file.
    pub scenarios: Vec<KeptScenario>,
}

/// What it has left of a scenario.
#[derive(Clone, Debug, Default)]
pub struct KeptScenario {
    /// Policy and swept values.
    pub label: String,
    /// Measures over all functions.
    pub metrics: BTreeMap<MetricId, Estimate>,
    /// Measures function by function.
    pub functions: Vec<(String, BTreeMap<MetricId, Estimate>)>,
    /// Measures over all functions, replication by replication; empty where they were not kept.
    pub replications: Vec<BTreeMap<MetricId, f64>>,
}

#[derive(Deserialize)]
struct Summary {
    experiment: String,
    seed: u64,
    replications: u32,
    duration_s: Option<f64>,
    warm_up_s: Option<f64>,
    intervals: Option<Intervals>,
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Intervals {
    batches: Option<u32>,
}

#[derive(Deserialize)]
struct Scenario {
    policy: String,
    #[serde(default)]
    set: serde_json::Map<String, serde_json::Value>,
    metrics: BTreeMap<String, Measure>,
    #[serde(default)]
    functions: Vec<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    metrics: BTreeMap<String, Measure>,
}

#[derive(Deserialize)]
struct Measure {
    mean: Option<f64>,
    ci95: Option<(f64, f64)>,
}

/// Reads the results of a run: its folder, or its `summary.json`.
///
/// # Errors
/// A sentence with the path: there is no such file, or it is none of `run`.
pub fn read(path: &Path) -> Result<Kept, String> {
    let file = if path.is_dir() {
        path.join("summary.json")
    } else {
        path.to_owned()
    };
    let shown = file.display();
    let text = fs::read_to_string(&file).map_err(|error| {
        format!(
            "error: {shown}: {error}\n  = help: name a folder that `frostline run` has written, or \
             its summary.json"
        )
    })?;
    let summary: Summary = serde_json::from_str(&text).map_err(|error| {
        format!(
            "error: {shown}: {error}\n  = help: this is no summary.json of `frostline run`: name \
             one, or its folder"
        )
    })?;
    let mut scenarios: Vec<KeptScenario> = summary.scenarios.into_iter().map(kept).collect();
    let rows = file.with_file_name("replications.csv");
    // A summary under another name may be of another run than the rows beside it.
    if file.ends_with("summary.json") && rows.is_file() {
        replications(&rows, &mut scenarios)?;
    }
    let batches = summary.intervals.and_then(|intervals| intervals.batches);
    let parts = match summary.replications {
        0 | 1 => batches.unwrap_or(BATCHES),
        replications => replications,
    };
    Ok(Kept {
        path: file,
        experiment: summary.experiment,
        seed: summary.seed,
        replications: summary.replications,
        duration_s: summary.duration_s,
        warm_up_s: summary.warm_up_s,
        degrees: f64::from(parts.max(2) - 1),
        scenarios,
    })
}

fn kept(scenario: Scenario) -> KeptScenario {
    let mut set: Vec<(String, String)> = scenario
        .set
        .into_iter()
        .map(|(key, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (key, value)
        })
        .collect();
    // As the rows of replications, which come in another order.
    set.sort();
    let functions = scenario.functions.into_iter();
    KeptScenario {
        label: scenario_label(&scenario.policy, &set),
        metrics: known(scenario.metrics),
        functions: functions.map(|f| (f.name, known(f.metrics))).collect(),
        replications: Vec::new(),
    }
}

/// Measures that this build knows.
fn known(measures: BTreeMap<String, Measure>) -> BTreeMap<MetricId, Estimate> {
    let known = measures.into_iter().filter_map(|(name, measure)| {
        let estimate = Estimate {
            mean: measure.mean,
            ci95: measure.ci95,
        };
        Some((MetricId::by_name(&name)?, estimate))
    });
    known.collect()
}

/// Reads the rows of replications; they are in the order of the scenarios.
fn replications(path: &Path, scenarios: &mut [KeptScenario]) -> Result<(), String> {
    let shown = path.display();
    let wrong = |error: csv::Error| format!("error: {shown}: {error}");
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let head = reader.headers().map_err(wrong)?.clone();
    let Some(number) = head.iter().position(|name| name == "replication") else {
        return Err(format!(
            "error: {shown}: there is no column `replication`\n  = help: leave the files of a run \
             as they are, or run it again"
        ));
    };
    let measures: Vec<Option<MetricId>> = head.iter().map(MetricId::by_name).collect();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let set = head.iter().zip(row.iter()).take(number).skip(1);
        let mut set: Vec<(String, String)> = set
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        set.sort();
        let label = scenario_label(cell(0), &set);
        let values = measures.iter().enumerate().skip(number + 1);
        let values = values.filter_map(|(place, measure)| {
            let value: f64 = cell(place).parse().ok()?;
            Some(((*measure)?, value)).filter(|_| value.is_finite())
        });
        if let Some(scenario) = scenarios.iter_mut().find(|s| s.label == label) {
            scenario.replications.push(values.collect());
        }
    }
    match scenarios.iter().find(|scenario| !are_of_it(scenario)) {
        None => Ok(()),
        Some(scenario) => Err(format!(
            "error: {shown}: the requests of `{}` are not those of the summary.json beside it\n  \
             = help: leave the files of a run together as they are, or run it again",
            scenario.label
        )),
    }
}

/// Whether the mean of the requests of replications is that of the scenario.
fn are_of_it(scenario: &KeptScenario) -> bool {
    let rows = scenario.replications.iter();
    let requests: Vec<f64> = rows.filter_map(|row| row.get(&REQUESTS).copied()).collect();
    let whole = scenario.metrics.get(&REQUESTS).and_then(|r| r.mean);
    let mean = requests.iter().sum::<f64>() / requests.len() as f64;
    requests.is_empty() || whole.is_none_or(|whole| (mean - whole).abs() <= 1e-6 * whole.abs())
}
