//! `keep-alive-curve.csv`: one row a scenario × keep-alive.
//!
//! Columns: `policy`, one a swept key, `keep_alive_s`, then `cold_starts`, `cold_start_ratio`,
//! `idle_gb_s` and `idle_instance_s`, each with `_lo` and `_hi` (the 95 % interval), as in
//! `summary.csv`. All functions are together. Scenarios without a curve have no rows.

use std::io;

use super::csv::{cells, columns, swept_keys, swept_values, written};
use super::number::exact;
use crate::experiment::{CurvePoint, Estimate, Results};

/// Names of the numbers of a point.
pub(super) const NUMBERS: [&str; 4] = [
    "cold_starts",
    "cold_start_ratio",
    "idle_gb_s",
    "idle_instance_s",
];

/// The numbers of a point, in the order of their names.
pub(super) fn numbers(point: &CurvePoint) -> [Estimate; 4] {
    [
        point.cold_starts,
        point.cold_start_ratio,
        point.idle_gb_s,
        point.idle_instance_s,
    ]
}

/// The whole document; `None` where no scenario has a curve.
///
/// # Errors
/// If a row cannot be written, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<Option<String>> {
    let mut curves = results.scenarios.iter().filter_map(|scenario| {
        let curve = scenario.keep_alive_curve.as_deref()?;
        Some((scenario, curve))
    });
    let Some(first) = curves.next() else {
        return Ok(None);
    };
    let keys = swept_keys(results);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["policy".to_owned()];
    head.extend(keys.iter().map(|&key| key.to_owned()));
    head.push("keep_alive_s".to_owned());
    head.extend(NUMBERS.iter().flat_map(|name| columns(name)));
    writer.write_record(head)?;
    for (scenario, curve) in std::iter::once(first).chain(curves) {
        for point in curve {
            let mut row = vec![scenario.policy.clone()];
            row.extend(swept_values(scenario, &keys));
            row.push(exact(point.keep_alive.secs()).unwrap_or_default());
            row.extend(numbers(point).into_iter().flat_map(cells));
            writer.write_record(row)?;
        }
    }
    written(writer).map(Some)
}
