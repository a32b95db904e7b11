//! `replications.csv`: every measure over all functions, replication by replication.
//!
//! Columns: `policy`, one a swept key, `replication` (from 0), then one a measure. Two runs with
//! the same seed share arrivals and service times, so `frostline diff` compares them row by row.

use std::io;

use super::csv::{scenario_cells, swept_keys, written};
use super::number::exact;
use crate::experiment::Results;

/// Name of the column that numbers the replications.
pub const REPLICATION: &str = "replication";

/// The whole document.
///
/// # Errors
/// If a row cannot be written, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<String> {
    let keys = swept_keys(results);
    let measures = results.measures();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = measures.iter().map(|id| id.metric().name);
    writer.write_record(
        std::iter::once("policy")
            .chain(keys.iter().copied())
            .chain([REPLICATION])
            .chain(names),
    )?;
    for scenario in &results.scenarios {
        for (number, values) in scenario.replications.iter().enumerate() {
            let mut row = scenario_cells(scenario, &keys);
            row.push(number.to_string());
            let values = measures.iter().map(|id| values.get(*id).and_then(exact));
            row.extend(values.map(Option::unwrap_or_default));
            writer.write_record(row)?;
        }
    }
    written(writer)
}
