//! `summary.csv`: one row a scenario × function, for spreadsheets and notebooks.
//!
//! Columns: `policy`, one a swept key, `function`, then for each measure `NAME`, `NAME_lo` and
//! `NAME_hi` (the 95 % interval). The function `*` is all functions together; its row comes first
//! in each scenario. A value that does not exist is an empty cell. Quoting is that of RFC 4180,
//! lines end in a line feed.

use std::io;

use super::number::exact;
use crate::experiment::{Estimate, Estimates, Results, ScenarioResult};
use crate::metric::MetricId;

/// The name of all functions together.
pub const ALL_FUNCTIONS: &str = "*";

/// The whole document.
///
/// # Errors
/// If a row cannot be written, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<String> {
    let keys = swept_keys(results);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let measures = results.measures();
    writer.write_record(head(&keys, &measures))?;
    for scenario in &results.scenarios {
        let named = |name: &str| [scenario_cells(scenario, &keys), vec![name.to_owned()]].concat();
        let all = values(&scenario.metrics, &measures);
        writer.write_record([named(ALL_FUNCTIONS), all].concat())?;
        for function in &scenario.functions {
            let values = values(&function.metrics, &measures);
            writer.write_record([named(&function.name), values].concat())?;
        }
    }
    written(writer)
}

/// What a writer holds.
pub(super) fn written(writer: csv::Writer<Vec<u8>>) -> io::Result<String> {
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Every swept key of any scenario, in the order of first use.
pub(super) fn swept_keys(results: &Results) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in results.scenarios.iter().flat_map(|scenario| &scenario.set) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}

fn head(keys: &[&str], measures: &[MetricId]) -> Vec<String> {
    let mut head = vec!["policy".to_owned()];
    head.extend(keys.iter().map(|&key| key.to_owned()));
    head.push("function".to_owned());
    for measure in measures {
        head.extend(columns(measure.metric().name));
    }
    head
}

/// The columns of a number: its mean and the ends of its interval.
pub(super) fn columns(name: &str) -> [String; 3] {
    [name.to_owned(), format!("{name}_lo"), format!("{name}_hi")]
}

/// What stands in them.
pub(super) fn cells(estimate: Estimate) -> [String; 3] {
    let cell = |value: Option<f64>| value.and_then(exact).unwrap_or_default();
    [
        cell(estimate.mean),
        cell(estimate.ci95.map(|(low, _)| low)),
        cell(estimate.ci95.map(|(_, high)| high)),
    ]
}

/// The values of the swept keys; empty where the scenario has none of that key.
pub(super) fn swept_values(
    scenario: &ScenarioResult,
    keys: &[&str],
) -> impl Iterator<Item = String> {
    keys.iter().map(|key| {
        let value = scenario.set.iter().find(|(of, _)| of == key);
        value.map_or_else(String::new, |(_, value)| value.clone())
    })
}

/// Which scenario it is.
pub(super) fn scenario_cells(scenario: &ScenarioResult, keys: &[&str]) -> Vec<String> {
    let mut cells = vec![scenario.policy.clone()];
    cells.extend(swept_values(scenario, keys));
    cells
}

fn values(metrics: &Estimates, measures: &[MetricId]) -> Vec<String> {
    let of = |measure: &MetricId| cells(metrics.get(*measure));
    measures.iter().flat_map(of).collect()
}
